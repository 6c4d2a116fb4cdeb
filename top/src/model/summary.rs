//! Adds the processes up.

use super::answer::{Answer, quantile_of};
use super::snapshot::{Backlog, Drain, Errors, Process, Snapshot, TableTimes, Times, Totals};
use super::watched::{Flow, Watched};
use std::collections::{BTreeMap, BTreeSet};

const PRODUCER: &str = "payments_producer_";
const SINK: &str = "payments_sink_";
const EMULATOR: &str = "payments_emulator_";
/// Share of what is settled below which a backlog neither grows nor shrinks: rates tremble.
const TREMBLE: f64 = 0.01;

pub fn of(watched: &[Watched]) -> Snapshot {
    let totals = totals(watched);
    Snapshot {
        processes: watched.iter().filter(|watched| watched.is_shown()).map(process).collect(),
        backlog: backlog(watched, &totals),
        latency: latency(watched),
        stages: stages(watched),
        publishing: by_label(watched, "payments_producer_publish_seconds", "outcome"),
        errors: errors(watched),
        totals,
    }
}

fn process(watched: &Watched) -> Process {
    let none = Process {
        endpoint: watched.endpoint.to_string(),
        no_answer: watched.failure.clone(),
        ..Process::default()
    };
    let Some(last) = watched.last() else { return none };
    let status = &last.status;
    let known = Process {
        binary: Some(status.binary.clone()),
        version: Some(status.version.clone()),
        pid: Some(status.pid),
        host: Some(status.host.clone()),
        settings: status.settings.clone(),
        ..none
    };
    if watched.failure.is_some() {
        return known;
    }
    let flow = |name| watched.flow(name, &[]);
    let number = |name| last.number(name, &[]);
    Process {
        state: Some(status.state),
        reason: status.reason.clone(),
        uptime_seconds: Some(status.uptime_seconds).filter(|seconds| seconds.is_finite()),
        cpus: flow("process_cpu_seconds_total").and_then(|flow| flow.per_second),
        busy_ratio: number("payments_runtime_busy_ratio"),
        resident_bytes: number("process_resident_memory_bytes"),
        open_fds: number("process_open_fds"),
        held_messages: number("payments_sink_messages_outstanding")
            .or_else(|| number("payments_producer_messages_in_flight"))
            .or_else(|| number("payments_emulator_outstanding_messages")),
        messages: flow("payments_sink_messages_acked_total")
            .or_else(|| flow("payments_producer_messages_confirmed_total"))
            .or_else(|| flow("payments_emulator_published_messages_total")),
        rows: flow("payments_sink_rows_written_total")
            .or_else(|| flow("payments_emulator_rows_mutated_total")),
        ..known
    }
}

fn answers(watched: &[Watched]) -> impl Iterator<Item = &Answer> {
    watched.iter().filter_map(Watched::answer)
}

/// Sums a counter over the processes that have it.
fn sum(watched: &[Watched], name: &str, labels: &[(&str, &str)]) -> Flow {
    let mut sum = Flow::default();
    watched.iter().filter_map(|watched| watched.flow(name, labels)).for_each(|flow| sum.add(flow));
    sum
}

/// Sums a gauge.
fn gauge(watched: &[Watched], name: &str) -> f64 {
    answers(watched).filter_map(|answer| answer.number(name, &[])).sum()
}

fn values(watched: &[Watched], name: &str, label: &str) -> BTreeSet<String> {
    answers(watched).flat_map(|answer| answer.values(name, label)).collect()
}

/// Sums a counter by the values of a label.
fn sums(watched: &[Watched], name: &str, label: &str) -> BTreeMap<String, Flow> {
    let values = values(watched, name, label).into_iter();
    values.map(|value| (value.clone(), sum(watched, name, &[(label, &value)]))).collect()
}

