//! What a text in markdown shows as code: fenced blocks, and code between backquotes. Pure.

/// A fenced block. Lines are counted from 1.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fence {
    /// The line that opens it.
    pub line: usize,
    pub language: String,
    /// What stands behind the language.
    pub mark: String,
    pub lines: Vec<String>,
}

impl Fence {
    /// The lines with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().enumerate().map(|(at, text)| (self.line + 1 + at, text.as_str()))
    }

    /// Whether these are commands, or what commands showed.
    pub fn has_commands(&self) -> bool {
        ["sh", "console"].contains(&&*self.language)
    }

    /// The commands with their numbers; in a console they follow a prompt.
    pub fn commands(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_console = self.language == "console";
        self.numbered().filter_map(move |(number, text)| {
            let command = if is_console { text.strip_prefix("$ ") } else { Some(text) };
            command.map(|command| (number, command))
        })
    }
}

/// Code in running text, on one line even where the text breaks it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Code {
    pub line: usize,
    pub text: String,
}

/// What a text shows as code.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shown {
    pub fences: Vec<Fence>,
    pub codes: Vec<Code>,
}

pub fn read(text: &str) -> Shown {
    let (mut shown, mut fence) = (Shown::default(), None::<Fence>);
    let mut open = None::<Code>;
    for (at, line) in text.lines().enumerate() {
        let number = at + 1;
        match (line.strip_prefix("```"), &mut fence) {
            (Some(_), Some(_)) => shown.fences.extend(fence.take()),
            (Some(info), None) => {
                let (language, mark) = info.trim().split_once(' ').unwrap_or((info.trim(), ""));
                let (language, mark) = (language.to_owned(), mark.trim().to_owned());
                fence = Some(Fence { line: number, language, mark, lines: Vec::new() });
                open = None;
            }
            (None, Some(fence)) => fence.lines.push(line.to_owned()),
            // A paragraph ends what is open: a single backquote opens nothing.
            (None, None) if line.trim().is_empty() => open = None,
            (None, None) => codes_of(line, number, &mut open, &mut shown.codes),
        }
    }
    shown.fences.extend(fence);
    shown
}

fn codes_of(line: &str, number: usize, open: &mut Option<Code>, codes: &mut Vec<Code>) {
    for (at, part) in line.split('`').enumerate() {
        if at > 0 {
            match open.take() {
                Some(code) => codes.push(code),
                None => *open = Some(Code { line: number, text: String::new() }),
            }
        }
        if let Some(code) = open {
            // A table has its bars behind backslashes.
            code.text.push_str(&part.replace("\\|", "|"));
        }
    }
    if let Some(code) = open {
        code.text.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<(usize, String)> {
        read(text).codes.into_iter().map(|code| (code.line, code.text)).collect()
    }

    #[test]
    fn a_fence_has_its_language_its_mark_and_the_numbers_of_its_lines() {
        let shown = read("Text\n\n```sh cloud\none\n\ntwo\n```\n```\nplain\n```\n");
        let [fence, plain] = &shown.fences[..] else { panic!("{shown:?}") };
        assert_eq!((&*fence.language, &*fence.mark), ("sh", "cloud"));
        assert_eq!(fence.commands().collect::<Vec<_>>(), [(4, "one"), (5, ""), (6, "two")]);
        assert!(fence.has_commands() && !plain.has_commands());
    }

    #[test]
    fn a_consoles_commands_follow_its_prompt() {
        let shown = read("```console\n$ one\nits output\n$ two\n```\n");
        assert_eq!(shown.fences[0].commands().collect::<Vec<_>>(), [(2, "one"), (4, "two")]);
    }

    #[test]
    fn code_that_a_text_breaks_is_one_and_what_stands_in_a_fence_is_none() {
        assert_eq!(
            codes("a `one` b `two\nthree` c\n```\n`no`\n```\n"),
            [(1, "one".to_owned()), (1, "two three".to_owned())]
        );
        assert_eq!(codes("a lonely ` here\n\nand `one` there"), [(3, "one".to_owned())]);
        assert_eq!(codes("| `a \\| b` |"), [(1, "a | b".to_owned())]);
    }
}
