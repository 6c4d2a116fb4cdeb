//! Random numbers that are a pure function of their coordinates.
//!
//! There is no generator state to carry from one payment to the next: a [`Stream`] starts from (key, purpose, index)
//! and costs a few multiplications, so that any payment can be made alone.

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

impl Stream {
    /// The sequence that belongs to a number under a key.
    pub const fn new(key: u64, value: u64) -> Self {
        Self { state: hash(key, value) }
    }

    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A number in `0..bound`; 0 for a bound of 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        scale(self.bits(), bound)
    }

    /// A number in `low..=high`.
    pub const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    pub fn unit(&mut self) -> f64 {
        unit(self.bits())
    }

    /// True with the given probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the choices, all as likely. The slice must not be empty.
    pub const fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
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
