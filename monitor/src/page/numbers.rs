//! Numbers as people read them.

/// `1,234,567`; below 100 with the decimals that matter.
pub(crate) fn count(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if value.abs() < 100.0 && value.fract() != 0.0 {
        return digits(value, 2);
    }
    let text = format!("{:.0}", value.abs());
    let mut grouped = String::with_capacity(text.len() * 4 / 3 + 1);
    if value < 0.0 && text != "0" {
        grouped.push('-');
    }
    for (at, digit) in text.chars().enumerate() {
        if at > 0 && (text.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `20k`, `1.2M`: for axes, where room is short.
pub(crate) fn short(value: f64) -> String {
    let scales = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    match scales.into_iter().find(|(scale, _)| value.abs() >= *scale) {
        Some((scale, unit)) => digits(value / scale, 3) + unit,
        None => digits(value, 3),
    }
}

/// `420 µs`, `12.5 ms`, `1.24 s`, `2 min 5 s`, `3 h 20 min`.
pub(crate) fn seconds(value: f64) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    match value {
        0.0 => "0 s".into(),
        _ if value < 0.000_999_5 => digits(value * 1e6, 3) + " µs",
        _ if value < 0.999_5 => digits(value * 1e3, 3) + " ms",
        _ if value < 99.95 => digits(value, 3) + " s",
        _ => {
            let whole = value.round() as u64;
            let (large, small, names) = if whole < 3_600 {
                (whole / 60, whole % 60, ("min", "s"))
            } else {
                (whole / 3_600, whole % 3_600 / 60, ("h", "min"))
            };
            if small == 0 {
                format!("{large} {}", names.0)
            } else {
                format!("{large} {} {small} {}", names.0, names.1)
            }
        }
    }
}

/// `812 MiB`.
pub(crate) fn bytes(value: f64) -> String {
    let scales = [(1_073_741_824.0, " GiB"), (1_048_576.0, " MiB"), (1_024.0, " KiB")];
    match scales.into_iter().find(|(scale, _)| value >= *scale) {
        Some((scale, unit)) => digits(value / scale, 3) + unit,
        None => digits(value, 3) + " B",
    }
}

/// `97 %`, `4.2 %`, `< 0.01 %` of a part from 0 to 1.
pub(crate) fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if part <= 0.0 {
        "0 %".into()
    } else if percent < 0.01 {
        "< 0.01 %".into()
    } else {
        digits(percent, if percent < 99.0 { 2 } else { 4 }) + " %"
    }
}

/// So many digits that count, without zeros at the end; whole numbers are not cut.
pub(crate) fn digits(value: f64, wanted: usize) -> String {
    if !value.is_finite() {
        return "–".into();
    }
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = value.abs().log10().floor() as i64;
    let decimals = (wanted as i64 - 1 - magnitude).clamp(0, 12) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Date and time of UTC seconds since 1970: `2026-11-27`, `08:00:05`.
pub(crate) fn utc(seconds: u64) -> (String, String) {
    let of_day = seconds % 86_400;
    // From days to a date as Howard Hinnant does it: years begin in March, so that a leap day is a year's last.
    let days = (seconds / 86_400).min(3_000_000_000) + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let of_years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * of_years + of_years / 4 - of_years / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = of_years + era * 400 + u64::from(month <= 2);
    let time = format!("{:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60);
    (format!("{year:04}-{month:02}-{day:02}"), time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        let counts = [0.0, 7.0, 1234.0, 1_234_567.4, 0.123, -1000.0, 99.5].map(count);
        assert_eq!(counts, ["0", "7", "1,234", "1,234,567", "0.12", "-1,000", "100"]);
        assert_eq!(
            [0.0, 0.25, 950.0, 20_000.0, 1_250_000.0].map(short),
            ["0", "0.25", "950", "20k", "1.25M"]
        );
        let durations = [0.0, 0.000_42, 0.0125, 0.9999, 1.239, 125.0, 7_260.0, 180.0].map(seconds);
        assert_eq!(
            durations,
            ["0 s", "420 µs", "12.5 ms", "1 s", "1.24 s", "2 min 5 s", "2 h 1 min", "3 min"]
        );
        assert_eq!([512.0, 1536.0, 851_443_712.0].map(bytes), ["512 B", "1.5 KiB", "812 MiB"]);
        let parts = [0.0, 0.000_01, 0.0421, 0.97, 0.9996, 1.0].map(percent);
        assert_eq!(parts, ["0 %", "< 0.01 %", "4.2 %", "97 %", "99.96 %", "100 %"]);
        for wrong in [f64::NAN, f64::INFINITY] {
            assert_eq!([count(wrong), short(wrong), seconds(wrong)].concat().replace(['–', 'T'], ""), "");
        }
    }

    #[test]
    fn a_day_is_the_calendars() {
        let date = |seconds| utc(seconds).0;
        assert_eq!(utc(0), ("1970-01-01".into(), "00:00:00".into()));
        assert_eq!(utc(1_795_766_405), ("2026-11-27".into(), "08:00:05".into()));
        assert_eq!(
            [date(951_782_400), date(951_868_800), date(4_107_542_400)],
            ["2000-02-29", "2000-03-01", "2100-03-01"]
        );
        let _ = utc(u64::MAX);
    }
}
