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

/// One more than the highest class.
pub const CLASSES: usize = 46;

/// Classes of wages: paid every other Friday, every Friday, on the fifteenth and the last day, on the last day.
const BIWEEKLY: u32 = 40;
const WEEKLY: u32 = 42;
const SEMIMONTHLY: u32 = 43;
const MONTHLY: u32 = 44;

/// How often wages are paid, in percent of the jobs, and the paydays of a month. United States: biweekly 43 %, weekly
/// 27 % (Bureau of Labor Statistics, CES, length of pay period); the rest in the proportion of 2013 (TED of
/// 2014-06-05: semimonthly 19.8, monthly 11.3).
const FREQUENCIES: [(u32, u32, f64); 4] = [
    (BIWEEKLY, 43, 365.25 / 12.0 / 14.0),
    (WEEKLY, 27, 365.25 / 12.0 / 7.0),
    (SEMIMONTHLY, 20, 2.0),
    (MONTHLY, 10, 1.0),
];

/// A class of arrangements that is originated on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueClass {
    pub class: u32,
    /// The class's part of the day's payments.
    weight: u32,
    /// When the money is due, after the days of lead.
    pub due_day: i32,
}

impl DueClass {
    /// What is paid at a time, against the flow's mean: a month's wages are the same however often they are paid.
    pub fn factor(&self) -> f64 {
        let class = if self.class == BIWEEKLY + 1 { BIWEEKLY } else { self.class };
        let paid = FREQUENCIES.iter().find(|(frequency, ..)| *frequency == class);
        let paydays = |(_, percent, days): &(u32, u32, f64)| f64::from(*percent) / 100.0 * days;
        let mean: f64 = FREQUENCIES.iter().map(paydays).sum();
        paid.map_or(1.0, |(.., days)| mean / days)
    }
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
                Some(banking) if flow.due == Due::Start => days.in_month(banking, nominal),
                Some(banking) => days.preceding(banking, nominal),
                None => nominal,
            };
            let day = banking.map_or(due_day, |banking| days.before(banking, due_day, flow.lead_days));
            if !(start..=end).contains(&day) {
                continue;
            }
            for (class, weight) in classes_of(nominal, rhythm, flow.due).into_iter().flatten() {
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
        self.weight_of(day) as f64
    }

    fn weight_of(&self, day: i32) -> u64 {
        self.due(day).iter().map(|class| u64::from(class.weight)).sum()
    }

    /// The arrangement that the day's payment number `k` belongs to: its class, and its number within the class.
    pub fn arrangement(&self, day: i32, k: u64) -> Option<(DueClass, u64)> {
        let total = self.weight_of(day);
        let (round, mut place) = (k.checked_div(total)?, k % total);
        for class in self.due(day) {
            let weight = u64::from(class.weight);
            if place < weight {
                return Some((*class, round * weight + place));
            }
            place -= weight;
        }
        None
    }

    /// The day's payment that belongs to an arrangement, if there are enough of them that day.
    fn payment_of(&self, day: i32, class: u32, number: u64) -> Option<u64> {
        let mut before = 0;
        for due in self.due(day) {
            let weight = u64::from(due.weight);
            if due.class == class {
                return Some(number / weight * self.weight_of(day) + before + number % weight);
            }
            before += weight;
        }
        None
    }

    /// How many arrangements of a class due on a day are paid where the day has so many payments.
    fn paid(&self, day: i32, class: &DueClass, payments: u64) -> u64 {
        let total = self.weight_of(day).max(1);
        let before: u64 =
            self.due(day).iter().take_while(|due| *due != class).map(|due| u64::from(due.weight)).sum();
        let weight = u64::from(class.weight);
        payments / total * weight + (payments % total).saturating_sub(before).min(weight)
    }
}

