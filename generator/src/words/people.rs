//! People's names: given and family name, as frequent as in the country.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::language::Language;
use super::table::Table;
use crate::random::{Stream, hash, scale};
use crate::text::Put;

macro_rules! list {
    ($name:literal) => {
        include_str!(concat!("names/", $name, ".txt"))
    };
}

/// A people's given and family names.
struct People {
    given: Table,
    family: Table,
}

macro_rules! people {
    ($name:ident, [$($given:literal),+], [$($family:literal),+]) => {
        static $name: LazyLock<People> = LazyLock::new(|| People {
            given: Table::new(&[$(list!($given)),+]),
            family: Table::new(&[$(list!($family)),+]),
        });
    };
}

// The thousand most frequent family names have four in ten Americans; immigrants' names stand for the others.
people!(
    AMERICAN,
    ["us_given"],
    [
        "us_family",
        "mx_family",
        "de_family",
        "ie_family",
        "it_family",
        "fr_family",
        "es_family",
        "at_family",
        "jp_family"
    ]
);
people!(BRITISH, ["gb_given"], ["gb_family", "us_family", "ie_family", "it_family", "fr_family"]);
people!(IRISH, ["ie_given", "gb_given"], ["ie_family", "gb_family"]);
people!(GERMAN, ["de_given"], ["de_family", "at_family", "ch_family"]);
people!(AUSTRIAN, ["de_given"], ["at_family", "de_family"]);
people!(SWISS, ["de_given"], ["ch_family", "de_family", "at_family"]);
people!(FRENCH, ["fr_given", "be_fr_given"], ["fr_family", "be_fr_family"]);
people!(WALLOON, ["be_fr_given"], ["be_fr_family", "fr_family"]);
people!(FLEMISH, ["be_nl_given"], ["be_nl_family"]);
people!(ITALIAN, ["it_given"], ["it_family"]);
people!(SPANISH, ["es_given"], ["es_family"]);
people!(MEXICAN, ["mx_given"], ["mx_family"]);
people!(PORTUGUESE, ["pt_given"], ["pt_family"]);
people!(DUTCH, ["nl_given"], ["nl_family"]);
people!(JAPANESE, ["jp_given"], ["jp_family"]);

/// Which of the American family names are Spanish.
static IS_HISPANIC: LazyLock<Vec<bool>> = LazyLock::new(|| {
    let spanish: HashSet<&str> = list!("mx_family").lines().collect();
    AMERICAN.family.names().iter().map(|name| spanish.contains(name)).collect()
});

fn people(country: &str, language: Language) -> &'static People {
    match (language, country) {
        (Language::British, "IE") => &IRISH,
        (Language::British, _) => &BRITISH,
        (Language::English, _) => &AMERICAN,
        (Language::German, "AT") => &AUSTRIAN,
        (Language::German, "CH") => &SWISS,
        (Language::German, _) => &GERMAN,
        (Language::French, "BE") => &WALLOON,
        (Language::French, _) => &FRENCH,
        (Language::Italian, _) => &ITALIAN,
        (Language::Spanish, "MX") => &MEXICAN,
        (Language::Spanish, _) => &SPANISH,
        (Language::Portuguese, _) => &PORTUGUESE,
        (Language::Dutch, "BE") => &FLEMISH,
        (Language::Dutch, _) => &DUTCH,
        (Language::Japanese, _) => &JAPANESE,
    }
}

const GIVEN: u64 = 0x61fe;

/// Replaces `out` by the name of the person with a key. In Spain, Mexico and Portugal people have two family names.
pub fn put_person(country: &str, key: u64, out: &mut String) {
    let language = Language::of(country, key);
    let people = people(country, language);
    let mut choice = Stream::new(key, GIVEN);
    let family = people.family.place(choice.bits());
    // Half of those in the United States with a Spanish family name have a given name to it: assumption.
    let is_hispanic = country == "US" && IS_HISPANIC[family] && choice.chance(0.5);
    let family = people.family.names()[family];
    let given = if is_hispanic { &MEXICAN.given } else { &people.given }.pick(choice.bits());
    if matches!(language, Language::Spanish | Language::Portuguese) {
        let second = people.family.pick(choice.bits());
        out.join(&[given, " ", family, " ", second]);
    } else {
        out.join(&[given, " ", family]);
    }
}

/// A family name of the language, as firms bear their founders'. All of the more frequent ones are as likely.
pub fn family_name(country: &str, language: Language, bits: u64) -> &'static str {
    let names = people(country, language).family.names();
    names[scale(hash(bits, 1), names.len().min(400) as u64) as usize]
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    const COUNTRIES: [&str; 15] =
        ["US", "CA", "GB", "IE", "DE", "AT", "CH", "FR", "BE", "IT", "ES", "MX", "PT", "NL", "JP"];

    fn names(country: &str, keys: u64) -> Vec<String> {
        let mut name = String::new();
        (0..keys)
            .map(|key| {
                put_person(country, hash(9, key), &mut name);
                name.clone()
            })
            .collect()
    }

    fn distinct(names: &[String]) -> usize {
        names.iter().collect::<HashSet<_>>().len()
    }

    #[test]
    fn names_are_ascii_and_fit_where_messages_have_room() {
        for name in COUNTRIES.into_iter().flat_map(|country| names(country, 3_000)) {
            assert!(name.bytes().all(|byte| byte.is_ascii_alphabetic() || b" '-".contains(&byte)), "{name}");
            // A SEPA name has 70 characters.
            assert!((5..=50).contains(&name.len()) && name.split(' ').all(|word| !word.is_empty()), "{name}");
        }
    }

    #[test]
    fn few_people_share_a_name() {
        for (country, keys, least) in [("US", 20_000, 15_000), ("GB", 20_000, 15_000)] {
            assert!(distinct(&names(country, keys)) > least, "{country}");
        }
        for country in COUNTRIES {
            let found = distinct(&names(country, 2_000));
            assert!(found > 1_700, "{country}: {found}");
        }
        // The people of a default run: half American.
        let all: usize =
            [("US", 25_000), ("GB", 3_000), ("DE", 7_000), ("FR", 5_000), ("IT", 4_000), ("ES", 3_000)]
                .into_iter()
                .chain([("NL", 1_500), ("BE", 500)])
                .map(|(country, keys)| distinct(&names(country, keys)))
                .sum();
        assert!(all > 35_000, "{all}");
    }

    #[test]
    fn the_most_common_family_name_is_as_common_as_in_the_country() {
        // Smith: 0.83 % (US Census Bureau, 2010); Smith: 1.15 % (Faker's British list); Mueller: near 1 %.
        for (country, name, low, high) in
            [("US", "Smith", 0.003, 0.015), ("GB", "Smith", 0.006, 0.02), ("DE", "Mueller", 0.005, 0.015)]
        {
            let mut families: HashMap<String, u32> = HashMap::new();
            for full in names(country, 40_000) {
                let family = full.split_once(' ').expect("two parts").1.to_owned();
                *families.entry(family).or_default() += 1;
            }
            let (most, count) = families.iter().max_by_key(|(_, count)| **count).expect("names");
            let part = f64::from(*count) / 40_000.0;
            assert!(most == name && (low..high).contains(&part), "{country}: {most} {part}");
        }
    }

    #[test]
    fn people_have_two_family_names_where_that_is_the_custom() {
        let two =
            |country: &str| names(country, 500).iter().filter(|name| name.split(' ').count() >= 3).count();
        assert_eq!(two("ES"), 500);
        assert_eq!(two("PT"), 500);
        assert!(two("US") < 25);
    }
}
