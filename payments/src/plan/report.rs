//! A plan for people and programs, with the sources of its figures.

use super::model::{
    MESSAGE_DAYS, NODE_ROW_BYTES, NODE_ROWS_PER_SECOND, NODE_STORAGE_BYTES, PRODUCER_CPU_SECS, Plan,
    SINK_CPU_SECS, STREAM_BYTES_PER_SECOND,
};
use super::sample::Sizes;
use indicatif::HumanCount;
use serde_json::{Value, json};
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

pub fn text(plan: &Plan, sizes: &Sizes, cpus: f64) -> String {
    let mut text = String::new();
    let mut line = |label: &str, value: &dyn Display| {
        let _ = writeln!(text, "{label:<36}{value}");
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
    line("rows/s, all three tables", &count(plan.rows_per_second));
    line("rows/s a node", &count(plan.node_rows_per_second));
    let [nodes, writes, storage] =
        [plan.nodes(), plan.nodes_for_writes, plan.nodes_for_storage].map(HumanCount);
    line("Bigtable nodes", &format!("{nodes} (for writes {writes}, for storage {storage})"));
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
            "none within one run; {collisions}{when} if these come from several runs or other producers, none with \
             `payments setup --row-key-suffix transaction_id`"
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
    for assumption in assumptions(sizes) {
        line("assumed", &assumption);
    }
    text
}

/// Every figure that does not follow from the flags, with its source.
fn assumptions(sizes: &Sizes) -> Vec<String> {
    vec![
        format!("sizes: measured on {} payments of this run", HumanCount(sizes.sampled)),
        format!(
            "a node writes {NODE_ROWS_PER_SECOND} rows/s of {NODE_ROW_BYTES} B to SSD (Google, Bigtable performance), \
             fewer in proportion to larger rows (our assumption); reads need nodes besides"
        ),
        format!("a node stores {} on SSD (Google, Bigtable quotas)", bytes(NODE_STORAGE_BYTES)),
        format!(
            "CPU seconds a million payments: sink {SINK_CPU_SECS}, producer {PRODUCER_CPU_SECS} (measured by this \
             repository's bench on payments of 48 cells a row, without TLS; other processors differ)"
        ),
        format!(
            "one streaming pull gives {} a second (Google, Pub/Sub quotas); acked messages are kept {MESSAGE_DAYS} \
             days (payments setup)",
            bytes(STREAM_BYTES_PER_SECOND)
        ),
        "publish quota 200 MB/s: the default of small regions; large ones have up to 4 GB/s (Google, Pub/Sub quotas; \
         not looked up for your project: check yours)"
            .to_owned(),
        "storage: families go after 30, 90 and 180 days by publish time (payments setup); collection may lag a week \
         (Google, Bigtable garbage collection)".to_owned(),
        "key collisions: pairs with one customer, type and microsecond, by their shares in the sample, the times of an hour \
         taken as even".to_owned(),
        "prices: only those given as flags; deliveries, kept messages, network and machines are not in them".to_owned(),
    ]
}

pub fn json(plan: &Plan, sizes: &Sizes) -> Value {
    let stored = plan.stored.iter().map(|(days, bytes)| json!({ "afterDays": days, "bytes": bytes.round() }));
    let costs = plan.costs.iter().map(|(what, cost)| json!({ "what": what, "cost": cost }));
    json!({
        "payments": plan.payments, "paymentsPerSecond": plan.payments_per_second, "seconds": plan.seconds,
        "messageBytes": sizes.message_bytes, "cellsPerRow": sizes.cells, "mutationBytesPerRow": sizes.mutation_bytes,
        "storedBytesPerRow": sizes.row_bytes(), "publishedBytes": plan.published_bytes,
        "publishedBytesPerSecond": plan.published_bytes_per_second,
        "retainedMessageBytes": plan.retained_message_bytes, "rowsPerSecond": plan.rows_per_second,
        "rowsPerSecondPerNode": plan.node_rows_per_second, "nodes": plan.nodes(),
        "nodesForWrites": plan.nodes_for_writes, "nodesForStorage": plan.nodes_for_storage,
        "keyCollisionsOfSeveralRuns": plan.key_collisions,
        "sinks": plan.sinks, "producers": plan.producers, "streams": plan.streams,
        "stored": stored.collect::<Vec<_>>(), "costs": costs.collect::<Vec<_>>(),
        "limitsBreached": plan.breached, "notes": plan.notes, "assumptions": assumptions(sizes),
    })
}
