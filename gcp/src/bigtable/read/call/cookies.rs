//! Routing cookies: what a server wants to be told again when its call is tried again, so that the attempt goes where
//! the last one was sent.

use http::HeaderMap;

/// Names of cookies begin like this.
const PREFIX: &str = "x-goog-cbt-cookie";

/// The cookies of one scan. The newest of a name counts.
#[derive(Debug, Default)]
pub struct Cookies(HeaderMap);

impl Cookies {
    /// Takes those among an answer's headers or trailers.
    pub fn keep(&mut self, headers: &HeaderMap) {
        for (name, value) in headers {
            if name.as_str().starts_with(PREFIX) {
                // Refused beyond 32,768 names, of which a request could not carry as many.
                let _ = self.0.try_insert(name, value.clone());
            }
        }
    }

    /// As headers of the next attempt.
    pub fn headers(&self) -> HeaderMap {
        self.0.clone()
    }
}
