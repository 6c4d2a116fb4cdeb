//! Durations and sizes as flags spell them.

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
    fn sizes_are_binary() {
        assert_eq!(parse_bytes("16MiB"), Ok(16 << 20));
        assert_eq!(parse_bytes("4096"), Ok(4096));
        for wrong in ["0", "", "MiB", "-1", "1MB"] {
            assert!(parse_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
