//! Sends reads when they are due, whatever the earlier ones do: an open loop.
//!
//! A loop that waits for each answer asks a stalled server nothing, and so measures one bad read where its users would have
//! had thousands (coordinated omission). Here read k is due at the start + k / rate, and its latency begins then.

use super::pace::Pace;
use super::unsent::{Unsent, Why, parts};
use anyhow::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

/// The runtime's timer is right to one or two milliseconds, which is more than many reads take.
const TIMER: Duration = Duration::from_millis(2);

/// What became of the reads that were due.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sent {
    pub reads: u64,
    /// Reads given up before they were sent.
    pub given_up: u64,
    /// From the start until the last one had been due and sent.
    pub seconds: f64,
    /// How long the load waited for room among those in flight.
    pub no_room_seconds: f64,
}

/// Runs until the time is over or `stop` ends it; reads that were due by then are sent all the same, or given up once they
/// have waited for too long.
///
/// `ask` makes a read of its number before it is due. `read` sends it, with the moment at which it was due, and must end
/// by itself. `give_up` hears of those that were not sent, of many at once where this process is far behind.
pub async fn run<Q, R: Future<Output = ()> + Send + 'static>(
    pace: Pace,
    stop: &CancellationToken,
    mut ask: impl FnMut(u64) -> Q,
    read: impl Fn(Q, Instant) -> R,
    mut give_up: impl FnMut(Unsent),
) -> anyhow::Result<Sent> {
    let (start, room) = (Instant::now(), Arc::new(Semaphore::new(pace.max_in_flight)));
    let (mut tasks, mut sent) = (JoinSet::new(), Sent::default());
    let (mut end, mut is_stopping) = (pace.duration.unwrap_or(Duration::MAX), false);
    let (mut number, mut looked, mut no_room) = (0, Duration::ZERO, Duration::ZERO);
    loop {
        let elapsed = start.elapsed();
        let overdue = pace.overdue(elapsed, end);
        if overdue > number {
            let why = Why::of(no_room, elapsed.saturating_sub(looked.max(pace.due(number))));
            for part in parts(number..overdue) {
                let waited = elapsed.saturating_sub(pace.due(part.start));
                give_up(Unsent { first: part.start, reads: part.end - part.start, waited, why });
            }
            sent.given_up += overdue - number;
            number = overdue;
            // It may happen many times in a row.
            tokio::task::consume_budget().await;
        }
        looked = elapsed;
        let due = pace.due(number);
        // At this rate it would be due after the end of all times.
        let Some(at) = start.checked_add(due).filter(|_| due < end) else {
            if !is_stopping && pace.duration.is_none() {
                stop.cancelled().await;
            }
            break;
        };
        let question = ask(number);
        tokio::select! {
            biased;
            () = stop.cancelled(), if !is_stopping => {
                is_stopping = true;
                end = end.min(start.elapsed());
                if due >= end {
                    break;
                }
            }
            () = until(at) => {}
        }
        let (began, last) = (Instant::now(), at.checked_add(pace.patience).unwrap_or(at));
        let permit =
            if began < last { timeout_at(last, room.clone().acquire_owned()).await.ok() } else { None };
        no_room = began.elapsed();
        sent.no_room_seconds += no_room.as_secs_f64();
        // Without one it is overdue, and given up with all others that are.
        if let Some(permit) = permit {
            let permit = permit.context("the room for reads was closed, which is a bug")?;
            let reading = read(question, at);
            tasks.spawn(async move {
                reading.await;
                drop(permit);
            });
            sent.reads += 1;
            number += 1;
        }
        while let Some(ended) = tasks.try_join_next() {
            ended.context("a read's task ended by itself, which is a bug")?;
        }
    }
    let planned = if end == Duration::MAX { Duration::ZERO } else { end };
    sent.seconds = start.elapsed().max(planned).as_secs_f64();
    while let Some(ended) = tasks.join_next().await {
        ended.context("a read's task ended by itself, which is a bug")?;
    }
    Ok(sent)
}

