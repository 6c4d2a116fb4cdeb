//! Numbers that a rail wants to be unique, and what belongs together by its number.

use schemas::payment::TypeSpecific;

use super::lines::{ASSUMPTION, Lines};
use super::view::{Map, View, key, local_day};
use crate::dates::Zone;
use crate::random::hash;

#[derive(Default)]
pub struct Numbers {
    traces: Vec<u64>,
    checks: Vec<u64>,
    end_to_end: Vec<u64>,
    batches: Constant,
    merchants: Constant,
    names: Constant,
    cards: Constant,
}

/// Whether what has a number is always the same.
#[derive(Default)]
struct Constant(Map<u64, (u64, bool)>);

impl Constant {
    fn look(&mut self, number: &str, value: u64) {
        if !number.is_empty() {
            let (first, varies) = self.0.entry(key(number)).or_insert((value, false));
            *varies |= *first != value;
        }
    }

    /// How many vary, and how many there are.
    fn both(&self) -> (u64, u64) {
        (self.0.values().filter(|(_, varies)| *varies).count() as u64, self.0.len() as u64)
    }
}

impl Numbers {
    pub fn look(&mut self, view: &View<'_>) {
        self.names.look(&view.ours.party_id, key(&view.ours.name));
        self.names.look(&view.theirs.party_id, key(&view.theirs.name));
        let end_to_end = match view.specific {
            TypeSpecific::Ach(ach) => {
                let day = local_day(view.micros, Zone::Eastern);
                self.traces.push(hash(key(&ach.trace_number), day as u64));
                self.batches.look(&view.info.batch_id, hash(key(&ach.company_id), key(&ach.sec_code)));
                ""
            }
            TypeSpecific::Check(check) => {
                let account = hash(key(&check.routing_number), key(&check.account_number));
                self.checks.push(hash(account, key(&check.check_number)));
                ""
            }
            TypeSpecific::Card(card) => {
                self.merchants.look(&card.merchant_id, key(&view.theirs.country_code));
                let of_card = hash(key(&card.last_four), key(&card.network));
                self.cards.look(&card.card_token, hash(of_card, key(&view.ours.party_id)));
                ""
            }
            TypeSpecific::Wire(wire) => &wire.end_to_end_id,
            TypeSpecific::Rtp(rtp) => &rtp.end_to_end_id,
            TypeSpecific::Sepa(sepa) => &sepa.end_to_end_id,
            TypeSpecific::P2p(_) => "",
        };
        if !matches!(end_to_end, "" | "NOTPROVIDED") {
            self.end_to_end.push(hash(key(&view.ours.party_id), key(end_to_end)));
        }
    }

    pub fn lines(mut self, out: &mut Lines) {
        let traces = "Nacha: trace numbers rise within a file";
        out.never("ACH", "traces that repeat in an ODFI's Eastern day", traces, repeats(&mut self.traces));
        let one = "Nacha: a batch header names one company and one SEC code";
        out.never("ACH", "batches of several companies or SEC codes", one, self.batches.both());
        out.never("CHECK", "numbers that repeat in an account", ASSUMPTION, repeats(&mut self.checks));
        let unique = "ISO 20022: unique for the initiating party";
        out.never("ALL", "end-to-end ids that repeat", unique, repeats(&mut self.end_to_end));
        out.never("CARD", "merchants in several countries", ASSUMPTION, self.merchants.both());
        out.never("CARD", "cards of several holders or numbers", ASSUMPTION, self.cards.both());
        out.never("ALL", "parties with several names", ASSUMPTION, self.names.both());
    }
}

/// How many have the same number as another, and how many there are.
fn repeats(numbers: &mut [u64]) -> (u64, u64) {
    numbers.sort_unstable();
    let repeated = numbers.chunk_by(u64::eq).filter(|same| same.len() > 1).map(<[u64]>::len);
    (repeated.sum::<usize>() as u64, numbers.len() as u64)
}
