//! A way to a server that can go quiet, as a network does that loses a connection without a word.

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes bytes on to a server; dropping it cuts all connections.
#[derive(Debug)]
pub struct Relay {
    addr: SocketAddr,
    /// Connections accepted so far, and how many of them are quiet.
    counts: Arc<watch::Sender<Counts>>,
    task: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    accepted: usize,
    quiet: usize,
}

impl Relay {
    /// Listens on a free loopback port, for `target`.
    pub async fn start(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let counts: Arc<watch::Sender<Counts>> = Arc::default();
        let task = tokio::spawn(accept(listener, target, counts.clone()));
        Ok(Self { addr, counts, task })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> usize {
        self.counts.borrow().accepted
    }

    /// Swallows from now on whatever the connections open now carry, without closing them. New ones are passed on.
    pub fn quieten(&self) {
        self.counts.send_modify(|counts| counts.quiet = counts.accepted);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, counts: Arc<watch::Sender<Counts>>) {
    // Ends with the task, and its connections with it.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let Ok(server) = TcpStream::connect(target).await else { continue };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let number = counts.borrow().accepted;
        counts.send_modify(|counts| counts.accepted += 1);
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        connections.spawn(pass(from_client, to_server, number, counts.subscribe()));
        connections.spawn(pass(from_server, to_client, number, counts.subscribe()));
    }
}

/// Passes on one direction of a connection until it ends or goes quiet; then it only reads.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: usize,
    counts: watch::Receiver<Counts>,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(len @ 1..) = from.read(&mut buffer).await {
        let is_quiet = counts.borrow().quiet > number;
        if !is_quiet && to.write_all(&buffer[..len]).await.is_err() {
            return;
        }
    }
    if counts.borrow().quiet > number {
        // The other side is not told of the end either.
        std::future::pending::<()>().await;
    }
}