/// The arrangements of a segment that are ever paid, numbered from 0 class by class.
#[derive(Debug, Default)]
pub struct Arrangements {
    /// The number of the first of each class, and the end.
    firsts: Vec<u64>,
    /// How many there are for each unit of weight, in a run without an end.
    each: u64,
    /// By day of the agenda: the position of its first payment, and how many it has.
    days: Vec<(u64, u64)>,
    /// The days on which each class falls due.
    due: Vec<Vec<i32>>,
}

impl Arrangements {
    /// From the days' first positions and payments, over the agenda's range.
    pub fn new(agenda: &Agenda, days: Vec<(u64, u64)>) -> Self {
        let mut sizes = vec![0; CLASSES];
        let mut due = vec![Vec::new(); CLASSES];
        for (at, (_, payments)) in days.iter().enumerate() {
            let day = agenda.first_day + at as i32;
            for class in agenda.due(day) {
                let size = &mut sizes[class.class as usize];
                *size = agenda.paid(day, class, *payments).max(*size);
                due[class.class as usize].push(day);
            }
        }
        Self { firsts: sums(&sizes), each: 0, days, due }
    }

    /// For a run without an end: about so many arrangements, whichever days they fall on.
    pub fn endless(flow: &Flow, rhythm: Rhythm, about: u64) -> Self {
        let mut weights = vec![0; CLASSES];
        // Two leap years' days have all classes.
        for day in 0..2_922 {
            for (class, weight) in classes_of(day, rhythm, flow.due).into_iter().flatten() {
                weights[class as usize] = u64::from(weight);
            }
        }
        let each = about.div_ceil(weights.iter().sum::<u64>().max(1)).max(1);
        for weight in &mut weights {
            *weight *= each;
        }
        Self { firsts: sums(&weights), each, days: Vec::new(), due: Vec::new() }
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.firsts.last().copied().unwrap_or(0)
    }

    /// The parts of the payments whose amounts have the same factor.
    pub fn factors(&self, agenda: &Agenda) -> Vec<(f64, f64)> {
        let mut factors: Vec<(f64, f64)> = Vec::new();
        for (at, (_, payments)) in self.days.iter().enumerate() {
            let day = agenda.first_day + at as i32;
            for class in agenda.due(day) {
                let (paid, factor) = (agenda.paid(day, class, *payments) as f64, class.factor());
                match factors.iter_mut().find(|(_, known)| known.to_bits() == factor.to_bits()) {
                    Some((sum, _)) => *sum += paid,
                    None => factors.push((paid, factor)),
                }
            }
        }
        let total: f64 = factors.iter().map(|(paid, _)| paid).sum();
        factors.into_iter().map(|(paid, factor)| (paid / total.max(1.0), factor)).collect()
    }

    /// How many there are for each unit of weight, in a run without an end.
    pub const fn each(&self) -> u64 {
        self.each
    }

    /// The arrangement's number among all of the segment.
    pub fn number(&self, class: u32, number: u64) -> u64 {
        self.firsts[class as usize] + number
    }

    /// How many payments of an arrangement lie before a position of its segment.
    pub fn before(&self, agenda: &Agenda, number: u64, position: u64) -> u64 {
        let class = self.firsts.partition_point(|first| *first <= number) - 1;
        let within = number - self.firsts[class];
        let paid = self.due[class].iter().filter(|day| {
            let (first, payments) = self.days[(**day - agenda.first_day) as usize];
            agenda
                .payment_of(**day, class as u32, within)
                .is_some_and(|k| k < payments && first + k < position)
        });
        paid.count() as u64
    }
}

fn sums(sizes: &[u64]) -> Vec<u64> {
    let mut sum = 0;
    let before = sizes.iter().map(|size| {
        sum += size;
        sum - size
    });
    let mut sums: Vec<u64> = before.collect();
    sums.push(sum);
    sums
}

