//! Random numbers that are a pure function of their coordinates.
//!
//! There is no generator state to carry from one payment to the next: a [`Stream`] starts from (key, purpose, index)
//! and costs a few multiplications, so that any payment can be made alone. It is one of `rand`'s generators, whose
//! ranges and choices are used. Weighted picks walk a table (`choose_weighted` builds one each time, seven times slower);
//! normal, Pareto and Zipf draws are `math`'s, as `rand_distr` gives other bits where a dependency switches
//! `num-traits/std` on.

use std::convert::Infallible;

use rand::seq::IndexedRandom;
use rand::{RngExt, TryRng};

/// Weyl increment of the streams: 2^64 divided by the golden ratio, odd.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Scrambles 64 bits; a bijection (Stafford's variant 13 of the finalizer of `MurmurHash3`, as in `SplitMix64`).
#[inline]
pub const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A keyed hash of one number.
#[inline]
pub const fn hash(key: u64, value: u64) -> u64 {
    mix(key ^ mix(value.wrapping_add(GOLDEN)))
}

/// The high half of a product: maps 64 random bits to `0..bound` without division.
#[inline]
pub const fn scale(bits: u64, bound: u64) -> u64 {
    ((bits as u128 * bound as u128) >> 64) as u64
}

/// A fraction in `[0, 1)` of 53 random bits.
#[inline]
pub fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// A reproducible sequence of random numbers.
#[derive(Clone, Debug)]
pub struct Stream {
    state: u64,
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.bits() >> 32) as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.bits())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.bits().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl Stream {
    /// The sequence that belongs to a number under a key.
    pub const fn new(key: u64, value: u64) -> Self {
        Self { state: hash(key, value) }
    }

    #[inline]
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number in `0..bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.random_range(0..bound) }
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        self.random_range(low..=high)
    }

    pub fn unit(&mut self) -> f64 {
        self.random()
    }

    /// True with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.random_bool(probability.clamp(0.0, 1.0))
    }

    /// One of the choices, all as likely. The slice must not be empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        *choices.choose(self).expect("there are choices")
    }

    /// One of the choices, as likely as their weights say. The slice must not be empty.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u32, T)]) -> T {
        let total: u64 = choices.iter().map(|(weight, _)| u64::from(*weight)).sum();
        let mut left = self.below(total);
        for (weight, choice) in choices {
            match left.checked_sub(u64::from(*weight)) {
                None => return *choice,
                Some(rest) => left = rest,
            }
        }
        choices[choices.len() - 1].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_coordinates_give_equal_sequences_and_others_do_not() {
        let take = |key, value| {
            let mut stream = Stream::new(key, value);
            [stream.bits(), stream.bits(), stream.bits()]
        };
        assert_eq!(take(42, 7), take(42, 7));
        assert_ne!(take(42, 7), take(42, 8));
        assert_ne!(take(42, 7), take(43, 7));
    }

    /// As SplitMix64's reference code (Vigna) gives them for the seed 1234567.
    #[test]
    fn a_stream_is_splitmix64() {
        let mut stream = Stream { state: 1_234_567 };
        let expected = [6_457_827_717_110_365_317_u64, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([stream.bits(), stream.bits(), stream.bits()], expected);
        let mut bytes = [0; 12];
        let (mut one, mut two) = (Stream::new(1, 2), Stream::new(1, 2));
        one.try_fill_bytes(&mut bytes).unwrap();
        assert_eq!(bytes[..8], two.bits().to_le_bytes());
        assert_eq!(bytes[8..], two.bits().to_le_bytes()[..4]);
    }

    #[test]
    fn ranges_keep_their_bounds() {
        let mut stream = Stream::new(5, 5);
        let drawn: Vec<u64> = (0..2_000).map(|_| stream.between(3, 6)).collect();
        assert!(
            (3..=6).all(|value| drawn.contains(&value)) && drawn.iter().all(|value| (3..=6).contains(value))
        );
        assert_eq!((stream.below(0), stream.below(1)), (0, 0));
        assert!(!stream.chance(0.0) && stream.chance(1.0));
    }

    #[test]
    fn weights_decide_how_often_a_choice_is_made() {
        let choices = [(1, 'a'), (3, 'b'), (0, 'c')];
        let mut stream = Stream::new(1, 2);
        let picked: Vec<char> = (0..40_000).map(|_| stream.weighted(&choices)).collect();
        let share = |wanted| picked.iter().filter(|choice| **choice == wanted).count() as f64 / 40_000.0;
        assert!((share('a') - 0.25).abs() < 0.01);
        assert!((share('b') - 0.75).abs() < 0.01);
        assert!(share('c') == 0.0);
    }
}
