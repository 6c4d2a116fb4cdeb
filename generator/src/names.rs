//! Invented names. ASCII, as the character sets of Nacha files and SEPA messages want.

/// A language's given and family names.
pub struct Names {
    pub given: &'static [&'static str],
    pub family: &'static [&'static str],
}

const ENGLISH: Names = Names {
    given: &[
        "James",
        "Mary",
        "Robert",
        "Patricia",
        "John",
        "Jennifer",
        "Michael",
        "Linda",
        "David",
        "Elizabeth",
        "William",
        "Barbara",
        "Richard",
        "Susan",
        "Joseph",
        "Jessica",
        "Thomas",
        "Sarah",
        "Carlos",
        "Karen",
        "Daniel",
        "Maria",
        "Matthew",
        "Aisha",
        "Anthony",
        "Grace",
        "Wei",
        "Emily",
        "Andre",
        "Priya",
        "Kevin",
        "Rosa",
    ],
    family: &[
        "Smith",
        "Johnson",
        "Williams",
        "Brown",
        "Jones",
        "Garcia",
        "Miller",
        "Davis",
        "Rodriguez",
        "Martinez",
        "Wilson",
        "Anderson",
        "Taylor",
        "Thomas",
        "Moore",
        "Jackson",
        "Martin",
        "Lee",
        "Thompson",
        "White",
        "Harris",
        "Clark",
        "Lewis",
        "Robinson",
        "Walker",
        "Nguyen",
        "Patel",
        "Kim",
        "Wright",
        "Scott",
        "Torres",
        "Hill",
    ],
};

const GERMAN: Names = Names {
    given: &[
        "Anna",
        "Lukas",
        "Julia",
        "Stefan",
        "Sabine",
        "Thomas",
        "Laura",
        "Michael",
        "Katharina",
        "Andreas",
        "Lena",
        "Markus",
        "Petra",
        "Felix",
        "Claudia",
        "Jonas",
    ],
    family: &[
        "Mueller",
        "Schmidt",
        "Schneider",
        "Fischer",
        "Weber",
        "Meyer",
        "Wagner",
        "Becker",
        "Schulz",
        "Hoffmann",
        "Koch",
        "Richter",
        "Klein",
        "Wolf",
        "Gruber",
        "Huber",
    ],
};

const FRENCH: Names = Names {
    given: &[
        "Marie", "Jean", "Camille", "Pierre", "Nathalie", "Nicolas", "Isabelle", "Julien", "Sophie",
        "Antoine", "Claire", "Mathieu", "Lea", "Thierry", "Manon", "Olivier",
    ],
    family: &[
        "Martin", "Bernard", "Dubois", "Durand", "Moreau", "Laurent", "Simon", "Michel", "Lefebvre", "Leroy",
        "Roux", "Fournier", "Girard", "Bonnet", "Lambert", "Peeters",
    ],
};

const ITALIAN: Names = Names {
    given: &[
        "Giulia",
        "Marco",
        "Francesca",
        "Luca",
        "Chiara",
        "Alessandro",
        "Elena",
        "Matteo",
        "Paola",
        "Davide",
    ],
    family: &[
        "Rossi", "Russo", "Ferrari", "Esposito", "Bianchi", "Romano", "Colombo", "Ricci", "Marino", "Greco",
    ],
};

const IBERIAN: Names = Names {
    given: &[
        "Lucia", "Antonio", "Carmen", "Manuel", "Ana", "Javier", "Marta", "Jorge", "Ines", "Rui", "Sofia",
        "Pedro",
    ],
    family: &[
        "Fernandez",
        "Gonzalez",
        "Lopez",
        "Sanchez",
        "Perez",
        "Gomez",
        "Ruiz",
        "Silva",
        "Santos",
        "Ferreira",
        "Pereira",
        "Costa",
    ],
};

const DUTCH: Names = Names {
    given: &["Sanne", "Daan", "Emma", "Bram", "Lotte", "Jeroen", "Femke", "Pieter", "Eva", "Thijs"],
    family: &["de Jong", "Jansen", "de Vries", "Bakker", "Visser", "Smit", "Meijer", "Mulder", "Bos", "Vos"],
};

const JAPANESE: Names = Names {
    given: &["Yuki", "Haruto", "Sakura", "Ren", "Aoi", "Kenji", "Naoko", "Takashi"],
    family: &["Sato", "Suzuki", "Takahashi", "Tanaka", "Watanabe", "Ito", "Nakamura", "Kobayashi"],
};

