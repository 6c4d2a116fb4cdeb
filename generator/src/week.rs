//! One calendar week of a run without an end: how busy each hour is, and what is paid in it.

use crate::config::Config;
use crate::customers::Population;
use crate::dates::weekday;
use crate::days::Days;
use crate::deal::Turn;
use crate::intensity::{HOUR_MICROS, Hours, Place, Segment, Setting};
use crate::lands::Land;
use crate::live::FIRST_DAY;
use crate::mix::Rail;
use crate::permutation::Permutation;
use crate::random::{hash, scale, unit};
use crate::recurrence::Arrangements;
use crate::standing::{Kind, Standing, companies, is_dealt, most};
use crate::world::World;

const DAY_MICROS: i64 = 24 * HOUR_MICROS;
/// Rounds of the fit of a flat week. It converges fast where a fit exists; where none does, no number of rounds finds
/// one.
const FIT_ROUNDS: usize = 100;

/// How the rate goes up and down over a week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Curve {
    /// Always the same rate.
    #[default]
    Flat,
    /// The profile's calendars: office hours, evenings, weekends, holidays; the mean over a week is the rate.
    Calendar,
}

#[derive(Debug)]
pub struct Week {
    pub days: Days,
    hours: Hours,
    /// Each with a number that is the same in every week.
    segments: Vec<(usize, Segment)>,
    /// For each hour, the sums of its segments' parts up to each.
    sums: Vec<f64>,
    intensities: Vec<f64>,
}

impl Week {
    /// The week, Monday to Sunday in UTC, that a time lies in.
    pub fn new(config: &Config, curve: Curve, world: &World, micros: i64) -> Self {
        let day = micros.div_euclid(DAY_MICROS) as i32;
        let monday = day - weekday(day) as i32;
        let range = (monday, monday + 6);
        let (days, hours) = (Days::new(range.0, range.1), Hours::new(range.0, range.1));
        let setting = Setting {
            mix: &config.mix,
            profile: &config.profile,
            flows: &world.flows,
            population: &world.population,
            days: &days,
            hours: &hours,
            range,
        };
        let (mut segments, mut table) = (Vec::new(), Vec::new());
        for rail in Rail::ALL.into_iter().filter(|rail| config.mix.share(*rail) > 0.0) {
            for part in setting.parts(rail) {
                let weight = config.mix.share(rail) * part.share / part.weights.iter().sum::<f64>();
                table.push(part.weights.iter().map(|busy| busy * weight).collect::<Vec<_>>());
                let number = part.segment.flow * Land::ALL.len() + part.segment.land as usize;
                segments.push((number, part.segment));
            }
        }
        settle(&mut segments, world, config.seed);
        let (intensities, sums) = distribute(table, hours.len(), curve);
        Self { days, hours, segments, sums, intensities }
    }

    pub fn contains(&self, micros: i64) -> bool {
        (self.hours.micros(0)..self.hours.micros(self.hours.len())).contains(&micros)
    }

    fn slot(&self, micros: i64) -> usize {
        ((micros - self.hours.micros(0)) / HOUR_MICROS).clamp(0, self.hours.len() as i64 - 1) as usize
    }

    /// How busy the time is, against the week's mean.
    pub fn intensity(&self, micros: i64) -> f64 {
        self.intensities[self.slot(micros)]
    }

    /// The payment of a microsecond of the week.
    pub fn place(&self, world: &World, index: u64) -> (Place, &Segment) {
        let micros = index as i64;
        let mut slot = self.slot(micros);
        // A payment at the very edge of closed hours counts as one of the next open hour.
        for _ in 0..self.hours.len() {
            if self.intensities[slot] > 0.0 {
                break;
            }
            slot = (slot + 1) % self.hours.len();
        }
        let sums = &self.sums[slot * self.segments.len()..(slot + 1) * self.segments.len()];
        let drawn = unit(hash(world.key ^ 0x5e9, index)) * sums.last().copied().unwrap_or(0.0);
        let at = sums.partition_point(|sum| *sum <= drawn).min(self.segments.len() - 1);
        let (number, segment) = &self.segments[at];
        let (day, hour) = self.hours.local(slot, segment.zone);
        let arrangement = segment.agenda.as_ref().and_then(|agenda| {
            let most = segment.standing.arrangements.each() * agenda.weight(day) as u64;
            let (class, within) = agenda.arrangement(day, scale(hash(world.key ^ 0xa66, index), most))?;
            Some((class, segment.standing.arrangements.number(class.class, within)))
        });
        let spec = &world.flows[segment.flow];
        let turn = is_dealt(spec).then(|| turn(world, segment, index));
        let entry = index % FILE_MICROS;
        let session = hash(world.key ^ 0x5e55, index);
        let ordinal = index;
        (Place { segment: *number, micros, day, hour, session, arrangement, turn, entry, ordinal }, segment)
    }
}

