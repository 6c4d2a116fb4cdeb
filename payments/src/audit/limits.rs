//! Bounds of the memory that an audit takes, whatever the tables hold.

/// Most expected rows kept at once while naming those that differ: about 30 MiB.
const KEPT_ROWS: u64 = 300_000;
const PARENTS: usize = 512;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most expected rows kept at once: about 64 bytes each.
    pub kept_rows: u64,
    /// Most differing buckets divided at once.
    pub parents: usize,
    /// Most differences listed of each kind and table.
    pub listed: usize,
}

impl Limits {
    /// The usual bounds, with this many differences listed.
    pub fn listing(listed: usize) -> Self {
        Self { kept_rows: KEPT_ROWS, parents: PARENTS, listed }
    }
}
