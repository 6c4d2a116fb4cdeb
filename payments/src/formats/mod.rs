//! Payments in other people's formats: ISO 20022 messages, Nacha files, and JSON for people.
//!
//! - [`source`]: the payments that a file is made of, and those that it has no place for.
//! - [`pacs008`]: credit transfers as one XML document; `xml` writes it. [`nacha`]: ACH entries as one file.
//! - [`plain_json`]: a payment as a flat JSON object, as exports have it.

pub mod nacha;
pub mod pacs008;
pub mod plain_json;
pub mod source;
mod xml;

#[cfg(test)]
mod tests;

use service::Error;
use source::LeftOut;

/// A format has no place for any of the payments.
fn nothing(format: &'static str, what: &str, left_out: &LeftOut) -> anyhow::Error {
    let problem = format!(
        "is for {what}, and there are none among these: all are {}; see --mix and -n",
        left_out.reasons()
    );
    Error::Flag { flag: "--format", value: format.to_owned(), problem }.into()
}

/// A format has no place for the one payment asked for.
pub fn refused(format: &'static str, what: &str, why: source::Why) -> anyhow::Error {
    let problem = format!("is for {what}; this payment is one {why}");
    Error::Flag { flag: "--format", value: format.to_owned(), problem }.into()
}
