use crate::{Durability, bigtable, pubsub};
use std::net::SocketAddr;
use std::path::PathBuf;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Where both servers listen and keep their data.
#[derive(Clone, Debug)]
pub struct Options {
    /// Kept after the end, and taken up again by the next start; without it the data is temporary.
    pub data_dir: Option<PathBuf>,
    pub pubsub_addr: SocketAddr,
    pub bigtable_addr: SocketAddr,
    /// What everything confirmed survives.
    pub durability: Durability,
}

impl Default for Options {
    /// Free ports on loopback, temporary data.
    fn default() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { data_dir: None, pubsub_addr: any, bigtable_addr: any, durability: Durability::default() }
    }
}

/// Why the servers could not start or stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen on {addr} for {service}: {source}; choose another port, or 0 for a free one")]
    Listen { service: &'static str, addr: SocketAddr, source: std::io::Error },
    #[error("no temporary folder for the servers' data: {0}; set TMPDIR or pass --data-dir")]
    TemporaryFolder(std::io::Error),
    #[error("Pub/Sub server: {0}")]
    Pubsub(#[from] pubsub::Error),
    #[error("Bigtable server: {0}")]
    Bigtable(#[from] bigtable::Error),
}

/// Both servers, running.
pub struct Servers {
    pub pubsub: pubsub::Server,
    pub bigtable: bigtable::Server,
    temporary: Option<TempDir>,
}

impl Servers {
    pub async fn start(options: Options) -> Result<Self, Error> {
        let (folder, temporary) = if let Some(folder) = options.data_dir {
            (folder, None)
        } else {
            let folder = tempfile::Builder::new()
                .prefix("payments-emulators-")
                .tempdir()
                .map_err(Error::TemporaryFolder)?;
            (folder.path().to_owned(), Some(folder))
        };
        let durability = options.durability;
        let listener = listen("Pub/Sub", options.pubsub_addr).await?;
        let of = pubsub::Options { durability, ..pubsub::Options::new(folder.join("pubsub")) };
        let pubsub = pubsub::Server::start(listener, of).await?;
        let listener = listen("Bigtable", options.bigtable_addr).await?;
        let of = bigtable::Options { durability, ..bigtable::Options::new(folder.join("bigtable")) };
        let bigtable = bigtable::Server::start(listener, of).await?;
        Ok(Self { pubsub, bigtable, temporary })
    }

    /// Waits until a server's store cannot be written any more, and says why.
    pub async fn failed(&self) -> Error {
        tokio::select! {
            error = self.pubsub.failed() => error.into(),
            error = self.bigtable.failed() => error.into(),
        }
    }

    /// Stops both; temporary data is removed.
    pub async fn shutdown(self) -> Result<(), Error> {
        let (pubsub, bigtable) = tokio::join!(self.pubsub.shutdown(), self.bigtable.shutdown());
        drop(self.temporary);
        pubsub?;
        bigtable?;
        Ok(())
    }
}

async fn listen(service: &'static str, addr: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(addr).await.map_err(|source| Error::Listen { service, addr, source })
}
