//! Headers by which Google's front ends route a call and learn what its client understands.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use googleapis_tonic_google_bigtable_v2::google::bigtable::v2::FeatureFlags;
use prost::Message;
use std::fmt::Write;
use tonic::Request;
use tonic::metadata::AsciiMetadataValue;

/// Names of the headers.
pub const FEATURES: &str = "bigtable-features";
pub const ROUTING: &str = "x-goog-request-params";

/// The value of [`FEATURES`]: what this client understands, so that Bigtable may use it.
pub fn features(flags: &FeatureFlags) -> AsciiMetadataValue {
    URL_SAFE.encode(flags.encode_to_vec()).parse().expect("base64 is ASCII")
}

/// The value of [`ROUTING`], the resource that a call is about: names, and values of any text.
pub fn routing(params: &[(&str, &str)]) -> AsciiMetadataValue {
    let mut text = String::new();
    for (name, value) in params {
        let separator = if text.is_empty() { "" } else { "&" };
        let _ = write!(text, "{separator}{name}=");
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(byte.into()),
                _ => _ = write!(text, "%{byte:02X}"),
            }
        }
    }
    text.parse().expect("what is not ASCII is percent-encoded")
}

/// A request that says which resource it is about.
pub fn routed<T>(message: T, params: &[(&str, &str)]) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert(ROUTING, routing(params));
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_routing_are_percent_encoded() {
        let params = [("table_name", "projects/a.b:c/instances/i/tables/t-1"), ("app_profile_id", "ä")];
        let expected = "table_name=projects%2Fa.b%3Ac%2Finstances%2Fi%2Ftables%2Ft-1&app_profile_id=%C3%A4";
        assert_eq!(routing(&params), expected);
        assert_eq!(routing(&[("topic", "")]), "topic=");
    }
}
