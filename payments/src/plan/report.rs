//! A plan for people and programs, with the sources of its figures.

use super::model::{
    MESSAGE_DAYS, NODE_ROW_BYTES, PRODUCER_CPU_SECS, Plan, SINK_CPU_SECS, SPREADING_SECS,
    STREAM_BYTES_PER_SECOND,
};
use super::sample::Sizes;
use crate::output::words::labelled;
use crate::splits::tablets;
use indicatif::HumanCount;
use schemas::layout::{PerTable, Table};
use serde_json::{Value, json};
use service::escape::Style;
use service::terminal::paint;
use std::collections::BTreeMap;
use std::fmt::{Display, Write};

/// Bytes in the decimal unit that fits.
fn bytes(bytes: f64) -> String {
    let units = [(1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let fitting = units.iter().find(|(size, _)| bytes >= *size);
    fitting.map_or(format!("{bytes:.0} B"), |(size, unit)| format!("{:.1} {unit}", bytes / size))
}

fn hours(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.0} s"),
        ..7_200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3_600.0),
    }
}

/// Columns of the labels.
const LABEL: usize = 22;

/// `with_assumptions` also the figures that do not follow from the flags, with their sources.
pub fn text(plan: &Plan, sizes: &Sizes, cpus: f64, commands: &[String], with_assumptions: bool) -> String {
    let mut text = verdict(plan);
    let mut line = |label: &str, value: &dyn Display| {
        text += &labelled(label, LABEL, &value.to_string());
    };
    let count = |count: f64| HumanCount(count as u64).to_string();
    if let Some(payments) = plan.payments {
        line("payments", &count(payments));
    }
    line("payments/s", &count(plan.payments_per_second));
    if let Some(seconds) = plan.seconds {
        line("time to load", &hours(seconds));
    }
    line("mean message", &format!("{:.0} B with attributes", sizes.message_bytes));
    line("mean row", &format!("{:.0} cells, {:.0} B of mutations", sizes.cells, sizes.mutation_bytes));
    if let Some(published) = plan.published_bytes {
        line("published", &bytes(published));
    }
    line("published/s", &bytes(plan.published_bytes_per_second));
    line("kept for a replay", &format!("{} at most", bytes(plan.retained_message_bytes)));
    line("rows/s in 3 tables", &count(plan.rows_per_second));
    line("rows/s a node", &count(plan.node_rows_per_second));
    let [nodes, writes, storage] =
        [plan.nodes(), plan.nodes_for_writes, plan.nodes_for_storage].map(HumanCount);
    line(
        "Bigtable nodes",
        &format!("{nodes} with {} (for writes {writes}, for storage {storage})", plan.storage.name()),
    );
    line("headroom", &headroom(plan));
    if let Some(seconds) = plan.lost_without_splits_secs {
        line(
            "without splits",
            &format!(
                "up to {} longer: a new table is one tablet on one node; `payments setup --split auto` makes {}",
                hours(seconds),
                HumanCount(tablets(plan.nodes()).into())
            ),
        );
    }
    line("streaming pulls", &plan.streams);
    line("sinks", &format!("{} of {cpus} CPU", plan.sinks));
    line("producers", &format!("{} of {cpus} CPU", plan.producers));
    for (days, stored) in &plan.stored {
        let when = match days {
            0 => "stored when loaded".to_owned(),
            1 => "stored after 1 day".to_owned(),
            days => format!("stored after {days} days"),
        };
        line(&when, &format!("{} before compression", bytes(*stored)));
    }
    let collisions = match plan.key_collisions {
        few if few < 0.01 => "less than 0.01".to_owned(),
        few if few < 10.0 => format!("{few:.2}"),
        many => count(many),
    };
    let when = if plan.payments.is_none() { " a day" } else { "" };
    line(
        "key collisions",
        &format!(
            "none within one run; {collisions}{when} among several; none with `payments setup --row-key-suffix \
             transaction_id`"
        ),
    );
    for (label, cost) in &plan.costs {
        line(&format!("cost: {label}"), &format!("{cost:.2}"));
    }
    for warning in &plan.breached {
        line("LIMIT", warning);
    }
    for note in &plan.notes {
        line("note", note);
    }
    let assumptions = assumptions(plan, sizes);
    if with_assumptions {
        line("three tables", &ALTERNATIVE);
        for assumption in assumptions {
            line("assumed", &assumption);
        }
    } else {
        line(
            "assumed",
            &format!("{} figures: --assumptions shows them, with their sources", assumptions.len()),
        );
    }
    // Not broken into lines: they are to be copied.
    for command in commands {
        let _ = writeln!(text, "$ {command}");
    }
    text
}

fn headroom(plan: &Plan) -> String {
    let left = plan.nodes() as f64 / (plan.nodes_for_writes as f64).max(1.0);
    if left >= 2.0 {
        return format!("these nodes, needed for storage, write {left:.1} times as much");
    }
    format!(
        "{} nodes for twice the rate, as Google advises where latency matters",
        HumanCount(plan.nodes_with_headroom())
    )
}

