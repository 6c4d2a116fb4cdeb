//! Invented banks. ASCII, as the character sets of Nacha files and SEPA messages want.

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
