//! The arithmetic of a plan. Pure: sizes and a load in, figures and warnings out.

use super::sample::{Sizes, kept_days};
use indicatif::HumanCount;
use schemas::layout::Family;

pub const NODE_ROW_BYTES: f64 = 1_000.0;
/// For low latency Google advises to plan for twice the rate, so that CPUs are half idle.
pub const HEADROOM: f64 = 2.0;
/// Tablets move to new nodes, and nodes help, within so long at the most.
pub const SPREADING_SECS: f64 = 20.0 * 60.0;
/// The smallest publish quota that a region has by default.
pub const PUBLISH_QUOTA_BYTES_PER_SECOND: f64 = 200e6;
/// The rate of one streaming pull.
pub const STREAM_BYTES_PER_SECOND: f64 = 10e6;
/// CPU seconds for a million payments of 48 cells a row: `bench -- sink` and `bench -- producer`.
pub const SINK_CPU_SECS: f64 = 14.6;
pub const PRODUCER_CPU_SECS: f64 = 2.8;
/// Days that the subscription keeps acked messages.
pub const MESSAGE_DAYS: f64 = 7.0;

const TABLES: f64 = 3.0;
const DAY_SECS: f64 = 86_400.0;
const HOURS_PER_MONTH: f64 = 730.0;

/// What a cluster's nodes store on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Storage {
    #[default]
    Ssd,
    Hdd,
}

impl Storage {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ssd => "SSD",
            Self::Hdd => "HDD",
        }
    }

    /// Writes a second that a node takes, of rows of [`NODE_ROW_BYTES`].
    pub fn node_rows_per_second(self) -> f64 {
        match self {
            Self::Ssd => 14_000.0,
            Self::Hdd => 10_000.0,
        }
    }

    /// What a node stores.
    pub fn node_bytes(self) -> f64 {
        match self {
            Self::Ssd => 5e12,
            Self::Hdd => 16e12,
        }
    }
}

/// The load to plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// This many payments, within this many seconds.
    Within { payments: f64, seconds: f64 },
    /// This many payments, as fast as this many nodes take them.
    AsFastAs { payments: f64, nodes: f64 },
    /// This many payments a second, for ever.
    Rate { payments_per_second: f64 },
}

/// Prices from the command line; none is assumed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Prices {
    pub node_hour: Option<f64>,
    pub gb_month: Option<f64>,
    pub tib_published: Option<f64>,
}

/// The resources that a load needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub payments_per_second: f64,
    /// `None` for a load without an end.
    pub payments: Option<f64>,
    pub seconds: Option<f64>,
    pub published_bytes: Option<f64>,
    pub published_bytes_per_second: f64,
    /// Messages that the subscription keeps for a replay, in the steady state.
    pub retained_message_bytes: f64,
    pub rows_per_second: f64,
    pub node_rows_per_second: f64,
    pub storage: Storage,
    /// Nodes that the instance has, where that was said.
    pub given_nodes: Option<u64>,
    pub nodes_for_writes: u64,
    pub nodes_for_storage: u64,
    /// Longest time that a load into new tables takes longer if they are not split before.
    pub lost_without_splits_secs: Option<f64>,
    pub sinks: u64,
    pub producers: u64,
    pub streams: u64,
    /// Stored bytes, by days after the start.
    pub stored: Vec<(u32, f64)>,
    /// Payments whose row key another one is likely to have, if they come from more than one run; by a load without an
    /// end in a day.
    pub key_collisions: f64,
    pub costs: Vec<(&'static str, f64)>,
    /// Limits that the load breaks.
    pub breached: Vec<String>,
    /// Remarks that break no limit.
    pub notes: Vec<String>,
}

impl Plan {
    pub fn nodes(&self) -> u64 {
        self.nodes_for_writes.max(self.nodes_for_storage)
    }

    /// Nodes with half of their CPU idle.
    pub fn nodes_with_headroom(&self) -> u64 {
        whole(self.rows_per_second / self.node_rows_per_second * HEADROOM).max(self.nodes_for_storage)
    }
}

/// Rows of this size that a node writes a second: above the documented size, fewer in proportion.
pub fn node_rows_per_second(storage: Storage, row_bytes: f64) -> f64 {
    storage.node_rows_per_second() * (NODE_ROW_BYTES / row_bytes).min(1.0)
}

