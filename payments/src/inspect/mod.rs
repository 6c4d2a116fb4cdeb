//! Generated payments without a server: `payments show` shows one, `payments sample` many.

mod cells;
mod csv;
mod sample;
mod show;
mod stats;
pub(crate) mod table;

pub use sample::{Args as SampleArgs, run as sample};
pub use show::{Args as ShowArgs, run as show};
