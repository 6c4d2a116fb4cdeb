//! The views at two sizes: every figure is there, whole, and where its heading says.

use super::*;
use crate::model::Model;
use crate::model::fixture::{Fake, emulators, endpoints, model, producer, sink};
use monitor::status::State;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

fn drawn(model: &Model, choice: &Choice, (width, height): (u16, u16), is_coloured: bool) -> Buffer {
    let (snapshot, asked) = (model.snapshot(), ["127.0.0.1:9464".to_owned(), "10.0.0.1:80".to_owned()]);
    let look = Look {
        snapshot: &snapshot,
        history: model.history(),
        choice,
        every: Duration::from_secs(1),
        theme: Theme { is_coloured },
        asked: &asked,
        failure: model.failure(),
    };
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame.area(), frame.buffer_mut(), &look)).unwrap();
    terminal.backend().buffer().clone()
}

fn text_of(buffer: &Buffer) -> String {
    let rows = buffer.content().chunks(usize::from(buffer.area.width));
    let lines = rows.map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>());
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn text(model: &Model, view: View, size: (u16, u16)) -> String {
    text_of(&drawn(model, &Choice { view, ..Choice::default() }, size, true))
}

fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is missing:\n{text}");
    }
}

fn whole() -> Model {
    model(
        5,
        &[
            &|second| producer(1, second, 25_000.0),
            &|second| sink(2, second, 15_000.0),
            &|second| sink(3, second, 15_100.0),
            &|second| emulators(4, second, 75_200.0),
        ],
    )
}

#[test]
fn the_overview_has_every_figure_at_both_sizes() {
    for size in SIZES {
        let text = text(&whole(), View::Overview, size);
        has(&text, &["producer", "subscription", "2 sinks", " 25.0k ", "30.1k─> customer", "30.1k─> date"]);
        has(&text, &["30.1k─> transaction", "75.2k msgs", "3 s", "14.7 s", "rows/s", "msgs/s", "8.20k"]);
        has(&text, &["25.0k msgs/s", "30.1k msgs/s", "90.3k rows/s", "█", "last"]);
        has(
            &text,
            &["240 rows/s UNAVAILABLE", "6 rows/s DEADLINE_EXCEEDED", "0.24 s/s", "limit 600 calls/s"],
        );
        has(&text, &["4 msgs/s 20 letters so far", "21 % 424 MiB of 2.00 GiB"]);
        has(
            &text,
            &["publish → pulled", "wait in pane", "write", "ack", "publish → written", "100 rows a call"],
        );
        has(&text, &["p50", "p99", "10.2 ms", "46.4 ms"]);
        for port in 9_464..9_468 {
            has(&text, &[&format!("127.0.0.1:{port}")]);
        }
        has(&text, &["ready", "83 %", "212 MiB", "62.1 min", "15.1k  45.3k", "q quit", "4 processes"]);
    }
    has(
        &text(&whole(), View::Overview, (200, 50)),
        &["p90", "max ever", "  OK", "redelivered", "pid", "busy"],
    );
}

#[test]
fn columns_stand_below_their_headings() {
    for size in SIZES {
        let text = text(&whole(), View::Processes, size);
        let line = |part: &str| text.lines().find(|line| line.contains(part)).unwrap();
        let ends = |line: &str, part: &str| columns(&line[..line.find(part).unwrap()]) + columns(part);
        let (head, row) = (line("address"), line("127.0.0.1:9465"));
        for (name, value) in [
            ("up", "62.1 min"),
            ("CPU", "83 %"),
            ("RSS", "212 MiB"),
            ("msgs/s", "15.0k"),
            ("rows/s", "45.0k"),
        ] {
            assert_eq!(ends(head, name), ends(row, value), "{name}\n{head}\n{row}");
        }
        assert_eq!(head.find("process"), row.find("sink"));
        let text = self::text(&whole(), View::Latency, size);
        let head = text.lines().find(|line| line.contains("p50")).unwrap();
        let row = text.lines().find(|line| line.contains("customer")).unwrap();
        let end = |line: &str, at: usize| {
            let units: Vec<_> =
                line.match_indices(" ms").map(|(found, unit)| columns(&line[..found + unit.len()])).collect();
            units[at]
        };
        for (at, name) in ["p50", "p90", "p99", "max ever"].into_iter().enumerate() {
            // The mark has a column of its own behind the first three, which their headings leave free.
            assert_eq!(ends(head, name), end(row, at), "{name}\n{head}\n{row}");
        }
    }
}

