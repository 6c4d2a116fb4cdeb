//! What pages and pictures share: texts made harmless, numbers as people read them, one sheet of styles.

mod document;
mod markup;
pub(crate) mod numbers;

pub(crate) use document::document;
pub(crate) use markup::{markup, plain};
