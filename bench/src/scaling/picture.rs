//! Small multiples: a row for each scenario, a column for each policy; the first seed's ages and sinks.

use super::Runs;
use super::policy::Policy;
use super::run::Outcome;
use super::scenario::Scenario;
use std::fmt::Write;

const LEFT: f64 = 168.0;
const TOP: f64 = 108.0;
const WIDE: f64 = 150.0;
const GAP: f64 = 14.0;
/// A row: ages above, sinks below.
const AGES: f64 = 44.0;
const SINKS: f64 = 40.0;
const BETWEEN: f64 = 6.0;
const ROW: f64 = AGES + BETWEEN + SINKS + 22.0;
/// Points of a line.
const POINTS: usize = 150;

/// Dark or light as the reader has it. No variables: not every program that shows SVG knows them.
fn styles() -> String {
    let rules = |[ground, panel, text, muted, age, sinks, needed]: [&str; 7]| {
        format!(
            ".ground{{fill:{ground}}}.panel{{fill:{panel}}}.words{{fill:{text}}}.small{{fill:{muted}}}\
             .age{{stroke:{age}}}.sinks{{stroke:{sinks}}}\
             .needed{{fill:{needed}}}.late{{fill:{age}}}.many{{fill:{sinks}}}"
        )
    };
    let light = rules(["#fff", "#eef1f4", "#1b2026", "#5a6672", "#c2570c", "#2a6fdb", "#cdd5dd"]);
    let dark = rules(["#12161b", "#1d232a", "#e6eaee", "#9aa5b1", "#ff9d5c", "#6ea8fe", "#3c4752"]);
    format!(
        "text{{font:12px system-ui,sans-serif}}.name{{font-weight:600;font-size:13px}}\
         .head{{font-size:11px}}.title{{font-weight:600;font-size:16px}}.age,.sinks{{fill:none;stroke-width:1.6;stroke-linejoin:round}}\
         {light}\n@media (prefers-color-scheme:dark){{{dark}}}"
    )
}

pub fn svg(scenarios: &[Scenario], policies: &[Policy], runs: &[Vec<Runs>], rate: u64) -> String {
    let drawn: Vec<usize> = (0..policies.len()).filter(|at| policies[*at].is_drawn).collect();
    let width = LEFT + drawn.len() as f64 * (WIDE + GAP);
    let height = TOP + scenarios.len() as f64 * ROW;
    let mut body = String::new();
    text(&mut body, "words title", 12.0, 24.0, "How many sinks, and how old the oldest payment gets");
    legend(&mut body);
    for (column, at) in drawn.iter().enumerate() {
        let x = LEFT + column as f64 * (WIDE + GAP);
        let (platform, signals) = policies[*at].name.split_once(", ").unwrap_or((policies[*at].name, ""));
        text(&mut body, "words name", x, TOP - 38.0, platform);
        // Two of them fit into a line.
        let cut = signals.match_indices(" + ").nth(1).map_or(signals.len(), |(at, _)| at);
        text(&mut body, "small head", x, TOP - 23.0, &signals[..cut]);
        text(&mut body, "small head", x, TOP - 8.0, signals[cut..].trim_start());
    }
    for (row, (scenario, runs)) in scenarios.iter().zip(runs).enumerate() {
        let y = TOP + row as f64 * ROW;
        let outcomes: Vec<&Outcome> = drawn.iter().filter_map(|at| runs[*at].first()).collect();
        let oldest = outcomes.iter().map(|outcome| outcome.oldest).max().unwrap_or(0).max(1);
        let most = outcomes.iter().map(|outcome| outcome.most_sinks).max().unwrap_or(0).max(1);
        let (name, detail) = scenario.name.split_once(", ").unwrap_or((scenario.name, ""));
        text(&mut body, "words name", 12.0, y + 12.0, name);
        text(&mut body, "words", 12.0, y + 28.0, detail);
        text(&mut body, "small", 12.0, y + 46.0, &format!("up to {oldest} s,"));
        text(
            &mut body,
            "small",
            12.0,
            y + 61.0,
            &format!("{most} {},", if most == 1 { "sink" } else { "sinks" }),
        );
        text(&mut body, "small", 12.0, y + 76.0, &format!("{} min", scenario.seconds / 60));
        let needed = needed(scenario, rate, most as f64);
        let _ = writeln!(body, "<defs><path id=\"needed{row}\" class=\"needed\" d=\"{needed}\"/></defs>");
        for (column, outcome) in outcomes.iter().enumerate() {
            let x = LEFT + column as f64 * (WIDE + GAP);
            let _ = writeln!(
                body,
                "<g transform=\"translate({x},{y})\"><rect class=\"panel\" width=\"{WIDE}\" height=\"{AGES}\"/>\
                 <rect class=\"panel\" y=\"{}\" width=\"{WIDE}\" height=\"{SINKS}\"/><use href=\"#needed{row}\"/>\
                 <polyline class=\"age\" points=\"{}\"/><path class=\"sinks\" d=\"{}\"/></g>",
                AGES + BETWEEN,
                ages(outcome, f64::from(oldest)),
                steps(outcome, most as f64),
            );
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\">\n\
         <title>Autoscaling of the sink, simulated</title>\n<style>{}</style>\n\
         <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n{body}</svg>\n",
        styles()
    )
}

fn text(out: &mut String, class: &str, x: f64, y: f64, words: &str) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{words}</text>");
}

