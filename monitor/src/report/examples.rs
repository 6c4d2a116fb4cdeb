//! Runs as they may be, for tests.

use crate::heat::Heat;
use crate::report::{Machine, Report, Timeline};
use crate::spread::Quantiles;
use crate::status::{State, Status};

const TABLES: [&str; 3] = ["payments_by_customer", "payments_by_date", "payments_by_transaction"];

fn report(binary: &str, command_line: &[&str], totals: &str, latency: &[(&str, [f64; 5])]) -> Report {
    let totals = totals.lines().filter_map(|line| line.trim().rsplit_once(' '));
    let latency = latency.iter().map(|(key, [count, p50, p90, p99, max])| {
        ((*key).to_owned(), Quantiles { count: *count as u64, p50: *p50, p90: *p90, p99: *p99, max: *max })
    });
    Report {
        status: Status {
            binary: binary.into(),
            version: "0.1.0".into(),
            pid: 4711,
            host: "worker-7".into(),
            started: "2026-11-27T08:00:00.000Z".into(),
            uptime_seconds: 60.0,
            state: State::Draining,
            reason: None,
            settings: [
                ("run_id", "load-7"),
                ("project", "demo"),
                ("instance", "payments"),
                ("max-in-flight", "100000"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
            totals: totals.map(|(key, value)| (key.to_owned(), value.parse().unwrap())).collect(),
            latency: latency.collect(),
        },
        command_line: command_line.iter().map(|&word| word.to_owned()).collect(),
        machine: Machine { system: "Linux 6.1 x86_64".into(), cpus: 8, memory_bytes: 32 << 30 },
        seconds: 60.0,
        timeline: Timeline::default(),
        heat: Heat::default(),
        verdict: None,
        thresholds: Vec::new(),
    }
}

/// A sink's minute with some trouble.
pub(crate) fn sink() -> Report {
    let mut report = report(
        "sink",
        &["sink", "--subscription", "payments", "--http", ":9464", "--note", "it's a test"],
        "payments_sink_messages_pulled_total 1230017
         payments_sink_messages_acked_total 1230000
         payments_sink_messages_dead_lettered_total 17
         payments_sink_messages_rejected_total{reason=\"key_collision\"} 2
         payments_sink_messages_rejected_total{reason=\"undecodable\"} 15
         payments_sink_messages_late_total 0
         payments_sink_rows_written_total{table=\"payments_by_customer\"} 1230000
         payments_sink_rows_written_total{table=\"payments_by_date\"} 1230000
         payments_sink_rows_written_total{table=\"payments_by_transaction\"} 1230000
         payments_sink_rows_retried_total{code=\"UNAVAILABLE\",table=\"payments_by_date\"} 1204
         payments_sink_rows_retried_total{code=\"NONE\",table=\"payments_by_customer\"} 30
         payments_sink_panes_total{trigger=\"rows\"} 2460
         payments_sink_panes_total{trigger=\"age\"} 12
         process_cpu_seconds_total 31.98
         process_resident_memory_bytes 521142272",
        &[
            ("payments_sink_publish_to_written_seconds", [1_230_000.0, 0.088, 0.23, 0.412, 2.4]),
            (
                "payments_sink_stage_seconds{stage=\"publish_to_pulled\"}",
                [1_230_000.0, 0.012, 0.03, 0.08, 1.1],
            ),
            ("payments_sink_stage_seconds{stage=\"pane_wait\"}", [1_230_000.0, 0.04, 0.09, 0.1, 0.2]),
            ("payments_sink_stage_seconds{stage=\"write\"}", [1_230_000.0, 0.03, 0.1, 0.24, 1.9]),
            ("payments_sink_stage_seconds{stage=\"ack\"}", [1_230_000.0, 0.004, 0.008, 0.02, 0.3]),
            (
                "payments_sink_request_seconds{outcome=\"OK\",table=\"payments_by_customer\"}",
                [2_470.0, 0.02, 0.05, 0.088, 0.7],
            ),
            (
                "payments_sink_request_seconds{outcome=\"OK\",table=\"payments_by_date\"}",
                [2_471.0, 0.024, 0.06, 0.096, 0.9],
            ),
            (
                "payments_sink_request_seconds{outcome=\"UNAVAILABLE\",table=\"payments_by_date\"}",
                [3.0, 0.1, 0.2, 0.3, 0.31],
            ),
        ],
    );
    let memory = [Some(100e6), Some(641_728_512.0), None, Some(600e6)];
    report.timeline.times = vec![0.0, 20.0, 40.0, 60.0];
    report.timeline.series.insert("process_resident_memory_bytes".into(), memory.to_vec());
    for table in TABLES {
        let key = format!("payments_sink_rows_written_total{{table=\"{table}\"}}");
        let rows = [0.0, 400_000.0, 800_000.0, 1_230_000.0];
        report.timeline.series.insert(key, rows.map(Some).to_vec());
        let key = format!("p99:payments_sink_request_seconds{{outcome=\"OK\",table=\"{table}\"}}");
        report.timeline.series.insert(key, vec![None, Some(0.08), Some(0.09), Some(0.1)]);
    }
    report
}

/// A producer's minute.
pub(crate) fn producer() -> Report {
    report(
        "producer",
        &["producer", "--payments", "1M"],
        "payments_producer_messages_published_total 1000100
         payments_producer_messages_confirmed_total 1000000
         payments_producer_publish_retries_total{code=\"UNAVAILABLE\"} 12
         process_cpu_seconds_total 4.5
         process_resident_memory_bytes 81142272",
        &[("payments_producer_publish_seconds{outcome=\"OK\"}", [1_010.0, 0.03, 0.05, 0.09, 0.4])],
    )
}

/// A minute of reads, some of which found nothing.
pub(crate) fn reads() -> Report {
    report(
        "read-load",
        &["payments", "read-load", "--duration", "1m"],
        "payments_read_load_reads_total{result=\"found\",table=\"payments_by_customer\"} 21000
         payments_read_load_reads_total{result=\"found\",table=\"payments_by_date\"} 8950
         payments_read_load_reads_total{result=\"empty\",table=\"payments_by_date\"} 43
         payments_read_load_reads_total{result=\"failed\",table=\"payments_by_date\"} 7
         payments_read_load_failures_total{code=\"DEADLINE_EXCEEDED\",table=\"payments_by_date\"} 7
         payments_read_load_rows_total{table=\"payments_by_customer\"} 420000
         payments_read_load_rows_total{table=\"payments_by_date\"} 9000
         payments_read_load_rate 499.5
         process_cpu_seconds_total 14.5",
        &[
            ("payments_read_load_latency_seconds", [30_000.0, 0.001, 0.002, 0.012, 0.09]),
            (
                "payments_read_load_table_latency_seconds{table=\"payments_by_date\"}",
                [9_000.0, 0.001, 0.003, 0.02, 0.09],
            ),
        ],
    )
}

/// Both in one process.
pub(crate) fn local() -> Report {
    let (mut local, producer) = (sink(), producer());
    local.status.binary = "local".into();
    local.status.totals.extend(producer.status.totals);
    local.status.latency.extend(producer.status.latency);
    local
}
