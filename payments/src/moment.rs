//! Moments between this program, Pub/Sub's timestamps and text. All UTC.

use prost_types::Timestamp;
use schemas::text;

pub use service::clock::now_micros;

pub const SECOND_MICROS: i64 = 1_000_000;

pub fn micros_of(timestamp: &Timestamp) -> i64 {
    timestamp.seconds.saturating_mul(SECOND_MICROS) + i64::from(timestamp.nanos / 1_000)
}

pub fn timestamp_of(micros: i64) -> Timestamp {
    let nanos = micros.rem_euclid(SECOND_MICROS) as i32 * 1_000;
    Timestamp { seconds: micros.div_euclid(SECOND_MICROS), nanos }
}

/// `2024-03-14T09:26:53.589793Z`.
pub fn text_of(micros: i64) -> String {
    String::from_utf8_lossy(&text::time(micros.clamp(0, text::MAX_MICROS))).into_owned()
}

/// `3 d 4 h`, `5 min 10 s`, `12 s`: the two largest units.
pub fn span_of(micros: i64) -> String {
    let seconds = micros.max(0) / SECOND_MICROS;
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, ..) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_survive_the_way_through_a_timestamp() {
        for micros in [0, 1, 999_999, 1_700_000_000_123_456, -1, -1_000_001] {
            assert_eq!(micros_of(&timestamp_of(micros)), micros);
        }
    }

    #[test]
    fn spans_are_told_in_their_two_largest_units() {
        let told = [5, 65, 3_700, 90_000].map(|seconds| span_of(seconds * SECOND_MICROS));
        assert_eq!(told, ["5 s", "1 min 5 s", "1 h 1 min", "1 d 1 h"]);
    }
}
