//! The rules by which a HorizontalPodAutoscaler decides: Kubernetes' documentation of the algorithm, and the defaults
//! of `HPAScalingRules`.

use std::collections::VecDeque;

/// How often it looks, seconds.
pub const SYNC: u32 = 15;
const TOLERANCE: f64 = 0.1;
/// Up, at most the larger of these in a period.
const UP_FACTOR: f64 = 2.0;
const UP_PODS: usize = 4;
const UP_PERIOD: u32 = 15;

/// A metric as it is read at a moment.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// One value for all, to be shared by the replicas (`AverageValue` of an external metric).
    External(f64),
    /// A value for each pod that has one.
    Pods {
        values: Vec<f64>,
        /// Pods that do not run yet.
        unready: usize,
        /// Pods that run and have no value yet.
        missing: usize,
        /// What these are taken for when fewer pods would do: full use for CPU, the target for other metrics.
        assumed: f64,
    },
    /// The metric cannot be read.
    Failed,
}

impl Reading {
    /// The replicas that this metric asks for.
    pub fn wants(&self, target: f64, replicas: usize) -> Option<usize> {
        match self {
            Self::External(value) => {
                let ratio = value / (target * replicas as f64);
                Some(if is_near(ratio) { replicas } else { ceil(value / target) })
            }
            Self::Pods { values, unready, missing, assumed } => {
                if values.is_empty() {
                    return None;
                }
                let sum: f64 = values.iter().sum();
                let ratio = sum / values.len() as f64 / target;
                // Pods that do not run count, as idle, only where more would be wanted.
                let idle = if ratio > 1.0 { *unready } else { 0 };
                if idle == 0 && *missing == 0 {
                    return Some(if is_near(ratio) { replicas } else { ceil(ratio * values.len() as f64) });
                }
                let rest = if ratio < 1.0 { *missing as f64 * assumed } else { 0.0 };
                let pods = (values.len() + missing + idle) as f64;
                let damped = (sum + rest) / pods / target;
                if is_near(damped) || (ratio < 1.0) != (damped < 1.0) {
                    return Some(replicas);
                }
                let wanted = ceil(damped * pods);
                Some(if (damped < 1.0) == (wanted > replicas) { replicas } else { wanted })
            }
            Self::Failed => None,
        }
    }
}

fn is_near(ratio: f64) -> bool {
    (ratio - 1.0).abs() <= TOLERANCE
}

fn ceil(replicas: f64) -> usize {
    (replicas - 1e-9).ceil().max(0.0) as usize
}

/// The highest of what the metrics ask for. One that cannot be read asks for nothing, and forbids to shrink.
pub fn proposal(wants: &[Option<usize>], replicas: usize) -> usize {
    let highest = wants.iter().flatten().copied().max().unwrap_or(replicas);
    if wants.contains(&None) { highest.max(replicas) } else { highest }
}

/// An autoscaler's memory of what it wanted and did.
#[derive(Clone, Debug)]
pub struct Hpa {
    least: usize,
    most: usize,
    down_window: u32,
    wanted: VecDeque<(u32, usize)>,
    /// Pods added, and when.
    added: VecDeque<(u32, usize)>,
}

impl Hpa {
    pub fn new(least: usize, most: usize, down_window: u32) -> Self {
        Self { least, most, down_window, wanted: VecDeque::new(), added: VecDeque::new() }
    }

    /// The replicas from now on.
    pub fn decide(&mut self, now: u32, replicas: usize, wants: &[Option<usize>]) -> usize {
        if self.wanted.is_empty() {
            self.wanted.push_back((now, replicas));
        }
        self.wanted.push_back((now, proposal(wants, replicas)));
        self.wanted.retain(|(at, _)| now - at <= self.down_window);
        let newest = self.wanted.back().map_or(replicas, |(_, wanted)| *wanted);
        let highest = self.wanted.iter().map(|(_, wanted)| *wanted).max().unwrap_or(replicas);
        // Growing needs no more than the newest wish, shrinking the agreement of all in the window.
        let stable = if newest > replicas { newest } else { highest.min(replicas) };
        let limit = self.up_limit(now, replicas);
        let next = if stable > replicas { stable.min(limit.max(replicas)) } else { stable };
        let next = next.clamp(self.least, self.most);
        if next > replicas {
            self.added.push_back((now, next - replicas));
        }
        next
    }

