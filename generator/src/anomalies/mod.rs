//! Injected patterns with their ground truth.
//!
//! A pattern takes over payments that the run has anyway. The payments of a segment are dealt to the patterns that happen
//! in it, each pattern's share is cut into plots, one a group, and a group takes exactly its size of the plot's payments,
//! a stride apart: so a payment knows its group and its number there by division, sizes are exact, no two groups share a
//! payment, and payments that are in no group stay as they are.

mod kinds;

use crate::config::Config;
use crate::customers::Population;
use crate::flows::FlowSpec;
use crate::intensity::Place;
use crate::random::{hash, scale};
use crate::schedule::Schedule;

pub use kinds::{Actor, Amount, Injected, Kind};

/// A pattern in one segment.
#[derive(Clone, Copy, Debug)]
struct Series {
    kind: Kind,
    size: u64,
    groups: u64,
    /// The payments among which the groups are.
    payments: u64,
    /// How many of these payments lie between two of a group, and the last of them.
    stride: u64,
    key: u64,
}

impl Series {
    /// The group that the series' payment `q` is in, and which member of it.
    fn find(&self, q: u64) -> Option<Injected> {
        if q >= self.payments {
            return None;
        }
        // Plot g is where q * groups / payments is g.
        let g = (u128::from(q) * u128::from(self.groups) / u128::from(self.payments)) as u64;
        let begin =
            |g: u64| (u128::from(g) * u128::from(self.payments)).div_ceil(u128::from(self.groups)) as u64;
        let (from, to) = (begin(g), begin(g + 1));
        let group = hash(self.key, g);
        let length = (self.size - 1) * self.stride + 1;
        let first = from + scale(hash(group, 0), to - from - length + 1);
        let member = q.checked_sub(first).filter(|offset| offset % self.stride == 0)? / self.stride;
        (member < self.size).then_some(Injected { kind: self.kind, group, member, size: self.size })
    }
}

/// Which patterns are injected where.
#[derive(Debug)]
pub struct Injection {
    /// By segment.
    series: Vec<Vec<Series>>,
}

impl Injection {
    /// `None` where the rate is 0.
    pub fn new(
        config: &Config,
        schedule: &Schedule,
        flows: &[FlowSpec],
        population: &Population,
    ) -> Option<Self> {
        if config.anomaly_rate <= 0.0 {
            return None;
        }
        let segments = &schedule.segments;
        let happens = |kind: Kind, at: usize| {
            let segment = &segments[at];
            kind.takes(&flows[segment.flow], segment.zone.is_american())
        };
        let patterns = config.profile.anomalies.patterns();
        let sizes = patterns.map(|(_, pattern)| u64::from(pattern.size));
        // An attack on cards goes where there are enough of one bank's, or most.
        let customers = |at: usize| population.cohort(segments[at].cohort).customers;
        let attacked = (0..segments.len()).filter(|at| happens(Kind::CardTesting, *at)).map(customers).max();
        let wanted = attacked.unwrap_or(0).min(sizes[Kind::CardTesting as usize] * 4);
        let takes = |kind: Kind, at: usize| {
            happens(kind, at) && (kind != Kind::CardTesting || customers(at) >= wanted)
        };
        // How many of a segment's payments each of its patterns may have.
        let room = |at: usize| {
            let kinds = Kind::ALL.into_iter().filter(|kind| takes(*kind, at)).count() as u64;
            schedule.segment_payments(at) / kinds.max(1)
        };
        let eligible: Vec<u64> = (Kind::ALL.into_iter().zip(sizes))
            .map(|(kind, size)| {
                let rooms = (0..segments.len()).filter(|at| takes(kind, *at)).map(room);
                rooms.filter(|room| *room >= size).sum()
            })
            .collect();
        let mut total = 0.0;
        for ((kind, (_, pattern)), eligible) in Kind::ALL.into_iter().zip(patterns).zip(&eligible) {
            total += if *eligible > 0 && !kind.is_honest() { pattern.share } else { 0.0 };
        }
        let mut series: Vec<Vec<Series>> = segments.iter().map(|_| Vec::new()).collect();
        for (number, (kind, (_, pattern))) in Kind::ALL.into_iter().zip(patterns).enumerate() {
            let payments = config.anomaly_rate * pattern.share / f64::max(total, f64::MIN_POSITIVE)
                * config.num_records as f64;
            let (size, mut owed) = (sizes[number], 0.0);
            for (at, of_segment) in series.iter_mut().enumerate().filter(|(at, _)| takes(kind, *at)) {
                let payments_here = room(at);
                let mut groups = 0;
                if payments_here >= size {
                    owed += payments * payments_here as f64 / eligible[number] as f64 / size as f64;
                    // Groups are whole: what a segment does not have the next one has.
                    groups = (owed as u64).min(payments_here / size);
                    owed -= groups as f64;
                }
                let plot = payments_here.checked_div(groups).unwrap_or(0);
                let spacing = schedule.payments_an_open_hour(at) * payments_here as f64
                    / schedule.segment_payments(at).max(1) as f64
                    * f64::from(pattern.minutes)
                    / 60.0
                    / size as f64;
                let stride = (spacing as u64).clamp(1, (plot / size).max(1));
                let key = hash(hash(config.seed, 0xa404), (at * Kind::ALL.len() + number) as u64);
                of_segment.push(Series { kind, size, groups, payments: payments_here, stride, key });
            }
        }
        Some(Self { series })
    }

    /// The pattern that the payment belongs to, if any.
    pub fn find(&self, place: &Place) -> Option<Injected> {
        let series = &self.series[place.segment];
        let kinds = series.len() as u64;
        let of = series.get(place.ordinal.checked_rem(kinds)? as usize)?;
        if of.groups == 0 { None } else { of.find(place.ordinal / kinds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn every_group_is_complete() {
        for (groups, payments, size, stride) in
            [(3, 20, 6, 1), (10, 1_003, 9, 7), (1, 50, 18, 2), (40, 400, 10, 1)]
        {
            let kind = Kind::MuleFanIn;
            let series = Series { kind, size, groups, payments, stride, key: 4 };
            let mut seen: HashMap<u64, Vec<u64>> = HashMap::new();
            for injected in (0..payments + 30).filter_map(|q| series.find(q)) {
                seen.entry(injected.group).or_default().push(injected.member);
            }
            assert_eq!(seen.len() as u64, groups);
            assert!(seen.values().all(|members| *members == (0..size).collect::<Vec<_>>()));
        }
    }

    #[test]
    fn what_goes_in_comes_out_but_for_a_fee() {
        let member = |member| Injected { kind: Kind::MuleFanIn, group: 1, member, size: 9 }.part();
        let into: Vec<_> = (0..7).map(member).collect();
        assert!(into.iter().all(|part| part.to == Actor::Customer(0) && part.role == "VICTIM_TO_MULE"));
        for out in (7..9).map(member) {
            assert_eq!((out.from, out.role), (Actor::Customer(0), "MULE_TO_COLLECTOR"));
            assert_eq!(out.amount, Amount::Of { first: 0, end: 7, part: 0.47 });
        }
        let ring = |member| Injected { kind: Kind::Cycle, group: 1, member, size: 4 }.part();
        assert_eq!((ring(3).to, ring(0).from), (Actor::Customer(0), Actor::Customer(0)));
    }
}
