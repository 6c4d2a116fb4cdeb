//! Gaps between an entity's payments and bursts of them: measures P1 and P2 of arXiv 2604.13125.

use schemas::payment::TypeSpecific;

use super::lines::{ASSUMPTION, Lines};
use super::view::{DAY, HOUR, Ids, MINUTE, View, groups, key, mean, median};

/// Gaps that an entity must have for its own figures.
const LEAST_GAPS: usize = 10;
/// Where payments follow each other this fast anyway, bursts say nothing.
const DENSE: f64 = 6.0 * HOUR as f64;

#[derive(Default)]
pub struct Rhythm {
    ids: Ids,
    cards: Vec<(u32, i64)>,
    senders: Vec<(u32, i64)>,
    /// Payments of standing arrangements.
    orders: Vec<(u64, i64)>,
    first: Option<i64>,
    last: i64,
}

impl Rhythm {
    pub fn look(&mut self, view: &View<'_>) {
        if !view.is_honest {
            return;
        }
        self.first = Some(self.first.map_or(view.micros, |first| first.min(view.micros)));
        self.last = self.last.max(view.micros);
        match view.specific {
            TypeSpecific::Card(card) => self.cards.push((self.ids.number(&card.card_token), view.micros)),
            TypeSpecific::P2p(_) => self.senders.push((self.ids.number(&view.ours.party_id), view.micros)),
            _ => {}
        }
        if !view.metadata.recurrence_id.is_empty() {
            self.orders.push((key(&view.metadata.recurrence_id), view.micros));
        }
    }

    pub fn lines(mut self, out: &mut Lines) {
        let run = (self.last - self.first.unwrap_or(self.last)).max(1) as f64;
        for (scope, times) in [("CARD", &mut self.cards), ("P2P", &mut self.senders)] {
            times.sort_unstable();
            Gaps::of(times).lines(scope, run, out);
        }
        self.orders.sort_unstable();
        let variations: Vec<f64> = groups(&self.orders, |order| order.0)
            .filter(|times| times.len() > 3)
            .map(|times| variation(&gaps(times)).0)
            .collect();
        if variations.len() >= 30 {
            let what = "gaps of standing orders, variation (P1)";
            let source = "below 1, arXiv 2604.13125";
            out.within("ALL", what, source, 0.0..=1.0, mean(&variations));
        }
    }
}

/// What the gaps of all entities of a kind are like.
#[derive(Default)]
struct Gaps {
    variations: Vec<f64>,
    correlations: Vec<f64>,
    /// The part of the run between an entity's first and last payment.
    lifetimes: Vec<f64>,
    count: u64,
    micros: i64,
    payments: u64,
    /// Payments with another within 1, 5 and 30 minutes, and the bursts that they make.
    within: [u64; 3],
    bursts: [u64; 3],
}

const THIN: f64 = 2.0 * DAY as f64;
const BURSTS: [i64; 3] = [MINUTE, 5 * MINUTE, 30 * MINUTE];

impl Gaps {
    fn of(sorted: &[(u32, i64)]) -> Self {
        let mut all = Self::default();
        for times in groups(sorted, |time| time.0) {
            let own = gaps(times);
            all.payments += times.len() as u64;
            all.count += own.len() as u64;
            all.micros += own.iter().sum::<i64>();
            for (at, longest) in BURSTS.into_iter().enumerate() {
                for run in own.chunk_by(|a, b| (*a <= longest) == (*b <= longest)) {
                    if run[0] <= longest {
                        all.within[at] += run.len() as u64 + 1;
                        all.bursts[at] += 1;
                    }
                }
            }
            if own.len() >= LEAST_GAPS {
                let (variation, correlation) = variation(&own);
                all.variations.push(variation);
                all.correlations.push(correlation);
                all.lifetimes.push(own.iter().sum::<i64>() as f64);
            }
        }
        all
    }

    fn lines(self, scope: &'static str, run: f64, out: &mut Lines) {
        if self.variations.len() < 30 {
            return;
        }
        let source = "above 1 (arXiv 2604.13125); the upper bound is our assumption";
        out.within(scope, "gaps, variation (P1)", source, 1.0..=3.0, mean(&self.variations));
        let is_thin = self.micros as f64 > THIN * self.count as f64;
        // Independent times give 0, but for an error of about a hundredth.
        let source = "above 0 (arXiv 2604.13125); how far is our assumption";
        out.within(scope, "gaps, lag-1 autocorrelation (P1)", source, 0.02..=0.5, mean(&self.correlations))
            // A week's business shows only in the gaps of those who pay several times in it.
            .unless(is_thin, "more than two days between payments");
        let is_sparse = (self.payments as f64) < 25.0 * run / HOUR as f64;
        let is_dense = (self.micros as f64) < DENSE * self.count as f64;
        let names = ["1 minute", "5 minutes", "30 minutes"];
        let ranges = [0.0..=0.15, 0.01..=0.35, 0.1..=0.6];
        for (at, (name, range)) in names.into_iter().zip(ranges).enumerate() {
            let part = self.within[at] as f64 / self.payments as f64;
            out.within(
                scope,
                &format!("payments with another within {name}, part (P2)"),
                ASSUMPTION,
                range,
                part,
            )
            .unless(is_dense, "less than six hours between payments")
            .unless(is_sparse, "under 25 payments an hour")
            .unless(is_thin, "more than two days between payments");
            let length = self.within[at] as f64 / self.bursts[at].max(1) as f64;
            let what = format!("payments of a burst within {name}, mean (P2)");
            out.reported(scope, &what, "arXiv 2604.13125", length);
        }
        let lifetimes: Vec<f64> = self.lifetimes.into_iter().map(|life| life / run).collect();
        let what = "active lifetime, part of the run, median (P2)";
        out.within(scope, what, ASSUMPTION, 0.5..=1.0, median(lifetimes));
    }
}

fn gaps<K>(times: &[(K, i64)]) -> Vec<i64> {
    times.windows(2).map(|pair| pair[1].1 - pair[0].1).collect()
}

/// The coefficient of variation and the lag-1 autocorrelation of gaps, this corrected by 1/n: by so much it is too low in
/// n independent ones (Kendall 1954).
fn variation(gaps: &[i64]) -> (f64, f64) {
    let n = gaps.len() as f64;
    let middle = gaps.iter().sum::<i64>() as f64 / n;
    let off = |gap: i64| gap as f64 - middle;
    let squares: f64 = gaps.iter().map(|gap| off(*gap) * off(*gap)).sum();
    let products: f64 = gaps.windows(2).map(|pair| off(pair[0]) * off(pair[1])).sum();
    let correlation = if squares > 0.0 { products / squares + 1.0 / n } else { 0.0 };
    ((squares / n).sqrt() / middle.max(1.0), correlation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variation_and_autocorrelation_are_the_textbooks() {
        // 1, 3, 1, 3: mean 2, deviation 1; products -1 three times over squares 4, and a quarter for the bias.
        let (variation, correlation) = variation(&[1, 3, 1, 3]);
        assert!((variation - 0.5).abs() < 1e-12 && (correlation + 0.5).abs() < 1e-12);
    }

    #[test]
    fn bursts_are_runs_of_short_gaps() {
        let minute = |minute: i64| (7_u32, minute * MINUTE);
        let all = Gaps::of(&[minute(0), minute(1), minute(2), minute(60), minute(64), minute(300)]);
        assert_eq!((all.within, all.bursts), ([3, 5, 5], [1, 2, 2]));
    }
}
