//! The frame of all scripted servers: a free port, one gRPC service with a script, and an end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::codegen::http::{Request, Response};
use tonic::server::NamedService;
use tonic::service::Routes;

pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A script and how often it was asked; each server has a service for its own.
pub struct Script<S: ?Sized> {
    answer: Arc<S>,
    calls: Arc<AtomicUsize>,
}

impl<S: ?Sized> Script<S> {
    pub fn new(answer: Arc<S>) -> Self {
        Self { answer, calls: Arc::default() }
    }

    /// The next call's number, counted from 0, and the script that answers it.
    pub fn next(&self) -> (usize, &S) {
        (self.calls.fetch_add(1, Ordering::Relaxed), &self.answer)
    }
}

impl<S: ?Sized> Clone for Script<S> {
    fn clone(&self) -> Self {
        Self { answer: self.answer.clone(), calls: self.calls.clone() }
    }
}

/// A running server; dropping it stops it.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves on a free loopback port.
    pub(super) async fn start<S>(service: S) -> std::io::Result<Self>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
    {
        Self::start_all(Routes::new(service)).await
    }

    /// As [`Server::start`], for several services.
    pub(super) async fn start_all(routes: Routes) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let serve = tonic::transport::Server::builder()
            .add_routes(routes)
            .serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async move {
            let _ = serve.await;
        });
        Ok(Self { addr, task })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
