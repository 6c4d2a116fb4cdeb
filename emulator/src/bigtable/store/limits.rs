//! Limits on sizes that reads and writes share.

use tonic::Status;

/// Limit of the service: <https://cloud.google.com/bigtable/quotas#limits-data-size>.
const MAX_KEY_BYTES: usize = 4096;

/// Checks a row key's length.
pub fn check_key(key: &[u8]) -> Result<(), Status> {
    if key.is_empty() {
        return Err(Status::invalid_argument("row keys must not be empty"));
    }
    check_size("row key", key, MAX_KEY_BYTES)
}

/// `INVALID_ARGUMENT` if there are more bytes than `limit`; the message calls them `name`.
pub fn check_size(name: &str, bytes: &[u8], limit: usize) -> Result<(), Status> {
    if bytes.len() <= limit {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("{name} of {} bytes is longer than {limit}", bytes.len())))
}
