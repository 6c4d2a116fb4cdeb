//! How busy each kind of payment is in each hour, after the profile's calendars.

use crate::customers::Population;
use crate::dates::{Banking, Zone, date_of, is_month_end, weekday};
use crate::days::Days;
use crate::deal::Turn;
use crate::flows::FlowSpec;
use crate::lands::Land;
use crate::mix::{Mix, Rail};
use crate::profile::{Calendar, Profile};
use crate::recurrence::{Agenda, DueClass};
use crate::standing::{self, Standing};

pub const HOUR_MICROS: i64 = 3_600_000_000;

/// A flow in a land.
#[derive(Debug)]
pub struct Segment {
    pub flow: usize,
    pub land: Land,
    pub zone: Zone,
    /// Whose payments they are.
    pub cohort: usize,
    pub agenda: Option<Agenda>,
    /// Who has the agenda's arrangements.
    pub standing: Standing,
    /// How many people of the land the run knows, customers and neighbours.
    pub people: u64,
}

/// Where a payment lies in the run.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub segment: usize,
    /// UTC microseconds.
    pub micros: i64,
    /// The day and the hour on the clocks of the segment's zone.
    pub day: i32,
    pub hour: u32,
    /// Random, and equal for the payments of one session: a few by the same customer within the hour.
    pub session: u64,
    /// The standing arrangement that the payment belongs to: its class, and its number in the segment.
    pub arrangement: Option<(DueClass, u64)>,
    /// Whose turn it is, where turns are dealt.
    pub turn: Option<Turn>,
    /// The number of this ACH entry in its file, from 0: of those of its Eastern day, or of ten seconds of a run without an
    /// end.
    pub entry: u64,
    /// The number of the payment in its segment, from 0 in the order of time.
    pub ordinal: u64,
}

/// The hours of a range of days, and what the zones' clocks show in them.
#[derive(Debug)]
pub struct Hours {
    first: i64,
    len: usize,
    /// Hours between UTC and each zone's clocks, hour by hour.
    offsets: [Vec<i8>; 7],
}

impl Hours {
    /// Of the days `start..=end`, in UTC.
    pub fn new(start: i32, end: i32) -> Self {
        let first = i64::from(start) * 24;
        let len = (end - start + 1) as usize * 24;
        let offsets =
            Zone::ALL.map(|zone| (0..len).map(|slot| zone.offset_hours(first + slot as i64) as i8).collect());
        Self { first, len, offsets }
    }

    pub const fn len(&self) -> usize {
        self.len
    }

    /// UTC microseconds at which an hour begins.
    pub const fn micros(&self, slot: usize) -> i64 {
        (self.first + slot as i64) * HOUR_MICROS
    }

    /// The UTC day of an hour.
    pub const fn day(&self, slot: usize) -> i32 {
        (self.first + slot as i64).div_euclid(24) as i32
    }

    /// The day and the hour on a zone's clocks.
    pub fn local(&self, slot: usize, zone: Zone) -> (i32, u32) {
        let hour = self.first + slot as i64 + i64::from(self.offsets[zone as usize][slot]);
        (hour.div_euclid(24) as i32, hour.rem_euclid(24) as u32)
    }

    /// How many hours of the range lie between the zone's last midnight and the hour.
    pub fn since_midnight(&self, slot: usize, zone: Zone) -> usize {
        let offsets = &self.offsets[zone as usize];
        let hour = self.local(slot, zone).1 as usize;
        // On the day on which the clocks change the hour's number is one off the hours passed.
        let midnight = slot.saturating_sub(hour);
        let moved = i64::from(offsets[slot]) - i64::from(offsets[midnight]);
        (hour as i64 - moved).max(0) as usize
    }
}

/// A segment with its part of its rail and how busy it is hour by hour.
#[derive(Debug)]
pub struct Part {
    pub segment: Segment,
    /// The parts of a rail add up to one.
    pub share: f64,
    pub weights: Vec<f64>,
    /// The most arrangements that the land's customers can have; `None` where others have them.
    pub most: Option<u64>,
}

