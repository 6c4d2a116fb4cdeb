//! Reading and judging the three tables, for `verify`, `quality`, `why` and `export`. It knows no command.
//!
//! - `scan`: every row, in parallel ranges.
//! - `digest`, `partition`: rows as numbers that add up, in buckets. Pure.
//! - `compare`: a row against its payment, cell by cell. Pure.
//! - [`consistency`]: the tables against each other. [`report`]: its outcome for people and programs.
//! - `listed`: rows counted, and the first of them; `runs`: rows counted by run. `limits`: bounds of what is kept.

pub mod compare;
pub mod consistency;
mod digest;
mod limits;
mod listed;
mod partition;
pub mod report;
mod runs;
mod scan;

pub use compare::{CellDifference, Differing};
pub use consistency::Consistency;
pub use digest::{Content, Digest, KeyHash};
pub use limits::Limits;
pub use listed::{Listed, Unexpected};
pub use partition::{Digests, Partition};
pub use runs::{Runs, other_run};
pub use scan::Tables;
