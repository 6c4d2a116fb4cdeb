//! A service that has too much to do, and says so.

use super::*;
use futures_util::stream;
use std::sync::atomic::AtomicUsize;

/// A table that takes so many rows at once, each call for `SERVICE_TIME`, and refuses all others.
#[derive(Default)]
struct Narrow {
    open: AtomicUsize,
    served: AtomicUsize,
    refused: AtomicUsize,
    /// Rows open at each call that was served, added up.
    busy: AtomicUsize,
}

const LIMIT: usize = 300;
const SERVICE_TIME: Duration = Duration::from_millis(20);

/// Rows that are open until it is dropped, by an answer or by a client that has gone.
struct OpenRows(Arc<Narrow>, usize);

impl Drop for OpenRows {
    fn drop(&mut self) {
        self.0.open.fetch_sub(self.1, Ordering::SeqCst);
    }
}

impl Narrow {
    fn answer(self: &Arc<Self>, call: &Call, refusal: &Status) -> Reply {
        let rows = call.request.entries.len();
        let open = self.open.fetch_add(rows, Ordering::SeqCst) + rows;
        let opened = OpenRows(self.clone(), rows);
        if open > LIMIT {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Reply::Refuse(refusal.clone());
        }
        self.served.fetch_add(1, Ordering::SeqCst);
        self.busy.fetch_add(open, Ordering::SeqCst);
        let message = response(all(call).map(|index| (index, Code::Ok)));
        Reply::Flow(Box::pin(stream::once(async move {
            tokio::time::sleep(SERVICE_TIME).await;
            drop(opened);
            Ok(message)
        })))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_at_once_falls_to_what_an_overloaded_service_takes() {
    for refusal in [Status::resource_exhausted("slower"), Status::unavailable("Too many open mutations")] {
        let narrow = Arc::new(Narrow::default());
        let state = narrow.clone();
        let options = Options {
            request_rows: 50,
            in_flight: Bounds { requests: 48, rows: 2_400, bytes: 64 << 20 },
            ..options()
        };
        let bench = Bench::new(options, move |call| state.answer(call, &refusal)).await;
        assert_eq!(failures(&bench.write(4_000).await), [0, 0, 0]);
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        let (served, refused) = (count(&narrow.served), count(&narrow.refused));
        // Of 240 calls; the first 48 go out before anything is known.
        assert!(refused <= served / 2, "{refused} refused, {served} served");
        assert!(count(&narrow.busy) / served >= LIMIT / 2, "most of the time it has enough to do");
    }
}

/// A table that asks for a rate as long as `asks` says so.
fn limited(
    seconds: i64,
    factor: f64,
    asks: impl Fn(&Call) -> bool + Send + Sync,
) -> impl Fn(&Call) -> Reply + Send + Sync {
    move |call| {
        let mut message = response(all(call).map(|index| (index, Code::Ok)));
        let period = Some(prost_types::Duration { seconds, nanos: 0 });
        message.rate_limit_info = asks(call).then_some(RateLimitInfo { period, factor });
        Reply::Stream(vec![Ok(message)])
    }
}

#[tokio::test]
async fn a_call_whose_turn_comes_after_its_deadline_is_not_made_and_lowers_no_rate() {
    let in_flight = Bounds { requests: 64, ..options().in_flight };
    let total_timeout = Duration::from_millis(600);
    let options = Options { in_flight, request_rows: 1, total_timeout, ..options() };
    let bench = Bench::new(options, limited(1, 1.0, |_| true)).await;
    bench.write(1).await;
    for _ in 0..4 {
        let started = Instant::now();
        let unwritten = bench.write(ROWS).await;
        assert!(started.elapsed() < total_timeout + Duration::from_millis(200));
        let written = 3 * ROWS - failures(&unwritten).iter().sum::<usize>();
        assert!((4..=8).contains(&written), "{written} at ten a second");
        let mut answers = unwritten.values().flatten();
        assert!(answers.all(|(_, verdict, answer)| {
            (*verdict, answer.code) == (Verdict::Unconfirmed, Code::DeadlineExceeded)
        }));
        assert!((bench.writer.progress.call_rate.get() - 10.0).abs() < 1e-6);
    }
}

#[tokio::test]
async fn a_limit_that_the_service_no_longer_asks_for_ends_after_its_period() {
    let bench = Bench::new(Options { request_rows: 1, ..options() }, {
        let first = AtomicBool::new(true);
        limited(1, 0.7, move |_| first.swap(false, Ordering::Relaxed))
    })
    .await;
    bench.write(1).await;
    assert!(bench.writer.progress.call_rate.get() > 0.0);
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    let started = Instant::now();
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    assert!(started.elapsed() < Duration::from_secs(2), "seven a second would take nine seconds");
    assert!(bench.writer.progress.call_rate.get().abs() < 1e-6);
}

#[tokio::test]
async fn pauses_stay_short_while_a_service_is_overloaded() {
    let started = Instant::now();
    let overloaded = move |call: &Call| {
        if started.elapsed() < Duration::from_secs(4) {
            return Reply::Refuse(Status::resource_exhausted("slower"));
        }
        Reply::ok(call)
    };
    let bench = Bench::new(options(), always(overloaded)).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    // A pause is at most a second, and its jitter as much.
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_period_without_end_ends_nothing() {
    let bench = Bench::new(options(), limited(i64::MAX, 1.0, |_| true)).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
}
