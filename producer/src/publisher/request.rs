//! Publish requests (`google.pubsub.v1.PublishRequest`), encoded as their messages are made.
//!
//! By hand, because the official client takes a struct for each message, with a hash map of its attributes, and puts a
//! channel and a task between: half of what a whole producer costs. Here data goes straight to its place in the
//! request, the attributes are encoded once a run, and what the service confirms is a request, not a message. With it a
//! million payments cost a producer 2.5 CPU seconds instead of 4.5. The test decodes every request by Google's
//! generated types.

use bytes::Bytes;
use parking_lot::Mutex;
use wire::frames::HEADER_BYTES as FRAME;
use wire::frames::header;
use wire::writer::{field_len, key, put_field, put_head};

// Fields of PublishRequest, PubsubMessage and an entry of its map of attributes.
const TOPIC: u8 = key(1);
const MESSAGES: u8 = key(2);
const DATA: u8 = key(1);
const ATTRIBUTES: u8 = key(2);
const KEY: u8 = key(1);
const VALUE: u8 = key(2);

/// The service takes at most 1,000 messages and 10 MB in one request.
pub const MAX_MESSAGES: usize = 1_000;
pub const MAX_BYTES: usize = 9_500_000;

/// Messages that go out in one call.
#[derive(Clone, Debug)]
pub struct Request {
    /// As it goes over the wire.
    pub frame: Bytes,
    pub messages: usize,
    /// The number that the first message was pushed with.
    pub first: u64,
}

/// The beginning of every request, and the attributes of every message.
#[derive(Debug)]
pub struct Template {
    topic: Vec<u8>,
    attributes: Vec<u8>,
    max_messages: usize,
    max_bytes: usize,
    /// Buffers of confirmed requests: half a megabyte each, which an allocator keeps for a while and clears again.
    spare: Mutex<Vec<Vec<u8>>>,
}

impl Template {
    /// Requests have at most so many messages and bytes, and never more than the service takes; a single message may
    /// exceed the bytes.
    pub fn new(topic: &str, attributes: &[(&str, &str)], max_messages: usize, max_bytes: usize) -> Self {
        let mut head = Vec::new();
        put_field(&mut head, TOPIC, topic.as_bytes());
        let mut encoded = Vec::new();
        for (key, value) in attributes {
            put_attribute(&mut encoded, key, value);
        }
        Self {
            topic: head,
            attributes: encoded,
            max_messages: max_messages.clamp(1, MAX_MESSAGES),
            max_bytes: max_bytes.min(MAX_BYTES),
            spare: Mutex::default(),
        }
    }

    /// Takes a request's buffer back for another.
    pub fn recycle(&self, request: Request) {
        if request.frame.is_unique() {
            self.spare.lock().push(request.frame.into());
        }
    }
}

/// Requests in the making.
#[derive(Debug)]
pub struct Requests<'t> {
    template: &'t Template,
    done: Vec<Request>,
    frame: Vec<u8>,
    messages: usize,
    first: u64,
}

impl<'t> Requests<'t> {
    pub fn new(template: &'t Template) -> Self {
        Self { template, done: Vec::new(), frame: Vec::new(), messages: 0, first: 0 }
    }

    /// Appends a message; `number` is the sender's own, `extra` are attributes of this message alone.
    pub fn push(&mut self, number: u64, data: &[u8], extra: &[(&str, &str)]) {
        let own_len: usize = extra.iter().map(|(key, value)| field_len(attribute_len(key, value))).sum();
        let message_len = field_len(data.len()) + self.template.attributes.len() + own_len;
        if self.messages >= self.template.max_messages
            || self.messages > 0 && self.frame.len() + field_len(message_len) > self.template.max_bytes
        {
            self.close();
        }
        if self.messages == 0 {
            self.first = number;
            self.frame = self.template.spare.lock().pop().unwrap_or_default();
            self.frame.clear();
            self.frame.extend_from_slice(&[0; FRAME]);
            self.frame.extend_from_slice(&self.template.topic);
        }
        put_head(&mut self.frame, MESSAGES, message_len);
        put_field(&mut self.frame, DATA, data);
        self.frame.extend_from_slice(&self.template.attributes);
        for (key, value) in extra {
            put_attribute(&mut self.frame, key, value);
        }
        self.messages += 1;
    }

    /// All requests, the last perhaps a small one.
    pub fn finish(mut self) -> Vec<Request> {
        if self.messages > 0 {
            self.close();
        }
        self.done
    }

    fn close(&mut self) {
        let mut frame = std::mem::take(&mut self.frame);
        let len = (frame.len() - FRAME) as u32;
        frame[..FRAME].copy_from_slice(&header(len));
        let messages = std::mem::take(&mut self.messages);
        self.done.push(Request { frame: frame.into(), messages, first: self.first });
    }
}

/// An entry of the map: a message of key and value.
fn put_attribute(out: &mut Vec<u8>, key: &str, value: &str) {
    put_head(out, ATTRIBUTES, attribute_len(key, value));
    put_field(out, KEY, key.as_bytes());
    put_field(out, VALUE, value.as_bytes());
}

fn attribute_len(key: &str, value: &str) -> usize {
    field_len(key.len()) + field_len(value.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use googleapis_tonic_google_pubsub_v1::google::pubsub::v1::{PublishRequest, PubsubMessage};
    use proptest::prelude::*;
    use prost::Message;

    proptest! {
        #[test]
        fn requests_decode_to_the_messages_in_order_and_keep_their_bounds(
            sizes in prop::collection::vec((0..3_000_usize, any::<bool>()), 0..60),
            max_messages in 0..20_usize,
            max_bytes in 0..20_000_usize,
        ) {
            let common = [("run_id", "r"), ("shard", "0/1")];
            let template = Template::new("projects/p/topics/t", &common, max_messages, max_bytes);
            let mut requests = Requests::new(&template);
            let mut expected = Vec::new();
            for (index, (size, marked)) in sizes.into_iter().enumerate() {
                let (data, index_text) = (vec![index as u8; size], index.to_string());
                let extra = [("fault_index", index_text.as_str()), ("traceparent", "t")];
                requests.push(index as u64, &data, if marked { &extra } else { &[] });
                let mut attributes = common.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
                let own = extra.map(|(key, value)| (key.to_owned(), value.to_owned()));
                attributes.extend(own.into_iter().filter(|_| marked));
                let attributes = attributes.into_iter().collect();
                expected.push(PubsubMessage { data, attributes, ..Default::default() });
            }
            let mut sent = Vec::new();
            for Request { frame, messages, first } in requests.finish() {
                prop_assert_eq!(&frame[..5], &[&[0], &(frame.len() as u32 - 5).to_be_bytes()[..]].concat());
                let request = PublishRequest::decode(&frame[5..]).unwrap();
                prop_assert_eq!(&request.topic, "projects/p/topics/t");
                prop_assert_eq!(request.messages.len(), messages);
                prop_assert_eq!(first, sent.len() as u64);
                prop_assert!(messages <= max_messages.max(1));
                prop_assert!(frame.len() <= max_bytes || messages == 1);
                sent.extend(request.messages);
            }
            prop_assert_eq!(sent, expected);
        }
    }
}
