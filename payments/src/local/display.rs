//! Live progress: bars on a terminal, plain lines elsewhere, both on standard error.

use crate::output::progress::{LINE_EVERY, is_drawn, left, per_second, style};
use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressStyle};
use schemas::layout::PerTable;
use service::terminal;
use std::cell::Cell;
use std::time::Instant;

/// Shows the progress of both stages.
#[derive(Debug)]
pub struct Display {
    expected: u64,
    started: Instant,
    bars: Option<Bars>,
    last_line: Cell<Instant>,
    /// Something else is shown.
    is_hidden: bool,
}

#[derive(Debug)]
struct Bars {
    all: MultiProgress,
    published: ProgressBar,
    tables: PerTable<ProgressBar>,
    trouble: ProgressBar,
}

impl Display {
    pub fn new(expected: u64, is_hidden: bool) -> Self {
        let is_hidden = is_hidden || terminal::is_quiet();
        let bars = (is_drawn() && !is_hidden).then(|| Bars::new(expected));
        Self { expected, started: Instant::now(), bars, last_line: Cell::new(Instant::now()), is_hidden }
    }

    pub fn show(&self, producer: &producer::Progress, sink: &sink::Progress) {
        if let Some(bars) = &self.bars {
            bars.show(producer, sink);
        } else if !self.is_hidden && self.last_line.get().elapsed() >= LINE_EVERY {
            self.last_line.set(Instant::now());
            terminal::say(self.line(producer, sink));
        }
    }

    pub fn finish(&self) {
        if let Some(bars) = &self.bars {
            let _ = bars.all.clear();
        }
    }

    fn line(&self, producer: &producer::Progress, sink: &sink::Progress) -> String {
        let elapsed = self.started.elapsed();
        let written = sink.written.values().map(sink::Counter::get).min().unwrap_or(0);
        let rows: Vec<_> = sink.written.values().map(|table| HumanCount(table.get()).to_string()).collect();
        format!(
            "{:.0} s  published {} of {}  rows {}  {} payments/s  {}  {}",
            elapsed.as_secs_f64(),
            HumanCount(producer.published()),
            HumanCount(self.expected),
            rows.join(" / "),
            HumanCount(per_second(written, elapsed)),
            left(written, Some(self.expected), elapsed),
            trouble(producer, sink),
        )
    }
}

impl Bars {
    fn new(expected: u64) -> Self {
        let template = "{prefix:<23} {wide_bar} {human_pos} of {human_len}  {rate}  {left}";
        let started = Instant::now();
        let all = MultiProgress::new();
        let bar = |prefix: &str| {
            let bar = all.add(ProgressBar::new(expected).with_style(style(template, started)));
            bar.set_prefix(prefix.to_owned());
            bar
        };
        let published = bar("published");
        let tables = PerTable::from_fn(|table| bar(table.id()));
        let plain = ProgressStyle::with_template("{msg}").expect("the template is well-formed");
        let trouble = all.add(ProgressBar::new_spinner().with_style(plain));
        Self { all, published, tables, trouble }
    }

    fn show(&self, producer: &producer::Progress, sink: &sink::Progress) {
        self.published.set_position(producer.published());
        for (table, bar) in &self.tables {
            bar.set_position(sink.written[table].get());
        }
        self.trouble.set_message(trouble(producer, sink));
    }
}

fn trouble(producer: &producer::Progress, sink: &sink::Progress) -> String {
    format!(
        "failed publishes {}  retried rows {}  returned {}  dead letters {}",
        producer.failed(),
        sink.retries.get(),
        sink.nacked.get(),
        sink.dead_lettered.get(),
    )
}
