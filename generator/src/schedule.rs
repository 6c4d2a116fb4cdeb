//! When each payment happens, on which rail, and for whose kind of customers.
//!
//! The run's positions `0..N` are laid out rail by rail, and within a rail segment by segment (a flow in a time zone),
//! and within a segment hour by hour, each part as long as its share of the calendar's intensity says. So the mix, the
//! seasonality and the rhythm are exact, not drawn. All payments of an hour, whichever their segments, are then
//! shuffled over as many equal strata of that hour, one each: no two payments of a run share a microsecond.

use crate::config::{Config, ConfigError};
use crate::customers::Population;
use crate::days::Days;
use crate::flows::FlowSpec;
use crate::intensity::{self, Hours, Part, Place, Segment, Setting};
use crate::mix::Rail;
use crate::permutation::Permutation;
use crate::random::{hash, scale};

const HOUR_MICROS: u64 = intensity::HOUR_MICROS as u64;

#[derive(Debug)]
pub struct Schedule {
    clocks: Hours,
    pub segments: Vec<Segment>,
    /// The positions at which the segments begin, and the end.
    starts: Vec<u64>,
    /// For each segment, the positions at which its hours begin, and its end.
    hours: Vec<u64>,
    /// For each segment and hour, the rank of its first payment among the hour's.
    ranks: Vec<u32>,
    strata: Vec<Permutation>,
    counts: Vec<u64>,
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
            counts: vec![0; clocks.len()],
            clocks,
            segments: Vec::new(),
            starts: vec![0],
            hours: Vec::new(),
            ranks: Vec::new(),
            strata: Vec::new(),
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
                schedule.lay_out(parts, from, to);
            }
        }
        schedule.divide_hours(config)?;
        Ok(schedule)
    }

    /// Gives the segments the positions `from..to`.
    fn lay_out(&mut self, parts: Vec<Part>, from: u64, to: u64) {
        let mut share = 0.0;
        let mut at = from;
        let last = parts.len() - 1;
        for (number, part) in parts.into_iter().enumerate() {
            share += part.share;
            let next = if number == last { to } else { (from + position(to - from, share)).clamp(at, to) };
            let total: f64 = part.weights.iter().sum();
            let busy = part.weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0);
            let mut sum = 0.0;
            let mut hour = at;
            for (slot, weight) in part.weights.iter().enumerate() {
                self.hours.push(hour);
                sum += weight;
                let end = if slot >= busy { next } else { (at + position(next - at, sum / total)).min(next) };
                self.counts[slot] += end - hour;
                hour = end;
            }
            self.hours.push(next);
            self.starts.push(next);
            self.segments.push(part.segment);
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
        let mut next = vec![0_u32; self.hours()];
        for row in self.hours.chunks_exact(self.hours() + 1) {
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
        let row = &self.hours[number * (self.hours() + 1)..(number + 1) * (self.hours() + 1)];
        let slot = row.partition_point(|start| *start <= position) - 1;
        let rank = u64::from(self.ranks[number * self.hours() + slot]) + position - row[slot];
        let count = self.counts[slot];
        let stratum = self.strata[slot].apply(rank);
        let (day, hour) = self.clocks.local(slot, segment.zone);
        let arrangement = segment.agenda.as_ref().and_then(|agenda| {
            agenda.arrangement(
                day,
                position - row[slot.saturating_sub(self.clocks.since_midnight(slot, segment.zone))],
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
        let row = &self.hours[segment * (self.hours() + 1)..(segment + 1) * (self.hours() + 1)];
        (0..self.hours())
            .filter(|slot| wanted(self.clocks.day(*slot)))
            .map(|slot| row[slot + 1] - row[slot])
            .sum()
    }

    /// The run's length in hours.
    pub const fn hours(&self) -> usize {
        self.clocks.len()
    }

    /// About how many payments of a segment lie between two times, counted in microseconds from the run's start: whole
    /// hours, or a part of one.
    pub fn payments_between(&self, segment: usize, from: u64, to: u64) -> f64 {
        let row = &self.hours[segment * (self.hours() + 1)..];
        let first = ((from / HOUR_MICROS) as usize).min(self.hours() - 1);
        let end = (to.div_ceil(HOUR_MICROS) as usize).clamp(first + 1, self.hours());
        let part = (to - from) as f64 / ((end - first) as u64 * HOUR_MICROS) as f64;
        (row[end] - row[first]) as f64 * part.min(1.0)
    }
}

fn position(total: u64, share: f64) -> u64 {
    ((total as f64 * share + 0.5) as u64).min(total)
}
