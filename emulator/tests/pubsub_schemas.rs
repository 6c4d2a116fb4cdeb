//! Schemas: revisions, topics that check their messages, and restarts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pubsub_support;

use emulator::proto::pubsub::schema_service_client::SchemaServiceClient;
use emulator::proto::pubsub::validate_message_request::SchemaSpec;
use emulator::proto::pubsub::{
    CommitSchemaRequest, CreateSchemaRequest, DeleteSchemaRequest, Encoding, GetSchemaRequest,
    GetTopicRequest, ListSchemaRevisionsRequest, ListSchemasRequest, PubsubMessage, Schema, SchemaSettings,
    SchemaView, Topic, ValidateMessageRequest, ValidateSchemaRequest, schema::Type,
};
use pubsub_support::{Bed, TOPIC};
use tonic::transport::Channel;
use tonic::{Code, Status};

const NAME: &str = "projects/p/schemas/payment";
const FIRST: &str = "syntax = \"proto3\"; message Payment { string id = 1; }";
const SECOND: &str = "syntax = \"proto3\"; message Payment { string id = 1; int64 amount = 2; }";

async fn schemas(bed: &Bed) -> SchemaServiceClient<Channel> {
    let endpoint = tonic::transport::Endpoint::from_shared(bed.endpoint()).unwrap();
    SchemaServiceClient::new(endpoint.connect().await.unwrap())
}

fn definition(text: &str) -> Schema {
    Schema { r#type: Type::ProtocolBuffer.into(), definition: text.to_owned(), ..Schema::default() }
}

fn creation(text: &str) -> CreateSchemaRequest {
    let (parent, schema_id) = ("projects/p".to_owned(), "payment".to_owned());
    CreateSchemaRequest { parent, schema_id, schema: Some(definition(text)) }
}

async fn commit(bed: &Bed, text: &str) -> Result<Schema, Status> {
    let request = CommitSchemaRequest { name: NAME.to_owned(), schema: Some(definition(text)) };
    Ok(schemas(bed).await.commit_schema(request).await?.into_inner())
}

fn settings() -> SchemaSettings {
    SchemaSettings { schema: NAME.to_owned(), encoding: Encoding::Binary.into(), ..Default::default() }
}

/// A server with the schema and a topic that uses it.
async fn bed(settings: SchemaSettings) -> Bed {
    let bed = Bed::empty().await;
    schemas(&bed).await.create_schema(creation(FIRST)).await.unwrap();
    let topic = Topic { name: TOPIC.to_owned(), schema_settings: Some(settings), ..Topic::default() };
    bed.client.publisher.clone().create_topic(topic).await.unwrap();
    bed
}

fn message(data: &[u8]) -> PubsubMessage {
    PubsubMessage { data: data.to_vec(), ..PubsubMessage::default() }
}

/// Field 1, a text.
const GOOD: &[u8] = b"\x0a\x02ok";
/// Field 1 as a number: another type than the schema says.
const BAD: &[u8] = b"\x08\x01";

#[tokio::test]
async fn a_topic_with_a_schema_takes_only_what_fits_also_after_a_restart() {
    let bed = bed(settings()).await;
    let bed = bed.restart().await;
    assert_eq!(bed.client.publish(vec![message(GOOD)]).await.unwrap().len(), 1);
    for bad in [&[BAD][..], &[b"\x0a\x09short"], &[GOOD, BAD]] {
        let batch = bad.iter().map(|data| message(data)).collect();
        assert_eq!(bed.client.publish(batch).await.unwrap_err().code(), Code::InvalidArgument);
    }
    let topic = GetTopicRequest { topic: TOPIC.to_owned() };
    let topic = bed.client.publisher.clone().get_topic(topic).await.unwrap().into_inner();
    assert_eq!(topic.schema_settings, Some(settings()));
}

#[tokio::test]
async fn revisions_are_kept_in_order_and_only_add_or_remove_fields() {
    let bed = bed(settings()).await;
    let second = commit(&bed, SECOND).await.unwrap();
    let changed = "syntax = \"proto3\"; message Payment { int64 id = 1; }";
    assert_eq!(commit(&bed, changed).await.unwrap_err().code(), Code::InvalidArgument);
    let bed = bed.restart().await;
    let mut client = schemas(&bed).await;
    let request = ListSchemaRevisionsRequest {
        name: NAME.to_owned(),
        view: SchemaView::Full.into(),
        ..Default::default()
    };
    let revisions = client.list_schema_revisions(request).await.unwrap().into_inner().schemas;
    let definitions: Vec<_> = revisions.iter().map(|revision| revision.definition.as_str()).collect();
    assert_eq!(definitions, [SECOND, FIRST]);
    assert_eq!(revisions[0].revision_id, second.revision_id);
    let oldest = format!("{NAME}@{}", revisions[1].revision_id);
    let request = GetSchemaRequest { name: oldest, view: SchemaView::Full.into() };
    assert_eq!(client.get_schema(request).await.unwrap().into_inner().definition, FIRST);
    let request = ListSchemasRequest { parent: "projects/p".to_owned(), ..Default::default() };
    let listed = client.list_schemas(request).await.unwrap().into_inner().schemas;
    assert_eq!((listed.len(), listed[0].definition.as_str()), (1, ""));
    // The amount as a text fits the first revision, to which the field is unknown.
    let odd = b"\x0a\x02ok\x12\x01x";
    assert!(bed.client.publish(vec![message(odd)]).await.is_ok());
    let request = |name: String| ValidateMessageRequest {
        parent: "projects/p".to_owned(),
        message: odd.to_vec(),
        encoding: Encoding::Binary.into(),
        schema_spec: Some(SchemaSpec::Name(name)),
    };
    assert!(client.validate_message(request(format!("{NAME}@{}", revisions[1].revision_id))).await.is_ok());
    let refused = client.validate_message(request(NAME.to_owned())).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_deleted_schema_lets_nothing_through() {
    let bed = bed(settings()).await;
    let mut client = schemas(&bed).await;
    assert_eq!(client.create_schema(creation(FIRST)).await.unwrap_err().code(), Code::AlreadyExists);
    client.delete_schema(DeleteSchemaRequest { name: NAME.to_owned() }).await.unwrap();
    let bed = bed.restart().await;
    assert_eq!(bed.client.publish(vec![message(GOOD)]).await.unwrap_err().code(), Code::InvalidArgument);
    let topic = GetTopicRequest { topic: TOPIC.to_owned() };
    let topic = bed.client.publisher.clone().get_topic(topic).await.unwrap().into_inner();
    assert_eq!(topic.schema_settings.unwrap().schema, "_deleted-schema_");
}

#[tokio::test]
async fn what_is_no_schema_is_refused() {
    let bed = Bed::empty().await;
    let mut client = schemas(&bed).await;
    let request = |text: &str| ValidateSchemaRequest {
        parent: "projects/p".to_owned(),
        schema: Some(definition(text)),
    };
    assert!(client.validate_schema(request(FIRST)).await.is_ok());
    for wrong in ["message", "syntax = \"proto3\"; message A {} message B {}"] {
        let status = client.validate_schema(request(wrong)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
    }
    let topic = Topic { name: TOPIC.to_owned(), schema_settings: Some(settings()), ..Topic::default() };
    assert_eq!(bed.client.publisher.clone().create_topic(topic).await.unwrap_err().code(), Code::NotFound);
}
