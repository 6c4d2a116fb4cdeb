//! What the entries of a batch share: the company, the description, the file.

use super::{Entry, agreement, trace_bank};
use crate::dates::{Zone, date_of, day_of_year};
use crate::draft::Draft;
use crate::parties::Trade;
use crate::rails::common::MINUTE;
use crate::random::{Stream, hash};
use crate::rules::ach::{DESCRIPTIONS_PRESCRIBED, WINDOWS};
use crate::text::Put;
use crate::words::BANKS;
use crate::world::COMPANIES;

/// Minutes before the operator's deadline at which a bank closes its file (assumption).
const CUT_OFF: i64 = 45;

/// A company's description of its entries, at most ten characters, and the letter that stands for it in batch ids.
pub type Description = (char, &'static str);

const PAYROLL: Description = ('A', "PAYROLL");
const WAGES: [(u32, Description); 3] = [(80, PAYROLL), (14, ('B', "DIR DEP")), (6, ('C', "SALARY"))];
const VENDOR: [Description; 4] =
    [('D', "VENDOR PMT"), ('E', "INVOICE"), ('F', "TRADE PMT"), ('G', "SUPPLIER")];
const TRANSFER: [Description; 3] = [('M', "TRANSFER"), ('N', "P2P"), ('O', "ACCT TRFR")];

/// A bank's file of a day: when its entries were collected.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// On the Eastern calendar.
    pub day: i32,
    /// Which of the day's same-day windows it is in time for, or their number for none of them.
    pub window: usize,
}

impl File {
    pub fn of(draft: &Draft<'_>) -> Self {
        let (days, created) = (draft.days, draft.created());
        let day = days.local_day(Zone::Eastern, created);
        let minute = (created - days.micros(Zone::Eastern, day, 0)) / MINUTE;
        let in_time = WINDOWS.iter().position(|window| minute < window.deadline - CUT_OFF);
        Self { day, window: in_time.unwrap_or(WINDOWS.len()) }
    }
}

/// Whether the entry is a person's credit to a person, for whom the bank is the company (WEB credits).
pub fn is_person_to_person(draft: &Draft<'_>, sec_code: &str) -> bool {
    sec_code == "WEB" && !draft.spec.flow.debit
}

/// The nine digits of the company's id: of the customer's number, or of the bank's, counted down from the end.
pub fn company(draft: &Draft<'_>, sec_code: &str) -> u64 {
    let banks = BANKS.len() as u64;
    draft.world.companies.apply(if is_person_to_person(draft, sec_code) {
        COMPANIES - 1 - draft.originator.bank() % banks
    } else {
        draft.customer.number % (COMPANIES - banks)
    })
}

/// Replaces `out` by the company's name; the field has sixteen characters.
pub fn put_company_name(draft: &Draft<'_>, sec_code: &str, out: &mut String) {
    if is_person_to_person(draft, sec_code) {
        out.put(BANKS[draft.originator.bank() as usize % BANKS.len()].name);
    } else {
        draft.originator.put_name(out);
    }
    out.truncate(16);
    out.truncate(out.trim_end().len());
}

/// The description that the company gives its entries.
pub fn description(draft: &Draft<'_>, sec_code: &str, company: u64, day: i32) -> Description {
    let is_prescribed = day >= DESCRIPTIONS_PRESCRIBED;
    let mut choice = Stream::new(hash(draft.world.key, company), 0xed);
    match draft.spec.name.as_str() {
        "payroll" if is_prescribed => PAYROLL,
        "payroll" => choice.weighted(&WAGES),
        "vendor" => choice.pick(&VENDOR),
        "bills" if is_purchase(draft, sec_code) => {
            if is_prescribed {
                ('P', "PURCHASE")
            } else {
                ('Q', "ONLINE PMT")
            }
        }
        "bills" => bill(draft.originator.trade),
        "international" => ('R', "INTL PMT"),
        "transfer" => choice.pick(&TRANSFER),
        _ => ('S', "PAYMENT"),
    }
}

/// Whether a bill is a purchase of goods, ordered online and paid by instalments or subscription: telephones, and what
/// clubs send their members. Its part is an assumption.
fn is_purchase(draft: &Draft<'_>, sec_code: &str) -> bool {
    sec_code == "WEB"
        && matches!(draft.originator.trade, Trade::Telecom | Trade::Membership)
        && hash(agreement(draft), 0x9d) % 100 < 30
}

const fn bill(trade: Trade) -> Description {
    match trade {
        Trade::Insurer => ('H', "INS PREM"),
        Trade::Lender => ('I', "LOAN PYMT"),
        Trade::Membership => ('J', "MEMBERSHIP"),
        Trade::Utility => ('K', "UTIL PYMT"),
        Trade::Telecom => ('L', "PHONE BILL"),
        _ => ('T', "BILL PAYMT"),
    }
}

/// Replaces `out` by the batch's id, at most 35 characters: the file (day, window, bank), the company, the entry class,
/// the description's letter and the effective date's day of the year: `ACH-240314C-1010-000123456-PPD-A076`.
pub fn put_batch_id(draft: &Draft<'_>, entry: &Entry, out: &mut String) {
    let File { day, window } = entry.file;
    let (year, month, of_month) = date_of(day);
    out.begin(35);
    out.push_str("ACH-");
    out.number(year as u64 % 100 * 10_000 + u64::from(month) * 100 + u64::from(of_month), 6);
    out.push((b'A' + window as u8).into());
    out.push('-');
    out.number(trace_bank(draft) % 10_000, 4);
    out.push('-');
    out.number(entry.company, 9);
    out.push('-');
    out.push_str(entry.sec_code);
    out.push('-');
    out.push(entry.description.0);
    out.number(day_of_year(entry.effective).into(), 3);
}
