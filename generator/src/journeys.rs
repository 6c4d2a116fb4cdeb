//! Who is abroad when: journeys as a pure function of the traveller and the time, in both directions.
//!
//! Time is divided into epochs of fourteen days. In each epoch the first places of a keyed permutation over a land's
//! persons travel, so a person's journey is found by the inverse permutation, and the travellers to a land are ranges of
//! places. A journey lies inside its epoch, a day off both ends: nobody is on two.

use crate::geography::{City, home};
use crate::lands::Land;
use crate::permutation::Permutation;
use crate::random::{Stream, hash, scale, unit};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
const EPOCH: i64 = 14 * DAY;
/// How long before and after a journey its traveller buys nothing in shops at home: on the way.
const MARGIN: i64 = 12 * HOUR;
/// The part of Europeans and of Americans who travel abroad in an epoch: assumptions.
const TRAVELLERS: f64 = 0.06;
const AMERICANS: f64 = 0.025;
/// The part of an epoch that a traveller is away, after the nights below.
const PRESENT: f64 = 5.42 / 14.0;

/// Nights away: assumption.
const NIGHTS: [(u32, i64); 9] =
    [(12, 2), (18, 3), (14, 4), (10, 5), (8, 6), (18, 7), (6, 8), (4, 9), (10, 10)];

/// A land and how many of its people travel from it now and then.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    pub land: Land,
    pub persons: u64,
}

/// A stay abroad.
#[derive(Clone, Copy, Debug)]
pub struct Trip {
    pub city: &'static City,
    /// UTC microseconds of the arrival and of the way back.
    pub start: i64,
    pub end: i64,
}

/// All journeys of a run's persons.
#[derive(Debug)]
pub struct Journeys {
    lands: Vec<Origin>,
    /// For each land, where the places of the travellers to each land begin, and the end.
    bounds: Vec<Vec<u64>>,
    /// For each land, who comes: land, first place, and the travellers of all up to here.
    sources: Vec<Vec<(usize, u64, u64)>>,
    key: u64,
}

impl Journeys {
    pub fn new(lands: Vec<Origin>, key: u64) -> Self {
        let bounds: Vec<Vec<u64>> = lands.iter().map(|land| bounds(land, &lands)).collect();
        let sources = (0..lands.len())
            .map(|to| {
                let mut sum = 0;
                let coming = bounds.iter().enumerate().filter(|(_, bounds)| bounds[to + 1] > bounds[to]);
                coming
                    .map(|(from, bounds)| {
                        sum += bounds[to + 1] - bounds[to];
                        (from, bounds[to], sum)
                    })
                    .collect()
            })
            .collect();
        Self { lands, bounds, sources, key }
    }

    /// The journey that keeps a person from the shops at home at a time, in UTC microseconds.
    pub fn away(&self, land: usize, person: u64, micros: i64) -> Option<Trip> {
        let travellers = *self.bounds[land].last()?;
        if travellers == 0 {
            return None;
        }
        let epoch = self.epoch(land, micros);
        let place = self.order(land, epoch).invert(person);
        let trip = (place < travellers).then(|| self.trip(land, epoch, place))?;
        (trip.start - MARGIN..trip.end + MARGIN).contains(&micros).then_some(trip)
    }

    /// Somebody from abroad who pays in the land's shops at a time, for some of the random bits: the land and the person
    /// there, and the journey. `foreign` is the part of Europeans' payments in shops that they make abroad. A visitor shops
    /// as often as others do, so a land has many or few payments of visitors as it has many or few of them.
    pub fn visitor(&self, land: usize, foreign: f64, micros: i64, bits: u64) -> Option<(usize, u64, Trip)> {
        let sources = &self.sources[land];
        let total = sources.last()?.2;
        if unit(bits) >= self.chance(land, foreign) {
            return None;
        }
        let drawn = scale(hash(bits, 1), total);
        let source = sources.partition_point(|(.., sum)| *sum <= drawn);
        let (from, first, _) = sources[source];
        let before = source.checked_sub(1).map_or(0, |before| sources[before].2);
        let (place, epoch) = (first + drawn - before, self.epoch(from, micros));
        let trip = self.trip(from, epoch, place);
        let is_here = (trip.start..trip.end).contains(&micros);
        is_here.then(|| (from, self.order(from, epoch).apply(place), trip))
    }

    /// How often one of the epoch's travellers is looked at, who is there or is not.
    fn chance(&self, land: usize, foreign: f64) -> f64 {
        let coming = self.sources[land].last().map_or(0, |source| source.2) as f64;
        let residents = self.lands[land].persons.max(1) as f64;
        (foreign * coming / (residents * TRAVELLERS * PRESENT)).min(0.5)
    }

    /// The part of a land's payments in shops that visitors from the lands that `wanted` takes make.
    pub fn visitors(&self, land: usize, foreign: f64, wanted: impl Fn(Land) -> bool) -> f64 {
        let (mut before, mut some) = (0, 0);
        for (from, _, sum) in &self.sources[land] {
            if wanted(self.lands[*from].land) {
                some += sum - before;
            }
            before = *sum;
        }
        self.chance(land, foreign) * PRESENT * some as f64 / before.max(1) as f64
    }

    /// The lands' epochs begin on different days, so that there are always some on the way.
    fn epoch(&self, land: usize, micros: i64) -> i64 {
        (micros - self.phase(land)).div_euclid(EPOCH)
    }

    const fn phase(&self, land: usize) -> i64 {
        scale(hash(self.key, land as u64), EPOCH as u64) as i64
    }

