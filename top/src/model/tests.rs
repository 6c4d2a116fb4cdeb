//! Rates, quantiles and sums, of processes that come, go, begin again and answer nonsense.

use super::fixture::{Fake, TABLES, emulators, endpoints, model, producer, sink};
use super::history::POINTS;
use super::summary::drain;
use super::*;
use monitor::status::State;
use proptest::prelude::*;

#[test]
fn a_rate_is_the_growth_between_two_answers_and_there_is_none_before_the_second() {
    let once = model(1, &[&|second| sink(1, second, 1_000.0)]).snapshot();
    assert_eq!(once.totals.acked, Flow { total: 1_000.0, per_second: None });
    assert_eq!(once.processes[0].cpus, None);
    let mut model = model(1, &[&|second| sink(1, second, 1_000.0)]);
    model.note(0, 3.0, Ok(sink(1, 3.0, 1_000.0).answer()));
    let twice = model.snapshot();
    assert_eq!(twice.totals.acked, Flow { total: 3_000.0, per_second: Some(1_000.0) });
    assert_eq!(twice.totals.rows_by_table[TABLES[1]].per_second, Some(1_000.0));
    assert!((twice.processes[0].cpus.unwrap() - 0.83).abs() < 1e-9);
    assert!((twice.totals.throttled.per_second.unwrap() - 0.12).abs() < 1e-9);
}

#[test]
fn a_process_that_has_started_again_has_no_rate_until_it_has_answered_twice() {
    let mut model = model(5, &[&|second| sink(1, second, 1_000.0)]);
    model.note(0, 6.0, Ok(sink(2, 9.0, 1_000.0).answer()));
    assert_eq!(model.snapshot().totals.acked, Flow { total: 9_000.0, per_second: None });
    assert!(model.snapshot().latency[TABLES[0]].all.since_start);
    model.note(0, 7.0, Ok(sink(2, 10.0, 1_000.0).answer()));
    assert_eq!(model.snapshot().totals.acked.per_second, Some(1_000.0));
}

#[test]
fn a_counter_that_has_begun_again_counts_from_nothing() {
    let mut model = model(5, &[&|second| sink(1, second, 1_000.0)]);
    model.note(0, 6.0, Ok(sink(1, 0.5, 1_000.0).answer()));
    let snapshot = model.snapshot();
    assert_eq!(snapshot.totals.acked, Flow { total: 500.0, per_second: Some(500.0) });
    assert!(!snapshot.latency[TABLES[0]].all.since_start, "its histogram has begun again, too");
}

#[test]
fn a_counter_that_was_not_there_before_has_counted_since() {
    let mut model = model(1, &[&|_| Fake::new("sink", 1).set("payments_sink_x", 1.0).clone()]);
    let mut fake = Fake::new("sink", 1);
    fake.set("payments_sink_rows_unwritten_total{table=\"payments_by_date\",code=\"INTERNAL\"}", 8.0);
    model.note(0, 3.0, Ok(fake.answer()));
    let errors = model.snapshot().errors;
    let wanted = Flow { total: 8.0, per_second: Some(4.0) };
    assert_eq!(errors.rows_unwritten["payments_by_date"]["INTERNAL"], wanted);
    assert_eq!(errors.unwritten_by_code()["INTERNAL"], wanted);
}

#[test]
fn quantiles_are_of_what_came_between_two_answers_and_else_of_everything() {
    let name = "payments_sink_request_seconds";
    let labels = "outcome=\"OK\",table=\"payments_by_date\"";
    let fake = |millis: &[(u64, u64)]| Fake::new("sink", 1).times(name, labels, millis).answer();
    let mut model = Model::new(endpoints(1), false);
    let all = |model: &Model| model.snapshot().latency["payments_by_date"].all;
    model.note(0, 1.0, Ok(fake(&[(5, 1_000)])));
    let first = all(&model);
    assert!(first.since_start && (0.004..=0.006).contains(&first.p50.unwrap()), "{first:?}");
    model.note(0, 2.0, Ok(fake(&[(5, 1_000), (100, 100)])));
    let second = all(&model);
    assert!(!second.since_start && (0.096..=0.128).contains(&second.p50.unwrap()), "{second:?}");
    assert_eq!((second.max, second.calls.per_second), (Some(0.1), Some(100.0)));
    model.note(0, 3.0, Ok(fake(&[(5, 1_000), (100, 100)])));
    let third = all(&model);
    assert!(third.since_start && (0.004..=0.006).contains(&third.p50.unwrap()), "{third:?}");
    assert_eq!(model.snapshot().latency["payments_by_date"].by_outcome["OK"], third);
}

#[test]
fn processes_are_added_up_and_one_that_is_silent_is_not_counted() {
    let mut model = model(
        2,
        &[&|second| sink(1, second, 1_000.0), &|second| sink(2, second, 2_000.0), &|second| {
            producer(3, second, 1_800.0)
        }],
    );
    let both = model.snapshot();
    assert_eq!((both.totals.sinks, both.totals.producers, both.totals.silent), (2, 1, 0));
    assert_eq!(both.totals.acked.per_second, Some(3_000.0));
    assert_eq!(both.totals.confirmed.per_second, Some(1_800.0));
    assert_eq!(both.latency[TABLES[0]].all.calls.per_second, Some(30.0));
    model.note(1, 3.0, Err("connection refused".into()));
    let one = model.snapshot();
    assert_eq!((one.totals.sinks, one.totals.silent), (1, 1));
    assert_eq!(one.totals.acked.per_second, Some(1_000.0));
    let silent = &one.processes[1];
    assert_eq!(
        (silent.no_answer.as_deref(), silent.binary.as_deref()),
        (Some("connection refused"), Some("sink"))
    );
    assert_eq!((silent.messages, silent.state), (None, None));
    model.note(1, 5.0, Ok(sink(2, 5.0, 2_000.0).answer()));
    assert_eq!(model.snapshot().totals.acked.per_second, Some(3_000.0), "over the time it was away");
}

