//! Generated payments as JSON.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use generator::{Config, Generator};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use schemas::json::Renderer;

#[test]
fn json_follows_the_canonical_mapping() {
    let generator = Generator::new(Config { num_records: 100, ..Config::default() }).unwrap();
    let renderer = Renderer::new().unwrap();
    let contract = DescriptorPool::decode(schemas::DESCRIPTORS).unwrap();
    let descriptor = contract.get_message_by_name(schemas::SCHEMA).unwrap();
    for index in 0..100 {
        let payment = generator.payment(index);
        let text = renderer.json(&payment, false).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let header = payment.payment_header.as_ref().unwrap();
        assert_eq!(value["paymentHeader"]["createdAtMicros"], header.created_at_micros.to_string());
        assert_eq!(value["paymentHeader"]["paymentType"], header.payment_type().as_str_name());
        assert_eq!(value["paymentHeader"]["version"], 1);
        assert!(value.get("payment_header").is_none());
        let encoded = payment.encode_to_vec();
        assert_eq!(renderer.json_of(&encoded).unwrap(), text);
        let mut reader = serde_json::Deserializer::from_str(&text);
        let back = DynamicMessage::deserialize(descriptor.clone(), &mut reader).unwrap();
        let message = DynamicMessage::decode(descriptor.clone(), encoded.as_slice()).unwrap();
        assert_eq!(back.encode_to_vec(), message.encode_to_vec());
    }
}
