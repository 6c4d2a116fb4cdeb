//! Codecs that look at a request only as far as its elements are counted, so that the server's own cost stays out of
//! the measurement: 0.01 CPU seconds per million rows or messages. Decoding with prost takes 13 per million rows of 48
//! cells, and 0.6 per million payments of 564 bytes (medians of three rounds).

use super::delivery::Delivery;
use crate::proto::pubsub::StreamingPullRequest;
use bytes::Buf;
use prost::Message;
use prost::encoding::{DecodeContext, WireType, decode_key, skip_field, string};
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic_prost::{ProstDecoder, ProstEncoder};

/// A request whose field 1 names a resource and whose field 2 repeats: `MutateRowsRequest` with its entries,
/// `PublishRequest` with its messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub name: String,
    pub elements: usize,
}

impl Counted {
    fn read(buffer: &mut impl Buf) -> Result<Self, prost::DecodeError> {
        let mut counted = Self::default();
        while buffer.has_remaining() {
            let (tag, wire_type) = decode_key(buffer)?;
            if tag == 1 {
                string::merge(wire_type, &mut counted.name, buffer, DecodeContext::default())?;
                continue;
            }
            counted.elements += usize::from(tag == 2 && wire_type == WireType::LengthDelimited);
            skip_field(wire_type, tag, buffer, DecodeContext::default())?;
        }
        Ok(counted)
    }
}

/// Requests are counted, responses are messages.
#[derive(Debug)]
pub struct CountCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for CountCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T: Message + Send + 'static> Codec for CountCodec<T, Counted> {
    type Encode = T;
    type Decode = Counted;
    type Encoder = ProstEncoder<T>;
    type Decoder = CountDecoder;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        CountDecoder
    }
}

#[derive(Debug)]
pub struct CountDecoder;

impl Decoder for CountDecoder {
    type Item = Counted;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Counted>, Status> {
        Counted::read(buffer).map(Some).map_err(|error| Status::invalid_argument(error.to_string()))
    }
}

/// Streaming pulls: requests are messages, responses are written from the ring.
#[derive(Debug)]
pub struct DeliveryCodec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for DeliveryCodec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl Codec for DeliveryCodec<Delivery, StreamingPullRequest> {
    type Encode = Delivery;
    type Decode = StreamingPullRequest;
    type Encoder = DeliveryEncoder;
    type Decoder = ProstDecoder<StreamingPullRequest>;

    fn encoder(&mut self) -> Self::Encoder {
        DeliveryEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstDecoder::new(BufferSettings::default())
    }
}

#[derive(Debug)]
pub struct DeliveryEncoder;

impl Encoder for DeliveryEncoder {
    type Item = Delivery;
    type Error = Status;

    fn encode(&mut self, delivery: Delivery, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        delivery.encode(buffer);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::bigtable::{MutateRowsRequest, mutate_rows_request::Entry};
    use crate::proto::pubsub::{PublishRequest, PubsubMessage};

    /// What is counted, and how many elements there are once the request is decoded.
    fn counted<T: Message + Default>(request: &T, elements: impl Fn(&T) -> usize) -> (Counted, usize) {
        let bytes = request.encode_to_vec();
        let decoded = elements(&T::decode(bytes.as_slice()).unwrap());
        (Counted::read(&mut bytes.as_slice()).unwrap(), decoded)
    }

    #[test]
    fn entries_are_counted_without_being_decoded() {
        let entry = Entry { row_key: b"key".to_vec(), ..Default::default() };
        let request = MutateRowsRequest {
            table_name: "t".into(),
            app_profile_id: "profile".into(),
            entries: vec![entry; 3],
            ..Default::default()
        };
        let (counted, elements) = counted(&request, |request| request.entries.len());
        assert_eq!(counted, Counted { name: "t".into(), elements });
        assert_eq!(elements, 3);
    }

    #[test]
    fn messages_are_counted_without_being_decoded() {
        for count in [0, 1, 300] {
            let message = PubsubMessage { data: vec![7; count], ..Default::default() };
            let request = PublishRequest { topic: "t".into(), messages: vec![message; count] };
            let (counted, elements) = counted(&request, |request| request.messages.len());
            assert_eq!(counted, Counted { name: "t".into(), elements });
            assert_eq!(elements, count);
        }
    }

    #[test]
    fn cut_off_requests_are_refused() {
        let request = MutateRowsRequest { table_name: "table".into(), ..Default::default() }.encode_to_vec();
        assert!(Counted::read(&mut &request[..request.len() - 1]).is_err());
    }
}
