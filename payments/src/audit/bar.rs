//! How far a pass over the tables is: a bar on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A pass that recomputes `payments` and scans about `rows`.
    pub fn new(what: &'static str, payments: u64, rows: u64) -> Self {
        let template = "{msg:<24} {bar:30} {human_pos:>14} of about {human_len}  {per_sec}  eta {eta}";
        let style = ProgressStyle::with_template(template).expect("the template is well-formed");
        Self(ProgressBar::new(payments + rows).with_style(style).with_message(what))
    }

    pub fn recomputed(&self, payments: u64) {
        self.0.inc(payments);
    }

    pub fn scanned(&self, rows: u64) {
        self.0.inc(rows);
    }

    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}
