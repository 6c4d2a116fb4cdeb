//! Where parties live: street, post code, town and region, as each country writes them.
//!
//! A party keeps its address, which is a function of its key. Town and post code fit together as far as the code's
//! leading characters go; streets have the commonest names, so that an address is nobody's in particular.

mod streets;

use schemas::payment::Party;

use crate::dates::Zone;
use crate::draft::Draft;
use crate::geography;
use crate::mix::Rail;
use crate::random::{Stream, hash};
use crate::text::Put;

const ADDRESS: u64 = 0xadd2;

/// Letters that post codes have in every country which has any: the British inward part lacks CIKMOV, Canada's DFIOQU,
/// the Dutch FIOQUY, and an Eircode has ACDEFHKNPRTVWXY alone.
const LETTERS: &[u8; 8] = b"AEHNPRTX";

/// Whether messages of the rail carry the parties' addresses. Wires are CBPR+ messages, which demand town and country
/// in fields of their own from 14 November 2026 and allow them before: so addresses are structured whatever the day.
/// The same holds for SEPA's (EPC rulebooks).
const fn carries_address(rail: Rail, is_foreign: bool) -> bool {
    // An IAT entry has both parties' in its addenda.
    matches!(rail, Rail::Wire | Rail::Sepa) || matches!(rail, Rail::Ach) && is_foreign
}

/// Writes both parties' addresses where the rail carries them, and empties them elsewhere.
pub fn put(draft: &Draft<'_>, originator: &mut Party, counterparty: &mut Party) {
    if !carries_address(draft.rail(), draft.counterparty.is_foreign) {
        clear(originator);
        clear(counterparty);
        return;
    }
    let (ours, theirs) = (draft.originator, draft.counterparty.identity);
    put_address(ours.country, Some(draft.customer.zone), ours.key, originator);
    put_address(theirs.country, draft.counterparty.zone, theirs.key, counterparty);
}

fn clear(party: &mut Party) {
    let fields = [&mut party.street_name, &mut party.post_code, &mut party.town_name, &mut party.region_code];
    fields.into_iter().for_each(String::clear);
}

/// Writes the address of a key in a country, and in an American zone where it is known.
pub fn put_address(country: &str, zone: Option<Zone>, key: u64, party: &mut Party) {
    // Of an unknown zone, or one of another continent, anywhere in the country.
    let city = geography::home(country, zone.unwrap_or(Zone::London), key);
    let mut choice = Stream::new(key, ADDRESS);
    streets::put(city, &mut choice, &mut party.street_name);
    put_post_code(city.post_code, hash(key, ADDRESS + 1), &mut party.post_code);
    party.town_name.put(city.name);
    party.region_code.put(city.region);
}

/// Fills a form's open places from the bits.
fn put_post_code(form: &str, mut bits: u64, out: &mut String) {
    out.begin(form.len());
    let mut below = |bound: u64| {
        let drawn = bits % bound;
        bits /= bound;
        drawn as u8
    };
    for character in form.chars() {
        out.push(match character {
            '#' => char::from(b'0' + below(10)),
            '%' => char::from(b'1' + below(9)),
            '@' => char::from(LETTERS[usize::from(below(8))]),
            fixed => fixed,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::streets::{DUTCH, FRENCH, GERMAN, ITALIAN};
    use super::*;
    use std::collections::HashSet;

    fn address(country: &str, zone: Option<Zone>, key: u64) -> Party {
        let mut party = Party::default();
        put_address(country, zone, key, &mut party);
        party
    }

    /// The forms as the Universal Postal Union's addressing guides give them: `9` a digit, `A` a letter.
    #[test]
    fn post_codes_have_their_countrys_form() {
        let forms: [(&str, &[&str]); 15] = [
            ("US", &["99999"]),
            ("DE", &["99999"]),
            ("FR", &["99999"]),
            ("IT", &["99999"]),
            ("ES", &["99999"]),
            ("MX", &["99999"]),
            ("NL", &["9999 AA"]),
            ("BE", &["9999"]),
            ("AT", &["9999"]),
            ("CH", &["9999"]),
            ("PT", &["9999-999"]),
            ("IE", &["A99 A9A9"]),
            ("GB", &["A9 9AA", "AA9 9AA"]),
            ("CA", &["A9A 9A9"]),
            ("JP", &["999-9999"]),
        ];
        for (country, forms) in forms {
            for key in 0..3_000 {
                let code = address(country, None, key).post_code;
                let form: String = (code.chars())
                    .map(|c| match c {
                        '0'..='9' => '9',
                        'A'..='Z' => 'A',
                        other => other,
                    })
                    .collect();
                assert!(forms.contains(&form.as_str()), "{country}: {code}");
            }
        }
    }

    /// ZIP codes by state and others by town, as the posts publish them.
    #[test]
    fn a_post_code_begins_as_the_towns_do() {
        let known = [
            ("US", "New York", "NY", "100"),
            ("US", "Chicago", "IL", "606"),
            ("US", "San Francisco", "CA", "94"),
            ("US", "Boston", "MA", "02"),
            ("DE", "Berlin", "", "10"),
            ("FR", "Paris", "", "75"),
            ("GB", "Manchester", "", "M"),
            ("NL", "Amsterdam", "", "10"),
            ("IE", "Cork", "", "T12"),
            ("CA", "Montreal", "QC", "H"),
        ];
        let mut seen = HashSet::new();
        for (country, town, region, start) in known {
            for key in 0..4_000 {
                let party = address(country, None, key);
                if party.town_name == town {
                    assert!(party.post_code.starts_with(start), "{party:?}");
                    assert_eq!(party.region_code, region);
                    seen.insert(town);
                }
            }
        }
        assert_eq!(seen.len(), known.len(), "{seen:?}");
    }

    #[test]
    fn an_address_is_ascii_short_and_keeps_to_its_key_and_zone() {
        for country in
            ["US", "DE", "FR", "IT", "ES", "NL", "BE", "AT", "IE", "PT", "GB", "CA", "MX", "JP", "CH"]
        {
            for key in 0..500 {
                let party = address(country, None, key);
                for (text, most) in [(&party.street_name, 70), (&party.town_name, 35), (&party.post_code, 16)]
                {
                    assert!(text.is_ascii() && (2..=most).contains(&text.len()), "{party:?}");
                }
                assert!(party.street_name.bytes().any(|byte| byte.is_ascii_digit()));
                assert_eq!(party, address(country, None, key));
            }
        }
        let regions: HashSet<String> =
            (0..3_000).map(|key| address("US", Some(Zone::Mountain), key).region_code).collect();
        let mountain = ["CO", "NM", "UT", "ID", "MT", "TX"];
        assert!(
            regions.contains("CO") && regions.iter().all(|region| mountain.contains(&region.as_str())),
            "{regions:?}"
        );
    }

    #[test]
    fn switzerland_and_belgium_write_as_their_regions_speak() {
        let street = |country: &str, town: &str| {
            let mut parties = (0..9_000).map(|key| address(country, None, key));
            parties.find(|party| party.town_name == town).unwrap().street_name
        };
        let written_in = |names: &[&str], street: &str| names.iter().any(|name| street.starts_with(name));
        assert!(written_in(FRENCH, &street("CH", "Geneve")) && written_in(FRENCH, &street("BE", "Liege")));
        assert!(written_in(GERMAN, &street("CH", "Luzern")) && written_in(ITALIAN, &street("CH", "Lugano")));
        assert!(written_in(DUTCH, &street("BE", "Gent")) && written_in(DUTCH, &street("BE", "Dilbeek")));
    }
}
