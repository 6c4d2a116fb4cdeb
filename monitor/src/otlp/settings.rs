//! What the environment says about pushing metrics, by OpenTelemetry's variables.

use percent_encoding::percent_decode_str;
use service::Error;
use std::time::Duration;
use tonic::metadata::{MetadataKey, MetadataMap};
use tonic::transport::{ClientTlsConfig, Endpoint};

const EVERY: Duration = Duration::from_mins(1);

#[derive(Clone, Debug)]
pub struct Settings {
    pub endpoint: Endpoint,
    pub headers: MetadataMap,
    pub every: Duration,
    /// What `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` say of this process; later ones win.
    pub resource: Vec<(String, String)>,
}

impl Settings {
    /// None where nobody asks for it: unlike an SDK's, a run without an endpoint pushes nowhere.
    ///
    /// # Errors
    /// A variable is wrong. Its value is not told: headers hold credentials, and so may an address.
    pub fn read(variable: impl Fn(&'static str) -> Option<String>) -> Result<Option<Self>, Error> {
        // One that is set and empty says nothing.
        let given = |name| variable(name).filter(|value| !value.trim().is_empty()).map(|value| (name, value));
        let either = |special, general| given(special).or_else(|| given(general));
        let is =
            |name, wanted: &str| given(name).is_some_and(|(_, value)| value.eq_ignore_ascii_case(wanted));
        let at = either("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
        let Some((name, address)) = at else { return Ok(None) };
        if is("OTEL_SDK_DISABLED", "true") || is("OTEL_METRICS_EXPORTER", "none") {
            return Ok(None);
        }
        let protocol = either("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
        if let Some((name, _)) = protocol.filter(|(_, value)| value != "grpc") {
            return Err(refuse(name, "asks for another protocol: this program speaks grpc (port 4317)"));
        }
        let endpoint = endpoint(&address)
            .ok_or_else(|| refuse(name, "must be http://HOST:PORT or https://HOST:PORT"))?;
        let mut headers = MetadataMap::new();
        if let Some((name, list)) = either("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
        {
            let header = |(key, value): (String, String)| {
                Some((MetadataKey::from_bytes(key.as_bytes()).ok()?, value.parse().ok()?))
            };
            for pair in pairs(name, &list)? {
                let (key, value) = header(pair).ok_or_else(|| refuse(name, "has what is no header"))?;
                headers.insert(key, value);
            }
        }
        let every = match given("OTEL_METRIC_EXPORT_INTERVAL") {
            None => EVERY,
            Some((name, text)) => match text.trim().parse() {
                Ok(millis @ 1..) => Duration::from_millis(millis),
                _ => return Err(refuse(name, "must be a number of milliseconds")),
            },
        };
        let mut resource = match given("OTEL_RESOURCE_ATTRIBUTES") {
            None => Vec::new(),
            Some((name, list)) => pairs(name, &list)?,
        };
        resource.extend(given("OTEL_SERVICE_NAME").map(|(_, value)| ("service.name".to_owned(), value)));
        Ok(Some(Self { endpoint, headers, every, resource }))
    }
}

fn refuse(variable: &str, problem: &str) -> Error {
    Error::Config(format!("{variable} {problem}"))
}

fn endpoint(address: &str) -> Option<Endpoint> {
    let endpoint = Endpoint::from_shared(address.trim().to_owned()).ok()?;
    match endpoint.uri().scheme_str()? {
        "http" => Some(endpoint),
        "https" => endpoint.tls_config(ClientTlsConfig::new().with_enabled_roots()).ok(),
        _ => None,
    }
}

/// `key=value,key=value`, values percent-encoded.
fn pairs(variable: &str, list: &str) -> Result<Vec<(String, String)>, Error> {
    let pair = |entry: &str| {
        let (key, value) = entry.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        (!key.trim().is_empty()).then(|| (key.trim().to_owned(), value.into_owned()))
    };
    let entries = list.split(',').filter(|entry| !entry.trim().is_empty());
    let pairs: Option<Vec<_>> = entries.map(pair).collect();
    pairs.ok_or_else(|| refuse(variable, "must be KEY=VALUE,KEY=VALUE"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>, Error> {
        let find = |name: &str| variables.iter().find(|(given, _)| *given == name);
        Settings::read(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    const AT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317");

    #[test]
    fn nothing_is_pushed_unless_somebody_asks_for_it() {
        for variables in [
            vec![],
            vec![("OTEL_EXPORTER_OTLP_ENDPOINT", " ")],
            vec![AT, ("OTEL_SDK_DISABLED", "true")],
            vec![AT, ("OTEL_METRICS_EXPORTER", "none")],
        ] {
            assert!(read(&variables).unwrap().is_none(), "{variables:?}");
        }
        let usual = read(&[AT]).unwrap().unwrap();
        assert_eq!((usual.every, usual.resource), (Duration::from_mins(1), vec![]));
    }

    #[test]
    fn the_variables_for_metrics_win_and_values_are_decoded() {
        let found = read(&[
            AT,
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "https://collector:4317"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=general"),
            ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "Api-Key=a%3Db%2Cc , x-team=payments"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "250"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=s,deployment.environment.name=load%20test,"),
            ("OTEL_SERVICE_NAME", "mine"),
        ])
        .unwrap()
        .unwrap();
        assert_eq!(found.endpoint.uri().host(), Some("collector"));
        assert_eq!(found.headers.get("api-key").unwrap(), "a=b,c");
        assert_eq!(found.headers.get("x-team").unwrap(), "payments");
        assert_eq!(found.every, Duration::from_millis(250));
        let pairs =
            [("service.name", "s"), ("deployment.environment.name", "load test"), ("service.name", "mine")];
        assert_eq!(found.resource, pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_wrong_is_refused_by_its_variable_and_not_quoted() {
        for (variable, value) in [
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "sesame:4317"),
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "ftp://sesame"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "sesame"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a b=sesame"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=sesame%0A"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "60s"),
            ("OTEL_RESOURCE_ATTRIBUTES", "=sesame"),
        ] {
            let refused = read(&[AT, (variable, value)]).unwrap_err().to_string();
            assert!(refused.starts_with(variable) && !refused.contains("sesame"), "{value}: {refused}");
        }
    }
}
