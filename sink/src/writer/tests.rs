//! The writer against every way in which Bigtable can answer.
//!
//! - [`refusals`]: whole requests that are refused for what is in them.
//! - [`oddities`]: answers that no Bigtable should give.
//! - [`throttling`]: a service that has too much to do.
//! - [`stopping`]: an end in the middle of it all.

mod oddities;
mod refusals;
mod stopping;
mod throttling;

use super::*;
use crate::row::Encoder;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use fakes::scripted::Server;
use fakes::scripted::writes::{self, Call, Reply, response};
use gcp::Endpoint;
use generator::{Config, Generator};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{FeatureFlags, RateLimitInfo};
use googleapis_tonic_google_bigtable_v2::google::rpc;
use parking_lot::Mutex;
use prost::Message;
use schemas::layout::KeySuffix;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use tonic::{Code, Status};

const ROWS: usize = 20;
const FIRST: &str = "projects/p/instances/i/tables/payments_by_customer";

/// By table: how often each row key was sent.
type Sent = Arc<Mutex<HashMap<String, HashMap<Vec<u8>, usize>>>>;

/// A scripted server that remembers what it was sent, and a writer to it.
struct Bench {
    server: Server,
    writer: Writer,
    sent: Sent,
    give_up: CancellationToken,
}

fn options() -> Options {
    Options {
        app_profile: "batch".into(),
        request_rows: 500,
        request_bytes: 4 << 20,
        in_flight: Bounds { requests: 8, rows: 10_000, bytes: 64 << 20 },
        attempt_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(30),
    }
}

