//! Serving on a free port until dropped.

use emulator::connection::Connection;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::service::Routes;

/// So large that a client never waits for the window. Frames stay at HTTP/2's 16 KiB, as Google's.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 64 << 20;

/// The service takes requests of up to 256 MiB.
pub const MAX_REQUEST_BYTES: usize = 256 << 20;

/// A running server; dropping it ends its connections.
#[derive(Debug)]
pub struct Listener {
    addr: SocketAddr,
    _stop: DropGuard,
}

impl Listener {
    pub async fn start(routes: Routes) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let stop = CancellationToken::new();
        let cut = stop.clone();
        let connections = TcpListenerStream::new(listener).map(move |stream| {
            let stream = stream?;
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(Connection::new(stream, cut.clone()))
        });
        let serve = tonic::transport::Server::builder()
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .add_routes(routes)
            .serve_with_incoming_shutdown(connections, stop.clone().cancelled_owned());
        tokio::spawn(async move {
            if let Err(error) = serve.await {
                tracing::warn!(%addr, %error, "a null server has ended");
            }
        });
        Ok(Self { addr, _stop: stop.drop_guard() })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}