    fn up_limit(&mut self, now: u32, replicas: usize) -> usize {
        self.added.retain(|(at, _)| now - at < UP_PERIOD);
        let added: usize = self.added.iter().map(|(_, pods)| *pods).sum();
        let before = replicas.saturating_sub(added);
        ceil(before as f64 * UP_FACTOR).max(before + UP_PODS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods(values: &[f64], unready: usize, missing: usize) -> Reading {
        Reading::Pods { values: values.to_vec(), unready, missing, assumed: 1.0 }
    }

    #[test]
    fn the_ratio_of_value_and_target_multiplies_the_replicas() {
        // The documentation's examples: 200m of 100m doubles, 50m of 100m halves.
        assert_eq!(pods(&[0.2; 3], 0, 0).wants(0.1, 3), Some(6));
        assert_eq!(pods(&[0.05; 4], 0, 0).wants(0.1, 4), Some(2));
        assert_eq!(Reading::External(7.0).wants(2.0, 1), Some(4), "rounded up");
        assert_eq!(Reading::External(0.0).wants(2.0, 3), Some(0));
    }

    #[test]
    fn within_a_tenth_of_the_target_nothing_changes() {
        for (value, wanted) in [(10.9, 10), (9.1, 10), (11.2, 12), (8.8, 9)] {
            assert_eq!(Reading::External(value).wants(1.0, 10), Some(wanted), "{value}");
            assert_eq!(pods(&[value / 10.0; 10], 0, 0).wants(1.0, 10), Some(wanted), "{value}");
        }
    }

    #[test]
    fn pods_without_a_value_are_idle_when_it_would_grow_and_full_when_it_would_shrink() {
        // Alone, 2.0 of 0.5 would make 4 of each; idle pods beside it are subtracted.
        assert_eq!(pods(&[2.0], 3, 0).wants(0.5, 4), Some(4));
        assert_eq!(pods(&[4.0], 3, 0).wants(0.5, 4), Some(8));
        assert_eq!(pods(&[0.6], 3, 0).wants(0.5, 4), Some(4), "idle pods would turn the direction");
        assert_eq!(pods(&[0.1, 0.1], 0, 2).wants(0.9, 4), Some(3));
        assert_eq!(pods(&[0.1], 0, 3).wants(0.5, 4), Some(4), "full pods would turn the direction");
        assert_eq!(pods(&[], 2, 0).wants(0.5, 2), None);
    }

    #[test]
    fn the_highest_wish_counts_and_one_that_cannot_be_read_is_left_out_but_forbids_to_shrink() {
        assert_eq!(proposal(&[Some(3), Some(7)], 5), 7);
        assert_eq!(proposal(&[None, Some(7)], 5), 7);
        assert_eq!(proposal(&[None, Some(3)], 5), 5);
        assert_eq!(proposal(&[None, None], 5), 5);
        assert_eq!(proposal(&[Some(2), Some(3)], 5), 3);
    }

    #[test]
    fn it_doubles_or_adds_four_in_fifteen_seconds() {
        let mut hpa = Hpa::new(1, 100, 300);
        let steps: Vec<usize> = (0..4)
            .scan(1, |replicas, step| {
                *replicas = hpa.decide(step * SYNC, *replicas, &[Some(100)]);
                Some(*replicas)
            })
            .collect();
        assert_eq!(steps, [5, 10, 20, 40]);
        let mut hpa = Hpa::new(1, 100, 300);
        assert_eq!(hpa.decide(0, 1, &[Some(3)]), 3);
        assert_eq!(hpa.decide(10, 3, &[Some(100)]), 5, "what was added in the period counts");
    }

    #[test]
    fn it_shrinks_to_the_highest_wish_of_the_window() {
        let mut hpa = Hpa::new(1, 20, 60);
        assert_eq!(hpa.decide(0, 8, &[Some(8)]), 8);
        assert_eq!(hpa.decide(15, 8, &[Some(2)]), 8);
        assert_eq!(hpa.decide(30, 8, &[Some(5)]), 8);
        assert_eq!(hpa.decide(60, 8, &[Some(2)]), 8);
        assert_eq!(hpa.decide(75, 8, &[Some(2)]), 5);
        assert_eq!(hpa.decide(105, 5, &[Some(0)]), 2);
        assert_eq!(hpa.decide(600, 2, &[Some(0)]), 1, "never below the least");
        assert_eq!(hpa.decide(615, 15, &[Some(90)]), 20, "never above the most");
    }
}
