//! Ack ids: which subscription, which delivery, which message.

use std::fmt::Write;

/// A parsed ack id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AckId {
    pub generation: u64,
    pub sequence: u64,
}

/// The part that all ack ids of one delivery share.
pub fn prefix(subscription: u64, generation: u64) -> String {
    format!("{subscription:x}-{generation:x}-")
}

/// Appends one message's ack id to `out`, given its delivery's [`prefix`].
pub fn write(out: &mut String, prefix: &str, sequence: u64) {
    out.push_str(prefix);
    // Writing to a string cannot fail.
    let _ = write!(out, "{sequence:x}");
}

/// Reads an ack id back; `None` if it is not one of this subscription's.
pub fn parse(ack_id: &str, subscription: u64) -> Option<AckId> {
    let mut parts = ack_id.split('-');
    let mut part = || parts.next().and_then(|part| u64::from_str_radix(part, 16).ok());
    let (number, generation, sequence) = (part()?, part()?, part()?);
    (number == subscription && parts.next().is_none()).then_some(AckId { generation, sequence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ack_id_survives_the_round_trip_and_others_are_refused() {
        let mut id = String::new();
        write(&mut id, &prefix(7, 0x0001_0000_0042), 1_000_000);
        assert_eq!(parse(&id, 7), Some(AckId { generation: 0x0001_0000_0042, sequence: 1_000_000 }));
        assert_eq!(parse(&id, 8), None);
        for bad in ["", "x", "7-1", "7-1-1-1", "7-1-", "nonsense"] {
            assert_eq!(parse(bad, 7), None, "{bad}");
        }
    }
}
