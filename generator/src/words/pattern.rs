//! Names put together by patterns: `* Freight $`.

use super::language::Language;
use super::people::family_name;
use crate::random::Stream;

/// Beginnings and ends of invented words, which read like names of places.
type Syllables = (&'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const ENGLISH: Syllables = (
    &[
        "Lark", "Copper", "Alder", "Fern", "Hazel", "Thorn", "Heron", "Marl", "Quill", "Rook", "Sedge", "Tarn", "Wren",
        "Amber", "Birch", "Cedar", "Elder", "Glen", "Harbor", "Juniper", "Kest", "Lin", "Mill", "Moss", "Otter",
        "Plum", "Quarry", "Rowan", "Sandal", "Teal", "Umber", "Vale", "Willow", "Yarrow", "Bram", "Clover", "Dove",
        "Ember", "Flint", "Grey", "Hollin", "Ivory",
    ],
    &[
        "field", "water", "line", "gate", "bridge", "hill", "haven", "croft", "brook", "mere", "wood", "bank", "view",
        "ridge", "grove", "ford", "well", "dale", "leigh", "worth",
    ],
);

#[rustfmt::skip]
const GERMAN: Syllables = (
    &[
        "Linden", "Buchen", "Eichen", "Birken", "Erlen", "Ahorn", "Tannen", "Falken", "Reiher", "Kranich", "Dachs",
        "Otter", "Hasel", "Wald", "Moor", "Heide", "Sand", "Kupfer", "Brunnen", "Muehlen", "Anger", "Auen", "Weiden",
        "Dorn", "Ginster", "Hagen", "Kessel", "Lerchen", "Nuss", "Quellen", "Roggen", "Schilf", "Torf", "Ufer",
        "Wiesen", "Ziegel", "Nord", "Tal",
    ],
    &[
        "hof", "tal", "berg", "bach", "feld", "hain", "brunn", "kamp", "horst", "garten", "brueck", "stett", "rode",
        "winkel", "furt", "steg", "tor", "warte",
    ],
);

#[rustfmt::skip]
const FRENCH: Syllables = (
    &[
        "Mont", "Clair", "Vel", "Roche", "Beau", "Haut", "Fon", "Cour", "Mar", "Ver", "Bois", "Brem", "Cham", "Lau",
        "Mer", "Bel", "Gran", "Ser", "Tour", "Vau", "Cor", "Dom", "Tre", "Fleur", "Gui", "Jon", "Lan", "Nor", "Pal",
        "Lo",
    ],
    &[
        "brun", "val", "mont", "fort", "lieu", "court", "ville", "sac", "nay", "lac", "tin", "bel", "dray", "gny",
        "lande", "roux",
    ],
);

#[rustfmt::skip]
const ITALIAN: Syllables = (
    &[
        "Mon", "Val", "Bel", "Cas", "Tor", "Fon", "Cam", "Ser", "Lu", "Mar", "Pon", "Roc", "Gal", "Ber", "Cor", "Fal",
        "Gra", "Lam", "Mel", "Nor", "Or", "Pia", "San", "Tre", "Ver", "Zan",
    ],
    &[
        "tebello", "dora", "tello", "narola", "via", "gnano", "sano", "ferra", "lina", "vera", "nico", "rese", "tana",
        "mira", "dello", "teverde",
    ],
);

#[rustfmt::skip]
const SPANISH: Syllables = (
    &[
        "Al", "Ol", "Val", "Mon", "Cas", "Sal", "Tor", "Ber", "Cor", "Del", "Es", "Fon", "Gal", "Her", "Lar", "Mir",
        "Nav", "Or", "Pal", "Quin", "Ro", "Ser", "Tam", "Ver", "Zar",
    ],
    &[
        "dana", "meda", "dares", "tillo", "vera", "dela", "rena", "mira", "bosa", "lina", "gueda", "tosa", "biela",
        "jares", "nera", "teverde",
    ],
);

#[rustfmt::skip]
const PORTUGUESE: Syllables = (
    &[
        "Al", "Val", "Mon", "Cas", "Sou", "Tor", "Ber", "Cor", "Fon", "Gal", "Lar", "Mar", "Nev", "Or", "Pal", "Quin",
        "Ro", "Ser", "Tav", "Ver",
    ],
    &[
        "meirim", "dela", "veira", "lhosa", "tinho", "vinho", "zelo", "mira", "dosa", "reiro", "jal", "nosa", "bela",
        "gueira",
    ],
);

#[rustfmt::skip]
const DUTCH: Syllables = (
    &[
        "Linden", "Beuken", "Eiken", "Elzen", "Wilgen", "Zand", "Veen", "Heide", "Duin", "Meer", "Molen", "Reiger",
        "Otter", "Kievit", "Koper", "Brem", "Klaver", "Wei", "Dijk", "Riet", "Sterre", "Vaart", "Wind", "Hazel",
        "Koren", "Noorder", "Ooster",
    ],
    &[
        "hof", "dal", "berg", "beek", "veld", "horst", "kamp", "brug", "sluis", "stein", "wijk", "laan", "hoek",
        "oord",
    ],
);

#[rustfmt::skip]
const JAPANESE: Syllables = (
    &[
        "Asa", "Aki", "Haya", "Hoshi", "Kawa", "Kita", "Mina", "Miya", "Mori", "Naka", "Nishi", "Shira", "Sugi",
        "Taka", "Tani", "Tsuki", "Umi", "Yama", "Yoshi", "Hana",
    ],
    &["hara", "mori", "zawa", "sato", "mine", "saki", "kura", "hashi", "ura", "mizu", "tsu", "oka"],
);

const fn syllables(language: Language) -> Syllables {
    match language {
        Language::English | Language::British => ENGLISH,
        Language::German => GERMAN,
        Language::French => FRENCH,
        Language::Italian => ITALIAN,
        Language::Spanish => SPANISH,
        Language::Portuguese => PORTUGUESE,
        Language::Dutch => DUTCH,
        Language::Japanese => JAPANESE,
    }
}

/// Replaces `out` by a name after a pattern: `*` is an invented word, `@` a family name, `$` the end that a company
/// of the country has.
pub fn put_pattern(
    pattern: &str,
    country: &str,
    language: Language,
    form: &str,
    choice: &mut Stream,
    out: &mut String,
) {
    out.clear();
    out.reserve(48);
    let mut written = 0;
    for (at, byte) in pattern.bytes().enumerate() {
        if !matches!(byte, b'*' | b'@' | b'$') {
            continue;
        }
        out.push_str(&pattern[written..at]);
        written = at + 1;
        match byte {
            b'*' => put_word(language, choice, out),
            b'@' => out.push_str(family_name(country, language, choice.bits())),
            _ => out.push_str(form),
        }
    }
    out.push_str(&pattern[written..]);
}

fn put_word(language: Language, choice: &mut Stream, out: &mut String) {
    let (starts, ends) = syllables(language);
    let start = choice.pick(starts);
    let mut end = choice.below(ends.len() as u64) as usize;
    // No Quill-line: letters that meet are different ones.
    while ends[end].as_bytes()[0] == start.as_bytes()[start.len() - 1] {
        end = (end + 1) % ends.len();
    }
    out.push_str(start);
    out.push_str(ends[end]);
}
