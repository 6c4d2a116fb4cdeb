//! Times and amounts as text: fixed forms, so that text order is time order and equal values have equal bytes.

/// Length of a time as text: `2024-03-14T09:26:53.589793Z`.
pub const TIME_LEN: usize = 27;

/// Last microsecond that [`time`] can write: the end of the year 9999.
pub const MAX_MICROS: i64 = 253_402_300_799_999_999;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// UTC microseconds as RFC 3339 with six decimals and `Z`.
///
/// Fixed width for the years 0 to 9999; callers keep inside `0..=MAX_MICROS`, and what lies outside is clamped to it.
pub fn time(micros: i64) -> [u8; TIME_LEN] {
    let micros = micros.clamp(0, MAX_MICROS);
    let (year, month, day) = civil(micros / MICROS_A_DAY);
    let of_day = micros % MICROS_A_DAY;
    let (seconds, fraction) = ((of_day / 1_000_000) as u32, (of_day % 1_000_000) as u32);
    let mut out = *b"0000-00-00T00:00:00.000000Z";
    digits(&mut out[0..4], year as u32);
    digits(&mut out[5..7], month as u32);
    digits(&mut out[8..10], day as u32);
    digits(&mut out[11..13], seconds / 3600);
    digits(&mut out[14..16], seconds / 60 % 60);
    digits(&mut out[17..19], seconds % 60);
    digits(&mut out[20..26], fraction);
    out
}

/// The microseconds of a time as [`time`] writes it, and of nothing else.
pub fn parse_time(bytes: &[u8]) -> Option<i64> {
    let bytes: &[u8; TIME_LEN] = bytes.try_into().ok()?;
    let number = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0_i64, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0'))
        })
    };
    let days = days(number(0..4)?, number(5..7)?, number(8..10)?);
    let seconds = number(11..13)? * 3_600 + number(14..16)? * 60 + number(17..19)?;
    let micros = days.checked_mul(MICROS_A_DAY)? + seconds * 1_000_000 + number(20..26)?;
    // Whatever is no time, as a 30th of February, reads differently when written again.
    (time(micros) == *bytes).then_some(micros)
}

/// Length of a date as text: `2024-03-14`.
pub const DATE_LEN: usize = 10;

/// A day, counted from 1970-01-01, as `YYYY-MM-DD`; what lies outside the years 1970 to 9999 is clamped.
pub fn date(day: i32) -> [u8; DATE_LEN] {
    let mut out = [0; DATE_LEN];
    out.copy_from_slice(&time(i64::from(day).saturating_mul(MICROS_A_DAY))[..DATE_LEN]);
    out
}

/// The day of a date as [`date`] writes it, and of nothing else.
pub fn parse_date(bytes: &[u8]) -> Option<i32> {
    let bytes: &[u8; DATE_LEN] = bytes.try_into().ok()?;
    let mut midnight = *b"0000-00-00T00:00:00.000000Z";
    midnight[..DATE_LEN].copy_from_slice(bytes);
    parse_time(&midnight).and_then(|micros| i32::try_from(micros / MICROS_A_DAY).ok())
}

