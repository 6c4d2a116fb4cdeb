//! gRPC codecs that leave one side of a call as bytes.

use std::marker::PhantomData;

use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use tonic::Status;
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic_prost::{ProstDecoder, ProstEncoder};

/// Requests stay encoded (decoded where the work is done, borrowing), responses are messages.
#[derive(Debug)]
pub struct RawRequest<T, U>(PhantomData<(T, U)>);

/// Requests are messages, responses come encoded.
#[derive(Debug)]
pub struct RawResponse<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for RawRequest<T, U> {
    fn default() -> Self {
        RawRequest(PhantomData)
    }
}

impl<T, U> Default for RawResponse<T, U> {
    fn default() -> Self {
        RawResponse(PhantomData)
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

impl<U: Message + Default + Send + 'static> Codec for RawResponse<Bytes, U> {
    type Encode = Bytes;
    type Decode = U;
    type Encoder = Raw;
    type Decoder = ProstDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        Raw
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstDecoder::new(BufferSettings::default())
    }
}

/// Passes message bytes through.
#[derive(Debug)]
pub struct Raw;

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.reserve(item.len());
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}
