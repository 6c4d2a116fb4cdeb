//! A gRPC codec that leaves requests as bytes: a bulk write is decoded where it is carried out, borrowing.

use std::marker::PhantomData;

use bytes::{Buf, Bytes};
use prost::Message;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

/// Requests stay encoded, responses are messages.
#[derive(Debug)]
pub struct RawRequest<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for RawRequest<T, U> {
    fn default() -> Self {
        RawRequest(PhantomData)
    }
}

impl<T: Message + Send + 'static> Codec for RawRequest<T, Bytes> {
    type Encode = T;
    type Decode = Bytes;
    type Encoder = ProstEncoder<T>;
    type Decoder = Raw;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        Raw
    }
}

/// Passes message bytes through.
#[derive(Debug)]
pub struct Raw;

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use tonic::Streaming;
    use tonic::body::Body;
    use tonic_prost::ProstDecoder;

    use super::*;
    use crate::proto::bigtable::MutateRowsRequest;

    /// Receives a request that is one frame long.
    async fn receive<T>(
        decoder: impl Decoder<Item = T, Error = Status> + Send + 'static,
        message: &[u8],
    ) -> T {
        let header = [&[0], &(message.len() as u32).to_be_bytes()[..]].concat();
        let body = Body::new(Full::new(Bytes::from([&header, message].concat())));
        Streaming::new_request(decoder, body, None, None).message().await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn bytes_hold_the_message_that_the_usual_codec_decodes() {
        let request = MutateRowsRequest { table_name: "t".to_owned(), ..MutateRowsRequest::default() };
        let bytes = receive(Raw, &request.encode_to_vec()).await;
        let message = receive(ProstDecoder::<MutateRowsRequest>::default(), &request.encode_to_vec()).await;
        assert_eq!(MutateRowsRequest::decode(bytes).unwrap(), message);
        assert_eq!(message, request);
    }
}
