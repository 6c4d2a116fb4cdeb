use tonic::Status;

/// Why a table could not be read to the end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Setup(#[from] service::Error),
    /// Not to be mended by another try: the server breaks the protocol of ReadRows.
    #[error("table {table}: the answer to a read is malformed{}: {problem}", after(.key))]
    Malformed { table: String, key: Vec<u8>, problem: &'static str },
    #[error("table {table}: reading broke off{} and could not go on within {patience_secs} s: {reason}", after(.key))]
    Broken { table: String, key: Vec<u8>, patience_secs: u64, reason: String },
    #[error("table {table}: not all rows could be written within {patience_secs} s: {reason}; run again")]
    Unwritten { table: String, patience_secs: u64, reason: String },
    #[error("a task that read a table ended by itself, which is a bug: {0}")]
    Bug(String),
}

fn after(key: &[u8]) -> String {
    if key.is_empty() { String::new() } else { format!(" after row {}", String::from_utf8_lossy(key)) }
}

impl Error {
    /// What a status that no retry can mend means.
    pub(crate) fn refused(table: &str, status: &Status) -> Self {
        crate::Resource { kind: "table", name: table, role: "roles/bigtable.reader" }.explain(status).into()
    }
}
