//! Times within an hour: each segment has microseconds of its own, which rise with the number of its payment.
//!
//! An hour is cut into blocks of as many microseconds as there are lanes, and a segment owns some lanes of every block.
//! So no two payments share a microsecond, whichever their segments; within a segment the order of positions is the
//! order of time; and how many payments of a segment come before a time is computed, not looked for. The lanes turn from
//! block to block, so that a time's last digits do not tell the segment.

use crate::intensity::HOUR_MICROS;
use crate::random::{hash, scale};

const HOUR: u64 = HOUR_MICROS as u64;

/// How the microseconds of all hours divide over the segments.
#[derive(Debug, Default)]
pub struct Lanes {
    /// How many lanes there are.
    width: u64,
    /// Blocks in an hour.
    blocks: u64,
    /// The first lane of each segment, and the end.
    firsts: Vec<u64>,
    key: u64,
}

impl Lanes {
    /// Lanes for segments that have at most so many payments in an hour.
    pub fn new(peaks: &[u64], key: u64) -> Self {
        let lanes = (peaks.len() as u64 * 4).max(1_024);
        let total: u128 = peaks.iter().map(|peak| u128::from(*peak)).sum::<u128>().max(1);
        let spare = lanes - peaks.len() as u64;
        let mut firsts = vec![0];
        let mut next = 0;
        for peak in peaks {
            next += 1 + (u128::from(spare) * u128::from(*peak) / total) as u64;
            firsts.push(next);
        }
        Self { width: lanes, blocks: HOUR / lanes, firsts, key }
    }

    const fn width(&self, segment: usize) -> u64 {
        self.firsts.as_slice()[segment + 1] - self.firsts.as_slice()[segment]
    }

    /// The most payments that a segment may have in an hour.
    pub const fn room(&self, segment: usize) -> u64 {
        self.width(segment) * self.blocks
    }

    /// Where the segment's lanes begin in a block of an hour.
    fn turned(&self, segment: usize, hour: u64, block: u64) -> u64 {
        (self.firsts[segment] + scale(hash(self.key ^ hour, block), self.width)) % self.width
    }

    /// The microsecond, counted from its hour's start, of the `k`th of the segment's `count` payments in the hour.
    pub fn micros(&self, segment: usize, hour: u64, k: u64, count: u64) -> u64 {
        let (block, nth) = self.slot(segment, hour, k, count);
        let (first, width) = (self.turned(segment, hour, block), self.width(segment));
        // Lanes that run over the block's end go on at its beginning, and come first then.
        let over = (first + width).saturating_sub(self.width);
        block * self.width + if nth < over { nth } else { first + nth - over }
    }

    /// The block of a payment, and which of the segment's microseconds in it.
    fn slot(&self, segment: usize, hour: u64, k: u64, count: u64) -> (u64, u64) {
        let room = self.room(segment);
        let (from, to) = (k * room / count, (k + 1) * room / count);
        let own = hash(self.key ^ hour.wrapping_add(1 << 32), (segment as u64) << 40 ^ k);
        let at = from + scale(own, to - from);
        (at / self.width(segment), at % self.width(segment))
    }

    /// How many of the segment's `count` payments in the hour come before a microsecond of it.
    pub fn before(&self, segment: usize, hour: u64, micros: u64, count: u64) -> u64 {
        if count == 0 {
            return 0;
        }
        let (block, lane) = (micros / self.width, micros % self.width);
        if block >= self.blocks {
            return count;
        }
        let (first, width) = (self.turned(segment, hour, block), self.width(segment));
        let over = (first + width).saturating_sub(self.width);
        let nth = if lane < over { lane } else { over + lane.saturating_sub(first).min(width - over) };
        let place = block * width + nth;
        if place == 0 {
            return 0;
        }
        // The payment in whose part of the hour the last place before the time lies.
        let k = (place * count).div_ceil(self.room(segment)) - 1;
        let (own_block, own_nth) = self.slot(segment, hour, k, count);
        k + u64::from(own_block * width + own_nth < place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn times_are_unique_rise_with_the_number_and_are_counted() {
        let counts = [1_u64, 5_000, 40, 777, 60_000, 0, 3];
        let lanes = Lanes::new(&counts, 7);
        for hour in 0..3 {
            let mut seen = HashSet::new();
            for (segment, count) in counts.into_iter().enumerate() {
                let mut last = None;
                for k in 0..count {
                    let micros = lanes.micros(segment, hour, k, count);
                    assert!(micros < HOUR && last < Some(micros) && seen.insert(micros));
                    assert_eq!(lanes.before(segment, hour, micros, count), k);
                    assert_eq!(lanes.before(segment, hour, micros + 1, count), k + 1);
                    last = Some(micros);
                }
                assert!(lanes.before(segment, hour, HOUR - 1, count) + 1 >= count);
            }
        }
    }

    #[test]
    fn a_full_hour_uses_each_of_its_microseconds_once() {
        let lanes = Lanes::new(&[1_000_000_000, 2_000_000_000], 3);
        let (one, two) = (lanes.room(0), lanes.room(1));
        assert!(one + two > HOUR - HOUR / 100);
        for k in (0..one).step_by(97_331) {
            let micros = lanes.micros(0, 1, k, one);
            assert_eq!(lanes.before(0, 1, micros, one), k);
            let others = lanes.before(1, 1, micros, two);
            assert!(others == 0 || lanes.micros(1, 1, others - 1, two) < micros);
            assert!(others == two || lanes.micros(1, 1, others, two) > micros);
        }
    }
}
