//! A Cloud Monitoring whose answers to ListTimeSeries are a function.

use super::server::{BoxFuture, Script, Server};
use googleapis_tonic_google_monitoring_v3::google::monitoring::v3 as proto;
use proto::{ListTimeSeriesRequest, ListTimeSeriesResponse, Point, TimeInterval, TimeSeries, TypedValue};
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

/// How the server answers a call.
#[derive(Debug)]
pub enum Reply {
    Series(Vec<TimeSeries>),
    Refuse(Status),
    /// Never answers.
    Hang,
}

/// Answers a call by its number, counted from 0, and its request.
type Answerer = dyn Fn(usize, &ListTimeSeriesRequest) -> Reply + Send + Sync;

/// Starts on a free loopback port.
pub async fn start(
    script: impl Fn(usize, &ListTimeSeriesRequest) -> Reply + Send + Sync + 'static,
) -> std::io::Result<Server> {
    Server::start(Router(Script::new(Arc::new(script)))).await
}

/// A gauge's series of whole numbers.
pub fn points(values: &[(SystemTime, i64)]) -> TimeSeries {
    let point = |(at, value): &(SystemTime, i64)| Point {
        interval: Some(TimeInterval { start_time: Some((*at).into()), end_time: Some((*at).into()) }),
        value: Some(TypedValue { value: Some(proto::typed_value::Value::Int64Value(*value)) }),
    };
    TimeSeries { points: values.iter().map(point).collect(), ..TimeSeries::default() }
}

#[derive(Clone)]
struct Router(Script<Answerer>);

impl NamedService for Router {
    const NAME: &'static str = "google.monitoring.v3.MetricService";
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
                Some("ListTimeSeries") => Grpc::new(ProstCodec::default()).unary(router, request).await,
                _ => Status::unimplemented("only ListTimeSeries is scripted").into_http(),
            })
        })
    }
}

impl UnaryService<ListTimeSeriesRequest> for Router {
    type Response = ListTimeSeriesResponse;
    type Future = BoxFuture<Result<Response<ListTimeSeriesResponse>, Status>>;

    fn call(&mut self, request: Request<ListTimeSeriesRequest>) -> Self::Future {
        let (number, answer) = self.0.next();
        let reply = answer(number, request.get_ref());
        Box::pin(async move {
            match reply {
                Reply::Series(time_series) => {
                    Ok(Response::new(ListTimeSeriesResponse { time_series, ..Default::default() }))
                }
                Reply::Refuse(status) => Err(status),
                Reply::Hang => pending().await,
            }
        })
    }
}
