//! Cities by number, and the towns around them.

use std::sync::LazyLock;

use crate::geography::{City, cities};
use crate::random::scale;

/// How far people go for shopping, in kilometres: assumption.
const NEAR_KM: f64 = 60.0;
const MOST_NEIGHBOURS: usize = 6;

static TOWNS: LazyLock<Towns> = LazyLock::new(Towns::new);

/// The cities of all countries, numbered.
struct Towns {
    /// Country, the number of its first city, and for each city its neighbours' places in the country's list.
    countries: Vec<(&'static str, usize, Vec<Vec<u16>>)>,
}

impl Towns {
    fn new() -> Self {
        let mut countries = Vec::with_capacity(super::COUNTRIES.len());
        let mut first = 0;
        for country in super::COUNTRIES {
            let all = cities(country);
            countries.push((country, first, all.iter().map(|city| neighbours(city, all)).collect()));
            first += all.len();
        }
        Self { countries }
    }
}

/// The nearest cities within reach, which keep the same time.
fn neighbours(city: &City, all: &[City]) -> Vec<u16> {
    let mut near: Vec<(f64, u16)> = all
        .iter()
        .enumerate()
        .filter(|(_, other)| other.at != city.at && other.zone == city.zone)
        .map(|(at, other)| (squared_km(city, other), at as u16))
        .filter(|(squared, _)| *squared < NEAR_KM * NEAR_KM)
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.truncate(MOST_NEIGHBOURS);
    near.into_iter().map(|(_, at)| at).collect()
}

/// The squared distance on a plane that touches the earth at one of the two.
fn squared_km(a: &City, b: &City) -> f64 {
    let north = (a.latitude - b.latitude) * super::KM_A_DEGREE;
    let east = (a.longitude - b.longitude) * super::KM_A_DEGREE * super::cosine(a.latitude);
    north * north + east * east
}

/// The city's place in its country's list, which begins with the largest.
fn place(city: &City, all: &[City]) -> usize {
    let first = all.partition_point(|other| other.inhabitants > city.inhabitants);
    all[first..].iter().position(|other| other.at == city.at).map_or(0, |at| first + at)
}

/// The city's number among all.
pub fn number(city: &City) -> u64 {
    let of = TOWNS.countries.iter().find(|(country, ..)| *country == city.country);
    of.map_or(0, |(country, first, _)| (first + place(city, cities(country))) as u64)
}

/// A town near the city for random bits; the city itself where there is none.
pub fn near(city: &'static City, bits: u64) -> &'static City {
    let Some((country, _, near)) = TOWNS.countries.iter().find(|(country, ..)| *country == city.country)
    else {
        return city;
    };
    let all = cities(country);
    let near = &near[place(city, all)];
    near.get(scale(bits, near.len() as u64) as usize).map_or(city, |at| &all[usize::from(*at)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_city_has_a_number_of_its_own() {
        let all = || super::super::COUNTRIES.into_iter().flat_map(cities);
        let numbers: HashSet<u64> = all().map(number).collect();
        assert_eq!(numbers.len(), all().count());
        assert!(numbers.iter().all(|number| *number < super::super::LISTS));
    }

    #[test]
    fn neighbours_are_near_and_of_the_same_country() {
        let amsterdam = cities("NL").iter().find(|city| city.name == "Amsterdam").unwrap();
        let near: HashSet<&str> = (0..200).map(|at| near(amsterdam, crate::random::mix(at)).name).collect();
        assert!(near.contains("Haarlem") || near.contains("Zaanstad"), "{near:?}");
        assert!(!near.contains("Groningen"));
    }
}
