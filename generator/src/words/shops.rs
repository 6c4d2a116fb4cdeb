//! Names of shops: by merchant category (ISO 18245) and language.

use super::language::Language;
use super::pattern::put_pattern;
use super::shop_tables::shops;
use crate::random::{Stream, hash, unit};
use crate::text::Put;

/// The categories in ascending order, with whether its shops are many at different places.
const CATEGORIES: [(u16, bool); 28] = [
    (4111, false),
    (4121, false),
    (4511, false),
    (4722, false),
    (4899, false),
    (5085, false),
    (5200, true),
    (5311, true),
    (5399, false),
    (5411, true),
    (5541, true),
    (5651, true),
    (5732, true),
    (5812, true),
    (5814, true),
    (5815, false),
    (5816, false),
    (5817, false),
    (5912, true),
    (5942, true),
    (5943, true),
    (5968, false),
    (7011, true),
    (7230, true),
    (7372, false),
    (7922, false),
    (7997, true),
    (8099, true),
];

const SHOP: u64 = 0x5401;
/// Brands of a category in a country; the first have the most shops.
const BRANDS: f64 = 40.0;

/// Replaces `out` by the name of the shop with a key, of at most 35 characters: a shop of its own (`Panaderia Olmeda`),
/// or one of a chain, with its number (`Larkfield Grocery 0231`). What has no places is a brand alone.
pub fn put_shop(country: &str, mcc: u16, key: u64, out: &mut String) {
    let language = Language::of(country, key);
    let category = CATEGORIES.binary_search_by_key(&mcc, |(code, _)| *code).ok();
    let has_branches = category.is_none_or(|at| CATEGORIES[at].1);
    // Half of the shops belong to chains: assumption.
    let is_brand = !has_branches || hash(key, SHOP).is_multiple_of(2);
    let mut choice = if is_brand {
        let u = unit(hash(key, SHOP + 1));
        let rank = (u * u * BRANDS) as u64;
        let name = country.bytes().fold(u64::from(mcc), |sum, byte| sum << 8 | u64::from(byte));
        Stream::new(name, SHOP ^ rank << 16)
    } else {
        Stream::new(key, SHOP + 2)
    };
    let pattern = choice.pick(shops(language)[category.unwrap_or(CATEGORIES.len())]);
    put_pattern(pattern, country, language, "", &mut choice, out);
    if is_brand && has_branches {
        out.push(' ');
        out.number(1 + hash(key, SHOP + 3) % 900, 4);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    const COUNTRIES: [&str; 15] =
        ["US", "CA", "GB", "IE", "DE", "AT", "CH", "FR", "BE", "IT", "ES", "MX", "PT", "NL", "JP"];

    fn name(country: &str, mcc: u16, key: u64) -> String {
        let mut name = String::from("what was there");
        put_shop(country, mcc, hash(8, key), &mut name);
        name
    }

    #[test]
    fn names_fit_in_every_country_and_category() {
        for country in COUNTRIES {
            for mcc in CATEGORIES.iter().map(|(mcc, _)| *mcc).chain([9_999]) {
                for name in (0..500).map(|key| name(country, mcc, key)) {
                    assert!((5..=35).contains(&name.len()), "{name}");
                    assert!(
                        name.bytes().all(|b| b.is_ascii_alphanumeric() || b" .'-".contains(&b)),
                        "{name}"
                    );
                    assert!(name.split(' ').all(|word| !word.is_empty()), "{name}");
                }
            }
        }
    }

    #[test]
    fn every_category_of_the_generator_has_its_words() {
        for flow in ["in_store", "online", "business", "subscription"] {
            for (_, (category, _)) in crate::categories::of_flow(flow) {
                assert!(CATEGORIES.binary_search_by_key(&category.mcc, |(code, _)| *code).is_ok());
            }
        }
        assert!(CATEGORIES.is_sorted());
    }

    #[test]
    fn half_of_the_groceries_belong_to_chains_and_the_others_differ() {
        let names: Vec<String> = (0..4_000).map(|key| name("DE", 5411, key)).collect();
        let (chains, own): (Vec<&String>, Vec<_>) =
            names.iter().partition(|name| name.ends_with(|last: char| last.is_ascii_digit()));
        let mut brands: HashMap<&str, u32> = HashMap::new();
        for name in &chains {
            *brands.entry(name.rsplit_once(' ').expect("a number").0).or_default() += 1;
        }
        assert!((1_800..2_200).contains(&chains.len()) && (20..=40).contains(&brands.len()));
        // The largest of forty brands with a square-root law has 1 / sqrt(40) of the shops.
        assert!(brands.values().max().is_some_and(|most| (200..450).contains(most)), "{brands:?}");
        assert!(own.iter().collect::<HashSet<_>>().len() > 1_200);
    }

    #[test]
    fn what_has_no_places_has_no_number() {
        assert!((0..500).all(|key| !name("US", 4899, key).ends_with(|last: char| last.is_ascii_digit())));
    }
}
