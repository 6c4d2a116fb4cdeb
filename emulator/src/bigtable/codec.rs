//! A gRPC codec that leaves requests as bytes.

use std::marker::PhantomData;

use bytes::{Buf, Bytes};
use prost::Message;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic_prost::ProstEncoder;

/// Requests stay encoded (decoded where the work is done, borrowing), responses are messages.
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