#[test]
fn a_guessed_endpoint_is_shown_once_it_has_answered() {
    let mut guessed = Model::new(endpoints(2), true);
    guessed.note(0, 1.0, Err("refused".into()));
    guessed.note(1, 1.0, Ok(sink(1, 1.0, 1.0).answer()));
    assert_eq!(guessed.snapshot().processes.len(), 1);
    assert_eq!(guessed.snapshot().totals.silent, 0);
    guessed.note(1, 2.0, Err("refused".into()));
    assert_eq!(guessed.snapshot().processes[0].no_answer.as_deref(), Some("refused"));
    assert_eq!(guessed.failure(), Some("refused"));
}

#[test]
fn a_backlog_drains_in_what_is_settled_less_what_is_published() {
    assert_eq!(drain(0.0, Some(1.0), Some(1.0)), Drain::Empty);
    assert_eq!(drain(5.0, None, Some(1.0)), Drain::Unknown);
    assert_eq!(drain(1_000.0, Some(100.0), Some(150.0)), Drain::Draining { drain_seconds: 20.0 });
    assert_eq!(drain(1_000.0, Some(150.0), Some(100.0)), Drain::Growing { messages_per_second: 50.0 });
    assert_eq!(drain(1_000.0, Some(100.0), Some(100.5)), Drain::Steady);
    assert_eq!(drain(1_000.0, Some(0.0), Some(0.0)), Drain::Steady);
}

#[test]
fn a_backlog_that_two_sinks_tell_of_is_one_and_embedded_servers_know_it_better() {
    let two: [&dyn Fn(f64) -> Fake; 2] = [&|second| sink(1, second, 900.0), &|second| sink(2, second, 98.0)];
    let told = model(2, &two).snapshot().backlog.unwrap();
    assert_eq!((told.messages, told.oldest_seconds), (123_456.0, Some(12.0)));
    // Dead letters leave it as well: 998 acked and 4 letters a second.
    let Drain::Draining { drain_seconds } = told.drain else { panic!("{:?}", told.drain) };
    assert!((drain_seconds - 123_456.0 / 1_002.0).abs() < 1e-6, "{drain_seconds}");
    let with_server = model(2, &[two[0], two[1], &|second| emulators(3, second, 500.0)]).snapshot();
    let known = with_server.backlog.unwrap();
    assert_eq!((known.messages, known.oldest_seconds), (500.0, Some(3.0)), "without the dead letters'");
    assert!(
        matches!(known.drain, Drain::Growing { .. }),
        "what comes is known from the topic: {:?}",
        known.drain
    );
    let server_alone = model(2, &[&|second| emulators(3, second, 500.0)]).snapshot();
    assert_eq!(server_alone.backlog.map(|backlog| backlog.messages), Some(500.0));
    assert_eq!(model(2, &[&|second| producer(3, second, 5.0)]).snapshot().backlog, None);
}

#[test]
fn the_history_is_bounded() {
    let history = model(POINTS as u32 + 30, &[&|second| sink(1, second, 10.0)]).history().clone();
    assert_eq!(history.acked.values(), vec![Some(10.0); POINTS]);
    assert_eq!(
        model(3, &[&|second| sink(1, second, 10.0)]).history().rows.values(),
        [None, Some(30.0), Some(30.0)]
    );
}

#[test]
fn a_state_and_its_reason_are_told_without_what_acts_on_a_terminal() {
    let mut fake = sink(1, 1.0, 1.0);
    fake.status.state = State::Unready;
    fake.status.reason = Some("a\u{1b}[2Jb\u{202e}".into());
    let mut model = Model::new(endpoints(1), false);
    model.note(
        0,
        1.0,
        Ok(fake.set("payments_sink_rows_retried_total{table=\"t\",code=\"\u{202e}\"}", 1.0).answer()),
    );
    let snapshot = model.snapshot();
    assert_eq!(snapshot.processes[0].reason.as_deref(), Some("a\\u001b[2Jb\\u202e"));
    assert!(snapshot.processes[0].is_troubled());
    assert!(!serde_json::to_string(&snapshot).unwrap().contains('\u{202e}'));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn whatever_a_page_says_figures_are_numbers(
        values in prop::collection::vec(prop::sample::select(vec!["NaN", "-1", "1e308", "+Inf", "-inf", "0", "7"]), 40)
    ) {
        let mut values = values.into_iter().cycle();
        let mut spoilt = || {
            let fake = sink(1, 1.0, 300.0);
            let names = fake.text.lines().filter_map(|line| line.rsplit_once(' '));
            let lines: Vec<_> = names.map(|(name, _)| format!("{name} {}", values.next().unwrap())).collect();
            Answer::new(fake.status.clone(), &lines.join("\n"))
        };
        let mut model = Model::new(endpoints(1), false);
        for second in 1..4 {
            model.note(0, f64::from(second), Ok(spoilt()));
            model.tick();
        }
        let json = serde_json::to_value(model.snapshot()).unwrap();
        prop_assert!(json["totals"]["acked"]["total"].as_f64().unwrap() >= 0.0);
        for table in model.snapshot().latency.values() {
            prop_assert!(table.all.p99.is_none_or(|p99| p99.is_finite() && p99 >= 0.0));
        }
    }
}