/// Whether the load fits, in a line.
fn verdict(plan: &Plan) -> String {
    let nodes = match plan.given_nodes {
        Some(given) => format!("the {given} node(s)"),
        None => format!("{} node(s)", HumanCount(plan.nodes())),
    };
    match plan.breached.as_slice() {
        [] => {
            let stages = format!("{} sink(s), {} producer(s)", plan.sinks, plan.producers);
            format!("{} {nodes}, {stages}\n", paint(Style::Good, "FITS:"))
        }
        [first, ..] => {
            let others = plan.breached.len() - 1;
            let more = if others > 0 { format!(" (and {others} more, see LIMIT)") } else { String::new() };
            format!("{} {first}{more}\n", paint(Style::Bad, "DOES NOT FIT:"))
        }
    }
}

/// Why each payment is written three times.
const ALTERNATIVE: &str = "one table with two continuous materialized views would be written once and stored as often; views \
    follow their table some time later. Here acked means that all three layouts have the row \
    (docs.cloud.google.com/bigtable/docs/continuous-materialized-views)";

/// Every figure that does not follow from the flags, with its source.
fn assumptions(plan: &Plan, sizes: &Sizes) -> Vec<String> {
    vec![
        format!("sizes: measured on {} payments of this run", HumanCount(sizes.sampled)),
        format!(
            "a node writes {} rows/s of {NODE_ROW_BYTES} B to {} (docs.cloud.google.com/bigtable/docs/performance), fewer in \
             proportion to larger rows (our assumption); reads need nodes besides",
            plan.storage.node_rows_per_second(),
            plan.storage.name()
        ),
        format!(
            "a node stores {} on {} (docs.cloud.google.com/bigtable/quotas)",
            bytes(plan.storage.node_bytes()),
            plan.storage.name()
        ),
        format!(
            "new nodes help within {} (docs.cloud.google.com/bigtable/docs/scaling), which is also taken for tablets that \
             split under load (our assumption)",
            hours(SPREADING_SECS)
        ),
        format!(
            "CPU seconds a million payments: sink {SINK_CPU_SECS}, producer {PRODUCER_CPU_SECS} (measured by this \
             repository's bench on payments of 48 cells a row, without TLS; other processors differ)"
        ),
        format!(
            "one streaming pull gives {} a second (docs.cloud.google.com/pubsub/quotas); acked messages are kept \
             {MESSAGE_DAYS} days (payments setup)",
            bytes(STREAM_BYTES_PER_SECOND)
        ),
        "publish quota 200 MB/s: the default of small regions; large ones have up to 4 GB/s \
         (docs.cloud.google.com/pubsub/quotas; not looked up for your project: check yours)"
            .to_owned(),
        "storage: families go after 30, 90 and 180 days by publish time (payments setup); collection may lag a week \
         (docs.cloud.google.com/bigtable/docs/garbage-collection)".to_owned(),
        "key collisions: pairs with one customer, type and microsecond, by their shares in the sample, the times of an hour \
         taken as even".to_owned(),
        "prices: only those given as flags; deliveries, kept messages, network and machines are not in them".to_owned(),
    ]
}

pub fn json(
    plan: &Plan,
    sizes: &Sizes,
    splits: Option<&PerTable<Vec<String>>>,
    commands: &[String],
) -> Value {
    let splits = splits.map(|splits| Table::ALL.map(|table| (table.id(), splits[table].clone())));
    let splits = splits.map(|splits| splits.into_iter().collect::<BTreeMap<_, _>>());
    let stored = plan.stored.iter().map(|(days, bytes)| json!({ "afterDays": days, "bytes": bytes.round() }));
    let costs = plan.costs.iter().map(|(what, cost)| json!({ "what": what, "cost": cost }));
    json!({
        "payments": plan.payments, "paymentsPerSecond": plan.payments_per_second, "seconds": plan.seconds,
        "messageBytes": sizes.message_bytes, "cellsPerRow": sizes.cells, "mutationBytesPerRow": sizes.mutation_bytes,
        "storedBytesPerRow": sizes.row_bytes(), "publishedBytes": plan.published_bytes,
        "publishedBytesPerSecond": plan.published_bytes_per_second,
        "retainedMessageBytes": plan.retained_message_bytes, "rowsPerSecond": plan.rows_per_second,
        "rowsPerSecondPerNode": plan.node_rows_per_second, "nodes": plan.nodes(), "nodesWithHeadroom": plan.nodes_with_headroom(),
        "fits": plan.breached.is_empty(), "storage": plan.storage.name(),
        "secondsLostWithoutSplits": plan.lost_without_splits_secs, "splitKeys": splits, "commands": commands,
        "nodesForWrites": plan.nodes_for_writes, "nodesForStorage": plan.nodes_for_storage,
        "keyCollisionsOfSeveralRuns": plan.key_collisions,
        "sinks": plan.sinks, "producers": plan.producers, "streams": plan.streams,
        "stored": stored.collect::<Vec<_>>(), "costs": costs.collect::<Vec<_>>(),
        "limitsBreached": plan.breached, "notes": plan.notes, "assumptions": assumptions(plan, sizes),
    })
}
