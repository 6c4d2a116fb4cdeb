//! Ranges of row keys.

use data::row_range::{EndKey, StartKey};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2 as data;
use std::fmt;

/// Row keys from `start` on up to but without `end`; without an end, up to the table's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: Vec<u8>,
    pub end: Option<Vec<u8>>,
}

impl Span {
    /// All keys.
    pub fn all() -> Self {
        Self::default()
    }

    /// One key.
    pub fn key(key: &[u8]) -> Self {
        Self { start: key.to_vec(), end: Some(after(key)) }
    }

    /// The keys that begin with these bytes.
    pub fn prefix(prefix: &[u8]) -> Self {
        let mut end = prefix.to_vec();
        while end.last() == Some(&0xff) {
            end.pop();
        }
        if let Some(last) = end.last_mut() {
            *last += 1;
        }
        Self { start: prefix.to_vec(), end: (!end.is_empty()).then_some(end) }
    }

    /// Whether these are one key only.
    pub fn is_key(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.strip_suffix(&[0]) == Some(&self.start))
    }

    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        *self.start <= *key && self.end.as_deref().is_none_or(|end| key < end)
    }

    /// Leaves the keys behind this one.
    pub fn trim_to_after(&mut self, key: &[u8]) {
        if *self.start <= *key {
            self.start = after(key);
        }
    }

    /// Cuts at these keys, each of which begins a part. They come in order.
    pub fn split(self, keys: impl IntoIterator<Item = Vec<u8>>) -> Vec<Self> {
        let (mut rest, mut parts) = (self, Vec::new());
        for key in keys {
            if key > rest.start && rest.contains(&key) {
                parts.push(Self { start: std::mem::replace(&mut rest.start, key.clone()), end: Some(key) });
            }
        }
        parts.push(rest);
        parts
    }

    pub fn to_proto(&self) -> data::RowRange {
        data::RowRange {
            start_key: (!self.start.is_empty()).then(|| StartKey::StartKeyClosed(self.start.clone())),
            end_key: self.end.clone().map(EndKey::EndKeyOpen),
        }
    }
}

/// The key that follows: nothing fits in between.
fn after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

impl fmt::Display for Span {
    /// As a half-open interval, bytes that are no text escaped.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            Some(end) => write!(out, "[{}, {})", self.start.escape_ascii(), end.escape_ascii()),
            None => write!(out, "[{}, end of table)", self.start.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop_oneof![Just(0), Just(1), Just(0xfe), Just(0xff)], 0..4)
    }

    proptest! {
        #[test]
        fn a_prefix_holds_the_keys_that_begin_with_it(prefix in bytes(), key in bytes()) {
            prop_assert_eq!(Span::prefix(&prefix).contains(&key), key.starts_with(&prefix));
        }

        #[test]
        fn parts_hold_together_what_the_whole_holds(
            prefix in bytes(), mut cuts in prop::collection::vec(bytes(), 0..4), key in bytes()
        ) {
            cuts.sort();
            let whole = Span::prefix(&prefix);
            let parts = whole.clone().split(cuts);
            let holding = parts.iter().filter(|part| part.contains(&key)).count();
            prop_assert_eq!(holding, usize::from(whole.contains(&key)));
            prop_assert!(parts.iter().all(|part| !part.is_empty()));
        }

        #[test]
        fn trimming_leaves_what_comes_later(prefix in bytes(), at in bytes(), key in bytes()) {
            let mut span = Span::prefix(&prefix);
            let before = span.contains(&key);
            span.trim_to_after(&at);
            prop_assert_eq!(span.contains(&key), before && key > at);
        }
    }
}
