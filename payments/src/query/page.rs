//! The token that a next page starts from: the last row's key, made safe for a command line.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gcp::bigtable::read::Span;
use service::Error;

pub fn token_of(last_key: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(last_key)
}

/// The key behind which the page starts; refuses what is no token of a query over these keys.
pub fn key_of(token: &str, span: &Span) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(token).ok().filter(|key| span.contains(key)).ok_or_else(|| Error::Flag {
        flag: "--page-token",
        value: token.to_owned(),
        problem: "does not belong to this query: repeat the flags of the query that printed it".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_another_query_is_refused() {
        let token = token_of(b"CUST000001#x");
        assert_eq!(key_of(&token, &Span::prefix(b"CUST000001#")).unwrap(), b"CUST000001#x");
        assert!(key_of(&token, &Span::prefix(b"CUST000002#")).is_err());
        assert!(key_of("%", &Span::all()).is_err());
    }
}
