//! A payment as a flat JSON object with the names and values of exports: what it has not is left out.

use crate::export::ndjson;
use anyhow::Context;
use schemas::Payment;
use schemas::layout::flat::{self, Field};
use std::io::Write;
use std::sync::LazyLock;

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| Field::ALL.iter().map(Field::name).collect());

/// Writes the payment on a line of its own.
pub fn write(payment: &Payment, out: &mut impl Write) -> anyhow::Result<()> {
    let row = flat::row(payment).context("the payment is no row")?;
    let mut line = Vec::with_capacity(4_096);
    ndjson::push_object(&mut line, NAMES.iter().map(String::as_str).zip(row))?;
    out.write_all(&line)?;
    Ok(())
}
