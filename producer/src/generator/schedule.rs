//! When each payment happens, on which rail, and for whose kind of customers.
//!
//! The run's positions `0..N` are laid out rail by rail, and within a rail segment by segment (a flow in a time zone), and within
//! a segment hour by hour, each part as long as its share of the calendar's intensity says. So the mix, the seasonality and the
//! rhythm are exact, not drawn. All payments of an hour, whichever their segments, are then shuffled over as many equal strata of that hour,
//! one each: no two payments of a run share a microsecond.

use super::config::{Config, ConfigError};
use super::customers::{Population, zone_share};
use super::dates::{Banking, Zone, date_of, is_month_end, weekday};
use super::days::Days;
use super::flows::FlowSpec;
use super::mix::Rail;
use super::permutation::Permutation;
use super::profile::{Calendar, Profile};
use super::random::{hash, scale};
use super::recurrence::{Agenda, DueClass};

const HOUR_MICROS: u64 = 3_600_000_000;

/// A flow in a time zone.
#[derive(Debug)]
pub struct Segment {
    pub flow: usize,
    pub zone: Zone,
    pub cohort: usize,
    agenda: Option<Agenda>,
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
    /// Which of its hour's strata.
    pub stratum: u64,
    /// The standing arrangement that the payment belongs to: class, number in the class.
    pub arrangement: Option<(DueClass, u64)>,
}

#[derive(Debug)]
pub struct Schedule {
    first_hour: i64,
    slots: usize,
    pub segments: Vec<Segment>,
    /// The positions at which the segments begin, and the end.
    starts: Vec<u64>,
    /// For each segment, the positions at which its hours begin, and its end.
    hours: Vec<u64>,
    /// For each segment and hour, the rank of its first payment among the hour's.
    ranks: Vec<u32>,
    strata: Vec<Permutation>,
    counts: Vec<u64>,
    /// Hours between UTC and each zone's clocks, hour by hour.
    offsets: [Vec<i8>; 7],
    key: u64,
}

/// A segment with its part of the run and its hours' weights.
struct Draft {
    segment: Segment,
    share: f64,
    weights: Vec<f64>,
}

impl Schedule {
    pub fn new(
        config: &Config,
        flows: &[FlowSpec],
        population: &Population,
        days: &Days,
    ) -> Result<Self, ConfigError> {
        let (start, end) = config.days();
        let first_hour = i64::from(start) * 24;
        let slots = (end - start + 1) as usize * 24;
        let offsets = Zone::ALL
            .map(|zone| (0..slots).map(|slot| zone.offset_hours(first_hour + slot as i64) as i8).collect());
        let mut schedule = Self {
            first_hour,
            slots,
            segments: Vec::new(),
            starts: vec![0],
            hours: Vec::new(),
            ranks: Vec::new(),
            strata: Vec::new(),
            counts: vec![0; slots],
            offsets,
            key: hash(config.seed, 0x71e5),
        };
        let mut share = 0.0;
        for rail in Rail::ALL {
            let from = position(config.num_records, share);
            share += config.mix.share(rail);
            let to = if rail == Rail::P2p { config.num_records } else { position(config.num_records, share) };
            if to > from || config.mix.share(rail) > 0.0 {
                let drafts = schedule.drafts(rail, config, flows, population, days)?;
                schedule.lay_out(drafts, from, to);
            }
        }
        schedule.divide_hours(config)?;
        Ok(schedule)
    }

    /// The segments of a rail, shares scaled to one.
    fn drafts(
        &self,
        rail: Rail,
        config: &Config,
        flows: &[FlowSpec],
        population: &Population,
        days: &Days,
    ) -> Result<Vec<Draft>, ConfigError> {
        let mut drafts = Vec::new();
        for (at, spec) in
            flows.iter().enumerate().filter(|(_, spec)| spec.rail == rail && spec.flow.share > 0.0)
        {
            for zone in Zone::ALL {
                let part = zone_share(rail, zone, &config.mix, &config.profile.customers);
                if part <= 0.0 || spec.amounts(zone).is_none() {
                    continue;
                }
                let draft = self.draft(at, spec, zone, &config.profile, population, days, config.days());
                if draft.weights.iter().sum::<f64>() > 0.0 {
                    drafts.push(Draft { share: part * spec.flow.share, ..draft });
                }
            }
        }
        if drafts.is_empty() {
            if !flows.iter().any(|spec| spec.rail == rail) {
                return Err(ConfigError::NoFlow { rail: rail.name() });
            }
            return Err(ConfigError::NoBusinessTime {
                rail: rail.name(),
                share: config.mix.share(rail),
                start: config.start_date,
                end: config.end_date,
            });
        }
        let total: f64 = drafts.iter().map(|draft| draft.share).sum();
        for draft in &mut drafts {
            draft.share /= total;
        }
        Ok(drafts)
    }

