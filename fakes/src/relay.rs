//! A relay before a server, whose connections can be made to die without a word, as a broken network's do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// A running relay; dropping it closes its connections.
#[derive(Debug)]
pub struct Relay {
    addr: SocketAddr,
    /// Connections of older generations pass nothing on, but take what comes.
    generation: Arc<AtomicUsize>,
    frozen: Arc<AtomicBool>,
    cut: Arc<Notify>,
    accepted: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Relay {
    /// Listens on a free loopback port.
    pub async fn start(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let (generation, accepted) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let frozen = Arc::<AtomicBool>::default();
        let cut = Arc::<Notify>::default();
        let to_cut = cut.clone();
        let (current, count, is_frozen) = (generation.clone(), accepted.clone(), frozen.clone());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                if is_frozen.load(Ordering::Relaxed) {
                    connections.spawn(hold(client));
                } else if let Ok(server) = TcpStream::connect(target).await {
                    let (relay, cut) = (relay(client, server, current.clone()), to_cut.clone());
                    connections.spawn(async move {
                        tokio::select! {
                            () = relay => {}
                            () = cut.notified() => {}
                        }
                    });
                }
            }
        });
        Ok(Self { addr, generation, frozen, cut, accepted, _tasks: tasks })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// From now on the open connections swallow every byte, and stay open; new ones work.
    pub fn quieten(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// From now on new connections are silent, too: the server is frozen.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::Relaxed);
        self.quieten();
    }

    /// Closes the open connections.
    pub fn cut(&self) {
        self.cut.notify_waiters();
    }

    /// Connections taken so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }
}

/// Keeps a connection open without a word.
async fn hold(client: TcpStream) {
    let _client = client;
    std::future::pending::<()>().await;
}

async fn relay(client: TcpStream, server: TcpStream, current: Arc<AtomicUsize>) {
    let mine = current.load(Ordering::Relaxed);
    let is_silent = move || current.load(Ordering::Relaxed) != mine;
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::join!(copy(from_client, to_server, is_silent.clone()), copy(from_server, to_client, is_silent));
}

async fn copy(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    is_silent: impl Fn() -> bool,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if !is_silent() && to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    if is_silent() {
        // A connection that is dead does not close either.
        std::future::pending::<()>().await;
    }
    let _ = to.shutdown().await;
}
