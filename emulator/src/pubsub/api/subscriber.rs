//! The `google.pubsub.v1.Subscriber` service.

use super::invalid_ids::invalid_ack_ids;
use super::pages::page;
use super::streaming;
use crate::proto::pubsub::{
    AcknowledgeRequest, CreateSnapshotRequest, DeleteSnapshotRequest, DeleteSubscriptionRequest,
    GetSnapshotRequest, GetSubscriptionRequest, ListSnapshotsRequest, ListSnapshotsResponse,
    ListSubscriptionsRequest, ListSubscriptionsResponse, ModifyAckDeadlineRequest, ModifyPushConfigRequest,
    PullRequest, SeekRequest, SeekResponse, Snapshot, StreamingPullRequest, Subscription,
    UpdateSnapshotRequest, UpdateSubscriptionRequest,
};
use crate::proto::subscriber::subscriber_server::Subscriber;
use crate::pubsub::broker::Broker;
use crate::pubsub::checks::check_new_deadline;
use crate::pubsub::names;
use crate::pubsub::subscription::outgoing::Delivery;
use futures_util::stream::BoxStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tonic::{Request, Response, Status, Streaming, async_trait};

/// How long a unary pull waits for a first message.
const PULL_WAIT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct SubscriberService {
    pub broker: Arc<Broker>,
    /// Dropped with the last connection and stream; the server waits for that before it closes the store.
    pub alive: mpsc::Sender<()>,
}

/// Headers beside the answer to GetSubscription: messages that are not acknowledged, and the age of the oldest.
const BACKLOG_MESSAGES: &str = "payments-backlog-messages";
const BACKLOG_OLDEST_MILLIS: &str = "payments-backlog-oldest-millis";

#[async_trait]
impl Subscriber for SubscriberService {
    type StreamingPullStream = BoxStream<'static, Result<Delivery, Status>>;

    async fn create_subscription(
        &self,
        request: Request<Subscription>,
    ) -> Result<Response<Subscription>, Status> {
        self.broker.create_subscription(request.into_inner()).await.map(Response::new)
    }

    async fn get_subscription(
        &self,
        request: Request<GetSubscriptionRequest>,
    ) -> Result<Response<Subscription>, Status> {
        let subscription = self.broker.subscription(&request.into_inner().subscription)?;
        let mut response = Response::new(subscription.config());
        // The service tells this by Cloud Monitoring alone, minutes late.
        let figures = self.broker.figures(subscription).await?;
        for (name, number) in
            [(BACKLOG_MESSAGES, figures.unacked), (BACKLOG_OLDEST_MILLIS, figures.oldest.as_millis() as u64)]
        {
            response.metadata_mut().insert(name, number.into());
        }
        Ok(response)
    }

    async fn update_subscription(
        &self,
        request: Request<UpdateSubscriptionRequest>,
    ) -> Result<Response<Subscription>, Status> {
        self.broker.update_subscription(request.into_inner()).await.map(Response::new)
    }

    async fn list_subscriptions(
        &self,
        request: Request<ListSubscriptionsRequest>,
    ) -> Result<Response<ListSubscriptionsResponse>, Status> {
        let request = request.into_inner();
        names::check_project(&request.project)?;
        let prefix = format!("{}/", request.project);
        let registry = self.broker.read();
        let mine = registry.subscriptions.iter().filter(|(name, _)| name.starts_with(&prefix));
        let (found, next_page_token) =
            page(mine, |(name, _)| name.as_str(), request.page_size, &request.page_token);
        let subscriptions = found.into_iter().map(|(_, subscription)| subscription.config()).collect();
        Ok(Response::new(ListSubscriptionsResponse { subscriptions, next_page_token }))
    }

    async fn delete_subscription(
        &self,
        request: Request<DeleteSubscriptionRequest>,
    ) -> Result<Response<()>, Status> {
        self.broker.delete_subscription(&request.into_inner().subscription).await.map(Response::new)
    }

