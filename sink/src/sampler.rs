//! The first few of each kind a minute, and then counts: a flood of bad messages must not become a flood of lines.

use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

/// So many of a kind are told in full.
const FIRST: u64 = 5;
const MINUTE: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub struct Sampler(Mutex<BTreeMap<&'static str, Minute>>);

#[derive(Debug)]
struct Minute {
    ends: Instant,
    seen: u64,
}

impl Sampler {
    /// Whether this one of its kind is to be told in full.
    pub fn admits(&self, kind: &'static str, now: Instant) -> bool {
        let mut minutes = self.0.lock();
        let minute = minutes.entry(kind).or_insert(Minute { ends: now + MINUTE, seen: 0 });
        minute.seen += 1;
        minute.seen <= FIRST
    }

    /// By kind, how many were not told in a minute that is over; with `now` at none, in any.
    pub fn untold(&self, now: Option<Instant>) -> Vec<(&'static str, u64)> {
        let mut untold = Vec::new();
        self.0.lock().retain(|kind, minute| {
            let is_over = now.is_none_or(|now| minute.ends <= now);
            if is_over && minute.seen > FIRST {
                untold.push((*kind, minute.seen - FIRST));
            }
            !is_over
        });
        untold
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_told_by_its_first_few_and_a_count() {
        let (sampler, start) = (Sampler::default(), Instant::now());
        let told = (0..1_000).filter(|_| sampler.admits("undecodable", start)).count();
        assert_eq!(told, 5);
        assert!(sampler.admits("invalid", start + MINUTE / 2), "each kind has its own count");
        assert_eq!(sampler.untold(Some(start + MINUTE / 2)), []);
        assert_eq!(sampler.untold(Some(start + MINUTE)), [("undecodable", 995)]);
        assert!(sampler.admits("undecodable", start + MINUTE), "the next minute has its own first few");
        assert_eq!(sampler.untold(None), [], "few are no flood");
    }
}
