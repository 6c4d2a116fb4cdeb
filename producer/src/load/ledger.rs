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
use service::{Error, files::lines};
use std::collections::HashSet;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Changes when a field of the file changes its meaning.
const FORMAT: u32 = 1;
/// A header holds the run's settings, an entry some words.
const LINE_BYTES: u64 = 64 << 10;
/// Indices or lines between two looks at whether to stop.
const STRIDE: u64 = 4_096;

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
/// When the file cannot be written, or is there and not of the same settings: nothing else is overwritten. When it was
/// stopped, which leaves the file as it was.
pub fn write(
    path: &Path,
    generator: &Generator,
    faults: &Faults,
    identity: &Identity,
    range: Range<u64>,
    stop: &CancellationToken,
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
        for index in range {
            if index.is_multiple_of(STRIDE) && stop.is_cancelled() {
                return Err(ErrorKind::Interrupted.into());
            }
            if let Some(fault) = faults.of(index) {
                files::write_json(out, &Entry::new(generator, index, fault))?;
            }
        }
        Ok(())
    })
    .map_err(|error| match error.kind() {
        ErrorKind::Interrupted if stop.is_cancelled() => Error::Stopped,
        _ => refuse(path, format!("cannot be written: {error}")),
    })
}

/// The indices whose payments must not become rows, of a run's ledger, or of its shards' ledgers one after the other.
///
/// # Errors
/// When the file cannot be read, is no ledger, or is of another run.
pub async fn spoilt_indices(path: &Path, run_id: &str) -> Result<HashSet<u64>, Error> {
    let unreadable = |error: io::Error| refuse(path, format!("cannot be read: {error}"));
    let lines = lines(path, LINE_BYTES).map_err(unreadable)?;
    let (mut spoilt, mut has_header) = (HashSet::new(), false);
    for (at, line) in lines.enumerate() {
        if (at as u64).is_multiple_of(STRIDE) {
            // Whoever waits for this may want to stop.
            tokio::task::yield_now().await;
        }
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
    let first = match lines(path, LINE_BYTES).and_then(|mut lines| lines.next().transpose()) {
        Ok(first) => first.unwrap_or_default(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(refuse(path, format!("cannot be read: {error}; name another file"))),
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
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(spoilt_indices(file.path(), "ab"));
        found.map_err(|error| error.to_string())
    }

    #[test]
    fn the_ledgers_of_shards_may_be_put_together() {
        assert_eq!(spoilt(&[HEADER, LETTER, ROWS, HEADER, OTHER]), Ok(HashSet::from([7, 3])));
        assert_eq!(spoilt(&[HEADER]), Ok(HashSet::new()));
    }

    #[tokio::test]
    async fn a_long_ledger_may_be_given_up() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{HEADER}\n{}", format!("{ROWS}\n").repeat(5_000))).unwrap();
        tokio::select! {
            biased;
            read = spoilt_indices(file.path(), "ab") => panic!("read to its end without a look around: {read:?}"),
            () = std::future::ready(()) => {}
        }
    }

    #[test]
    fn a_ledger_that_is_being_written_is_given_up_at_a_stop() {
        let generator = Generator::new(generator::Config::default()).unwrap();
        let faults = Faults::new(crate::Rates::default(), 42).unwrap();
        let identity = Identity::new(&generator, &crate::Publishing::default(), &faults, None);
        let (folder, stop) = (tempfile::tempdir().unwrap(), CancellationToken::new());
        let path = folder.path().join("ledger");
        stop.cancel();
        let stopped = write(&path, &generator, &faults, &identity, 0..1_000_000, &stop);
        assert!(matches!(stopped, Err(Error::Stopped)) && !path.exists(), "{stopped:?}");
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
