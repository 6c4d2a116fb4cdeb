//! The letters of the dead-letter subscription, for every command that looks at them. It knows no command.
//!
//! - `letter`: one of them, and which are chosen. Pure.
//! - `mailbox`: pulling letters, giving them back, acking them, publishing them again.

mod letter;
mod mailbox;

pub use letter::{Choice, KEY_COLLISION, Letter};
pub use mailbox::{Mailbox, publish};
