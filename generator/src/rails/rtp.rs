//! Instant payments in the United States: The Clearing House's RTP network and `FedNow`, around the clock.

use schemas::Payment;
use schemas::payment::{PaymentStatus, Rtp};

use super::common::{
    Facts, MINUTE, put_end_to_end_id, put_remittance, reason, specific, state_of, write_processing,
};
use crate::dates::Zone;
use crate::draft::Draft;
use crate::identifiers::aba;
use crate::life::{Outcome, State, Timeline};
use crate::parties::{ABA_PREFIX, Trade, bank_number};
use crate::profile::Side;
use crate::random::{hash, scale};
use crate::rules;
use crate::rules::instant::{FEDNOW_CAP, FEDNOW_SHARE};
use crate::text::{CODE, Put};

/// ISO 20022 external status reasons: wrong, closed or blocked account, type of payment not taken, time-out, no account
/// information, the receiver's choice.
const REJECTS: [(u32, &str); 7] =
    [(32, "AC03"), (24, "AC04"), (8, "AC06"), (12, "AC14"), (8, "AG03"), (6, "TM01"), (10, "NOAT")];

pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) -> State {
    // The whole exchange takes seconds: the networks' time-out is twenty at most.
    let millis = draft.choice.between(700, 4_800) as i64;
    let accepted = draft.created() + millis * 500;
    let timeline = Timeline { accepted, settled: draft.created() + millis * 1_000, undone: i64::MAX };
    let state = state_of(draft, &timeline);
    let code = if draft.outcome == Outcome::Rejected { reason(draft, &REJECTS) } else { "" };
    let network = network(draft);
    let facts = Facts {
        clearing_system: if network == "FEDNOW" { "FEDNOW" } else { "TCH_RTP" },
        channel: if draft.customer.is_business {
            "API"
        } else {
            draft.choice.weighted(&[(7, "MOBILE"), (3, "WEB")])
        },
        settlement_day: cycle_day(draft, network, timeline.settled),
        cycle: if network == "FEDNOW" { "FEDNOW America/New_York" } else { "TCH_RTP America/New_York" },
        latency_millis: (millis as u32 / 2, 120),
        reason: code,
        has_batch: false,
    };
    write_processing(draft, &state, &facts, payment.processing_info.get_or_insert_default());
    write_message(draft, &state, network, code, specific!(payment, Rtp, Rtp));
    state
}

/// The banks from which on all have joined `FedNow`: it began with the smaller ones, here with the smaller half, and large
/// banks stay with RTP (assumption). RTP reaches all.
const FIRST_IN_FEDNOW: u64 = 5;
/// Of ten thousand payments, those between two banks that have joined: the sizes of banks decide that.
const BETWEEN_MEMBERS: u64 = 730;

/// `FedNow` only from a member to a member, up to its limit, and in its quarter's part of all payments.
fn network(draft: &Draft<'_>) -> &'static str {
    let day = local_day(draft);
    let is_member = |bank: u64| bank >= FIRST_IN_FEDNOW;
    let share = rules::at(&FEDNOW_SHARE, day).unwrap_or(0);
    let is_fednow = is_member(draft.originator.bank())
        && is_member(draft.counterparty.identity.bank())
        && rules::at(&FEDNOW_CAP, day).is_some_and(|cap| draft.minor_units <= cap)
        && scale(hash(draft.world.key ^ 0xfed, draft.index), BETWEEN_MEMBERS) < share;
    if is_fednow { "FEDNOW" } else { "TCH_RTP" }
}

/// The day of the network's cycle, weekends and holidays too: RTP counts the Eastern day; the Reserve Banks keep accounts
/// for each of the week's seven days since June 2023 (FRB Services, "Seven-Day Accounting"), and `FedNow`'s day ends at
/// 19:00 Eastern (assumption).
fn cycle_day(draft: &Draft<'_>, network: &str, settled: i64) -> i32 {
    let ahead = if network == "FEDNOW" { 5 * 60 * MINUTE } else { 0 };
    draft.days.local_day(Zone::Eastern, settled + ahead)
}

/// ISO 20022 external purpose codes.
const fn bill_purpose(trade: Trade) -> &'static str {
    match trade {
        Trade::Utility => "UBIL",
        Trade::Insurer => "INSU",
        Trade::Telecom => "PHON",
        Trade::Lender => "LOAR",
        Trade::Landlord => "RENT",
        Trade::Membership => "SUBS",
        _ => "OTHR",
    }
}

fn write_message(draft: &mut Draft<'_>, state: &State, network: &str, code: &'static str, rtp: &mut Rtp) {
    let bits = hash(draft.world.key ^ 0x47b, draft.index);
    // M, date, eleven digits of the participant, B, the serial: at most 35.
    rtp.message_id.begin(33);
    rtp.message_id.push('M');
    let (year, month, day) = crate::dates::date_of(local_day(draft));
    rtp.message_id.number(year as u64 * 10_000 + u64::from(month) * 100 + u64::from(day), 8);
    // The routing number and two characters that the participant chooses: our assumption.
    rtp.message_id.number(aba(ABA_PREFIX, bank_number(draft.originator.bank())), 9);
    rtp.message_id.push_str("01");
    rtp.message_id.push('B');
    rtp.message_id.letters(bits, CODE, 12);
    rtp.network.put(network);
    put_end_to_end_id(draft, &mut rtp.end_to_end_id);
    rtp.acceptance_status.put(match state.status {
        PaymentStatus::Pending => "PDNG",
        PaymentStatus::Rejected => "RJCT",
        _ if bits % 1_000 < 6 => "ACWP",
        _ => "ACTC",
    });
    rtp.reject_code.put(if state.status == PaymentStatus::Rejected { code } else { "" });
    rtp.purpose_code.put(match (draft.spec.name.as_str(), draft.spec.flow.to) {
        ("wages", _) => "SALA",
        ("bill", _) => bill_purpose(draft.counterparty.identity.trade),
        ("supplier", _) => "SUPP",
        (_, Side::Person) => "MP2P",
        _ => "OTHR",
    });
    rtp.request_for_payment_id.clear();
    if draft.spec.name == "bill" && bits % 100 < 55 {
        rtp.request_for_payment_id.put("RFP");
        rtp.request_for_payment_id.letters(hash(bits, 1), CODE, 12);
    }
    put_remittance(draft, &mut rtp.remittance_information);
}

/// The day on the Eastern clock, which both networks count by.
fn local_day(draft: &Draft<'_>) -> i32 {
    draft.days.local_day(Zone::Eastern, draft.created())
}