impl Bench {
    async fn new(options: Options, script: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> Self {
        let sent = Sent::default();
        let record = sent.clone();
        let server = writes::start(move |call| {
            let mut sent = record.lock();
            let keys = sent.entry(call.request.table_name.clone()).or_default();
            for entry in &call.request.entries {
                *keys.entry(entry.row_key.clone()).or_default() += 1;
            }
            drop(sent);
            script(call)
        })
        .await
        .unwrap();
        let endpoint = Endpoint::new(Some(&server.addr().to_string()), "", "");
        let transports = endpoint.connect("Bigtable", 2).await.unwrap();
        let names = PerTable::from_fn(|table| format!("projects/p/instances/i/tables/{}", table.id()));
        let give_up = CancellationToken::new();
        let writer = Writer::new(options, names, &transports, give_up.clone(), Arc::default());
        Self { server, writer, sent, give_up }
    }

    async fn write(&self, rows: usize) -> PerTable<Unwritten> {
        self.writer.write(&batches(rows)).await
    }

    /// How often the rows of the first table were sent, most often first.
    fn times_sent(&self) -> Vec<usize> {
        let mut times: Vec<_> = self.sent.lock()[FIRST].values().copied().collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        times
    }
}

fn batches(rows: usize) -> Batches {
    let generator = Generator::new(Config::default()).unwrap();
    let payments: Vec<_> = (0..rows as u64).map(|index| generator.payment(index)).collect();
    let mut encoder = Encoder::default();
    let rows = payments.iter().map(|payment| encoder.row(payment, 1_790_000_000_000_000)).collect();
    Batches::of(rows, KeySuffix::None)
}

/// Faults in the first call to the first table, and answers OK to all else.
fn once(fault: impl Fn(&Call) -> Reply + Send + Sync) -> impl Fn(&Call) -> Reply + Send + Sync {
    let done = AtomicBool::new(false);
    always(move |call| if done.swap(true, Ordering::Relaxed) { Reply::ok(call) } else { fault(call) })
}

/// Faults in every call to the first table.
fn always(fault: impl Fn(&Call) -> Reply + Send + Sync) -> impl Fn(&Call) -> Reply + Send + Sync {
    move |call| if call.request.table_name == FIRST { fault(call) } else { Reply::ok(call) }
}

fn all(call: &Call) -> std::ops::Range<i64> {
    0..call.request.entries.len() as i64
}

fn failures(unwritten: &PerTable<Unwritten>) -> Vec<usize> {
    unwritten.values().map(Vec::len).collect()
}

#[tokio::test]
async fn an_unavailable_entry_alone_is_sent_again() {
    let code = |index| if index == 7 { Code::Unavailable } else { Code::Ok };
    let bench =
        Bench::new(options(), once(move |call| Reply::entries(all(call).map(|index| (index, code(index))))))
            .await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    let times = bench.times_sent();
    assert_eq!(times[..2], [2, 1]);
    assert_eq!(bench.writer.progress.retries.get(), 1);
    assert!(bench.writer.progress.written.values().all(|written| written.get() == ROWS as u64));
}

#[tokio::test]
async fn an_entry_that_is_wrong_is_reported_by_its_row_and_not_sent_again() {
    let code = |index| if index == 3 { Code::InvalidArgument } else { Code::Ok };
    let bench = Bench::new(
        options(),
        always(move |call| Reply::entries(all(call).map(|index| (index, code(index))))),
    )
    .await;
    let batches = batches(ROWS);
    let unwritten = bench.writer.write(&batches).await;
    assert_eq!(failures(&unwritten), [1, 0, 0]);
    assert_eq!(unwritten.by_customer[0].0, batches.keys.by_customer.row(3));
    assert_eq!(unwritten.by_customer[0].1, Verdict::Poison);
    assert_eq!(bench.times_sent()[0], 1);
}

#[tokio::test]
async fn a_broken_stream_retries_only_unanswered_entries() {
    let broken = |call: &Call| {
        let half = response((0..call.request.entries.len() as i64 / 2).map(|index| (index, Code::Ok)));
        Reply::Stream(vec![Ok(half), Err(Status::unavailable("broken"))])
    };
    let bench = Bench::new(options(), once(broken)).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    let times = bench.times_sent();
    assert_eq!((times[ROWS / 2 - 1], times[ROWS / 2]), (2, 1));
}

#[tokio::test]
async fn answers_may_come_in_any_order_and_in_many_messages() {
    let scrambled = |call: &Call| {
        let code = |index| if index % 5 == 0 { Code::Aborted } else { Code::Ok };
        Reply::Stream(all(call).rev().map(|index| Ok(response([(index, code(index))]))).collect())
    };
    let bench = Bench::new(options(), once(scrambled)).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    assert_eq!(bench.times_sent().iter().filter(|times| **times == 2).count(), ROWS / 5);
}

#[tokio::test]
async fn an_entry_without_an_answer_is_sent_again() {
    let silent =
        |call: &Call| Reply::entries(all(call).filter(|index| *index != 4).map(|index| (index, Code::Ok)));
    let bench = Bench::new(options(), once(silent)).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    assert_eq!(bench.times_sent()[..2], [2, 1]);
}

#[tokio::test]
async fn an_entry_that_was_once_answered_ok_is_not_written_again() {
    for second in [Code::Ok, Code::Unavailable, Code::InvalidArgument] {
        for swapped in [false, true] {
            let twice = move |call: &Call| {
                let mut extra = [(2, Code::Ok), (2, second)];
                if swapped {
                    extra.reverse();
                }
                Reply::entries(
                    all(call).filter(|index| *index != 2).map(|index| (index, Code::Ok)).chain(extra),
                )
            };
            let bench = Bench::new(options(), once(twice)).await;
            assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
            assert_eq!(bench.times_sent()[0], 1);
        }
    }
}

#[tokio::test]
async fn an_answer_for_an_entry_that_was_not_sent_is_ignored() {
    let odd = |call: &Call| {
        let beyond =
            [(-1, Code::Internal), (call.request.entries.len() as i64, Code::Internal), (i64::MAX, Code::Ok)];
        Reply::entries(all(call).map(|index| (index, Code::Ok)).chain(beyond))
    };
    let bench = Bench::new(options(), always(odd)).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    assert_eq!(bench.times_sent()[0], 1);
}

#[tokio::test]
async fn a_call_that_is_refused_for_now_is_made_again() {
    let bench = Bench::new(options(), once(|_| Reply::Refuse(Status::unavailable("later")))).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    assert_eq!(bench.times_sent(), [2; ROWS]);
}

#[tokio::test]
async fn a_table_that_answers_again_is_asked_for_all_that_waits() {
    let down_until = Instant::now() + Duration::from_secs(5);
    let (first, last) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(None)));
    let (first_seen, last_seen) = (first.clone(), last.clone());
    let script = always(move |call| {
        if Instant::now() < down_until {
            return Reply::Refuse(Status::unavailable("down"));
        }
        first_seen.lock().get_or_insert_with(Instant::now);
        *last_seen.lock() = Some(Instant::now());
        Reply::ok(call)
    });
    let bench = Bench::new(Options { total_timeout: Duration::from_mins(2), ..options() }, script).await;
    let writes = futures_util::future::join_all((0..20).map(|_| bench.write(ROWS))).await;
    assert!(writes.iter().all(|unwritten| failures(unwritten) == [0, 0, 0]));
    let spread = last.lock().unwrap() - first.lock().unwrap();
    // Each by itself would have slept for up to ten seconds more.
    assert!(spread < Duration::from_secs(1), "{spread:?}");
}

