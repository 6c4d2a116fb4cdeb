//! The `google.pubsub.v1.SchemaService`.

use super::pages::page;
use crate::proto::pubsub::validate_message_request::SchemaSpec;
use crate::proto::pubsub::{
    CommitSchemaRequest, CreateSchemaRequest, DeleteSchemaRequest, Encoding, GetSchemaRequest,
    ListSchemaRevisionsRequest, ListSchemaRevisionsResponse, ListSchemasRequest, ListSchemasResponse, Schema,
    SchemaView, ValidateMessageRequest, ValidateMessageResponse, ValidateSchemaRequest,
    ValidateSchemaResponse,
};
use crate::proto::schema_service::schema_service_server::SchemaService;
use crate::pubsub::broker::Broker;
use crate::pubsub::checks::unsupported;
use crate::pubsub::names;
use crate::pubsub::topic::schema;
use std::sync::Arc;
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, async_trait};

#[derive(Clone)]
pub struct Service {
    pub broker: Arc<Broker>,
    /// Dropped with the last connection; the server waits for that before it closes the store.
    pub _alive: mpsc::Sender<()>,
}

#[async_trait]
impl SchemaService for Service {
    async fn create_schema(&self, request: Request<CreateSchemaRequest>) -> Result<Response<Schema>, Status> {
        self.broker.create_schema(request.into_inner()).await.map(Response::new)
    }

    async fn get_schema(&self, request: Request<GetSchemaRequest>) -> Result<Response<Schema>, Status> {
        let request = request.into_inner();
        let schema = self.broker.schema(&request.name)?;
        let basic = request.view() == SchemaView::Basic;
        Ok(Response::new(if basic { without_definition(schema) } else { schema }))
    }

    async fn list_schemas(
        &self,
        request: Request<ListSchemasRequest>,
    ) -> Result<Response<ListSchemasResponse>, Status> {
        let request = request.into_inner();
        names::check_project(&request.parent)?;
        let prefix = format!("{}/", request.parent);
        let registry = self.broker.read();
        let mine = registry.schemas.values().map(|schema| schema.latest());
        let mine = mine.filter(|schema| schema.name.starts_with(&prefix));
        let (schemas, next_page_token) =
            page(mine, |schema| &schema.name, request.page_size, &request.page_token);
        let schemas = schemas.into_iter().map(|schema| viewed(schema, request.view())).collect();
        Ok(Response::new(ListSchemasResponse { schemas, next_page_token }))
    }

    async fn list_schema_revisions(
        &self,
        request: Request<ListSchemaRevisionsRequest>,
    ) -> Result<Response<ListSchemaRevisionsResponse>, Status> {
        let request = request.into_inner();
        let schema = self.broker.schema_history(&request.name)?;
        // Twenty at most: always one page.
        let schemas = schema.revisions().map(|revision| viewed(revision, request.view())).collect();
        Ok(Response::new(ListSchemaRevisionsResponse { schemas, next_page_token: String::new() }))
    }

    async fn commit_schema(&self, request: Request<CommitSchemaRequest>) -> Result<Response<Schema>, Status> {
        self.broker.commit_schema(request.into_inner()).await.map(Response::new)
    }

    async fn delete_schema(&self, request: Request<DeleteSchemaRequest>) -> Result<Response<()>, Status> {
        self.broker.delete_schema(&request.into_inner().name).await.map(Response::new)
    }

    async fn validate_schema(
        &self,
        request: Request<ValidateSchemaRequest>,
    ) -> Result<Response<ValidateSchemaResponse>, Status> {
        let request = request.into_inner();
        names::check_project(&request.parent)?;
        schema::compile(&request.schema.ok_or_else(missing_schema)?)?;
        Ok(Response::new(ValidateSchemaResponse {}))
    }

    async fn validate_message(
        &self,
        request: Request<ValidateMessageRequest>,
    ) -> Result<Response<ValidateMessageResponse>, Status> {
        let request = request.into_inner();
        names::check_project(&request.parent)?;
        if request.encoding() != Encoding::Binary {
            return Err(unsupported("encodings other than BINARY"));
        }
        let schema = match request.schema_spec.ok_or_else(missing_schema)? {
            SchemaSpec::Name(name) => self.broker.schema(&name)?,
            SchemaSpec::Schema(schema) => schema,
        };
        if schema::accepts(&schema, &request.message)? {
            return Ok(Response::new(ValidateMessageResponse {}));
        }
        Err(Status::invalid_argument("Message failed schema validation."))
    }
}

fn missing_schema() -> Status {
    Status::invalid_argument("schema is missing")
}

/// Lists leave definitions out unless they are asked for.
fn viewed(schema: &Schema, view: SchemaView) -> Schema {
    if view == SchemaView::Full { schema.clone() } else { without_definition(schema.clone()) }
}

fn without_definition(schema: Schema) -> Schema {
    Schema { definition: String::new(), ..schema }
}
