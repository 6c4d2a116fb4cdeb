//! The `google.pubsub.v1.Publisher` service.

use super::pages::page;
use crate::proto::publisher::publisher_server::Publisher;
use crate::proto::pubsub::{
    DeleteTopicRequest, DetachSubscriptionRequest, DetachSubscriptionResponse, GetTopicRequest,
    ListTopicSnapshotsRequest, ListTopicSnapshotsResponse, ListTopicSubscriptionsRequest,
    ListTopicSubscriptionsResponse, ListTopicsRequest, ListTopicsResponse, PublishResponse, Topic,
    UpdateTopicRequest,
};
use crate::pubsub::broker::Broker;
use crate::pubsub::names;
use crate::pubsub::topic::batch::PublishBatch;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming, async_trait};

/// A request whose rest has not come for so long makes room for others: its sender may be frozen.
const STALLED: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct PublisherService {
    pub broker: Arc<Broker>,
    /// Dropped with the last connection; the server waits for that before it closes the store.
    pub _alive: mpsc::Sender<()>,
}

#[async_trait]
impl Publisher for PublisherService {
    async fn publish(
        &self,
        request: Request<Streaming<PublishBatch>>,
    ) -> Result<Response<PublishResponse>, Status> {
        let mut requests = request.into_inner();
        let writer = self.broker.writer();
        let reading = writer.start_reading().await?;
        let message = timeout(STALLED, requests.message())
            .await
            .map_err(|_| Status::unavailable("the request did not come to its end in time; send it again"))?;
        let batch = message?.ok_or_else(|| Status::invalid_argument("the request is missing"))?;
        let topic = self.broker.topic(&batch.topic)?;
        self.broker.check_messages(&topic, &batch)?;
        let count = batch.message_count() as u64;
        let first = writer.publish(topic.clone(), batch, Some(reading)).await?;
        let message_ids = (first..first + count).map(|sequence| topic.message_id(sequence)).collect();
        Ok(Response::new(PublishResponse { message_ids }))
    }

    async fn create_topic(&self, request: Request<Topic>) -> Result<Response<Topic>, Status> {
        self.broker.create_topic(request.into_inner()).await.map(Response::new)
    }

    async fn get_topic(&self, request: Request<GetTopicRequest>) -> Result<Response<Topic>, Status> {
        Ok(Response::new((*self.broker.topic(&request.into_inner().topic)?.config()).clone()))
    }

    async fn update_topic(&self, request: Request<UpdateTopicRequest>) -> Result<Response<Topic>, Status> {
        self.broker.update_topic(request.into_inner()).await.map(Response::new)
    }

    async fn delete_topic(&self, request: Request<DeleteTopicRequest>) -> Result<Response<()>, Status> {
        self.broker.delete_topic(&request.into_inner().topic).await.map(Response::new)
    }

    async fn list_topics(
        &self,
        request: Request<ListTopicsRequest>,
    ) -> Result<Response<ListTopicsResponse>, Status> {
        let request = request.into_inner();
        names::check_project(&request.project)?;
        let prefix = format!("{}/", request.project);
        let registry = self.broker.read();
        let topics = registry.topics.values().map(|topic| topic.config());
        let mine = topics.filter(|topic| topic.name.starts_with(&prefix));
        let (topics, next_page_token) =
            page(mine, |topic| &topic.name, request.page_size, &request.page_token);
        let topics = topics.iter().map(|topic| (**topic).clone()).collect();
        Ok(Response::new(ListTopicsResponse { topics, next_page_token }))
    }

    async fn list_topic_subscriptions(
        &self,
        request: Request<ListTopicSubscriptionsRequest>,
    ) -> Result<Response<ListTopicSubscriptionsResponse>, Status> {
        let request = request.into_inner();
        let topic = self.broker.topic(&request.topic)?;
        let registry = self.broker.read();
        let all = registry.subscriptions.iter();
        let mine = all.filter(|(_, s)| s.topic.number == topic.number && !s.config().detached);
        let names = mine.map(|(name, _)| name.clone());
        let (subscriptions, next_page_token) =
            page(names, |name| name.as_str(), request.page_size, &request.page_token);
        Ok(Response::new(ListTopicSubscriptionsResponse { subscriptions, next_page_token }))
    }

    async fn list_topic_snapshots(
        &self,
        request: Request<ListTopicSnapshotsRequest>,
    ) -> Result<Response<ListTopicSnapshotsResponse>, Status> {
        let request = request.into_inner();
        let topic = self.broker.topic(&request.topic)?;
        let registry = self.broker.read();
        let mine = registry.snapshots.iter().filter(|(_, snapshot)| snapshot.topic_number == topic.number);
        let names = mine.map(|(name, _)| name.clone());
        let (snapshots, next_page_token) =
            page(names, |name| name.as_str(), request.page_size, &request.page_token);
        Ok(Response::new(ListTopicSnapshotsResponse { snapshots, next_page_token }))
    }

    async fn detach_subscription(
        &self,
        request: Request<DetachSubscriptionRequest>,
    ) -> Result<Response<DetachSubscriptionResponse>, Status> {
        self.broker.detach_subscription(&request.into_inner().subscription).await?;
        Ok(Response::new(DetachSubscriptionResponse {}))
    }
}
