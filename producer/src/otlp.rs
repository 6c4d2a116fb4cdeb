//! Which of a producer's metrics go by which name of OpenTelemetry's.

use gcp::call::code_name;
use gcp::pubsub;
use monitor::otlp::{Kind, Mapping, id};
use tonic::Code;

/// The table of a load or of a trickle to a topic.
pub fn table(topic: &str, pubsub: &pubsub::Args) -> Vec<Mapping> {
    let sending = || {
        let mut of = vec![
            ("messaging.system", "gcp_pubsub".to_owned()),
            ("messaging.operation.name", "send".to_owned()),
            ("messaging.destination.name", id(topic)),
        ];
        of.extend(pubsub.host().map(|host| ("server.address", host)));
        of
    };
    let sent = |ours| Mapping {
        ours,
        only: None,
        theirs: "messaging.client.sent.messages",
        description: "Messages confirmed, and messages given up",
        kind: Kind::Counter("{message}"),
        attributes: sending(),
        labels: &[("code", failure)],
    };
    let mut calling = sending();
    calling.push(("messaging.operation.type", "send".to_owned()));
    vec![
        // What is in flight may still end in either way.
        sent("payments_producer_messages_confirmed_total"),
        sent("payments_producer_messages_failed_total"),
        Mapping {
            ours: "payments_producer_publish_seconds",
            only: None,
            theirs: "messaging.client.operation.duration",
            description: "A load's Publish calls; a trickle's messages until they are confirmed",
            kind: Kind::Seconds,
            attributes: calling,
            labels: &[("outcome", failure)],
        },
    ]
}

/// What went well has no error.
fn failure(code: &str) -> Option<(&'static str, String)> {
    (code != code_name(Code::Ok)).then(|| ("error.type", code.to_owned()))
}
