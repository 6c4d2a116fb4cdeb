//! Codecs of the rpcs that carry message bodies: bodies are slices of the request they came in, and are copied once
//! into the response they leave in. The formats are [`PublishBatch`]'s and [`Delivery`]'s; here are only tonic's
//! traits.

use crate::proto::pubsub::{PublishResponse, PullRequest, StreamingPullRequest};
use crate::pubsub::subscription::outgoing::Delivery;
use crate::pubsub::topic::batch::PublishBatch;
use bytes::Buf;
use prost::Message;
use std::marker::PhantomData;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

/// Publish: requests sliced, responses by prost.
#[derive(Debug, Default)]
pub struct PublishCodec;

/// Pull and streaming pull: requests by prost, responses by [`Delivery`].
#[derive(Debug)]
pub struct DeliveryCodec<D>(PhantomData<D>);

impl<D> Default for DeliveryCodec<D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

pub type PullCodec = DeliveryCodec<PullRequest>;
pub type StreamingPullCodec = DeliveryCodec<StreamingPullRequest>;

#[derive(Debug)]
pub struct PublishDecoder;

#[derive(Debug)]
pub struct ResponseEncoder;

#[derive(Debug)]
pub struct RequestDecoder<D>(PhantomData<D>);

#[derive(Debug)]
pub struct DeliveryEncoder;

impl Codec for PublishCodec {
    type Encode = PublishResponse;
    type Decode = PublishBatch;
    type Encoder = ResponseEncoder;
    type Decoder = PublishDecoder;

    fn encoder(&mut self) -> Self::Encoder {
        ResponseEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        PublishDecoder
    }
}

impl<D: Message + Default + 'static> Codec for DeliveryCodec<D> {
    type Encode = Delivery;
    type Decode = D;
    type Encoder = DeliveryEncoder;
    type Decoder = RequestDecoder<D>;

    fn encoder(&mut self) -> Self::Encoder {
        DeliveryEncoder
    }

    fn decoder(&mut self) -> Self::Decoder {
        RequestDecoder(PhantomData)
    }
}

impl Decoder for PublishDecoder {
    type Item = PublishBatch;
    type Error = Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<PublishBatch>, Status> {
        PublishBatch::parse(src.copy_to_bytes(src.remaining())).map(Some)
    }
}

impl Encoder for ResponseEncoder {
    type Item = PublishResponse;
    type Error = Status;

    fn encode(&mut self, item: PublishResponse, dst: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(dst).map_err(|error| Status::internal(error.to_string()))
    }
}

impl<D: Message + Default + 'static> Decoder for RequestDecoder<D> {
    type Item = D;
    type Error = Status;

    fn decode(&mut self, src: &mut DecodeBuf<'_>) -> Result<Option<D>, Status> {
        D::decode(src).map(Some).map_err(|error| Status::invalid_argument(error.to_string()))
    }
}

impl Encoder for DeliveryEncoder {
    type Item = Delivery;
    type Error = Status;

    fn encode(&mut self, item: Delivery, dst: &mut EncodeBuf<'_>) -> Result<(), Status> {
        dst.reserve(item.size_hint());
        item.encode(dst);
        Ok(())
    }
}
