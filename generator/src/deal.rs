//! Turns dealt round: who pays next, so that everybody's turns are counted without a look at the others'.
//!
//! Members are ranked by activity, so classes of frequency are ranges of ranks. The members of a class with step `j` take
//! part in every `2^j`th subround; within a subround those who take part are shuffled. A member's turn number is a
//! shift, and its count at any position one look into the present subround.

use crate::activity::Activity;
use crate::permutation::Permutation;
use crate::random::hash;

/// Subrounds differ in frequency up to this power of two.
const MAX_STEP: u32 = 8;

#[derive(Clone, Copy, Debug)]
struct Class {
    first: u64,
    size: u64,
    step: u32,
}

impl Class {
    /// How many of the class take part in a subround.
    const fn taking_part(&self, subround: u64) -> u64 {
        let missed = subround & ((1 << self.step) - 1);
        (self.size + (1 << self.step) - 1).saturating_sub(missed) >> self.step
    }
}

/// One turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub member: u64,
    /// How many turns the member had before.
    pub number: u64,
}

/// Deals turns to the members of a group.
#[derive(Clone, Debug)]
pub struct Deal {
    classes: Vec<Class>,
    /// Where the subrounds of a round begin, and the round's length.
    starts: Vec<u64>,
    key: u64,
}

impl Deal {
    pub fn new(activity: &Activity, key: u64) -> Self {
        let (size, most) = (activity.size().max(1), activity.share(0));
        let mut classes = Vec::new();
        let mut first = 0;
        for step in 0..=MAX_STEP {
            // The first rank whose share is nearer to the next step's.
            let least = most / f64::from(1_u32 << step) * std::f64::consts::FRAC_1_SQRT_2;
            let (mut low, mut high) = (first, size);
            while low < high {
                let middle = low.midpoint(high);
                if step < MAX_STEP && activity.share(middle) < least {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            if low > first {
                classes.push(Class { first, size: low - first, step });
                first = low;
            }
        }
        let steps = classes.iter().map(|class| class.step).max().unwrap_or(0);
        let mut starts = vec![0];
        let mut sum = 0;
        for subround in 0..1_u64 << steps {
            sum += classes.iter().map(|class| class.taking_part(subround)).sum::<u64>();
            starts.push(sum);
        }
        Self { classes, starts, key }
    }

    /// The subround that a position lies in, and its place there.
    fn find(&self, position: u64) -> (u64, u64) {
        let subrounds = self.starts.len() as u64 - 1;
        let length = self.starts[subrounds as usize];
        let (round, rest) = (position / length, position % length);
        let within = self.starts.partition_point(|start| *start <= rest) - 1;
        (round * subrounds + within as u64, rest - self.starts[within])
    }

    fn shuffle(&self, subround: u64) -> Permutation {
        let taking_part = self.classes.iter().map(|class| class.taking_part(subround)).sum();
        Permutation::new(taking_part, hash(self.key, subround))
    }

    /// The turn at a position, from 0 on.
    pub fn turn(&self, position: u64) -> Turn {
        let (subround, place) = self.find(position);
        let mut seat = self.shuffle(subround).apply(place);
        for class in &self.classes {
            let taking_part = class.taking_part(subround);
            if seat < taking_part {
                let member = class.first + (subround & ((1 << class.step) - 1)) + (seat << class.step);
                return Turn { member, number: subround >> class.step };
            }
            seat -= taking_part;
        }
        unreachable!("the shuffle is as long as the subround")
    }

    /// How many turns a member has before a position.
    pub fn before(&self, member: u64, position: u64) -> u64 {
        let (subround, place) = self.find(position);
        let mut seat = 0;
        for class in &self.classes {
            if member >= class.first + class.size {
                seat += class.taking_part(subround);
                continue;
            }
            let offset = member - class.first;
            let mask = (1 << class.step) - 1;
            let residue = offset & mask;
            let earlier = (subround + mask).saturating_sub(residue) >> class.step;
            if subround & mask != residue {
                return earlier;
            }
            let taken = self.shuffle(subround).invert(seat + (offset >> class.step)) < place;
            return earlier + u64::from(taken);
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_numbered_without_gaps_and_counted_at_every_position() {
        for (size, skew) in [(1, 0.8), (7, 0.8), (60, 0.0), (93, 1.0), (400, 0.8)] {
            let activity = Activity::of_companies(size, skew);
            let deal = Deal::new(&activity, 5);
            let mut counts = vec![0; size as usize];
            for position in 0..6_000 {
                let Turn { member, number } = deal.turn(position);
                assert_eq!(number, counts[member as usize], "{size} {position}");
                assert_eq!(deal.before(member, position), number);
                let other = (member + 1) % size;
                assert_eq!(deal.before(other, position), counts[other as usize], "{size} {position}");
                counts[member as usize] += 1;
            }
            assert!(counts.iter().all(|count| *count > 0) || size == 400);
        }
    }

    #[test]
    fn loads_follow_the_activity_and_are_bounded() {
        let activity = Activity::of_people(300, 0.8);
        let deal = Deal::new(&activity, 9);
        let mut counts = vec![0_u32; 300];
        for position in 0..30_000 {
            counts[deal.turn(position).member as usize] += 1;
        }
        let (most, least) = (*counts.iter().max().unwrap(), *counts.iter().min().unwrap());
        assert!(counts[0] > counts[299] && most < 300 && least > 40, "{most} {least}");
    }
}
