//! A payment's bytes, with its fault if it has one.

use crate::faults::{Fault, Faults, spoil};
use prost::Message;
use schemas::Payment;

/// Puts the bytes to publish for the payment of an index in place of what is in `bytes`.
pub fn encode(payment: &Payment, index: u64, faults: &Faults, bytes: &mut Vec<u8>) {
    bytes.clear();
    let fault = faults.of(index);
    let encoded = match fault {
        Some(Fault::Invalid) => spoil::invalidate(payment, faults.bits(index)).encode(bytes),
        _ => payment.encode(bytes),
    };
    encoded.expect("a vector has room for a message");
    if fault == Some(Fault::Corrupt) {
        *bytes = spoil::corrupt(std::mem::take(bytes), faults.bits(index));
    }
}

/// The trace of a payment, for its message's attributes.
pub fn trace_of(payment: &Payment) -> Option<String> {
    schemas::trace::trace_parent(&payment.payment_header.as_ref()?.payment_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::Rates;
    use generator::{Config, Generator};

    #[test]
    fn corrupt_bytes_never_decode_and_invalid_payments_decode_but_are_refused_by_every_rule() {
        let generator = Generator::new(Config { num_records: 4_000, ..Config::default() }).unwrap();
        let rates = Rates { corrupt_rate: 0.25, invalid_rate: 0.25, duplicate_rate: 0.25, late_rate: 0.25 };
        let faults = Faults::new(rates, 42).unwrap();
        let mut causes = std::collections::BTreeSet::new();
        for index in 0..4_000 {
            let payment = generator.payment(index);
            let mut bytes = b"stale".to_vec();
            encode(&payment, index, &faults, &mut bytes);
            match faults.of(index) {
                Some(Fault::Corrupt) => assert!(Payment::decode(bytes.as_slice()).is_err(), "{index}"),
                Some(Fault::Invalid) => {
                    let decoded = Payment::decode(bytes.as_slice()).unwrap();
                    let cause = schemas::validate(&decoded).unwrap_err().to_string();
                    causes.insert(cause.split(" payment_header.payment_type ").next().unwrap().to_owned());
                }
                _ => assert_eq!(bytes, payment.encode_to_vec()),
            }
        }
        assert_eq!(causes.len(), 17, "{causes:#?}");
    }
}