fn totals(watched: &[Watched]) -> Totals {
    let flow = |name| sum(watched, name, &[]);
    let gauge = |name| gauge(watched, name);
    let with = |prefix| answers(watched).filter(|answer| answer.has(prefix)).count();
    let greatest = |name| answers(watched).filter_map(|answer| answer.number(name, &[])).reduce(f64::max);
    let limit = gauge("payments_sink_bigtable_call_rate_limit");
    let targets: Vec<f64> =
        answers(watched).filter_map(|answer| answer.number("payments_producer_target_rate", &[])).collect();
    let is_bounded = targets.iter().all(|target| *target > 0.0);
    let (entries, calls) =
        (flow("payments_sink_request_entries_total"), flow("payments_sink_request_seconds_count"));
    let rows_a_request = match (entries.per_second, calls.per_second) {
        (Some(entries), Some(calls)) if calls > 0.0 => Some(entries / calls),
        _ if calls.total > 0.0 => Some(entries.total / calls.total),
        _ => None,
    };
    Totals {
        producers: with(PRODUCER),
        sinks: with(SINK),
        emulators: with(EMULATOR),
        silent: watched.iter().filter(|watched| watched.is_shown() && watched.failure.is_some()).count(),
        generated: flow("payments_producer_payments_generated_total"),
        confirmed: flow("payments_producer_messages_confirmed_total"),
        planned: gauge("payments_producer_payments_planned"),
        target_rate: (!targets.is_empty()).then(|| if is_bounded { targets.iter().sum() } else { 0.0 }),
        publishing: gauge("payments_producer_messages_in_flight"),
        pulled: flow("payments_sink_messages_pulled_total"),
        acked: flow("payments_sink_messages_acked_total"),
        dead_lettered: flow("payments_sink_messages_dead_lettered_total"),
        held: gauge("payments_sink_messages_outstanding"),
        oldest_held_seconds: greatest("payments_sink_oldest_pulled_seconds"),
        rows: flow("payments_sink_rows_written_total"),
        rows_by_table: sums(watched, "payments_sink_rows_written_total", "table"),
        requests_in_flight: gauge("payments_sink_requests_in_flight"),
        rows_a_request,
        throttled: flow("payments_sink_throttled_seconds_total"),
        admission: flow("payments_sink_admission_seconds_total"),
        call_rate_limit: (limit > 0.0).then_some(limit),
        memory_reserved_bytes: gauge("payments_sink_memory_reserved_bytes"),
        memory_budget_bytes: gauge("payments_sink_memory_budget_bytes"),
    }
}

/// The last part of a resource's name.
fn short(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// What is told so many seconds late is said to be.
const LATE: f64 = 10.0;

/// What is known of one subscription's backlog.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    messages: f64,
    oldest: Option<f64>,
    lag: Option<f64>,
}

/// What waits in the subscriptions that sinks pull from. Embedded servers know it to the message; what sinks say comes late, and
/// is the same backlog from each sink of a subscription.
fn backlog(watched: &[Watched], totals: &Totals) -> Option<Backlog> {
    let mut told = BTreeMap::<String, Told>::new();
    for answer in answers(watched) {
        let Some(messages) = answer.number("payments_sink_backlog_messages", &[]) else { continue };
        let oldest = answer.number("payments_sink_backlog_oldest_seconds", &[]);
        let subscription = answer.status.settings.get("subscription").map_or("", |name| short(name));
        let lag = answer.number("payments_sink_backlog_lag_seconds", &[]).filter(|lag| *lag >= LATE);
        let known = told.entry(subscription.to_owned()).or_default();
        known.messages = known.messages.max(messages);
        known.oldest = [known.oldest, oldest].into_iter().flatten().reduce(f64::max);
        known.lag = [known.lag, lag].into_iter().flatten().reduce(f64::max);
    }
    let pulled: BTreeSet<&str> = answers(watched)
        .filter(|answer| answer.has(SINK))
        .filter_map(|answer| answer.status.settings.get("subscription").map(|name| short(name)))
        .collect();
    for answer in answers(watched) {
        for subscription in answer.values("payments_emulator_backlog_messages", "subscription") {
            // Letters wait for people, not for sinks.
            let name = short(&subscription);
            let is_meant =
                if pulled.is_empty() { !name.contains("dead-letter") } else { pulled.contains(name) };
            let labels = [("subscription", &*subscription)];
            let messages = answer.number("payments_emulator_backlog_messages", &labels);
            if let Some(messages) = messages.filter(|_| is_meant) {
                let oldest = answer.number("payments_emulator_backlog_oldest_seconds", &labels);
                told.insert(name.to_owned(), Told { messages, oldest, lag: None });
            }
        }
    }
    let messages = told.values().map(|told| told.messages).sum();
    let oldest_seconds = told.values().filter_map(|told| told.oldest).reduce(f64::max);
    let lag_seconds = told.values().filter_map(|told| told.lag).reduce(f64::max);
    let coming = if totals.producers > 0 {
        totals.confirmed.per_second
    } else {
        sum(watched, "payments_emulator_published_messages_total", &[]).per_second.or(Some(0.0))
    };
    let mut going = totals.acked;
    going.add(totals.dead_lettered);
    (!told.is_empty()).then(|| Backlog {
        messages,
        oldest_seconds,
        lag_seconds,
        drain: drain(messages, coming, going.per_second),
    })
}

