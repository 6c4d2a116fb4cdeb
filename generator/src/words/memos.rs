//! What people and firms write with their payments, in the payer's language.

use super::language::Language;
use super::memo_tables::memos;
use crate::random::Stream;

/// Categories with their weights: assumption.
const SMALL: [(u32, usize); 7] = [(34, 0), (18, 1), (14, 2), (12, 3), (8, 4), (6, 5), (8, 6)];
const SMALL_NAMES: [&str; 7] =
    ["FOOD", "TRANSPORT", "ENTERTAINMENT", "HOUSEHOLD", "CHILDREN", "GIFT", "OTHER"];
const LARGE: [(u32, usize); 6] = [(22, 0), (20, 1), (18, 2), (14, 3), (14, 4), (12, 5)];
const LARGE_NAMES: [&str; 6] = ["LOAN", "TRAVEL", "HOUSEHOLD", "GIFT", "CAR", "OTHER"];

const MEMO: u64 = 0x3e30;

/// What friends write in an app: the category and the text, which may be empty.
pub fn p2p_memo(language: Language, small: bool, bits: u64) -> (&'static str, &'static str) {
    let mut choice = Stream::new(bits, MEMO);
    let memos = memos(language);
    if small {
        let at = choice.weighted(&SMALL);
        (SMALL_NAMES[at], choice.pick(memos.small[at]))
    } else {
        let at = choice.weighted(&LARGE);
        (LARGE_NAMES[at], choice.pick(memos.large[at]))
    }
}

/// What people write in an app with a part of the rent.
pub fn rent_share_memo(language: Language, bits: u64) -> &'static str {
    Stream::new(bits, MEMO).pick(memos(language).rent)
}

/// What people write in an app to those who work for them.
pub fn services_memo(language: Language, bits: u64) -> &'static str {
    Stream::new(bits, MEMO).pick(memos(language).services)
}

/// The remittance text of a transfer between friends.
pub fn friends_text(language: Language, bits: u64) -> &'static str {
    Stream::new(bits, MEMO).pick(memos(language).friends)
}

/// Before the month of a salary.
pub const fn salary_word(language: Language) -> &'static str {
    memos(language).salary
}

/// Before the month of a rent.
pub const fn rent_word(language: Language) -> &'static str {
    memos(language).rent_word
}

/// What stands before an invoice's number, and before its reference.
pub const fn invoice_words(language: Language) -> (&'static str, &'static str) {
    memos(language).invoice
}

/// What is written on a check in a flow, and whether a number of account or invoice follows. Checks are American.
pub fn check_memo(flow: &str, bits: u64) -> (&'static str, bool) {
    const RENT: &[(u32, (&str, bool))] =
        &[(6, ("Rent", false)), (2, ("Rent Apt ", true)), (1, ("Monthly rent", false))];
    const HOUSEHOLD: &[(u32, (&str, bool))] = &[
        (5, ("Acct ", true)),
        (2, ("Account ", true)),
        (2, ("Invoice ", true)),
        (1, ("Lawn service", false)),
        (1, ("Piano lessons", false)),
        (1, ("Membership dues", false)),
        (1, ("Repair", false)),
        (2, ("", false)),
    ];
    const BUSINESS: &[(u32, (&str, bool))] =
        &[(6, ("Invoice ", true)), (3, ("Inv ", true)), (1, ("PO ", true)), (1, ("Acct ", true))];
    Stream::new(bits, MEMO).weighted(match flow {
        "rent" => RENT,
        "household" => HOUSEHOLD,
        _ => BUSINESS,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const LANGUAGES: [Language; 9] = [
        Language::English,
        Language::British,
        Language::German,
        Language::French,
        Language::Italian,
        Language::Spanish,
        Language::Portuguese,
        Language::Dutch,
        Language::Japanese,
    ];

    #[test]
    fn texts_have_the_characters_that_sepa_allows() {
        for language in LANGUAGES {
            let memos = memos(language);
            let lists = memos.small.iter().chain(&memos.large).chain([&memos.rent, &memos.services]);
            let texts: Vec<&str> =
                lists.chain([&memos.friends]).flat_map(|list| list.iter().copied()).collect();
            for text in texts {
                // The apostrophe and the hyphen are in the set too.
                assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b" '-".contains(&b)), "{text}");
                assert!(text.len() <= 35 && text == text.trim(), "{text}");
            }
            assert!(memos.friends.iter().all(|text| !text.is_empty()), "{language:?}");
            let (invoice, reference) = invoice_words(language);
            assert!(invoice.len() + 10 + reference.len() + 6 <= 35, "{language:?}");
        }
    }

    #[test]
    fn payers_write_in_their_own_language() {
        let of = |language| (0..500).map(|bits| friends_text(language, bits)).collect::<HashSet<_>>();
        assert!(
            of(Language::German).contains("fuer gestern") && of(Language::Spanish).contains("cena viernes")
        );
        assert!(of(Language::German).is_disjoint(&of(Language::French)));
        assert_eq!(salary_word(Language::Spanish), "NOMINA ");
    }

    #[test]
    fn the_amount_decides_the_category() {
        let categories =
            |small| (0..2_000).map(|bits| p2p_memo(Language::Dutch, small, bits).0).collect::<HashSet<_>>();
        assert_eq!(categories(true), SMALL_NAMES.into());
        assert_eq!(categories(false), LARGE_NAMES.into());
        let food = (0..10_000).filter(|bits| p2p_memo(Language::French, true, *bits).0 == "FOOD").count();
        assert!((3_200..3_600).contains(&food));
    }
}
