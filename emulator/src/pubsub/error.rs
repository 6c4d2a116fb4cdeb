use crate::connection::Refused;
use crate::folder::Fault;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the server could not start or stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the embedded Pub/Sub server has no authentication and listens on loopback only, not on {0}; bind 127.0.0.1"
    )]
    NotLoopback(SocketAddr),
    #[error("cannot read the address of the listener")]
    Address(#[source] std::io::Error),
    #[error(transparent)]
    Folder(#[from] Fault),
    #[error(
        "the Pub/Sub store in {path} cannot be opened; if this repeats, move the directory away and load again"
    )]
    Open { path: PathBuf, source: fjall::Error },
    #[error(
        "the Pub/Sub store in {path} cannot be written any more: its disk failed or was full; make room and start again"
    )]
    Unwritable { path: PathBuf },
    #[error("the Pub/Sub store failed")]
    Store(#[from] fjall::Error),
    #[error(
        "the Pub/Sub store holds a record that cannot be read: {key}; move the data directory away to start afresh"
    )]
    Record { key: String, source: prost::DecodeError },
    #[error("the Pub/Sub store holds a schema that does not compile: {0}")]
    Schema(tonic::Status),
    #[error("the Pub/Sub server failed")]
    Serve(#[from] tonic::transport::Error),
    #[error("the Pub/Sub store was still in use after the stop; the next start on its directory may fail")]
    Busy,
    #[error("a task of the Pub/Sub server panicked")]
    Panicked(#[from] tokio::task::JoinError),
}

/// The status of requests and streams that the stop cuts short.
pub fn stopping() -> tonic::Status {
    tonic::Status::unavailable("the embedded Pub/Sub server is stopping")
}

impl From<Error> for tonic::Status {
    /// Storage failures are the only ones that reach a request.
    fn from(error: Error) -> Self {
        // What made the store so was told before.
        if !matches!(error, Error::Store(fjall::Error::Poisoned)) {
            tracing::error!(error = &error as &dyn std::error::Error, "pub/sub request failed");
        }
        tonic::Status::internal(error.to_string())
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Nameless(source) => Self::Address(source),
            Refused::NotLoopback(addr) => Self::NotLoopback(addr),
        }
    }
}
