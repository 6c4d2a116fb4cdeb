//! Amounts: a log-normal body, a Pareto tail, and the habits of people who set prices.

use schemas::text::minor_digits;

use crate::dates::day_of;
use crate::math::{exp, exp2, log2, normal_below, normal_quantile, pow};
use crate::mix::Rail;
use crate::profile::Flow;
use crate::random::{Stream, unit};

/// Currencies other than the flows' own that payments abroad are made in, with their units to the dollar in March 2024,
/// rounded.
const PER_DOLLAR: [(&str, f64); 7] =
    [("USD", 1.0), ("EUR", 0.92), ("GBP", 0.79), ("JPY", 150.0), ("CHF", 0.88), ("CAD", 1.35), ("MXN", 16.8)];

/// Factor that turns an amount of one currency into another's.
pub fn exchange(from: &str, to: &str) -> f64 {
    let rate =
        |currency| PER_DOLLAR.iter().find(|(name, _)| *name == currency).map_or(1.0, |(_, rate)| *rate);
    rate(to) / rate(from)
}

/// The distribution of a flow's amounts in one currency, as far as it lies below a limit.
#[derive(Clone, Copy, Debug)]
pub struct Amounts {
    /// In major units.
    pub mean: f64,
    /// Median of the body, in major units.
    pub median: f64,
    sigma: f64,
    tail_share: f64,
    tail_alpha: f64,
    tail_from: f64,
    /// The largest amount; infinite for none.
    most: f64,
    /// The part of the unlimited distribution at or below it.
    kept: f64,
}

impl Amounts {
    /// The median follows from the mean in closed form: both parts of the distribution scale with it.
    pub fn new(flow: &Flow, mean: f64) -> Self {
        let tail = flow.tail_share * flow.tail_from * flow.tail_alpha / (flow.tail_alpha - 1.0);
        let body = (1.0 - flow.tail_share) * exp(flow.sigma * flow.sigma / 2.0);
        Self {
            mean,
            median: mean / (body + tail),
            sigma: flow.sigma,
            tail_share: flow.tail_share,
            tail_alpha: flow.tail_alpha,
            tail_from: flow.tail_from,
            most: f64::INFINITY,
            kept: 1.0,
        }
    }

    /// Amounts of the same mean of which none is above `most`, which is at least three means: the median is raised until
    /// what is left has the mean.
    pub fn up_to(flow: &Flow, mean: f64, most: f64) -> Self {
        let whole = Self::new(flow, mean);
        let mut limited = Self { most: most.max(3.0 * mean), ..whole };
        for _ in 0..40 {
            limited.kept = limited.part(limited.most);
            let off = mean * limited.kept / limited.moment(1.0);
            limited.median *= off;
            if (off - 1.0).abs() < 1e-9 {
                break;
            }
        }
        limited.kept = limited.part(limited.most);
        limited
    }

    /// The amount at a quantile (0 to 1), in major units.
    pub fn quantile(&self, u: f64) -> f64 {
        let u = u * self.kept;
        let body_share = 1.0 - self.tail_share;
        if u < body_share {
            return (self.median * exp(self.sigma * normal_quantile(u / body_share))).min(self.most);
        }
        let rest = ((1.0 - u) / self.tail_share).clamp(1e-9, 1.0);
        (self.median * self.tail_from * exp2(-log2(rest) / self.tail_alpha)).min(self.most)
    }

    /// The standard deviation, in major units; infinite where the tail is too heavy to have one.
    pub fn deviation(&self) -> f64 {
        (self.moment(2.0) / self.kept - self.mean * self.mean).max(0.0).sqrt()
    }

    /// The sum of all amounts' powers that lie below the limit, for one payment of the unlimited distribution: 1 for the
    /// mean, 2 for the mean square.
    fn moment(&self, power: f64) -> f64 {
        let (sigma, alpha) = (self.sigma, self.tail_alpha);
        let is_limited = self.most.is_finite();
        let mut body = (1.0 - self.tail_share) * pow(self.median, power);
        body *= exp(power * power * sigma * sigma / 2.0);
        if is_limited && sigma > 0.0 {
            let z = log2(self.most / self.median) * std::f64::consts::LN_2 / sigma;
            body *= normal_below(z - power * sigma);
        }
        let start = self.median * self.tail_from;
        if self.tail_share == 0.0 || start >= self.most {
            return body;
        }
        let over = alpha - power;
        let tail = match is_limited {
            false if over <= 0.0 => return f64::INFINITY,
            false => 1.0 / over,
            true if over.abs() < 1e-9 => log2(self.most / start) * std::f64::consts::LN_2,
            true => (1.0 - pow(start / self.most, over)) / over,
        };
        body + self.tail_share * alpha * pow(start, power) * tail
    }

    /// The part of the payments at or below an amount in major units.
    pub fn below(&self, amount: f64) -> f64 {
        if amount >= self.most { 1.0 } else { self.part(amount) / self.kept }
    }

    /// The part of the unlimited distribution at or below an amount.
    fn part(&self, amount: f64) -> f64 {
        if amount <= 0.0 {
            return 0.0;
        }
        let body = if self.sigma > 0.0 {
            normal_below(log2(amount / self.median) * std::f64::consts::LN_2 / self.sigma)
        } else {
            f64::from(u8::from(amount >= self.median))
        };
        let start = self.median * self.tail_from;
        let tail = if amount <= start { 0.0 } else { 1.0 - pow(start / amount, self.tail_alpha) };
        (1.0 - self.tail_share) * body + self.tail_share * tail
    }

