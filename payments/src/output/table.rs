//! Tables for people. On a terminal they fit: columns become narrower or go, in an order of their own; elsewhere nothing is
//! cut, as whoever searches a file must find it.

use service::escape::Style;
use service::terminal::{output_columns, paint};

/// Which end of a cell is the ragged one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A column and what becomes of it where room is short.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub title: &'static str,
    pub align: Align,
    /// Least width; with room for less it goes. With 0 it is whole or not there.
    pub least: usize,
    /// Whose turn it is: the column with the greatest gives way first; one with 0 never does.
    pub gives_way: u8,
    /// A cut text ends in a dot each; a time is only less exact.
    pub is_exact: bool,
}

impl Column {
    pub const fn left(title: &'static str) -> Self {
        Self { title, align: Align::Left, least: 0, gives_way: 0, is_exact: false }
    }

    pub const fn right(title: &'static str) -> Self {
        Self { align: Align::Right, ..Self::left(title) }
    }

    /// Gives way down to this width, and then altogether; columns with a greater `turn` earlier.
    #[must_use]
    pub const fn to(self, least: usize, turn: u8) -> Self {
        Self { least, gives_way: turn, ..self }
    }

    /// What is cut from its cells is only precision.
    #[must_use]
    pub const fn exact(self) -> Self {
        Self { is_exact: true, ..self }
    }
}

pub type Cells = Vec<String>;

/// Columns with the widths that they have on this output.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    shown: Vec<Option<Shown>>,
}

/// How a column is shown.
#[derive(Clone, Copy, Debug)]
struct Shown {
    width: usize,
    /// It gave way: what is wider is cut. Elsewhere a wider cell pushes the others on.
    is_narrowed: bool,
}

/// Between two columns.
const GAP: usize = 2;

impl Table {
    /// For lines that come one by one: widths are given.
    pub fn of_widths(columns: &[(Column, usize)]) -> Self {
        let widths = columns.iter().map(|(_, width)| *width).collect();
        Self::fitting(columns.iter().map(|(column, _)| *column).collect(), widths, output_columns())
    }

    /// All of a table: each column as wide as its widest cell.
    pub fn text(columns: &[Column], lines: &[Cells]) -> String {
        Self::text_within(columns, lines, output_columns())
    }

    fn text_within(columns: &[Column], lines: &[Cells], room: usize) -> String {
        let widest = |at: usize| {
            lines.iter().filter_map(|cells| cells.get(at)).map(|cell| width(cell)).max().unwrap_or(0)
        };
        let widths = (0..columns.len()).map(|at| widest(at).max(width(columns[at].title))).collect();
        let table = Self::fitting(columns.to_vec(), widths, room);
        lines.iter().fold(table.header(), |text, cells| text + &table.line(cells))
    }

    fn fitting(columns: Vec<Column>, wanted: Vec<usize>, room: usize) -> Self {
        let mut widths: Vec<_> = wanted.iter().copied().map(Some).collect();
        let mut turns: Vec<_> = (0..columns.len()).filter(|&at| columns[at].gives_way > 0).collect();
        turns.sort_by_key(|&at| std::cmp::Reverse(columns[at].gives_way));
        let over = |widths: &[Option<usize>]| {
            let shown = widths.iter().flatten();
            (shown.clone().sum::<usize>() + GAP * shown.count().saturating_sub(1)).saturating_sub(room)
        };
        for &at in &turns {
            let (give, least) = (over(&widths), columns[at].least);
            widths[at] = match widths[at] {
                // One that is whole or not at all.
                Some(_) if least == 0 && give > 0 => None,
                Some(width) if least > 0 => Some(width.saturating_sub(give).max(least.min(width))),
                width => width,
            };
        }
        for at in turns {
            if over(&widths) > 0 {
                widths[at] = None;
            }
        }
        let shown = |(width, wanted): (Option<usize>, usize)| {
            width.map(|width| Shown { width, is_narrowed: width < wanted })
        };
        Self { columns, shown: widths.into_iter().zip(wanted).map(shown).collect() }
    }

