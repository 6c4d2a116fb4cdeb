use super::{Patience, Span};
use crate::call::{code, code_name};
use tonic::{Code, Status};

/// Why a table could not be read to the end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the server said that no other try can mend.
    #[error("{source}")]
    Refused { code: Code, source: service::Error },
    /// Not to be mended by another try: the server breaks the protocol of ReadRows.
    #[error("table {table}: the answer to a read is malformed{}: {problem}", after(.key))]
    Malformed { table: String, key: Vec<u8>, problem: &'static str },
    /// Handed on, it would be taken for an answer to what was asked.
    #[error(
        "table {table}: the server answered row {}, which is not in the range asked for, {asked}", key.escape_ascii()
    )]
    Outside { table: String, key: Vec<u8>, asked: Span },
    #[error("table {table}: reading broke off{} and could not go on within {patience_secs} s: {reason}", after(.key))]
    Broken { table: String, key: Vec<u8>, patience_secs: u64, reason: String, code: Code },
    #[error("table {table}: not all rows could be written within {patience_secs} s: {reason}; run again")]
    Unwritten { table: String, patience_secs: u64, reason: String },
    #[error("a task that read a table ended by itself, which is a bug: {0}")]
    Bug(String),
}

fn after(key: &[u8]) -> String {
    if key.is_empty() { String::new() } else { format!(" after row {}", String::from_utf8_lossy(key)) }
}

impl Error {
    /// For a read that has come as far as `key` and was tried for as long as was allowed.
    pub(crate) fn broken(table: String, key: Vec<u8>, patience: Patience, status: &Status) -> Self {
        let reason = format!("{:?}: {}", status.code(), status.message());
        Self::Broken { table, key, patience_secs: patience.give_up.as_secs(), reason, code: code(status) }
    }

    /// What a status that no retry can mend means for a call that needs the role.
    pub(crate) fn refused(table: &str, role: &'static str, status: &Status) -> Self {
        let source = crate::Resource { kind: "table", name: table, role }.explain(status);
        Self::Refused { code: code(status), source }
    }

    /// For counts by cause: the code of the server's last word, or what is wrong where it has no say.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refused { code, .. } | Self::Broken { code, .. } => code_name(*code),
            Self::Malformed { .. } | Self::Outside { .. } => "MALFORMED",
            Self::Unwritten { .. } => "UNWRITTEN",
            Self::Bug(_) => "BUG",
        }
    }
}
