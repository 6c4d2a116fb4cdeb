//! Where people and shops are: the larger cities of each country, from GeoNames (CC BY 4.0; see NOTICE).
//!
//! `generator/tables/cities.py` writes the table. A city is drawn in proportion to its inhabitants, so that the many
//! live where the many live.

use std::sync::LazyLock;

use crate::dates::Zone;
use crate::random::{hash, scale};
use crate::text::Put;

const TABLE: &str = include_str!("cities.csv");

const HOME: u64 = 0x40_3e;

/// A place with its inhabitants.
#[derive(Clone, Copy, Debug)]
pub struct City {
    /// As it is called there, in ASCII.
    pub name: &'static str,
    /// ISO 3166-1.
    pub country: &'static str,
    /// ISO 3166-2 subdivision without the country, in the United States and Canada; empty elsewhere.
    pub region: &'static str,
    /// None where no zone of the generator keeps the city's time.
    pub zone: Option<Zone>,
    /// The form of its post codes: `#` stands for a digit, `%` for one from 1 to 9, `@` for a letter.
    pub post_code: &'static str,
    /// WGS 84 degrees, north and east positive.
    pub latitude: f64,
    pub longitude: f64,
    /// Latitude and longitude in ten-thousandths of a degree (11 m), exact.
    pub at: (i32, i32),
    pub inhabitants: u32,
}

/// The cities of a country, the largest first; empty for a country that the table does not have.
pub fn cities(country: &str) -> &'static [City] {
    ATLAS.country(country).map_or(&[], |of| &of.cities)
}

/// The home of a key, in proportion to inhabitants: in the United States within the zone, in other countries anywhere.
pub fn home(country: &str, zone: Zone, key: u64) -> &'static City {
    let of = ATLAS.country_or_first(country);
    let bits = hash(key, HOME);
    let draw =
        if of.cities[0].country == "US" && zone.is_american() { &of.zones[zone as usize] } else { &of.all };
    &of.cities[draw.at(bits)]
}

/// Appends ten-thousandths of a degree as degrees with four decimals.
pub fn push_degrees(ten_thousandths: i32, out: &mut String) {
    if ten_thousandths < 0 {
        out.push('-');
    }
    let whole = u64::from(ten_thousandths.unsigned_abs());
    out.number(whole / 10_000, 1);
    out.push('.');
    out.number(whole % 10_000, 4);
}

static ATLAS: LazyLock<Atlas> = LazyLock::new(Atlas::read);

struct Atlas {
    countries: Vec<Country>,
    /// For each pair of letters, one more than the country's place in the list; 0 where there is none.
    places: [u8; 26 * 26],
}

struct Country {
    cities: Vec<City>,
    all: Draw,
    /// By American zone.
    zones: [Draw; 4],
}

/// Cities to draw from, with the inhabitants up to each.
#[derive(Default)]
struct Draw {
    cities: Vec<u32>,
    sums: Vec<u64>,
}

impl Draw {
    fn of(cities: &[City], wanted: impl Fn(&City) -> bool) -> Self {
        let mut draw = Self::default();
        let mut sum = 0;
        for (at, city) in cities.iter().enumerate().filter(|(_, city)| wanted(city)) {
            sum += u64::from(city.inhabitants);
            draw.cities.push(at as u32);
            draw.sums.push(sum);
        }
        draw
    }

    fn at(&self, bits: u64) -> usize {
        let person = scale(bits, *self.sums.last().unwrap_or(&0));
        let place = self.sums.partition_point(|sum| *sum <= person);
        self.cities.get(place).map_or(0, |at| *at as usize)
    }
}

impl Atlas {
    fn read() -> Self {
        let mut atlas = Self { countries: Vec::new(), places: [0; 26 * 26] };
        let mut rows: Vec<City> = TABLE.lines().skip(1).map(city).collect();
        while let Some(first) = rows.first() {
            let code = first.country;
            let rest = rows.split_off(rows.partition_point(|city| city.country == code));
            let cities = std::mem::replace(&mut rows, rest);
            let zones = [Zone::Eastern, Zone::Central, Zone::Mountain, Zone::Pacific];
            let zones = zones.map(|zone| Draw::of(&cities, |city| city.zone == Some(zone)));
            let all = Draw::of(&cities, |_| true);
            atlas.countries.push(Country { cities, all, zones });
            atlas.places[place(code).unwrap_or(0)] = atlas.countries.len() as u8;
        }
        atlas
    }

    fn country(&self, code: &str) -> Option<&Country> {
        let place = usize::from(self.places[place(code)?]);
        self.countries.get(place.checked_sub(1)?)
    }

    /// A country that the table lacks is none that the generator has parties in.
    fn country_or_first(&self, code: &str) -> &Country {
        self.country(code).unwrap_or(&self.countries[0])
    }
}

