//! Where a service is: on an emulator, or at Google.

use crate::Transport;
use google_cloud_auth::credentials::{self, Credentials};
use http::Extensions;
use service::Error;
use std::time::Duration;
use tonic::transport::{Channel, ClientTlsConfig};

/// Longest wait for a first answer. The libraries below would wait silently for much longer.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection with calls on it may be silent before it is asked for a sign of life, and how long that may
/// take.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Room for pulls and scans of large messages; the default of 4 MiB is below what both services send.
pub const MAX_MESSAGE_BYTES: usize = 256 << 20;

/// Names a key file for the library that signs in, which would read a device without an end.
const KEY_FILE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const KEY_FILE_BYTES: u64 = 1 << 20;

/// Where one of the two services is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// An emulator or embedded server: plain text, no credentials.
    Emulator { host: String, variable: &'static str },
    /// Google's service: TLS and application default credentials.
    Google { url: &'static str, variable: &'static str },
}

impl Endpoint {
    /// An emulator where `host` (`HOST:PORT`, without scheme) is given, else Google's service at `url`.
    pub fn new(host: Option<&str>, url: &'static str, variable: &'static str) -> Self {
        match host.map(|host| host.trim_start_matches("http://")).filter(|host| !host.is_empty()) {
            Some(host) => Self::Emulator { host: host.to_owned(), variable },
            None => Self::Google { url, variable },
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Emulator { host, .. } => format!("http://{host}"),
            Self::Google { url, .. } => (*url).to_owned(),
        }
    }

    fn variable(&self) -> &'static str {
        match self {
            Self::Emulator { variable, .. } | Self::Google { variable, .. } => variable,
        }
    }

    /// Credentials for the endpoint, tried once so that a missing login shows at the start.
    pub async fn credentials(&self) -> Result<Credentials, Error> {
        if matches!(self, Self::Emulator { .. }) {
            return Ok(credentials::anonymous::Builder::new().build());
        }
        // The HTTP client behind the credentials panics without one. A second installation is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let refused = |reason: String| Error::Credentials { reason, variable: self.variable() };
        if let Some(path) = std::env::var_os(KEY_FILE).filter(|path| !path.is_empty()) {
            let read = service::files::read(path.as_ref(), KEY_FILE_BYTES);
            read.map_err(|error| refused(format!("{KEY_FILE} cannot be read: {error}")))?;
        }
        let credentials =
            credentials::Builder::default().build().map_err(|error| refused(error.to_string()))?;
        match tokio::time::timeout(PROBE_TIMEOUT, credentials.headers(Extensions::new())).await {
            Ok(Ok(_)) => Ok(credentials),
            Ok(Err(error)) => Err(refused(error.to_string())),
            Err(_) => Err(refused(format!("none found within {} s", PROBE_TIMEOUT.as_secs()))),
        }
    }

    /// As [`Endpoint::credentials`]; none where calls need none.
    pub(crate) async fn transport_credentials(&self) -> Result<Option<Credentials>, Error> {
        match self {
            Self::Emulator { .. } => Ok(None),
            Self::Google { .. } => self.credentials().await.map(Some),
        }
    }

    /// The means to open connections that send no pings: for a caller that notices by itself that nothing comes any
    /// more, as on a stream that is silent while there is nothing to say.
    pub async fn dialer(&self) -> Result<Dialer, Error> {
        Ok(Dialer { endpoint: self.channel()?, credentials: self.transport_credentials().await? })
    }

    /// A connection that is dead, half open perhaps, is noticed within [`PING_INTERVAL`] and [`PING_TIMEOUT`] and
    /// replaced. It is asked only under calls: Google's emulator cuts connections that are pinged while they are idle.
    pub(crate) fn with_pings(&self) -> Result<tonic::transport::Endpoint, Error> {
        Ok(self
            .channel()?
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .keep_alive_while_idle(false))
    }

    fn channel(&self) -> Result<tonic::transport::Endpoint, Error> {
        let channel = Channel::from_shared(self.url())
            .map_err(|_| self.malformed())?
            .connect_timeout(PROBE_TIMEOUT)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(Duration::from_mins(1)))
            // A scan's messages come in few reads instead of 16 KiB each, and those of the embedded server whole.
            .max_frame_size(512 << 10)
            .initial_stream_window_size(4 << 20)
            .initial_connection_window_size(16 << 20);
        match self {
            Self::Emulator { .. } => Ok(channel),
            Self::Google { .. } => channel
                .tls_config(ClientTlsConfig::new().with_webpki_roots())
                .map_err(|error| Error::Config(error_chain(&error))),
        }
    }

    fn malformed(&self) -> Error {
        Error::Config(format!("{} ({}) is not of the form HOST:PORT", self.variable(), self.url()))
    }

    pub(crate) fn unreachable(&self, service: &'static str, reason: String) -> Error {
        let advice = match self {
            Self::Emulator { variable, .. } => {
                format!("start one with `payments emulators`, or mend or unset {variable}")
            }
            Self::Google { .. } => "check the network and the proxy".to_owned(),
        };
        Error::Unreachable { service, address: self.url(), reason, advice }
    }
}

/// Opens connections to one endpoint.
#[derive(Clone, Debug)]
pub struct Dialer {
    endpoint: tonic::transport::Endpoint,
    credentials: Option<Credentials>,
}

impl Dialer {
    /// A new connection, which its first call opens.
    pub fn dial(&self) -> Transport {
        Transport::new(self.endpoint.connect_lazy(), self.credentials.clone())
    }
}

/// tonic's transport errors say only "transport error"; what happened is in their sources.
pub(crate) fn error_chain(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(host: Option<&str>) -> Endpoint {
        Endpoint::new(host, "https://pubsub.googleapis.com", "PUBSUB_EMULATOR_HOST")
    }

    #[test]
    fn an_emulator_host_may_carry_its_scheme() {
        assert_eq!(endpoint(Some("http://[::1]:8085")).url(), "http://[::1]:8085");
        assert_eq!(endpoint(Some("localhost:8085")).url(), "http://localhost:8085");
    }

    #[test]
    fn an_empty_emulator_host_counts_as_unset() {
        assert_eq!(endpoint(Some("")), endpoint(None));
    }

    #[test]
    fn an_address_of_another_form_is_refused_and_not_tried() {
        let error = endpoint(Some("no address")).with_pings().unwrap_err();
        assert!(
            matches!(&error, Error::Config(_)) && error.to_string().contains("PUBSUB_EMULATOR_HOST"),
            "{error}"
        );
    }
}
