//! Server stubs for the two services.
//!
//! The published stub crates hold message types and clients only, so the server traits are made here from a list of
//! method names: no `protoc`, no copies of Google's protos.

use tonic_build::manual::{Builder, Method, Service};

/// One rpc: snake-case name, wire name, input type, output type, whether the client and the server stream.
type Rpc = (&'static str, &'static str, &'static str, &'static str, bool, bool);

const fn unary(name: &'static str, route: &'static str, input: &'static str, output: &'static str) -> Rpc {
    (name, route, input, output, false, false)
}

fn service(package: &str, types: &str, name: &str, rpcs: &[Rpc]) -> Service {
    let path = |ty: &str| {
        if ty == "()" {
            "crate::proto::Empty".to_owned()
        } else if ty.contains("::") {
            ty.to_owned()
        } else {
            format!("{types}::{ty}")
        }
    };
    rpcs.iter()
        .fold(
            Service::builder().name(name).package(package),
            |service, &(name, route, input, output, up, down)| {
                let mut method = Method::builder()
                    .name(name)
                    .route_name(route)
                    .input_type(path(input))
                    .output_type(path(output))
                    .codec_path(codec(route));
                if up {
                    method = method.client_streaming();
                }
                if down {
                    method = method.server_streaming();
                }
                service.method(method.build())
            },
        )
        .build()
}

/// Message bodies pass through the bulk rpcs of Pub/Sub as bytes.
fn codec(route: &str) -> &'static str {
    match route {
        "Publish" => "crate::pubsub::api::codec::PublishCodec",
        "Pull" => "crate::pubsub::api::codec::PullCodec",
        "StreamingPull" => "crate::pubsub::api::codec::StreamingPullCodec",
        _ => "tonic_prost::ProstCodec",
    }
}

fn pubsub() -> Vec<Service> {
    let publisher = [
        // On the wire a stream of one request is a unary call; this way the server decides when to read the request.
        ("publish", "Publish", "crate::pubsub::topic::batch::PublishBatch", "PublishResponse", true, false),
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
        unary("pull", "Pull", "PullRequest", delivery),
        ("streaming_pull", "StreamingPull", "StreamingPullRequest", delivery, true, true),
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

/// As [`service`], each rpc with its codec: the bulk rpcs exchange messages as bytes.
fn service_with_codecs(package: &str, types: &str, name: &str, rpcs: &[(Rpc, &str)]) -> Service {
    let path = |ty: &str| match ty {
        "()" => "crate::proto::Empty".to_owned(),
        _ if ty.contains("::") => ty.to_owned(),
        _ => format!("{types}::{ty}"),
    };
    rpcs.iter()
        .fold(
            Service::builder().name(name).package(package),
            |service, &((name, route, input, output, up, down), codec)| {
                let mut method = Method::builder()
                    .name(name)
                    .route_name(route)
                    .input_type(path(input))
                    .output_type(path(output))
                    .codec_path(codec);
                if up {
                    method = method.client_streaming();
                }
                if down {
                    method = method.server_streaming();
                }
                service.method(method.build())
            },
        )
        .build()
}

fn bigtable() -> Vec<Service> {
    const PROST: &str = "tonic_prost::ProstCodec";
    const RAW_REQUEST: &str = "crate::bigtable::codec::RawRequest";
    let data = [
        (
            (
                "sample_row_keys",
                "SampleRowKeys",
                "SampleRowKeysRequest",
                "SampleRowKeysResponse",
                false,
                true,
            ),
            PROST,
        ),
        (unary("mutate_row", "MutateRow", "MutateRowRequest", "MutateRowResponse"), PROST),
        (("mutate_rows", "MutateRows", "::bytes::Bytes", "MutateRowsResponse", false, true), RAW_REQUEST),
        (
            unary(
                "check_and_mutate_row",
                "CheckAndMutateRow",
                "CheckAndMutateRowRequest",
                "CheckAndMutateRowResponse",
            ),
            PROST,
        ),
        (unary("ping_and_warm", "PingAndWarm", "PingAndWarmRequest", "PingAndWarmResponse"), PROST),
        (
            unary(
                "read_modify_write_row",
                "ReadModifyWriteRow",
                "ReadModifyWriteRowRequest",
                "ReadModifyWriteRowResponse",
            ),
            PROST,
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
        service_with_codecs("google.bigtable.v2", "crate::proto::bigtable", "Bigtable", &data),
        service("google.bigtable.admin.v2", "crate::proto::bigtable_admin", "BigtableTableAdmin", &admin),
    ]
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let services: Vec<Service> = pubsub().into_iter().chain(bigtable()).collect();
    Builder::new().build_client(false).build_server(true).compile(&services);
}
