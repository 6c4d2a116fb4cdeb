//! The bench's command line, for those who check the commands that documents show.

pub mod options;
