//! From a message to a valid payment's row, or to the reason why there is none.

use crate::envelope::{Received, publish_micros};
use crate::reject::Reject;
use crate::row::{Encoder, Row};
use gcp::pubsub::pull::Message;
use prost::Message as _;
use schemas::Payment;

/// Messages that are larger than payments usually are, by far.
const LARGE_BYTES: usize = 1 << 20;

/// When a message was published before it became a dead letter, UTC microseconds. Its cells get that time: a state that
/// comes back late is not the latest for that.
fn first_publish_micros(message: &Message) -> Option<i64> {
    schemas::text::parse_time(message.attributes.get(schemas::FIRST_PUBLISH_TIME)?.as_bytes())
}

/// Makes rows of messages.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Reused for each message.
    payment: Payment,
    encoder: Encoder,
}

impl Decoder {
    /// Decodes, validates and encodes. The message is returned either way: a rejected one is bound for the
    /// dead-letter topic. It was pulled at `pulled_micros`.
    pub fn decode(
        &mut self,
        message: Message,
        pulled_micros: i64,
    ) -> Result<Received, Box<(Reject, Message)>> {
        match self.row_of(&message) {
            Ok(row) => Ok(Received { row, message, pulled_micros, redelivered: false }),
            Err(reject) => Err(Box::new((reject, message))),
        }
    }

    fn row_of(&mut self, message: &Message) -> Result<Row, Reject> {
        if let Some(schema) = message.attributes.get("schema")
            && schema != schemas::SCHEMA
        {
            return Err(Reject::OtherSchema(schema.clone()));
        }
        let publish_micros = publish_micros(message).ok_or(Reject::NoPublishTime)?;
        let first = first_publish_micros(message).map_or(publish_micros, |first| first.min(publish_micros));
        let mut row = self.row(&message.data, first)?;
        row.publish_micros = publish_micros;
        Ok(row)
    }

    /// The row of a message's bytes.
    pub fn row(&mut self, data: &[u8], publish_micros: i64) -> Result<Row, Reject> {
        self.payment.clear();
        self.payment.merge(data).map_err(|error| Reject::Undecodable(error.to_string()))?;
        schemas::validate(&self.payment)?;
        if data.len() <= LARGE_BYTES {
            return Ok(self.encoder.row(&self.payment, publish_micros));
        }
        // Neither the payment's strings nor a buffer that grew by doubling must wait here for the next message.
        self.encoder.reserve(data.len() + data.len() / 16);
        let row = self.encoder.row(&self.payment, publish_micros);
        self.payment = Payment::default();
        Ok(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};
    use prost_types::Timestamp;

    const PUBLISHED: i64 = 1_790_000_000_000_000;

    fn message(first_publish_time: Option<&str>) -> Message {
        let attribute =
            first_publish_time.map(|time| (schemas::FIRST_PUBLISH_TIME.to_owned(), time.to_owned()));
        Message {
            data: Generator::new(Config::default()).unwrap().payment(3).encode_to_vec(),
            publish_time: Some(Timestamp { seconds: PUBLISHED / 1_000_000, nanos: 0 }),
            attributes: attribute.into_iter().collect(),
            ..Message::default()
        }
    }

    #[test]
    fn a_message_that_was_a_dead_letter_gets_the_cells_of_its_first_publish() {
        let mut decoder = Decoder::default();
        let mut row = |time| decoder.decode(message(time), 0).unwrap().row;
        let earlier = Encoder::default()
            .row(&Generator::new(Config::default()).unwrap().payment(3), PUBLISHED - 7_000_000);
        let text = String::from_utf8(schemas::text::time(PUBLISHED - 7_000_000).to_vec()).unwrap();
        let again = row(Some(&text));
        assert!(again.body() == earlier.body());
        assert_eq!(again.publish_micros, PUBLISHED, "its window is that of its own publish");
        // A later time, or none, is nobody's first publish.
        let usual = row(None);
        assert!(usual.body() != earlier.body());
        for odd in ["2099-01-01T00:00:00.000000Z", "yesterday"] {
            assert!(row(Some(odd)).body() == usual.body(), "{odd}");
        }
    }
}
