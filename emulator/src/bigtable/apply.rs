//! What mutations make of a row.

use super::mutation::Change;
use super::row::Cell;

/// Applies `changes`, in order, to a row's cells. The cells are in order before and after.
pub fn apply<'a>(cells: &mut Vec<Cell<'a>>, changes: &[Change<'a>]) {
    for change in changes {
        match *change {
            Change::Set { family, qualifier, timestamp_micros, value } => {
                cells.push(Cell { family, qualifier, timestamp_micros, value, label: None });
            }
            Change::DeleteColumn { family, qualifier, start_micros, end_micros } => cells.retain(|cell| {
                cell.family != family
                    || cell.qualifier != qualifier
                    || cell.timestamp_micros < start_micros
                    || (end_micros != 0 && cell.timestamp_micros >= end_micros)
            }),
            Change::DeleteFamily { family } => cells.retain(|cell| cell.family != family),
            Change::DeleteRow => cells.clear(),
        }
    }
    settle(cells);
}

/// Puts cells in order; of several in one place the last stays.
fn settle(cells: &mut Vec<Cell<'_>>) {
    if cells.is_sorted_by(|a, b| a.position(b).is_lt()) {
        return;
    }
    cells.sort_by(Cell::position);
    cells.dedup_by(|later, earlier| {
        let same = earlier.position(later).is_eq();
        if same {
            earlier.value = later.value;
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(qualifier: &'static [u8], timestamp_micros: i64, value: &'static [u8]) -> Change<'static> {
        Change::Set { family: 0, qualifier, timestamp_micros, value }
    }

    fn values<'a>(cells: &[Cell<'a>]) -> Vec<&'a [u8]> {
        cells.iter().map(|cell| cell.value).collect()
    }

    #[test]
    fn the_last_of_several_writes_to_a_cell_stays() {
        let mut cells = Vec::new();
        apply(&mut cells, &[set(b"b", 1_000, b"1"), set(b"a", 2_000, b"2"), set(b"b", 1_000, b"3")]);
        assert_eq!(values(&cells), [b"2", b"3"]);
        apply(&mut cells, &[set(b"a", 3_000, b"4"), set(b"a", 2_000, b"5")]);
        assert_eq!(values(&cells), [b"4", b"5", b"3"]);
    }

    #[test]
    fn a_delete_spares_what_follows_it() {
        let mut cells = Vec::new();
        let delete = Change::DeleteColumn { family: 0, qualifier: b"a", start_micros: 0, end_micros: 2_000 };
        apply(&mut cells, &[set(b"a", 1_000, b"1"), set(b"a", 2_000, b"2"), delete, set(b"a", 0, b"3")]);
        assert_eq!(values(&cells), [b"2", b"3"]);
        apply(&mut cells, &[Change::DeleteRow, set(b"z", 0, b"4")]);
        assert_eq!(values(&cells), [b"4"]);
    }
}
