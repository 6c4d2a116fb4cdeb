//! Payments as lines for people.

use crate::output::{Column, Table};
use schemas::Payment;
use schemas::layout::{status_name, type_name};
use schemas::text;
use service::escape::escape;

/// Where room is short the description and the status go, the time loses its fractions, and the name is cut.
pub fn columns() -> Table {
    Table::of_widths(&[
        (Column::right("index"), 8),
        (Column::left("created").to(19, 3).exact(), 27),
        (Column::left("rail"), 5),
        (Column::left("status").to(0, 4), 10),
        (Column::right("amount").to(16, 2), 22),
        (Column::left("customer"), 10),
        (Column::left("counterparty").to(12, 1), 30),
        (Column::left("what").to(0, 5), 26),
    ])
}

pub fn line(columns: &Table, payment: &Payment) -> String {
    let header = payment.payment_header.clone().unwrap_or_default();
    let amount = payment.amount.clone().unwrap_or_default();
    let parties = payment.parties.clone().unwrap_or_default();
    let metadata = payment.metadata.clone().unwrap_or_default();
    let mut value = Vec::new();
    text::push_amount(&mut value, amount.minor_units, &amount.currency);
    let what = match metadata.anomaly_type.as_str() {
        "" => metadata.description,
        kind => format!("{} [{kind}]", metadata.description),
    };
    columns.line(&[
        metadata.record_index.to_string(),
        String::from_utf8_lossy(&text::time(header.created_at_micros)).into_owned(),
        type_name(header.payment_type()).to_owned(),
        status_name(header.status()).to_owned(),
        format!("{} {}", String::from_utf8_lossy(&value), escape(&amount.currency)),
        escape(&parties.originator.unwrap_or_default().party_id).into_owned(),
        escape(&parties.counterparty.unwrap_or_default().name).into_owned(),
        escape(&what).into_owned(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};

    #[test]
    fn a_line_tells_the_payment_at_a_glance() {
        let generator = Generator::new(Config { num_records: 10, ..Config::default() }).unwrap();
        let payment = generator.payment(7);
        let line = line(&columns(), &payment);
        assert!(line.starts_with("       7  "));
        assert!(line.contains(&payment.amount.unwrap().currency));
        assert!(line.contains("CUST") && line.ends_with('\n'));
    }
}
