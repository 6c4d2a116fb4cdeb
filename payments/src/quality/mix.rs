//! The rails' shares, as found and as declared. Pure.

use generator::{Mix, Rail};
use std::collections::BTreeMap;

/// How far a share may be off, in standard deviations of independent draws. The generator deals its rails out exactly,
/// but other producers draw.
const MOST_DEVIATIONS: f64 = 5.0;

/// One rail's share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    pub rail: Rail,
    pub declared: f64,
    pub found: u64,
    /// Payments of all rails.
    pub of: u64,
}

impl Share {
    /// Between 0 and 1; 0 of nothing.
    pub fn found_share(&self) -> f64 {
        self.found as f64 / self.of.max(1) as f64
    }

    pub fn is_as_declared(&self) -> bool {
        let of = self.of as f64;
        let deviation = (of * self.declared * (1.0 - self.declared)).sqrt();
        // Counts can differ by no less than one payment.
        (self.found as f64 - of * self.declared).abs() <= MOST_DEVIATIONS * deviation + 1.0
    }
}

/// Compares counts by rail with a mix.
pub fn compare(mix: &Mix, types: &BTreeMap<&'static str, u64>) -> Vec<Share> {
    let of = types.values().sum();
    let found = |rail: Rail| types.get(rail.name()).copied().unwrap_or_default();
    Rail::ALL.map(|rail| Share { rail, declared: mix.share(rail), found: found(rail), of }).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};
    use schemas::layout::type_name;

    fn counts(mix: &str, payments: u64) -> BTreeMap<&'static str, u64> {
        let config = Config { num_records: payments, mix: mix.parse().unwrap(), ..Config::default() };
        let generator = Generator::new(config).unwrap();
        let mut types = BTreeMap::new();
        for index in 0..payments {
            let header = generator.payment(index).payment_header.unwrap();
            *types.entry(type_name(header.payment_type())).or_default() += 1;
        }
        types
    }

    #[test]
    fn a_runs_own_mix_is_recognised_and_another_is_not() {
        let types = counts("us", 2_000);
        let differing = |mix: &str| {
            let shares = compare(&mix.parse().unwrap(), &types);
            shares.iter().filter(|share| !share.is_as_declared()).count()
        };
        assert_eq!(differing("us"), 0);
        assert!(differing("eu") >= 3 && differing("seed") >= 3);
    }

    #[test]
    fn a_rail_that_must_not_be_there_counts_once_it_is_more_than_one_payment() {
        let share = |found| Share { rail: Rail::Sepa, declared: 0.0, found, of: 1_000 };
        assert!(share(1).is_as_declared() && !share(2).is_as_declared());
    }
}
