//! The days of a run and around it: which are banking days, and where each zone's midnight lies in UTC.

use crate::dates::{Banking, Zone, date_of};

/// Days known before and after the range: for due dates, returns and effective dates.
const BEFORE: i32 = 50;
const AFTER: i32 = 140;

const HOUR_MICROS: i64 = 3_600_000_000;
const DAY_MICROS: i64 = 24 * HOUR_MICROS;

#[derive(Debug)]
pub struct Days {
    base: i32,
    open: [Vec<bool>; 3],
    midnight_hours: [Vec<i64>; 7],
}

impl Days {
    /// For the range `start..=end`.
    pub fn new(start: i32, end: i32) -> Self {
        let (base, last) = (start - BEFORE, end + AFTER);
        let open = Banking::ALL.map(|banking| (base..=last).map(|day| banking.is_open(day)).collect());
        let midnight_hours = Zone::ALL.map(|zone| {
            (base..=last)
                .map(|day| {
                    let hour = i64::from(day) * 24;
                    hour - zone.offset_hours(hour - zone.offset_hours(hour))
                })
                .collect()
        });
        Self { base, open, midnight_hours }
    }

    fn at(&self, day: i32) -> usize {
        (day - self.base).clamp(0, self.open[0].len() as i32 - 1) as usize
    }

    pub fn is_open(&self, banking: Banking, day: i32) -> bool {
        self.open[banking as usize][self.at(day)]
    }

    /// The day itself where it is a banking day, or the next that is.
    pub fn following(&self, banking: Banking, mut day: i32) -> i32 {
        // No calendar is closed for ten days on end.
        for _ in 0..10 {
            if self.is_open(banking, day) {
                break;
            }
            day += 1;
        }
        day
    }

    /// The day itself where it is a banking day, or the last that was.
    pub fn preceding(&self, banking: Banking, mut day: i32) -> i32 {
        for _ in 0..10 {
            if self.is_open(banking, day) {
                break;
            }
            day -= 1;
        }
        day
    }

    /// The day itself where it is a banking day, or the next that is; the last that was where the next lies in another
    /// month ("modified following").
    pub fn in_month(&self, banking: Banking, day: i32) -> i32 {
        let following = self.following(banking, day);
        if date_of(following).1 == date_of(day).1 { following } else { self.preceding(banking, day) }
    }

    /// The banking day that comes `count` banking days after the day.
    pub fn after(&self, banking: Banking, day: i32, count: u32) -> i32 {
        (0..count).fold(day, |day, _| self.following(banking, day + 1))
    }

    /// The banking day that comes `count` banking days before the day.
    pub fn before(&self, banking: Banking, day: i32, count: u32) -> i32 {
        (0..count).fold(day, |day, _| self.preceding(banking, day - 1))
    }

    /// The next day after `day` that is a banking day in all of the calendars.
    pub fn next_of_all(&self, calendars: &[Banking], day: i32) -> i32 {
        // Christmas and New Year, the longest, are ten days.
        let mut days = day + 1..day + 15;
        let is_open = |day: &i32| calendars.iter().all(|banking| self.is_open(*banking, *day));
        days.find(is_open).unwrap_or(day + 1)
    }

    /// The zone's midnight, in hours since 1970-01-01T00:00Z.
    pub fn midnight_hour(&self, zone: Zone, day: i32) -> i64 {
        self.midnight_hours[zone as usize][self.at(day)]
    }

    /// A time of the day in the zone, in UTC microseconds; `minute` counts from midnight.
    pub fn micros(&self, zone: Zone, day: i32, minute: i64) -> i64 {
        self.midnight_hour(zone, day) * HOUR_MICROS + minute * 60_000_000
    }

    /// The day that the zone's calendar shows at a time, in UTC microseconds.
    pub fn local_day(&self, zone: Zone, micros: i64) -> i32 {
        let day = micros.div_euclid(DAY_MICROS) as i32;
        if micros < self.micros(zone, day, 0) {
            day - 1
        } else if micros >= self.micros(zone, day + 1, 0) {
            day + 1
        } else {
            day
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dates::day_of;

    #[test]
    fn banking_days_skip_weekends_and_holidays() {
        let days = Days::new(day_of(2024, 3, 1), day_of(2024, 3, 31));
        let good_friday = day_of(2024, 3, 29);
        assert_eq!(days.following(Banking::Target, good_friday), day_of(2024, 4, 2));
        assert_eq!(days.preceding(Banking::Target, good_friday), day_of(2024, 3, 28));
        assert_eq!(days.following(Banking::Fed, good_friday), good_friday);
        assert_eq!(days.after(Banking::Fed, day_of(2024, 3, 8), 2), day_of(2024, 3, 12));
        assert_eq!(days.before(Banking::Fed, day_of(2024, 3, 11), 1), day_of(2024, 3, 8));
    }

    #[test]
    fn days_that_are_open_in_all_calendars() {
        let days = Days::new(day_of(2024, 3, 1), day_of(2024, 5, 31));
        // Good Friday, Easter Monday; the bank holiday of May and Memorial Day.
        let all = [Banking::Fed, Banking::Target];
        assert_eq!(days.next_of_all(&all, day_of(2024, 3, 28)), day_of(2024, 4, 2));
        assert_eq!(days.next_of_all(&[Banking::Fed], day_of(2024, 3, 28)), day_of(2024, 3, 29));
        assert_eq!(days.next_of_all(&[Banking::Fed, Banking::Chaps], day_of(2024, 5, 3)), day_of(2024, 5, 7));
    }

    #[test]
    fn midnight_moves_with_the_clocks() {
        let days = Days::new(day_of(2024, 3, 1), day_of(2024, 3, 31));
        let hours = |day| days.midnight_hour(Zone::Eastern, day) - i64::from(day) * 24;
        assert_eq!(hours(day_of(2024, 3, 10)), 5);
        assert_eq!(hours(day_of(2024, 3, 11)), 4);
        let noon = days.micros(Zone::CentralEurope, day_of(2024, 3, 14), 720);
        assert_eq!(noon, i64::from(day_of(2024, 3, 14)) * 86_400_000_000 + 11 * HOUR_MICROS);
    }
    #[test]
    fn the_calendars_differ_around_midnight() {
        let days = Days::new(day_of(2024, 3, 1), day_of(2024, 3, 31));
        let at = |zone, hour| {
            days.local_day(zone, i64::from(day_of(2024, 3, 14)) * 24 * HOUR_MICROS + hour * HOUR_MICROS)
                - day_of(2024, 3, 14)
        };
        assert_eq!([3, 4].map(|hour| at(Zone::Eastern, hour)), [-1, 0]);
        assert_eq!([22, 23].map(|hour| at(Zone::CentralEurope, hour)), [0, 1]);
    }
}
