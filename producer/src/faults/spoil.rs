//! Makes a payment undecodable or invalid, and checks that it is.

use prost::Message;
use schemas::Payment;
use schemas::payment::{PaymentHeader, TypeSpecific};

/// A field's tag with wire type 7, which does not exist: no decoder gets past it.
const NO_WIRE_TYPE: u8 = 0x0f;

/// Cuts the bytes short, flips one bit, or as a last resort appends what no decoder takes.
///
/// A message cut between two fields, or with a bit flipped inside a text, still decodes: only what does not is
/// returned.
pub fn corrupt(mut bytes: Vec<u8>, bits: u64) -> Vec<u8> {
    let at = (bits >> 8) as usize % bytes.len().max(1);
    let cut = bytes[..at].to_vec();
    let mut flipped = bytes.clone();
    if let Some(byte) = flipped.get_mut(at) {
        *byte ^= 1 << (bits % 8);
    }
    let mut tries = [cut, flipped];
    if bits >> 63 == 1 {
        tries.swap(0, 1);
    }
    if let Some(found) = tries.into_iter().find(|bytes| Payment::decode(bytes.as_slice()).is_err()) {
        return found;
    }
    bytes.push(NO_WIRE_TYPE);
    bytes
}

/// Breaks one rule of validation.
pub fn invalidate(payment: &Payment, bits: u64) -> Payment {
    let mut invalid = payment.clone();
    break_rule(&mut invalid, bits % RULES);
    if schemas::validate(&invalid).is_ok() {
        invalid.amount = None;
    }
    invalid
}

const RULES: u64 = 18;

/// Breaks the rule of that number, below [`RULES`].
fn break_rule(payment: &mut Payment, rule: u64) {
    match rule {
        0 => payment.payment_header = None,
        1 => payment.amount = None,
        2 => payment.parties = None,
        3 => payment.type_specific = None,
        4 => {
            let other = matches!(payment.type_specific, Some(TypeSpecific::P2p(_)));
            payment.type_specific = Some(if other {
                TypeSpecific::Rtp(schemas::payment::Rtp::default())
            } else {
                TypeSpecific::P2p(schemas::payment::P2p::default())
            });
        }
        5 | 6 => {
            if let Some(amount) = &mut payment.amount {
                if rule == 5 {
                    amount.minor_units = -1 - amount.minor_units;
                } else {
                    amount.currency.make_ascii_lowercase();
                }
            }
        }
        7..=10 => break_parties(payment, rule),
        _ => {
            if let Some(header) = &mut payment.payment_header {
                break_header(header, rule);
            }
        }
    }
}

fn break_parties(payment: &mut Payment, rule: u64) {
    let Some(parties) = &mut payment.parties else { return };
    match rule {
        7 => parties.originator = None,
        8 => parties.counterparty = None,
        9 => {
            if let Some(party) = &mut parties.originator {
                // The separator of row keys.
                party.party_id.push('#');
            }
        }
        _ => {
            if let Some(party) = &mut parties.counterparty {
                party.party_id.clear();
            }
        }
    }
}

fn break_header(header: &mut PaymentHeader, rule: u64) {
    const UNKNOWN: i32 = 99;
    match rule {
        11 => header.payment_id.truncate(35),
        12 => header.payment_type = 0,
        13 => header.payment_type = UNKNOWN,
        14 => header.status = UNKNOWN,
        15 => header.version = 0,
        16 => header.created_at_micros = 0,
        _ => header.updated_at_micros = header.created_at_micros - 1,
    }
}
