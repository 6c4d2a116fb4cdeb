//! A page of an answer, and the token of the next one: the last row's key, made safe for a command line.

use super::lookup::Lookup;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gcp::bigtable::read::{Reader, Row, Scan, Scanned, Span};
use service::Error;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// The outcome of a query, besides its rows.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Rows handed on.
    pub rows: u64,
    /// The token of the next page, if there is more.
    pub next: Option<String>,
    pub scanned: Scanned,
    pub first_row: Option<Duration>,
    pub elapsed: Duration,
}

/// Hands on a page of a lookup's rows, oldest first. A `limit` of 0 is none.
pub async fn page(
    reader: &Reader,
    lookup: &Lookup,
    limit: u64,
    token: Option<&str>,
    mut each: impl FnMut(Row<'_>) -> ControlFlow<()>,
) -> anyhow::Result<Outcome> {
    let started = Instant::now();
    let mut span = lookup.span.clone();
    if let Some(token) = token {
        span.trim_to_after(&key_of(token, &lookup.span)?);
    }
    let wanted = Scan {
        spans: vec![span],
        filter: Some(lookup.filter()),
        // One more row shows whether there is a next page.
        limit: (limit > 0).then(|| limit.saturating_add(1)),
        stats: true,
        ..Scan::of(lookup.table.id())
    };
    let (mut rows, mut last_key, mut first_row, mut more) = (0, Vec::new(), None, false);
    let scanned = reader
        .scan(wanted, |row| {
            first_row.get_or_insert_with(|| started.elapsed());
            if limit > 0 && rows == limit {
                more = true;
                // The last row; behind it the server may say how many it scanned.
                return ControlFlow::Continue(());
            }
            rows += 1;
            last_key.clear();
            last_key.extend_from_slice(row.key());
            each(row)
        })
        .await?;
    let next = more.then(|| token_of(&last_key));
    Ok(Outcome { rows, next, scanned, first_row, elapsed: started.elapsed() })
}

fn token_of(last_key: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(last_key)
}

/// The key after which the page starts; refuses a token of a query over other keys.
fn key_of(token: &str, span: &Span) -> Result<Vec<u8>, Error> {
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
