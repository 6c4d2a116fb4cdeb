//! What a long-running program says of itself: a live line on a terminal, a log line every 10 s elsewhere.

use service::terminal;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Who has something to say.
pub trait Teller: Send + 'static {
    /// Takes a look at the figures; called every second.
    fn look(&mut self, now: Instant);
    /// The figures in one line for a terminal.
    fn line(&self) -> String;
    /// The figures as a log event.
    fn log(&self);
}

/// A teller at work.
#[derive(Debug)]
pub struct Lines {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Lines {
    /// `is_live` where people look at a terminal.
    pub fn start(mut teller: impl Teller, is_live: bool) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut ticks = interval(LOOK_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut logged = Instant::now();
            loop {
                tokio::select! {
                    _ = &mut stopped => break,
                    _ = ticks.tick() => {}
                }
                let now = Instant::now();
                teller.look(now);
                if is_live {
                    terminal::live(teller.line());
                } else if now.duration_since(logged) >= LOG_EVERY {
                    logged = now;
                    teller.log();
                }
            }
            terminal::live("");
        });
        Self { stop, task }
    }

    /// Takes the live line away; the last words are the program's.
    pub async fn finish(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

/// A number as people read it: 12, 1,234, 56.7k, 1.23M.
pub fn short(number: f64) -> String {
    let number = number.max(0.0);
    for (size, unit) in [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")] {
        if number >= size {
            let size = if unit == "k" { 1e3 } else { size };
            let digits = if number / size < 10.0 { 2 } else { 1 };
            return format!("{:.digits$}{unit}", number / size);
        }
    }
    let whole = number.round() as u64;
    if whole >= 1_000 { format!("{},{:03}", whole / 1_000, whole % 1_000) } else { whole.to_string() }
}

/// Seconds as people read them: 1.2 ms, 45 ms, 3.4 s, 12 min.
pub fn span(seconds: f64) -> String {
    match seconds.max(0.0) {
        seconds if seconds < 0.01 => format!("{:.1} ms", seconds * 1e3),
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1e3),
        seconds if seconds < 10.0 => format!("{seconds:.1} s"),
        seconds if seconds < 120.0 => format!("{seconds:.0} s"),
        seconds if seconds < 7_200.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3_600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_spans_are_short() {
        for (number, text) in [
            (0.0, "0"),
            (999.4, "999"),
            (1_234.0, "1,234"),
            (56_700.0, "56.7k"),
            (1_234_567.0, "1.23M"),
            (2.5e9, "2.50G"),
            (1e13, "10.0T"),
            (-3.0, "0"),
        ] {
            assert_eq!(short(number), text);
        }
        for (seconds, text) in [
            (0.001_24, "1.2 ms"),
            (0.045, "45 ms"),
            (3.42, "3.4 s"),
            (61.0, "61 s"),
            (600.0, "10 min"),
            (9_000.0, "2.5 h"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
