//! Streets and house numbers as countries write them, with names that streets have everywhere there.

use crate::geography::City;
use crate::random::Stream;
use crate::text::Put;

/// How a country writes a street and a house.
enum Habit {
    /// 1420 Maple Ave
    NumberFirst { names: &'static [&'static str], kinds: &'static [&'static str], up_to: u64 },
    /// 12 Rue des Tilleuls
    NumberThenStreet(&'static [&'static str]),
    /// Lindenstrasse 12
    StreetThenNumber(&'static [&'static str]),
    /// Sakura 2-14-5: district, block, building.
    Blocks(&'static [&'static str]),
}

const AMERICAN: Habit = Habit::NumberFirst {
    names: &[
        "Maple", "Oak", "Cedar", "Elm", "Pine", "Walnut", "Hill", "Lake", "Park", "Sunset", "Ridge", "River",
        "Spring", "Church", "Main", "Birch",
    ],
    kinds: &["St", "Ave", "Dr", "Rd", "Ln", "Blvd"],
    up_to: 9_899,
};
const BRITISH: Habit = Habit::NumberFirst {
    names: &[
        "High",
        "Station",
        "Church",
        "Victoria",
        "Green",
        "Manor",
        "Kings",
        "Queens",
        "New",
        "Grange",
        "Mill",
        "Park",
        "Albert",
        "York",
        "Windsor",
        "Springfield",
    ],
    kinds: &["Road", "Street", "Lane", "Close", "Avenue"],
    up_to: 180,
};
pub const GERMAN: &[&str] = &[
    "Hauptstrasse",
    "Schulstrasse",
    "Gartenstrasse",
    "Bahnhofstrasse",
    "Dorfstrasse",
    "Bergstrasse",
    "Lindenstrasse",
    "Birkenweg",
    "Kirchstrasse",
    "Waldstrasse",
    "Ringstrasse",
    "Amselweg",
    "Wiesenweg",
    "Jahnstrasse",
    "Buchenweg",
    "Muehlenweg",
];
pub const FRENCH: &[&str] = &[
    "Rue des Tilleuls",
    "Rue de l'Eglise",
    "Place de la Mairie",
    "Rue du Moulin",
    "Grande Rue",
    "Rue des Ecoles",
    "Rue de la Gare",
    "Rue Pasteur",
    "Rue Victor Hugo",
    "Avenue de la Gare",
    "Rue des Lilas",
    "Rue du Stade",
    "Chemin des Vignes",
    "Rue de la Fontaine",
    "Boulevard de la Liberte",
    "Impasse des Acacias",
];
pub const ITALIAN: &[&str] = &[
    "Via Roma",
    "Via Garibaldi",
    "Via Guglielmo Marconi",
    "Via Mazzini",
    "Via Dante",
    "Via Cavour",
    "Via Matteotti",
    "Via Verdi",
    "Corso Italia",
    "Via della Liberta",
    "Viale Europa",
    "Piazza della Vittoria",
    "Via San Francesco",
    "Via dei Mille",
    "Via del Mulino",
    "Via Piave",
];
const SPANISH: &[&str] = &[
    "Calle Mayor",
    "Calle Olmo",
    "Calle Real",
    "Calle Nueva",
    "Calle del Sol",
    "Calle de la Iglesia",
    "Calle Cervantes",
    "Avenida de la Constitucion",
    "Calle San Jose",
    "Calle Goya",
    "Calle del Rosario",
    "Plaza Mayor",
    "Paseo de la Estacion",
    "Calle de la Fuente",
    "Calle del Molino",
    "Calle Colon",
];
const PORTUGUESE: &[&str] = &[
    "Rua das Flores",
    "Rua Direita",
    "Rua da Igreja",
    "Rua Nova",
    "Avenida da Liberdade",
    "Rua de Santo Antonio",
    "Rua do Comercio",
    "Rua da Escola",
    "Rua 25 de Abril",
    "Rua do Moinho",
    "Largo da Igreja",
    "Rua da Fonte",
    "Travessa do Sol",
    "Rua da Estacao",
    "Rua do Outeiro",
    "Rua de Camoes",
];
pub const DUTCH: &[&str] = &[
    "Kerkstraat",
    "Dorpsstraat",
    "Molenstraat",
    "Schoolstraat",
    "Stationsstraat",
    "Nieuwstraat",
    "Julianastraat",
    "Wilhelminastraat",
    "Beukenlaan",
    "Kastanjelaan",
    "Lindelaan",
    "Eikenlaan",
    "Marktplein",
    "Parkweg",
    "Berkenlaan",
    "Hoogstraat",
];
const JAPANESE: &[&str] =
    &["Chuo", "Honcho", "Sakaecho", "Midoricho", "Sakuragaoka", "Asahicho", "Shinmachi", "Motomachi"];

/// The habit of the city's country.
fn habit(city: &City) -> Habit {
    match city.country {
        "DE" | "AT" => Habit::StreetThenNumber(GERMAN),
        "CH" => Habit::StreetThenNumber(swiss(city)),
        "BE" => Habit::StreetThenNumber(belgian(city)),
        "NL" => Habit::StreetThenNumber(DUTCH),
        "IT" => Habit::StreetThenNumber(ITALIAN),
        "ES" | "MX" => Habit::StreetThenNumber(SPANISH),
        "PT" => Habit::StreetThenNumber(PORTUGUESE),
        "FR" => Habit::NumberThenStreet(FRENCH),
        "GB" | "IE" => BRITISH,
        "JP" => Habit::Blocks(JAPANESE),
        _ => AMERICAN,
    }
}

/// French up to 2399 but for Biel, Italian in the Ticino (65 to 69), German elsewhere.
fn swiss(city: &City) -> &'static [&'static str] {
    match city.post_code.as_bytes() {
        [b'1', ..] | [b'2', b'0'..=b'3', ..] => FRENCH,
        [b'6', b'5'..=b'9', ..] => ITALIAN,
        _ => GERMAN,
    }
}

/// French in Brussels and from 4000 to 7999, Dutch elsewhere; the towns on Brussels' rim (17 and 18) are Flemish.
fn belgian(city: &City) -> &'static [&'static str] {
    match city.post_code.as_bytes() {
        [b'4'..=b'7', ..] | [b'1', b'0'..=b'4', ..] => FRENCH,
        _ => DUTCH,
    }
}

/// Replaces `out` by a street with its number.
pub fn put(city: &City, choice: &mut Stream, out: &mut String) {
    out.begin(32);
    match habit(city) {
        Habit::NumberFirst { names, kinds, up_to } => {
            out.number(choice.between(1, up_to), 1);
            out.push(' ');
            out.push_str(choice.pick(names));
            out.push(' ');
            out.push_str(choice.pick(kinds));
        }
        Habit::NumberThenStreet(names) => {
            out.number(choice.between(1, 150), 1);
            out.push(' ');
            out.push_str(choice.pick(names));
        }
        Habit::StreetThenNumber(names) => {
            out.push_str(choice.pick(names));
            out.push(' ');
            out.number(choice.between(1, 150), 1);
        }
        Habit::Blocks(names) => {
            out.push_str(choice.pick(names));
            for (before, most) in [(' ', 7), ('-', 30), ('-', 25)] {
                out.push(before);
                out.number(choice.between(1, most), 1);
            }
        }
    }
}
