//! Injected patterns: whether they are whole, and what the imitated screening makes of them.

use super::lines::{ASSUMPTION, Count, Lines};
use super::view::{Map, View, key};
use crate::random::hash;

/// Scores from 0 to 100.
const SCORES: usize = 101;
const HIGH: usize = 65;
/// Fewer injected payments than this say little of scores.
const LEAST: u64 = 200;

pub struct Injected {
    /// Honest payments and others by score.
    scores: [[u64; SCORES]; 2],
    /// Duplicates by what makes them twins.
    twins: Map<u64, u64>,
}

impl Default for Injected {
    fn default() -> Self {
        Self { scores: [[0; SCORES]; 2], twins: Map::default() }
    }
}

impl Injected {
    pub fn look(&mut self, view: &View<'_>) {
        let score = (view.info.risk_score as usize).min(SCORES - 1);
        self.scores[usize::from(!view.is_honest)][score] += 1;
        if view.metadata.anomaly_type.starts_with("DUPLICATE") {
            let parties = hash(key(&view.ours.party_id), key(&view.theirs.party_id));
            let twin = hash(parties, view.minor_units as u64);
            *self.twins.entry(hash(twin, key(&view.metadata.anomaly_group))).or_default() += 1;
        }
    }

    pub fn lines(&self, is_whole: bool, out: &mut Lines) {
        let [honest, injected] = &self.scores;
        let mut alone = Count::default();
        for same in self.twins.values() {
            (0..*same).for_each(|_| alone.add(*same == 1));
        }
        if is_whole {
            out.never("ALL", "duplicates without a twin", "what the pattern is", alone.both());
        }
        if injected.iter().sum::<u64>() < LEAST {
            return;
        }
        let high = |scores: &[u64; SCORES]| scores[HIGH..].iter().sum::<u64>() as f64;
        let false_alarms = high(honest) / (high(honest) + high(injected)).max(1.0);
        out.within(
            "ALL",
            "scores above 64 that are false alarms, part",
            ASSUMPTION,
            0.1..=0.99,
            false_alarms,
        );
        out.within("ALL", "risk score, area under the curve", ASSUMPTION, 0.6..=0.95, area(honest, injected));
    }
}

/// How often an injected payment scores above an honest one; equal scores count half.
fn area(honest: &[u64; SCORES], injected: &[u64; SCORES]) -> f64 {
    let (mut below, mut wins) = (0.0, 0.0);
    for (honest, injected) in honest.iter().zip(injected) {
        wins += *injected as f64 * (below + *honest as f64 / 2.0);
        below += *honest as f64;
    }
    wins / (below * injected.iter().sum::<u64>() as f64).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_one_for_a_perfect_score_and_a_half_for_none() {
        let at = |score: usize| {
            let mut scores = [0; SCORES];
            scores[score] = 10;
            scores
        };
        let all: Vec<f64> = [(10, 90), (50, 50), (90, 10)].map(|(a, b)| area(&at(a), &at(b))).into();
        assert_eq!(all, [1.0, 0.5, 0.0]);
    }
}
