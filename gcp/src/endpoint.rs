//! Where a service is: on an emulator, or at Google.

use crate::Transport;
use google_cloud_auth::credentials::{self, Credentials};
use http::Extensions;
use service::Error;
use std::time::Duration;
use tonic::transport::{Channel, ClientTlsConfig};

/// Longest wait for a first answer. The libraries below would wait silently for much longer.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// Room for pulls and scans of large messages; the default of 4 MiB is below what both services send.
pub const MAX_MESSAGE_BYTES: usize = 256 << 20;

/// Project used with emulators, which do not look at it, where none is given.
const EMULATOR_PROJECT: &str = "local";

/// The project that resources belong to.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Project {
    /// Google Cloud project; with an emulator any name does.
    #[arg(long, env = "GOOGLE_CLOUD_PROJECT", value_name = "PROJECT")]
    pub project: Option<String>,
}

impl Project {
    pub fn resolve(&self, endpoint: &Endpoint) -> Result<String, Error> {
        match (&self.project, endpoint) {
            (Some(project), _) if !project.is_empty() => Ok(project.clone()),
            (_, Endpoint::Emulator { .. }) => Ok(EMULATOR_PROJECT.to_owned()),
            _ => Err(Error::NoProject),
        }
    }
}

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
        let credentials =
            credentials::Builder::default().build().map_err(|error| refused(error.to_string()))?;
        match tokio::time::timeout(PROBE_TIMEOUT, credentials.headers(Extensions::new())).await {
            Ok(Ok(_)) => Ok(credentials),
            Ok(Err(error)) => Err(refused(error.to_string())),
            Err(_) => Err(refused(format!("none found within {} s", PROBE_TIMEOUT.as_secs()))),
        }
    }

    /// `count` connections to the endpoint, each opened once to see that it answers.
    pub async fn connect(&self, service: &'static str, count: usize) -> Result<Vec<Transport>, Error> {
        let credentials = match self {
            Self::Emulator { .. } => None,
            Self::Google { .. } => Some(self.credentials().await?),
        };
        let mut transports = Vec::with_capacity(count);
        for _ in 0..count.max(1) {
            let channel = self.open().await.map_err(|reason| self.unreachable(service, reason))?;
            transports.push(Transport::new(channel, credentials.clone()));
        }
        Ok(transports)
    }

    /// The means to open connections whose user watches over them: they send no pings.
    pub async fn dialer(&self, service: &'static str) -> Result<Dialer, Error> {
        let credentials = match self {
            Self::Emulator { .. } => None,
            Self::Google { .. } => Some(self.credentials().await?),
        };
        let endpoint = self.channel().map_err(|reason| self.unreachable(service, reason))?;
        Ok(Dialer { endpoint, credentials })
    }

    async fn open(&self) -> Result<Channel, String> {
        let endpoint = self
            .channel()?
            // A call on a dead connection would hang. Pings without a call make Google's emulator cut the connection.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(20))
            .keep_alive_while_idle(false);
        endpoint.connect().await.map_err(|error| error_chain(&error))
    }

    fn channel(&self) -> Result<tonic::transport::Endpoint, String> {
        let mut endpoint = Channel::from_shared(self.url())
            .map_err(|_| "the address is not of the form HOST:PORT".to_owned())?
            .connect_timeout(PROBE_TIMEOUT)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(Duration::from_mins(1)))
            // A scan's messages come in few reads instead of 16 KiB each, and those of the embedded server whole.
            .max_frame_size(512 << 10)
            .initial_stream_window_size(4 << 20)
            .initial_connection_window_size(16 << 20);
        if matches!(self, Self::Google { .. }) {
            endpoint = endpoint
                .tls_config(ClientTlsConfig::new().with_webpki_roots())
                .map_err(|error| error_chain(&error))?;
        }
        Ok(endpoint)
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
fn error_chain(error: &dyn std::error::Error) -> String {
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
    fn google_needs_a_project_and_an_emulator_does_not() {
        assert_eq!(Project::default().resolve(&endpoint(Some("h:1"))).unwrap(), "local");
        assert!(matches!(Project::default().resolve(&endpoint(None)), Err(Error::NoProject)));
    }

    #[tokio::test]
    async fn a_dead_address_is_told_with_what_to_do() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let error = endpoint(Some(&address)).connect("Pub/Sub", 1).await.unwrap_err().to_string();
        assert!(error.contains(&address) && error.contains("payments emulators"), "{error}");
    }
}
