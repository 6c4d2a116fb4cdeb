//! Calls whose messages are encoded by the caller: tonic's clients would take structs and buffer them whole.

use crate::Transport;
use crate::endpoint::MAX_MESSAGE_BYTES;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use prost::Message;
use std::future::poll_fn;
use tonic::body::Body;
use tonic::codegen::{Service, StdError};
use tonic::metadata::MetadataMap;
use tonic::{Code, Response, Status, Streaming};
use tonic_prost::ProstDecoder;

/// Sends one message, framed as gRPC wants it (a zero byte, its length in 4 bytes, the message), and returns the
/// answers, with the headers that came before them.
///
/// `method` is a path as in `/google.pubsub.v1.Publisher/Publish`. Also a unary method's answer is read to its end,
/// where the status is.
pub async fn call<A, B>(
    transport: Transport,
    method: &'static str,
    metadata: MetadataMap,
    body: B,
) -> Result<Response<Streaming<A>>, Status>
where
    A: Message + Default + Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    let response = send(transport, method, metadata, body).await?;
    let (head, body) = response.into_parts();
    let decoder = ProstDecoder::default();
    let answers = match Status::from_header_map(&head.headers) {
        Some(refused) if refused.code() != Code::Ok => return Err(refused),
        // The call has ended well in its headers; no trailers follow.
        Some(_) => Streaming::new_empty(decoder, body),
        None => Streaming::new_response(decoder, body, head.status, None, Some(MAX_MESSAGE_BYTES)),
    };
    Ok(Response::from_parts(MetadataMap::from_headers(head.headers), answers, head.extensions))
}

/// As [`call`], for a caller that reads the answers' bytes itself, and the status, which may be in the headers already.
/// An answer that is not gRPC is an error here too.
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
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    *request.headers_mut() = headers;

    poll_fn(|context| transport.poll_ready(context)).await.map_err(unavailable)?;
    let response = transport.call(request).await.map_err(unavailable)?;
    match not_grpc(&response) {
        Some(status) => Err(status),
        None => Ok(with_sound_details(response)),
    }
}

/// Leaves out a status's details that are not base64, at which tonic panics.
fn with_sound_details(response: http::Response<Body>) -> http::Response<Body> {
    let (mut head, body) = response.into_parts();
    drop_unsound_details(&mut head.headers);
    let body = body.map_frame(|mut frame| {
        if let Some(trailers) = frame.trailers_mut() {
            drop_unsound_details(trailers);
        }
        frame
    });
    http::Response::from_parts(head, Body::new(body))
}

fn drop_unsound_details(headers: &mut HeaderMap) {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let details = headers.get(Status::GRPC_STATUS_DETAILS);
    if details.is_some_and(|details| LENIENT.decode(details).is_err()) {
        headers.remove(Status::GRPC_STATUS_DETAILS);
    }
}

/// What an answer means that no gRPC server gave, but a proxy or a front end before it.
///
/// The codes are those of gRPC's own mapping of HTTP statuses.
fn not_grpc(response: &http::Response<Body>) -> Option<Status> {
    let headers = response.headers();
    let content = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    let is_grpc = response.status() == StatusCode::OK && content.starts_with(b"application/grpc");
    if is_grpc || headers.contains_key(Status::GRPC_STATUS) {
        return None;
    }
    let code = match response.status() {
        StatusCode::BAD_REQUEST => Code::Internal,
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::PermissionDenied,
        StatusCode::NOT_FOUND => Code::Unimplemented,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Code::Unavailable,
        _ => Code::Unknown,
    };
    let (status, content) = (response.status().as_u16(), content.escape_ascii());
    Some(Status::new(
        code,
        format!("HTTP {status} with content of type \"{content}\" instead of a gRPC answer"),
    ))
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

/// A gRPC code by its name in the protocol.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;
    use fakes::scripted::writes::{self, Reply};
    use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::MutateRowsResponse;
    use http_body_util::{Empty, Full};

    const METHOD: &str = "/google.bigtable.v2.Bigtable/MutateRows";

    /// How a call ends that a server answers in this way: all its messages, or its status.
    async fn end(answer: impl Fn() -> Reply + Send + Sync + 'static) -> Result<usize, Status> {
        let server = writes::start(move |_| answer()).await.unwrap();
        let endpoint = Endpoint::new(Some(&server.addr().to_string()), "", "");
        let transport = endpoint.connect("Bigtable", 1).await.unwrap().remove(0);
        let message = Full::new(Bytes::from_static(&[0; 5]));
        let mut answers =
            call::<MutateRowsResponse, _>(transport, METHOD, MetadataMap::new(), message).await?.into_inner();
        let mut messages = 0;
        while answers.message().await?.is_some() {
            messages += 1;
        }
        Ok(messages)
    }

    fn page(status: u16, content: &'static str) -> Reply {
        let body = Body::new(Full::new(Bytes::from_static(b"<html>the server is on a break</html>")));
        let page = http::Response::builder().status(status).header(CONTENT_TYPE, content);
        Reply::Http(page.body(body).unwrap())
    }

    #[tokio::test]
    async fn a_page_instead_of_an_answer_is_told_by_its_http_status() {
        for (status, code) in [
            (400, Code::Internal),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::Unimplemented),
            (429, Code::Unavailable),
            (500, Code::Unknown),
            (502, Code::Unavailable),
            (503, Code::Unavailable),
            (504, Code::Unavailable),
            (200, Code::Unknown),
        ] {
            let answer = end(move || page(status, "text/html")).await.unwrap_err();
            assert_eq!(answer.code(), code, "{status}");
            assert!(answer.message().contains(&format!("HTTP {status} ")), "{answer}");
        }
        // Its body is not read as an answer, whatever it claims to be.
        assert_eq!(end(|| page(503, "application/grpc")).await.unwrap_err().code(), Code::Unavailable);
    }

    #[tokio::test]
    async fn an_answer_without_a_message_may_end_well_in_its_headers_or_its_trailers() {
        assert_eq!(end(Reply::nothing).await.unwrap(), 0);
        assert_eq!(end(|| Reply::Stream(Vec::new())).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_status_in_the_headers_outweighs_the_http_status() {
        let refused = || {
            let mut answer = Status::aborted("again").into_http::<Empty<Bytes>>().map(Body::new);
            *answer.status_mut() = StatusCode::BAD_GATEWAY;
            Reply::Http(answer)
        };
        assert_eq!(end(refused).await.unwrap_err().code(), Code::Aborted);
    }

    #[tokio::test]
    async fn details_that_are_not_base64_are_left_out() {
        let with = |details: &'static str, status: &Status| {
            let mut headers = HeaderMap::new();
            status.add_header(&mut headers).unwrap();
            headers.insert(Status::GRPC_STATUS_DETAILS, HeaderValue::from_static(details));
            headers
        };
        let in_headers = move || {
            let mut answer = http::Response::new(Body::default());
            *answer.headers_mut() = with("%%%", &Status::aborted("again"));
            Reply::Http(answer)
        };
        let in_trailers = move || {
            let trailers = with("%%%", &Status::aborted("again"));
            let body = Empty::<Bytes>::new().with_trailers(std::future::ready(Some(Ok(trailers))));
            let answer = http::Response::builder().header(CONTENT_TYPE, "application/grpc");
            Reply::Http(answer.body(Body::new(body)).unwrap())
        };
        assert_eq!(end(in_headers).await.unwrap_err().code(), Code::Aborted);
        assert_eq!(end(in_trailers).await.unwrap_err().code(), Code::Aborted);
    }
}
