//! Tablets that the service itself has found hot, laid over a map.

use super::grid::{Column, Grid};
use crate::page::numbers::utc;
use crate::page::plain;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// A tablet that took much of its node's CPU, by Bigtable's word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HotTablet {
    /// UTC seconds since 1970; the end is not included.
    pub from: u64,
    pub to: u64,
    /// Its first key, and the first one behind it; empty for none.
    pub first: String,
    pub end: String,
    /// Its node's CPU, 0 to 100.
    pub node_cpu_percent: f64,
}

impl HotTablet {
    /// `08:00:00 – 08:15:00 UTC`, with the date where it is not the same as `date`.
    pub(super) fn when(&self, date: &str) -> String {
        let ((day, from), (_, to)) = (utc(self.from), utc(self.to));
        if day == date { format!("{from} – {to}") } else { format!("{day} {from} – {to}") }
    }

    /// The first key and the one behind.
    pub(super) fn keys(&self) -> [String; 2] {
        let or = |key: &str, none: &str| if key.is_empty() { none.to_owned() } else { plain(key) };
        [or(&self.first, "(start)"), or(&self.end, "(end)")]
    }
}

impl Grid {
    /// The ranges and columns that a tablet covers; none where the map has nothing of it.
    pub(super) fn place(&self, tablet: &HotTablet) -> Option<(Range<usize>, Range<usize>)> {
        let ranges = self.ranges.partition_point(|range| range.last < tablet.first)
            ..self.ranges.partition_point(|range| tablet.end.is_empty() || range.first < tablet.end);
        let end = |column: &Column| column.start.saturating_add(column.seconds);
        let columns = self.columns.partition_point(|column| end(column) <= tablet.from)
            ..self
                .columns
                .partition_point(|column| column.start < tablet.to.max(tablet.from.saturating_add(1)));
        (!ranges.is_empty() && !columns.is_empty()).then_some((ranges, columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heat::grid::tests::shuffled;
    use crate::heat::{Heat, View, grid, html, svg, terminal};

    #[test]
    fn a_tablet_lies_where_its_keys_and_times_are() {
        let heat = shuffled(64, 1_000);
        let plain = grid(&heat, &View::default());
        let start = plain.columns[0].start;
        let tablet = |from: u64, to: u64, first: &str, end: &str| HotTablet {
            from: start + from,
            to: start + to,
            first: first.into(),
            end: end.into(),
            node_cpu_percent: 91.0,
        };
        let (ranges, columns) = (plain.ranges.len(), plain.columns.len());
        assert_eq!(plain.place(&tablet(0, 1 << 20, "", "")), Some((0..ranges, 0..columns)));
        let one = tablet(10, 11, &plain.ranges[4].first, &plain.ranges[6].first);
        let (places, moments) = plain.place(&one).unwrap();
        assert_eq!((places, moments.len()), (4..6, 1));
        assert!(plain.columns[moments.start].start <= one.from);
        // One without a length is seen, too.
        assert_eq!(plain.place(&tablet(10, 10, "", "")).map(|(_, columns)| columns.len()), Some(1));
        assert_eq!(plain.place(&tablet(1 << 20, 1 << 21, "", "")), None, "after all");
        assert_eq!(plain.place(&tablet(0, 9, "~", "")), None, "behind all keys");
    }

    #[test]
    fn every_drawing_tells_of_it() {
        let mut heat = shuffled(64, 1_000);
        let plain = grid(&heat, &View::default());
        let (from, view) = (plain.columns[0].start, View::default());
        let first = plain.ranges[4].first.clone();
        let tablet = HotTablet { from, to: from + 30, first, end: String::new(), node_cpu_percent: 91.3 };
        heat.hot_tablets.push(tablet);
        let drawn = terminal(&grid(&heat, &view), 80, false);
        assert!(drawn.contains("Hot tablets by Bigtable") && drawn.contains("91 %"), "{drawn}");
        let heat = Heat { tables: [("t".to_owned(), heat)].into() };
        for picture in [html(&heat, &view), svg(&heat, &view)] {
            assert_eq!(picture.matches("class=\"tablet\"").count(), 1);
            assert!(picture.contains("node at 91 % CPU"));
        }
        assert!(html(&heat, &view).contains("Hot tablets by Bigtable"));
        let mut sum = Heat::default();
        sum.add(&heat);
        assert_eq!(sum, heat, "what is added keeps it");
    }
}
