//! Counts, durations and sizes as flags spell them.

use std::time::Duration;

/// `500ms`, `5s`, `10m`, `2h`, `7d`; the unit is required.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)];
    let seconds = scaled(text, &units).ok_or("not a duration; write 500ms, 5s, 10m, 2h or 7d")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// `4096`, `64KiB`, `16MiB`, `1GiB`: bytes, at least one.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let units = [("KiB", 1024.0), ("MiB", 1_048_576.0), ("GiB", 1_073_741_824.0), ("B", 1.0), ("", 1.0)];
    match scaled(text, &units) {
        Some(bytes) if bytes >= 1.0 => Ok(bytes as u64),
        _ => Err("not a size; write 4096, 64KiB, 16MiB or 1GiB".into()),
    }
}

/// `5000`, `1_000_000`, `1M`, `2.5k`, `1e6`: a whole number, with k, M, G or T for thousands, exactly.
pub fn parse_count<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let count = whole(text).ok_or("not a count; write 5000, 1_000_000, 1M or 1e6 (k, M, G, T: thousands)")?;
    T::try_from(count).map_err(|_| TOO_LARGE.to_owned())
}

/// A count as [`parse_count`] reads it, above 0.
pub fn parse_positive<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    match parse_count::<u64>(text)? {
        0 => Err("must be at least 1".to_owned()),
        count => T::try_from(count).map_err(|_| TOO_LARGE.to_owned()),
    }
}

const TOO_LARGE: &str = "too large";

/// The number that digits, a fraction and a power of ten make, if it is a whole one.
fn whole(text: &str) -> Option<u64> {
    let powers = [("k", 3), ("K", 3), ("M", 6), ("G", 9), ("T", 12)];
    let unit = powers.iter().find_map(|(unit, power)| Some((text.strip_suffix(unit)?, *power)));
    let (number, power) = match (unit, text.split_once(['e', 'E'])) {
        (Some(scaled), _) => scaled,
        (None, Some((number, power))) => (number, power.parse::<i32>().ok()?),
        (None, None) => (text, 0),
    };
    let (before, after) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    if !before.starts_with(|first: char| first.is_ascii_digit()) || !is_digits(before) || !is_digits(after) {
        return None;
    }
    let digits = |part: &str| part.replace('_', "");
    let after = digits(after);
    let after = after.trim_end_matches('0');
    let zeros = power.checked_sub(i32::try_from(after.len()).ok()?)?;
    let digits: u64 = (digits(before) + after).parse().ok()?;
    digits.checked_mul(10_u64.checked_pow(u32::try_from(zeros).ok()?)?)
}

/// The number before the first unit that ends the text, times that unit.
fn scaled(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let (number, scale) = units.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))?;
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("1.5m"), Ok(Duration::from_secs(90)));
        for wrong in ["5", "", "s", "-1s", "5 parsecs", "infs", "1e300d"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn counts_are_exact_however_they_are_written() {
        for (text, count) in [
            ("0", 0),
            ("0005", 5),
            ("1_000_000", 1_000_000),
            ("1M", 1_000_000),
            ("1e6", 1_000_000),
            ("2.5E3", 2_500),
            ("2.50k", 2_500),
            ("1.000", 1),
            ("0.001k", 1),
            ("10G", 10_000_000_000),
            ("2T", 2_000_000_000_000),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_count(text), Ok(count), "{text}");
        }
        let more = [
            "", "-1", "1.5", "1e-3", "M", "_1", "1 000", "1,000", "1m", "1MB", "1e6M", "1e20", "20e18",
            "1.2.3",
        ];
        for wrong in
            more.into_iter().chain(["18446744073709551616", "e6", "1e", "1e99999999999", "+1", ".5k"])
        {
            assert!(parse_count::<u64>(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_count::<u16>("100k"), Err("too large".into()));
        assert_eq!((parse_positive("1k"), parse_positive::<u8>("0").is_err()), (Ok(1_000_u64), true));
    }

    #[test]
    fn sizes_are_binary() {
        assert_eq!(parse_bytes("16MiB"), Ok(16 << 20));
        assert_eq!(parse_bytes("4096"), Ok(4096));
        for wrong in ["0", "", "MiB", "-1", "1MB"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