    #[allow(clippy::too_many_arguments)]
    fn draft(
        &self,
        flow: usize,
        spec: &FlowSpec,
        zone: Zone,
        profile: &Profile,
        population: &Population,
        days: &Days,
        (start, end): (i32, i32),
    ) -> Draft {
        let calendar = &profile.calendars[&spec.flow.calendar];
        let banking = calendar.banking_days.then(|| zone.banking());
        let agenda =
            spec.flow.rhythm.map(|rhythm| Agenda::new(&spec.flow, rhythm, banking, days, start - 1, end + 1));
        let by_day: Vec<f64> = (start - 1..=end + 1)
            .map(|day| match &agenda {
                Some(agenda) => agenda.weight(day),
                None => day_weight(calendar, zone.banking(), days, day),
            })
            .collect();
        let hourly = open_hours(&calendar.hours, spec.rail, zone);
        let weights = (0..self.slots)
            .map(|slot| {
                let (day, hour) = self.local(slot, zone);
                by_day[(day - (start - 1)) as usize] * hourly[hour as usize]
            })
            .collect();
        let cohort = population.cohort_for(zone, spec.flow.from);
        Draft { segment: Segment { flow, zone, cohort, agenda }, share: 0.0, weights }
    }

    /// The day and the hour on a zone's clocks.
    fn local(&self, slot: usize, zone: Zone) -> (i32, u32) {
        let hour = self.first_hour + slot as i64 + i64::from(self.offsets[zone as usize][slot]);
        (hour.div_euclid(24) as i32, hour.rem_euclid(24) as u32)
    }