#[tokio::test]
async fn a_missing_table_or_permission_ends_the_writing() {
    for refusal in [
        Status::not_found("no table"),
        Status::permission_denied("no role"),
        Status::unauthenticated("no login"),
        Status::unimplemented("no method"),
    ] {
        let code = refusal.code();
        let bench = Bench::new(options(), always(move |_| Reply::Refuse(refusal.clone()))).await;
        let unwritten = bench.write(ROWS).await;
        assert_eq!(failures(&unwritten), [ROWS, 0, 0]);
        assert_eq!(
            (unwritten.by_customer[0].1, unwritten.by_customer[0].2.code),
            (Verdict::Configuration, code)
        );
        assert_eq!(bench.times_sent(), [1; ROWS]);
        // Nothing else is sent, but what is on its way may arrive: it is the caller who gives up.
        assert_eq!(failures(&bench.write(ROWS).await), [ROWS; 3]);
        assert_eq!(bench.times_sent(), [1; ROWS]);
        assert!(!bench.give_up.is_cancelled());
    }
}

#[tokio::test]
async fn a_server_that_never_answers_leaves_the_rows_unconfirmed() {
    let options = Options {
        attempt_timeout: Duration::from_millis(50),
        total_timeout: Duration::from_millis(200),
        ..options()
    };
    let bench = Bench::new(options, always(|_| Reply::Hang)).await;
    let unwritten = bench.write(ROWS).await;
    assert_eq!(failures(&unwritten), [ROWS, 0, 0]);
    assert_eq!(
        (unwritten.by_customer[0].1, unwritten.by_customer[0].2.code),
        (Verdict::Unconfirmed, Code::DeadlineExceeded)
    );
    assert!(bench.times_sent()[0] >= 2);
}

#[tokio::test]
async fn giving_up_ends_the_retries() {
    let bench = Bench::new(options(), always(|_| Reply::Refuse(Status::unavailable("down")))).await;
    let (give_up, progress) = (bench.give_up.clone(), bench.writer.progress.clone());
    let watcher = tokio::spawn(async move {
        while progress.retries.get() == 0
            || progress.written.by_date.get() == 0
            || progress.written.by_transaction.get() == 0
        {
            tokio::task::yield_now().await;
        }
        give_up.cancel();
    });
    let unwritten = bench.write(ROWS).await;
    watcher.await.unwrap();
    assert_eq!(failures(&unwritten), [ROWS, 0, 0]);
    assert_eq!(unwritten.by_customer[0].1, Verdict::Unconfirmed);
}

