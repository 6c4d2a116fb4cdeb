//! Answers that no Bigtable should give, and what stands between one and its clients does.

use super::*;
use tonic::body::Body;
use tonic::codegen::http;

fn page(status: u16) -> Reply {
    let page = http::Response::builder().status(status).header("content-type", "text/html");
    Reply::Http(page.body(Body::new("<html>later</html>".to_owned())).unwrap())
}

type Answer = fn() -> Reply;

/// Ways in which a call ends that has answered nothing.
fn nothing() -> [(&'static str, Answer); 7] {
    [
        ("an end in the headers", Reply::nothing),
        ("no message", || Reply::Stream(Vec::new())),
        ("no entry", || Reply::entries([])),
        ("429", || page(429)),
        ("502", || page(502)),
        ("503", || page(503)),
        ("504", || page(504)),
    ]
}

#[tokio::test]
async fn a_call_that_answers_nothing_is_made_again_at_once() {
    for (name, answer) in nothing() {
        let bench = Bench::new(options(), once(move |_| answer())).await;
        let started = Instant::now();
        assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0], "{name}");
        assert!(started.elapsed() < Duration::from_secs(1), "{name}");
        assert_eq!(bench.times_sent(), [2; ROWS], "{name}");
        assert_eq!(bench.writer.progress.retries.get(), ROWS as u64, "{name}");
    }
}

#[tokio::test]
async fn an_odd_answer_gets_a_few_more_attempts_before_the_message_goes_back() {
    for code in [Code::Internal, Code::Unknown, Code::Cancelled] {
        let odd = move |call: &Call| {
            Reply::entries(all(call).map(|at| (at, if at == 0 { code } else { Code::Ok })))
        };
        let bench = Bench::new(options(), once(odd)).await;
        assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
        let bench = Bench::new(options(), always(odd)).await;
        let unwritten = bench.write(ROWS).await;
        assert_eq!(failures(&unwritten), [1, 0, 0]);
        let (_, verdict, answer) = &unwritten.by_customer[0];
        assert_eq!((*verdict, answer.code), (Verdict::Unconfirmed, code));
        assert_eq!(bench.times_sent()[..2], [4, 1]);
        let bench = Bench::new(options(), always(move |_| Reply::Refuse(Status::new(code, "odd")))).await;
        assert_eq!(failures(&bench.write(ROWS).await), [ROWS, 0, 0]);
        assert_eq!(bench.times_sent(), [4; ROWS]);
    }
}

#[tokio::test]
async fn a_service_that_asks_for_no_pause_is_not_asked_without_one() {
    let options = Options { total_timeout: Duration::from_secs(1), ..options() };
    let bench = Bench::new(options, always(|_| Reply::Refuse(retry_info(Duration::ZERO)))).await;
    assert_eq!(failures(&bench.write(ROWS).await), [ROWS, 0, 0]);
    // 10 ms, 20 ms, 40 ms and so on.
    let times = bench.times_sent()[0];
    assert!((3..=8).contains(&times), "{times}");
}

#[tokio::test]
async fn a_pause_beyond_the_deadline_gives_the_rows_back_at_once() {
    for delay in [Duration::from_hours(1), Duration::from_secs(i64::MAX as u64)] {
        let bench = Bench::new(options(), always(move |_| Reply::Refuse(retry_info(delay)))).await;
        let started = Instant::now();
        let unwritten = bench.write(ROWS).await;
        assert!(started.elapsed() < Duration::from_secs(2));
        assert_eq!(failures(&unwritten), [ROWS, 0, 0]);
        assert!(unwritten.by_customer.iter().all(|(_, verdict, _)| *verdict == Verdict::Unconfirmed));
    }
}

#[tokio::test]
async fn a_write_timeout_that_no_clock_can_count_to_is_none() {
    let bench = Bench::new(Options { total_timeout: Duration::MAX, ..options() }, Reply::ok).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
}