/// Everything that intensities are made from.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub mix: &'a Mix,
    pub profile: &'a Profile,
    pub flows: &'a [FlowSpec],
    pub population: &'a Population,
    pub days: &'a Days,
    pub hours: &'a Hours,
    /// First and last day of the hours.
    pub range: (i32, i32),
}

impl Setting<'_> {
    /// The parts of a rail that have an hour in the range; none where there is no time at which the rail works.
    pub fn parts(&self, rail: Rail) -> Vec<Part> {
        let mut parts = Vec::new();
        let flows = self.flows.iter().enumerate();
        for (flow, spec) in flows.filter(|(_, spec)| spec.rail == rail && spec.flow.share > 0.0) {
            for land in Land::ALL {
                let (zone, share) = (land.zone(), land.share(rail, self.mix, &self.profile.customers));
                if share <= 0.0 || spec.amounts(zone).is_none() {
                    continue;
                }
                let (agenda, weights) = self.weights(spec, zone);
                if weights.iter().sum::<f64>() > 0.0 {
                    let cohort = self.population.cohort_for(land, spec.flow.from);
                    let most = standing::most(spec, self.population.cohort(cohort));
                    let standing = Standing::default();
                    let segment = Segment { flow, land, zone, cohort, agenda, standing, people: 0 };
                    parts.push(Part { segment, share: share * spec.flow.share, weights, most });
                }
            }
        }
        let total: f64 = parts.iter().map(|part| part.share).sum();
        for part in &mut parts {
            part.share /= total;
        }
        parts
    }

    fn weights(&self, spec: &FlowSpec, zone: Zone) -> (Option<Agenda>, Vec<f64>) {
        let (start, end) = self.range;
        let calendar = &self.profile.calendars[&spec.flow.calendar];
        let banking = calendar.banking_days.then(|| zone.banking());
        let agenda = spec
            .flow
            .rhythm
            .map(|rhythm| Agenda::new(&spec.flow, rhythm, banking, self.days, start - 1, end + 1));
        let by_day: Vec<f64> = (start - 1..=end + 1)
            .map(|day| match &agenda {
                Some(agenda) => agenda.weight(day),
                None => day_weight(calendar, zone.banking(), self.days, day),
            })
            .collect();
        let hourly = open_hours(&calendar.hours, spec.rail, zone);
        let weights = (0..self.hours.len())
            .map(|slot| {
                let (day, hour) = self.hours.local(slot, zone);
                by_day[(day - (start - 1)) as usize] * hourly[hour as usize]
            })
            .collect();
        (agenda, weights)
    }
}

/// The weight of a day where no arrangement decides on it.
fn day_weight(calendar: &Calendar, banking: Banking, days: &Days, day: i32) -> f64 {
    let is_open = days.is_open(banking, day);
    if calendar.banking_days && !is_open {
        return 0.0;
    }
    let mut weight = calendar.weekdays[weekday(day) as usize];
    if !is_open && weekday(day) < 5 {
        weight *= calendar.holiday;
    }
    let (_, month, of_month) = date_of(day);
    if of_month <= 3 {
        weight *= calendar.month_start;
    }
    if (0..3).any(|ahead| is_month_end(day + ahead)) {
        weight *= calendar.month_end;
    }
    if month == 12 { weight * calendar.december } else { weight }
}

/// The calendar's hours without those in which the clearing system takes no customer payments.
///
/// Fedwire: cut-off for customer transfers 18:45 Eastern (Federal Reserve, "Fedwire Funds Service operating hours"),
/// here the hour that ends at 18:00; T2: 17:00 Central European for customer payments (ECB); CHAPS: 17:40 London for
/// customers, here 17:00.
fn open_hours(hours: &[f64; 24], rail: Rail, zone: Zone) -> [f64; 24] {
    let mut hours = *hours;
    if rail == Rail::Wire {
        let closing: usize = match zone {
            Zone::Eastern => 18,
            Zone::Central | Zone::CentralEurope | Zone::London => 17,
            Zone::Mountain | Zone::WesternEurope => 16,
            Zone::Pacific => 15,
        };
        hours[closing..].fill(0.0);
    }
    hours
}
