use super::*;
use crate::threshold;
use proptest::prelude::*;

fn titles(page: &str) -> Vec<&str> {
    page.split("<h2>").skip(1).filter_map(|rest| rest.split_once("</h2>")).map(|(title, _)| title).collect()
}

#[test]
fn a_page_has_the_sections_that_its_run_has_data_for() {
    assert_eq!(
        titles(&html(&examples::sink())),
        [
            "Key figures",
            "Rates over time",
            "Latency over time",
            "Latency of the whole run",
            "Retries, rejects and panes",
            "Settings"
        ]
    );
    let producer = html(&examples::producer());
    assert_eq!(
        titles(&producer),
        ["Key figures", "Latency of the whole run", "Retries, rejects and panes", "Settings"]
    );
    assert!(!producer.contains("dead letters") && producer.contains("published 1,000,000 payments in 60 s"));
    let local = html(&examples::local());
    for both in ["payments published", "payments acked", "MutateRows", "Publish calls, p50 / p99"] {
        assert!(local.contains(both), "{both}");
    }
    let reads = html(&examples::reads());
    for wanted in
        ["read-load did 30,000 reads in 60 s", "rows read", "reads that found nothing", "Reads that failed"]
    {
        assert!(reads.contains(wanted), "{wanted}");
    }
    let mut nothing = examples::producer();
    nothing.status.totals.clear();
    nothing.status.latency.clear();
    nothing.status.settings.clear();
    assert_eq!(titles(&html(&nothing)), [""; 0]);
}

#[test]
fn the_title_says_first_how_it_ended() {
    let title = |report: &Report| {
        html(report).split_once("<title>").unwrap().1.split_once("</title>").unwrap().0.to_owned()
    };
    let mut report = examples::sink();
    assert_eq!(title(&report), "Nothing checked: sink acked 1,230,000 payments in 60 s");
    report.thresholds = threshold::evaluate(&threshold::parse("p99<500ms,rate>20k").unwrap(), &report);
    assert_eq!(title(&report), "OK: sink acked 1,230,000 payments in 60 s");
    report.thresholds = threshold::evaluate(
        &threshold::parse("p99<500ms,late=0,dead_letters=0,p99(publish)<1s").unwrap(),
        &report,
    );
    report.verdict = Some(Verdict { is_ok: true, lines: vec!["all rows are there".into()] });
    assert!(title(&report).starts_with("Failed (2 of 4 thresholds): "));
    report.verdict = Some(Verdict { is_ok: false, lines: vec!["3 rows are missing".into(), "a row".into()] });
    assert!(title(&report).starts_with("Failed (2 of 4 thresholds, verify): "));
    let page = html(&report);
    for wanted in ["3 rows are missing", "dead_letters=0</td><td>17</td>", "no such figure in this run"] {
        assert!(page.contains(wanted), "{wanted}");
    }
}

#[test]
fn json_is_read_back_as_it_was() {
    let mut report = examples::local();
    report.heat.note("t", 7, 3, ["a", "b"].into_iter());
    assert_eq!(serde_json::from_str::<Report>(&json(&report)).unwrap(), report);
}

#[test]
fn a_page_asks_nobody_for_anything_and_what_others_wrote_stays_text() {
    let hostile = "<script>alert(1)</script>\"' onload=x \u{1b}[2J\u{202e}\n";
    let mut report = examples::local();
    report.status.host = hostile.into();
    report.status.binary = hostile.into();
    report.status.reason = Some(hostile.into());
    report.status.settings.insert(hostile.into(), hostile.into());
    report
        .status
        .totals
        .insert(format!("payments_sink_rows_retried_total{{code=\"{hostile}\",table=\"t\"}}"), 3.0);
    report
        .status
        .totals
        .insert(format!("x 1\npayments_sink_messages_returned_total{{a=\"b\"}} 9 {hostile}"), 3.0);
    let latency = report.status.latency["payments_sink_publish_to_written_seconds"];
    report.status.latency.insert(hostile.into(), latency);
    report.command_line.push(hostile.into());
    report.machine.system = hostile.into();
    report.timeline.series.insert(
        format!("payments_sink_rows_written_total{{table=\"{hostile}\"}}"),
        [1.0, 2.0, 3.0, 4.0].map(Some).to_vec(),
    );
    report.heat.note(hostile, 7, 3, [hostile, "b"].into_iter());
    report.verdict = Some(Verdict { is_ok: false, lines: vec![hostile.into(); 2] });
    report.thresholds =
        vec![Outcome { threshold: hostile.into(), observed: Some(hostile.into()), holds: false }];
    let page = html(&report);
    assert!(!page.contains("<script>alert") && !page.contains("\"' onload"));
    assert!(
        !page.chars().any(|character| character.is_control() && character != '\n' || character == '\u{202e}')
    );
    assert_eq!(Figures::of(&report).returned(), Some(0.0), "a name with a line's end adds no figure");
    for outside in ["http:", "https:", "src=", "@import", "url(", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_report_panics(
        times in prop::collection::vec(any::<f64>(), 0..6),
        series in prop::collection::btree_map(
            prop_oneof![
                Just("payments_sink_rows_written_total{table=\"t\"}".to_owned()),
                Just("p99:payments_sink_stage_seconds{stage=\"ack\"}".to_owned()),
                Just("process_resident_memory_bytes".to_owned()),
                "(p50:|p99:)?[a-z{\"=}]{0,12}",
            ],
            prop::collection::vec(prop::option::of(any::<f64>()), 0..8), 0..6),
        totals in prop::collection::btree_map("(payments_(sink|producer)_[a-z_]{0,20})?[{a-z=\"} ]{0,8}", any::<f64>(), 0..6),
        quantiles in any::<[f64; 4]>(), count in any::<u64>(), seconds in any::<f64>(),
    ) {
        let mut report = examples::local();
        report.timeline = Timeline { times, series };
        report.status.totals.extend(totals);
        let [p50, p90, p99, max] = quantiles;
        report.status.latency.insert("payments_sink_stage_seconds{stage=\"ack\"}".into(), crate::spread::Quantiles { count, p50, p90, p99, max });
        report.seconds = seconds;
        let thresholds = threshold::parse("p99(ack)<1s,rate>1,memory<1GiB,cpu_per_million<1").unwrap();
        report.thresholds = threshold::evaluate(&thresholds, &report);
        let page = html(&report);
        prop_assert!(!page.contains("NaN"), "{page}");
        prop_assert!(!json(&report).is_empty());
    }
}