#[test]
fn without_processes_it_says_what_was_asked_and_what_to_do() {
    let mut nobody = Model::new(endpoints(2), true);
    nobody.note(0, 1.0, Err("connection refused".into()));
    for size in SIZES {
        let text = text(&nobody, View::Overview, size);
        has(
            &text,
            &[
                "No process answers yet",
                "127.0.0.1:9464",
                "10.0.0.1:80",
                "connection refused",
                "--http",
                "q quit",
            ],
        );
    }
}

#[test]
fn one_sink_alone_shows_what_is_not_known_as_such() {
    for size in SIZES {
        let text = text(&model(1, &[&|second| sink(1, second, 300.0)]), View::Overview, size);
        has(
            &text,
            &["not seen", "sink", "1 process,", "123k msgs", "12 s", "* since start", "publish → pulled"],
        );
        let arrow = text.lines().find(|line| line.contains("customer")).unwrap();
        assert!(arrow.contains("──-─> customer"), "{arrow}");
        let bare =
            model(2, &[&|_| Fake::new("sink", 1).set("payments_sink_messages_acked_total", 0.0).clone()]);
        has(
            &self::text(&bare, View::Overview, size),
            &["not known", "no calls yet", "no message has been", "0 rows/s"],
        );
        has(&self::text(&bare, View::Latency, size), &["no calls yet", "no message has been"]);
        has(&self::text(&bare, View::Errors, size), &["nothing since the start"]);
    }
}

#[test]
fn figures_of_any_size_stay_whole() {
    let huge = |second: f64| {
        let mut fake = sink(2, second, 1e12);
        fake.status.uptime_seconds = 1e12;
        fake.set("payments_sink_backlog_messages", 1e15).set("process_cpu_seconds_total", second * 1e6);
        fake.set(
            "payments_sink_rows_retried_total{table=\"payments_by_date\",code=\"RESOURCE_EXHAUSTED\"}",
            second * 9e12,
        );
        fake.set("payments_sink_memory_budget_bytes", 9e18);
        fake
    };
    for size in SIZES {
        let model = model(3, &[&|second| producer(1, second, 1e12), &huge]);
        let text = text(&model, View::Overview, size);
        has(
            &text,
            &[
                "1.00T─> customer",
                " 1.00T ",
                "3.00T rows/s",
                "1.00P msgs",
                "1.00T msgs/s",
                "9.00T rows/s RESOURCE_EXHAUSTED",
            ],
        );
        has(&text, &["100M %", "11.6M d", "1.00T  3.00T", "7.81 EiB"]);
        has(&self::text(&model, View::Errors, size), &["9.00T rows/s", "27.0T rows"]);
        has(
            &self::text(&model, View::Processes, size),
            &["100M %", "11.6M d", "1.00T  3.00T", "RSS msgs/s rows/s"],
        );
    }
}

#[test]
fn who_is_not_ready_or_silent_is_told_with_the_reason() {
    let reason = "payments_by_date has not answered for 12 s (UNAVAILABLE: connection refused), nothing is acked meanwhile";
    let unready = |second| {
        let mut fake = sink(2, second, 1_000.0);
        (fake.status.state, fake.status.reason) = (State::Unready, Some(reason.to_owned()));
        fake
    };
    let mut model =
        model(3, &[&|second| producer(1, second, 1_000.0), &unready, &|second| sink(3, second, 1.0)]);
    model.note(2, 4.0, Err("nothing came within 2 s".into()));
    for size in SIZES {
        let text = text(&model, View::Overview, size);
        has(
            &text,
            &[
                "1 unready",
                "1 silent",
                "unready",
                "payments_by_date has not answered for 12 s",
                "no answer: nothing came within 2 s",
            ],
        );
        let text = self::text(&model, View::Processes, size);
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        has(&words, &[reason, "no answer: nothing came within 2 s"]);
    }
}