/// The names common in a country.
pub fn of_country(country: &str) -> &'static Names {
    match country {
        "DE" | "AT" | "CH" => &GERMAN,
        "FR" | "BE" => &FRENCH,
        "IT" => &ITALIAN,
        "ES" | "PT" | "MX" => &IBERIAN,
        "NL" => &DUTCH,
        "JP" => &JAPANESE,
        _ => &ENGLISH,
    }
}

/// First words of company and shop names.
pub const FANTASY: &[&str] = &[
    "Larkfield",
    "Brightwater",
    "Copperline",
    "Northgate",
    "Silverbirch",
    "Redstone",
    "Bluefin",
    "Oakhurst",
    "Meridian",
    "Foxglove",
    "Ironbridge",
    "Summerhill",
    "Greywacke",
    "Harborlight",
    "Juniper",
    "Kestrel",
    "Lindenhof",
    "Marlowe",
    "Nightingale",
    "Orchardview",
    "Pinecrest",
    "Quarrybank",
    "Riverbend",
    "Stonecroft",
    "Tidewater",
    "Umbra",
    "Valewood",
    "Willowmere",
    "Yarrow",
    "Zephyr",
    "Amberley",
    "Birchgrove",
    "Cedarholm",
    "Dunmore",
    "Elmstead",
    "Fairhaven",
    "Glenrock",
    "Hazelton",
    "Inverlea",
    "Kingsbourne",
    "Lakemont",
    "Millbrook",
    "Newhaven",
    "Overlook",
    "Prairie Sky",
    "Rosewall",
    "Sandpiper",
    "Thornbury",
];

/// Lines of business, the second words of company names.
pub const TRADES: &[&str] = &[
    "Freight",
    "Systems",
    "Foods",
    "Textiles",
    "Logistics",
    "Instruments",
    "Paper",
    "Energy",
    "Plastics",
    "Software",
    "Building",
    "Medical",
    "Packaging",
    "Optics",
    "Consulting",
    "Machinery",
    "Chemicals",
    "Printing",
    "Furniture",
    "Marine",
    "Analytics",
    "Ceramics",
    "Catering",
    "Motors",
];

/// Who sends bills to households.
pub const BILLERS: &[&str] = &[
    "Power and Light",
    "Water Works",
    "Insurance",
    "Telecom",
    "Gas",
    "Plumbing",
    "Dental Care",
    "Fitness",
    "Child Care",
    "Waste Services",
    "Roofing",
    "Driving School",
];

/// Who collects rent.
pub const LANDLORDS: &[&str] = &["Property Management", "Housing", "Apartments", "Estates", "Residential"];

/// How a country's companies end their names.
pub fn legal_forms(country: &str) -> &'static [&'static str] {
    match country {
        "DE" | "AT" => &["GmbH", "AG", "KG"],
        "CH" => &["AG", "GmbH"],
        "FR" => &["SAS", "SARL", "SA"],
        "IT" => &["S.r.l.", "S.p.A."],
        "ES" => &["S.L.", "S.A."],
        "PT" => &["Lda", "S.A."],
        "NL" | "BE" => &["B.V.", "N.V."],
        "GB" | "IE" => &["Ltd", "plc"],
        "JP" => &["K.K.", "G.K."],
        "CA" => &["Inc", "Ltd"],
        "MX" => &["S.A. de C.V."],
        _ => &["LLC", "Inc", "Corp", "Co"],
    }
}

/// An invented bank: its name and the first four letters of its BIC.
pub struct Bank {
    pub name: &'static str,
    pub code: &'static str,
}

/// Ten banks, which stand in every country under its own numbers. The codes begin with `ZZ`, which no institution has.
pub const BANKS: [Bank; 10] = [
    Bank { name: "Lantern", code: "ZZLN" },
    Bank { name: "Harborstone", code: "ZZHB" },
    Bank { name: "Keystone Vale", code: "ZZKV" },
    Bank { name: "Larch and Loam", code: "ZZLL" },
    Bank { name: "Millrace", code: "ZZMR" },
    Bank { name: "Northwind", code: "ZZNW" },
    Bank { name: "Oxbow", code: "ZZOX" },
    Bank { name: "Pilgrim Mutual", code: "ZZPM" },
    Bank { name: "Quayside", code: "ZZQS" },
    Bank { name: "Rowan", code: "ZZRW" },
];

/// How the banks of a country end their names.
pub fn bank_form(country: &str) -> &'static str {
    match country {
        "US" => "Bank N.A.",
        "DE" | "AT" | "CH" => "Bank AG",
        "FR" | "BE" => "Banque SA",
        "IT" => "Banca S.p.A.",
        "ES" | "PT" => "Banco S.A.",
        "NL" => "Bank N.V.",
        "MX" => "Banco",
        _ => "Bank",
    }
}
