//! `payments query`: payments from the tables, by customer, by date or by id.
//!
//! - `lookup`: the rows of a table that answer a question. Pure.
//! - `page`: a page of them, and the token that the next one starts from.
//! - `print`: rows as payments, and the footer.

mod lookup;
mod options;
mod page;
mod print;

pub use lookup::Lookup;
pub use options::{Args, By, Common, Format};
pub use page::{Outcome, page};

use anyhow::bail;
use print::Printer;
use std::io::Write;

/// Writes the payments to `out`, and how they were found to `notes`.
pub async fn run(args: &Args, out: &mut impl Write, notes: &mut impl Write) -> anyhow::Result<()> {
    let common = args.by.common();
    let lookup = Lookup::of(&args.by)?;
    let reader = common.reading.reader(&[lookup.table]).await?;
    let mut printer = Printer::new(out, common.format)?;
    let outcome =
        page(&reader, &lookup, common.limit, common.page_token.as_deref(), |row| printer.print(row)).await?;
    let unreadable = printer.finish()?;
    match common.format {
        Format::Table => writeln!(notes, "{}", print::footer(&lookup, &outcome))?,
        Format::Json => writeln!(notes, "{}", print::footer_json(&lookup, &outcome))?,
    }
    if outcome.rows == 0 && matches!(args.by, By::Transaction { .. }) {
        bail!("no payment with this id is in table {}", lookup.table.id());
    }
    if unreadable > 0 {
        bail!("{unreadable} row(s) are no payments: see the lines marked `unreadable`");
    }
    Ok(())
}