fn legend(out: &mut String) {
    let keys = [
        ("late", "age of the oldest payment"),
        ("many", "sinks"),
        ("needed", "sinks that what is published needs"),
    ];
    let mut x = 12.0;
    for (class, words) in keys {
        let _ = writeln!(out, "<rect class=\"{class}\" x=\"{x}\" y=\"37\" width=\"14\" height=\"6\"/>");
        text(out, "small", x + 20.0, 45.0, words);
        x += 40.0 + words.len() as f64 * 6.2;
    }
    text(out, "small", x, 45.0, "simulated, one run each, down window 120 s; each row has its own scales");
}

fn place(at: usize, of: usize) -> f64 {
    (WIDE * at as f64 / of as f64 * 10.0).round() / 10.0
}

fn sinks_at(sinks: f64, most: f64) -> f64 {
    let part = (sinks / most).min(1.0);
    ((AGES + BETWEEN + SINKS * (1.0 - part)) * 10.0).round() / 10.0
}

/// The highest age of each span: none is left out.
fn ages(outcome: &Outcome, oldest: f64) -> String {
    let seconds = outcome.trace.len();
    let spans = outcome.trace.chunks(seconds.div_ceil(POINTS).max(1));
    let (mut points, mut at) = (String::new(), 0);
    for span in spans {
        let age = span.iter().map(|(age, _)| *age).max().unwrap_or(0);
        let y = (AGES * (1.0 - f64::from(age) / oldest) * 10.0).round() / 10.0;
        let _ = write!(points, "{},{y} ", place(at, seconds));
        at += span.len();
    }
    points
}

fn steps(outcome: &Outcome, most: f64) -> String {
    let (mut path, mut last) = (String::new(), None);
    for (at, (_, sinks)) in outcome.trace.iter().enumerate() {
        if last != Some(*sinks) {
            let (x, y) = (place(at, outcome.trace.len()), sinks_at(*sinks as f64, most));
            let _ = if last.is_none() { write!(path, "M{x} {y}") } else { write!(path, "H{x}V{y}") };
            last = Some(*sinks);
        }
    }
    let _ = write!(path, "H{WIDE}");
    path
}

fn needed(scenario: &Scenario, rate: u64, most: f64) -> String {
    let seconds = scenario.seconds as usize;
    let mut path = format!("M0 {}", sinks_at(0.0, most));
    for at in (0..seconds).step_by(seconds.div_ceil(POINTS)) {
        let sinks = scenario.published(at as u32, rate) as f64 / rate as f64;
        let _ = write!(path, "L{} {}", place(at, seconds), sinks_at(sinks, most));
    }
    let _ = write!(path, "L{WIDE} {}Z", sinks_at(0.0, most));
    path
}

#[cfg(test)]
mod tests {
    use super::super::run::{NOISE, run};
    use super::*;

    #[test]
    fn each_drawn_policy_has_a_panel_a_scenario_and_no_number_breaks_it() {
        let (scenarios, policies) = (&Scenario::all()[..1], Policy::all());
        let runs: Vec<Runs> =
            policies.iter().map(|policy| vec![run(&scenarios[0], policy, 60_000, NOISE, 1)]).collect();
        let svg = svg(scenarios, &policies, &[runs], 60_000);
        let drawn = policies.iter().filter(|policy| policy.is_drawn).count();
        assert_eq!(svg.matches("<polyline").count(), drawn);
        assert!(drawn >= 4 && !svg.contains("NaN") && !svg.contains("inf"), "{drawn}");
        assert!(svg.len() < 22_000, "{}", svg.len());
    }
}
