//! When each payment happens, on which rail, and for whose kind of customers.
//!
//! The run's positions `0..N` are laid out rail by rail, and within a rail segment by segment (a flow in a land), and
//! within a segment hour by hour, each part as long as its share of the calendar's intensity says. So the mix, the
//! seasonality and the rhythm are exact, not drawn. Within an hour `lanes` gives each its microsecond.

use std::ops::Range;

use crate::config::{Config, ConfigError};
use crate::customers::Population;
use crate::dates::Zone;
use crate::days::Days;
use crate::deal::Deal;
use crate::flows::FlowSpec;
use crate::intensity::{self, Hours, Part, Place, Segment, Setting};
use crate::lands::Land;
use crate::lanes::Lanes;
use crate::mix::Rail;
use crate::random::hash;
use crate::recurrence::Arrangements;
use crate::standing::{BILLS, Kind, Standing, acquaintances, is_dealt};

const HOUR_MICROS: u64 = intensity::HOUR_MICROS as u64;

/// Sessions lie within steps of five minutes.
const STEPS: u64 = 12;
/// A land's flows shrink in steps, of which a few are enough.
const SHRINKS: usize = 12;

/// How often, of sixteen times, a customer who has paid once, twice or three times in a session pays again: about one
/// payment in 400 is the fourth (our assumption).
const AGAIN: [u64; 3] = [5, 2, 1];

#[derive(Debug)]
pub struct Schedule {
    clocks: Hours,
    pub segments: Vec<Segment>,
    /// The positions at which the segments begin, and the end.
    starts: Vec<u64>,
    /// For each segment, the positions at which its hours begin, and its end.
    hours: Vec<u64>,
    lanes: Lanes,
    /// For each ACH segment and hour, the number of its first entry in the file of its Eastern day.
    entries: Vec<u64>,
    ach: Range<usize>,
    checks: Range<usize>,
    /// The deals of the segments that have one.
    deals: Vec<Option<Deal>>,
    key: u64,
}

impl Schedule {
    pub fn new(
        config: &Config,
        flows: &[FlowSpec],
        population: &Population,
        days: &Days,
    ) -> Result<Self, ConfigError> {
        let (start, end) = config.days();
        let clocks = Hours::new(start, end);
        let mut schedule = Self {
            clocks,
            segments: Vec::new(),
            starts: vec![0],
            hours: Vec::new(),
            lanes: Lanes::default(),
            entries: Vec::new(),
            ach: 0..0,
            checks: 0..0,
            deals: Vec::new(),
            key: hash(config.seed, 0x71e5),
        };
        let mut share = 0.0;
        for rail in Rail::ALL {
            let from = position(config.num_records, share);
            share += config.mix.share(rail);
            let to = if rail == Rail::P2p { config.num_records } else { position(config.num_records, share) };
            if to > from || config.mix.share(rail) > 0.0 {
                let setting = Setting {
                    mix: &config.mix,
                    profile: &config.profile,
                    flows,
                    population,
                    days,
                    hours: &schedule.clocks,
                    range: (start, end),
                };
                let parts = setting.parts(rail);
                if parts.is_empty() {
                    return Err(config.no_time(rail));
                }
                let first = schedule.segments.len();
                schedule.lay_out_within(parts, from, to);
                match rail {
                    Rail::Ach => schedule.ach = first..schedule.segments.len(),
                    Rail::Check => schedule.checks = first..schedule.segments.len(),
                    _ => {}
                }
            }
        }
        schedule.make_lanes(config)?;
        schedule.number_entries();
        schedule.settle(flows, population);
        Ok(schedule)
    }

    /// Lays the parts out over `from..to`, with no more arrangements than their people can have.
    fn lay_out_within(&mut self, mut parts: Vec<Part>, from: u64, to: u64) {
        for round in 0.. {
            let (starts, hours) = (self.starts.len(), self.hours.len());
            self.lay_out(&mut parts, from, to);
            if round == SHRINKS || !shrink(&mut parts) {
                break;
            }
            self.starts.truncate(starts);
            self.hours.truncate(hours);
        }
        self.segments.extend(parts.into_iter().map(|part| part.segment));
    }

