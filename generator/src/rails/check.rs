//! Checks: deposited as images and collected through the Federal Reserve or private exchanges.

use schemas::Payment;
use schemas::payment::Check;

use super::common::{Facts, MINUTE, reason, specific, state_of, write_processing};
use crate::dates::{Banking, Zone};
use crate::draft::Draft;
use crate::identifiers::put_aba;
use crate::life::{Outcome, State, Timeline};
use crate::parties::{ABA_PREFIX, bank_number};
use crate::random::{Stream, hash};
use crate::text::{CODE, Put};
use crate::words::check_memo;

/// Return reasons of ANSI X9.100-188: A funds, B uncollected, C stopped, D closed, E not located, F frozen, G stale, H
/// postdated, I endorsement missing, K signature missing, L signature irregular, S refer to maker. Q (not authorised) is
/// for drafts that nobody signed, which there are none of here. Frequencies: assumption.
const RETURNS: [(u32, &str); 12] = [
    (52, "A"),
    (6, "B"),
    (9, "C"),
    (11, "D"),
    (6, "E"),
    (2, "F"),
    (3, "G"),
    (1, "H"),
    (2, "I"),
    (1, "K"),
    (2, "L"),
    (5, "S"),
];

/// Numbers of the first check of an account, as banks let people and companies begin (assumption).
const FIRST_OF_PERSON: [(u32, u64); 5] = [(45, 101), (25, 1_001), (10, 301), (10, 501), (10, 2_501)];
const FIRST_OF_COMPANY: [(u32, u64); 4] = [(40, 1_001), (25, 5_001), (20, 10_001), (15, 2_001)];

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    let days = draft.days;
    let today = days.following(Banking::Fed, draft.place.day);
    // Deposits after the bank's cut-off (14:00 here; Regulation CC allows no earlier at a branch) count for the next
    // day.
    let settlement_day = days.after(Banking::Fed, today, if draft.place.hour < 14 { 1 } else { 2 });
    let accepted = draft.created() + draft.choice.between(1, 90) as i64 * MINUTE;
    let settled = days.micros(Zone::Eastern, settlement_day, 510).max(accepted + MINUTE);
    // Presented as it settles, and back by the second banking day after that (Regulation CC, 12 CFR 229.31(b)), before
    // 14:00 where the depositary bank is: here on the Eastern clock, the earliest (the hour: our assumption).
    let wait = draft.choice.between(1, 2) as u32;
    let back = days.after(Banking::Fed, settlement_day, wait);
    let undone = days.micros(Zone::Eastern, back, draft.choice.between(510, 839) as i64);
    let state = state_of(draft, &Timeline { accepted, settled, undone: undone.max(settled + MINUTE) });
    let code = if draft.outcome == Outcome::Returned { reason(draft, &RETURNS) } else { "" };
    let channel = deposit_channel(draft);
    let facts = Facts {
        clearing_system: if draft.originator.bank() % 3 < 2 { "FED_CHECK" } else { "VIEWPOINTE" },
        channel: match channel {
            "BRANCH" | "ATM" | "MOBILE" => channel,
            _ => "FILE",
        },
        settlement_day,
        cycle: if draft.originator.bank() % 3 < 2 {
            "FED_CHECK America/New_York"
        } else {
            "VIEWPOINTE America/New_York"
        },
        latency_millis: (600, 2_500),
        reason: if draft.outcome == Outcome::Cancelled { "C" } else { code },
        has_batch: true,
    };
    write_processing(draft, &state, &facts, payment.processing_info.get_or_insert_default());
    let check = specific!(payment, Check, Check);
    write_check(draft, channel, check);
    check.return_reason.put(if state.has_reason() { code } else { "" });
    state
}

/// Where the payee paid it in: companies by lockbox and scanner, others as they like.
fn deposit_channel(draft: &mut Draft<'_>) -> &'static str {
    match draft.spec.name.as_str() {
        "household" => {
            draft.choice.weighted(&[(40, "LOCKBOX"), (30, "REMOTE_CAPTURE"), (20, "BRANCH"), (10, "MOBILE")])
        }
        "rent" => {
            draft.choice.weighted(&[(45, "MOBILE"), (25, "BRANCH"), (20, "REMOTE_CAPTURE"), (10, "ATM")])
        }
        _ => draft.choice.weighted(&[(45, "REMOTE_CAPTURE"), (35, "LOCKBOX"), (20, "BRANCH")]),
    }
}

/// The number of the account's first check.
fn first_number(draft: &Draft<'_>) -> u64 {
    let mut choice = Stream::new(draft.originator.key, 0xb0);
    if draft.customer.is_business {
        choice.weighted(&FIRST_OF_COMPANY)
    } else {
        choice.weighted(&FIRST_OF_PERSON)
    }
}

/// How many checks the drawer wrote before.
fn check_sequence(draft: &Draft<'_>) -> u64 {
    draft.checks_before()
}

fn write_check(draft: &Draft<'_>, channel: &str, check: &mut Check) {
    let drawer = draft.originator;
    let bits = hash(draft.world.key ^ 0xc4ec, draft.index);
    check.check_number.clear();
    check.check_number.number(first_number(draft) + check_sequence(draft), 4);
    put_aba(ABA_PREFIX, bank_number(drawer.bank()), &mut check.routing_number);
    check.account_number.clear();
    check.account_number.number(drawer.account() % 10_000_000_000, 10);
    check.deposit_channel.put(channel);
    check.image_reference.begin(16);
    check.image_reference.push_str("IMG-");
    check.image_reference.letters(bits, CODE, 12);
    draft.counterparty.identity.put_name(&mut check.payee);
    // A drawer writes the same to a payee every time.
    let between = hash(draft.counterparty.identity.key, drawer.key);
    let (memo, has_number) = check_memo(&draft.spec.name, between);
    check.memo.put(memo);
    match (has_number, draft.spec.name.as_str()) {
        (false, _) => {}
        (true, "rent") => check.memo.number(1 + between % 40, 1),
        (true, "household") => check.memo.number(between % 1_000_000, 6),
        (true, _) => check.memo.number(hash(between, draft.index) % 1_000_000, 6),
    }
}
