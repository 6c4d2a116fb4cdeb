//! Applies changes to a row's cells.

use crate::bigtable::store::row::Cell;

use super::check::Change;

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

/// Makes new rows. The rows of a request resemble each other: the order that sorted one row's cells is tried on the
/// next.
#[derive(Debug, Default)]
pub struct Maker {
    order: Vec<usize>,
}

impl Maker {
    /// The cells of a new row, in order. Empties `cells` first.
    pub fn make<'a>(&mut self, cells: &mut Vec<Cell<'a>>, changes: &[Change<'a>]) {
        cells.clear();
        if self.order.len() == changes.len() {
            cells.extend(self.order.iter().map_while(|&at| to_cell(&changes[at])));
            if cells.len() == changes.len() && is_settled(cells) {
                return;
            }
            cells.clear();
        }
        apply(cells, changes);
        self.order.clear();
        if cells.len() == changes.len() {
            // Each change made a cell, so no two have the same position.
            self.order.extend(0..changes.len());
            let all: Vec<_> = changes.iter().filter_map(to_cell).collect();
            self.order.sort_by(|&a, &b| all[a].position(&all[b]));
        }
    }
}

/// The cell that a change sets, if it sets one.
fn to_cell<'a>(change: &Change<'a>) -> Option<Cell<'a>> {
    match *change {
        Change::Set { family, qualifier, timestamp_micros, value } => {
            Some(Cell { family, qualifier, timestamp_micros, value, label: None })
        }
        _ => None,
    }
}

fn is_settled(cells: &[Cell<'_>]) -> bool {
    cells.is_sorted_by(|a, b| a.position(b).is_lt())
}

/// Sorts cells; of several in one position the last stays.
fn settle(cells: &mut Vec<Cell<'_>>) {
    if is_settled(cells) {
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
    fn a_row_made_in_the_order_of_the_one_before_is_the_same() {
        let mut maker = Maker::default();
        let mut made = Vec::new();
        let delete = Change::DeleteRow;
        let rows: [&[Change<'_>]; 7] = [
            &[set(b"b", 0, b"1"), set(b"a", 0, b"2")],
            &[set(b"b", 0, b"3"), set(b"a", 0, b"4")],
            &[set(b"a", 0, b"5"), set(b"b", 0, b"6")],
            &[set(b"a", 0, b"7"), set(b"a", 0, b"8")],
            &[set(b"b", 0, b"9"), delete],
            &[delete, set(b"b", 0, b"x")],
            &[],
        ];
        for changes in rows {
            let mut applied = Vec::new();
            apply(&mut applied, changes);
            maker.make(&mut made, changes);
            assert_eq!(made, applied);
        }
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
