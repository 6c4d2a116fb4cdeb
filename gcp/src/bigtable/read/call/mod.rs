//! One ReadRows call on the wire: the request as a message, answers as their bytes.
//!
//! Answers are cut from the connection's frames here. tonic's own stream copies them into a buffer first, which costs a
//! scan more than a copy: it reads them while they are in the cache.

mod cookies;
mod frames;

pub use cookies::Cookies;

use crate::Transport;
use crate::call::send;
use crate::headers::{FEATURES, ROUTING, features, routing};
use bytes::Bytes;
use frames::Frames;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::{FeatureFlags, ReadRowsRequest};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use prost::Message;
use std::future::ready;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tonic::{Status, Streaming};
use tonic_prost::ProstDecoder;
use wire::frames::header;

const METHOD: &str = "/google.bigtable.v2.Bigtable/ReadRows";

/// Starts a read, with the cookies of the attempts before; those of this one join them.
pub async fn read_rows(
    transport: Transport,
    request: ReadRowsRequest,
    cookies: &mut Cookies,
) -> Result<Answers<'_>, Status> {
    let mut metadata = MetadataMap::from_headers(cookies.headers());
    let flags = FeatureFlags {
        last_scanned_row_responses: true,
        retry_info: true,
        routing_cookie: true,
        ..Default::default()
    };
    metadata.insert(FEATURES, features(&flags));
    let (table_name, app_profile) = (&request.table_name, &request.app_profile_id);
    metadata.insert(ROUTING, routing(&[("table_name", table_name), ("app_profile_id", app_profile)]));
    let response = send(transport, METHOD, metadata, Full::new(frame(&request)?)).await?;
    let (head, mut body) = response.into_parts();
    cookies.keep(&head.headers);
    if Status::from_header_map(&head.headers).is_some() {
        // A call that is refused at once has its end in its headers.
        body = Body::new(Empty::new().with_trailers(ready(Some(Ok(head.headers)))));
    }
    Ok(Answers { body, http_status: head.status, frames: Frames::default(), cookies })
}

/// The answers to a read, as they come.
pub struct Answers<'c> {
    body: Body,
    http_status: StatusCode,
    frames: Frames,
    cookies: &'c mut Cookies,
}

impl Answers<'_> {
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
        if let Some(trailers) = &trailers {
            self.cookies.keep(trailers);
        }
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
    Ok([&header(len)[..], &message].concat().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    /// The answers that come as `sent`, ended by a status or not at all.
    fn answers<'c>(sent: &'static [u8], status: Option<Status>, cookies: &'c mut Cookies) -> Answers<'c> {
        let trailers = status.map(|status| {
            let mut trailers = HeaderMap::new();
            status.add_header(&mut trailers).unwrap();
            Ok(trailers)
        });
        let body = Body::new(Full::new(Bytes::from_static(sent)).with_trailers(ready(trailers)));
        Answers { body, http_status: StatusCode::OK, frames: Frames::default(), cookies }
    }

    const MESSAGE: &[u8] = &[0, 0, 0, 0, 2, 7, 8];

    #[tokio::test]
    async fn answers_end_as_their_status_says() {
        let mut cookies = Cookies::default();
        let mut whole = answers(MESSAGE, Some(Status::ok("")), &mut cookies);
        assert_eq!(whole.message().await.unwrap().as_deref(), Some(&[7, 8][..]));
        assert_eq!(whole.message().await.unwrap(), None);
        let mut broken = answers(MESSAGE, Some(Status::aborted("")), &mut cookies);
        assert!(broken.message().await.unwrap().is_some());
        assert_eq!(broken.message().await.unwrap_err().code(), Code::Aborted);
    }

    #[tokio::test]
    async fn answers_that_are_cut_off_are_no_end() {
        for (sent, status) in
            [(&MESSAGE[..6], Some(Status::ok(""))), (&MESSAGE[..3], Some(Status::ok(""))), (&[], None)]
        {
            let mut cookies = Cookies::default();
            assert!(answers(sent, status, &mut cookies).message().await.is_err(), "{sent:?}");
        }
    }
}
