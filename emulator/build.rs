//! Server traits of the two services.
//!
//! The published stub crates hold message types and clients only, so the server traits are made here from lists of
//! their rpcs: no `protoc`, no copies of Google's protos.

use tonic_build::manual::{Builder, Method, Service};

const PROST: &str = "tonic_prost::ProstCodec";

/// One rpc.
struct Rpc {
    /// In snake case, as the trait's method.
    name: &'static str,
    /// As on the wire.
    route: &'static str,
    /// Types: bare ones are the service's messages, `()` is Google's `Empty`.
    input: &'static str,
    output: &'static str,
    client_streams: bool,
    server_streams: bool,
    codec: &'static str,
}

/// An rpc of one request and one response, unless it is made to stream.
const fn unary(name: &'static str, route: &'static str, input: &'static str, output: &'static str) -> Rpc {
    Rpc { name, route, input, output, client_streams: false, server_streams: false, codec: PROST }
}

impl Rpc {
    const fn client_streaming(self) -> Rpc {
        Rpc { client_streams: true, ..self }
    }

    const fn server_streaming(self) -> Rpc {
        Rpc { server_streams: true, ..self }
    }

    const fn with_codec(self, codec: &'static str) -> Rpc {
        Rpc { codec, ..self }
    }

    /// `types` is the module of the service's messages.
    fn method(&self, types: &str) -> Method {
        let path = |ty: &str| match ty {
            "()" => "crate::proto::Empty".to_owned(),
            _ if ty.contains("::") => ty.to_owned(),
            _ => format!("{types}::{ty}"),
        };
        let mut method = Method::builder()
            .name(self.name)
            .route_name(self.route)
            .input_type(path(self.input))
            .output_type(path(self.output))
            .codec_path(self.codec);
        if self.client_streams {
            method = method.client_streaming();
        }
        if self.server_streams {
            method = method.server_streaming();
        }
        method.build()
    }
}

fn service(package: &str, types: &str, name: &str, rpcs: &[Rpc]) -> Service {
    let service = Service::builder().name(name).package(package);
    rpcs.iter().fold(service, |service, rpc| service.method(rpc.method(types))).build()
}

/// The bulk rpcs pass message bodies through as bytes.
fn pubsub() -> Vec<Service> {
    let publisher = [
        // On the wire a stream of one request is a unary call; this way the server decides when to read the request.
        unary("publish", "Publish", "crate::pubsub::topic::batch::PublishBatch", "PublishResponse")
            .client_streaming()
            .with_codec("crate::pubsub::api::codec::PublishCodec"),
        unary("create_topic", "CreateTopic", "Topic", "Topic"),
        unary("get_topic", "GetTopic", "GetTopicRequest", "Topic"),
        unary("update_topic", "UpdateTopic", "UpdateTopicRequest", "Topic"),
        unary("delete_topic", "DeleteTopic", "DeleteTopicRequest", "()"),
        unary("list_topics", "ListTopics", "ListTopicsRequest", "ListTopicsResponse"),
        unary(
            "list_topic_subscriptions",
            "ListTopicSubscriptions",
            "ListTopicSubscriptionsRequest",
            "ListTopicSubscriptionsResponse",
        ),
        unary(
            "list_topic_snapshots",
            "ListTopicSnapshots",
            "ListTopicSnapshotsRequest",
            "ListTopicSnapshotsResponse",
        ),
        unary(
            "detach_subscription",
            "DetachSubscription",
            "DetachSubscriptionRequest",
            "DetachSubscriptionResponse",
        ),
    ];
    let delivery = "crate::pubsub::subscription::outgoing::Delivery";
    let subscriber = [
        unary("create_subscription", "CreateSubscription", "Subscription", "Subscription"),
        unary("get_subscription", "GetSubscription", "GetSubscriptionRequest", "Subscription"),
        unary("update_subscription", "UpdateSubscription", "UpdateSubscriptionRequest", "Subscription"),
        unary(
            "list_subscriptions",
            "ListSubscriptions",
            "ListSubscriptionsRequest",
            "ListSubscriptionsResponse",
        ),
        unary("delete_subscription", "DeleteSubscription", "DeleteSubscriptionRequest", "()"),
        unary("modify_ack_deadline", "ModifyAckDeadline", "ModifyAckDeadlineRequest", "()"),
        unary("acknowledge", "Acknowledge", "AcknowledgeRequest", "()"),
        unary("pull", "Pull", "PullRequest", delivery).with_codec("crate::pubsub::api::codec::PullCodec"),
        unary("streaming_pull", "StreamingPull", "StreamingPullRequest", delivery)
            .client_streaming()
            .server_streaming()
            .with_codec("crate::pubsub::api::codec::StreamingPullCodec"),
        unary("modify_push_config", "ModifyPushConfig", "ModifyPushConfigRequest", "()"),
        unary("get_snapshot", "GetSnapshot", "GetSnapshotRequest", "Snapshot"),
        unary("list_snapshots", "ListSnapshots", "ListSnapshotsRequest", "ListSnapshotsResponse"),
        unary("create_snapshot", "CreateSnapshot", "CreateSnapshotRequest", "Snapshot"),
        unary("update_snapshot", "UpdateSnapshot", "UpdateSnapshotRequest", "Snapshot"),
        unary("delete_snapshot", "DeleteSnapshot", "DeleteSnapshotRequest", "()"),
        unary("seek", "Seek", "SeekRequest", "SeekResponse"),
    ];
    let schemas = [
        unary("create_schema", "CreateSchema", "CreateSchemaRequest", "Schema"),
        unary("get_schema", "GetSchema", "GetSchemaRequest", "Schema"),
        unary("list_schemas", "ListSchemas", "ListSchemasRequest", "ListSchemasResponse"),
        unary(
            "list_schema_revisions",
            "ListSchemaRevisions",
            "ListSchemaRevisionsRequest",
            "ListSchemaRevisionsResponse",
        ),
        unary("commit_schema", "CommitSchema", "CommitSchemaRequest", "Schema"),
        unary("delete_schema", "DeleteSchema", "DeleteSchemaRequest", "()"),
        unary("validate_schema", "ValidateSchema", "ValidateSchemaRequest", "ValidateSchemaResponse"),
        unary("validate_message", "ValidateMessage", "ValidateMessageRequest", "ValidateMessageResponse"),
    ];
    let types = "crate::proto::pubsub";
    vec![
        service("google.pubsub.v1", types, "SchemaService", &schemas),
        service("google.pubsub.v1", types, "Publisher", &publisher),
        service("google.pubsub.v1", types, "Subscriber", &subscriber),
    ]
}

