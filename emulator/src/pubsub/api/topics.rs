//! Topics: checking, creating, changing, deleting.

use crate::proto::pubsub;
use crate::pubsub::broker::Broker;
use crate::pubsub::checks::{check_retention, immutable, paths, unsupported};
use crate::pubsub::names;
use crate::pubsub::store::records::TopicRecord;
use crate::pubsub::topic::Topic;
use std::sync::Arc;
use tonic::Status;

impl Broker {
    pub async fn create_topic(&self, mut topic: pubsub::Topic) -> Result<pubsub::Topic, Status> {
        names::check(&topic.name, "topics")?;
        check(&topic)?;
        let mut counters = self.changes.lock().await;
        self.check_schema_settings(topic.schema_settings.as_ref())?;
        if self.read().topics.contains_key(&topic.name) {
            return Err(names::already_exists(&topic.name));
        }
        topic.state = pubsub::topic::State::Active.into();
        let number = self.next_number(&mut counters).await?;
        let record = TopicRecord { number, topic: topic.clone(), deleted: false };
        let opened = self
            .store_call(move |store| {
                let opened = Topic::open(store, record.clone())?;
                store.save_topic(&record)?;
                Ok(opened)
            })
            .await?;
        self.write().topics.insert(topic.name.clone(), Arc::new(opened));
        Ok(topic)
    }

    pub async fn update_topic(&self, request: pubsub::UpdateTopicRequest) -> Result<pubsub::Topic, Status> {
        let wanted = request.topic.ok_or_else(|| Status::invalid_argument("topic is missing"))?;
        let _changes = self.changes.lock().await;
        let topic = self.topic(&wanted.name)?;
        let mut config = (*topic.config()).clone();
        for path in paths(request.update_mask)? {
            match path.as_str() {
                "labels" => config.labels.clone_from(&wanted.labels),
                "message_retention_duration" => {
                    config.message_retention_duration = wanted.message_retention_duration;
                }
                "message_storage_policy" => {
                    config.message_storage_policy.clone_from(&wanted.message_storage_policy);
                }
                "schema_settings" => config.schema_settings.clone_from(&wanted.schema_settings),
                other => return Err(immutable("topic", other)),
            }
        }
        check(&config)?;
        self.check_schema_settings(config.schema_settings.as_ref())?;
        topic.set_config(config.clone());
        let record = topic.record();
        self.store_call(move |store| store.save_topic(&record)).await?;
        Ok(config)
    }

    pub async fn delete_topic(&self, name: &str) -> Result<(), Status> {
        let _changes = self.changes.lock().await;
        let topic = self.topic(name)?;
        self.orphan(topic).await
    }
}

fn check(topic: &pubsub::Topic) -> Result<(), Status> {
    check_retention(topic.message_retention_duration.as_ref())?;
    if !topic.kms_key_name.is_empty() {
        return Err(unsupported("kms_key_name"));
    }
    if topic.ingestion_data_source_settings.is_some() {
        return Err(unsupported("ingestion_data_source_settings"));
    }
    if !topic.message_transforms.is_empty() {
        return Err(unsupported("message_transforms"));
    }
    Ok(())
}
