//! A drafted payment into its message: the parts that all rails share, around what the rail writes.

use schemas::Payment;
use schemas::payment::{Metadata, PaymentStatus};

use crate::addresses;
use crate::config::GENERATOR_VERSION;
use crate::draft::Draft;
use crate::life::State;
use crate::permutation::push_uuid;
use crate::rails;
use crate::random::hash;
use crate::text::{HEX, Put};
use crate::words::put_shop;

/// Writes the payment, replacing what `payment` held.
pub fn write(draft: &mut Draft<'_>, payment: &mut Payment) {
    let parties = payment.parties.get_or_insert_default();
    let originator = parties.originator.get_or_insert_default();
    draft.originator.put(originator);
    draft.world.population.put_id(draft.customer.number, &mut originator.party_id);
    let counterparty = parties.counterparty.get_or_insert_default();
    draft.counterparty.put(&draft.world.population, counterparty);
    if let Some(category) = draft.category {
        let shop = draft.counterparty.identity;
        put_shop(shop.country, category.mcc, shop.key, &mut counterparty.name);
    }
    addresses::put(draft, originator, counterparty);
    let amount = payment.amount.get_or_insert_default();
    amount.minor_units = draft.minor_units;
    amount.currency.put(draft.currency);
    let state = rails::write(draft, payment);
    payment.amount.get_or_insert_default().refunded_minor_units = refunded(draft, state.status);
    write_header(draft, payment, state);
    write_metadata(draft, payment.metadata.get_or_insert_default());
}

/// What has been given back.
fn refunded(draft: &Draft<'_>, status: PaymentStatus) -> i64 {
    match status {
        PaymentStatus::Refunded => draft.minor_units,
        // One of several things bought, so a tenth to nine tenths.
        PaymentStatus::PartiallyRefunded => {
            let tenths = 1 + hash(draft.world.key ^ 0x4ef, draft.index) % 9;
            (draft.minor_units * tenths as i64 / 10).max(1)
        }
        _ => 0,
    }
}

fn write_header(draft: &Draft<'_>, payment: &mut Payment, state: State) {
    let header = payment.payment_header.get_or_insert_default();
    header.payment_id.begin(36);
    push_uuid(draft.world.ids.id(draft.index), &mut header.payment_id);
    header.payment_type = draft.rail().payment_type() as i32;
    header.version = draft.view.version();
    header.created_at_micros = draft.created();
    header.updated_at_micros = state.updated_micros;
    header.status = state.status as i32;
}

fn write_metadata(draft: &Draft<'_>, metadata: &mut Metadata) {
    metadata.source_system.put(rails::source_system(draft));
    metadata.run_id.put(&draft.world.run_id);
    metadata.record_index = draft.index;
    metadata.generator_version.put(GENERATOR_VERSION);
    metadata.correlation_id.begin(16);
    metadata.correlation_id.letters(hash(draft.world.key ^ 0xc0, draft.index), HEX, 16);
    metadata.description.put(rails::description(draft));
    metadata.anomaly_type.clear();
    metadata.anomaly_group.clear();
    metadata.anomaly_role.clear();
    metadata.recurrence_id.clear();
    if let Some(injected) = draft.injected {
        metadata.anomaly_type.put(injected.kind.name());
        metadata.anomaly_role.put(injected.part().role);
        metadata.anomaly_group.begin(19);
        metadata.anomaly_group.push_str("ANM");
        metadata.anomaly_group.letters(injected.group, HEX, 16);
    }
    if let Some(arrangement) = draft.arrangement {
        metadata.recurrence_id.begin(19);
        metadata.recurrence_id.push_str("REC");
        metadata.recurrence_id.letters(arrangement.key, HEX, 16);
    }
}
