//! Rules with dates that payments keep to.

pub mod contactless;
