//! Giving up: a write returns at once, whatever the service does, and what was answered by then counts.

use super::*;

/// A process that is told to stop has little time, and all its panes are in this.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Gives up once the first table has had a call, and a little later.
async fn give_up(bench: &Bench) -> PerTable<Unwritten> {
    let (give_up, sent) = (bench.give_up.clone(), bench.sent.clone());
    let watcher = tokio::spawn(async move {
        while sent.lock().get(FIRST).is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        give_up.cancel();
        Instant::now()
    });
    let unwritten = bench.write(ROWS).await;
    let late = watcher.await.unwrap().elapsed();
    assert!(late < AT_ONCE, "{late:?}");
    assert!(unwritten.values().flatten().all(|(_, verdict, _)| *verdict == Verdict::Unconfirmed));
    unwritten
}

#[tokio::test]
async fn giving_up_cuts_a_call_without_headers() {
    let bench = Bench::new(options(), always(|_| Reply::Hang)).await;
    assert_eq!(failures(&give_up(&bench).await), [ROWS, 0, 0]);
}

#[tokio::test]
async fn what_a_cut_call_had_answered_counts_as_written() {
    let half = |call: &Call| {
        let answered = response((0..call.request.entries.len() as i64 / 2).map(|index| (index, Code::Ok)));
        Reply::stalled(vec![Ok(answered)])
    };
    let bench = Bench::new(options(), always(half)).await;
    assert_eq!(failures(&give_up(&bench).await), [ROWS / 2, 0, 0]);
    assert_eq!(bench.writer.progress.written.by_customer.get(), ROWS as u64 / 2);
    assert_eq!(bench.writer.progress.retries.get(), 0);
}

#[tokio::test]
async fn giving_up_ends_the_wait_for_room() {
    let in_flight = Bounds { requests: 1, ..options().in_flight };
    let bench = Bench::new(Options { in_flight, request_rows: 1, ..options() }, |_| Reply::Hang).await;
    assert_eq!(failures(&give_up(&bench).await), [ROWS; 3]);
    assert_eq!(
        bench.sent.lock().values().map(HashMap::len).sum::<usize>(),
        1,
        "queued requests are not sent"
    );
}

#[tokio::test]
async fn giving_up_ends_the_wait_for_a_turn() {
    let limited = |call: &Call| {
        let mut message = response(all(call).map(|index| (index, Code::Ok)));
        let period = Some(prost_types::Duration { seconds: 60, nanos: 0 });
        message.rate_limit_info = Some(RateLimitInfo { period, factor: 0.7 });
        Reply::Stream(vec![Ok(message)])
    };
    let in_flight = Bounds { requests: 1, ..options().in_flight };
    let bench = Bench::new(Options { in_flight, request_rows: 1, ..options() }, limited).await;
    let unwritten = give_up(&bench).await;
    // Seven calls a second would take nine seconds for all of them.
    assert!(failures(&unwritten).iter().sum::<usize>() > 2 * ROWS);
}

#[tokio::test]
async fn giving_up_ends_a_pause() {
    let later = |_: &Call| Reply::Refuse(retry_info(Duration::from_secs(20)));
    let bench = Bench::new(options(), always(later)).await;
    assert_eq!(failures(&give_up(&bench).await), [ROWS, 0, 0]);
    assert_eq!(bench.times_sent()[0], 1);
}

#[tokio::test]
async fn nothing_is_sent_after_giving_up() {
    let bench = Bench::new(options(), Reply::ok).await;
    bench.give_up.cancel();
    assert_eq!(failures(&bench.write(ROWS).await), [ROWS; 3]);
    assert!(bench.sent.lock().is_empty());
}
