//! The payment schema at Pub/Sub's schema service, and on the topic.

use super::findings::{Finding, Findings, made};
use gcp::Resource;
use gcp::pubsub::Pubsub;
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{
    CommitSchemaRequest, CreateSchemaRequest, Encoding, GetSchemaRequest, Schema, SchemaSettings, SchemaView,
    Topic, UpdateTopicRequest, schema,
};
use prost_types::FieldMask;
use service::Error;
use tonic::{Code, Status};

const ROLE: &str = "roles/pubsub.editor";

/// Makes the schema that of this version's message, and returns the settings for a topic.
pub async fn set_up(service: &Pubsub, id: &str, findings: &mut Findings) -> Result<SchemaSettings, Error> {
    let name = service.schema_name(id);
    let explain = |status: &Status| explain(&name, status);
    let request = GetSchemaRequest { name: name.clone(), view: SchemaView::Full.into() };
    let get = || async { service.schemas().get_schema(request.clone()).await };
    match service.answer_explained(explain, get).await {
        Ok(found) if found.definition == schemas::PROTO => {
            findings.note("schema", &name, Finding::Present);
        }
        Ok(_) => {
            let request = CommitSchemaRequest { name: name.clone(), schema: Some(definition(&name)) };
            let commit = || async { service.schemas().commit_schema(request.clone()).await };
            let commit = service.answer_explained(explain, commit);
            findings.create("schema revision", &name, commit).await?;
        }
        Err(Error::Missing { .. }) => {
            let create = || async { made(service.schemas().create_schema(creation(&name)?).await) };
            findings.create("schema", &name, service.answer_explained(explain, create)).await?;
        }
        Err(error) => return Err(error),
    }
    Ok(SchemaSettings { schema: name, encoding: Encoding::Binary.into(), ..Default::default() })
}

fn definition(name: &str) -> Schema {
    Schema {
        name: name.to_owned(),
        r#type: schema::Type::ProtocolBuffer.into(),
        definition: schemas::PROTO.to_owned(),
        ..Default::default()
    }
}

fn creation(name: &str) -> Result<CreateSchemaRequest, Status> {
    let (parent, schema_id) = name
        .split_once("/schemas/")
        .ok_or_else(|| Status::invalid_argument("not of the form projects/PROJECT/schemas/ID"))?;
    let (parent, schema_id) = (parent.to_owned(), schema_id.to_owned());
    Ok(CreateSchemaRequest { parent, schema_id, schema: Some(definition(name)) })
}

/// Puts the schema on a topic that has none; another schema, or a limit on revisions, is not ours to change.
pub async fn attach(
    service: &Pubsub,
    topic: Topic,
    wanted: SchemaSettings,
    findings: &mut Findings,
) -> Result<(), Error> {
    let name = topic.name.clone();
    let found = topic.schema_settings.unwrap_or_default();
    if found.schema.is_empty() {
        let request = UpdateTopicRequest {
            topic: Some(Topic { name: name.clone(), schema_settings: Some(wanted), ..Default::default() }),
            update_mask: Some(FieldMask { paths: vec!["schema_settings".to_owned()] }),
        };
        let update = || async { service.topics().update_topic(request.clone()).await };
        let resource = Resource { kind: "topic", name: &name, role: ROLE };
        return findings.create("schema of topic", &name, service.answer(resource, update)).await;
    }
    let finding = if found.schema != wanted.schema {
        Finding::Differs(format!("is {}, not {}", found.schema, wanted.schema))
    } else if found.encoding != wanted.encoding {
        Finding::Differs("takes JSON, but payments are published in binary encoding".to_owned())
    } else if !found.last_revision_id.is_empty() {
        Finding::Differs(format!("takes revisions up to {} only", found.last_revision_id))
    } else {
        Finding::Present
    };
    findings.note("schema of topic", &name, finding);
    Ok(())
}

/// Google's emulator answers schema calls, but has no protobuf schemas.
fn explain(name: &str, status: &Status) -> Error {
    if status.code() == Code::Unimplemented {
        return Error::Config(format!(
            "--topic-schema: this Pub/Sub has no protobuf schemas ({}), as Google's emulator has none; set up without \
             it",
            status.message()
        ));
    }
    Resource { kind: "schema", name, role: ROLE }.explain(status)
}
