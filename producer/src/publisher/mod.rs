//! Publishes to one topic, with a bounded number of messages and bytes on their way. Knows nothing of payments.

mod caller;
mod request;

pub use request::{Request, Requests};

use crate::progress::Calls;
use caller::Caller;
use gcp::Transport;
use gcp::share::{Permit, Share};
use request::Template;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// Bounds on what is published and not yet confirmed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub messages: usize,
    pub bytes: usize,
    /// How long a request is tried.
    pub patience: Duration,
}

/// The way to a topic.
#[derive(Debug)]
pub struct Publisher {
    template: Template,
    caller: Caller,
    messages: Share,
    bytes: Share,
}

/// A request's part of the limits, given back when it is dropped.
#[derive(Debug)]
pub struct Room {
    _messages: Permit,
    _bytes: Permit,
}

impl Publisher {
    /// All messages carry the attributes. Once `stop` is cancelled, requests are given up after a short while.
    pub fn new(
        topic: &str,
        attributes: &[(&str, &str)],
        limits: Limits,
        connections: Vec<Transport>,
        calls: Calls,
        stop: CancellationToken,
    ) -> Self {
        Self {
            template: Template::new(topic, attributes, limits.messages, limits.bytes),
            caller: Caller::new(connections, topic, limits.patience, calls, stop),
            messages: Share::new(limits.messages),
            bytes: Share::of_bytes(limits.bytes),
        }
    }

    /// Requests in the making.
    pub fn requests(&self) -> Requests<'_> {
        Requests::new(&self.template)
    }

    /// Waits until the request may be on its way. All ask for messages first and for bytes then, so that no two wait
    /// for each other.
    pub async fn room(&self, request: &Request) -> Room {
        let messages = self.messages.take(request.messages).await;
        Room { _messages: messages, _bytes: self.bytes.take_bytes(request.frame.len()).await }
    }

    /// Publishes a request over one of the connections; comes back when all its messages are confirmed.
    ///
    /// # Errors
    /// The service's last word. The messages may have been published nonetheless.
    pub async fn publish(&self, connection: usize, request: &Request) -> Result<(), Status> {
        self.caller.publish(connection, request).await
    }

    /// Takes a confirmed request's buffer back for another.
    pub fn recycle(&self, request: Request) {
        self.template.recycle(request);
    }
}
