//! Starting and stopping.

use super::api::publisher::PublisherService;
use super::api::schema_service;
use super::api::subscriber::SubscriberService;
use super::broker::Broker;
use super::error::Error;
use super::store::Store;
use super::tasks::Tasks;
use crate::connection::{Connection, Place};
use crate::durability::{Durability, Syncs};
use crate::figures::SubscriptionFigures;
use crate::proto::publisher::publisher_server::PublisherServer;
use crate::proto::schema_service::schema_service_server::SchemaServiceServer;
use crate::proto::subscriber::subscriber_server::SubscriberServer;
use fjall::Database;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

/// How long requests may take to end after the stop.
const GRACE: Duration = Duration::from_millis(1500);
/// How long the store's users may then take to release it.
const RELEASE: Duration = Duration::from_secs(5);

/// A connection is asked this often whether it still is one, and has as long for its answer.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How often to look whether the store can still be written.
const LOOK: Duration = Duration::from_secs(1);
/// HTTP/2: windows for a few publish requests under way, and frames so large that a megabyte is not cut into sixty.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
const MAX_FRAME: u32 = 1024 * 1024;
/// A publish request may have 10 MB. Larger ones are decoded too, so that the refusal can say why.
const MAX_REQUEST: usize = 32 * 1024 * 1024;

/// How to start a server.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything is kept; created if missing. One server at a time.
    pub data_dir: PathBuf,
    /// Bytes of the disk that publishers leave free for what the store writes by itself: journals and memtables.
    pub reserve_bytes: u64,
    /// What everything confirmed survives.
    pub durability: Durability,
}

impl Options {
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self { data_dir: data_dir.into(), reserve_bytes: 128 << 20, durability: Durability::default() }
    }
}

/// A look at a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionStats {
    /// Messages published and not acknowledged. Those that a filter has not seen yet all count.
    pub unacked: u64,
    /// How many of these subscribers hold now.
    pub outstanding: u64,
    /// Open streaming pulls.
    pub streams: usize,
}

/// A running server. Dropping it stops it without waiting; [`Server::shutdown`] waits and reports.
pub struct Server {
    place: Place,
    broker: Option<Arc<Broker>>,
    tasks: Tasks,
    stopping: CancellationToken,
    /// Cuts connections that do not end by themselves.
    cut: CancellationToken,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
    /// Closed once no request and no stream is left.
    gone: mpsc::Receiver<()>,
}

impl Server {
    /// Opens the store in `options.data_dir` and serves `listener`, which must be bound to loopback.
    pub async fn start(listener: TcpListener, options: Options) -> Result<Self, Error> {
        let durability = options.durability;
        Self::start_with(listener, options, move |database| durability.syncs(database)).await
    }

    pub(crate) async fn start_with(
        listener: TcpListener,
        options: Options,
        syncs: impl FnOnce(Database) -> Syncs + Send + 'static,
    ) -> Result<Self, Error> {
        let (place, connections) = Place::new(listener)?;
        let open = move || Store::open(&options.data_dir, options.reserve_bytes, syncs);
        let store = tokio::task::spawn_blocking(open).await??;
        let stopping = CancellationToken::new();
        let runtime = tokio::runtime::Handle::current();
        let loading = stopping.clone();
        let (broker, added) = tokio::task::spawn_blocking(move || {
            let _runtime = runtime.enter();
            Broker::open(store, loading)
        })
        .await??;
        let broker = Arc::new(broker);
        let tasks = Tasks::start(&broker, added);
        let cut = CancellationToken::new();
        let (alive, gone) = mpsc::channel(1);
        let serving = tokio::spawn(serve(connections, broker.clone(), alive, cut.clone()));
        Ok(Self { place, broker: Some(broker), tasks, stopping, cut, serving, gone })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.place.addr()
    }

    /// Listens here from now on, instead of where it did. Connections stay.
    pub async fn move_to(&mut self, listener: TcpListener) -> Result<(), Error> {
        Ok(self.place.move_to(listener).await?)
    }

    /// A subscription's figures, or `None` if there is none of that name.
    pub fn stats(&self, subscription: &str) -> Option<SubscriptionStats> {
        self.broker.as_ref()?.inspect(subscription, |subscription, backlog| SubscriptionStats {
            unacked: backlog.unacked(subscription.topic.head()),
            outstanding: backlog.outstanding(),
            streams: backlog.streams(),
        })
    }

    /// What was published to each topic, and how each subscription is.
    pub async fn figures(&self) -> (Vec<(String, u64)>, Vec<SubscriptionFigures>) {
        let Some(broker) = self.broker.clone() else { return Default::default() };
        let topics = broker.topics();
        let published = topics.iter().map(|topic| (topic.config().name.clone(), topic.published())).collect();
        let mut subscriptions = Vec::new();
        for subscription in broker.subscriptions() {
            subscriptions.extend(broker.figures(subscription).await);
        }
        (published, subscriptions)
    }

    /// Waits until the store cannot be written any more, and says why.
    pub async fn failed(&self) -> Error {
        loop {
            tokio::time::sleep(LOOK).await;
            let Some(store) = self.broker.as_ref().map(|broker| broker.store().clone()) else { continue };
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || store.check()).await {
                return error;
            }
        }
    }

    /// Stops accepting, ends streams with `UNAVAILABLE`, gives requests 1.5 s to end, and closes the store with
    /// everything on disk.
    pub async fn shutdown(mut self) -> Result<(), Error> {
        self.stopping.cancel();
        if tokio::time::timeout(GRACE, &mut self.serving).await.is_err() {
            tracing::debug!("connections are still open; cutting them");
        }
        self.cut.cancel();
        self.serving.abort();
        let Some(broker) = self.broker.take() else { return Ok(()) };
        let closing = async {
            self.gone.recv().await;
            self.tasks.close(broker).await
        };
        tokio::time::timeout(RELEASE, closing).await.unwrap_or(Err(Error::Busy))
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("addr", &self.addr()).finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.cut.cancel();
        self.serving.abort();
    }
}

async fn serve(
    connections: impl Stream<Item = io::Result<TcpStream>> + Send + 'static,
    broker: Arc<Broker>,
    alive: mpsc::Sender<()>,
    cut: CancellationToken,
) -> Result<(), tonic::transport::Error> {
    let stopping = broker.stopping.clone();
    let connections = connections.map(move |stream| stream.map(|stream| accept(stream, &cut)));
    let publisher = PublisherService { broker: broker.clone(), _alive: alive.clone() };
    let schemas = schema_service::Service { broker: broker.clone(), _alive: alive.clone() };
    let subscriber = SubscriberService { broker, alive };
    tonic::transport::Server::builder()
        // The messages of a client that is gone without a word must go to others, not into its dead connection.
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(MAX_FRAME)
        .add_service(PublisherServer::new(publisher).max_decoding_message_size(MAX_REQUEST))
        .add_service(SubscriberServer::new(subscriber).max_decoding_message_size(MAX_REQUEST))
        .add_service(SchemaServiceServer::new(schemas))
        .serve_with_incoming_shutdown(connections, stopping.cancelled_owned())
        .await
}

fn accept(stream: TcpStream, cut: &CancellationToken) -> Connection {
    // Otherwise small responses wait until the client's kernel has acknowledged earlier ones.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    Connection::new(stream, cut.clone())
}