/// A file of ACH entries is closed before the numbers of its entries, which are microseconds, have more than seven
/// digits.
const FILE_MICROS: u64 = 9_999_999;

/// The time in which each account has one slot to write its checks in, and how many numbers that slot has: they rise with
/// time, with gaps, and repeat only where an account writes faster.
const DEAL_MICROS: u64 = 3_600_000_000;
const NUMBERS: u64 = 64;

/// Whose turn it is at a time: the accounts in an order that is another every hour.
fn turn(world: &World, segment: &Segment, index: u64) -> Turn {
    let customers = world.population.cohort(segment.cohort).customers.max(1);
    let (epoch, within) = (index / DEAL_MICROS, index % DEAL_MICROS);
    let slot = within * customers / DEAL_MICROS;
    let begin = (slot * DEAL_MICROS).div_ceil(customers);
    let part = (within - begin) * NUMBERS * customers / DEAL_MICROS;
    let order = Permutation::new(customers, hash(world.key ^ 0xdea1 ^ segment.cohort as u64, epoch));
    let since = epoch.saturating_sub(FIRST_DAY as u64 * 24);
    Turn { member: order.apply(slot), number: since * NUMBERS + part.min(NUMBERS - 1) }
}

/// Finds the people of each land who have the arrangements of a run without an end: wages and bills are its customers'
/// and many more people's.
fn settle(segments: &mut [(usize, Segment)], world: &World, seed: u64) {
    let mut jobs = [0; Land::ALL.len()];
    for (_, segment) in segments {
        let land = segment.land as usize;
        let (spec, cohort) = (&world.flows[segment.flow], world.population.cohort(segment.cohort));
        let people =
            world.population.cohort(Population::cohort_of(segment.land, false)).customers * PEOPLE + 40;
        segment.people = people;
        let Some(rhythm) = spec.flow.rhythm else { continue };
        let about = match most(spec, cohort) {
            Some(most) => most,
            None if Kind::of(spec) == Some(Kind::Trade) => companies(cohort),
            None => people / 2,
        };
        let arrangements = Arrangements::endless(&spec.flow, rhythm, about);
        let key = hash(hash(seed, 0x71e5) ^ 0x5a, land as u64);
        segment.standing = Standing::new(spec, arrangements, cohort, people, &mut jobs[land], key);
    }
}

/// People known for each customer among them (our assumption).
const PEOPLE: u64 = 40;

/// The intensities of the hours and, hour by hour, the sums of the segments' parts, from the segments' parts by hour.
fn distribute(mut table: Vec<Vec<f64>>, hours: usize, curve: Curve) -> (Vec<f64>, Vec<f64>) {
    if curve == Curve::Flat {
        flatten(&mut table, hours);
    }
    let mut sums = Vec::with_capacity(hours * table.len());
    let mut busy = Vec::with_capacity(hours);
    for hour in 0..hours {
        let mut sum = 0.0;
        for row in &table {
            sum += row[hour];
            sums.push(sum);
        }
        busy.push(sum);
    }
    let open = busy.iter().filter(|busy| **busy > 0.0).count();
    let counted = if curve == Curve::Flat { open } else { hours };
    let mean = busy.iter().sum::<f64>() / counted.max(1) as f64;
    if mean > 0.0 {
        for busy in &mut busy {
            *busy /= mean;
        }
    }
    (busy, sums)
}

/// Makes all open hours equally busy while the segments keep their parts, as far as the hours in which they work allow
/// it.
///
/// Iterative proportional fitting (Deming and Stephan 1940): rows and columns are scaled in turn; the hours have the
/// last word.
fn flatten(table: &mut [Vec<f64>], hours: usize) {
    let parts: Vec<f64> = table.iter().map(|row| row.iter().sum()).collect();
    let total: f64 = parts.iter().sum();
    let is_open: Vec<bool> = (0..hours).map(|hour| table.iter().any(|row| row[hour] > 0.0)).collect();
    let target = total / is_open.iter().filter(|open| **open).count().max(1) as f64;
    for _ in 0..FIT_ROUNDS {
        for (row, part) in table.iter_mut().zip(&parts) {
            let factor = part / row.iter().sum::<f64>();
            for cell in row.iter_mut() {
                *cell *= factor;
            }
        }
        for hour in (0..hours).filter(|hour| is_open[*hour]) {
            let factor = target / table.iter().map(|row| row[hour]).sum::<f64>();
            for row in table.iter_mut() {
                row[hour] *= factor;
            }
        }
    }
}
