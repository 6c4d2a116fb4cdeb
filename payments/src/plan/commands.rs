//! What to type for a planned load.

use super::model::{Load, Plan, Storage};
use super::options::Args;
use producer::{Customers, Generation};
use std::fmt::Display;

/// Shell commands, in their order. Names of projects and instances are for the reader to fill in.
pub fn of(args: &Args, plan: &Plan) -> Vec<String> {
    let (flags, nodes) = (args.generation.flags(), plan.nodes());
    let mut commands = Vec::new();
    if let Some(seconds) = plan.seconds {
        let within = if args.within.is_some() { format!(" --within {seconds:.0}s") } else { String::new() };
        let storage = if plan.storage == Storage::Hdd { " --storage hdd" } else { "" };
        commands.push(format!(
            "payments plan{flags}{within}{storage} --format json | \
             jq '{{ nodes: {{ min: .nodes, max: .nodes }}, split_keys: .splitKeys }}' > deploy/terraform/load.tfvars.json"
        ));
    }
    let variables = if plan.seconds.is_some() { " -var-file=load.tfvars.json" } else { "" };
    commands.push(format!(
        "terraform -chdir=deploy/terraform apply -var-file=prod.tfvars{variables} -var project=PROJECT"
    ));
    if plan.payments.is_some() {
        commands.push(format!("payments setup --project PROJECT --split auto --nodes {nodes}{flags}"));
    } else {
        commands.push("payments setup --project PROJECT".to_owned());
    }
    commands.push(each(plan.sinks, "sink --project PROJECT"));
    if let Ok(Load::Rate { payments_per_second }) = args.load() {
        let rate = payments_per_second.ceil();
        commands.push(format!("producer trickle --project PROJECT --rate {rate}/s{}", of_trickle(args)));
        return commands;
    }
    let shards = if plan.producers > 1 {
        format!(" --shard $SHARD/{} --checkpoint shard-$SHARD.json", plan.producers)
    } else {
        " --checkpoint load.json".to_owned()
    };
    commands.push(each(plan.producers, format!("producer --project PROJECT{flags}{shards}")));
    commands.push(format!("payments verify --project PROJECT{flags}"));
    commands
}

/// A trickle has neither a number of payments nor days nor frauds.
fn of_trickle(args: &Args) -> String {
    let usual = Generation::default();
    Generation {
        num_records: usual.num_records,
        start_date: usual.start_date,
        end_date: usual.end_date,
        anomaly_rate: usual.anomaly_rate,
        // What auto comes to: a trickle has no records for it to fit.
        num_customers: args
            .generation
            .config()
            .map_or(args.generation.num_customers, |config| Customers::Count(config.num_customers)),
        ..args.generation.clone()
    }
    .flags()
}

fn each(count: u64, command: impl Display) -> String {
    if count > 1 { format!("{command}    # {count} of these") } else { command.to_string() }
}
