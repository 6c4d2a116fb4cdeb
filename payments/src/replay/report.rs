//! A replay for people and programs.

use super::backlog::{Oldest, Settled};
use crate::moment;
use serde_json::json;
use std::time::Duration;

/// The outcome of a replay.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub subscription: String,
    pub target: String,
    /// Whether messages from before the target count as acked after it.
    pub may_skip: bool,
    pub sought: bool,
    pub undo: Option<String>,
    pub settled: Option<Settled>,
    pub elapsed: Duration,
}

pub fn age(oldest: Oldest) -> String {
    match oldest {
        Oldest::TooOld => "more than 6 d 23 h old".to_owned(),
        Oldest::Published(micros) => format!("of {}", moment::text_of(micros)),
    }
}

pub fn text(report: &Report) -> String {
    let Report { subscription, target, .. } = report;
    if !report.sought {
        let skipped = "messages from before it would count as acked, written or not; the state before is kept as a \
                       snapshot first, unless --no-undo is given\n";
        let skipped = if report.may_skip { skipped } else { "" };
        return format!("would seek {subscription} to {target}\n{skipped}");
    }
    let seconds = report.elapsed.as_secs_f64();
    let end = match &report.settled {
        None => "not waited for: running sinks write the messages again".to_owned(),
        Some(Settled { is_done: true, first: Some(first), .. }) => {
            format!("reloaded all since the message {}, in {seconds:.1} s", age(*first))
        }
        Some(Settled { is_done: true, first: None, .. }) => {
            format!(
                "settled  after {seconds:.1} s; no old message was seen unacked: nothing may have come back"
            )
        }
        Some(Settled { last, .. }) => {
            let oldest = last.map_or("unknown".to_owned(), age);
            format!("left     after {seconds:.1} s; the oldest unacked message is {oldest}")
        }
    };
    let undo = report.undo.iter().map(|undo| format!("undo     payments replay --snapshot {undo} --yes\n"));
    let undo: String = undo.collect();
    format!("sought   {subscription} to {target}\n{undo}{end}\n")
}

pub fn json(report: &Report) -> serde_json::Value {
    let oldest = |oldest: Option<Oldest>| match oldest {
        None => serde_json::Value::Null,
        Some(Oldest::TooOld) => "older than 6 d 23 h".into(),
        Some(Oldest::Published(micros)) => moment::text_of(micros).into(),
    };
    json!({
        "subscription": report.subscription,
        "target": report.target,
        "sought": report.sought,
        "earlierCountAsAcked": report.may_skip,
        "undoSnapshot": report.undo,
        "settled": report.settled.as_ref().map(|settled| settled.is_done),
        "oldestReplayed": report.settled.as_ref().map(|settled| oldest(settled.first)),
        "oldestUnacked": report.settled.as_ref().map(|settled| oldest(settled.last)),
        "seconds": report.elapsed.as_secs_f64(),
    })
}
