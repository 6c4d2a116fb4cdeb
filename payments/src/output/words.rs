//! The words that a report begins with, and those that say how much.

use service::escape::Style;
use service::terminal::{output_columns, paint};

/// All is as it must be.
pub fn ok(what: &str) -> String {
    format!("{} {what}\n", paint(Style::Good, "OK:"))
}

/// Something was not, and is now.
pub fn mended(what: &str) -> String {
    format!("{} {what}\n", paint(Style::Good, "REPAIRED:"))
}

/// Something is not.
pub fn bad(what: &str) -> String {
    format!("{} {what}\n", paint(Style::Bad, "NOT OK:"))
}

/// A label and a text, which goes on below itself where the terminal ends.
pub fn labelled(label: &str, width: usize, text: &str) -> String {
    labelled_within(label, width, text, output_columns())
}

fn labelled_within(label: &str, width: usize, text: &str, columns: usize) -> String {
    let room = columns.saturating_sub(width).max(20);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is a line from the start");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= room {
            line.extend([" ", word]);
        } else {
            lines.push(word.to_owned());
        }
    }
    let between = format!("\n{:width$}", "");
    format!("{label:<width$}{}\n", lines.join(&between))
}

/// `1 row`, `2 rows`, `12,345 rows`.
pub fn count(number: u64, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", indicatif::HumanCount(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_goes_on_below_itself_and_loses_nothing() {
        let text = "one two three four five six seven eight";
        assert_eq!(labelled_within("note", 6, text, usize::MAX), format!("note  {text}\n"));
        assert_eq!(
            labelled_within("note", 6, text, 26),
            "note  one two three four\n      five six seven eight\n"
        );
        assert_eq!(count(1, "row") + &count(2_000, "row"), "1 row2,000 rows");
    }
}
