//! Messages pulled and kept, to be given back in another order.

use crate::Pipeline;
use anyhow::{Context, Result};
use googleapis_tonic_google_pubsub_v1::google::pubsub::v1 as pubsub;
use prost::Message;
use schemas::Payment;
use std::time::Duration;

const SUBSCRIPTION: &str = "payments-sink";

/// A message that was pulled and is not acked.
pub struct Leased {
    pub ack_id: String,
    pub payment: Payment,
    pub publish_micros: i64,
}

impl Leased {
    pub fn header(&self) -> &schemas::payment::PaymentHeader {
        self.payment.payment_header.as_ref().expect("every payment has a header")
    }
}

/// Pulls everything there is and keeps it leased.
pub async fn lease_all(pipeline: &Pipeline) -> Result<Vec<Leased>> {
    let subscription = pipeline.pubsub.subscription_name(SUBSCRIPTION);
    let (mut client, mut leased, mut empty) = (pipeline.pubsub.subscriptions(), Vec::new(), 0);
    while empty < 2 {
        let request = pubsub::PullRequest {
            subscription: subscription.clone(),
            max_messages: 1_000,
            ..Default::default()
        };
        let pull = tokio::time::timeout(Duration::from_secs(1), client.pull(request));
        let Ok(response) = pull.await else { break };
        let messages = response?.into_inner().received_messages;
        empty = if messages.is_empty() { empty + 1 } else { 0 };
        let ack_ids: Vec<_> = messages.iter().map(|message| message.ack_id.clone()).collect();
        postpone(pipeline, &ack_ids, 600).await?;
        for received in messages {
            let message = received.message.context("a message")?;
            let time = message.publish_time.context("a publish time")?;
            leased.push(Leased {
                ack_id: received.ack_id,
                payment: Payment::decode(message.data.as_slice())?,
                publish_micros: time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000,
            });
        }
    }
    Ok(leased)
}

/// Gives messages so many more seconds; 0 gives them back.
pub async fn postpone(pipeline: &Pipeline, ack_ids: &[String], seconds: i32) -> Result<()> {
    if ack_ids.is_empty() {
        return Ok(());
    }
    let request = pubsub::ModifyAckDeadlineRequest {
        subscription: pipeline.pubsub.subscription_name(SUBSCRIPTION),
        ack_ids: ack_ids.to_vec(),
        ack_deadline_seconds: seconds,
    };
    pipeline.pubsub.subscriptions().modify_ack_deadline(request).await?;
    Ok(())
}