#[test]
fn where_not_all_processes_fit_those_in_trouble_are_shown_and_the_others_counted() {
    let sinks: Vec<Box<dyn Fn(f64) -> Fake>> =
        (0..30).map(|pid| Box::new(move |second| sink(pid, second, 10.0)) as Box<_>).collect();
    let mut many = model(2, &sinks.iter().map(|sink| &**sink as &dyn Fn(f64) -> Fake).collect::<Vec<_>>());
    many.note(29, 3.0, Err("connection refused".into()));
    let overview = text(&many, View::Overview, (80, 24));
    has(&overview, &["no answer: connection refused", "and 26 more: press 3", "30 processes", "1 silent"]);
    let processes = text(&many, View::Processes, (80, 24));
    has(&processes, &["lines 1 to 21 of 60: up, down", "127.0.0.1:9464"]);
    let choice = Choice { view: View::Processes, scroll: 1_000, ..Choice::default() };
    has(
        &text_of(&drawn(&many, &choice, (80, 24), true)),
        &["lines 40 to 60 of 60", "127.0.0.1:9493", "q quit"],
    );
}

#[test]
fn more_codes_than_fit_are_counted() {
    let sick = |second: f64| {
        let mut fake = sink(1, second, 10.0);
        for code in ["ABORTED", "INTERNAL", "UNKNOWN"] {
            fake.set(
                &format!("payments_sink_rows_retried_total{{table=\"payments_by_date\",code=\"{code}\"}}"),
                second,
            );
        }
        fake.set(
            "payments_sink_rows_unwritten_total{table=\"payments_by_date\",code=\"INVALID_ARGUMENT\"}",
            second,
        );
        fake
    };
    let model = model(2, &[&sick]);
    has(
        &text(&model, View::Overview, (80, 24)),
        &["given up", "1 rows/s INVALID_ARGUMENT", "and 5 codes more: press 4", "212 MiB of"],
    );
    has(
        &text(&model, View::Errors, (80, 24)),
        &["INVALID_ARGUMENT", "ABORTED", "INTERNAL", "UNKNOWN", "given up"],
    );
}

#[test]
fn no_line_is_drawn_over_another_and_headings_end_at_the_edge() {
    let whole = whole();
    for (width, height) in
        [(80, 20), (80, 24), (81, 25), (109, 24), (125, 30), (126, 31), (160, 40), (200, 50), (300, 100)]
    {
        for view in View::ALL {
            let text = text(&whole, view, (width, height));
            let lines: Vec<_> = text.lines().collect();
            assert!(lines[0].starts_with(" payments top") && lines[0].contains("asked every 1 s"), "{text}");
            assert!(lines[usize::from(height) - 1].ends_with("q quit"), "{text}");
            if view == View::Overview {
                for line in &lines[2..5] {
                    assert_eq!(line.matches('│').count(), 6, "{width}x{height}\n{text}");
                }
                has(
                    &text,
                    &["30.1k─> transaction", "DEADLINE_EXCEEDED", "publish → written", "process ─ address"],
                );
                assert!(width < 126 || text.contains(" pid\n"), "{text}");
            }
        }
    }
}

#[test]
fn a_screen_that_is_too_small_says_what_is_needed() {
    for size in [(79, 24), (80, 19), (20, 3), (1, 1)] {
        let text = text(&whole(), View::Overview, size);
        assert!(size.0 < 20 || text.contains("is too small"), "{text}");
    }
}

#[test]
fn colours_are_the_terminals_own_and_none_where_they_are_not_wanted() {
    let mut model = whole();
    model.note(1, 30.0, Err("gone".into()));
    for view in View::ALL {
        let choice = Choice { view, ..Choice::default() };
        let plain = drawn(&model, &choice, (80, 24), false);
        assert!(plain.content().iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
        assert!(plain.content().iter().any(|cell| cell.modifier.contains(Modifier::BOLD)));
        let coloured = drawn(&model, &choice, (80, 24), true);
        assert!(
            coloured.content().iter().all(|cell| cell.bg == Color::Reset),
            "backgrounds are the terminal's"
        );
        assert_eq!(text_of(&plain), text_of(&coloured), "no meaning is in a colour alone");
    }
}

#[test]
fn the_help_and_a_pause_are_told() {
    let (model, mut choice) = (whole(), Choice { is_helping: true, ..Choice::default() });
    let text = text_of(&drawn(&model, &choice, (80, 24), true));
    has(&text, &["Keys and words", "p Space", "q Esc", "Any key closes this."]);
    choice = Choice { paused: Some((model.snapshot(), model.history().clone())), ..Choice::default() };
    has(&text_of(&drawn(&model, &choice, (80, 24), true)), &["PAUSED", "p resume", "q quit"]);
}