/// The bulk write stays encoded until it is carried out. `ReadRows` is answered below these traits.
fn bigtable() -> Vec<Service> {
    let data = [
        unary("sample_row_keys", "SampleRowKeys", "SampleRowKeysRequest", "SampleRowKeysResponse")
            .server_streaming(),
        unary("mutate_row", "MutateRow", "MutateRowRequest", "MutateRowResponse"),
        unary("mutate_rows", "MutateRows", "::bytes::Bytes", "MutateRowsResponse")
            .server_streaming()
            .with_codec("crate::bigtable::api::codec::RawRequest"),
        unary(
            "check_and_mutate_row",
            "CheckAndMutateRow",
            "CheckAndMutateRowRequest",
            "CheckAndMutateRowResponse",
        ),
        unary("ping_and_warm", "PingAndWarm", "PingAndWarmRequest", "PingAndWarmResponse"),
        unary(
            "read_modify_write_row",
            "ReadModifyWriteRow",
            "ReadModifyWriteRowRequest",
            "ReadModifyWriteRowResponse",
        ),
    ];
    let admin = [
        unary("create_table", "CreateTable", "CreateTableRequest", "Table"),
        unary("list_tables", "ListTables", "ListTablesRequest", "ListTablesResponse"),
        unary("get_table", "GetTable", "GetTableRequest", "Table"),
        unary("delete_table", "DeleteTable", "DeleteTableRequest", "()"),
        unary("modify_column_families", "ModifyColumnFamilies", "ModifyColumnFamiliesRequest", "Table"),
        unary("drop_row_range", "DropRowRange", "DropRowRangeRequest", "()"),
        unary(
            "generate_consistency_token",
            "GenerateConsistencyToken",
            "GenerateConsistencyTokenRequest",
            "GenerateConsistencyTokenResponse",
        ),
        unary("check_consistency", "CheckConsistency", "CheckConsistencyRequest", "CheckConsistencyResponse"),
    ];
    vec![
        service("google.bigtable.v2", "crate::proto::bigtable", "Bigtable", &data),
        service("google.bigtable.admin.v2", "crate::proto::bigtable_admin", "BigtableTableAdmin", &admin),
    ]
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let services: Vec<Service> = pubsub().into_iter().chain(bigtable()).collect();
    Builder::new().build_client(false).build_server(true).compile(&services);
}