/// The classes that fall due on a date by the book, and their weights.
fn classes_of(day: i32, rhythm: Rhythm, due: Due) -> [Option<(u32, u32)>; 4] {
    let one = |class: Option<(u32, u32)>| [class, None, None, None];
    let is_friday = weekday(day) == 4;
    let parity = (day / 7).rem_euclid(2) as u32;
    match rhythm {
        Rhythm::Weekly => one((weekday(day) < 5).then_some((weekday(day), 1))),
        Rhythm::Biweekly => one(is_friday.then_some((parity, 1))),
        Rhythm::Payroll => {
            let (last, middle) = (is_month_end(day), date_of(day).2 == 15);
            let [biweekly, weekly, semimonthly, monthly] = FREQUENCIES.map(|(_, percent, _)| percent);
            [
                is_friday.then_some((BIWEEKLY + parity, biweekly)),
                is_friday.then_some((WEEKLY, weekly * 2)),
                (middle || last).then_some((SEMIMONTHLY, semimonthly * 2)),
                last.then_some((MONTHLY, monthly * 2)),
            ]
        }
        Rhythm::Monthly => one(monthly(day, due)),
    }
}

/// The last day, by the book, on which a class fell due until `day`; `day` itself for a class that never does.
pub fn last_due(class: u32, rhythm: Rhythm, due: Due, day: i32) -> i32 {
    let falls = |day: &i32| classes_of(*day, rhythm, due).iter().flatten().any(|(of, _)| *of == class);
    // February may be between two days of a month.
    (day - 62..=day).rev().find(falls).unwrap_or(day)
}

fn monthly(day: i32, due: Due) -> Option<(u32, u32)> {
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
        assert!(agenda.weight(wednesday - 1) == 0.0);
    }

    #[test]
    fn a_month_of_wages_is_the_same_however_often_they_are_paid() {
        let class = |class| DueClass { class, weight: 1, due_day: 0 };
        let month = |of: u32, paydays: f64| class(of).factor() * paydays;
        let monthly = month(MONTHLY, 1.0);
        for (of, paydays) in [(BIWEEKLY, 2.174), (BIWEEKLY + 1, 2.174), (WEEKLY, 4.348), (SEMIMONTHLY, 2.0)] {
            assert!((month(of, paydays) / monthly - 1.0).abs() < 0.001);
        }
        assert!((class(12).factor() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn rent_is_due_once_in_every_month() {
        let agenda = agenda(Rail::Check, "rent");
        let mut paid = std::collections::HashMap::new();
        for day in day_of(2024, 1, 1)..=day_of(2024, 4, 30) {
            for class in agenda.due(day) {
                *paid.entry((class.class, date_of(day).1)).or_insert(0) += 1;
            }
        }
        assert!(paid.len() > 100 && paid.values().all(|times| *times == 1), "{paid:?}");
    }

    #[test]
    fn the_arrangements_that_are_paid_are_numbered_and_their_payments_counted() {
        let agenda = agenda(Rail::Ach, "bills");
        let mut at = 0;
        let days: Vec<_> = (day_of(2024, 1, 1)..=day_of(2024, 4, 30))
            .map(|day| {
                let payments = (agenda.weight(day) * 7.0) as u64 + u64::from(agenda.weight(day) > 0.0);
                at += payments;
                (at - payments, payments)
            })
            .collect();
        let arrangements = Arrangements::new(&agenda, days.clone());
        let mut seen = std::collections::HashMap::new();
        for (day, (first, payments)) in (day_of(2024, 1, 1)..).zip(days) {
            for k in 0..payments {
                let (class, within) = agenda.arrangement(day, k).unwrap();
                let number = arrangements.number(class.class, within);
                let count = seen.entry(number).or_insert(0);
                assert_eq!(arrangements.before(&agenda, number, first + k), *count);
                *count += 1;
            }
        }
        assert_eq!(arrangements.len(), seen.len() as u64);
        assert!(seen.keys().all(|number| *number < arrangements.len()));
    }
}
