//! Server traits of the null servers: of each service the few rpcs that they answer.
//!
//! The published stub crates hold message types and clients only, so the traits are made here from a list of method
//! names: no `protoc`, no copies of Google's protos.

use tonic_build::manual::{Builder, Method, MethodBuilder, Service};

const PROST: &str = "tonic_prost::ProstCodec";
/// Requests of which only the elements are counted.
const COUNTED: &str = "crate::null::codec::Counted";
const COUNT: &str = "crate::null::codec::CountCodec";

/// A type without a path is a message of `crate::proto::{module}`, `()` is `google.protobuf.Empty`.
fn rpc(module: &str, name: &str, route: &str, input: &str, output: &str, codec: &str) -> MethodBuilder {
    let path = |ty: &str| match ty {
        "()" => "crate::proto::Empty".to_owned(),
        _ if ty.contains("::") => ty.to_owned(),
        _ => format!("crate::proto::{module}::{ty}"),
    };
    let method = Method::builder().name(name).route_name(route).codec_path(codec);
    method.input_type(path(input)).output_type(path(output))
}

fn publisher() -> Service {
    let rpc = |name, route, input, output, codec| rpc("pubsub", name, route, input, output, codec);
    Service::builder()
        .package("google.pubsub.v1")
        .name("Publisher")
        .method(rpc("publish", "Publish", COUNTED, "PublishResponse", COUNT).build())
        .method(rpc("get_topic", "GetTopic", "GetTopicRequest", "Topic", PROST).build())
        .method(
            rpc(
                "list_topic_subscriptions",
                "ListTopicSubscriptions",
                "ListTopicSubscriptionsRequest",
                "ListTopicSubscriptionsResponse",
                PROST,
            )
            .build(),
        )
        .build()
}

fn subscriber() -> Service {
    let rpc = |name, route, input, output, codec| rpc("pubsub", name, route, input, output, codec);
    let (delivery, deliver) = ("crate::null::delivery::Delivery", "crate::null::codec::DeliveryCodec");
    let pull = rpc("streaming_pull", "StreamingPull", "StreamingPullRequest", delivery, deliver);
    Service::builder()
        .package("google.pubsub.v1")
        .name("Subscriber")
        .method(
            rpc("get_subscription", "GetSubscription", "GetSubscriptionRequest", "Subscription", PROST)
                .build(),
        )
        .method(
            rpc("modify_ack_deadline", "ModifyAckDeadline", "ModifyAckDeadlineRequest", "()", PROST).build(),
        )
        .method(rpc("acknowledge", "Acknowledge", "AcknowledgeRequest", "()", PROST).build())
        .method(pull.client_streaming().server_streaming().build())
        .build()
}

fn bigtable() -> Service {
    let rpc = |name, route, input, output, codec| rpc("bigtable", name, route, input, output, codec);
    let mutate = rpc("mutate_rows", "MutateRows", COUNTED, "MutateRowsResponse", COUNT);
    let read = rpc("read_rows", "ReadRows", "ReadRowsRequest", "ReadRowsResponse", PROST);
    Service::builder()
        .package("google.bigtable.v2")
        .name("Bigtable")
        .method(mutate.server_streaming().build())
        .method(read.server_streaming().build())
        .method(
            rpc("ping_and_warm", "PingAndWarm", "PingAndWarmRequest", "PingAndWarmResponse", PROST).build(),
        )
        .build()
}

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let services = [publisher(), subscriber(), bigtable()];
    Builder::new().build_client(false).build_server(true).compile(&services);
}
