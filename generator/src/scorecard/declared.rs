//! Payments as a configuration declares them.

use crate::amounts::Amounts;
use crate::customers::{Cohort, count_of_trade, nth_of_trade};
use crate::dates::{Zone, week, weekday};
use crate::draft::{IN_THEIRS, busy, is_in_sessions};
use crate::flows::{FlowSpec, currency_at, home_currency};
use crate::generator::Generator;
use crate::intensity::Segment;
use crate::journeys::Journeys;
use crate::lands::Land;
use crate::mix::Rail;
use crate::parties::Trade;
use crate::shops::in_other_currencies;
use crate::standing::Kind;
use crate::ties::{COLLECTORS, zipf_share};

/// The amounts of a rail's payments in one home currency: a mixture over flows, and for cards over what shops sell.
pub struct Declared {
    parts: Vec<Part>,
}

/// Payments of one flow.
struct Part {
    share: f64,
    /// What it is made of: what shops sell, or how often wages are paid.
    kinds: Vec<Kinds>,
    recurs: bool,
    round_to: f64,
    variation: f64,
}

/// Payments of one flow with amounts of their own.
struct Kinds {
    share: f64,
    amounts: Amounts,
    factor: f64,
}

impl Declared {
    pub fn of(generator: &Generator, rail: Rail, zone: Zone) -> Self {
        let currency = home_currency(zone);
        let segments = generator.schedule().segments.iter().enumerate();
        let mut parts: Vec<Part> = segments
            .filter(|(_, segment)| home_currency(segment.zone) == currency)
            .map(|(at, segment)| {
                let spec = &generator.world().flows[segment.flow];
                (generator.schedule().segment_payments(at), segment, spec)
            })
            .filter(|(payments, _, spec)| spec.rail == rail && *payments > 0)
            .filter_map(|(payments, segment, spec)| Part::of(generator, payments as f64, segment, spec))
            .collect();
        let total: f64 = parts.iter().map(|part| part.share).sum();
        for part in &mut parts {
            part.share /= total;
        }
        Self { parts }
    }

    pub fn mean(&self) -> f64 {
        self.parts.iter().map(|part| part.share * part.mean_of(|of| of.factor * of.amounts.mean)).sum()
    }

    pub fn deviation(&self) -> f64 {
        let squares: f64 = self
            .parts
            .iter()
            .map(|part| {
                let square = part.mean_of(|of| {
                    let spread = of.amounts.deviation();
                    of.factor * of.factor * (spread * spread + of.amounts.mean * of.amounts.mean)
                });
                part.share * square * (1.0 + part.variation * part.variation / 3.0)
            })
            .sum();
        (squares - self.mean() * self.mean()).max(0.0).sqrt()
    }

    /// How much of a sample counts as independent.
    pub fn independent_part(&self) -> f64 {
        self.parts.iter().map(|part| part.share * if part.recurs { 1.0 / 3.0 } else { 1.0 }).sum()
    }

    /// How far rounding may move the mean.
    pub fn rounding(&self) -> f64 {
        self.parts.iter().map(|part| part.share * (0.02 + 0.05 * part.round_to)).sum()
    }

    /// How far rounding may move an amount: half a step of the flows that have such amounts.
    pub fn step(&self, at: f64) -> f64 {
        let least = |part: &Part| part.kinds.iter().map(|of| of.amounts.median).fold(f64::INFINITY, f64::min);
        let usual = |part: &&Part| part.share > 0.02 && at > least(part) / 60.0;
        0.5 * self.parts.iter().filter(usual).map(|part| part.round_to).fold(1.0, f64::max)
    }

    /// The part of the payments at or below an amount.
    fn below(&self, amount: f64) -> f64 {
        let of = |part: &Part| part.mean_of(|of| of.amounts.below(amount / of.factor));
        self.parts.iter().map(|part| part.share * of(part)).sum()
    }

    pub fn quantile(&self, p: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1e11);
        for _ in 0..90 {
            let middle = if low < 0.01 { high / 1_000.0 } else { f64::midpoint(low, high) };
            if self.below(middle) < p {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }
}

impl Part {
    fn of(generator: &Generator, payments: f64, segment: &Segment, spec: &FlowSpec) -> Option<Self> {
        let amounts = *spec.amounts(segment.zone)?;
        let home = |is_remote| at_home(&generator.world().journeys, segment, spec, is_remote);
        let mut kinds: Vec<Kinds> = match (&segment.agenda, &spec.menu) {
            (Some(agenda), menu) => {
                let seen = if menu.is_some() { home(true) } else { 1.0 };
                let factors = segment.standing.arrangements.factors(agenda).into_iter();
                factors.map(|(share, factor)| Kinds { share: share * seen, amounts, factor }).collect()
            }
            (None, Some(menu)) => {
                let kinds = menu.items.iter().filter_map(|item| {
                    let amounts = item.amounts[currency_at(segment.zone)]?;
                    let share = item.share * home(item.category.is_remote(&spec.name));
                    Some(Kinds { share, amounts, factor: 1.0 })
                });
                kinds.collect()
            }
            (None, None) => {
                let abroad = if spec.rail == Rail::Wire { spec.flow.foreign * IN_THEIRS } else { 0.0 };
                vec![Kinds { share: 1.0 - abroad, amounts, factor: 1.0 }]
            }
        };
        let seen: f64 = kinds.iter().map(|of| of.share).sum();
        for of in &mut kinds {
            of.share /= seen;
        }
        Some(Self {
            share: payments * if spec.menu.is_some() { seen } else { 1.0 },
            kinds,
            recurs: spec.flow.rhythm.is_some(),
            round_to: f64::from(spec.flow.round_to),
            variation: spec.flow.variation,
        })
    }