/// A new table is served by one node until it has split and its tablets have moved: until then each table takes what one
/// node takes, and so many payments a second come in. Time that this costs at the most.
fn lost_without_splits(load: Load, rate: f64, node_rows: f64) -> Option<f64> {
    let (Load::Within { payments, .. } | Load::AsFastAs { payments, .. }) = load else { return None };
    let slow = rate.min(node_rows);
    let spreading = SPREADING_SECS.min(payments / slow);
    Some((spreading * (1.0 - slow / rate)).max(0.0))
}

/// Stored bytes this many days after the start, before compression. Cells age from their messages' publish time.
pub fn stored_bytes(sizes: &Sizes, load: Load, days: f64, deleted_after: Option<f64>) -> f64 {
    let families = Family::ALL.iter().zip(&sizes.family_bytes);
    let of_family =
        |(family, bytes): (&Family, &f64)| rows_kept(load, days, kept_days(*family, deleted_after)) * bytes;
    let longest = Family::ALL.iter().map(|family| kept_days(*family, deleted_after)).fold(0.0, f64::max);
    families.map(of_family).sum::<f64>() + rows_kept(load, days, longest) * sizes.key_bytes
}

/// Rows of all three tables published within the last `kept` of `days` days.
fn rows_kept(load: Load, days: f64, kept: f64) -> f64 {
    match load {
        Load::Rate { payments_per_second } => TABLES * payments_per_second * DAY_SECS * days.min(kept),
        Load::Within { payments, .. } | Load::AsFastAs { payments, .. } if days < kept => TABLES * payments,
        Load::Within { .. } | Load::AsFastAs { .. } => 0.0,
    }
}

/// Pairs of payments with one key; where these are many, payments that are not the first with theirs.
fn collisions(payments: f64, probability: f64) -> f64 {
    (payments * payments / 2.0 * probability).min(payments)
}

/// The next whole number; a hair's breadth above one is that one, as sums of fractions are.
fn whole(count: f64) -> u64 {
    (count - 1e-9 * count).ceil().max(1.0) as u64
}

pub fn plan(
    sizes: &Sizes,
    load: Load,
    storage: Storage,
    deleted_after: Option<f64>,
    cpus: f64,
    prices: Prices,
) -> Plan {
    let node_rows = node_rows_per_second(storage, sizes.mutation_bytes);
    let (payments, rate) = match load {
        Load::Within { payments, seconds } => (Some(payments), payments / seconds),
        Load::AsFastAs { payments, nodes } => (Some(payments), nodes * node_rows / TABLES),
        Load::Rate { payments_per_second } => (None, payments_per_second),
    };
    let seconds = payments.map(|payments| payments / rate);
    let days = [0, 30, 90, 180].map(|days| if days == 0 && payments.is_none() { 1 } else { days });
    let stored: Vec<_> =
        days.iter().map(|days| (*days, stored_bytes(sizes, load, f64::from(*days), deleted_after))).collect();
    let most_stored = stored.iter().map(|(_, bytes)| *bytes).fold(0.0, f64::max);
    let per_second = rate * sizes.message_bytes;
    let retained =
        (rate * seconds.unwrap_or(f64::INFINITY).min(MESSAGE_DAYS * DAY_SECS)) * sizes.message_bytes;
    let mut plan = Plan {
        payments_per_second: rate,
        payments,
        seconds,
        published_bytes: payments.map(|payments| payments * sizes.message_bytes),
        published_bytes_per_second: per_second,
        retained_message_bytes: retained,
        rows_per_second: rate * TABLES,
        node_rows_per_second: node_rows,
        storage,
        given_nodes: match load {
            Load::AsFastAs { nodes, .. } => Some(nodes as u64),
            _ => None,
        },
        nodes_for_writes: whole(rate * TABLES / node_rows),
        nodes_for_storage: whole(most_stored / storage.node_bytes()),
        lost_without_splits_secs: lost_without_splits(load, rate, node_rows),
        sinks: whole(rate / 1e6 * SINK_CPU_SECS / cpus),
        producers: whole(rate / 1e6 * PRODUCER_CPU_SECS / cpus),
        streams: whole(per_second / STREAM_BYTES_PER_SECOND),
        stored,
        key_collisions: collisions(payments.unwrap_or(rate * DAY_SECS), sizes.same_key_probability),
        costs: Vec::new(),
        breached: Vec::new(),
        notes: Vec::new(),
    };
    plan.costs = costs(&plan, sizes, most_stored, prices);
    warn(&mut plan, sizes, load);
    plan
}

