//! One ReadRows call on the wire: the request as a message, answers as their bytes.
//!
//! Answers are cut from the connection's frames here. tonic's own stream copies them into a buffer first, which costs a scan
//! more than a copy: it reads them while they are in the cache.

mod frames;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use bytes::{BufMut, Bytes, BytesMut};
use frames::{Frames, HEADER_BYTES};
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{FeatureFlags, ReadRowsRequest};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use prost::Message;
use service::Transport;
use service::call::send;
use std::future::ready;
use tonic::body::Body;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::{Status, Streaming};
use tonic_prost::ProstDecoder;

const METHOD: &str = "/google.bigtable.v2.Bigtable/ReadRows";

/// Starts a read.
pub async fn read_rows(transport: Transport, request: ReadRowsRequest) -> Result<Answers, Status> {
    let mut metadata = MetadataMap::new();
    metadata.insert("bigtable-features", features());
    if let Ok(routing) = routing_params(&request).parse() {
        metadata.insert("x-goog-request-params", routing);
    }
    let response = send(transport, METHOD, metadata, Full::new(frame(&request)?)).await?;
    let (head, mut body) = response.into_parts();
    if Status::from_header_map(&head.headers).is_some() {
        // A call that is refused at once has its end in its headers.
        body = Body::new(Empty::new().with_trailers(ready(Some(Ok(head.headers)))));
    }
    Ok(Answers { body, http_status: head.status, frames: Frames::default() })
}

/// The answers to a read, as they come.
pub struct Answers {
    body: Body,
    http_status: StatusCode,
    frames: Frames,
}

impl Answers {
    /// The next message; none at the call's orderly end.
    pub async fn message(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.frames.next_message()? {
                return Ok(Some(message));
            }
            let Some(frame) = self.body.frame().await.transpose()? else { return self.end(None).await };
            match frame.into_data() {
                Ok(data) => self.frames.push(data),
                Err(frame) => return self.end(frame.into_trailers().ok()).await,
            }
        }
    }

    /// What the call's end means is tonic's to say.
    async fn end(&mut self, trailers: Option<HeaderMap>) -> Result<Option<Bytes>, Status> {
        let last = Empty::<Bytes>::new().with_trailers(ready(trailers.map(Ok)));
        let decoder = ProstDecoder::<()>::default();
        Streaming::new_response(decoder, last, self.http_status, None, None).message().await?;
        if self.frames.is_cut() {
            return Err(Status::unavailable("the answer ends inside a message"));
        }
        Ok(None)
    }
}

fn frame(request: &ReadRowsRequest) -> Result<Bytes, Status> {
    let message = request.encode_to_vec();
    let len = u32::try_from(message.len())
        .map_err(|_| Status::invalid_argument("the request is larger than 4 GiB"))?;
    let mut frame = BytesMut::with_capacity(HEADER_BYTES + message.len());
    frame.put_u8(0);
    frame.put_u32(len);
    frame.put_slice(&message);
    Ok(frame.freeze())
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

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    /// The answers that come as `sent`, ended by a status or not at all.
    fn answers(sent: &'static [u8], status: Option<Status>) -> Answers {
        let trailers = status.map(|status| {
            let mut trailers = HeaderMap::new();
            status.add_header(&mut trailers).unwrap();
            Ok(trailers)
        });
        let body = Body::new(Full::new(Bytes::from_static(sent)).with_trailers(ready(trailers)));
        Answers { body, http_status: StatusCode::OK, frames: Frames::default() }
    }

    const MESSAGE: &[u8] = &[0, 0, 0, 0, 2, 7, 8];

    #[tokio::test]
    async fn answers_end_as_their_status_says() {
        let mut whole = answers(MESSAGE, Some(Status::ok("")));
        assert_eq!(whole.message().await.unwrap().as_deref(), Some(&[7, 8][..]));
        assert_eq!(whole.message().await.unwrap(), None);
        let mut broken = answers(MESSAGE, Some(Status::aborted("")));
        assert!(broken.message().await.unwrap().is_some());
        assert_eq!(broken.message().await.unwrap_err().code(), Code::Aborted);
    }

    #[tokio::test]
    async fn answers_that_are_cut_off_are_no_end() {
        for (sent, status) in
            [(&MESSAGE[..6], Some(Status::ok(""))), (&MESSAGE[..3], Some(Status::ok(""))), (&[], None)]
        {
            assert!(answers(sent, status).message().await.is_err(), "{sent:?}");
        }
    }
}
