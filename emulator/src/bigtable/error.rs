//! Why a server does not start or stop cleanly.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::connection::Refused;
use crate::folder::Fault;

/// Failure to start or stop the server. Failures of single calls are gRPC statuses instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The listener accepts connections from other machines.
    #[error("address {0} is not loopback and the server has no authentication; listen on 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// The listener has no usable local address.
    #[error("the listener has no local address; bind it again")]
    Listener(#[source] std::io::Error),
    /// The data directory cannot be used as it is.
    #[error(transparent)]
    Folder(#[from] Fault),
    /// The store failed.
    #[error("the store in {path} failed; if this repeats, move the directory away and load again")]
    Storage { path: PathBuf, source: fjall::Error },
    /// The store met a disk that failed or was full, and has to be opened afresh.
    #[error(
        "the store in {path} cannot be written any more: its disk failed or was full; make room and start again"
    )]
    Unwritable { path: PathBuf },
    /// A record of the store cannot be decoded.
    #[error("the record of {what} in {path} is unreadable; move the directory away and load again")]
    Corrupt { path: PathBuf, what: String },
    /// The gRPC server ended by itself.
    #[error("the gRPC server on {addr} failed")]
    Serve { addr: SocketAddr, source: tonic::transport::Error },
    /// A background task died.
    #[error("a task of the server on {addr} did not finish: {reason}")]
    Task { addr: SocketAddr, reason: String },
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Nameless(source) => Self::Listener(source),
            Refused::NotLoopback(addr) => Self::NotLoopback(addr),
        }
    }
}