fn costs(plan: &Plan, sizes: &Sizes, most_stored: f64, prices: Prices) -> Vec<(&'static str, f64)> {
    const TIB: f64 = (1_u64 << 40) as f64;
    let nodes = plan.nodes() as f64;
    let month = plan.payments_per_second * sizes.message_bytes * HOURS_PER_MONTH * 3_600.0;
    let (node_label, hours, published_label, published) = match plan.seconds {
        Some(seconds) => (
            "nodes for the load",
            seconds / 3_600.0,
            "publishing the load",
            plan.published_bytes.unwrap_or(month),
        ),
        None => ("nodes a month", HOURS_PER_MONTH, "publishing a month", month),
    };
    let mut costs = Vec::new();
    costs.extend(prices.node_hour.map(|price| (node_label, nodes * hours * price)));
    costs.extend(prices.gb_month.map(|price| ("storage a month, at its most", most_stored / 1e9 * price)));
    costs.extend(prices.tib_published.map(|price| (published_label, published / TIB * price)));
    costs
}

fn warn(plan: &mut Plan, sizes: &Sizes, load: Load) {
    if plan.published_bytes_per_second > PUBLISH_QUOTA_BYTES_PER_SECOND {
        plan.breached.push(format!(
            "publishing {:.0} MB/s is above the default quota of small regions, 200 MB/s: check that of yours, or ask \
             for more",
            plan.published_bytes_per_second / 1e6
        ));
    }
    if matches!(load, Load::Rate { .. }) {
        let text = "payments_by_date: keys begin with the date, so that all new rows go to the one tablet that ends \
                    with now";
        if plan.payments_per_second > plan.node_rows_per_second {
            let rows = HumanCount(plan.payments_per_second as u64);
            plan.breached.push(format!("{text}; {rows} rows/s are more than one node takes"));
        } else {
            plan.notes.push(text.to_owned());
        }
    } else {
        plan.notes.push(
            "payments_by_date: dates come shuffled, so that the load spreads over all of its tablets"
                .to_owned(),
        );
    }
    if let Some(given) = plan.given_nodes.filter(|given| *given < plan.nodes_for_storage) {
        plan.breached.push(format!(
            "storage: {given} node(s) hold {} TB of {}, the load needs {} for what is stored at its most",
            given as f64 * plan.storage.node_bytes() / 1e12,
            plan.storage.name(),
            plan.nodes_for_storage
        ));
    }
    let hottest = plan.payments_per_second * sizes.top_customer_share;
    if hottest > plan.node_rows_per_second {
        let hottest = HumanCount(hottest as u64);
        plan.breached.push(format!(
            "payments_by_customer: the busiest customer alone has {hottest} rows/s, more than one node takes: more \
             --num-customers or a lower --customer-skew spread them"
        ));
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "these figures are exact")]
mod tests {
    use super::*;

    fn sizes() -> Sizes {
        Sizes {
            sampled: 1,
            message_bytes: 500.0,
            cells: 40.0,
            mutation_bytes: 2_800.0,
            family_bytes: [100.0, 100.0, 100.0, 100.0, 100.0, 100.0],
            key_bytes: 50.0,
            top_customer_share: 0.01,
            same_key_probability: 1e-15,
        }
    }

    fn planned(load: Load) -> Plan {
        plan(&sizes(), load, Storage::Ssd, None, 1.0, Prices::default())
    }

    #[test]
    fn nodes_follow_from_the_rate_and_the_size_of_rows() {
        assert!((node_rows_per_second(Storage::Ssd, 2_800.0) - 5_000.0).abs() < 1e-6);
        assert!((node_rows_per_second(Storage::Ssd, 100.0) - 14_000.0).abs() < 1e-6);
        assert!((node_rows_per_second(Storage::Hdd, 2_000.0) - 5_000.0).abs() < 1e-6);
        let plan = planned(Load::Within { payments: 1e9, seconds: 1e4 });
        assert_eq!((plan.nodes_for_writes, plan.sinks, plan.producers), (60, 2, 1));
        assert_eq!(plan.rows_per_second, 3e5);
        assert_eq!(plan.nodes_with_headroom(), 120);
    }