fn place(code: &str) -> Option<usize> {
    match code.as_bytes() {
        [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => {
            Some(usize::from(first - b'A') * 26 + usize::from(second - b'A'))
        }
        _ => None,
    }
}

fn city(row: &'static str) -> City {
    let mut fields = row.split(',');
    let mut next = || fields.next().unwrap_or_default();
    let (country, region, name, zone, post_code) = (next(), next(), next(), next(), next());
    let (latitude, longitude, inhabitants) = (next(), next(), next());
    let zone = Zone::ALL.into_iter().find(|known| zone_name(*known) == zone);
    let at = (ten_thousandths(latitude), ten_thousandths(longitude));
    City {
        name,
        country,
        region,
        zone,
        post_code,
        latitude: f64::from(at.0) / 10_000.0,
        longitude: f64::from(at.1) / 10_000.0,
        at,
        inhabitants: inhabitants.parse().unwrap_or(0),
    }
}

const fn zone_name(zone: Zone) -> &'static str {
    match zone {
        Zone::Eastern => "Eastern",
        Zone::Central => "Central",
        Zone::Mountain => "Mountain",
        Zone::Pacific => "Pacific",
        Zone::CentralEurope => "CentralEurope",
        Zone::WesternEurope => "WesternEurope",
        Zone::London => "London",
    }
}

/// A number that is written with four decimals, as a whole number.
fn ten_thousandths(text: &str) -> i32 {
    let digits = text.bytes().filter(u8::is_ascii_digit);
    let value = digits.fold(0, |value, digit| value * 10 + i32::from(digit - b'0'));
    if text.starts_with('-') { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTRIES: [&str; 15] =
        ["US", "DE", "FR", "IT", "ES", "NL", "BE", "AT", "IE", "PT", "GB", "CA", "MX", "JP", "CH"];

    #[test]
    fn every_row_is_a_city_of_its_country() {
        assert_eq!(ATLAS.countries.len(), COUNTRIES.len());
        assert_eq!(COUNTRIES.map(|code| cities(code).len()).iter().sum::<usize>(), TABLE.lines().count() - 1);
        for code in COUNTRIES {
            let cities = cities(code);
            assert!(cities.len() >= 15 && cities.is_sorted_by(|a, b| a.inhabitants >= b.inhabitants));
            for city in cities {
                assert!(city.country == code && city.inhabitants > 10_000, "{city:?}");
                assert!(city.name.is_ascii() && (2..=35).contains(&city.name.len()), "{city:?}");
                let has_region = matches!(code, "US" | "CA");
                assert_eq!(city.region.len(), if has_region { 2 } else { 0 }, "{city:?}");
                assert!(city.zone.is_some() || matches!(code, "CA" | "MX" | "JP"), "{city:?}");
            }
        }
        assert!(cities("XX").is_empty() && cities("us").is_empty());
    }

    /// Coordinates as the encyclopaedias have them, to a tenth of a degree.
    #[test]
    fn known_cities_are_where_they_are() {
        let known = [
            ("US", "New York", 40.71, -74.01, Some(Zone::Eastern)),
            ("US", "Denver", 39.74, -104.98, Some(Zone::Mountain)),
            ("US", "Seattle", 47.61, -122.33, Some(Zone::Pacific)),
            ("DE", "Muenchen", 48.14, 11.58, Some(Zone::CentralEurope)),
            ("PT", "Lisboa", 38.72, -9.13, Some(Zone::WesternEurope)),
            ("GB", "London", 51.51, -0.13, Some(Zone::London)),
            ("JP", "Tokyo", 35.69, 139.69, None),
        ];
        for (country, name, latitude, longitude, zone) in known {
            let city = cities(country).iter().find(|city| city.name == name).unwrap();
            assert!(
                (city.latitude - latitude).abs() < 0.1 && (city.longitude - longitude).abs() < 0.1,
                "{city:?}"
            );
            assert_eq!(city.zone, zone);
        }
    }

    #[test]
    fn homes_are_as_frequent_as_inhabitants_and_in_the_zone() {
        let draws = 200_000_u64;
        for (country, zone) in [("US", Zone::Mountain), ("DE", Zone::CentralEurope), ("US", Zone::London)] {
            let homes = (0..draws).map(|key| home(country, zone, key));
            let in_zone = |city: &City| country != "US" || !zone.is_american() || city.zone == Some(zone);
            let all: u64 = cities(country)
                .iter()
                .filter(|city| in_zone(city))
                .map(|city| u64::from(city.inhabitants))
                .sum();
            let largest = cities(country).iter().find(|city| in_zone(city)).unwrap();
            let mut count = 0_u64;
            for city in homes {
                assert!(in_zone(city), "{city:?}");
                count += u64::from(city.name == largest.name);
            }
            let expected = f64::from(largest.inhabitants) / all as f64 * draws as f64;
            assert!((count as f64 - expected).abs() < 5.0 * expected.sqrt(), "{count} of {expected}");
        }
    }

    #[test]
    fn degrees_keep_their_sign_and_zeros() {
        let text = |value| {
            let mut out = String::new();
            push_degrees(value, &mut out);
            out
        };
        assert_eq!(
            [text(407_143), text(-740_060), text(-1_278), text(5)],
            ["40.7143", "-74.0060", "-0.1278", "0.0005"]
        );
    }
}
