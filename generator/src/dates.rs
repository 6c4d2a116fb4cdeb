//! Days, weekdays, holidays and time zones, computed: no time zone database, so equal everywhere.
//!
//! A day is a number counted from 1970-01-01.

/// Monday is 0.
pub const fn weekday(day: i32) -> u32 {
    (day + 3).rem_euclid(7) as u32
}

/// The number of the day's week, which begins on Monday.
pub const fn week(day: i32) -> u64 {
    (day + 3).div_euclid(7) as u64
}

/// The day number of a date (proleptic Gregorian; years counted from March, after Hinnant's "date algorithms").
pub const fn day_of(year: i32, month: u32, day: u32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let from_march = (month as i32 + 9) % 12;
    let day_of_year = (153 * from_march + 2) / 5 + day as i32 - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a day number.
pub const fn date_of(day: i32) -> (i32, u32, u32) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month as u32, (of_year - (153 * from_march + 2) / 5 + 1) as u32)
}

/// Whether the day is the last of its month.
pub const fn is_month_end(day: i32) -> bool {
    date_of(day + 1).2 == 1
}

/// Day of the year, from 1, as acquirer references count it.
pub const fn day_of_year(day: i32) -> u32 {
    (day - day_of(date_of(day).0, 1, 1) + 1) as u32
}

/// Easter Sunday (the anonymous Gregorian algorithm, Meeus, whose letters these are).
#[allow(clippy::many_single_char_names)]
pub const fn easter(year: i32) -> i32 {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let sum = h + l - 7 * m + 114;
    day_of(year, (sum / 31) as u32, (sum % 31 + 1) as u32)
}

/// The nth (from 1) given weekday of a month.
const fn nth_weekday(year: i32, month: u32, wanted: u32, nth: i32) -> i32 {
    let first = day_of(year, month, 1);
    first + (wanted as i32 - weekday(first) as i32).rem_euclid(7) + 7 * (nth - 1)
}

/// The last given weekday of a month.
const fn last_weekday(year: i32, month: u32, wanted: u32) -> i32 {
    let last = if month == 12 { day_of(year, 12, 31) } else { day_of(year, month + 1, 1) - 1 };
    last - (weekday(last) as i32 - wanted as i32).rem_euclid(7)
}

const MONDAY: u32 = 0;
const THURSDAY: u32 = 3;
const SUNDAY: u32 = 6;

/// The banking calendars that decide on settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banking {
    /// Federal Reserve Banks.
    Fed,
    /// TARGET, the Eurosystem's.
    Target,
    /// The Bank of England's CHAPS: England's bank holidays.
    Chaps,
}

impl Banking {
    pub const ALL: [Self; 3] = [Self::Fed, Self::Target, Self::Chaps];

    /// Whether the clearing systems of this calendar settle on the day.
    pub fn is_open(self, day: i32) -> bool {
        weekday(day) < 5 && !self.is_holiday(day)
    }

    fn is_holiday(self, day: i32) -> bool {
        let (year, month, dom) = date_of(day);
        match self {
            Self::Fed => is_fed_holiday(day, year, month, dom),
            Self::Target => is_target_holiday(day, year, month, dom),
            Self::Chaps => is_england_holiday(day, year, month, dom),
        }
    }
}

/// Federal Reserve Bank holidays: a holiday on a Sunday is kept on Monday, one on a Saturday is not moved ("Federal
/// Reserve Bank Holiday Schedule").
fn is_fed_holiday(day: i32, year: i32, month: u32, dom: u32) -> bool {
    let fixed = |m, d| {
        let date = day_of(year, m, d);
        day == if weekday(date) == SUNDAY { date + 1 } else { date }
    };
    match month {
        1 => fixed(1, 1) || day == nth_weekday(year, 1, MONDAY, 3),
        2 => day == nth_weekday(year, 2, MONDAY, 3),
        5 => day == last_weekday(year, 5, MONDAY),
        // Juneteenth is a federal holiday since 2021 and one of the Reserve Banks' since 2022.
        6 => year >= 2022 && fixed(6, 19),
        7 => fixed(7, 4),
        9 => day == nth_weekday(year, 9, MONDAY, 1),
        10 => day == nth_weekday(year, 10, MONDAY, 2),
        11 => fixed(11, 11) || day == nth_weekday(year, 11, THURSDAY, 4),
        12 => fixed(12, 25) && dom >= 25,
        _ => false,
    }
}

/// TARGET closing days since 2002 (ECB): New Year, Good Friday, Easter Monday, 1 May, 25 and 26 December.
fn is_target_holiday(day: i32, year: i32, month: u32, dom: u32) -> bool {
    matches!((month, dom), (1 | 5, 1) | (12, 25 | 26)) || [-2, 1].contains(&(day - easter(year)))
}

/// Bank holidays of England and Wales by rule (one-off moves for jubilees and the like are left out).
fn is_england_holiday(day: i32, year: i32, month: u32, dom: u32) -> bool {
    let substitute = |date: i32| match weekday(date) {
        5 => date + 2,
        6 => date + 1,
        _ => date,
    };
    let christmas = day_of(year, 12, 25);
    match month {
        1 => day == substitute(day_of(year, 1, 1)),
        5 => day == nth_weekday(year, 5, MONDAY, 1) || day == last_weekday(year, 5, MONDAY),
        8 => day == last_weekday(year, 8, MONDAY),
        12 => match weekday(christmas) {
            // The two days off after a weekend that holds one or both of the days.
            4 => matches!(dom, 25 | 28),
            5 => matches!(dom, 27 | 28),
            6 => matches!(dom, 26 | 27),
            _ => matches!(dom, 25 | 26),
        },
        _ => [-2, 1].contains(&(day - easter(year))),
    }
}

