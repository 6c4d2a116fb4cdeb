//! Payments as a configuration declares them.

use crate::amounts::Amounts;
use crate::dates::{Zone, weekday};
use crate::flows::{FlowSpec, home_currency};
use crate::generator::Generator;
use crate::intensity::Segment;
use crate::mix::Rail;
use crate::standing::Kind;

/// The amounts of a rail's payments in one home currency: a mixture over flows, and for cards over what shops sell.
pub struct Declared {
    parts: Vec<Part>,
}

/// Payments of one flow.
struct Part {
    share: f64,
    amounts: Amounts,
    /// Shares and factors of what shops sell or of how often wages are paid; one of 1 where there are none.
    factors: Vec<(f64, f64)>,
    recurs: bool,
    round_to: f64,
    variation: f64,
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
            .filter_map(|(payments, segment, spec)| Part::of(payments as f64, segment, spec, zone))
            .collect();
        let total: f64 = parts.iter().map(|part| part.share).sum();
        for part in &mut parts {
            part.share /= total;
        }
        Self { parts }
    }

    pub fn mean(&self) -> f64 {
        self.parts.iter().map(|part| part.share * part.amounts.mean * part.factor()).sum()
    }

    pub fn deviation(&self) -> f64 {
        let squares: f64 = self
            .parts
            .iter()
            .map(|part| {
                let spread = part.amounts.deviation();
                let square = spread * spread + part.amounts.mean * part.amounts.mean;
                let factors: f64 = part.factors.iter().map(|(share, factor)| share * factor * factor).sum();
                part.share * square * factors * (1.0 + part.variation * part.variation / 3.0)
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
        let usual = |part: &&Part| part.share > 0.02 && at > part.amounts.median / 60.0;
        0.5 * self.parts.iter().filter(usual).map(|part| part.round_to).fold(1.0, f64::max)
    }

    /// The part of the payments at or below an amount.
    fn below(&self, amount: f64) -> f64 {
        let of = |part: &Part| {
            part.factors
                .iter()
                .map(|(share, factor)| share * part.amounts.below(amount / factor))
                .sum::<f64>()
        };
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
    fn of(payments: f64, segment: &Segment, spec: &FlowSpec, zone: Zone) -> Option<Self> {
        let amounts = *spec.amounts(zone)?;
        let factors = match &segment.agenda {
            Some(agenda) => segment.standing.arrangements.factors(agenda),
            None if spec.rail == Rail::Card => factors_of(spec),
            None => vec![(1.0, 1.0)],
        };
        Some(Self {
            share: payments,
            amounts,
            factors,
            recurs: spec.flow.rhythm.is_some(),
            round_to: f64::from(spec.flow.round_to),
            variation: spec.flow.variation,
        })
    }
}

impl Part {
    /// The mean of the factors.
    fn factor(&self) -> f64 {
        self.factors.iter().map(|(share, factor)| share * factor).sum()
    }
}

/// Shares and factors of a flow's categories.
fn factors_of(spec: &FlowSpec) -> Vec<(f64, f64)> {
    let shares: f64 = spec.categories.iter().map(|(share, _)| f64::from(*share)).sum();
    spec.categories.iter().map(|(share, (_, factor))| (f64::from(*share) / shares, *factor)).collect()
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
    for (at, segment) in generator.schedule().segments.iter().enumerate() {
        let payments = generator.schedule().segment_payments(at) as f64;
        let cohort = population.cohort(segment.cohort);
        // Tenants are some of the customers; all have about as many subscriptions.
        let is_even = matches!(segment.standing.kind, Some(Kind::Rent | Kind::Subscription));
        for member in 0..cohort.customers {
            let share = if is_even { 1.0 / cohort.customers as f64 } else { cohort.activity.share(member) };
            expected[population.rank(segment.cohort, member) as usize] += payments * share;
        }
    }
    expected
}

/// The Gini coefficient: 0 where all have the same, towards 1 where one has all.
pub fn gini_of(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let total: f64 = values.iter().sum();
    let n = values.len() as f64;
    let weighted: f64 = values.iter().enumerate().map(|(at, value)| (at + 1) as f64 * value).sum();
    2.0 * weighted / (n * total) - (n + 1.0) / n
}
