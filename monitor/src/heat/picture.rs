//! What the pictures share: keys on an axis, colours, coordinates.

use super::colours::{self, STEPS};
use crate::page::plain;
use std::fmt::Write;

/// Keys made fit for an axis: what all have in common goes, and what is too long is cut.
pub(super) fn shortened(keys: &[&str], width: usize) -> Vec<String> {
    let keys: Vec<String> = keys.iter().map(|key| plain(key)).collect();
    let common = common(&keys);
    let show = |key: &String| {
        let rest = &key[common..];
        if common > 0 { format!("…{rest}") } else { rest.to_owned() }
    };
    keys.iter().map(show).map(|key| cut(&key, width)).collect()
}

/// Bytes that all begin with, up to where a part of a key begins; not worth it for a few, and never all of a key.
fn common(keys: &[String]) -> usize {
    let [first, others @ ..] = keys else { return 0 };
    let mut common = first.len();
    for other in others {
        let same = first.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
        common = common.min(same);
    }
    if others.iter().all(|other| other == first) {
        return 0;
    }
    let is_end = |(at, character): (usize, char)| {
        (at < common && !character.is_alphanumeric()).then(|| at + character.len_utf8())
    };
    first.char_indices().filter_map(is_end).rfind(|end| *end <= common).filter(|end| *end > 4).unwrap_or(0)
}

pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

/// A coordinate, short.
pub(super) fn r(value: f64) -> String {
    crate::page::numbers::digits((value * 100.0).round() / 100.0, 6)
}

/// The colours of a map: bright is much on a dark ground, dark is much on a light one. No variables: not every program
/// that shows SVG knows them.
pub(crate) fn styles() -> String {
    let rules = |dark: bool| {
        let [ground, none, text, muted, bar, cursor, tablet] = if dark {
            ["#12161b", "#1d232a", "#e6eaee", "#9aa5b1", "#7d8a97", "#fff", "#4cc9f0"]
        } else {
            ["#fff", "#eef1f4", "#1b2026", "#5a6672", "#8a96a3", "#000", "#0077b6"]
        };
        let mut rules = format!(
            ".ground{{fill:{ground}}}.none{{fill:{none}}}.words{{fill:{text}}}.small{{fill:{muted}}}.load{{fill:{bar}}}\
             .cursor{{fill:none;stroke:{cursor};stroke-width:2}}\
             .tablet{{fill:none;stroke:{tablet};stroke-width:2;pointer-events:stroke}}"
        );
        for step in 1..=STEPS {
            let [red, green, blue] = if dark { colours::on_dark(step) } else { colours::on_light(step) };
            let _ = write!(rules, ".s{step}{{fill:#{red:02x}{green:02x}{blue:02x}}}");
        }
        rules
    };
    let fonts = ".words,.small{font:13px system-ui,sans-serif}.small{font-size:12px}\
                 .key{font:11px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}";
    format!("{fonts}\n{}\n@media (prefers-color-scheme:dark){{{}}}\n", rules(false), rules(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_keys_have_in_common_goes_up_to_a_parts_end() {
        let times = ["2026-11-27T08:00:01.1Z#ACH", "2026-11-27T08:09:02.5Z#ACH"];
        assert_eq!(shortened(&times, 30), ["…00:01.1Z#ACH", "…09:02.5Z#ACH"]);
        assert_eq!(shortened(&times, 6), ["…00:0…", "…09:0…"]);
        assert_eq!(shortened(&["CUST1#a", "CUST2#b"], 30), ["CUST1#a", "CUST2#b"]);
        assert_eq!(shortened(&["same#key", "same#key"], 30), ["same#key", "same#key"]);
        assert_eq!(shortened(&["ä\u{1b}é", ""], 30), ["ä\\u001bé", ""]);
        assert_eq!(shortened(&["日本日本日本、é", "日本日本日本、ê"], 30), ["…é", "…ê"]);
        assert!(shortened(&[], 3).is_empty());
    }
}