/// How a backlog develops where so many messages come and go a second.
pub fn drain(messages: f64, coming: Option<f64>, going: Option<f64>) -> Drain {
    let (Some(coming), Some(going)) = (coming, going) else { return Drain::Unknown };
    let net = going - coming;
    match messages {
        _ if messages <= 0.0 => Drain::Empty,
        _ if net.abs() <= TREMBLE * going.max(coming) => Drain::Steady,
        _ if net > 0.0 => Drain::Draining { drain_seconds: messages / net },
        _ => Drain::Growing { messages_per_second: -net },
    }
}

fn times(watched: &[Watched], name: &str, labels: &[(&str, &str)]) -> Times {
    let add = |mut sum: Vec<f64>, counts: Vec<f64>| {
        if sum.is_empty() {
            return counts;
        }
        sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        sum
    };
    let fresh = watched.iter().filter_map(|watched| watched.fresh_buckets(name, labels)).fold(vec![], add);
    let since_start = fresh.iter().sum::<f64>() <= 0.0;
    let counts = if since_start {
        answers(watched).map(|answer| answer.buckets(name, labels)).fold(vec![], add)
    } else {
        fresh
    };
    let max = answers(watched).filter_map(|answer| answer.longest(name, labels)).reduce(f64::max);
    // Within its bucket a quantile is a guess, but none that exceeds the longest.
    let at = |part| quantile_of(&counts, part).map(|seconds| seconds.min(max.unwrap_or(seconds)));
    Times {
        calls: sum(watched, &format!("{name}_count"), labels),
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        max,
        since_start,
    }
}

fn by_label(watched: &[Watched], name: &str, label: &str) -> BTreeMap<String, Times> {
    let values = values(watched, &format!("{name}_count"), label).into_iter();
    values.map(|value| (value.clone(), times(watched, name, &[(label, &value)]))).collect()
}

fn latency(watched: &[Watched]) -> BTreeMap<String, TableTimes> {
    let name = "payments_sink_request_seconds";
    let outcomes = values(watched, &format!("{name}_count"), "outcome");
    let of = |table: String| {
        let by_outcome = outcomes
            .iter()
            .map(|outcome| {
                (outcome.clone(), times(watched, name, &[("outcome", outcome), ("table", &table)]))
            })
            .filter(|(_, times)| !times.calls.is_zero())
            .collect();
        (table.clone(), TableTimes { all: times(watched, name, &[("table", &table)]), by_outcome })
    };
    values(watched, &format!("{name}_count"), "table").into_iter().map(of).collect()
}

fn stages(watched: &[Watched]) -> BTreeMap<String, Times> {
    let mut stages = by_label(watched, "payments_sink_stage_seconds", "stage");
    let whole = "payments_sink_publish_to_written_seconds";
    if answers(watched).any(|answer| answer.has(whole)) {
        stages.insert("publish_to_written".into(), times(watched, whole, &[]));
    }
    stages
}

fn by_table_and_code(watched: &[Watched], name: &str) -> BTreeMap<String, BTreeMap<String, Flow>> {
    let codes = values(watched, name, "code");
    let of = |table: String| {
        let flows = codes
            .iter()
            .map(|code| (code.clone(), sum(watched, name, &[("table", &table), ("code", code)])))
            .filter(|(_, flow)| !flow.is_zero());
        (table.clone(), flows.collect())
    };
    let tables = values(watched, name, "table").into_iter().map(of);
    tables.filter(|(_, codes): &(_, BTreeMap<_, _>)| !codes.is_empty()).collect()
}

fn errors(watched: &[Watched]) -> Errors {
    let flow = |name| sum(watched, name, &[]);
    Errors {
        rows_retried: by_table_and_code(watched, "payments_sink_rows_retried_total"),
        rows_unwritten: by_table_and_code(watched, "payments_sink_rows_unwritten_total"),
        publishes_failed: sums(watched, "payments_producer_messages_failed_total", "code"),
        publishes_retried: sums(watched, "payments_producer_publish_retries_total", "code"),
        rejected: sums(watched, "payments_sink_messages_rejected_total", "reason"),
        dead_lettered: flow("payments_sink_messages_dead_lettered_total"),
        returned: flow("payments_sink_messages_returned_total"),
        leases_expired: flow("payments_sink_leases_expired_total"),
        redelivered: flow("payments_sink_messages_redelivered_total"),
        late: flow("payments_sink_messages_late_total"),
        duplicates_in_panes: flow("payments_sink_messages_pane_duplicate_total"),
        streams_opened: flow("payments_sink_streams_opened_total"),
    }
}
