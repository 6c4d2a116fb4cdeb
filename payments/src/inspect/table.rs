//! Payments as lines for people.

use schemas::Payment;
use schemas::layout::{status_name, type_name};
use schemas::text;
use service::escape::escape;

pub fn header() -> String {
    format!(
        "{:<8} {:27} {:5} {:10} {:>18} {:3} {:14} {:30} {}",
        "index", "created", "rail", "status", "amount", "", "customer", "counterparty", "what"
    )
}

pub fn line(payment: &Payment) -> String {
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
    format!(
        "{:<8} {:27} {:5} {:10} {:>18} {:3} {:14} {:30} {}",
        metadata.record_index,
        String::from_utf8_lossy(&text::time(header.created_at_micros)),
        type_name(header.payment_type()),
        status_name(header.status()),
        String::from_utf8_lossy(&value),
        escape(&amount.currency),
        escape(&parties.originator.unwrap_or_default().party_id),
        escape(&parties.counterparty.unwrap_or_default().name),
        escape(&what),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use generator::{Config, Generator};

    #[test]
    fn a_line_tells_the_payment_at_a_glance() {
        let generator = Generator::new(Config { num_records: 10, ..Config::default() }).unwrap();
        let payment = generator.payment(7);
        let line = line(&payment);
        assert!(line.starts_with("7 "));
        assert!(line.contains(&payment.amount.unwrap().currency));
        assert!(line.contains("CUST"));
    }
}
