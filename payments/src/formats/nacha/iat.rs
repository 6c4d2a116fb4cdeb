//! Entries across borders: IAT has an entry and seven addenda records of its own kinds, and up to two with remittance
//! information. Pure.

use super::entry::{Entry, remittance};
use super::record::{Record, check_digit};
use schemas::payment::{Party, PartyType};

/// The gateway operator that takes them across: all go by one, which is our assumption. Nobody has its number.
pub const GATEWAY: u64 = 50_009_980;
/// Addenda records that each must have.
pub const MANDATORY: usize = 7;
/// Most of those with remittance information.
pub const MOST_REMITTANCE: usize = 2;

/// Whether both parties have what the mandatory addenda ask for.
pub fn is_complete(originator: &Party, receiver: &Party) -> bool {
    [originator, receiver].iter().all(|party| {
        [&party.street_name, &party.town_name, &party.country_code].iter().all(|field| !field.is_empty())
    })
}

/// The entry and its addenda.
pub fn lines(entry: &Entry) -> Vec<String> {
    let (ach, receiver) = (&entry.ach, &entry.receiver);
    let all = entry.addenda();
    let detail = Record::of_type(6)
        .text(&ach.transaction_code, 2)
        .number(entry.rdfi, 8)
        .number(check_digit(entry.rdfi), 1)
        .number(all as u64, 4)
        .text("", 13)
        .number(entry.cents, 10)
        .text(&receiver.account_number, 35)
        // Between account and flag: reserved, and what screening against sanctions would have said.
        .text("", 4)
        .number(1, 1)
        .number(entry.trace, 15);
    let mut lines = vec![detail.line()];
    lines.extend(mandatory(entry).map(|record| {
        // The last seven digits stand at the end of a record, whatever is before them.
        record.to(87).number(entry.trace, 7).line()
    }));
    for (number, info) in (1..).zip(remittance(&ach.addenda_info, all - MANDATORY)) {
        lines.push(addenda("17").text(&info, 80).number(number, 4).number(entry.trace, 7).line());
    }
    lines
}

fn addenda(kind: &str) -> Record {
    Record::of_type(7).text(kind, 2)
}

fn mandatory(entry: &Entry) -> impl Iterator<Item = Record> {
    let (originator, receiver) = (&entry.originator, &entry.receiver);
    let odfi = entry.batch.odfi;
    let odfi = format!("{odfi:08}{}", check_digit(odfi));
    [
        addenda("10").text(purpose(entry), 3).number(entry.cents, 18).text("", 22).text(&receiver.name, 35),
        addenda("11").text(&originator.name, 35).text(&originator.street_name, 35),
        place(addenda("12"), originator),
        addenda("13").text(&originator.bank_name, 35).text("01", 2).text(&odfi, 34).text("US", 3),
        addenda("14")
            .text(&receiver.bank_name, 35)
            .text("02", 2)
            .text(&receiver.bank_bic, 34)
            .text(&receiver.country_code, 3),
        addenda("15").text(&entry.ach.individual_id, 15).text(&receiver.street_name, 35),
        place(addenda("16"), receiver),
    ]
    .into_iter()
}

/// Town and region, country and post code: an asterisk between two, a backslash behind.
fn place(record: Record, party: &Party) -> Record {
    let pair = |first: &str, second: &str| format!("{first}*{second}\\");
    record
        .text(&pair(&party.town_name, &party.region_code), 35)
        .text(&pair(&party.country_code, &party.post_code), 35)
}

/// The transaction type code.
fn purpose(entry: &Entry) -> &'static str {
    match &*entry.ach.company_entry_description {
        "PAYROLL" => "SAL",
        _ if entry.originator.party_type() == PartyType::Individual => "MIS",
        _ => "BUS",
    }
}