    /// Gives the segments the positions `from..to`.
    fn lay_out(&mut self, drafts: Vec<Draft>, from: u64, to: u64) {
        let mut share = 0.0;
        let mut at = from;
        let last = drafts.len() - 1;
        for (number, draft) in drafts.into_iter().enumerate() {
            share += draft.share;
            let next = if number == last { to } else { (from + position(to - from, share)).clamp(at, to) };
            let total: f64 = draft.weights.iter().sum();
            let busy = draft.weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0);
            let mut sum = 0.0;
            let mut hour = at;
            for (slot, weight) in draft.weights.iter().enumerate() {
                self.hours.push(hour);
                sum += weight;
                let end = if slot >= busy { next } else { (at + position(next - at, sum / total)).min(next) };
                self.counts[slot] += end - hour;
                hour = end;
            }
            self.hours.push(next);
            self.starts.push(next);
            self.segments.push(draft.segment);
            at = next;
        }
    }

    /// Ranks the segments' payments within each hour, and checks that the hour has a microsecond for each.
    fn divide_hours(&mut self, config: &Config) -> Result<(), ConfigError> {
        let most = self.counts.iter().copied().max().unwrap_or(0);
        if most > HOUR_MICROS {
            let limit = u128::from(config.num_records) * u128::from(HOUR_MICROS) / u128::from(most);
            return Err(ConfigError::TooManyRecords {
                records: config.num_records,
                end: config.end_date,
                // Shares are rounded to payments: a millionth less surely fits.
                limit: (limit - limit / 1_000_000) as u64,
            });
        }
        let mut next = vec![0_u32; self.slots];
        for row in self.hours.chunks_exact(self.slots + 1) {
            for (slot, next) in next.iter_mut().enumerate() {
                self.ranks.push(*next);
                *next += (row[slot + 1] - row[slot]) as u32;
            }
        }
        let key = self.key;
        let strata = self.counts.iter().enumerate();
        self.strata =
            strata.map(|(slot, count)| Permutation::new((*count).max(1), hash(key, slot as u64))).collect();
        Ok(())
    }

    /// Where position `position` (below the number of records) lies.
    pub fn place(&self, position: u64) -> Place {
        let number = self.starts.partition_point(|start| *start <= position) - 1;
        let segment = &self.segments[number];
        let row = &self.hours[number * (self.slots + 1)..(number + 1) * (self.slots + 1)];
        let slot = row.partition_point(|start| *start <= position) - 1;
        let rank = u64::from(self.ranks[number * self.slots + slot]) + position - row[slot];
        let count = self.counts[slot];
        let stratum = self.strata[slot].apply(rank);
        let (day, hour) = self.local(slot, segment.zone);
        let arrangement = segment.agenda.as_ref().and_then(|agenda| {
            agenda.arrangement(
                day,
                position - row[slot.saturating_sub(self.hours_since_midnight(slot, segment.zone))],
            )
        });
        Place {
            segment: number,
            micros: self.slot_micros(slot) + self.offset_micros(slot, stratum, count),
            day,
            hour,
            stratum,
            arrangement,
        }
    }

    /// A microsecond of the stratum, counted from its hour's start.
    fn offset_micros(&self, slot: usize, stratum: u64, count: u64) -> i64 {
        let (from, to) = (stratum * HOUR_MICROS / count, (stratum + 1) * HOUR_MICROS / count);
        (from + scale(hash(self.key ^ slot as u64, stratum), to - from)) as i64
    }

    /// UTC microseconds at which an hour of the run begins.
    pub fn slot_micros(&self, slot: usize) -> i64 {
        (self.first_hour + slot as i64) * HOUR_MICROS as i64
    }

    /// UTC microseconds at which the run's range ends.
    pub fn end_micros(&self) -> i64 {
        self.slot_micros(self.slots)
    }

    /// How many hours of the run lie between the zone's last midnight and the hour.
    fn hours_since_midnight(&self, slot: usize, zone: Zone) -> usize {
        let offsets = &self.offsets[zone as usize];
        let hour = self.local(slot, zone).1 as usize;
        // On the day on which the clocks change the hour's number is one off the hours passed.
        let midnight = slot.saturating_sub(hour);
        let moved = i64::from(offsets[slot]) - i64::from(offsets[midnight]);
        (hour as i64 - moved).max(0) as usize
    }

    /// How many payments a segment has.
    pub fn segment_payments(&self, segment: usize) -> u64 {
        self.starts[segment + 1] - self.starts[segment]
    }

    /// How many payments of a segment lie on the UTC days that `wanted` takes.
    pub fn payments_on(&self, segment: usize, wanted: impl Fn(i32) -> bool) -> u64 {
        let row = &self.hours[segment * (self.slots + 1)..(segment + 1) * (self.slots + 1)];
        (0..self.slots)
            .filter(|slot| wanted((self.first_hour + *slot as i64).div_euclid(24) as i32))
            .map(|slot| row[slot + 1] - row[slot])
            .sum()
    }

    /// The run's length in hours.
    pub const fn hours(&self) -> usize {
        self.slots
    }

    /// About how many payments of a segment lie between two times, counted in microseconds from the run's start: whole hours, or
    /// a part of one.
    pub fn payments_between(&self, segment: usize, from: u64, to: u64) -> f64 {
        let row = &self.hours[segment * (self.slots + 1)..];
        let first = ((from / HOUR_MICROS) as usize).min(self.slots - 1);
        let end = (to.div_ceil(HOUR_MICROS) as usize).clamp(first + 1, self.slots);
        let part = (to - from) as f64 / ((end - first) as u64 * HOUR_MICROS) as f64;
        (row[end] - row[first]) as f64 * part.min(1.0)
    }
}

fn position(total: u64, share: f64) -> u64 {
    ((total as f64 * share + 0.5) as u64).min(total)
}

/// What a day weighs that no arrangement decides on.
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
/// Fedwire: cut-off for customer transfers 18:45 Eastern (Federal Reserve, "Fedwire Funds Service operating hours"), here the
/// hour that ends at 18:00; T2: 17:00 Central European for customer payments (ECB); CHAPS: 17:40 London for customers, here 17:00.
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
