//! A Bigtable instance of one cluster whose answers to ListHotTablets are a function.

use super::server::{BoxFuture, Script, Server};
use admin::{
    Cluster, ListClustersRequest, ListClustersResponse, ListHotTabletsRequest, ListHotTabletsResponse,
};
use googleapis_tonic_google_bigtable_admin_v2::google::bigtable::admin::v2 as admin;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// Answers a call by its number, counted from 0, and its request.
type Answerer = dyn Fn(usize, &ListHotTabletsRequest) -> Result<ListHotTabletsResponse, Status> + Send + Sync;

/// Starts on a free loopback port.
pub async fn start(
    script: impl Fn(usize, &ListHotTabletsRequest) -> Result<ListHotTabletsResponse, Status>
    + Send
    + Sync
    + 'static,
) -> std::io::Result<Server> {
    Server::start(Router(Script::new(Arc::new(script)))).await
}

#[derive(Clone)]
struct Router(Script<Answerer>);

impl NamedService for Router {
    const NAME: &'static str = "google.bigtable.admin.v2.BigtableInstanceAdmin";
}

impl Service<http::Request<Body>> for Router {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let router = self.clone();
        Box::pin(async move {
            Ok(match request.uri().path().rsplit('/').next() {
                Some("ListHotTablets") => Grpc::new(ProstCodec::default()).unary(router, request).await,
                Some("ListClusters") => Grpc::new(ProstCodec::default()).unary(ListClusters, request).await,
                _ => Status::unimplemented("only ListHotTablets is scripted").into_http(),
            })
        })
    }
}

impl UnaryService<ListHotTabletsRequest> for Router {
    type Response = ListHotTabletsResponse;
    type Future = Ready<Result<Response<ListHotTabletsResponse>, Status>>;

    fn call(&mut self, request: Request<ListHotTabletsRequest>) -> Self::Future {
        let (number, answer) = self.0.next();
        ready(answer(number, request.get_ref()).map(Response::new))
    }
}

struct ListClusters;

impl UnaryService<ListClustersRequest> for ListClusters {
    type Response = ListClustersResponse;
    type Future = Ready<Result<Response<ListClustersResponse>, Status>>;

    fn call(&mut self, request: Request<ListClustersRequest>) -> Self::Future {
        let name = format!("{}/clusters/only", request.get_ref().parent);
        let clusters = vec![Cluster { name, ..Default::default() }];
        ready(Ok(Response::new(ListClustersResponse { clusters, ..Default::default() })))
    }
}