/// Waits for a moment, and is late by a tenth of a millisecond where the machine has time.
async fn until(at: Instant) {
    if let Some(early) = at.checked_sub(TIMER)
        && Instant::now() < early
    {
        sleep_until(early).await;
    }
    let left = at.saturating_duration_since(Instant::now());
    if !left.is_zero() {
        let _ = spawn_blocking(move || std::thread::sleep(left)).await;
    }
    // A clock that is paused has not moved meanwhile.
    if Instant::now() < at {
        sleep_until(at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;
    use tokio::time::sleep;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace(per_second: f64, seconds: u64) -> Pace {
        let duration = Some(Duration::from_secs(seconds));
        Pace { per_second, duration, max_in_flight: 5, patience: Duration::from_secs(4) }
    }

    /// Latencies from when each read was due, by number, and from when it was sent; and what was given up.
    #[derive(Default)]
    struct Seen {
        ended: Vec<(u64, Duration, Duration)>,
        given_up: Vec<Unsent>,
    }

    /// Runs against a server whose answer takes so long, by the time of the question since the start.
    async fn against(
        pace: Pace,
        stop: &CancellationToken,
        takes: impl Fn(Duration) -> Duration + Copy + Send + Sync + 'static,
    ) -> (Sent, Seen) {
        let (seen, start) = (Arc::<Mutex<Seen>>::default(), Instant::now());
        let read = |number: u64, due: Instant| {
            let seen = seen.clone();
            async move {
                let began = Instant::now();
                sleep(takes(began - start)).await;
                seen.lock().ended.push((number, due.elapsed(), began.elapsed()));
            }
        };
        let give_up = |unsent| seen.lock().given_up.push(unsent);
        let sent = run(pace, stop, |number| number, read, give_up).await.unwrap();
        let mut seen = std::mem::take(&mut *seen.lock());
        seen.ended.sort_unstable();
        (sent, seen)
    }

    #[tokio::test(start_paused = true)]
    async fn each_read_is_sent_when_it_is_due_however_long_the_earlier_ones_take() {
        let slow = |_| Duration::from_millis(400);
        let (sent, seen) = against(pace(10.0, 3), &CancellationToken::new(), slow).await;
        assert_eq!((sent.reads, sent.given_up), (30, 0));
        assert!((sent.seconds - 3.0).abs() < 0.1, "{sent:?}");
        assert_eq!(seen.ended.len(), 30);
        for (number, latency, _) in seen.ended {
            assert!(latency < Duration::from_millis(410), "{number}: {latency:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_measured_by_all_reads_that_were_due_in_it() {
        // From 1 s on nothing is answered before 3 s.
        let stalled =
            |at: Duration| if at < SECOND { Duration::ZERO } else { (3 * SECOND).saturating_sub(at) };
        let (sent, seen) = against(pace(20.0, 5), &CancellationToken::new(), stalled).await;
        assert_eq!((sent.reads, sent.given_up), (100, 0));
        assert!(sent.no_room_seconds > 1.5, "{sent:?}");
        for (number, latency, service) in seen.ended {
            let due = Duration::from_millis(50 * number);
            let expected = if due < SECOND { Duration::ZERO } else { (3 * SECOND).saturating_sub(due) };
            assert!(latency.abs_diff(expected) < Duration::from_millis(20), "{number}: {latency:?}");
            // Five were sent before the stall was over. Only they would have been measured from when they were sent.
            assert_eq!(
                service > Duration::from_millis(20),
                (20..25).contains(&number),
                "{number}: {service:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_sent_in_time_is_given_up_and_the_end_is_bounded() {
        let hanging = |_| 10 * SECOND;
        let (sent, seen) = against(pace(10.0, 20), &CancellationToken::new(), hanging).await;
        assert_eq!(sent.reads + sent.given_up, 200);
        assert_eq!(seen.ended.len() as u64, sent.reads);
        assert_eq!(seen.given_up.len() as u64, sent.given_up);
        assert!(sent.reads < 20 && sent.seconds < 24.1, "{sent:?}");
        for unsent in seen.given_up {
            assert!((4 * SECOND..4 * SECOND + SECOND / 10).contains(&unsent.waited), "{unsent:?}");
            assert_eq!((unsent.reads, unsent.why), (1, Why::NoRoom), "{unsent:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_process_is_far_behind_with_is_given_up_in_one_step_and_every_read_counts_once() {
        let patience = Duration::from_millis(5);
        let pace = Pace { per_second: 1e6, duration: None, max_in_flight: 20_000, patience };
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        tokio::spawn(async move {
            sleep(SECOND / 100).await;
            // As if the process had been held for ten minutes.
            tokio::time::advance(600 * SECOND).await;
            stopping.cancel();
        });
        let (sent, seen) = against(pace, &stop, |_| Duration::ZERO).await;
        assert!((600_000_000..600_050_000).contains(&(sent.reads + sent.given_up)), "{sent:?}");
        // Only what could still be sent was made.
        assert!(sent.reads < 50_000 && seen.given_up.len() < 1_000, "{sent:?} {}", seen.given_up.len());
        assert!(seen.given_up.iter().all(|unsent| unsent.why == Why::Late && unsent.waited >= patience));
        let longest = seen.given_up.iter().map(|unsent| unsent.waited).max().unwrap();
        assert!((599 * SECOND..601 * SECOND).contains(&longest), "{longest:?}");
        let ended = seen.ended.iter().map(|(number, ..)| (*number, 1));
        let given_up = seen.given_up.iter().map(|unsent| (unsent.first, unsent.reads));
        let mut all: Vec<_> = ended.chain(given_up).collect();
        all.sort_unstable();
        let counted = all.into_iter().fold(0, |next, (first, reads)| {
            assert_eq!(first, next, "each once, and none left out");
            first + reads
        });
        assert_eq!(counted, sent.reads + sent.given_up);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_it_once_what_was_due_is_answered() {
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        tokio::spawn(async move {
            sleep(2 * SECOND + SECOND / 20).await;
            stopping.cancel();
        });
        let endless = Pace { duration: None, ..pace(10.0, 0) };
        let (sent, seen) = against(endless, &stop, |_| SECOND / 4).await;
        assert_eq!((sent.reads, sent.given_up, seen.ended.len()), (21, 0, 21));
        // One that is due in a thousand years is not waited for.
        let never = Pace { per_second: 1e-300, ..endless };
        assert_eq!(against(never, &stop, |_| SECOND).await.0.given_up, 0);
    }
}