    #[test]
    fn without_splits_the_start_is_as_slow_as_one_node_a_table() {
        let lost = |load| planned(load).lost_without_splits_secs;
        // 100,000 a second wanted, 5,000 taken, for 20 minutes.
        assert_eq!(lost(Load::Within { payments: 1e9, seconds: 1e4 }), Some(0.95 * 1_200.0));
        // All of a short load: 100 s instead of 10 s.
        assert_eq!(lost(Load::Within { payments: 5e5, seconds: 10.0 }), Some(90.0));
        assert_eq!(lost(Load::Within { payments: 1e6, seconds: 1e4 }), Some(0.0));
        assert_eq!(lost(Load::Rate { payments_per_second: 1e5 }), None);
    }

    #[test]
    fn nodes_that_are_too_few_for_what_is_stored_are_a_limit() {
        let breached = |payments| planned(Load::AsFastAs { payments, nodes: 1.0 }).breached;
        assert!(breached(1e9).is_empty());
        assert!(
            breached(1e10).iter().any(|line| line.starts_with("storage: 1 node")),
            "{:?}",
            breached(1e10)
        );
    }

    #[test]
    fn payments_that_are_not_of_one_run_collide_by_the_square_of_their_number() {
        let at = |payments| planned(Load::AsFastAs { payments, nodes: 1.0 }).key_collisions;
        assert!((at(1e9) - 500.0).abs() < 1e-6 && (at(2e9) - 2_000.0).abs() < 1e-6);
    }

    #[test]
    fn a_load_without_a_deadline_takes_as_long_as_the_nodes_need() {
        let plan = planned(Load::AsFastAs { payments: 1e6, nodes: 3.0 });
        assert!((plan.payments_per_second - 5_000.0).abs() < 1e-6);
        assert!((plan.seconds.unwrap() - 200.0).abs() < 1e-6);
        assert_eq!(plan.nodes_for_writes, 3);
    }

    #[test]
    fn families_leave_when_their_time_is_over() {
        let load = Load::Within { payments: 1_000.0, seconds: 1.0 };
        let stored = |days| stored_bytes(&sizes(), load, days, None);
        assert_eq!([stored(0.0), stored(30.0), stored(90.0), stored(180.0)], [1.95e6, 1.35e6, 1.05e6, 0.0]);
        assert_eq!(stored_bytes(&sizes(), load, 30.0, Some(10.0)), 0.0);
    }

    #[test]
    fn a_trickle_levels_off_at_the_retention() {
        let load = Load::Rate { payments_per_second: 1.0 };
        let stored = |days| stored_bytes(&sizes(), load, days, None);
        assert_eq!(stored(180.0), stored(1_000.0));
        assert_eq!(stored(20.0), 2.0 * stored(10.0));
        assert!(stored(180.0) < 6.0 * stored(30.0));
    }

    #[test]
    fn broken_limits_are_named() {
        let fast = planned(Load::Rate { payments_per_second: 600_000.0 });
        let named = |text: &str| fast.breached.iter().any(|line| line.contains(text));
        assert!(
            named("MB/s") && named("payments_by_date") && named("payments_by_customer"),
            "{:?}",
            fast.breached
        );
        assert!(planned(Load::Rate { payments_per_second: 10.0 }).breached.is_empty());
    }

    #[test]
    fn costs_are_those_of_the_prices_given_and_no_others() {
        let load = Load::AsFastAs { payments: 1.8e7, nodes: 1.0 };
        assert!(planned(load).costs.is_empty());
        let prices = Prices { node_hour: Some(0.5), ..Prices::default() };
        let costs = plan(&sizes(), load, Storage::Ssd, None, 1.0, prices).costs;
        assert_eq!(costs.len(), 1);
        assert!((costs[0].1 - 1.5).abs() < 1e-9, "three hours of one node: {costs:?}");
    }
}