    fn order(&self, land: usize, epoch: i64) -> Permutation {
        Permutation::new(self.lands[land].persons, hash(self.key ^ land as u64, epoch as u64))
    }

    fn trip(&self, land: usize, epoch: i64, place: u64) -> Trip {
        let mut choice = Stream::new(hash(self.key ^ land as u64, epoch as u64), place);
        let to = self.bounds[land].partition_point(|first| *first <= place) - 1;
        let length = choice.weighted(&NIGHTS) * DAY;
        let latest = EPOCH - 2 * DAY - length;
        let start = self.phase(land) + epoch * EPOCH + DAY + choice.below(latest as u64 + 1) as i64;
        let land = self.lands[to].land;
        Trip { city: home(land.country(), land.zone(), choice.bits()), start, end: start + length }
    }
}

/// The places of a land's travellers, divided among where they go.
fn bounds(origin: &Origin, lands: &[Origin]) -> Vec<u64> {
    let part = if origin.land.country() == "US" { AMERICANS } else { TRAVELLERS };
    let travellers = (origin.persons as f64 * part + 0.5) as u64;
    let weights: Vec<f64> = lands.iter().map(|to| attraction(origin.land, to.land)).collect();
    let total: f64 = weights.iter().sum();
    let travellers = if total > 0.0 { travellers } else { 0 };
    let mut sum = 0.0;
    let mut bounds = vec![0];
    for weight in weights {
        sum += weight;
        bounds.push((travellers as f64 * sum / total.max(1e-9) + 0.5) as u64);
    }
    bounds
}

/// How many of a land's travellers go to another, in some unit: assumption, after the well-known destinations.
fn attraction(from: Land, to: Land) -> f64 {
    if from.country() == to.country() {
        return 0.0;
    }
    f64::from(match to {
        Land::Spain => 18,
        Land::France => 17,
        Land::Italy => 15,
        Land::Britain | Land::Germany => 11,
        Land::Austria => 7,
        Land::Portugal | Land::Netherlands | Land::UsEastern => 6,
        Land::UsPacific => 4,
        Land::Belgium | Land::Ireland => 3,
        Land::UsCentral => 2,
        Land::UsMountain => 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::mix;
    use std::collections::HashMap;

    fn journeys() -> Journeys {
        let lands = [
            (Land::UsEastern, 3_000),
            (Land::UsPacific, 1_100),
            (Land::Germany, 900),
            (Land::France, 700),
            (Land::Portugal, 40),
            (Land::Britain, 5),
        ];
        Journeys::new(lands.map(|(land, persons)| Origin { land, persons }).to_vec(), 42)
    }

    const START: i64 = 1_709_251_200_000_000;

    #[test]
    fn visitors_are_persons_who_are_away_from_home() {
        let journeys = journeys();
        let mut seen = [0.0; 6];
        for bits in (0..60_000_u64).map(mix) {
            let to = (mix(bits ^ 1) % 6) as usize;
            let micros = START + (mix(bits) % (60 * DAY as u64)) as i64;
            let Some((from, person, trip)) = journeys.visitor(to, 0.03, micros, bits) else { continue };
            seen[to] += 1.0 / 10_000.0;
            assert_ne!(journeys.lands[from].land.country(), journeys.lands[to].land.country());
            assert_eq!(trip.city.country, journeys.lands[to].land.country());
            let away = journeys.away(from, person, micros).unwrap();
            assert_eq!((away.start, away.end, away.city.name), (trip.start, trip.end, trip.city.name));
        }
        for (land, seen) in seen.into_iter().enumerate() {
            let expected = journeys.visitors(land, 0.03, |_| true);
            assert!((seen - expected).abs() < 0.01 + 0.1 * expected, "{land}: {seen} for {expected}");
        }
        // A large land has few visitors among its many, a small one many.
        assert!(seen[0] < 0.01 && seen[4] > 0.1, "{seen:?}");
    }

    #[test]
    fn nobody_buys_in_two_countries_within_half_a_day() {
        let journeys = journeys();
        // Times and countries of each person's visits.
        let mut visits: HashMap<(usize, u64), Vec<(i64, usize)>> = HashMap::new();
        for bits in (0..200_000_u64).map(mix) {
            let micros = START + (mix(bits) % (60 * DAY as u64)) as i64;
            let land = (bits % 6) as usize;
            if bits % 5 < 2 {
                if let Some((from, person, _)) = journeys.visitor(land, 0.03, micros, mix(bits)) {
                    visits.entry((from, person)).or_default().push((micros, land));
                }
            } else {
                let person = scale(mix(!bits), journeys.lands[land].persons);
                if journeys.away(land, person, micros).is_none() {
                    visits.entry((land, person)).or_default().push((micros, land));
                }
            }
        }
        let mut changes = 0;
        for visits in visits.values_mut() {
            visits.sort_unstable();
            for pair in visits.windows(2).filter(|pair| pair[0].1 != pair[1].1) {
                changes += 1;
                assert!(pair[1].0 - pair[0].0 >= MARGIN, "{pair:?}");
            }
        }
        assert!(changes > 300, "{changes}");
    }

    #[test]
    fn about_as_many_are_away_as_travel_times_their_nights() {
        let journeys = journeys();
        let share = |micros| {
            (0..3_000).filter(|person| journeys.away(0, *person, micros).is_some()).count() as f64 / 3_000.0
        };
        let mean = (0..140).map(|at| share(START + at * 12 * HOUR)).sum::<f64>() / 140.0;
        // Five and a half nights and the margins, of fourteen days.
        assert!((mean - AMERICANS * 6.4 / 14.0).abs() < 0.006, "{mean}");
    }
}