/// A refusal that carries `google.rpc.RetryInfo`, as Bigtable's front ends send it.
fn retry_info(delay: Duration) -> Status {
    let (seconds, nanos) = (delay.as_secs() as i64, delay.subsec_nanos() as i32);
    let info = rpc::RetryInfo { retry_delay: Some(prost_types::Duration { seconds, nanos }) };
    let any = prost_types::Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".into(),
        value: info.encode_to_vec(),
    };
    let status = rpc::Status { code: Code::Internal as i32, message: "busy".into(), details: vec![any] };
    Status::with_details(Code::Internal, "busy", status.encode_to_vec().into())
}

#[tokio::test]
async fn the_pause_that_the_service_asks_for_is_kept() {
    let delay = Duration::from_millis(300);
    let bench = Bench::new(options(), once(move |_| Reply::Refuse(retry_info(delay)))).await;
    let started = Instant::now();
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    assert!(started.elapsed() >= delay);
    assert_eq!(bench.times_sent()[0], 2);
}

#[tokio::test]
async fn the_rate_that_the_service_asks_for_is_kept() {
    let limited = |call: &Call| {
        let mut message = response(all(call).map(|index| (index, Code::Ok)));
        let period = Some(prost_types::Duration { seconds: 10, nanos: 0 });
        message.rate_limit_info = Some(RateLimitInfo { period, factor: 1.0 });
        Reply::Stream(vec![Ok(message)])
    };
    let bench = Bench::new(options(), limited).await;
    bench.write(1).await;
    let started = Instant::now();
    assert_eq!(failures(&bench.write(1).await), [0, 0, 0]);
    // Three calls at ten a second: the third starts 200 ms after the first.
    assert!(started.elapsed() >= Duration::from_millis(195), "{:?}", started.elapsed());
}