/// The day number, counted from 1970-01-01, of a date of the proleptic Gregorian calendar: the inverse of [`civil`].
fn days(year: i64, month: i64, day: i64) -> i64 {
    let from_march = (month + 9) % 12;
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

/// Year, month, day of a day number counted from 1970-01-01 (proleptic Gregorian).
///
/// Years are counted from March, so that the leap day is a year's last; see Hinnant, "chrono-compatible low-level date
/// algorithms".
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Of 32 bits: divisions by ten are cheaper.
#[inline]
fn digits(out: &mut [u8], mut value: u32) {
    for byte in out.iter_mut().rev() {
        *byte = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Appends a number in decimal.
pub fn push_number(out: &mut Vec<u8>, value: u64) {
    let mut buffer = [0; 20];
    let mut at = buffer.len();
    let mut rest = value;
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&buffer[at..]);
}

/// How many decimals a currency's minor unit has (ISO 4217, list one); two for codes that it does not name.
pub fn minor_digits(currency: &str) -> usize {
    match currency {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI"
        | "VND" | "VUV" | "XAF" | "XOF" | "XPF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        "CLF" | "UYW" => 4,
        _ => 2,
    }
}

/// Appends an amount in the currency's major unit with all its decimals: `1234.50`, or `1235` where there are none.
pub fn push_amount(out: &mut Vec<u8>, minor_units: i64, currency: &str) {
    push_decimal(out, minor_units, minor_digits(currency));
}

/// Appends a number of units of which ten to the power of `decimals`, at most nine, make a whole.
pub fn push_decimal(out: &mut Vec<u8>, units: i64, decimals: usize) {
    if units < 0 {
        out.push(b'-');
    }
    let scale = 10_u64.pow(decimals as u32);
    let units = units.unsigned_abs();
    push_number(out, units / scale);
    if decimals > 0 {
        out.push(b'.');
        let start = out.len();
        out.resize(start + decimals, b'0');
        digits(&mut out[start..], (units % scale) as u32);
    }
}

/// The minor units of an amount as [`push_amount`] writes it, and of nothing else.
pub fn parse_amount(bytes: &[u8], currency: &str) -> Option<i64> {
    let (negative, digits) = match bytes.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, bytes),
    };
    let units = digits.iter().filter(|byte| **byte != b'.').try_fold(0_i64, |units, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        // Summed below zero, where there is room for the least number.
        units.checked_mul(10)?.checked_sub(digit)
    })?;
    let units = if negative { units } else { units.checked_neg()? };
    let mut written = Vec::with_capacity(bytes.len());
    push_amount(&mut written, units, currency);
    (written == bytes).then_some(units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amount(minor_units: i64, currency: &str) -> String {
        let mut out = Vec::new();
        push_amount(&mut out, minor_units, currency);
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #[test]
        fn a_time_reads_as_chrono_writes_it(micros in 0..=MAX_MICROS) {
            let expected = chrono::DateTime::from_timestamp_micros(micros).unwrap();
            let expected = expected.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
            let actual = time(micros);
            prop_assert_eq!(std::str::from_utf8(&actual).unwrap(), expected);
        }

        #[test]
        fn a_time_and_an_amount_are_read_as_they_were_written(micros in 0..=MAX_MICROS, units: i64, at in 0..5_usize) {
            prop_assert_eq!(parse_time(&time(micros)), Some(micros));
            let currency = ["USD", "JPY", "KWD", "CLF", ""][at];
            prop_assert_eq!(parse_amount(amount(units, currency).as_bytes(), currency), Some(units));
        }

        #[test]
        fn any_text_is_a_time_or_an_amount_or_refused(text: String, bytes: [u8; TIME_LEN]) {
            let _ = (parse_time(text.as_bytes()), parse_time(&bytes), parse_amount(text.as_bytes(), "USD"));
        }

        #[test]
        fn text_order_is_time_order(a in 0..=MAX_MICROS, b in 0..=MAX_MICROS) {
            prop_assert_eq!(time(a).cmp(&time(b)), a.cmp(&b));
        }

        #[test]
        fn a_number_reads_as_std_writes_it(value: u64) {
            let mut out = Vec::new();
            push_number(&mut out, value);
            prop_assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }

    #[test]
    fn a_date_is_read_as_it_was_written_and_nothing_else_is_one() {
        let days = i32::try_from(MAX_MICROS / MICROS_A_DAY).unwrap();
        for day in (0..days).step_by(97).chain([0, 59, days]) {
            assert_eq!(parse_date(&date(day)), Some(day));
        }
        assert_eq!(&date(19_796), b"2024-03-14");
        for wrong in ["2024-02-30", "2024-2-3", "", "20240203", "2024-03-14T", "1969-12-31"] {
            assert_eq!(parse_date(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_time_or_no_amount_is_refused() {
        for wrong in
            ["2024-02-30T00:00:00.000000Z", "2024-02-01T24:00:00.000000Z", "2024-02-01 00:00:00.000000Z", ""]
        {
            assert_eq!(parse_time(wrong.as_bytes()), None, "{wrong}");
        }
        for wrong in ["", "-", "1", "1.2", "01.20", "1.200", "12.3.4", "-0.00", "99999999999999999999.00"] {
            assert_eq!(parse_amount(wrong.as_bytes(), "USD"), None, "{wrong}");
        }
    }

    #[test]
    fn an_amount_has_the_decimals_of_its_currency() {
        assert_eq!(amount(123_450, "USD"), "1234.50");
        assert_eq!(amount(5, "EUR"), "0.05");
        assert_eq!(amount(0, "EUR"), "0.00");
        assert_eq!(amount(1_234, "JPY"), "1234");
        assert_eq!(amount(1_234, "KWD"), "1.234");
        assert_eq!(amount(-7, "USD"), "-0.07");
        assert_eq!(amount(i64::MIN, "USD"), "-92233720368547758.08");
    }
}
