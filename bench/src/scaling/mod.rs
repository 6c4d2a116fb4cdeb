//! Autoscaling of the sink, simulated: policies against scenarios, with everything else equal.
//!
//! - [`scenario`]: what is published, what goes wrong, the least it could cost. [`policy`]: who decides by what.
//! - [`mod@run`]: the seconds of a run; [`sinks`]: what sinks do in one and know of themselves; [`hpa`]: the rules.
//! - [`table`], [`picture`]: what is shown.

mod hpa;
mod picture;
mod policy;
mod random;
mod run;
mod scenario;
mod sinks;
mod table;

use crate::options::Scaling;
use anyhow::Context;
use policy::Policy;
use run::{NOISE, Outcome};
use scenario::Scenario;

/// A policy's runs in a scenario, one a seed.
type Runs = Vec<Outcome>;

pub fn run(args: &Scaling) -> anyhow::Result<()> {
    let (scenarios, policies) = (Scenario::all(), Policy::all());
    let runs: Vec<Vec<Runs>> = scenarios
        .iter()
        .map(|scenario| {
            let by = |policy| {
                (1..=args.seeds)
                    .map(|seed| run::run(scenario, policy, args.rate, NOISE, seed.into()))
                    .collect()
            };
            policies.iter().map(by).collect()
        })
        .collect();
    print!("{}", table::markdown(&scenarios, &policies, &runs, args.rate));
    if let Some(file) = &args.svg {
        let svg = picture::svg(&scenarios, &policies, &runs, args.rate);
        std::fs::write(file, svg).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