/// Where a customer's clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    Eastern,
    Central,
    Mountain,
    Pacific,
    /// Germany and its neighbours from Spain to Austria.
    CentralEurope,
    /// Ireland and Portugal, on the euro.
    WesternEurope,
    London,
}

impl Zone {
    pub const ALL: [Self; 7] = [
        Self::Eastern,
        Self::Central,
        Self::Mountain,
        Self::Pacific,
        Self::CentralEurope,
        Self::WesternEurope,
        Self::London,
    ];

    pub const fn is_american(self) -> bool {
        matches!(self, Self::Eastern | Self::Central | Self::Mountain | Self::Pacific)
    }

    pub const fn banking(self) -> Banking {
        match self {
            Self::Eastern | Self::Central | Self::Mountain | Self::Pacific => Banking::Fed,
            Self::CentralEurope | Self::WesternEurope => Banking::Target,
            Self::London => Banking::Chaps,
        }
    }

    const fn standard_offset(self) -> i64 {
        match self {
            Self::Eastern => -5,
            Self::Central => -6,
            Self::Mountain => -7,
            Self::Pacific => -8,
            Self::CentralEurope => 1,
            Self::WesternEurope | Self::London => 0,
        }
    }

    /// Hours to add to UTC in the hour that begins `hour` hours after 1970-01-01T00:00Z.
    ///
    /// United States: second Sunday of March, 2:00 standard time, to first Sunday of November, 2:00 daylight time
    /// (Energy Policy Act of 2005). European Union: last Sundays of March and October, 01:00 UTC (Directive
    /// 2000/84/EC).
    pub fn offset_hours(self, hour: i64) -> i64 {
        let standard = self.standard_offset();
        let year = date_of(hour.div_euclid(24) as i32).0;
        let (from, to) = if self.is_american() {
            (
                i64::from(nth_weekday(year, 3, SUNDAY, 2)) * 24 + 2 - standard,
                i64::from(nth_weekday(year, 11, SUNDAY, 1)) * 24 + 1 - standard,
            )
        } else {
            (
                i64::from(last_weekday(year, 3, SUNDAY)) * 24 + 1,
                i64::from(last_weekday(year, 10, SUNDAY)) * 24 + 1,
            )
        };
        standard + i64::from((from..to).contains(&hour))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{Datelike, Duration, NaiveDate};

    #[test]
    fn dates_agree_with_chrono() {
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        for day in (0..90_000).step_by(11) {
            let date = epoch + Duration::days(day.into());
            assert_eq!(date_of(day), (date.year(), date.month(), date.day()));
            assert_eq!(day_of(date.year(), date.month(), date.day()), day);
            assert_eq!(weekday(day), date.weekday().num_days_from_monday());
            assert_eq!(day_of_year(day), date.ordinal());
        }
    }

    fn closed(calendar: Banking, year: i32) -> Vec<(u32, u32)> {
        (day_of(year, 1, 1)..day_of(year + 1, 1, 1))
            .filter(|day| calendar.is_holiday(*day) && weekday(*day) < 5)
            .map(|day| (date_of(day).1, date_of(day).2))
            .collect()
    }

    #[test]
    fn the_holidays_are_the_published_ones() {
        let fed = [
            (1, 1),
            (1, 15),
            (2, 19),
            (5, 27),
            (6, 19),
            (7, 4),
            (9, 2),
            (10, 14),
            (11, 11),
            (11, 28),
            (12, 25),
        ];
        assert_eq!(closed(Banking::Fed, 2024), fed);
        // In 2022 New Year's Day and in 2021 Independence Day fell on a weekend.
        assert_eq!(closed(Banking::Fed, 2022)[0], (1, 17));
        assert!(closed(Banking::Fed, 2021).contains(&(7, 5)));
        assert_eq!(closed(Banking::Target, 2024), [(1, 1), (3, 29), (4, 1), (5, 1), (12, 25), (12, 26)]);
        let england = [(1, 1), (3, 29), (4, 1), (5, 6), (5, 27), (8, 26), (12, 25), (12, 26)];
        assert_eq!(closed(Banking::Chaps, 2024), england);
        assert!(closed(Banking::Chaps, 2021).ends_with(&[(12, 27), (12, 28)]));
        assert!(closed(Banking::Chaps, 2022).ends_with(&[(12, 26), (12, 27)]));
        assert!(closed(Banking::Chaps, 2020).ends_with(&[(12, 25), (12, 28)]));
    }

    #[test]
    fn clocks_change_on_the_legal_days() {
        let hour = |month, day, hour: i64| i64::from(day_of(2024, month, day)) * 24 + hour;
        assert_eq!(Zone::Eastern.offset_hours(hour(3, 10, 6)), -5);
        assert_eq!(Zone::Eastern.offset_hours(hour(3, 10, 7)), -4);
        assert_eq!(Zone::Pacific.offset_hours(hour(11, 3, 8)), -7);
        assert_eq!(Zone::Pacific.offset_hours(hour(11, 3, 9)), -8);
        assert_eq!(Zone::CentralEurope.offset_hours(hour(3, 31, 0)), 1);
        assert_eq!(Zone::CentralEurope.offset_hours(hour(3, 31, 1)), 2);
        assert_eq!(Zone::London.offset_hours(hour(10, 27, 1)), 0);
    }
}
