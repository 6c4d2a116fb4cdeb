//! The progress of the sinks: a bar over publish times on a terminal, now and then a line elsewhere.

use super::backlog::Oldest;
use crate::moment;
use crate::output::progress::{LINE_EVERY, is_drawn};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;
use std::time::Instant;

#[derive(Debug)]
pub struct Display {
    until_micros: i64,
    first_micros: Option<i64>,
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
}

impl Display {
    /// Done when nothing published before `until_micros` is unacked.
    pub fn new(until_micros: i64) -> Self {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} %")
            .expect("the template is well-formed");
        let bar = is_drawn().then(|| ProgressBar::new(1).with_style(style));
        Self { until_micros, first_micros: None, bar, last_line: None }
    }

    pub fn show(&mut self, oldest: Oldest, notes: &mut impl Write) {
        let message = match oldest {
            Oldest::TooOld => "oldest unacked message: over 6 d 23 h old".to_owned(),
            Oldest::Published(at) if at >= self.until_micros => "all older messages are acked".to_owned(),
            Oldest::Published(at) => format!("oldest unacked message: {}", moment::text_of(at)),
        };
        if let Some(bar) = &self.bar {
            if let Oldest::Published(at) = oldest {
                let first = *self.first_micros.get_or_insert(at);
                bar.set_length((self.until_micros - first).max(1) as u64);
                bar.set_position((at.min(self.until_micros) - first).max(0) as u64);
            }
            bar.set_message(message);
        } else if self.last_line.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
            self.last_line = Some(Instant::now());
            // Their reader may be gone; the replay goes on.
            let _ = writeln!(notes, "{message}");
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
