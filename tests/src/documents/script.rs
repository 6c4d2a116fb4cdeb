//! A document as a script that runs its commands: in order, each on the line where it stands, in sizes for a test. Pure.

use super::markdown::Fence;

/// Counts above this become this. Not in a console: what stands under its commands is of their sizes.
const MOST: u64 = 2_000;
/// The ports that documents speak of, and what has those of the test.
const PORTS: [(&str, &str); 2] = [(":8085", ":$PUBSUB_PORT"), (":8086", ":$BIGTABLE_PORT")];

/// The script; of commands in a console what they print goes to a file of the line's number in `$OUT`. Of lines that are
/// `left_out` nothing is run.
pub fn script(fences: &[&Fence], left_out: impl Fn(usize) -> bool) -> String {
    let count = fences.iter().map(|fence| fence.line + fence.lines.len()).max().unwrap_or_default();
    let mut lines = vec![String::new(); count];
    for fence in fences {
        for (number, command) in fence.commands().filter(|(number, _)| !left_out(*number)) {
            lines[number - 1] = line(command, (fence.language == "console").then_some(number));
        }
    }
    lines.join("\n") + "\n"
}

fn line(command: &str, shown: Option<usize>) -> String {
    let (command, code) = split_exit_code(command);
    let mut command = if shown.is_none() { shrink(command) } else { command.to_owned() };
    for (port, ours) in PORTS {
        command = command.replace(port, ours);
    }
    let into = shown.map(|number| format!(" >\"$OUT/{number}\"")).unwrap_or_default();
    if code.is_none() && shown.is_none() {
        return command;
    }
    let code = code.unwrap_or("0");
    format!("{{ {command} ; }}{into} && is {code} 0 || is {code} $?")
}

/// A command without its comment, and the exit code that the comment begins with.
fn split_exit_code(command: &str) -> (&str, Option<&str>) {
    let is_outside = |at: &usize| {
        let quotes = |quote: char| command[..*at].matches(quote).count();
        quotes('\'') % 2 == 0 && quotes('"') % 2 == 0
    };
    let Some(at) = command.match_indices(" #").map(|(at, _)| at).find(is_outside) else {
        return (command, None);
    };
    let code = command[at + 2..].trim_start().strip_prefix("exit code ").map(|code| {
        let end = code.find(|char: char| !char.is_ascii_digit()).unwrap_or(code.len());
        &code[..end]
    });
    (command[..at].trim_end(), code)
}

/// Counts that stand alone, or behind an equals sign, are made small if they are large.
fn shrink(command: &str) -> String {
    let word = |word: &str| {
        let (flag, value) = word.rsplit_once('=').map_or(("", word), |(flag, value)| (flag, value));
        match value.parse() {
            Ok(0..=MOST) | Err(_) => word.to_owned(),
            Ok(_) if flag.is_empty() => MOST.to_string(),
            Ok(_) => format!("{flag}={MOST}"),
        }
    };
    command.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::markdown;

    #[test]
    fn each_command_stands_on_its_documents_line_in_sizes_for_a_test() {
        let text = "Text\n```sh\nexport X=127.0.0.1:8085\npayments a 100000 --n=30000 -m 2000 2024-01-01   # all\n```\n\n\
                    ```console\n$ payments b 30000   # exit code 1: why\nout\n$ sink\n```\n";
        let shown = markdown::read(text);
        let fences: Vec<_> = shown.fences.iter().collect();
        let expected = "\n\nexport X=127.0.0.1:$PUBSUB_PORT\npayments a 2000 --n=2000 -m 2000 2024-01-01\n\n\n\n\
                        { payments b 30000 ; } >\"$OUT/8\" && is 1 0 || is 1 $?\n\n";
        assert_eq!(script(&fences, |line| line == 10), format!("{expected}\n"));
    }

    #[test]
    fn only_a_comment_that_begins_with_it_is_an_exit_code() {
        assert_eq!(split_exit_code("a 'b#c'  # exit code 12, as told"), ("a 'b#c'", Some("12")));
        assert_eq!(split_exit_code("a ' #' b # next: exit code 0"), ("a ' #' b", None));
    }
}