fn cookies(pairs: &[(&'static str, &str)]) -> MetadataMap {
    let mut cookies = MetadataMap::new();
    for (name, value) in pairs {
        cookies.insert(*name, value.parse().unwrap());
    }
    cookies
}

/// The headers of the second attempt, after a first one that was answered in this way.
async fn headers_after(fault: impl Fn(&Call) -> Reply + Send + Sync + 'static) -> MetadataMap {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = seen.clone();
    let answer = once(fault);
    let script = move |call: &Call| {
        if call.request.table_name == FIRST {
            record.lock().push(call.metadata.clone());
        }
        answer(call)
    };
    let bench = Bench::new(options(), script).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    let mut seen = seen.lock();
    assert_eq!(seen.len(), 2);
    assert!(!seen[0].contains_key("x-goog-cbt-cookie-a"));
    seen.remove(1)
}

#[tokio::test]
async fn a_routing_cookie_comes_back_with_the_next_attempt() {
    let refused = |_: &Call| {
        let mut status = Status::unavailable("elsewhere");
        *status.metadata_mut() = cookies(&[("x-goog-cbt-cookie-a", "cell-7"), ("x-other", "not a cookie")]);
        Reply::Refuse(status)
    };
    let headers = headers_after(refused).await;
    assert_eq!(headers.get("x-goog-cbt-cookie-a").unwrap(), "cell-7");
    assert!(!headers.contains_key("x-other"));
}

#[tokio::test]
async fn routing_cookies_are_kept_from_headers_and_trailers_of_calls_that_end_well() {
    let half_done = |call: &Call| {
        let entries = response(all(call).map(|at| (at, if at == 3 { Code::Aborted } else { Code::Ok })));
        let (a, b, c) = ("x-goog-cbt-cookie-a", "x-goog-cbt-cookie-b", "x-goog-cbt-cookie-c");
        let trailers = cookies(&[(b, "tail"), (c, "tail")]);
        let end = Status::with_metadata(Code::Ok, "", trailers);
        Reply::Headed(
            cookies(&[(a, "head"), (b, "head"), ("x-other", "not a cookie")]),
            vec![Ok(entries), Err(end)],
        )
    };
    let headers = headers_after(half_done).await;
    for (name, value) in [("a", "head"), ("b", "tail"), ("c", "tail")] {
        assert_eq!(headers.get(format!("x-goog-cbt-cookie-{name}")).unwrap(), value);
    }
    assert!(!headers.contains_key("x-other"));
}

#[tokio::test]
async fn every_call_says_where_it_goes_and_what_it_understands() {
    let script = |call: &Call| {
        let params = call.metadata.get("x-goog-request-params").unwrap().to_str().unwrap();
        let table = call.request.table_name.replace('/', "%2F");
        assert_eq!(params, format!("table_name={table}&app_profile_id=a%20b%26c%3Dd"));
        assert_eq!(call.request.app_profile_id, "a b&c=d");
        let features = call.metadata.get("bigtable-features").unwrap();
        let flags = FeatureFlags::decode(URL_SAFE.decode(features).unwrap().as_slice()).unwrap();
        assert!(flags.mutate_rows_rate_limit && flags.retry_info && flags.routing_cookie);
        Reply::ok(call)
    };
    let bench = Bench::new(Options { app_profile: "a b&c=d".into(), ..options() }, script).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
}

#[tokio::test]
async fn many_requests_at_once_each_get_their_own_answers() {
    // Each call fails one entry for good, a different one by table and key.
    let script = |call: &Call| {
        let wrong = |index: i64| {
            call.request.entries[index as usize].row_key.last().is_some_and(|last| last % 7 == 0)
        };
        Reply::entries(
            all(call).map(|index| (index, if wrong(index) { Code::InvalidArgument } else { Code::Ok })),
        )
    };
    let bench = Bench::new(Options { request_rows: 3, ..options() }, script).await;
    let batches = batches(200);
    let unwritten = bench.writer.write(&batches).await;
    for (unwritten, keys) in unwritten.values().zip(batches.keys.values()) {
        let expected: HashSet<usize> = (0..keys.len())
            .filter(|&at| keys.key(at).last().is_some_and(|last| last % 7 == 0))
            .map(|at| keys.row(at))
            .collect();
        let actual: HashSet<usize> = unwritten.iter().map(|(row, ..)| *row).collect();
        assert_eq!(actual, expected);
    }
}

#[tokio::test]
async fn a_server_that_dies_in_mid_flight_leaves_the_rows_unconfirmed() {
    let options = Options { total_timeout: Duration::from_millis(500), ..options() };
    let bench = Bench::new(options, |_| Reply::Hang).await;
    let Bench { server, writer, sent, .. } = bench;
    let killer = tokio::spawn(async move {
        while sent.lock().len() < 3 {
            tokio::task::yield_now().await;
        }
        drop(server);
    });
    let unwritten = writer.write(&batches(ROWS)).await;
    killer.await.unwrap();
    assert_eq!(failures(&unwritten), [ROWS; 3]);
    assert!(unwritten.values().flatten().all(|(_, verdict, _)| *verdict == Verdict::Unconfirmed));
}

#[tokio::test]
async fn no_more_rows_and_no_more_bytes_are_unanswered_than_allowed() {
    let one = Request::split(&FIRST.into(), "batch", &batches(4), Table::ByCustomer, 4, usize::MAX).remove(0);
    let one_request = one.encoded_len();
    let by_rows = Bounds { rows: 11, ..options().in_flight };
    let by_bytes = Bounds { bytes: 2 * one_request + one_request / 2, ..options().in_flight };
    for in_flight in [by_rows, by_bytes] {
        let bench = Bench::new(Options { in_flight, request_rows: 4, ..options() }, |_| Reply::Hang).await;
        let sent = || -> usize { bench.sent.lock().values().map(HashMap::len).sum() };
        let batches = batches(40);
        let write = bench.writer.write(&batches);
        assert!(tokio::time::timeout(Duration::from_millis(300), write).await.is_err());
        assert_eq!(sent(), 8, "two requests of four rows fit, a third does not: {in_flight:?}");
    }
}
