//! From a message to a valid payment, or to the reason why it is none.

use crate::envelope::{Received, publish_micros};
use google_cloud_pubsub::model::Message;
use prost::Message as _;
use schemas::Payment;

/// Why a message can never become rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reject {
    #[error("the attribute schema names {0:?}, not payments.v1.Payment")]
    OtherSchema(String),
    #[error("not a payments.v1.Payment: {0}")]
    Undecodable(String),
    #[error("invalid payment: {0}")]
    Invalid(#[from] schemas::Invalid),
    #[error("the message has no publish time")]
    NoPublishTime,
    #[error(
        "another payment of the same pane has the row key {0:?}; use --row-key-suffix transaction_id for such topics"
    )]
    KeyCollision(String),
    #[error("table {table} refused the row: {code:?}: {message}")]
    RefusedByTable { table: &'static str, code: tonic::Code, message: String },
}

impl Reject {
    /// A stable word for the dead letter's attribute `reason`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::OtherSchema(_) => "other_schema",
            Self::Undecodable(_) => "undecodable",
            Self::Invalid(_) => "invalid",
            Self::NoPublishTime => "no_publish_time",
            Self::KeyCollision(_) => "key_collision",
            Self::RefusedByTable { .. } => "refused_by_table",
        }
    }
}

/// Decodes and validates a message. The message comes back either way: a reject's is bound for the dead-letter topic.
pub fn decode(message: Message) -> Result<Received, Box<(Reject, Message)>> {
    match payment_of(&message) {
        Ok((payment, publish_micros)) => Ok(Received { payment: Box::new(payment), message, publish_micros }),
        Err(reject) => Err(Box::new((reject, message))),
    }
}

fn payment_of(message: &Message) -> Result<(Payment, i64), Reject> {
    if let Some(schema) = message.attributes.get("schema")
        && schema != schemas::SCHEMA
    {
        return Err(Reject::OtherSchema(schema.clone()));
    }
    let payment = parse(&message.data)?;
    Ok((payment, publish_micros(message).ok_or(Reject::NoPublishTime)?))
}

/// A valid payment from a message's bytes.
pub fn parse(data: &[u8]) -> Result<Payment, Reject> {
    let payment = Payment::decode(data).map_err(|error| Reject::Undecodable(error.to_string()))?;
    schemas::validate(&payment)?;
    Ok(payment)
}
