//! Whether anybody keeps what is published to the dead-letter topic.
//!
//! A topic without a subscription takes messages and drops them. It comes about when a topic is deleted and made again:
//! the old subscription stays with the old topic. So a letter counts as published only by an answer to a question that
//! was asked after it.

use gcp::Resource;
use gcp::pubsub::Pubsub;
use service::Error;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};
use tonic::{Response, Status};

/// Questions are at least so far apart: all letters in between share the next one.
const PACE: Duration = Duration::from_secs(1);
/// Longest wait for an answer.
const LIMIT: Duration = Duration::from_secs(10);
const NOBODY: &str = "no subscription keeps what is published to it, so that dead letters would be lost; `payments setup` \
                      makes one, or says what is in its way";

/// Asks which subscriptions the topic has.
#[derive(Debug)]
pub struct Keeper {
    pubsub: Pubsub,
    topic: String,
    /// Held while a question is on its way.
    last: Mutex<Told>,
}

/// The last answer, and when its question was asked.
#[derive(Debug)]
struct Told {
    asked: Instant,
    answer: Result<(), Status>,
}

impl Keeper {
    /// Fails where the topic is not there, or nobody keeps its messages.
    pub async fn open(pubsub: Pubsub, topic: String) -> Result<Self, Error> {
        let asked = Instant::now();
        let resource = Resource { kind: "topic", name: &topic, role: "roles/pubsub.viewer" };
        let ask = || async { pubsub.has_subscription(&topic, LIMIT).await.map(Response::new) };
        if !pubsub.answer(resource, ask).await? {
            return Err(Error::Refused { kind: "topic", name: topic, reason: NOBODY.to_owned() });
        }
        Ok(Self { pubsub, topic, last: Mutex::new(Told { asked, answer: Ok(()) }) })
    }

    /// Whether a letter may be published, as far as is known.
    pub async fn may_publish(&self) -> Result<(), Status> {
        if self.last.lock().await.answer.is_ok() { Ok(()) } else { self.keeps(Instant::now()).await }
    }

    /// Whether a subscription has what was published before `published`.
    pub async fn keeps(&self, published: Instant) -> Result<(), Status> {
        let mut last = self.last.lock().await;
        if last.asked < published {
            sleep_until(last.asked + PACE).await;
            let asked = Instant::now();
            *last = Told { asked, answer: self.ask().await };
        }
        last.answer.clone()
    }

    async fn ask(&self) -> Result<(), Status> {
        let is_kept = self.pubsub.has_subscription(&self.topic, LIMIT).await?;
        is_kept.then_some(()).ok_or_else(|| Status::failed_precondition(NOBODY))
    }
}
