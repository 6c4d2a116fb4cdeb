//! A Pub/Sub without topics: it delivers the messages it was started with, and counts those that are published.

use super::codec::Counted;
use super::delivery::{Delivery, Ring};
use super::listener::{Listener, MAX_REQUEST_BYTES};
use super::outbox::Outbox;
use crate::proto::publisher::publisher_server::{Publisher, PublisherServer};
use crate::proto::pubsub::{
    AcknowledgeRequest, GetSubscriptionRequest, GetTopicRequest, ListTopicSubscriptionsRequest,
    ListTopicSubscriptionsResponse, ModifyAckDeadlineRequest, PublishResponse, PubsubMessage,
    StreamingPullRequest, Subscription, Topic,
};
use crate::proto::subscriber::subscriber_server::{Subscriber, SubscriberServer};
use futures_util::stream::{self, BoxStream, StreamExt};
use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic::{Request, Response, Status, Streaming};

/// The server's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages taken by Publish.
    pub published: u64,
    pub delivered: u64,
    /// Delivered messages acked; a second ack of one does not count.
    pub acked: u64,
    pub nacked: u64,
    /// Delivered, and neither acked nor nacked.
    pub outstanding: u64,
    /// Ack ids in lease extensions.
    pub extended: u64,
}

/// The running server.
#[derive(Debug)]
pub struct NullPubsub {
    listener: Listener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    outbox: Mutex<Outbox>,
    /// Something has been settled.
    freed: Notify,
    published: AtomicU64,
    acked: AtomicU64,
    nacked: AtomicU64,
    extended: AtomicU64,
}

impl NullPubsub {
    /// Delivers `deliveries` messages in all, the given ones in turn, each delivery with an id of its own. None is
    /// delivered again, whether it is acked or not.
    pub async fn start(messages: Vec<PubsubMessage>, deliveries: u64) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            outbox: Mutex::new(Outbox::new(Ring::new(messages), deliveries)),
            freed: Notify::new(),
            published: AtomicU64::default(),
            acked: AtomicU64::default(),
            nacked: AtomicU64::default(),
            extended: AtomicU64::default(),
        });
        let publisher = PublisherServer::new(Service(shared.clone()));
        let subscriber = SubscriberServer::new(Service(shared.clone()));
        let routes = Routes::new(publisher.max_decoding_message_size(MAX_REQUEST_BYTES))
            .add_service(subscriber.max_decoding_message_size(MAX_REQUEST_BYTES));
        Ok(Self { listener: Listener::start(routes).await?, shared })
    }

    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    pub fn counts(&self) -> Counts {
        let (delivered, outstanding) = {
            let outbox = self.shared.outbox.lock();
            (outbox.delivered(), outbox.outstanding())
        };
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            published: get(&self.shared.published),
            delivered,
            acked: get(&self.shared.acked),
            nacked: get(&self.shared.nacked),
            outstanding,
            extended: get(&self.shared.extended),
        }
    }
}

impl Shared {
    fn settle(&self, ack_ids: &[String], counter: &AtomicU64) {
        let settled = self.outbox.lock().settle(ack_ids);
        counter.fetch_add(settled, Ordering::Relaxed);
        self.freed.notify_waiters();
    }

    fn modify(&self, ack_ids: &[String], deadline_secs: i32) {
        if deadline_secs == 0 {
            self.settle(ack_ids, &self.nacked);
        } else {
            self.extended.fetch_add(ack_ids.len() as u64, Ordering::Relaxed);
        }
    }

    /// Handles a stream's request after its first.
    fn take_in(&self, request: &StreamingPullRequest) {
        self.settle(&request.ack_ids, &self.acked);
        for (id, &deadline_secs) in
            request.modify_deadline_ack_ids.iter().zip(&request.modify_deadline_seconds)
        {
            self.modify(std::slice::from_ref(id), deadline_secs);
        }
    }

    /// Waits for room, and for ever when nothing is left to deliver.
    async fn next(&self, stream: usize) -> Delivery {
        loop {
            let freed = self.freed.notified();
            let (ring, sequences) = {
                let mut outbox = self.outbox.lock();
                (outbox.ring.clone(), outbox.take(stream))
            };
            if !sequences.is_empty() {
                return Delivery { ring, sequences };
            }
            freed.await;
        }
    }
}

#[derive(Debug)]
struct Service(Arc<Shared>);

#[tonic::async_trait]
impl Publisher for Service {
    async fn publish(&self, request: Request<Counted>) -> Result<Response<PublishResponse>, Status> {
        let count = request.get_ref().elements as u64;
        let first = self.0.published.fetch_add(count, Ordering::Relaxed);
        let message_ids = (first..first + count).map(|id| format!("{id:016}")).collect();
        Ok(Response::new(PublishResponse { message_ids }))
    }

    async fn get_topic(&self, request: Request<GetTopicRequest>) -> Result<Response<Topic>, Status> {
        Ok(Response::new(Topic { name: request.into_inner().topic, ..Default::default() }))
    }

    async fn list_topic_subscriptions(
        &self,
        request: Request<ListTopicSubscriptionsRequest>,
    ) -> Result<Response<ListTopicSubscriptionsResponse>, Status> {
        let subscriptions = vec![request.into_inner().topic.replacen("/topics/", "/subscriptions/", 1)];
        Ok(Response::new(ListTopicSubscriptionsResponse { subscriptions, ..Default::default() }))
    }
}

#[tonic::async_trait]
impl Subscriber for Service {
    type StreamingPullStream = BoxStream<'static, Result<Delivery, Status>>;

    async fn get_subscription(
        &self,
        request: Request<GetSubscriptionRequest>,
    ) -> Result<Response<Subscription>, Status> {
        let name = request.into_inner().subscription;
        let topic = name.replacen("/subscriptions/", "/topics/", 1);
        Ok(Response::new(Subscription { name, topic, ack_deadline_seconds: 60, ..Default::default() }))
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Result<Response<()>, Status> {
        self.0.settle(&request.get_ref().ack_ids, &self.0.acked);
        Ok(Response::new(()))
    }

    async fn modify_ack_deadline(
        &self,
        request: Request<ModifyAckDeadlineRequest>,
    ) -> Result<Response<()>, Status> {
        self.0.modify(&request.get_ref().ack_ids, request.get_ref().ack_deadline_seconds);
        Ok(Response::new(()))
    }

    async fn streaming_pull(
        &self,
        request: Request<Streaming<StreamingPullRequest>>,
    ) -> Result<Response<Self::StreamingPullStream>, Status> {
        let mut requests = request.into_inner();
        let first = requests.message().await?;
        let first = first.ok_or_else(|| Status::invalid_argument("the first request is missing"))?;
        let stream = self.0.outbox.lock().open(first.max_outstanding_messages, first.max_outstanding_bytes);
        let (shared, closed) = (self.0.clone(), CancellationToken::new());
        let ended = closed.clone();
        tokio::spawn(async move {
            while let Ok(Some(request)) = requests.message().await {
                shared.take_in(&request);
            }
            ended.cancel();
        });
        let deliveries = stream::unfold((self.0.clone(), closed), move |(shared, closed)| async move {
            let delivery = closed.run_until_cancelled(shared.next(stream)).await?;
            Some((Ok(delivery), (shared, closed)))
        });
        Ok(Response::new(deliveries.boxed()))
    }
}
