//! One ReadRows call on the wire: requests as messages, responses as their bytes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use bytes::{Buf, Bytes};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{FeatureFlags, ReadRowsRequest};
use http::uri::PathAndQuery;
use prost::Message;
use service::Transport;
use service::endpoint::MAX_MESSAGE_BYTES;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic::metadata::AsciiMetadataValue;
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstEncoder;

const METHOD: &str = "/google.bigtable.v2.Bigtable/ReadRows";

/// Starts a read.
pub async fn read_rows(transport: Transport, request: ReadRowsRequest) -> Result<Streaming<Bytes>, Status> {
    let mut client = Grpc::new(transport).max_decoding_message_size(MAX_MESSAGE_BYTES);
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let routing = routing_params(&request);
    let mut request = Request::new(request);
    request.metadata_mut().insert("bigtable-features", features());
    if let Ok(routing) = routing.parse() {
        request.metadata_mut().insert("x-goog-request-params", routing);
    }
    let method = PathAndQuery::from_static(METHOD);
    Ok(client.server_streaming(request, method, RawCodec).await?.into_inner())
}

/// Tells the service what this client understands, so that it may use it.
fn features() -> AsciiMetadataValue {
    let flags = FeatureFlags { last_scanned_row_responses: true, retry_info: true, ..Default::default() };
    URL_SAFE.encode(flags.encode_to_vec()).parse().expect("base64 is ASCII")
}

/// The header by which Google's front ends route: values percent-encoded.
fn routing_params(request: &ReadRowsRequest) -> String {
    let table = request.table_name.replace('/', "%2F");
    format!("table_name={table}&app_profile_id={}", request.app_profile_id)
}

#[derive(Clone, Copy, Debug)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = ReadRowsRequest;
    type Decode = Bytes;
    type Encoder = ProstEncoder<ReadRowsRequest>;
    type Decoder = RawDecoder;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> RawDecoder {
        RawDecoder
    }
}

/// Hands a message on as it came.
#[derive(Clone, Copy, Debug)]
struct RawDecoder;

impl Decoder for RawDecoder {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(message.copy_to_bytes(message.remaining())))
    }
}