    /// The mean of a figure over what the payments are made of.
    fn mean_of(&self, figure: impl Fn(&Kinds) -> f64) -> f64 {
        self.kinds.iter().map(|of| of.share * figure(of)).sum()
    }
}

/// The part of a card flow's payments for an item that is made in the currency of the customer's home: without what is
/// ordered abroad, or without visitors.
fn at_home(journeys: &Journeys, segment: &Segment, spec: &FlowSpec, is_remote: bool) -> f64 {
    let currency = home_currency(segment.zone);
    if is_remote {
        return 1.0 - spec.flow.foreign * in_other_currencies(currency);
    }
    let is_other = |land: Land| home_currency(land.zone()) != currency;
    let visits = spec.is_on_site();
    1.0 - if visits { journeys.visitors(segment.land as usize, spec.flow.foreign, is_other) } else { 0.0 }
}

/// The part of a rail's payments on Saturdays and Sundays by UTC.
pub fn weekend_share(generator: &Generator, rail: Rail) -> f64 {
    let schedule = generator.schedule();
    let (mut weekend, mut all) = (0, 0);
    for (at, segment) in schedule.segments.iter().enumerate() {
        if generator.world().flows[segment.flow].rail == rail {
            all += schedule.segment_payments(at);
            weekend += schedule.payments_on(at, |day| weekday(day) >= 5);
        }
    }
    weekend as f64 / (all as f64).max(1.0)
}

/// The part of a rail's payments that do not get through.
pub fn loss(generator: &Generator, rail: Rail) -> f64 {
    let (mut lost, mut all) = (0.0, 0.0);
    for (at, segment) in generator.schedule().segments.iter().enumerate() {
        let spec = &generator.world().flows[segment.flow];
        if spec.rail == rail {
            let payments = generator.schedule().segment_payments(at) as f64;
            lost += payments * (spec.flow.failed + spec.flow.rejected + spec.flow.cancelled);
            all += payments;
        }
    }
    lost / f64::max(all, 1.0)
}

/// Whether payments of the rail may be in a currency that is not the account's.
pub fn other_currency_share(rail: Rail) -> f64 {
    if matches!(rail, Rail::Card | Rail::Wire) { 1.0 } else { 0.0 }
}

/// How many payments each customer is expected to have.
pub fn payments_by_customer(generator: &Generator) -> Vec<f64> {
    let population = &generator.world().population;
    let mut expected = vec![0.0; generator.config().num_customers as usize];
    let (start, end) = generator.config().days();
    let weeks = week(start)..=week(end);
    for (at, segment) in generator.schedule().segments.iter().enumerate() {
        let payments = generator.schedule().segment_payments(at) as f64;
        let cohort = population.cohort(segment.cohort);
        // Tenants are some of the customers; all have about as many subscriptions.
        let is_even = matches!(segment.standing.kind, Some(Kind::Rent | Kind::Subscription));
        let is_busy = is_in_sessions(&generator.world().flows[segment.flow]);
        let share = |member: u64| match (is_even, is_busy) {
            (true, _) => 1.0,
            (false, false) => cohort.activity.share(member),
            (false, true) => {
                let key = population.resident(segment.cohort, member).identity.key;
                cohort.activity.share(member) * weeks.clone().map(|week| busy(key, week)).sum::<f64>()
            }
        };
        let shares: Vec<f64> = match segment.standing.kind {
            Some(Kind::Bill) => collectors(cohort),
            _ => (0..cohort.customers).map(share).collect(),
        };
        let total: f64 = shares.iter().sum();
        for (member, share) in shares.into_iter().enumerate() {
            expected[population.rank(segment.cohort, member as u64) as usize] += payments * share / total;
        }
    }
    expected
}

/// How the bills of a land divide over the companies that collect them.
fn collectors(cohort: &Cohort) -> Vec<f64> {
    let mut shares = vec![0.0; cohort.customers as usize];
    for nth in 0..COLLECTORS.len() {
        let trades = (0..COLLECTORS.len()).map(|more| COLLECTORS[(nth + more) % COLLECTORS.len()]);
        let known = |trade: &Trade| count_of_trade(*trade, cohort.customers);
        match trades.into_iter().find(|trade| cohort.is_business && known(trade) > 0) {
            Some(trade) => {
                let all = known(&trade);
                for n in 0..all {
                    shares[nth_of_trade(trade, n) as usize] += zipf_share(all, n);
                }
            }
            None => {
                for (member, share) in shares.iter_mut().enumerate() {
                    *share += cohort.activity.share(member as u64);
                }
            }
        }
    }
    shares
}

/// The Gini coefficient: 0 where all have the same, towards 1 where one has all.
pub fn gini_of(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let total: f64 = values.iter().sum();
    let n = values.len() as f64;
    let weighted: f64 = values.iter().enumerate().map(|(at, value)| (at + 1) as f64 * value).sum();
    2.0 * weighted / (n * total) - (n + 1.0) / n
}
