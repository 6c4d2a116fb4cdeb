//! Figures as people read them: three digits and a unit, whatever their size.

/// What stands where there is no figure.
pub const NONE: &str = "-";

const STEPS: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// `7`, `12.3k`, `1.00T`: five characters at most, but for what no process counts.
pub fn count(value: f64) -> String {
    if !value.is_finite() {
        return NONE.into();
    }
    let (sign, size) = (if value < 0.0 { "-" } else { "" }, value.abs());
    if size < 999.5 {
        // A rate of one in a while is not none.
        let is_whole = size >= 99.95 || (size - size.round()).abs() < 0.005;
        return match size {
            _ if is_whole => format!("{sign}{size:.0}"),
            _ if size >= 9.995 => format!("{sign}{size:.1}"),
            _ => format!("{sign}{size:.2}"),
        };
    }
    scaled(size, 1_000.0, &STEPS).map_or_else(|| format!("{value:.0e}"), |text| format!("{sign}{text}"))
}

/// Three digits, divided until they are before the first step that fits.
fn scaled(size: f64, base: f64, steps: &[&str]) -> Option<String> {
    let mut size = size;
    for step in steps {
        if size < 999.5 {
            let digits = match size {
                _ if size < 9.995 => 2,
                _ if size < 99.95 => 1,
                _ => 0,
            };
            return Some(format!("{size:.digits$}{step}"));
        }
        size /= base;
    }
    None
}

pub fn count_or_none(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.into(), count)
}

/// `0.80 ms`, `12.3 ms`, `1.23 s`, `4.5 min`, `3.2 h`, `12 d`: eight characters at most.
pub fn seconds(value: f64) -> String {
    let units = [(0.999_5, 1e-3, "ms"), (99.95, 1.0, "s"), (5_997.0, 60.0, "min"), (359_820.0, 3_600.0, "h")];
    if !value.is_finite() {
        return NONE.into();
    }
    let value = value.max(0.0);
    let (scale, unit) = units
        .iter()
        .find(|(below, ..)| value < *below)
        .map_or((86_400.0, "d"), |(_, scale, unit)| (*scale, *unit));
    format!("{} {unit}", count(value / scale))
}

pub fn seconds_or_none(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.into(), seconds)
}

/// `212 MiB`, `1.00 GiB`: eight characters at most.
pub fn bytes(value: f64) -> String {
    let steps = [" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB"];
    match value {
        _ if !value.is_finite() => NONE.into(),
        _ if value < 999.5 => format!("{:.0} B", value.max(0.0)),
        _ => scaled(value, 1_024.0, &steps).unwrap_or_else(|| format!("{value:.0e} B")),
    }
}

pub fn bytes_or_none(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.into(), bytes)
}

/// `83 %`, of a part between 0 and 1 (more for several CPUs).
pub fn percent(part: Option<f64>) -> String {
    match part {
        Some(part) if part.is_finite() => match part * 100.0 {
            percent if percent < 9_999.5 => format!("{percent:.0} %"),
            percent => format!("{} %", count(percent)),
        },
        _ => NONE.into(),
    }
}

/// A text in so many columns, its end replaced where it is longer. For words, never for figures.
pub fn fit(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.into();
    }
    let mut cut = String::new();
    for character in text.chars() {
        if columns(&cut) + columns(character.encode_utf8(&mut [0; 4])) + 1 > width {
            break;
        }
        cut.push(character);
    }
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// Columns that a text takes on a terminal.
pub fn columns(text: &str) -> usize {
    ratatui::text::Span::raw(text).width()
}

/// A table's name without what all of them have.
pub fn table(name: &str) -> &str {
    name.strip_prefix("payments_by_").unwrap_or(name)
}

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last values as bars of so many lines, the newest on the right; the greatest one fills the height. Without a value there
/// is a gap.
pub fn bars(values: &[Option<f64>], width: usize, height: usize) -> Vec<String> {
    let values = &values[values.len().saturating_sub(width)..];
    let greatest = values.iter().flatten().copied().fold(0.0, f64::max);
    let eighths = |value: f64| {
        let part = if greatest > 0.0 { (value / greatest).clamp(0.0, 1.0) } else { 0.0 };
        ((part * (8 * height) as f64).round() as usize).max(1)
    };
    let line = |row: usize| {
        let below = 8 * (height - 1 - row);
        let bar = |value: &Option<f64>| match value.map(eighths) {
            Some(size) if size > below => BARS[(size - below).min(8) - 1],
            _ => ' ',
        };
        let drawn: String = values.iter().map(bar).collect();
        format!("{drawn:>width$}")
    };
    (0..height).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_have_three_digits_and_a_unit() {
        let counts = [0.0, 0.25, 7.0, 9.996, 12.34, 999.4, 999.6, 12_345.0, 999_600.0, 1e12, f64::NAN];
        let read: Vec<_> = counts.map(count).into();
        let wanted = ["0", "0.25", "7", "10", "12.3", "999", "1.00k", "12.3k", "1.00M", "1.00T", "-"];
        assert_eq!(read, wanted);
        let times = [0.000_8, 0.012_34, 0.999_9, 1.0, 99.0, 125.0, 7_200.0, 1e6, 1e12];
        let read: Vec<_> = times.map(seconds).into();
        let wanted = ["0.80 ms", "12.3 ms", "1 s", "1 s", "99 s", "2.08 min", "2 h", "11.6 d", "11.6M d"];
        assert_eq!(read, wanted);
        let read: Vec<_> = [0.0, 900.0, 1_024.0, 222_298_112.0, 1e12].map(bytes).into();
        assert_eq!(read, ["0 B", "900 B", "1.00 KiB", "212 MiB", "931 GiB"]);
        assert_eq!([percent(Some(0.834)), percent(Some(1e12)), percent(None)], ["83 %", "100T %", "-"]);
    }

    #[test]
    fn bars_end_with_the_newest_value_and_fill_the_height_at_most() {
        assert_eq!(bars(&[Some(0.0), None, Some(4.0), Some(8.0)], 6, 1), ["  ▁ ▄█"]);
        assert_eq!(bars(&[Some(1.0), Some(2.0)], 1, 2), ["█", "█"]);
        assert_eq!(bars(&[Some(1.0), Some(2.0)], 2, 2), [" █", "██"]);
        assert_eq!(bars(&[Some(f64::INFINITY), Some(0.0)], 2, 1).len(), 1);
    }

    #[test]
    fn a_text_that_is_too_long_says_so() {
        assert_eq!(fit("payments", 8), "payments");
        assert_eq!(fit("payments", 5), "paym…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("x", 0), "");
    }

    proptest! {
        #[test]
        fn figures_stay_within_their_columns(value in 0.0_f64..1e20) {
            prop_assert!(count(value).len() <= 5, "{}", count(value));
            prop_assert!(seconds(value).len() <= 8, "{}", seconds(value));
            prop_assert!(bytes(value).len() <= 8, "{}", bytes(value));
            prop_assert!(percent(Some(value)).len() <= 7, "{}", percent(Some(value)));
        }
    }
}
