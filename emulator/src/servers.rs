use crate::figures::Figures;
use crate::folder::{Fault, Folder, STORES};
use crate::{Durability, bigtable, pubsub};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use tokio::net::{TcpListener, TcpSocket};

/// A free port on loopback.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

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
        Self { data_dir: None, pubsub_addr: ANY, bigtable_addr: ANY, durability: Durability::default() }
    }
}

/// Why the servers could not start or stop.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen on {addr} for {service}: {source}; choose another port, or 0 for a free one")]
    Listen { service: &'static str, addr: SocketAddr, source: std::io::Error },
    #[error("no temporary folder for the servers' data: {0}; set TMPDIR or pass --data-dir")]
    TemporaryFolder(std::io::Error),
    #[error(transparent)]
    Folder(#[from] Fault),
    #[error("a task of the servers' start did not finish: {0}")]
    Task(#[from] tokio::task::JoinError),
    #[error("Pub/Sub server: {0}")]
    Pubsub(#[from] pubsub::Error),
    #[error("Bigtable server: {0}")]
    Bigtable(#[from] bigtable::Error),
}

/// Both servers, running.
pub struct Servers {
    pub pubsub: pubsub::Server,
    pub bigtable: bigtable::Server,
    doors: Option<[Door; 2]>,
    /// Locked until both have closed their stores.
    folder: Folder,
}

impl Servers {
    /// Starts both where the options say.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let mut servers = Self::prepare(options).await?;
        servers.open().await?;
        Ok(servers)
    }

    /// Starts both on ports that nobody else knows. Their own are taken and still closed, so that whoever waits for one
    /// finds servers that are set up.
    pub async fn prepare(options: Options) -> Result<Self, Error> {
        let doors =
            [Door::new("Pub/Sub", options.pubsub_addr)?, Door::new("Bigtable", options.bigtable_addr)?];
        let folder = tokio::task::spawn_blocking(move || folder(options.data_dir)).await??;
        let [pubsub, bigtable] = STORES.map(|store| folder.path.join(store));
        let durability = options.durability;
        let of = pubsub::Options { durability, ..pubsub::Options::new(pubsub) };
        let pubsub = pubsub::Server::start(Door::new("Pub/Sub", ANY)?.open()?, of).await?;
        let of = bigtable::Options { durability, ..bigtable::Options::new(bigtable) };
        let bigtable = bigtable::Server::start(Door::new("Bigtable", ANY)?.open()?, of).await?;
        Ok(Self { pubsub, bigtable, doors: Some(doors), folder })
    }

    /// Opens the ports of the options.
    pub async fn open(&mut self) -> Result<(), Error> {
        let Some([pubsub, bigtable]) = self.doors.take() else { return Ok(()) };
        let (pubsub, bigtable) = (pubsub.open()?, bigtable.open()?);
        self.pubsub.move_to(pubsub).await?;
        Ok(self.bigtable.move_to(bigtable).await?)
    }

    /// What they have done and hold.
    pub async fn figures(&self) -> Figures {
        let ((published, subscriptions), tables) =
            tokio::join!(self.pubsub.figures(), self.bigtable.figures());
        Figures { published, subscriptions, tables }
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
        drop(self.folder);
        pubsub?;
        bigtable?;
        Ok(())
    }
}

fn folder(data_dir: Option<PathBuf>) -> Result<Folder, Error> {
    match data_dir {
        Some(path) => Ok(Folder::open(&path)?),
        None => Folder::temporary().map_err(Error::TemporaryFolder),
    }
}

/// A port that is taken, and closed until it is opened.
struct Door {
    service: &'static str,
    addr: SocketAddr,
    socket: TcpSocket,
}

impl Door {
    fn new(service: &'static str, addr: SocketAddr) -> Result<Self, Error> {
        let taken = || {
            let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
            // Connections of an earlier run may linger; but two runs must not get the same free port.
            socket.set_reuseaddr(addr.port() != 0)?;
            socket.bind(addr)?;
            Ok(socket)
        };
        let socket = taken().map_err(|source| Error::Listen { service, addr, source })?;
        Ok(Self { service, addr, socket })
    }

    fn open(self) -> Result<TcpListener, Error> {
        let Self { service, addr, socket } = self;
        socket.listen(BACKLOG).map_err(|source| Error::Listen { service, addr, source })
    }
}
