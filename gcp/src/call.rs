//! Calls whose messages are encoded by the caller: tonic's clients would take structs and buffer them whole.

use crate::Transport;
use crate::endpoint::MAX_MESSAGE_BYTES;
use bytes::Bytes;
use http::HeaderValue;
use prost::Message;
use std::future::poll_fn;
use tonic::body::Body;
use tonic::codegen::{Service, StdError};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status, Streaming};
use tonic_prost::ProstDecoder;

/// Sends one message, framed as gRPC wants it (a zero byte, its length in 4 bytes, the message), and returns the
/// answers.
///
/// `method` is a path as in `/google.pubsub.v1.Publisher/Publish`. Also a unary method's answer is read to its end,
/// where the status is.
pub async fn call<A, B>(
    transport: Transport,
    method: &'static str,
    metadata: MetadataMap,
    body: B,
) -> Result<Streaming<A>, Status>
where
    A: Message + Default + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    let response = send(transport, method, metadata, body).await?;
    if let Some(refused) =
        Status::from_header_map(response.headers()).filter(|status| status.code() != Code::Ok)
    {
        return Err(refused);
    }
    let (status, body) = (response.status(), response.into_body());
    Ok(Streaming::new_response(ProstDecoder::default(), body, status, None, Some(MAX_MESSAGE_BYTES)))
}

/// As [`call`], for a caller that reads the answers' bytes itself, and the status, which may be in the headers already.
pub async fn send<B>(
    mut transport: Transport,
    method: &'static str,
    metadata: MetadataMap,
    body: B,
) -> Result<http::Response<Body>, Status>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    let mut request = http::Request::new(Body::new(body));
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = http::Version::HTTP_2;
    *request.uri_mut() = http::Uri::from_static(method);
    let mut headers = metadata.into_headers();
    headers.insert(http::header::TE, HeaderValue::from_static("trailers"));
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    *request.headers_mut() = headers;

    poll_fn(|context| transport.poll_ready(context)).await.map_err(unavailable)?;
    transport.call(request).await.map_err(unavailable)
}

/// The code of a status as its sender meant it.
///
/// A status with a source was made on this side of a broken connection, whatever code it was given.
pub fn code(status: &Status) -> Code {
    let is_ours = std::error::Error::source(status).is_some();
    match status.code() {
        Code::Unknown | Code::Internal | Code::Cancelled if is_ours => Code::Unavailable,
        code => code,
    }
}

/// A connection that could not take the call, or broke under it.
fn unavailable(error: StdError) -> Status {
    match error.downcast::<Status>() {
        Ok(status) => *status,
        Err(error) => Status::unavailable(error.to_string()),
    }
}
