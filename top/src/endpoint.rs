//! Where a process serves its figures, as flags and people write it.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// Ports that are tried where no endpoint is named: the first one that the binaries' help names, and those behind it.
const USUAL_PORTS: std::ops::RangeInclusive<u16> = 9464..=9467;
const LOOPBACK: &str = "127.0.0.1";

/// A host and a port. The host may be a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    pub host: String,
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(out, "{open}{}{close}:{}", self.host, self.port)
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self { host: address.ip().to_string(), port: address.port() }
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let advice = || "write host:port, as 127.0.0.1:9464, localhost:9464 or :9464".to_owned();
        if text.starts_with("https://") {
            return Err("is https, but the binaries serve http; write http://host:port".into());
        }
        let rest = text.strip_prefix("http://").unwrap_or(text);
        let rest =
            ["/metrics", "/status", "/"].iter().find_map(|path| rest.strip_suffix(path)).unwrap_or(rest);
        let (host, port) = rest.rsplit_once(':').ok_or_else(advice)?;
        let port: u16 = port.parse().ok().filter(|port| *port > 0).ok_or_else(advice)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(host) if host.parse::<std::net::Ipv6Addr>().is_ok() => host,
            None if host.is_empty() => LOOPBACK,
            None if host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)) => host,
            _ => return Err(advice()),
        };
        Ok(Self { host: host.to_owned(), port })
    }
}

/// The endpoints that are looked at where none is named.
pub fn usual() -> Vec<Endpoint> {
    usual_addresses().map(Endpoint::from).collect()
}

/// Where `payments top` looks by itself.
pub fn usual_addresses() -> impl Iterator<Item = SocketAddr> {
    USUAL_PORTS.map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_as_people_write_them() {
        for (text, wanted) in [
            ("127.0.0.1:9464", "127.0.0.1:9464"),
            (":9464", "127.0.0.1:9464"),
            ("localhost:9464", "localhost:9464"),
            ("http://sink-0.sinks:80", "sink-0.sinks:80"),
            ("http://10.0.0.1:9464/metrics", "10.0.0.1:9464"),
            ("http://[::1]:9464/", "[::1]:9464"),
        ] {
            assert_eq!(text.parse::<Endpoint>().map(|endpoint| endpoint.to_string()), Ok(wanted.into()));
        }
        for wrong in
            ["", "9464", "localhost", "h:0", "h:99999", "https://h:1", "::1:9464", "a b:1", "[x]:1", "h:1/x"]
        {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong}");
        }
        assert_eq!(usual().len(), 4);
    }
}
