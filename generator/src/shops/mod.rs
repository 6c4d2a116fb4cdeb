//! Shops. A shop is (place, category, rank): what it is called, where it stands and its number follow from that, so every
//! customer who goes there finds the same shop.

pub mod categories;
mod menu;
mod towns;
mod visit;

use std::sync::LazyLock;

use schemas::payment::Party;

use crate::counterparties::currency_of;
use crate::geography::{City, push_degrees};
use crate::permutation::Permutation;
use crate::random::{Stream, hash, unit};
use crate::text::Put;
use crate::ties::zipf;
use categories::Category;
pub use menu::{Item, Menu};
pub use visit::COMPANY_CARDS;

/// Countries whose shops are met.
pub const COUNTRIES: [&str; 15] =
    ["US", "GB", "DE", "FR", "IT", "ES", "NL", "BE", "AT", "IE", "PT", "CH", "CA", "MX", "JP"];
/// Numbers of places from here on are lists of web shops: one for each country, then one for the world.
const LISTS: u64 = 60_000;
const WORLD: u64 = LISTS + 1_000;
/// Web shops of a category in a list: assumption.
const WEB_SHOPS: u64 = 400;
/// Where shops of the world's list are: assumption.
const SELLERS: [(u32, &str); 9] =
    [(34, "US"), (16, "GB"), (14, "DE"), (10, "IE"), (8, "FR"), (6, "NL"), (4, "CH"), (4, "CA"), (4, "JP")];
/// How often a customer's usual shops of a category are visited, the first most often: assumption.
const USUAL: [(u32, u64); 4] = [(58, 0), (24, 1), (12, 2), (6, 3)];
const KM_A_DEGREE: f64 = 111.2;
const SHOP: u64 = 0x5409;
/// Merchant numbers have fifteen digits (ISO 8583 field 42).
static IDS: LazyLock<Permutation> = LazyLock::new(|| Permutation::new(1_000_000_000_000_000, SHOP));

/// A shop, or a web shop.
#[derive(Clone, Copy, Debug)]
pub struct Shop {
    pub key: u64,
    pub category: &'static Category,
    /// ISO 3166-1.
    pub country: &'static str,
    /// Where it stands; web shops stand nowhere.
    pub city: Option<&'static City>,
    /// Whether the customer is often there.
    pub is_usual: bool,
    /// Place, category and rank, packed.
    number: u64,
}

impl Shop {
    fn new(place: u64, category: &'static Category, rank: u64) -> Self {
        let number = (place << 33) | (u64::from(category.mcc) << 20) | rank;
        Self { key: hash(SHOP, number), category, country: "", city: None, is_usual: false, number }
    }

    fn in_city(city: &'static City, category: &'static Category, bits: u64) -> Self {
        let rank = zipf(category.shops(city.inhabitants), bits);
        let shop = Self::new(towns::number(city), category, rank);
        Self { country: city.country, city: Some(city), ..shop }
    }

    /// A web shop of a country's list.
    fn in_list(country: &'static str, category: &'static Category, bits: u64) -> Self {
        let place = LISTS + COUNTRIES.iter().position(|other| *other == country).unwrap_or(0) as u64;
        Self { country, ..Self::new(place, category, zipf(WEB_SHOPS, bits)) }
    }

    /// A web shop of the world's list.
    fn in_world(category: &'static Category, bits: u64) -> Self {
        let shop = Self::new(WORLD, category, zipf(WEB_SHOPS, bits));
        Self { country: Stream::new(shop.key, 1).weighted(&SELLERS), ..shop }
    }

    /// Appends the merchant number, fifteen digits, no two shops' the same.
    pub fn push_id(&self, out: &mut String) {
        out.number(IDS.apply(self.number), 15);
    }

    /// Replaces `out` by where the shop stands, `40.7128,-74.0060`; empty for web shops.
    pub fn put_coordinates(&self, out: &mut String) {
        out.clear();
        let Some(city) = self.city else { return };
        // Towns spread with the root of their inhabitants, shops are densest in the middle: assumption.
        let km = 1.5 + f64::from(city.inhabitants).sqrt() / 250.0;
        let mut choice = Stream::new(self.key, 2);
        let mut off =
            |km_a_degree: f64| ((choice.unit() + choice.unit() - 1.0) * km / km_a_degree * 10_000.0) as i32;
        let (north, east) = (off(KM_A_DEGREE), off(KM_A_DEGREE * cosine(city.latitude)));
        push_degrees(city.at.0 + north, out);
        out.push(',');
        push_degrees(city.at.1 + east, out);
    }

    /// Writes the address as far as card messages carry one: the town.
    pub fn put_address(&self, party: &mut Party) {
        party.town_name.put(self.city.map_or("", |city| city.name));
        party.region_code.put(self.city.map_or("", |city| city.region));
    }
}

/// The shop that the customer with a key goes to, who is in a city.
pub fn in_town(
    customer: u64,
    at: &'static City,
    category: &'static Category,
    habit: f64,
    choice: &mut Stream,
) -> Shop {
    let base = hash(customer, (towns::number(at) << 16) | u64::from(category.mcc));
    let (bits, is_usual) = visit(base, habit, choice);
    Shop { is_usual, ..Shop::in_city(at, category, hash(bits, 1)) }
}

/// The web shop that the customer with a key orders from: abroad for the part `foreign` of the orders.
pub fn online(
    customer: u64,
    country: &'static str,
    category: &'static Category,
    (habit, foreign): (f64, f64),
    choice: &mut Stream,
) -> Shop {
    let (bits, is_usual) = visit(hash(customer, category.mcc.into()), habit, choice);
    Shop { is_usual, ..web_shop(country, category, foreign, bits) }
}

/// A web shop for random bits.
pub fn web_shop(country: &'static str, category: &'static Category, foreign: f64, bits: u64) -> Shop {
    if unit(hash(bits, 1)) < foreign {
        let abroad = (2..10).map(|at| Shop::in_world(category, hash(bits, at)));
        if let Some(shop) = abroad.into_iter().find(|shop| shop.country != country) {
            return shop;
        }
    }
    Shop::in_list(country, category, hash(bits, 10))
}

/// The part of the orders abroad that are paid in another currency than the home's.
pub fn in_other_currencies(currency: &str) -> f64 {
    let weight = |of: &dyn Fn(&str) -> bool| -> u32 {
        SELLERS.iter().filter(|(_, country)| of(country)).map(|(weight, _)| weight).sum()
    };
    let others = weight(&|country| currency_of(country) != currency);
    // In the euro area the seller is in another country of it, as likely as such sellers are.
    let total = if currency == "EUR" { weight(&|_| true) } else { others };
    f64::from(others) / f64::from(total)
}

/// The bits that decide on a shop: those of a usual one, or new ones.
fn visit(base: u64, habit: f64, choice: &mut Stream) -> (u64, bool) {
    if choice.chance(habit) { (hash(base, choice.weighted(&USUAL)), true) } else { (choice.bits(), false) }
}

/// The cosine of an angle between -90 and 90 degrees, to a hundredth.
fn cosine(degrees: f64) -> f64 {
    let angle = degrees * std::f64::consts::PI / 180.0;
    let squared = angle * angle;
    1.0 - squared / 2.0 + squared * squared / 24.0
}
