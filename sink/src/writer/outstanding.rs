//! Bounds on what is on its way to Bigtable at once: requests, rows and bytes.

use super::attempt::Attempt;
use super::congestion::{Congestion, Open};
use super::request::Request;
use gcp::share::{Permit, Share};

/// Most that may be sent and not yet answered, over all tables and connections.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub requests: usize,
    pub rows: usize,
    pub bytes: usize,
}

/// Lets requests out within the bounds. Those of the rows are narrower while the service is overloaded.
#[derive(Debug)]
pub struct Outstanding {
    requests: Share,
    rows: Congestion,
    bytes: Share,
}

/// A request's share of the bounds, given back when it is dropped.
#[derive(Debug)]
pub struct Slot {
    rows: Open,
    _permits: [Permit; 2],
}

impl Outstanding {
    pub fn new(bounds: Bounds) -> Self {
        Self {
            requests: Share::new(bounds.requests),
            rows: Congestion::new(bounds.rows),
            bytes: Share::of_bytes(bounds.bytes),
        }
    }

    /// Waits until the request fits. All ask in the same order, so no two wait for each other.
    pub async fn acquire(&self, request: &Request) -> Slot {
        let slot = self.requests.take(1).await;
        let rows = self.rows.enter(request.len()).await;
        let bytes = self.bytes.take_bytes(request.encoded_len()).await;
        Slot { rows, _permits: [slot, bytes] }
    }
}

impl Slot {
    /// Gives the share back, and learns from the answers how much may be out from now on.
    pub fn settle(self, attempt: &Attempt) {
        if attempt.is_overload() {
            self.rows.refused();
        } else if attempt.end.is_none() {
            self.rows.succeeded();
        }
    }
}
