//! Standing arrangements: which fall due on a day.
//!
//! An arrangement is a class (a day of the month, a Friday's parity, a weekday) and a number within it. On a day, the
//! kth payment of a flow belongs to the kth arrangement due: so each arrangement is paid once every time it falls due,
//! and any payment finds its arrangement without knowing another.

use crate::dates::{Banking, date_of, is_month_end, weekday};
use crate::days::Days;
use crate::profile::{Due, Flow, Rhythm};

/// The class of the month's last day, whichever it is.
const LAST: u32 = 31;

/// A class of arrangements that is originated on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueClass {
    pub class: u32,
    /// The class's part of the day's payments.
    weight: u32,
    /// When the money is due, after the days of lead.
    pub due_day: i32,
}

/// The arrangements due on each day of a range.
#[derive(Debug)]
pub struct Agenda {
    first_day: i32,
    days: Vec<Vec<DueClass>>,
}

impl Agenda {
    /// The agenda of a flow over `start..=end`; `banking` where only banking days count.
    pub fn new(
        flow: &Flow,
        rhythm: Rhythm,
        banking: Option<Banking>,
        days: &Days,
        start: i32,
        end: i32,
    ) -> Self {
        let mut agenda = vec![Vec::new(); (end - start + 1) as usize];
        for nominal in start - 30..=end + 30 {
            let due_day = match banking {
                // Who collects waits for the next banking day, who pays is there before.
                Some(banking) if flow.debit => days.following(banking, nominal),
                Some(banking) => days.preceding(banking, nominal),
                None => nominal,
            };
            let day = banking.map_or(due_day, |banking| days.before(banking, due_day, flow.lead_days));
            if !(start..=end).contains(&day) {
                continue;
            }
            if let Some((class, weight)) = class_of(nominal, rhythm, flow.due) {
                agenda[(day - start) as usize].push(DueClass { class, weight, due_day });
            }
        }
        Self { first_day: start, days: agenda }
    }

    fn due(&self, day: i32) -> &[DueClass] {
        let at = usize::try_from(day - self.first_day).ok();
        at.and_then(|at| self.days.get(at)).map_or(&[], Vec::as_slice)
    }

    /// The day's weight against others.
    pub fn weight(&self, day: i32) -> f64 {
        self.due(day).iter().map(|class| f64::from(class.weight)).sum()
    }

    /// The arrangement that the day's payment number `k` belongs to: its class, and its number within the class.
    pub fn arrangement(&self, day: i32, k: u64) -> Option<(DueClass, u64)> {
        let due = self.due(day);
        let total: u64 = due.iter().map(|class| u64::from(class.weight)).sum();
        let (round, mut place) = (k.checked_div(total)?, k % total);
        for class in due {
            let weight = u64::from(class.weight);
            if place < weight {
                return Some((*class, round * weight + place));
            }
            place -= weight;
        }
        None
    }
}

/// The class that falls due on a date by the book, and its weight.
fn class_of(day: i32, rhythm: Rhythm, due: Due) -> Option<(u32, u32)> {
    match rhythm {
        Rhythm::Weekly => (weekday(day) < 5).then_some((weekday(day), 1)),
        Rhythm::Biweekly => (weekday(day) == 4).then_some(((day / 7).rem_euclid(2) as u32, 1)),
        Rhythm::Monthly => {
            let class = if is_month_end(day) { LAST } else { date_of(day).2 };
            let weight = match (due, class) {
                (Due::Spread, 1 | 15) | (Due::End, 25) => 3,
                (Due::Spread, LAST) => 2,
                (Due::Spread, 2..=28) | (Due::End, 15) | (Due::Start, 6..=28) => 1,
                (Due::Start, 1) => 24,
                (Due::Start, 2 | 3 | 5) => 6,
                (Due::Start, 4 | LAST) => 4,
                (Due::End, 26..=28) => 5,
                (Due::End, LAST) => 14,
                _ => 0,
            };
            (weight > 0).then_some((class, weight))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dates::day_of;
    use crate::mix::Rail;
    use crate::profile::Profile;
    use std::collections::HashSet;

    fn agenda(rail: Rail, flow: &str) -> Agenda {
        let profile = Profile::built_in();
        let flow = &profile.rails[&rail][flow];
        let (start, end) = (day_of(2024, 1, 1), day_of(2024, 4, 30));
        let banking = profile.calendars[&flow.calendar].banking_days.then_some(Banking::Fed);
        Agenda::new(flow, flow.rhythm.unwrap(), banking, &Days::new(start, end), start, end)
    }

    #[test]
    fn a_days_payments_are_different_arrangements() {
        let agenda = agenda(Rail::Ach, "bills");
        let monday = day_of(2024, 3, 4);
        assert_eq!(agenda.due(monday).len(), 1);
        let friday = day_of(2024, 3, 15);
        assert_eq!(agenda.due(friday).len(), 3, "Saturday's, Sunday's and Monday's, a day ahead");
        let keys: HashSet<_> = (0..500)
            .map(|k| agenda.arrangement(friday, k).map(|(class, number)| (class.class, number)).unwrap())
            .collect();
        assert_eq!(keys.len(), 500);
    }

    #[test]
    fn an_arrangement_comes_back_every_month() {
        let agenda = agenda(Rail::Ach, "bills");
        let mut paid = Vec::new();
        for day in day_of(2024, 1, 1)..=day_of(2024, 4, 30) {
            let payments = (agenda.weight(day) * 10.0) as u64;
            for k in 0..payments {
                let (class, number) = agenda.arrangement(day, k).unwrap();
                if (class.class, number) == (12, 3) {
                    paid.push(date_of(class.due_day));
                }
            }
        }
        assert_eq!(paid, [(2024, 1, 12), (2024, 2, 12), (2024, 3, 12), (2024, 4, 12)]);
    }

    #[test]
    fn payroll_is_due_every_other_friday_and_originated_two_banking_days_ahead() {
        let agenda = agenda(Rail::Ach, "payroll");
        let wednesday = day_of(2024, 3, 13);
        let (first, _) = agenda.arrangement(wednesday, 0).unwrap();
        assert_eq!(first.due_day, day_of(2024, 3, 15));
        let (second, _) = agenda.arrangement(wednesday + 7, 0).unwrap();
        assert_ne!(first.class, second.class);
        assert!(agenda.weight(wednesday + 1) == 0.0);
    }
}
