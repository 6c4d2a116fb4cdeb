//! The ends of a trickle that nobody asked for.

use std::path::PathBuf;

/// Why a trickle ended otherwise than asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Setup(#[from] service::Error),
    #[error(
        "{failed} message(s) were not confirmed by topic {topic} within --publish-timeout: new payments among them may \
         be missing, updates come again with --checkpoint; the first reason: {reason}"
    )]
    Unconfirmed { topic: String, failed: u64, reason: String },
    #[error(
        "the checkpoint {} could not be written, so {updates} update(s) to come are forgotten: {source}", path.display()
    )]
    Unsaved { path: PathBuf, updates: usize, source: std::io::Error },
}
