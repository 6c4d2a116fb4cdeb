//! The age of a subscription's oldest unacked message, and waiting until all old messages are acked.
//!
//! Pub/Sub's own interface counts no backlog; only Cloud Monitoring does, minutes late. But it defines that a new
//! snapshot lives for seven days less the age of the oldest unacked message, so a snapshot made and deleted at once
//! shows that age. Google's emulator and the embedded server keep to the same rule.

use crate::moment::{self, SECOND_MICROS};
use crate::snapshot;
use gcp::Resource;
use gcp::pubsub::Pubsub;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as proto;
use service::Error;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Response};

/// A snapshot's longest life.
const LIFE_MICROS: i64 = 7 * 24 * 3_600 * SECOND_MICROS;

/// The oldest unacked message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oldest {
    /// So old that no snapshot can be made: more than 6 days 23 hours.
    TooOld,
    /// Published then, UTC microseconds; if nothing is unacked, the service's present.
    Published(i64),
}

/// The backlog of one subscription.
#[derive(Clone, Debug)]
pub struct Backlog<'p> {
    pubsub: &'p Pubsub,
    subscription: String,
    /// A fixed name, so that a snapshot left behind by a kill is found by the next look.
    probe: String,
}

impl<'p> Backlog<'p> {
    /// `subscription` is its full name.
    pub fn of(pubsub: &'p Pubsub, subscription: &str) -> Self {
        let id = subscription.rsplit('/').next().unwrap_or(subscription);
        Self {
            pubsub,
            subscription: subscription.to_owned(),
            probe: pubsub.snapshot_name(&format!("probe-{id}")),
        }
    }

    async fn probe(&self, request: &proto::CreateSnapshotRequest) -> Result<Probed, Error> {
        let (kind, name) = ("subscription", self.subscription.as_str());
        let resource = Resource { kind, name, role: "roles/pubsub.editor" };
        let create = || async {
            let probed = match self.pubsub.subscriptions().create_snapshot(request.clone()).await {
                Ok(made) => Probed::Made(made.into_inner()),
                Err(status) if status.code() == Code::FailedPrecondition => Probed::TooOld,
                Err(status) if status.code() == Code::AlreadyExists => Probed::Occupied,
                Err(status) => return Err(status),
            };
            Ok(Response::new(probed))
        };
        self.pubsub.answer(resource, create).await
    }

    /// Looks once.
    pub async fn oldest(&self) -> Result<Oldest, Error> {
        let request = proto::CreateSnapshotRequest {
            name: self.probe.clone(),
            subscription: self.subscription.clone(),
            ..Default::default()
        };
        let mut probed = self.probe(&request).await?;
        if probed == Probed::Occupied {
            snapshot::delete(self.pubsub, &self.probe).await?;
            probed = self.probe(&request).await?;
        }
        let made = match probed {
            Probed::Made(made) => made,
            Probed::TooOld => return Ok(Oldest::TooOld),
            Probed::Occupied => {
                let reason = format!("another look makes {} at the same time", self.probe);
                return Err(Error::Refused { kind: "subscription", name: self.subscription.clone(), reason });
            }
        };
        snapshot::delete(self.pubsub, &self.probe).await?;
        let expires = made.expire_time.as_ref().map(moment::micros_of);
        let refused = || {
            let reason = "the server does not say when a snapshot expires: pass --no-wait".to_owned();
            Error::Refused { kind: "subscription", name: self.subscription.clone(), reason }
        };
        Ok(Oldest::Published(expires.ok_or_else(refused)? - LIFE_MICROS))
    }
}

/// What became of the snapshot that is made to look.
#[derive(Debug, PartialEq)]
enum Probed {
    Made(proto::Snapshot),
    TooOld,
    /// One of this name is there already.
    Occupied,
}

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between two looks.
    pub interval: Duration,
    /// How long nothing old must be unacked before that counts: a seek takes effect some time after its response.
    pub settle: Duration,
    pub timeout: Duration,
}

/// How waiting ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Whether all that was published before the seek is acked.
    pub is_done: bool,
    /// The oldest that was ever seen unacked, if anything old was.
    pub first: Option<Oldest>,
    pub last: Option<Oldest>,
}

/// Waits until everything published before `before_micros` is acked. `each` gets the outcome of every look.
pub async fn settle(
    backlog: &Backlog<'_>,
    before_micros: i64,
    patience: Patience,
    mut each: impl FnMut(Oldest),
) -> Result<Settled, Error> {
    let deadline = Instant::now() + patience.timeout;
    let (mut first, mut clear_since) = (None, None);
    loop {
        let oldest = backlog.oldest().await?;
        each(oldest);
        if oldest < Oldest::Published(before_micros) {
            first = Some(first.map_or(oldest, |first: Oldest| first.min(oldest)));
            clear_since = None;
        } else {
            let since = *clear_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= patience.settle {
                return Ok(Settled { is_done: true, first, last: Some(oldest) });
            }
        }
        if Instant::now() >= deadline {
            return Ok(Settled { is_done: false, first, last: Some(oldest) });
        }
        tokio::time::sleep(patience.interval).await;
    }
}