    /// Gives the segments the positions `from..to`.
    fn lay_out(&mut self, parts: &mut [Part], from: u64, to: u64) {
        let mut share = 0.0;
        let mut at = from;
        let last = parts.len() - 1;
        for (number, part) in parts.iter_mut().enumerate() {
            share += part.share;
            let next = if number == last { to } else { (from + position(to - from, share)).clamp(at, to) };
            let total: f64 = part.weights.iter().sum();
            let busy = part.weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0);
            let mut sum = 0.0;
            let mut hour = at;
            let (first, last) = (self.clocks.day(0) - 1, self.clocks.day(self.clocks.len() - 1) + 1);
            let mut days = vec![(0, 0); (last - first + 1) as usize];
            for (slot, weight) in part.weights.iter().enumerate() {
                self.hours.push(hour);
                sum += weight;
                let end = if slot >= busy { next } else { (at + position(next - at, sum / total)).min(next) };
                let day: &mut (u64, u64) =
                    &mut days[(self.clocks.local(slot, part.segment.zone).0 - first) as usize];
                if day.1 == 0 {
                    day.0 = hour;
                }
                day.1 += end - hour;
                hour = end;
            }
            if let Some(agenda) = &part.segment.agenda {
                part.segment.standing.arrangements = Arrangements::new(agenda, days);
            }
            self.hours.push(next);
            self.starts.push(next);
            at = next;
        }
    }

    /// The positions at which a segment's hours begin, and its end.
    fn row(&self, segment: usize) -> &[u64] {
        &self.hours[segment * (self.hours() + 1)..(segment + 1) * (self.hours() + 1)]
    }

    /// Divides the hours' microseconds, and checks that there is one for each payment.
    fn make_lanes(&mut self, config: &Config) -> Result<(), ConfigError> {
        let peaks: Vec<u64> = (0..self.segments.len())
            .map(|segment| self.row(segment).windows(2).map(|hour| hour[1] - hour[0]).max().unwrap_or(0))
            .collect();
        self.lanes = Lanes::new(&peaks, self.key);
        let fits = |(segment, peak): (usize, &u64)| {
            let part = u128::from(config.num_records) * u128::from(self.lanes.room(segment));
            (part / u128::from((*peak).max(1))) as u64
        };
        let limit = peaks.iter().enumerate().map(fits).min().unwrap_or(u64::MAX);
        if limit < config.num_records {
            return Err(ConfigError::TooManyRecords {
                records: config.num_records,
                end: config.end_date,
                // Shares are rounded to payments: a little less surely fits.
                limit: limit - limit / 10_000,
            });
        }
        Ok(())
    }

    /// Numbers the ACH entries of each Eastern day, hour by hour.
    fn number_entries(&mut self) {
        let hours = self.hours();
        let mut entries = vec![0; self.ach.len() * hours];
        let (mut next, mut today) = (0, None);
        for slot in 0..hours {
            let day = self.clocks.local(slot, Zone::Eastern).0;
            if today.replace(day) != Some(day) {
                next = 0;
            }
            for (number, segment) in self.ach.clone().enumerate() {
                entries[number * hours + slot] = next;
                let row = self.row(segment);
                next += row[slot + 1] - row[slot];
            }
        }
        self.entries = entries;
    }

    /// Finds the people of each land who have the arrangements, and deals the turns.
    fn settle(&mut self, flows: &[FlowSpec], population: &Population) {
        let mut people =
            Land::ALL.map(|land| acquaintances(population.cohort(Population::cohort_of(land, false))));
        let mut wages = [0; Land::ALL.len()];
        for segment in &self.segments {
            let count = segment.standing.arrangements.len();
            let needed = match Kind::of(&flows[segment.flow]) {
                Some(Kind::Wages) => {
                    wages[segment.land as usize] += count;
                    wages[segment.land as usize]
                }
                Some(Kind::Bill) => count.div_ceil(BILLS),
                _ => 0,
            };
            let people = &mut people[segment.land as usize];
            *people = needed.max(*people);
        }
        let mut jobs = [0; Land::ALL.len()];
        for segment in &mut self.segments {
            let land = segment.land as usize;
            let spec = &flows[segment.flow];
            let arrangements = std::mem::take(&mut segment.standing.arrangements);
            let key = hash(self.key ^ 0x5a, land as u64);
            let cohort = population.cohort(segment.cohort);
            segment.people = people[land];
            segment.standing = Standing::new(spec, arrangements, cohort, people[land], &mut jobs[land], key);
            let key = hash(self.key ^ 0xdea1, segment.flow as u64 * 64 + land as u64);
            self.deals.push(is_dealt(spec).then(|| Deal::new(&cohort.activity, key)));
        }
    }

    /// Where position `position` (below the number of records) lies.
    pub fn place(&self, position: u64) -> Place {
        let number = self.starts.partition_point(|start| *start <= position) - 1;
        let segment = &self.segments[number];
        let row = self.row(number);
        let slot = row.partition_point(|start| *start <= position) - 1;
        let (k, count) = (position - row[slot], row[slot + 1] - row[slot]);
        let (day, hour) = self.clocks.local(slot, segment.zone);
        let arrangement = segment.agenda.as_ref().and_then(|agenda| {
            let of_day = position - row[slot.saturating_sub(self.clocks.since_midnight(slot, segment.zone))];
            let (class, within) = agenda.arrangement(day, of_day)?;
            Some((class, segment.standing.arrangements.number(class.class, within)))
        });
        let turn = self.deals[number].as_ref().map(|deal| deal.turn(position - self.starts[number]));
        let entry = if self.ach.contains(&number) {
            self.entries[(number - self.ach.start) * self.hours() + slot] + k
        } else {
            0
        };
        Place {
            segment: number,
            micros: self.slot_micros(slot) + self.lanes.micros(number, slot as u64, k, count) as i64,
            day,
            hour,
            session: self.session(number, slot, k, count),
            arrangement,
            turn,
            entry,
            ordinal: position - self.starts[number],
        }
    }

    /// The session of an hour's `k`th payment. The hour is a grid of rows, five minutes a column; runs of a row are one
    /// customer's.
    fn session(&self, segment: usize, slot: usize, k: u64, count: u64) -> u64 {
        let rows = count.div_ceil(STEPS);
        let (step, row) = (k / rows, k % rows);
        let bits = hash(hash(self.key ^ 0x5e55, (segment * self.hours() + slot) as u64), row);
        let mut first = 0;
        for at in 1..=step {
            let paid = (at - first - 1) as usize;
            if bits >> (at * 4) & 15 >= AGAIN.get(paid).copied().unwrap_or(0) {
                first = at;
            }
        }
        hash(bits, first)
    }

    /// How many payments of a segment come before a time.
    pub fn before(&self, segment: usize, micros: i64) -> u64 {
        let row = self.row(segment);
        let elapsed = (micros - self.slot_micros(0)).max(0) as u64;
        let slot = (elapsed / HOUR_MICROS) as usize;
        if slot >= self.hours() {
            return row[self.hours()] - row[0];
        }
        let count = row[slot + 1] - row[slot];
        row[slot] - row[0] + self.lanes.before(segment, slot as u64, elapsed % HOUR_MICROS, count)
    }

    /// How many checks a member of a cohort wrote in the run before a time.
    pub fn checks_before(&self, cohort: usize, at: u64, micros: i64) -> u64 {
        let written = self.checks.clone().map(|number| {
            let segment = &self.segments[number];
            if segment.cohort != cohort {
                return 0;
            }
            let before = self.before(number, micros);
            match (&self.deals[number], &segment.agenda, segment.standing.of_owner(at)) {
                (Some(deal), ..) => deal.before(at, before),
                (None, Some(agenda), Some(first)) => {
                    segment.standing.arrangements.before(agenda, first, self.starts[number] + before)
                }
                _ => 0,
            }
        });
        written.sum()
    }

    /// UTC microseconds at which an hour of the run begins.
    pub const fn slot_micros(&self, slot: usize) -> i64 {
        self.clocks.micros(slot)
    }

    /// UTC microseconds at which the run's range ends.
    pub fn end_micros(&self) -> i64 {
        self.slot_micros(self.hours())
    }

    /// How many payments a segment has.
    pub fn segment_payments(&self, segment: usize) -> u64 {
        self.starts[segment + 1] - self.starts[segment]
    }

    /// How many payments of a segment lie on the UTC days that `wanted` takes.
    pub fn payments_on(&self, segment: usize, wanted: impl Fn(i32) -> bool) -> u64 {
        let row = self.row(segment);
        (0..self.hours())
            .filter(|slot| wanted(self.clocks.day(*slot)))
            .map(|slot| row[slot + 1] - row[slot])
            .sum()
    }

    /// The run's length in hours.
    pub const fn hours(&self) -> usize {
        self.clocks.len()
    }

    /// How many payments a segment has in an hour in which it has any, on average.
    pub fn payments_an_open_hour(&self, segment: usize) -> f64 {
        let open = self.row(segment).windows(2).filter(|hour| hour[1] > hour[0]).count();
        self.segment_payments(segment) as f64 / open.max(1) as f64
    }
}

