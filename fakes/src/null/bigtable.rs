//! A Bigtable in which every row is written and none is kept.

use super::codec::Counted;
use super::listener::{Listener, MAX_REQUEST_BYTES};
use crate::proto::bigtable::{
    MutateRowsResponse, PingAndWarmRequest, PingAndWarmResponse, ReadRowsRequest, ReadRowsResponse,
    mutate_rows_response::Entry,
};
use crate::proto::bigtable_data::bigtable_server::{Bigtable, BigtableServer};
use crate::proto::rpc;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_stream::{Empty, Once};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Request, Response, Status};

/// The running server.
#[derive(Debug)]
pub struct NullBigtable {
    listener: Listener,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// By table, the entries answered OK.
    rows: Mutex<BTreeMap<String, u64>>,
    /// Cancelled when writes may be answered.
    answering: CancellationToken,
}

impl NullBigtable {
    /// Answers every entry OK.
    pub async fn start() -> std::io::Result<Self> {
        let server = Self::start_hanging().await?;
        server.answer();
        Ok(server)
    }

    /// Takes writes and leaves them unanswered until [`NullBigtable::answer`]. Reads are answered.
    pub async fn start_hanging() -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let service = BigtableServer::new(Service(shared.clone()));
        let routes = Routes::new(service.max_decoding_message_size(MAX_REQUEST_BYTES));
        Ok(Self { listener: Listener::start(routes).await?, shared })
    }

    /// Answers all writes from now on, and those that have waited.
    pub fn answer(&self) {
        self.shared.answering.cancel();
    }

    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// By the table's full name, how many entries were answered OK.
    pub fn rows(&self) -> BTreeMap<String, u64> {
        self.shared.rows.lock().clone()
    }
}

#[derive(Debug)]
struct Service(Arc<Shared>);

#[tonic::async_trait]
impl Bigtable for Service {
    type MutateRowsStream = Once<Result<MutateRowsResponse, Status>>;
    type ReadRowsStream = Empty<Result<ReadRowsResponse, Status>>;

    async fn mutate_rows(
        &self,
        request: Request<Counted>,
    ) -> Result<Response<Self::MutateRowsStream>, Status> {
        let Counted { name, elements } = request.into_inner();
        // A client that gives up meanwhile cancels this call, and its rows do not count.
        self.0.answering.cancelled().await;
        *self.0.rows.lock().entry(name).or_default() += elements as u64;
        let entry = |index| Entry { index, status: Some(rpc::Status::default()) };
        let entries = (0..elements as i64).map(entry).collect();
        let response = MutateRowsResponse { entries, ..Default::default() };
        Ok(Response::new(tokio_stream::once(Ok(response))))
    }

    async fn read_rows(&self, _: Request<ReadRowsRequest>) -> Result<Response<Self::ReadRowsStream>, Status> {
        Ok(Response::new(tokio_stream::empty()))
    }

    async fn ping_and_warm(
        &self,
        _: Request<PingAndWarmRequest>,
    ) -> Result<Response<PingAndWarmResponse>, Status> {
        Ok(Response::new(PingAndWarmResponse::default()))
    }
}
