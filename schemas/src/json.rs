//! Payments as protobuf's canonical JSON and as its text format.
//!
//! Lower camel case names, 64-bit numbers as strings, enum values by name, fields at their default left out.

use crate::Payment;
use prost::Message;
use prost_reflect::text_format::FormatOptions;
use prost_reflect::{DescriptorError, DescriptorPool, DynamicMessage, MessageDescriptor};

/// Why a payment has no text.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the built-in schema cannot be read")]
    Schema(#[source] DescriptorError),
    #[error("the built-in schema has no payment message")]
    NoPayment,
    #[error(transparent)]
    Undecodable(#[from] prost::DecodeError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Turns payments into text by their schema.
#[derive(Clone, Debug)]
pub struct Renderer {
    descriptor: MessageDescriptor,
}

impl Renderer {
    pub fn new() -> Result<Self, Error> {
        let pool = DescriptorPool::decode(crate::DESCRIPTORS).map_err(Error::Schema)?;
        let descriptor = pool.get_message_by_name(crate::SCHEMA).ok_or(Error::NoPayment)?;
        Ok(Self { descriptor })
    }

    /// JSON on one line, or indented.
    pub fn json(&self, payment: &Payment, indent: bool) -> Result<String, Error> {
        let message = self.message(&payment.encode_to_vec())?;
        Ok(if indent { serde_json::to_string_pretty(&message)? } else { serde_json::to_string(&message)? })
    }

    /// Protobuf's text format, a field a line.
    pub fn text(&self, payment: &Payment) -> Result<String, Error> {
        let message = self.message(&payment.encode_to_vec())?;
        Ok(message.to_text_format_with_options(&FormatOptions::new().pretty(true)))
    }

    /// JSON on one line of a payment as it is encoded.
    pub fn json_of(&self, encoded: &[u8]) -> Result<String, Error> {
        Ok(serde_json::to_string(&self.message(encoded)?)?)
    }

    fn message(&self, encoded: &[u8]) -> Result<DynamicMessage, Error> {
        Ok(DynamicMessage::decode(self.descriptor.clone(), encoded)?)
    }
}