    /// The columns' titles, with the end of the line.
    pub fn header(&self) -> String {
        let titles: Cells = self.columns.iter().map(|column| column.title.to_owned()).collect();
        paint(Style::Bold, self.line(&titles).trim_end()) + "\n"
    }

    /// A line of cells, with its end.
    pub fn line(&self, cells: &[String]) -> String {
        let mut text = String::new();
        for ((column, shown), cell) in self.columns.iter().zip(&self.shown).zip(cells) {
            let Some(Shown { width: room, is_narrowed }) = *shown else { continue };
            if !text.is_empty() {
                text.push_str("  ");
            }
            let cell = if is_narrowed { cut(cell, room, column.is_exact) } else { cell.clone() };
            let space = " ".repeat(room.saturating_sub(width(&cell)));
            match column.align {
                Align::Left => text.extend([cell.as_str(), &space]),
                Align::Right => text.extend([space.as_str(), &cell]),
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn cut(cell: &str, room: usize, is_exact: bool) -> String {
    if width(cell) <= room || room == 0 {
        return cell.to_owned();
    }
    let kept = if is_exact { room } else { room - 1 };
    let mut cut: String = cell.chars().take(kept).collect();
    if !is_exact {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(cells: [&str; 4]) -> Cells {
        cells.map(str::to_owned).to_vec()
    }

    const COLUMNS: [Column; 4] = [
        Column::left("created").to(10, 1).exact(),
        Column::right("amount"),
        Column::left("name").to(4, 2),
        Column::left("what").to(3, 3),
    ];

    #[test]
    fn columns_give_way_in_their_turn_and_then_go() {
        let lines = [
            cells(["2024-03-01T10:30:20", "1.50", "Anna Wolf", "Rent"]),
            cells(["2024-03-02T11:00:00", "20.00", "Bo", "Transfer"]),
        ];
        let text = |room| Table::text_within(&COLUMNS, &lines, room);
        let all = "created              amount  name       what\n\
                   2024-03-01T10:30:20    1.50  Anna Wolf  Rent\n\
                   2024-03-02T11:00:00   20.00  Bo         Transfer\n";
        assert_eq!(text(usize::MAX), all);
        assert_eq!(text(48), all);
        let shorter = "created              amount  name       what\n\
                       2024-03-01T10:30:20    1.50  Anna Wolf  Rent\n\
                       2024-03-02T11:00:00   20.00  Bo         Tran…\n";
        assert_eq!(text(45), shorter);
        let dropped = "created     amount  name\n2024-03-01    1.50  Ann…\n2024-03-02   20.00  Bo\n";
        assert_eq!(text(24), dropped);
        let columns = [Column::left("id"), Column::right("attempt").to(0, 2), Column::left("what").to(4, 1)];
        let lines = [["20000000000001", "1", "RTP 443.75 USD"].map(str::to_owned).to_vec()];
        for room in 22..60 {
            let text = Table::text_within(&columns, &lines, room);
            assert!(text.lines().all(|line| width(line) <= room), "{room}: {text}");
            assert_eq!(text.contains("attempt"), text.contains("  1  "), "{room}: {text}");
        }
        for room in 18..60 {
            assert!(text(room).lines().all(|line| width(line) <= room), "{room}: {}", text(room));
        }
        assert!(text(1).contains("20.00"));
    }

    #[test]
    fn a_line_on_its_own_has_the_widths_that_were_given() {
        let table = Table::of_widths(&COLUMNS.map(|column| (column, 6)));
        assert_eq!(table.line(&cells(["a", "1", "b", ""])), "a            1  b\n");
        // Nothing is cut where there is room.
        let wide = ["2024-03-01", "123456789.00", "Anna Wolf", "x"];
        assert_eq!(table.line(&cells(wide)), "2024-03-01  123456789.00  Anna Wolf  x\n");
        let columns = COLUMNS.map(|column| (column, 6)).to_vec();
        let narrow = Table::fitting(columns.iter().map(|(column, _)| *column).collect(), vec![6; 4], 24);
        assert_eq!(narrow.line(&cells(wide)), "2024-03-01  123456789.00  Ann…\n");
    }
}
