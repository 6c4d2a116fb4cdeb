//! Which language a party speaks.

use crate::random::{hash, unit};

/// A language that names and memos are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// As in North America, and wherever else no language below is spoken.
    English,
    British,
    German,
    French,
    Italian,
    Spanish,
    Portuguese,
    Dutch,
    Japanese,
}

impl Language {
    /// The language of the party with a key: one of the country's, always the same.
    ///
    /// Belgium, Switzerland and Canada: parts of the people by main language, rounded: assumption, near their
    /// statistics offices' figures (Romansh and other languages left out).
    pub fn of(country: &str, key: u64) -> Self {
        let at = || unit(hash(key, 0x1a46));
        match country {
            "GB" | "IE" => Self::British,
            "DE" | "AT" => Self::German,
            "CH" => match at() {
                ..0.67 => Self::German,
                0.67..0.92 => Self::French,
                _ => Self::Italian,
            },
            "BE" if at() < 0.58 => Self::Dutch,
            "BE" | "FR" => Self::French,
            "CA" if at() < 0.21 => Self::French,
            "IT" => Self::Italian,
            "ES" | "MX" => Self::Spanish,
            "PT" => Self::Portuguese,
            "NL" => Self::Dutch,
            "JP" => Self::Japanese,
            _ => Self::English,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_with_several_languages_have_all_of_them() {
        let parts = |country, language| {
            (0..10_000).filter(|key| Language::of(country, *key) == language).count() as f64 / 10_000.0
        };
        assert!((parts("BE", Language::Dutch) - 0.58).abs() < 0.03);
        assert!((parts("CH", Language::Italian) - 0.08).abs() < 0.02);
        assert!((parts("CA", Language::French) - 0.21).abs() < 0.03);
        assert!(parts("DE", Language::German) > 0.999);
    }
}
