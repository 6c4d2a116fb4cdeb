//! Times as this program, Pub/Sub, row keys and people spell them. All UTC.

use chrono::NaiveDate;
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

/// A moment, as row keys spell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment([u8; text::TIME_LEN]);

impl Moment {
    /// Microseconds since 1970, UTC.
    pub fn micros(self) -> i64 {
        text::parse_time(&self.0).unwrap_or_default()
    }

    pub fn text(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// A day, as row keys spell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day(String);

impl Day {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads a time that may be cut anywhere between two of its parts.
pub fn parse_moment(given: &str) -> Result<Moment, String> {
    const LEAST: &str = "0000-01-01T00:00:00.000000Z";
    let cut = given.strip_suffix('Z').unwrap_or(given);
    let parsed = LEAST
        .get(cut.len()..)
        .filter(|_| [10, 13, 16, 19, 26].contains(&cut.len()))
        .and_then(|rest| text::parse_time(format!("{cut}{rest}").as_bytes()));
    match parsed {
        Some(micros) => Ok(Moment(text::time(micros))),
        None => Err(
            "not a time; write 2024-03-14, 2024-03-14T09, 2024-03-14T09:26 or 2024-03-14T09:26:53.589793Z"
                .into(),
        ),
    }
}

pub fn parse_day(given: &str) -> Result<Day, String> {
    match given.parse::<NaiveDate>() {
        Ok(day) if given.len() == 10 => Ok(Day(day.to_string())),
        _ => Err("not a day of the calendar; write it as 2024-03-31".to_owned()),
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
        let spans = [5, 65, 3_700, 90_000].map(|seconds| span_of(seconds * SECOND_MICROS));
        assert_eq!(spans, ["5 s", "1 min 5 s", "1 h 1 min", "1 d 1 h"]);
    }

    #[test]
    fn a_moment_may_be_cut_between_its_parts() {
        let full = |text: &str| String::from_utf8(parse_moment(text).unwrap().0.to_vec()).unwrap();
        assert_eq!(full("2024-03-14"), "2024-03-14T00:00:00.000000Z");
        assert_eq!(full("2024-03-14T09:26"), "2024-03-14T09:26:00.000000Z");
        assert_eq!(full("2024-03-14T09:26:53.589793Z"), "2024-03-14T09:26:53.589793Z");
        for wrong in [
            "",
            "2024",
            "2024-02-30",
            "2024-03-14T24",
            "2024-03-14 09",
            "2024-03-14T09:2",
            "2024-03-14\u{e9}",
        ] {
            assert!(parse_moment(wrong).is_err(), "{wrong}");
        }
    }
}
