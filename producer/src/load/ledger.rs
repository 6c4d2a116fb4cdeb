//! The outcome expected of each payment with a fault: one JSON line each, behind a header with the run's settings.
//!
//! Faults are a function of seed and index, so the whole shard's ledger is there before the first payment is published:
//! a producer that dies and resumes has nothing to mend in it.

use crate::faults::{Fault, Faults};
use crate::files;
use crate::load::identity::Identity;
use crate::settings;
use generator::Generator;
use serde::{Deserialize, Serialize};
use service::Error;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, ErrorKind};
use std::ops::Range;
use std::path::Path;

/// Changes when a field of the file changes its meaning.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Header<'a> {
    ledger_format: u32,
    run_id: &'a str,
    first_index: u64,
    end_index: u64,
    settings: &'a Identity,
}

#[derive(Deserialize)]
struct Stored {
    settings: serde_json::Value,
}

/// A line, as far as it matters for the tables; where shards' ledgers were put together, headers are among them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Entry { index: u64, expect: String },
    Header { ledger_format: u32, run_id: String },
}

/// The outcome expected of a payment with a fault.
#[derive(Debug, Serialize)]
struct Entry {
    index: u64,
    payment_id: String,
    fault: Fault,
    /// `rows`, one in each table, or `dead_letter`.
    expect: &'static str,
    /// The dead letter's attribute `dead_letter_reason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

impl Entry {
    fn new(generator: &Generator, index: u64, fault: Fault) -> Self {
        let (expect, reason) = match fault {
            Fault::Corrupt => ("dead_letter", Some("undecodable")),
            Fault::Invalid => ("dead_letter", Some("invalid")),
            Fault::Duplicate | Fault::Late => ("rows", None),
        };
        Self { index, payment_id: generator.payment_id(index), fault, expect, reason }
    }
}

/// Writes the ledger of a range, at once.
///
/// # Errors
/// When the file cannot be written, or is there and not of the same settings: nothing else is overwritten.
pub fn write(
    path: &Path,
    generator: &Generator,
    faults: &Faults,
    identity: &Identity,
    range: Range<u64>,
) -> Result<(), Error> {
    require_own(path, identity)?;
    let header = Header {
        ledger_format: FORMAT,
        run_id: generator.run_id(),
        first_index: range.start,
        end_index: range.end,
        settings: identity,
    };
    files::replace(path, |out| {
        files::write_json(out, &header)?;
        let entries = range.filter_map(|index| Some((index, faults.of(index)?)));
        entries
            .map(|(index, fault)| Entry::new(generator, index, fault))
            .try_for_each(|e| files::write_json(out, &e))
    })
    .map_err(|error| refuse(path, format!("cannot be written: {error}")))
}

/// The indices whose payments must not become rows, of a run's ledger, or of its shards' ledgers one after the other.
///
/// # Errors
/// When the file cannot be read, is no ledger, or is of another run.
pub fn spoilt_indices(path: &Path, run_id: &str) -> Result<HashSet<u64>, Error> {
    let unreadable = |error: std::io::Error| refuse(path, format!("cannot be read: {error}"));
    let lines = BufReader::new(std::fs::File::open(path).map_err(unreadable)?).lines();
    let (mut spoilt, mut has_header) = (HashSet::new(), false);
    for (at, line) in lines.enumerate() {
        let line = serde_json::from_str(&line.map_err(unreadable)?);
        match line {
            Ok(Line::Header { ledger_format: FORMAT, run_id: theirs }) if theirs == run_id => {
                has_header = true;
            }
            Ok(Line::Header { ledger_format: FORMAT, run_id: theirs }) => {
                let problem = format!("is of run {theirs}, not of {run_id}: use the flags of that run");
                return Err(refuse(path, problem));
            }
            Ok(Line::Header { ledger_format, .. }) => {
                let problem = format!("has ledger_format {ledger_format}, this version reads {FORMAT}");
                return Err(refuse(path, problem));
            }
            Ok(Line::Entry { index, expect }) if has_header => {
                if expect == "dead_letter" {
                    spoilt.insert(index);
                }
            }
            Err(error) if has_header => {
                return Err(refuse(path, format!("is damaged in line {}: {error}", at + 1)));
            }
            _ => break,
        }
    }
    if has_header { Ok(spoilt) } else { Err(refuse(path, "is no ledger of a producer".to_owned())) }
}

/// A ledger of the same settings is the same, line for line, and may be written again.
fn require_own(path: &Path, identity: &Identity) -> Result<(), Error> {
    let mut first = String::new();
    match std::fs::File::open(path) {
        Ok(file) => BufReader::new(file)
            .read_line(&mut first)
            .map_err(|error| refuse(path, format!("cannot be read: {error}")))?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(refuse(path, format!("cannot be read: {error}"))),
    };
    let Ok(stored) = serde_json::from_str::<Stored>(&first) else {
        return Err(refuse(path, "is there already and is no ledger: name another file".to_owned()));
    };
    match settings::difference(identity, &stored.settings) {
        None => Ok(()),
        Some(difference) => Err(refuse(path, format!("is of another run: {difference}; name another file"))),
    }
}

fn refuse(path: &Path, problem: String) -> Error {
    Error::Flag { flag: "--ledger", value: path.display().to_string(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"ledger_format":1,"run_id":"ab","first_index":0,"end_index":9,"settings":{}}"#;
    const LETTER: &str =
        r#"{"index":7,"payment_id":"x","fault":"corrupt","expect":"dead_letter","reason":"undecodable"}"#;
    const ROWS: &str = r#"{"index":8,"payment_id":"y","fault":"late","expect":"rows"}"#;
    const OTHER: &str =
        r#"{"index":3,"payment_id":"z","fault":"invalid","expect":"dead_letter","reason":"invalid"}"#;

    fn spoilt(lines: &[&str]) -> Result<HashSet<u64>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines.join("\n") + "\n").unwrap();
        spoilt_indices(file.path(), "ab").map_err(|error| error.to_string())
    }

    #[test]
    fn the_ledgers_of_shards_may_be_put_together() {
        assert_eq!(spoilt(&[HEADER, LETTER, ROWS, HEADER, OTHER]), Ok(HashSet::from([7, 3])));
        assert_eq!(spoilt(&[HEADER]), Ok(HashSet::new()));
    }

    #[test]
    fn what_is_no_ledger_or_another_run_s_is_refused() {
        let foreign = HEADER.replace("ab", "cd");
        for (lines, reported) in [
            (&[""][..], "is no ledger"),
            (&["notes of mine", HEADER], "is no ledger"),
            (&[LETTER, HEADER], "is no ledger"),
            (&[HEADER, LETTER, "{"], "damaged in line 3"),
            (&[HEADER, LETTER, &foreign, OTHER], "is of run cd"),
            (&[&HEADER.replace(":1,", ":2,")], "ledger_format 2"),
        ] {
            let error = spoilt(lines).unwrap_err();
            assert!(error.contains(reported), "{error}");
        }
    }
}