/// Shrinks the parts that have more arrangements than their people can have; what is too much goes to their lands' other
/// flows of the rail. False where there is nothing to shrink, or nowhere to put it.
fn shrink(parts: &mut [Part]) -> bool {
    let kept = |part: &Part| {
        let have = part.segment.standing.arrangements.len();
        part.most.filter(|most| have > *most).map_or(1.0, |most| most as f64 / have as f64 * 0.97)
    };
    let (mut freed, mut open) = ([0.0; Land::ALL.len()], [0.0; Land::ALL.len()]);
    for part in parts.iter() {
        let land = part.segment.land as usize;
        freed[land] += part.share * (1.0 - kept(part));
        open[land] += if part.most.is_none() { part.share } else { 0.0 };
    }
    let fits = freed.iter().zip(open).all(|(freed, open)| *freed == 0.0 || open > 0.0);
    if !fits || freed.iter().all(|freed| *freed == 0.0) {
        return false;
    }
    for part in parts {
        let land = part.segment.land as usize;
        if part.most.is_none() {
            part.share += freed[land] * part.share / open[land];
        } else {
            part.share *= kept(part);
        }
    }
    true
}

fn position(total: u64, share: f64) -> u64 {
    ((total as f64 * share + 0.5) as u64).min(total)
}