    async fn modify_ack_deadline(
        &self,
        request: Request<ModifyAckDeadlineRequest>,
    ) -> Result<Response<()>, Status> {
        let request = request.into_inner();
        let seconds = check_new_deadline(request.ack_deadline_seconds)?;
        let subscription = self.broker.attached(&request.subscription)?;
        let invalid = subscription.modify(&request.ack_ids, seconds);
        if invalid.is_empty() { Ok(Response::new(())) } else { Err(invalid_ack_ids(invalid)) }
    }

    async fn acknowledge(&self, request: Request<AcknowledgeRequest>) -> Result<Response<()>, Status> {
        let request = request.into_inner();
        let subscription = self.broker.attached(&request.subscription)?;
        let invalid = subscription.acknowledge(&request.ack_ids).await?;
        if invalid.is_empty() { Ok(Response::new(())) } else { Err(invalid_ack_ids(invalid)) }
    }

    async fn pull(&self, request: Request<PullRequest>) -> Result<Response<Delivery>, Status> {
        let request = request.into_inner();
        let limit = usize::try_from(request.max_messages).ok().filter(|&limit| limit > 0);
        let limit = limit.ok_or_else(|| Status::invalid_argument("max_messages must be greater than 0"))?;
        let subscription = self.broker.attached(&request.subscription)?;
        #[expect(deprecated, reason = "clients still send it")]
        let wait = if request.return_immediately { Duration::from_millis(100) } else { PULL_WAIT };
        let delivery = subscription.pull(limit, Instant::now() + wait).await;
        match delivery {
            None if subscription.ended.is_cancelled() => Err(subscription.end_status()),
            // The response to a pull has no properties.
            delivery => Ok(Response::new(Delivery { properties: None, ..delivery.unwrap_or_default() })),
        }
    }

    async fn streaming_pull(
        &self,
        request: Request<Streaming<StreamingPullRequest>>,
    ) -> Result<Response<Self::StreamingPullStream>, Status> {
        streaming::open(&self.broker, request.into_inner(), self.alive.clone()).await.map(Response::new)
    }

    async fn modify_push_config(&self, _: Request<ModifyPushConfigRequest>) -> Result<Response<()>, Status> {
        Err(Status::unimplemented("the embedded Pub/Sub server has no push subscriptions"))
    }

    async fn get_snapshot(&self, request: Request<GetSnapshotRequest>) -> Result<Response<Snapshot>, Status> {
        Ok(Response::new(self.broker.snapshot(&request.into_inner().snapshot)?.snapshot.clone()))
    }

    async fn list_snapshots(
        &self,
        request: Request<ListSnapshotsRequest>,
    ) -> Result<Response<ListSnapshotsResponse>, Status> {
        let request = request.into_inner();
        names::check_project(&request.project)?;
        let prefix = format!("{}/", request.project);
        let registry = self.broker.read();
        let mine = registry.snapshots.iter().filter(|(name, _)| name.starts_with(&prefix));
        let (found, next_page_token) =
            page(mine, |(name, _)| name.as_str(), request.page_size, &request.page_token);
        let snapshots = found.into_iter().map(|(_, record)| record.snapshot.clone()).collect();
        Ok(Response::new(ListSnapshotsResponse { snapshots, next_page_token }))
    }

    async fn create_snapshot(
        &self,
        request: Request<CreateSnapshotRequest>,
    ) -> Result<Response<Snapshot>, Status> {
        self.broker.create_snapshot(request.into_inner()).await.map(Response::new)
    }

    async fn update_snapshot(
        &self,
        request: Request<UpdateSnapshotRequest>,
    ) -> Result<Response<Snapshot>, Status> {
        self.broker.update_snapshot(request.into_inner()).await.map(Response::new)
    }

    async fn delete_snapshot(&self, request: Request<DeleteSnapshotRequest>) -> Result<Response<()>, Status> {
        self.broker.delete_snapshot(&request.into_inner().snapshot).await.map(Response::new)
    }

    async fn seek(&self, request: Request<SeekRequest>) -> Result<Response<SeekResponse>, Status> {
        self.broker.seek(request.into_inner()).await?;
        Ok(Response::new(SeekResponse {}))
    }
}
