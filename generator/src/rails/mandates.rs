//! The mandates of SEPA direct debits: signed once, used for years.

use schemas::payment::Sepa;

use crate::draft::Draft;
use crate::identifiers::put_creditor_id;
use crate::life::View;
use crate::random::hash;
use crate::recurrence::last_due;
use crate::rules::sepa::NOTICE_DAYS;
use crate::text::{CODE, Put};

/// Days for which a mandate is used before another takes its place (our assumption: six years).
const MANDATE_DAYS: i32 = 2_200;

/// More than two months and the days by which weekends and holidays move a debit.
const FIRST_USE: i32 = 70;

/// Writes the mandate of a debit, and empties its fields on a transfer.
pub fn put(draft: &Draft<'_>, sepa: &mut Sepa) {
    sepa.mandate_id.clear();
    sepa.mandate_signature_date.clear();
    sepa.creditor_id.clear();
    sepa.sequence_type.clear();
    if !draft.spec.flow.debit {
        return;
    }
    let key = draft.arrangement.map_or(hash(draft.world.key ^ 0x51, draft.index), |of| of.key);
    let Mandate { signed, sequence } = mandate(draft, hash(key, 0x51));
    sepa.mandate_id.begin(17);
    sepa.mandate_id.push_str("MNDT-");
    sepa.mandate_id.letters(hash(hash(key, 0x52), signed as u64), CODE, 12);
    sepa.mandate_signature_date.date(signed);
    put_creditor_id(draft.originator.country, hash(draft.originator.key, 0x53), &mut sepa.creditor_id);
    sepa.sequence_type.put(sequence);
}

struct Mandate {
    signed: i32,
    sequence: &'static str,
}

/// The mandate that a debit uses. Its first use is the first due date that leaves the notice, whichever payments there
/// are: so exactly one debit of a mandate is the first, unless that lies before the run.
fn mandate(draft: &Draft<'_>, bits: u64) -> Mandate {
    let (Some((class, _)), Some(rhythm)) = (draft.place.arrangement, draft.spec.flow.rhythm) else {
        return Mandate { signed: draft.place.day - NOTICE_DAYS, sequence: "OOFF" };
    };
    let by_the_book = |day| last_due(class.class, rhythm, draft.spec.flow.due, day);
    let age = (bits % MANDATE_DAYS as u64) as i32;
    let since = |day: i32| (day - NOTICE_DAYS - age).rem_euclid(MANDATE_DAYS);
    let signed = match draft.view {
        // All were signed before the run, and with the notice before any due date in it.
        View::At(_) => draft.first_day - 2 * NOTICE_DAYS - age,
        // In a run without an end mandates are signed all the time: the last before the due date less the notice.
        View::Change { .. } => {
            let mut nominal = class.due_day;
            // Between the date by the book and the day to which a weekend moves it a mandate is not yet used.
            if since(nominal) < FIRST_USE {
                nominal = by_the_book(nominal);
            }
            nominal - NOTICE_DAYS - since(nominal)
        }
    };
    let is_young = class.due_day - signed < FIRST_USE + NOTICE_DAYS;
    let is_first = is_young && by_the_book(by_the_book(class.due_day) - 1) < signed + NOTICE_DAYS;
    Mandate { signed, sequence: if is_first { "FRST" } else { "RCUR" } }
}

#[cfg(test)]
mod tests {
    use crate::dates::day_of;
    use crate::profile::{Due, Rhythm};
    use crate::recurrence::last_due;

    #[test]
    fn the_book_goes_back_by_months_and_over_february() {
        let last = |class, day| last_due(class, Rhythm::Monthly, Due::Spread, day);
        assert_eq!(last(15, day_of(2024, 3, 18)), day_of(2024, 3, 15));
        assert_eq!(last(15, day_of(2024, 3, 14)), day_of(2024, 2, 15));
        assert_eq!(
            last(28, day_of(2023, 3, 27)),
            day_of(2023, 1, 28),
            "28 February 2023 is the month's last day"
        );
        assert_eq!(last(31, day_of(2023, 3, 30)), day_of(2023, 2, 28));
    }
}
