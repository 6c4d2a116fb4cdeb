//! Why an entry comes back, and when.

use schemas::payment::PartyType;

use super::Entry;
use crate::dates::{Banking, Zone};
use crate::draft::Draft;
use crate::life::Outcome;
use crate::rails::common::reason;
use crate::rules::ach::R11_FROM;

type Reasons = &'static [(u32, &'static str)];

// Frequencies are assumptions: funds first, then account data, then unauthorised, which stay far below Nacha's half a
// percent.

/// Of consumers: R10 not authorised, R07 authorisation revoked, R11 not as authorised.
const CONSUMER: Reasons = &[
    (62, "R01"),
    (8, "R02"),
    (10, "R03"),
    (4, "R04"),
    (6, "R08"),
    (5, "R09"),
    (3, "R10"),
    (1, "R07"),
    (1, "R11"),
];
const CONSUMER_BEFORE_R11: Reasons =
    &[(62, "R01"), (8, "R02"), (10, "R03"), (4, "R04"), (6, "R08"), (5, "R09"), (4, "R10"), (1, "R07")];
/// Of consumers who were debited as companies are.
const CONSUMER_AS_COMPANY: Reasons =
    &[(62, "R01"), (8, "R02"), (10, "R03"), (4, "R04"), (6, "R08"), (5, "R09"), (5, "R05")];
const COMPANY: Reasons =
    &[(62, "R01"), (8, "R02"), (10, "R03"), (4, "R04"), (6, "R08"), (5, "R09"), (5, "R29")];
const CREDIT: Reasons = &[(30, "R02"), (40, "R03"), (18, "R04"), (12, "R23")];
/// An operator's rejects: invalid check digit, effective entry date, amount field.
const REJECTS: Reasons = &[(50, "R13"), (30, "R18"), (20, "R19")];

pub fn code(draft: &Draft<'_>, entry: &Entry) -> &'static str {
    let is_person = draft.counterparty.identity.kind == PartyType::Individual;
    let codes = match draft.outcome {
        Outcome::Rejected => REJECTS,
        Outcome::Returned if !draft.spec.flow.debit => CREDIT,
        Outcome::Returned if !is_person => COMPANY,
        Outcome::Returned if matches!(entry.sec_code, "CCD" | "CTX") => CONSUMER_AS_COMPANY,
        Outcome::Returned if entry.file.day < R11_FROM => CONSUMER_BEFORE_R11,
        Outcome::Returned => CONSUMER,
        _ => return "",
    };
    reason(draft, codes)
}

/// When a returned entry is back, in UTC microseconds: at the opening of the second banking day after settlement, or
/// within sixty calendar days where a consumer did not authorise it (Nacha Operating Rules; a company, R29, has two
/// banking days as well).
pub fn back(draft: &mut Draft<'_>, code: &str, effective: i32) -> i64 {
    let days = draft.days;
    let day = match code {
        // Most see it on the next statement at the latest (assumption).
        "R05" | "R07" | "R10" | "R11" => {
            let wait = draft.choice.between(2, 60).min(draft.choice.between(2, 60));
            days.following(Banking::Fed, effective + wait as i32)
        }
        _ => days.after(Banking::Fed, effective, draft.choice.between(1, 2) as u32),
    };
    days.micros(Zone::Eastern, day, 510)
}
