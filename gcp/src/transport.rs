//! A gRPC connection that carries credentials.

use google_cloud_auth::credentials::{CacheableResource, Credentials};
use http::{Extensions, Request, Response};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, StdError};
use tonic::transport::Channel;

/// One connection to a service; every call is given the caller's authorization headers. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Transport {
    channel: Channel,
    credentials: Option<Credentials>,
}

impl Transport {
    /// Without credentials calls go out as they are, as emulators take them.
    pub fn new(channel: Channel, credentials: Option<Credentials>) -> Self {
        Self { channel, credentials }
    }
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Body>;
    type Error = StdError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The clone left behind has not been polled ready, the channel that was is moved into the call.
        let fresh = self.channel.clone();
        let mut channel = std::mem::replace(&mut self.channel, fresh);
        let credentials = self.credentials.clone();
        Box::pin(async move {
            if let Some(credentials) = credentials {
                authorize(&credentials, &mut request).await?;
            }
            Ok(channel.call(request).await?)
        })
    }
}

async fn authorize(credentials: &Credentials, request: &mut Request<Body>) -> Result<(), Status> {
    let headers = credentials.headers(Extensions::new()).await.map_err(|error| {
        let message = format!("no access token: {error}");
        // The metadata server may be away for a moment.
        if error.is_transient() { Status::unavailable(message) } else { Status::unauthenticated(message) }
    })?;
    // Asked without an entity tag, the library always answers with headers.
    if let CacheableResource::New { data, .. } = headers {
        request.headers_mut().extend(data);
    }
    Ok(())
}
