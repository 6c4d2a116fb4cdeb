use super::*;
use crate::report::examples;
use proptest::prelude::*;

/// `(threshold, observed, holds)`, of the example of a sink.
const CASES: [(&str, Option<&str>, bool); 27] = [
    ("p99<500ms", Some("412ms"), true),
    ("p99 < 0.4s", Some("412ms"), false),
    ("p50<=100ms", Some("88ms"), true),
    ("p90>1s", Some("230ms"), false),
    ("max<2s", Some("2.4s"), false),
    ("p99(payments_by_date)<200ms", Some("96ms"), true),
    ("p50( write )<1s", Some("30ms"), true),
    ("p99(publish)<1s", None, false),
    ("p99(payments_by_transaction)<1h", None, false),
    ("rate>20000", Some("20500"), true),
    ("rate>=20_500", Some("20500"), true),
    ("rate>20.5k", Some("20500"), false),
    ("rate<1M", Some("20500"), true),
    ("rows=3690000", Some("3690000"), true),
    ("retries<1e3", Some("1234"), false),
    ("retry_ratio<1%", Some("0.0334%"), true),
    ("retry_ratio<0.0001", Some("0.0334%"), false),
    ("dead_letters=0", Some("17"), false),
    ("dead_letters<=17", Some("17"), true),
    ("returned=0", Some("0"), true),
    ("failed=0", Some("0"), true),
    ("collisions=0", Some("2"), false),
    ("late=0", Some("0"), true),
    ("memory<1GiB", Some("612MiB"), true),
    ("memory<=100MiB", Some("612MiB"), false),
    ("cpu_per_million<30", Some("26"), true),
    ("cpu_per_million<20", Some("26"), false),
];

#[test]
fn each_threshold_is_held_against_its_figure() {
    let report = examples::sink();
    for (text, observed, holds) in CASES {
        let outcome = evaluate(&parse(text).unwrap(), &report).remove(0);
        assert_eq!((outcome.observed.as_deref(), outcome.holds), (observed, holds), "{text}");
        assert_eq!(outcome.threshold, text);
    }
    let all: Vec<_> = CASES.iter().map(|(text, ..)| *text).collect();
    assert_eq!(parse(&all.join(" , ")).unwrap().len(), CASES.len());
}

#[test]
fn a_producers_run_has_a_producers_figures() {
    let report = examples::producer();
    let thresholds =
        parse("rate>1,p99(publish)<1s,retries<1000,failed=0,p99<1h,dead_letters=0,rows>0").unwrap();
    let outcomes = evaluate(&thresholds, &report);
    let holds: Vec<_> = outcomes.iter().map(|outcome| outcome.holds).collect();
    assert_eq!(holds, [true, true, true, true, false, false, false], "{outcomes:?}");
    assert!(outcomes[4..].iter().all(|outcome| outcome.observed.is_none()));
}

#[test]
fn a_load_of_reads_has_figures_of_its_own() {
    let text = "p99<50ms,max(payments_by_date)<50ms,failed=0,empty<=43,rate>490,rows>=429k,dead_letters=0,p50(write)<1s";
    let outcomes = evaluate(&parse(text).unwrap(), &examples::reads());
    let observed: Vec<_> =
        outcomes.iter().map(|outcome| outcome.observed.as_deref().unwrap_or("none")).collect();
    assert_eq!(observed, ["12ms", "90ms", "7", "43", "500", "429000", "none", "none"]);
    let holds: Vec<_> = outcomes.iter().map(|outcome| outcome.holds).collect();
    assert_eq!(holds, [true, false, false, true, true, true, false, false]);
    let of_others = evaluate(&parse("empty=0").unwrap(), &examples::sink());
    assert!(!of_others[0].holds && of_others[0].observed.is_none());
}

#[test]
fn a_figure_is_shown_with_the_digits_that_decide() {
    let mut report = examples::sink();
    report.status.latency.get_mut("payments_sink_publish_to_written_seconds").unwrap().p99 = 0.500_004;
    let outcome = evaluate(&parse("p99<=500ms").unwrap(), &report).remove(0);
    assert_eq!((outcome.observed.as_deref(), outcome.holds), (Some("500.004ms"), false));
}

#[test]
fn errors_name_what_is_wrong_and_what_is_known() {
    for (text, wanted) in [
        ("", "a threshold is empty"),
        ("p99<500ms,", "a threshold is empty"),
        ("p99", "p99: nothing is compared"),
        (
            "dead_leters=0",
            "no figure is named \"dead_leters\"; did you mean dead_letters? Known are p50, p90, p99, max, rate",
        ),
        ("frobs=0", "no figure is named \"frobs\". Known are"),
        (
            "p99(payments_by_dat)<1s",
            "no table or stage is named \"payments_by_dat\"; did you mean payments_by_date?",
        ),
        ("p99(ack<1s", "a parenthesis is not closed"),
        ("rate(ack)>1", "rate is of the whole run"),
        ("p99<500", "p99<500: \"500\" is not a duration"),
        ("rate>many", "\"many\" is not a number"),
        ("rate>-1", "\"-1\" is not a number"),
        ("rate>1e999", "\"1e999\" is not a number"),
        ("memory<1GB", "\"1GB\" is not a size"),
        ("retry_ratio<x%", "\"x%\" is not a part"),
        ("rate!=1", "no figure is named \"rate!\"; did you mean rate?"),
        ("a\u{1b}=1", "a\\u001b=1: "),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(wanted), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,40}", number in "[0-9_.eEkM%]{0,12}") {
        let _ = parse(&text);
        for name in ["p99", "rate", "memory", "retry_ratio", "p99(write)"] {
            if let Ok(thresholds) = parse(&format!("{name}<{number}")) {
                prop_assert_eq!(evaluate(&thresholds, &examples::sink()).len(), 1);
            }
        }
    }

    #[test]
    fn what_is_shown_is_on_the_side_that_it_is_on(seconds in 0.000_1_f64..100.0, near in 0.999_99_f64..1.000_01) {
        let mut report = examples::sink();
        report.status.latency.get_mut("payments_sink_publish_to_written_seconds").unwrap().p99 = seconds * near;
        let outcome = evaluate(&parse(&format!("p99<{seconds}s")).unwrap(), &report).remove(0);
        let shown = service::units::parse_duration(&outcome.observed.unwrap()).unwrap().as_secs_f64();
        prop_assert_eq!(outcome.holds, shown < service::units::parse_duration(&format!("{seconds}s")).unwrap().as_secs_f64());
    }
}
