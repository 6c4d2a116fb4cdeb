//! Which of a sink's metrics go by which name of OpenTelemetry's and of Bigtable's own clients.
//!
//! Left out is what a sink does not count as the others do: operations over all their attempts, retries of calls (ours
//! are of rows), calls that did not reach Google, and waits for room (ours are sums, not distributions).

use crate::options::Options;
use gcp::call::code_name;
use gcp::{Project, bigtable, pubsub};
use monitor::otlp::{Kind, Mapping, id};
use tonic::Code;

/// The table, by the flags of a run.
pub fn table(
    options: &Options,
    project: &Project,
    pubsub: &pubsub::Args,
    bigtable: &bigtable::Args,
) -> Vec<Mapping> {
    let (subscription, host) = (id(&options.subscription), pubsub.host());
    // The topic behind a subscription is not known here; the convention's own examples name the subscription twice.
    let messaging = |operation: &str| {
        let of = [
            ("messaging.system", "gcp_pubsub"),
            ("messaging.operation.name", operation),
            ("messaging.destination.name", &subscription),
            ("messaging.destination.subscription.name", &subscription),
        ];
        let mut of = of.map(|(name, value)| (name, value.to_owned())).to_vec();
        of.extend(host.clone().map(|host| ("server.address", host)));
        of
    };
    let mut acking = messaging("ack");
    acking.push(("messaging.operation.type", "settle".to_owned()));
    vec![
        Mapping {
            ours: "payments_sink_messages_pulled_total",
            only: None,
            theirs: "messaging.client.consumed.messages",
            description: "Messages pulled, redeliveries included",
            kind: Kind::Counter("{message}"),
            attributes: messaging("receive"),
            labels: &[],
        },
        Mapping {
            ours: "payments_sink_pulled_to_acked_seconds",
            only: None,
            theirs: "messaging.process.duration",
            description: "From a message's pull to its ack, of acked messages",
            kind: Kind::Seconds,
            // The convention's word for all that happens between receiving and acking.
            attributes: messaging("subscribe"),
            labels: &[],
        },
        Mapping {
            ours: "payments_sink_stage_seconds",
            only: Some(("stage", "ack")),
            theirs: "messaging.client.operation.duration",
            description: "From the confirmation of a message's rows to its ack, of acked messages",
            kind: Kind::Seconds,
            attributes: acking,
            labels: &[],
        },
        Mapping {
            ours: "payments_sink_request_seconds",
            only: None,
            theirs: "bigtable.googleapis.com/client/attempt_latencies",
            description: "One MutateRows call, from sending to its end",
            kind: Kind::Millis,
            attributes: attempts(options, project, bigtable),
            labels: &[
                ("table", |table| Some(("table", table.to_owned()))),
                // Some of its rows were not written, but the call itself ended well.
                ("outcome", |outcome| {
                    let status =
                        if outcome == crate::writer::PARTIAL { code_name(Code::Ok) } else { outcome };
                    Some(("status", status.to_owned()))
                }),
            ],
        },
    ]
}

fn attempts(options: &Options, project: &Project, bigtable: &bigtable::Args) -> Vec<(&'static str, String)> {
    let client = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    let mut attributes = vec![
        ("instance", bigtable.instance.clone()),
        ("app_profile", options.app_profile.clone()),
        ("method", "Bigtable.MutateRows".to_owned()),
        ("client_name", client.to_owned()),
    ];
    attributes.extend(project.project.clone().map(|project| ("project_id", project)));
    // Empty is the instance's default.
    attributes.retain(|(_, value)| !value.is_empty());
    attributes
}