    pub fn draw(&self, bits: u64) -> f64 {
        self.quantile(unit(bits))
    }
}

/// Minor units of an amount in major units, at least one.
pub fn to_minor(major: f64, currency: &str) -> i64 {
    ((major * scale_of(currency) as f64 + 0.5) as i64).max(1)
}

/// How many minor units a major unit has.
pub fn scale_of(currency: &str) -> i64 {
    10_i64.pow(minor_digits(currency) as u32)
}

/// The largest amount that the rail carries on a day, in minor units.
///
/// ACH: ten digits of cents in the entry detail record, 99,999,999.99. Wire: Fedwire's amount field, 9,999,999,999.99
/// USD. RTP: 10 million USD since 9 February 2025, 1 million before (The Clearing House); SCT Inst: 100,000 EUR until 5
/// October 2025 (EPC rulebook), then the scheme's field limit. P2P: what the apps allow in one payment (assumption).
/// Cards and checks: assumption.
pub fn cap(rail: Rail, flow: &str, day: i32, currency: &str) -> i64 {
    let major = match rail {
        Rail::Ach => return 9_999_999_999,
        Rail::Wire => return 999_999_999_999 / 100 * scale_of(currency),
        Rail::Card => {
            return (5_000_000.0 * exchange("USD", currency)) as i64 * scale_of(currency) / 100;
        }
        Rail::Rtp if day >= day_of(2025, 2, 9) => 10_000_000,
        Rail::Rtp => 1_000_000,
        Rail::Sepa if flow == "instant" && day < day_of(2025, 10, 5) => 100_000,
        Rail::Sepa => 999_999_999,
        Rail::Check => 10_000_000,
        Rail::P2p => 3_500,
    };
    major * scale_of(currency)
}

/// Rounds as people do: to a multiple of the flow's step, or to a price's ending.
pub fn settle_on(minor: i64, currency: &str, flow: &Flow, choice: &mut Stream) -> i64 {
    let scale = scale_of(currency);
    if flow.round_to > 0 && choice.chance(flow.round_share) {
        let step = i64::from(flow.round_to) * scale;
        return ((minor + step / 2) / step * step).max(step);
    }
    if flow.endings > 0.0 && scale == 100 && minor > scale && choice.chance(flow.endings) {
        let whole = (minor + scale / 2) / scale * scale;
        return whole - choice.weighted(&[(6, 1), (2, 5), (2, 0)]);
    }
    minor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn the_mean_of_many_draws_is_the_declared_one() {
        let profile = Profile::built_in();
        for (rail, flow, currency) in
            [(Rail::Ach, "vendor", "USD"), (Rail::Card, "in_store", "EUR"), (Rail::Wire, "personal", "GBP")]
        {
            let flow = &profile.rails[&rail][flow];
            let amounts = Amounts::new(flow, flow.mean[currency]);
            let n = 2_000_000_u32;
            let sum: f64 = (0..n).map(|at| amounts.quantile((f64::from(at) + 0.5) / f64::from(n))).sum();
            let mean = sum / f64::from(n);
            assert!((mean / flow.mean[currency] - 1.0).abs() < 0.005, "{mean} for {}", flow.mean[currency]);
        }
    }

    #[test]
    fn a_limit_keeps_the_mean_and_is_never_passed() {
        let profile = Profile::built_in();
        let heavy = Flow { tail_share: 0.02, ..profile.rails[&Rail::Card]["in_store"].clone() };
        for (flow, most) in [(&profile.rails[&Rail::Card]["online"], 300.0), (&heavy, 250.0)] {
            let amounts = Amounts::up_to(flow, 50.0, most);
            let n = 1_000_000_u32;
            let draws = (0..n).map(|at| amounts.quantile((f64::from(at) + 0.5) / f64::from(n)));
            let (sum, square, top) = draws.fold((0.0, 0.0, 0.0_f64), |(sum, square, top), amount| {
                (sum + amount, square + amount * amount, top.max(amount))
            });
            let mean = sum / f64::from(n);
            assert!((mean / 50.0 - 1.0).abs() < 1e-3, "{mean}");
            let deviation = (square / f64::from(n) - mean * mean).sqrt();
            assert!((deviation / amounts.deviation() - 1.0).abs() < 0.01, "{deviation}");
            assert!(top <= most && (amounts.below(amounts.quantile(0.9)) - 0.9).abs() < 1e-6);
        }
    }

    #[test]
    fn a_currency_without_minor_units_has_none() {
        assert_eq!(to_minor(1234.4, "JPY"), 1234);
        assert_eq!(to_minor(12.345, "USD"), 1235);
        assert_eq!(to_minor(0.0, "USD"), 1);
    }

    #[test]
    fn prices_end_as_prices_do() {
        let profile = Profile::built_in();
        let flow = &profile.rails[&Rail::Card]["subscription"];
        let mut choice = Stream::new(1, 1);
        let prices: Vec<i64> = (0..1_000).map(|_| settle_on(1_437, "USD", flow, &mut choice)).collect();
        let ending = prices.iter().filter(|price| matches!(**price, 1_399 | 1_395 | 1_400)).count();
        assert!((850..950).contains(&ending));
    }
}
