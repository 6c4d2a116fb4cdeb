//! The right to settle one message.

use tokio::sync::{mpsc, oneshot};

/// Settles one message. Dropped, it nacks, and the service delivers the message again.
#[derive(Debug)]
pub struct Handle {
    number: u64,
    exactly_once: bool,
    settlements: Option<mpsc::UnboundedSender<Settlement>>,
}

/// The service has not confirmed an ack: the message may come again.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the ack is not confirmed: {0}")]
pub struct Unacked(pub String);

/// Where the word about an ack goes.
pub type Confirm = oneshot::Sender<Result<(), Unacked>>;

/// What is decided for a message, by its number in its lane.
#[derive(Debug)]
pub struct Settlement {
    pub number: u64,
    pub how: How,
}

#[derive(Debug)]
pub enum How {
    Ack,
    /// An ack that somebody waits for.
    Confirm(Confirm),
    Nack,
}

impl Handle {
    pub(super) fn new(
        number: u64,
        exactly_once: bool,
        settlements: mpsc::UnboundedSender<Settlement>,
    ) -> Self {
        Self { number, exactly_once, settlements: Some(settlements) }
    }

    /// Acks. On an exactly-once subscription this waits for the service's word; otherwise it is sent in the background.
    ///
    /// # Errors
    /// When the ack is not confirmed, or the streams are closed already.
    pub async fn ack(mut self) -> Result<(), Unacked> {
        let closed = || Unacked("the stream is closed".to_owned());
        let settlements = self.settlements.take().ok_or_else(closed)?;
        if !self.exactly_once {
            let ack = Settlement { number: self.number, how: How::Ack };
            return settlements.send(ack).map_err(|_| closed());
        }
        let (confirm, confirmed) = oneshot::channel();
        let ack = Settlement { number: self.number, how: How::Confirm(confirm) };
        settlements.send(ack).map_err(|_| closed())?;
        drop(settlements);
        confirmed.await.unwrap_or_else(|_| Err(closed()))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(settlements) = self.settlements.take() {
            let _ = settlements.send(Settlement { number: self.number, how: How::Nack });
        }
    }
}
