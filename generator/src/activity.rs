//! How active each member of a group is, most active first: a power law, and closed forms to draw from it.

use crate::math::{exp2, log2};
use crate::random::{scale, unit};

/// The member of rank r is drawn in proportion to `(r + 1 + shift)^-skew`.
#[derive(Clone, Copy, Debug)]
pub struct Activity {
    size: u64,
    skew: f64,
    shift: f64,
    /// The law's integral up to the first member and over all.
    from: f64,
    range: f64,
}

/// How far people's activity is flattened, as a part of their number: so none is more than about two and a half times as
/// active as the mean, however many there are. The tail belongs to companies. (Our assumption; the Diary of Consumer
/// Payment Choice gives means, not the spread.)
const FLATTENED: f64 = 0.2;

impl Activity {
    pub fn new(size: u64, skew: f64, shift: f64) -> Self {
        let mut activity = Self { size, skew, shift, from: 0.0, range: 0.0 };
        activity.from = activity.integral(1.0 + shift);
        activity.range = activity.integral((size + 1) as f64 + shift) - activity.from;
        activity
    }

    /// Of companies: Zipf's law for a skew of 1.
    pub fn of_companies(size: u64, skew: f64) -> Self {
        Self::new(size, skew, 0.0)
    }

    /// Of people.
    pub fn of_people(size: u64, skew: f64) -> Self {
        Self::new(size, skew, size as f64 * FLATTENED)
    }

    /// The number of members.
    pub const fn size(&self) -> u64 {
        self.size
    }

    fn integral(&self, x: f64) -> f64 {
        let power = 1.0 - self.skew;
        if power.abs() < 1e-9 { log2(x) } else { exp2(log2(x) * power) }
    }

    /// A rank in `0..size` (0 for a size of 0), the most active first.
    pub fn draw(&self, bits: u64) -> u64 {
        if self.skew == 0.0 { scale(bits, self.size) } else { self.at(unit(bits)) }
    }

    /// The rank at a quantile (0 to 1): rising with it, so that quantiles spread evenly give each rank an interval of
    /// its size.
    pub fn at(&self, u: f64) -> u64 {
        let power = 1.0 - self.skew;
        let y = self.from + u * self.range;
        let x = if power.abs() < 1e-9 { exp2(y) } else { exp2(log2(y) / power) };
        ((x - self.shift) as u64).saturating_sub(1).min(self.size.saturating_sub(1))
    }

    /// The part of the group's payments that the member of a rank has.
    pub fn share(&self, rank: u64) -> f64 {
        let x = rank as f64 + self.shift;
        (self.integral(x + 2.0) - self.integral(x + 1.0)) / self.range
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_drawn_as_often_as_declared() {
        for skew in [0.0, 0.5, 1.0, 1.6] {
            for activity in [Activity::of_companies(20, skew), Activity::of_people(20, skew)] {
                let draws = 200_000_u64;
                let mut counts = [0_u64; 20];
                for bits in (0..draws).map(crate::random::mix) {
                    counts[activity.draw(bits) as usize] += 1;
                }
                for (rank, count) in counts.into_iter().enumerate() {
                    let expected = activity.share(rank as u64) * draws as f64;
                    let error = 5.0 * expected.sqrt();
                    assert!((count as f64 - expected).abs() < error, "skew {skew} rank {rank}");
                }
            }
        }
    }

    #[test]
    fn no_person_is_much_more_active_than_the_mean() {
        for size in [10, 1_000, 1_000_000] {
            let activity = Activity::of_people(size, 0.8);
            let (most, least) = (activity.share(0) * size as f64, activity.share(size - 1) * size as f64);
            assert!((1.7..2.5).contains(&most) && (0.5..0.7).contains(&least), "{most} {least}");
        }
    }
}
