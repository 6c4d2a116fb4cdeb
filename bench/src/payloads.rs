//! The payments that are measured with, as structs and as messages on the topic.

use crate::options::Payload;
use anyhow::Context;
use generator::{Config, Generator};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::PubsubMessage;
use prost::Message;
use prost_types::Timestamp;
use schemas::payment::TypeSpecific;
use schemas::{Payment, layout};
use std::time::{SystemTime, UNIX_EPOCH};

/// Most payments that differ; longer runs begin again.
const DISTINCT: u64 = 20_000;

/// How many different payments a run of `records` has.
pub fn distinct(records: u64) -> u64 {
    records.min(DISTINCT)
}

/// The first `count` payments of a run, at most 20,000.
///
/// # Errors
/// When one is not valid, because then it would be measured how the sink turns it away.
pub fn payments(payload: Payload, count: u64) -> anyhow::Result<Vec<Payment>> {
    let generator = Generator::new(Config { num_records: DISTINCT, ..Config::default() })?;
    (0..count)
        .map(|index| {
            let mut payment = generator.payment(index);
            if payload == Payload::Lean {
                make_lean(&mut payment);
            }
            schemas::validate(&payment).with_context(|| format!("payment {index}"))?;
            Ok(payment)
        })
        .collect()
}

/// The same as messages, published now.
pub fn messages(payload: Payload, count: u64) -> anyhow::Result<Vec<PubsubMessage>> {
    let published = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let publish_time =
        Timestamp { seconds: published.as_secs() as i64, nanos: published.subsec_nanos() as i32 };
    let attributes = [("schema", schemas::SCHEMA), ("run_id", "0000000000000000"), ("shard", "0/1")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let message = |payment: Payment| PubsubMessage {
        data: payment.encode_to_vec(),
        attributes: attributes.clone().into_iter().collect(),
        publish_time: Some(publish_time),
        ..Default::default()
    };
    Ok(payments(payload, count)?.into_iter().map(message).collect())
}

/// Mean cells of a row and mean bytes of a message, of `count` payments.
pub fn sizes(payload: Payload, count: u64) -> anyhow::Result<(f64, f64)> {
    let payments = payments(payload, count)?;
    let (mut cells, mut bytes) = (0_u64, 0);
    for payment in &payments {
        layout::cells(payment, |_, _| cells += 1);
        bytes += payment.encoded_len();
    }
    let mean = |total: f64| total / payments.len() as f64;
    Ok((mean(cells as f64), mean(bytes as f64)))
}

/// Empties what a plainer source would not send.
fn make_lean(payment: &mut Payment) {
    if let Some(parties) = &mut payment.parties {
        for party in [&mut parties.originator, &mut parties.counterparty].into_iter().flatten() {
            clear([&mut party.routing_number, &mut party.bank_name, &mut party.bank_bic, &mut party.lei]);
        }
    }
    if let Some(info) = &mut payment.processing_info {
        clear([&mut info.clearing_system, &mut info.settlement_date, &mut info.channel]);
        clear([&mut info.processor_id, &mut info.batch_id]);
    }
    if let Some(metadata) = &mut payment.metadata {
        clear([&mut metadata.source_system, &mut metadata.generator_version]);
        clear([&mut metadata.correlation_id, &mut metadata.description, &mut metadata.recurrence_id]);
    }
    match &mut payment.type_specific {
        Some(TypeSpecific::Ach(ach)) => {
            clear([&mut ach.company_name, &mut ach.company_entry_description]);
            clear([&mut ach.individual_id, &mut ach.addenda_info]);
        }
        Some(TypeSpecific::Wire(wire)) => {
            clear([
                &mut wire.debtor_agent_bic,
                &mut wire.creditor_agent_bic,
                &mut wire.intermediary_agent_bic,
            ]);
            clear([&mut wire.purpose_code, &mut wire.local_instrument]);
        }
        Some(TypeSpecific::Card(card)) => {
            clear([&mut card.merchant_name, &mut card.terminal_id, &mut card.auth_code]);
            clear([&mut card.acquirer_reference, &mut card.three_ds_status, &mut card.funding]);
        }
        _ => {}
    }
}

fn clear<const N: usize>(fields: [&mut String; N]) {
    for field in fields {
        field.clear();
    }
}
