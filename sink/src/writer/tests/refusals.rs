//! A request that is refused as a whole: only one of a single row says which row is at fault.

use super::*;

/// Refuses every request to the first table in which `is_bad` finds something.
fn refuse(
    code: Code,
    is_bad: impl Fn(&Call) -> bool + Send + Sync + 'static,
) -> impl Fn(&Call) -> Reply + Send + Sync {
    always(
        move |call| {
            if is_bad(call) { Reply::Refuse(Status::new(code, "not this one")) } else { Reply::ok(call) }
        },
    )
}

#[tokio::test]
async fn a_request_that_is_refused_for_one_row_is_written_without_it() {
    const MANY: usize = 100;
    for code in [Code::InvalidArgument, Code::OutOfRange] {
        let batches = batches(MANY);
        let key = batches.keys.by_customer.key(37).to_vec();
        let has_it = move |call: &Call| call.request.entries.iter().any(|entry| entry.row_key == key);
        let bench = Bench::new(options(), refuse(code, has_it)).await;
        let unwritten = bench.writer.write(&batches).await;
        assert_eq!(failures(&unwritten), [1, 0, 0]);
        assert_eq!(unwritten.by_customer[0].0, batches.keys.by_customer.row(37));
        assert_eq!(unwritten.by_customer[0].1, Verdict::Poison);
        // Once for each halving of a hundred, and once alone.
        let times = bench.times_sent();
        assert!(times[0] <= 8, "{times:?}");
        assert_eq!(bench.writer.progress.written.by_customer.get(), MANY as u64 - 1);
    }
}

#[tokio::test]
async fn a_request_that_is_too_large_is_written_in_parts() {
    let too_many = |call: &Call| call.request.entries.len() > 5;
    let bench = Bench::new(options(), refuse(Code::InvalidArgument, too_many)).await;
    assert_eq!(failures(&bench.write(100).await), [0, 0, 0]);
    assert_eq!(bench.times_sent(), [6; 100]);
}

#[tokio::test]
async fn entries_that_were_answered_before_the_refusal_keep_their_answers() {
    let half = |call: &Call| {
        let answered = response(
            (0..ROWS as i64 / 2)
                .map(|index| (index, if index == 4 { Code::InvalidArgument } else { Code::Ok })),
        );
        if call.request.entries.len() < ROWS {
            return Reply::ok(call);
        }
        Reply::Stream(vec![Ok(answered), Err(Status::invalid_argument("the rest is wrong"))])
    };
    let bench = Bench::new(options(), always(half)).await;
    assert_eq!(failures(&bench.write(ROWS).await), [1, 0, 0]);
    let times = bench.times_sent();
    assert_eq!((times[ROWS / 2 - 1], times[ROWS / 2]), (2, 1));
}

#[tokio::test]
async fn a_row_that_is_alone_unanswered_is_asked_about_alone() {
    let rest = |call: &Call| {
        let answered = response(all(call).skip(1).map(|index| (index, Code::Ok)));
        Reply::Stream(vec![Ok(answered), Err(Status::invalid_argument("one of them"))])
    };
    let bench = Bench::new(options(), once(rest)).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
    assert_eq!(bench.times_sent()[..2], [2, 1]);
}

#[tokio::test]
async fn a_precondition_that_fails_for_single_rows_too_is_configuration() {
    let bench = Bench::new(options(), refuse(Code::FailedPrecondition, |_| true)).await;
    let unwritten = bench.write(ROWS).await;
    assert_eq!(failures(&unwritten), [ROWS, 0, 0]);
    let verdict = |wanted| unwritten.by_customer.iter().filter(|(_, verdict, _)| *verdict == wanted).count();
    assert!(verdict(Verdict::Configuration) >= 1);
    assert_eq!(verdict(Verdict::Configuration) + verdict(Verdict::Unconfirmed), ROWS);
}

#[tokio::test]
async fn a_precondition_that_fails_for_large_requests_only_costs_no_row() {
    let too_many = |call: &Call| call.request.entries.len() > 1;
    let bench = Bench::new(options(), refuse(Code::FailedPrecondition, too_many)).await;
    assert_eq!(failures(&bench.write(ROWS).await), [0, 0, 0]);
}
