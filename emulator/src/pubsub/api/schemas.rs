//! Schemas: creating, revising, deleting, and checking messages against them.

use crate::proto::pubsub::{self, Encoding, SchemaSettings};
use crate::pubsub::broker::Broker;
use crate::pubsub::checks::unsupported;
use crate::pubsub::message;
use crate::pubsub::names;
use crate::pubsub::topic::Topic;
use crate::pubsub::topic::batch::PublishBatch;
use crate::pubsub::topic::schema::Schema;
use std::sync::Arc;
use std::time::SystemTime;
use tonic::Status;

/// The name that topics show for their schema once it is deleted.
const DELETED_SCHEMA: &str = "_deleted-schema_";

impl Broker {
    /// A schema by its name, or one revision of it by `NAME@REVISION`.
    pub fn schema(&self, name: &str) -> Result<pubsub::Schema, Status> {
        let (name, revision) = name.split_once('@').map_or((name, None), |(name, id)| (name, Some(id)));
        let schema = self.schema_history(name)?;
        match revision {
            None => Ok(schema.latest().clone()),
            Some(id) => {
                let found = schema.revisions().find(|revision| revision.revision_id == id).cloned();
                found.ok_or_else(|| names::not_found(name))
            }
        }
    }

    pub fn schema_history(&self, name: &str) -> Result<Arc<Schema>, Status> {
        self.read().schemas.get(name).cloned().ok_or_else(|| names::not_found(name))
    }

    pub async fn create_schema(
        &self,
        request: pubsub::CreateSchemaRequest,
    ) -> Result<pubsub::Schema, Status> {
        names::check_project(&request.parent)?;
        let name = format!("{}/schemas/{}", request.parent, request.schema_id);
        names::check(&name, "schemas")?;
        let wanted = request.schema.ok_or_else(|| Status::invalid_argument("schema is missing"))?;
        let mut counters = self.changes.lock().await;
        if self.read().schemas.contains_key(&name) {
            return Err(names::already_exists(&name));
        }
        let number = self.next_number(&mut counters).await?;
        self.keep_schema(Schema::new(revision(name, number, wanted))?).await
    }

    pub async fn commit_schema(
        &self,
        request: pubsub::CommitSchemaRequest,
    ) -> Result<pubsub::Schema, Status> {
        let wanted = request.schema.ok_or_else(|| Status::invalid_argument("schema is missing"))?;
        let mut counters = self.changes.lock().await;
        let schema = self.schema_history(&request.name)?;
        let number = self.next_number(&mut counters).await?;
        self.keep_schema(schema.with(revision(request.name, number, wanted))?).await
    }

    async fn keep_schema(&self, schema: Schema) -> Result<pubsub::Schema, Status> {
        let (latest, record) = (schema.latest().clone(), schema.record());
        let name = latest.name.clone();
        self.store_call(move |store| store.save_schema(&record)).await?;
        self.write().schemas.insert(name, Arc::new(schema));
        Ok(latest)
    }

    /// Topics with the schema take no more messages.
    pub async fn delete_schema(&self, name: &str) -> Result<(), Status> {
        let _changes = self.changes.lock().await;
        self.schema_history(name)?;
        for topic in self.topics() {
            let mut config = (*topic.config()).clone();
            if let Some(settings) = config.schema_settings.as_mut().filter(|settings| settings.schema == name)
            {
                DELETED_SCHEMA.clone_into(&mut settings.schema);
                topic.set_config(config);
                let record = topic.record();
                self.store_call(move |store| store.save_topic(&record)).await?;
            }
        }
        let gone = name.to_owned();
        self.store_call(move |store| store.delete_schema(&gone)).await?;
        self.write().schemas.remove(name);
        Ok(())
    }

    /// Checks a topic's choice of schema; an empty name is none.
    pub fn check_schema_settings(&self, settings: Option<&SchemaSettings>) -> Result<(), Status> {
        let Some(settings) = settings.filter(|settings| !settings.schema.is_empty()) else { return Ok(()) };
        if settings.schema == DELETED_SCHEMA {
            return Ok(());
        }
        if settings.encoding() != Encoding::Binary {
            return Err(unsupported("schema_settings with an encoding other than BINARY"));
        }
        let schema = self.schema_history(&settings.schema)?;
        for id in [&settings.first_revision_id, &settings.last_revision_id] {
            if !id.is_empty() && !schema.revisions().any(|revision| revision.revision_id == *id) {
                return Err(names::not_found(&format!("{}@{id}", settings.schema)));
            }
        }
        Ok(())
    }

    /// Checks the messages of a request against the topic's schema, if it has one.
    pub fn check_messages(&self, topic: &Topic, batch: &PublishBatch) -> Result<(), Status> {
        let config = topic.config();
        let Some(settings) = config.schema_settings.as_ref().filter(|settings| !settings.schema.is_empty())
        else {
            return Ok(());
        };
        let schema = self.schema_history(&settings.schema).map_err(|_| {
            Status::invalid_argument(format!("the schema of topic {} was deleted", config.name))
        })?;
        let (first, last) = (&settings.first_revision_id, &settings.last_revision_id);
        let fits = |(message, _): (&[u8], bool)| schema.accepts(message::data(message), first, last);
        if batch.messages().all(fits) {
            return Ok(());
        }
        Err(Status::invalid_argument(format!(
            "Request contains a message that failed validation against schema {}.",
            settings.schema
        )))
    }
}

fn revision(name: String, number: u64, wanted: pubsub::Schema) -> pubsub::Schema {
    pubsub::Schema {
        name,
        revision_id: format!("{number:08x}"),
        revision_create_time: Some(SystemTime::now().into()),
        ..wanted
    }
}
