//! What a document shows of a command's output, beside the output. Pure.
//!
//! A line of three dots stands for any lines, three dots in a line for any text, and spaces and times do not count. Nothing
//! else may differ: neither a figure nor a line that the document does not have.

const DOTS: &str = "...";
/// Units behind figures that no two runs share.
const TIMES: [&str; 6] = ["s", "ms", "min", "s,", "ms,", "payments/s"];

/// The first line that the document shows and the command does not print, or the other way about; with its number among
/// the `shown` ones.
pub fn difference(shown: &[&str], printed: &str) -> Option<(usize, String)> {
    let mut printed = printed.trim_end().lines().peekable();
    let mut is_open = false;
    for (at, line) in shown.iter().enumerate() {
        if line.trim() == DOTS {
            is_open = true;
            continue;
        }
        let skipped = if is_open { printed.by_ref().find(|found| is_alike(line, found)) } else { None };
        let next = skipped.or_else(|| if is_open { None } else { printed.next() });
        match next {
            Some(found) if is_alike(line, found) => is_open = false,
            Some(found) => return Some((at, format!("the document has {line:?}, the program {found:?}"))),
            None => return Some((at, format!("the program does not print {line:?}"))),
        }
    }
    let rest = printed.next().filter(|_| !is_open)?;
    Some((shown.len().saturating_sub(1), format!("the program goes on with {rest:?}")))
}

fn is_alike(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (normal(shown), normal(printed));
    let mut parts = shown.split(DOTS);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    // Dots at the end take what is left.
    rest.is_empty() || last.is_some_and(|part| part.is_empty() || printed.ends_with(part))
}

/// One space between words, and no times.
fn normal(line: &str) -> String {
    let words: Vec<_> = line.split_whitespace().collect();
    let is_figure = |word: &str| word.replace([',', '.'], "").parse::<u64>().is_ok();
    let is_time = |at: usize| {
        let unit = words.get(at + 1).is_some_and(|unit| TIMES.contains(unit));
        unit && is_figure(words[at])
    };
    let kept: Vec<_> =
        words.iter().enumerate().map(|(at, word)| if is_time(at) { "_" } else { word }).collect();
    kept.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_spaces_and_times_may_differ_and_nothing_else() {
        let printed = "begin\nrows      20,000\nelapsed  12.5 s\ndigest abcdef, expected 012345\n\nend\n";
        let fits = |shown: &[&str]| difference(shown, printed);
        assert_eq!(
            fits(&["...", "rows 20,000", "elapsed 2 s", "digest abc..., expected 01...", "", "end"]),
            None
        );
        assert_eq!(fits(&["begin", "..."]), None);
        assert_eq!(fits(&["..."]), None);
        assert_eq!(fits(&["begin", "rows 20,001", "..."]).map(|(at, _)| at), Some(1));
        assert_eq!(fits(&["...", "digest abd..."]).map(|(at, _)| at), Some(1));
        assert_eq!(fits(&["begin", "rows 20,000"]).map(|(at, _)| at), Some(1));
        assert_eq!(fits(&["...", "end", "more"]).map(|(at, _)| at), Some(2));
        assert_eq!(fits(&["...", "begin", "elapsed 2 s", "..."]).map(|(at, _)| at), Some(2));
    }
}
