//! The name that somebody probably meant by one that does not exist.

use strsim::levenshtein;

/// The candidate with the fewest edits from `name`; `None` where there are no candidates.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates.into_iter().min_by_key(|candidate| levenshtein(name, candidate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_edits_win() {
        assert_eq!(nearest("sigam", ["share", "sigma", "mean"]), Some("sigma"));
        assert_eq!(nearest("x", []), None);
        assert_eq!(nearest("kitten", ["sitting", "kitchen", ""]), Some("kitchen"));
        assert_eq!(nearest("", ["abcd", "abc"]), Some("abc"));
    }
}
