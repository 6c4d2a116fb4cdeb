//! Payments as protobuf's canonical JSON and as its text format.
//!
//! Lower camel case names, 64-bit numbers as strings, enum values by name, fields at their default left out.

use anyhow::Context;
use prost::Message;
use prost_reflect::text_format::FormatOptions;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use schemas::Payment;

/// Turns payments into text by their schema.
#[derive(Clone, Debug)]
pub struct Renderer {
    descriptor: MessageDescriptor,
}

impl Renderer {
    pub fn new() -> anyhow::Result<Self> {
        let pool =
            DescriptorPool::decode(schemas::DESCRIPTORS).context("the built-in schema cannot be read")?;
        let descriptor = pool
            .get_message_by_name(schemas::SCHEMA)
            .context("the built-in schema has no payment message")?;
        Ok(Self { descriptor })
    }

    /// JSON on one line, or indented.
    pub fn json(&self, payment: &Payment, indent: bool) -> anyhow::Result<String> {
        let message = self.message(payment)?;
        Ok(if indent { serde_json::to_string_pretty(&message)? } else { serde_json::to_string(&message)? })
    }

    /// Protobuf's text format, a field a line.
    pub fn text(&self, payment: &Payment) -> anyhow::Result<String> {
        Ok(self.message(payment)?.to_text_format_with_options(&FormatOptions::new().pretty(true)))
    }

    /// JSON on one line of a payment as it is encoded.
    pub fn json_of(&self, encoded: &[u8]) -> anyhow::Result<String> {
        Ok(serde_json::to_string(&DynamicMessage::decode(self.descriptor.clone(), encoded)?)?)
    }

    fn message(&self, payment: &Payment) -> anyhow::Result<DynamicMessage> {
        Ok(DynamicMessage::decode(self.descriptor.clone(), payment.encode_to_vec().as_slice())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};

    #[test]
    fn json_follows_the_canonical_mapping() {
        let generator = Generator::new(Config { num_records: 100, ..Config::default() }).unwrap();
        let renderer = Renderer::new().unwrap();
        for index in 0..100 {
            let payment = generator.payment(index);
            let text = renderer.json(&payment, false).unwrap();
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            let header = payment.payment_header.as_ref().unwrap();
            assert_eq!(value["paymentHeader"]["createdAtMicros"], header.created_at_micros.to_string());
            assert_eq!(value["paymentHeader"]["paymentType"], header.payment_type().as_str_name());
            assert_eq!(value["paymentHeader"]["version"], 1);
            assert!(value.get("payment_header").is_none());
            let mut reader = serde_json::Deserializer::from_str(&text);
            let back = DynamicMessage::deserialize(renderer.descriptor.clone(), &mut reader).unwrap();
            assert_eq!(back.encode_to_vec(), renderer.message(&payment).unwrap().encode_to_vec());
        }
    }
}
