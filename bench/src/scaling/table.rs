//! Tables as markdown: medians, and the range of all seeds.

use super::Runs;
use super::policy::Policy;
use super::run::Outcome;
use super::scenario::Scenario;
use std::fmt::Write;

/// A table for each scenario.
pub fn markdown(scenarios: &[Scenario], policies: &[Policy], runs: &[Vec<Runs>], rate: u64) -> String {
    let mut out = String::new();
    for (scenario, runs) in scenarios.iter().zip(runs) {
        let ideal = scenario.ideal(rate);
        let _ = writeln!(
            out,
            "## {}\n\nThe ideal takes {ideal:.0} sink-seconds, with {} turns.\n\n\
             | policy | down window, s | oldest payment, s | fresh again after, s | sink-seconds / ideal | \
             most sinks | turns | seconds with a backlog and none |\n|---|---|---|---|---|---|---|---|",
            scenario.name, scenario.turns
        );
        for (policy, runs) in policies.iter().zip(runs) {
            let of = |figure: &dyn Fn(&Outcome) -> f64, digits: usize| spread(runs, figure, digits);
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                policy.name,
                policy.down_window,
                of(&|run| f64::from(run.oldest), 0),
                of(&|run| run.drained.map_or(f64::INFINITY, f64::from), 0),
                of(&|run| run.sink_seconds / ideal, 2),
                of(&|run| run.most_sinks as f64, 0),
                of(&|run| f64::from(run.turns), 0),
                of(&|run| f64::from(run.none), 0),
            );
        }
        out.push('\n');
    }
    out
}

/// The median and, unless all are the same, the least and the most.
fn spread(runs: &[Outcome], figure: &dyn Fn(&Outcome) -> f64, digits: usize) -> String {
    let mut figures: Vec<f64> = runs.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    let show = |value: f64| if value.is_finite() { format!("{value:.digits$}") } else { "never".to_owned() };
    let [Some(least), Some(most)] = [figures.first(), figures.last()] else { return String::new() };
    // An even number's two in the middle may be infinite: no mean of them.
    let (least, median, most) = (show(*least), show(figures[(figures.len() - 1) / 2]), show(*most));
    if least == most { median } else { format!("{median} ({least}-{most})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_stands_with_its_range_and_what_never_came_is_said() {
        let run = |drained| Outcome { drained, ..Outcome::default() };
        let drained = |run: &Outcome| run.drained.map_or(f64::INFINITY, f64::from);
        let show =
            |runs: &[Option<u32>]| spread(&runs.iter().copied().map(run).collect::<Vec<_>>(), &drained, 0);
        assert_eq!(show(&[Some(9), Some(1), Some(4)]), "4 (1-9)");
        assert_eq!(show(&[Some(2), Some(2)]), "2");
        assert_eq!(show(&[None, Some(2), None]), "never (2-never)");
        assert_eq!(show(&[]), "");
    }
}
