//! How far a long work is: a bar on a terminal, or a spinner where nobody knows the end; elsewhere a line now and then.

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use service::terminal;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// Between two lines where there is no terminal.
pub const LINE_EVERY: Duration = Duration::from_secs(10);
/// Between two turns of a spinner.
const TICK: Duration = Duration::from_millis(200);

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Progress(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    what: String,
    /// About so much is to be done.
    total: Option<u64>,
    started: Instant,
    done: AtomicU64,
    /// Lines said.
    lines: AtomicU64,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A work of about this many steps; `None` where that is not known.
    pub fn new(what: impl Into<String>, total: Option<u64>) -> Self {
        let (what, started) = (what.into(), Instant::now());
        let bar = is_drawn().then(|| bar(total, started).with_message(what.clone()));
        if let (Some(bar), None) = (&bar, total) {
            bar.enable_steady_tick(TICK);
        }
        Self(Arc::new(Inner { what, total, started, done: 0.into(), lines: 0.into(), bar }))
    }

    pub fn add(&self, steps: u64) {
        let done = self.0.done.fetch_add(steps, Ordering::Relaxed) + steps;
        if let Some(bar) = &self.0.bar {
            return bar.set_position(done);
        }
        let (elapsed, lines) = (self.0.started.elapsed(), self.0.lines.load(Ordering::Relaxed));
        let due = elapsed.as_secs() / LINE_EVERY.as_secs();
        let is_due = due > lines;
        if is_due && self.0.lines.compare_exchange(lines, due, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            terminal::remark(line(&self.0.what, done, self.0.total, elapsed));
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.0.bar {
            bar.finish_and_clear();
        }
    }
}

/// Whether bars are drawn: people look, and want them.
pub fn is_drawn() -> bool {
    terminal::is_watched() && !terminal::is_quiet()
}

/// The mean since the start: what a moment's pace says jumps about.
pub fn per_second(done: u64, elapsed: Duration) -> u64 {
    (done as f64 / elapsed.as_secs_f64().max(1e-3)) as u64
}

/// How long the rest takes at the pace so far; empty if nobody knows.
pub fn left(done: u64, total: Option<u64>, elapsed: Duration) -> String {
    let rest = total.map(|total| total.saturating_sub(done));
    let Some(rest) = rest.filter(|rest| done > 0 && *rest > 0) else { return String::new() };
    let seconds = (rest as f64 / done as f64 * elapsed.as_secs_f64()).ceil() as u64;
    match seconds {
        0..120 => format!("{seconds} s left"),
        120..7_200 => format!("{} min left", seconds.div_ceil(60)),
        _ => format!("{} h left", seconds.div_ceil(3_600)),
    }
}

fn line(what: &str, done: u64, total: Option<u64>, elapsed: Duration) -> String {
    let mut text = format!("{what}: {}", HumanCount(done));
    if let Some(total) = total {
        let _ = write!(text, " of about {}", HumanCount(total));
    }
    let _ = write!(text, ", {}/s", HumanCount(per_second(done, elapsed)));
    let left = left(done, total, elapsed);
    if left.is_empty() { text } else { text + ", " + &left }
}

fn bar(total: Option<u64>, started: Instant) -> ProgressBar {
    let template = match total {
        Some(_) => "{msg} {wide_bar} {human_pos} of about {human_len}  {rate}  {left}",
        None => "{spinner} {msg} {human_pos}  {rate}",
    };
    total.map_or_else(ProgressBar::new_spinner, ProgressBar::new).with_style(style(template, started))
}

/// One bar's look, with the keys `rate` and `left`. Its rate stands still once it is full.
pub fn style(template: &str, started: Instant) -> ProgressStyle {
    let full = Arc::new(OnceLock::new());
    let elapsed = move |state: &ProgressState| match state.len() {
        Some(length) if state.pos() >= length => *full.get_or_init(|| started.elapsed()),
        _ => started.elapsed(),
    };
    let elapsed_too = elapsed.clone();
    let rate = move |state: &ProgressState, out: &mut dyn Write| {
        let _ = write!(out, "{}/s", HumanCount(per_second(state.pos(), elapsed(state))));
    };
    let left = move |state: &ProgressState, out: &mut dyn Write| {
        let _ = out.write_str(&left(state.pos(), state.len(), elapsed_too(state)));
    };
    let style = ProgressStyle::with_template(template).expect("the template is well-formed");
    style.with_key("rate", rate).with_key("left", left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_pace_and_the_rest_only_as_far_as_they_are_known() {
        let line = |done, total| line("comparing", done, total, Duration::from_secs(10));
        assert_eq!(line(50_000, Some(200_000)), "comparing: 50,000 of about 200,000, 5,000/s, 30 s left");
        assert_eq!(line(50_000, None), "comparing: 50,000, 5,000/s");
        assert_eq!(line(0, Some(9)), "comparing: 0 of about 9, 0/s");
        assert_eq!(line(10, Some(10_000)), "comparing: 10 of about 10,000, 1/s, 3 h left");
    }
}
