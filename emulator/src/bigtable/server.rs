//! The server's life: start, address, shutdown.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use fjall::Database;
use futures_util::StreamExt;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::server::Router;

use crate::connection::{Connection, Place};
use crate::disk::Disk;
use crate::durability::{Durability, Syncs};
use crate::figures::TableFigures;
use crate::proto::bigtable_data::bigtable_server::BigtableServer;
use crate::proto::bigtable_table_admin::bigtable_table_admin_server::BigtableTableAdminServer;

use super::api::admin::Admin;
use super::api::admission::Admission;
use super::api::data::Data;
use super::api::jobs::Jobs;
use super::api::reads::{MAX_REQUEST_BYTES, Reader, Reads};
use super::error::Error;
use super::store::catalog::Catalog;
use super::store::table::Table;

/// Calls a connection may have open. The connection's window is that of all of them together, so that a call waiting
/// for admission never keeps an admitted one from receiving.
const STREAMS: u32 = 100;
const STREAM_WINDOW_BYTES: u32 = 128 << 10;

/// How long open calls have at shutdown before their connections are cut, and then to notice the cut.
const GRACE: Duration = Duration::from_secs(1);

/// How often to look whether the store can still be written.
const LOOK: Duration = Duration::from_secs(1);

/// A server's settings.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the tables live. Created if missing; one server at a time.
    pub data_dir: PathBuf,
    /// Memory for what is read often: blocks of keys, and rows.
    pub cache_bytes: u64,
    /// Bytes of the disk that writes leave free for what the store writes by itself: memtables and compactions.
    pub reserve_bytes: u64,
    /// What an answered change survives.
    pub durability: Durability,
}

impl Options {
    /// The default settings for a data directory.
    pub fn new(data_dir: impl Into<PathBuf>) -> Options {
        Options {
            data_dir: data_dir.into(),
            cache_bytes: 32 << 20,
            reserve_bytes: 256 << 20,
            durability: Durability::default(),
        }
    }
}

/// A running server. Dropping it stops it without waiting; [`Server::shutdown`] syncs the data to disk, too.
pub struct Server {
    place: Place,
    catalog: Arc<Catalog>,
    jobs: Arc<Jobs>,
    serving: JoinHandle<Result<(), tonic::transport::Error>>,
    /// Ends accepting connections and work.
    stop: DropGuard,
    /// Ends connections.
    cut: DropGuard,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("addr", &self.addr()).finish_non_exhaustive()
    }
}

impl Server {
    /// Serves a listener on loopback. When this returns, the data directory's tables are open.
    pub async fn start(listener: TcpListener, options: Options) -> Result<Server, Error> {
        let durability = options.durability;
        Self::start_with(listener, options, move |database| durability.syncs(database)).await
    }

    pub(crate) async fn start_with(
        listener: TcpListener,
        options: Options,
        syncs: impl FnOnce(Database) -> Syncs + Send + 'static,
    ) -> Result<Server, Error> {
        let (place, connections) = Place::new(listener)?;
        let addr = place.addr();
        let disk = Disk::new(&options.data_dir, options.reserve_bytes);
        let open = move || Catalog::open(&options.data_dir, options.cache_bytes, syncs);
        let catalog = tokio::task::spawn_blocking(open).await.map_err(|error| died(addr, &error))??;
        let (stop, cut) = (CancellationToken::new(), CancellationToken::new());
        let catalog = Arc::new(catalog);
        let jobs = Arc::new(Jobs::new(catalog.clone(), stop.clone()));
        let connections = connections.map({
            let cut = cut.clone();
            move |stream| {
                let stream = stream?;
                stream.set_nodelay(true)?;
                Ok::<_, std::io::Error>(Connection::new(stream, cut.clone()))
            }
        });
        let router = router(&catalog, &jobs, disk);
        let serving =
            tokio::spawn(router.serve_with_incoming_shutdown(connections, stop.clone().cancelled_owned()));
        Ok(Server { place, catalog, jobs, serving, stop: stop.drop_guard(), cut: cut.drop_guard() })
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.place.addr()
    }

    /// Listens here from now on, instead of where it did. Connections stay.
    pub async fn move_to(&mut self, listener: TcpListener) -> Result<(), Error> {
        Ok(self.place.move_to(listener).await?)
    }

    /// What was written to each table, and what it takes on disk.
    pub async fn figures(&self) -> Vec<TableFigures> {
        let catalog = self.catalog.clone();
        let figures = move || {
            let of = |table: Arc<Table>| {
                let storage = &table.state().ok()?.storage;
                let (rows_written, stored_bytes) = (storage.written(), storage.stored_bytes());
                Some(TableFigures { name: table.name.clone(), rows_written, stored_bytes })
            };
            catalog.list("").into_iter().filter_map(of).collect()
        };
        tokio::task::spawn_blocking(figures).await.unwrap_or_default()
    }

    /// Waits until the store cannot be written any more, and says why.
    pub async fn failed(&self) -> Error {
        loop {
            tokio::time::sleep(LOOK).await;
            let catalog = self.catalog.clone();
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || catalog.check()).await {
                return error;
            }
        }
    }

    /// Ends open calls, within about two seconds; then syncs the data to disk and closes the store.
    pub async fn shutdown(self) -> Result<(), Error> {
        let Server { place, catalog, jobs, mut serving, stop, cut } = self;
        let addr = place.addr();
        stop.disarm().cancel();
        let mut served = timeout(GRACE, &mut serving).await;
        if served.is_err() {
            cut.disarm().cancel();
            served = timeout(GRACE, &mut serving).await;
        }
        serving.abort();
        jobs.drain().await;
        let close = tokio::task::spawn_blocking(move || catalog.close());
        close.await.map_err(|error| died(addr, &error))??;
        match served {
            Ok(Ok(served)) => served.map_err(|source| Error::Serve { addr, source }),
            Ok(Err(error)) => Err(died(addr, &error)),
            Err(_) => Ok(()),
        }
    }
}

fn router(catalog: &Arc<Catalog>, jobs: &Arc<Jobs>, disk: Disk) -> Router {
    let data =
        BigtableServer::new(Data { catalog: catalog.clone(), jobs: jobs.clone(), disk: Arc::new(disk) });
    let reader = Reader { catalog: catalog.clone(), jobs: jobs.clone() };
    let admin = BigtableTableAdminServer::new(Admin { catalog: catalog.clone(), jobs: jobs.clone() });
    tonic::transport::Server::builder()
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(STREAMS * STREAM_WINDOW_BYTES)
        .max_frame_size(STREAM_WINDOW_BYTES)
        .add_service(Admission::new(Reads {
            service: data.max_decoding_message_size(MAX_REQUEST_BYTES),
            reader,
        }))
        .add_service(admin.max_decoding_message_size(MAX_REQUEST_BYTES))
}

fn died(addr: SocketAddr, error: &tokio::task::JoinError) -> Error {
    Error::Task { addr, reason: error.to_string() }
}
