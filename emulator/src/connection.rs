//! Where servers listen, and connections that they can cut, however slow the other side is.

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::stream::{self, Stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::transport::server::{Connected, TcpConnectInfo};

/// Where a server listens, which may change under way.
pub struct Place {
    addr: SocketAddr,
    listeners: mpsc::Sender<TcpListener>,
}

/// A listener that no server takes.
pub enum Refused {
    Nameless(io::Error),
    /// Others than this machine could reach it.
    NotLoopback(SocketAddr),
}

impl Place {
    /// A place on loopback, and the connections that come there.
    pub fn new(
        listener: TcpListener,
    ) -> Result<(Self, impl Stream<Item = io::Result<TcpStream>> + use<>), Refused> {
        let (addr, (listeners, queue)) = (address(&listener)?, mpsc::channel(1));
        // The channel is empty.
        let _ = listeners.try_send(listener);
        Ok((Self { addr, listeners }, incoming(queue)))
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Another place from now on. Connections stay.
    pub async fn move_to(&mut self, listener: TcpListener) -> Result<(), Refused> {
        self.addr = address(&listener)?;
        // Nobody receives once the server has ended, which is told elsewhere.
        let _ = self.listeners.send(listener).await;
        Ok(())
    }
}

fn address(listener: &TcpListener) -> Result<SocketAddr, Refused> {
    let addr = listener.local_addr().map_err(Refused::Nameless)?;
    if addr.ip().is_loopback() { Ok(addr) } else { Err(Refused::NotLoopback(addr)) }
}

/// Connections of the last listener sent; it closes those before it, but not what they have accepted.
fn incoming(listeners: mpsc::Receiver<TcpListener>) -> impl Stream<Item = io::Result<TcpStream>> {
    stream::unfold((None, listeners), |(mut current, mut listeners)| async move {
        loop {
            tokio::select! {
                Some(next) = listeners.recv() => current = Some(next),
                accepted = accept(current.as_ref()) => return Some((accepted, (current, listeners))),
            }
        }
    })
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => Ok(listener.accept().await?.0),
        None => std::future::pending().await,
    }
}

/// A connection that ends when a token is cancelled. One task at a time may wait for it.
pub struct Connection {
    stream: TcpStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Connection {
    pub fn new(stream: TcpStream, cut: CancellationToken) -> Self {
        Connection { stream, cut: Box::pin(cut.cancelled_owned()) }
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.cut.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::Error::new(ErrorKind::ConnectionAborted, "the server has shut down")),
            Poll::Pending => Ok(()),
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_cut_wakes_those_who_wait_for_the_other_side() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _idle = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let cut = CancellationToken::new();
        let connection = Connection::new(listener.accept().await.unwrap().0, cut.clone());
        let (mut reader, mut writer) = tokio::io::split(connection);
        // One task reads and writes, as an HTTP/2 connection does.
        let waiting = tokio::spawn(async move {
            tokio::join!(reader.read_u8(), async { while writer.write_all(&[0; 16 << 10]).await.is_ok() {} })
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        cut.cancel();
        let (read, ()) = tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap().unwrap();
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    }
}
