//! Rows out of chunks: the state machine of ReadRows.
//!
//! A row's first chunk says key, family and qualifier; a later one says what changes. A value may go on over chunks, a
//! row over messages. A row counts once it is committed; a reset forgets it, and it comes again.

use super::chunk::{Chunk, Parts, RowStatus};
use super::row::{Buffer, Row};

/// What the server's answer breaks the protocol with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before a row's first chunk.
    Outside,
    InRow,
    /// Inside a value, of which this many bytes are to come.
    InCell {
        left: u64,
    },
}

/// Puts the rows of one scan together.
#[derive(Debug)]
pub struct Merger {
    state: State,
    row: Buffer,
    /// The last key that was committed or said to be scanned: what follows must be greater.
    last_key: Vec<u8>,
}

impl Merger {
    pub fn new() -> Self {
        Self { state: State::Outside, row: Buffer::default(), last_key: Vec::new() }
    }

    /// Forgets an unfinished row, as when its stream breaks; it comes again from its start.
    pub fn restart(&mut self) {
        self.state = State::Outside;
    }

    /// The last key that was committed or said to be scanned; empty at first.
    pub fn last_key(&self) -> &[u8] {
        &self.last_key
    }

    /// Takes chunks as long as they are as most are: whole cells of columns that came next in other rows, at the time
    /// of the cell before, in the middle of their row. The next one is left for [`push`](Self::push).
    #[inline]
    pub fn push_usual(&mut self, parts: &mut Parts<'_>) {
        if self.state != State::InRow {
            return;
        }
        while let Some(cell) = parts.usual_cell()
            && let Some(column) = self.row.named_column(cell.named)
        {
            self.row.add_cell(column, cell.timestamp_micros, parts.pass(&cell));
        }
    }

    /// Takes a chunk of `message`; answers the row that it completes.
    #[inline]
    pub fn push<'a>(
        &'a mut self,
        message: &'a [u8],
        chunk: &Chunk<'_>,
    ) -> Result<Option<Row<'a>>, Malformed> {
        if chunk.status == RowStatus::Reset {
            self.reset(chunk)?;
            return Ok(None);
        }
        if self.row.is_too_large(chunk.value.len()) {
            return Err(Malformed("a row is larger than 2 GiB"));
        }
        if chunk.value_size > 0 && self.state == State::InRow {
            // A value that goes on lies at the buffer's end until it is whole; what is kept later would get into it.
            self.row.keep(message);
        }
        let state = match self.state {
            State::Outside => self.begin_row(chunk)?,
            State::InRow => self.begin_cell(chunk)?,
            State::InCell { left } => self.extend_cell(chunk, left)?,
        };
        if chunk.status != RowStatus::Commit {
            self.state = state;
            return Ok(None);
        }
        if state != State::InRow {
            return Err(Malformed("a row is committed inside a value"));
        }
        self.state = State::Outside;
        self.last_key.clone_from(&self.row.key);
        Ok(Some(self.row.row(message)))
    }

    /// Call when all of a message is taken, before it goes.
    pub fn end_message(&mut self, message: &[u8]) {
        if self.state != State::Outside {
            self.row.keep(message);
        }
    }

    /// Takes the word that nothing up to this key will come any more.
    pub fn scanned(&mut self, key: &[u8]) -> Result<(), Malformed> {
        if self.state != State::Outside {
            return Err(Malformed("a scanned key is told inside a row"));
        }
        if *key < *self.last_key {
            return Err(Malformed("a scanned key is not greater than the key before it"));
        }
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        Ok(())
    }

    /// Takes the stream's orderly end.
    pub fn finish(&self) -> Result<(), Malformed> {
        if self.state == State::Outside { Ok(()) } else { Err(Malformed("the answer ends inside a row")) }
    }

    fn begin_row(&mut self, chunk: &Chunk<'_>) -> Result<State, Malformed> {
        if chunk.row_key.is_empty() {
            return Err(Malformed("a row begins without a key"));
        }
        if *chunk.row_key <= *self.last_key {
            return Err(Malformed("a row's key is not greater than the key before it"));
        }
        if chunk.family.is_none() {
            return Err(Malformed("a row begins without a family"));
        }
        self.row.clear();
        self.row.key.extend_from_slice(chunk.row_key);
        self.begin_cell(chunk)
    }

    #[inline]
    fn begin_cell(&mut self, chunk: &Chunk<'_>) -> Result<State, Malformed> {
        if !chunk.row_key.is_empty() && chunk.row_key != self.row.key {
            return Err(Malformed("a row begins before the one before it is committed"));
        }
        match (chunk.family, chunk.qualifier) {
            (family, Some(qualifier)) => self.row.set_column(family, qualifier, chunk.named),
            (Some(_), None) => return Err(Malformed("a family begins without a qualifier")),
            (None, None) => {}
        }
        self.row.begin_cell(chunk.timestamp_micros, chunk.value);
        if chunk.value_size == 0 {
            return Ok(State::InRow);
        }
        let left = chunk.value_size.checked_sub(chunk.value.len() as u64);
        Ok(State::InCell { left: left.ok_or(TOO_LONG)? })
    }

    fn extend_cell(&mut self, chunk: &Chunk<'_>, left: u64) -> Result<State, Malformed> {
        let says_more = !chunk.row_key.is_empty()
            || chunk.family.is_some()
            || chunk.qualifier.is_some()
            || chunk.timestamp_micros != 0
            || chunk.has_labels;
        if says_more {
            return Err(Malformed("a cell begins inside a value"));
        }
        let left = left.checked_sub(chunk.value.len() as u64).ok_or(TOO_LONG)?;
        self.row.extend_cell(chunk.value);
        match chunk.value_size {
            0 if left > 0 => Err(Malformed("a value is shorter than announced")),
            0 => Ok(State::InRow),
            _ => Ok(State::InCell { left }),
        }
    }

    fn reset(&mut self, chunk: &Chunk<'_>) -> Result<(), Malformed> {
        if self.state == State::Outside {
            return Err(Malformed("a reset outside a row"));
        }
        if *chunk != (Chunk { status: RowStatus::Reset, ..Chunk::default() }) {
            return Err(Malformed("a reset says more than that"));
        }
        self.state = State::Outside;
        Ok(())
    }
}

const TOO_LONG: Malformed = Malformed("a value is longer than announced");

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    /// Rows as text: key, then `family:qualifier@time=value` of each cell.
    fn merge(chunks: &[Chunk<'_>]) -> Result<Vec<String>, Malformed> {
        let mut merger = Merger::new();
        let mut rows = Vec::new();
        for chunk in chunks {
            if let Some(row) = merger.push(b"", chunk)? {
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                let mut line = text(row.key());
                for cell in row.cells() {
                    let time = cell.timestamp_micros;
                    let _ = write!(
                        line,
                        " {}:{}@{time}={}",
                        text(cell.family),
                        text(cell.qualifier),
                        text(cell.value)
                    );
                }
                rows.push(line);
            }
        }
        merger.finish().map(|()| rows)
    }

    fn first<'a>(key: &'a str, value: &'a str) -> Chunk<'a> {
        Chunk { row_key: key.as_bytes(), family: Some(b"f"), qualifier: Some(b"q"), ..more(value) }
    }

    fn more(value: &str) -> Chunk<'_> {
        Chunk { value: value.as_bytes(), ..Chunk::default() }
    }

    fn committed(chunk: Chunk<'_>) -> Chunk<'_> {
        Chunk { status: RowStatus::Commit, ..chunk }
    }

    fn sized(chunk: Chunk<'_>, value_size: u64) -> Chunk<'_> {
        Chunk { value_size, ..chunk }
    }

    const RESET: Chunk<'_> = Chunk {
        row_key: b"",
        family: None,
        qualifier: None,
        timestamp_micros: 0,
        has_labels: false,
        value: b"",
        value_size: 0,
        status: RowStatus::Reset,
        named: b"",
    };

    #[test]
    fn what_a_chunk_leaves_out_is_as_before() {
        let chunks = [
            Chunk { timestamp_micros: 9, ..first("a", "1") },
            Chunk { timestamp_micros: 8, ..more("2") },
            Chunk { qualifier: Some(b"r"), row_key: b"a", ..more("3") },
            committed(Chunk { family: Some(b"g"), qualifier: Some(b""), ..more("") }),
            committed(first("b", "5")),
        ];
        assert_eq!(merge(&chunks).unwrap(), ["a f:q@9=1 f:q@8=2 f:r@0=3 g:@0=", "b f:q@0=5"]);
    }

    #[test]
    fn a_value_may_come_in_parts() {
        let chunks = [
            sized(first("a", "one"), 9),
            sized(more("two"), 9),
            more("end"),
            committed(Chunk { qualifier: Some(b"r"), ..more("x") }),
        ];
        assert_eq!(merge(&chunks).unwrap(), ["a f:q@0=onetwoend f:r@0=x"]);
        assert_eq!(merge(&[sized(first("a", ""), 2), committed(more("ab"))]).unwrap(), ["a f:q@0=ab"]);
    }

    #[test]
    fn a_reset_row_comes_again_or_not() {
        let chunks = [first("a", "1"), RESET, committed(first("a", "2"))];
        assert_eq!(merge(&chunks).unwrap(), ["a f:q@0=2"]);
        assert_eq!(
            merge(&[sized(first("a", "1"), 5), RESET, committed(first("b", "2"))]).unwrap(),
            ["b f:q@0=2"]
        );
        assert_eq!(merge(&[first("a", "1"), RESET]).unwrap(), [""; 0]);
    }

    #[test]
    fn whatever_breaks_the_protocol_is_an_error() {
        let a = || committed(first("a", "1"));
        let no_family = Chunk { row_key: b"b", qualifier: Some(b"q"), ..Chunk::default() };
        let no_qualifier = Chunk { row_key: b"b", family: Some(b"f"), ..Chunk::default() };
        let sequences: Vec<(&str, Vec<Chunk<'_>>)> = vec![
            ("without a key", vec![first("", "1")]),
            ("without a family", vec![a(), no_family]),
            ("without a qualifier", vec![a(), no_qualifier]),
            ("without a qualifier", vec![first("a", "1"), Chunk { family: Some(b"g"), ..more("2") }]),
            ("not greater", vec![a(), a()]),
            ("not greater", vec![committed(first("b", "1")), a()]),
            ("before the one before it is committed", vec![first("a", "1"), first("b", "1")]),
            ("inside a value", vec![committed(sized(first("a", "1"), 2))]),
            ("inside a value", vec![sized(first("a", "1"), 2), first("a", "2")]),
            ("inside a value", vec![sized(first("a", "1"), 2), Chunk { timestamp_micros: 1, ..more("2") }]),
            ("longer than announced", vec![sized(first("a", "123"), 2)]),
            ("longer than announced", vec![sized(first("a", "1"), 2), more("23")]),
            ("shorter than announced", vec![sized(first("a", "1"), 3), more("2")]),
            ("ends inside a row", vec![first("a", "1")]),
            ("ends inside a row", vec![sized(first("a", "1"), 2)]),
            ("outside a row", vec![RESET]),
            ("outside a row", vec![a(), RESET]),
            ("more than that", vec![first("a", "1"), Chunk { value: b"x", ..RESET }]),
            ("more than that", vec![first("a", "1"), Chunk { row_key: b"a", ..RESET }]),
            ("without a key", vec![first("a", "1"), RESET, more("2")]),
        ];
        for (problem, chunks) in sequences {
            let Malformed(found) = merge(&chunks).expect_err(problem);
            assert!(found.contains(problem), "{found:?} is not {problem:?}");
        }
    }

    #[test]
    fn scanned_keys_only_rise_and_only_between_rows() {
        let mut merger = Merger::new();
        assert!(merger.push(b"", &committed(first("b", "1"))).unwrap().is_some());
        merger.scanned(b"c").unwrap();
        assert_eq!(merger.last_key(), b"c");
        assert!(merger.scanned(b"a").is_err());
        assert!(merger.push(b"", &first("c", "1")).is_err());
        assert!(merger.push(b"", &first("d", "1")).unwrap().is_none());
        assert!(merger.scanned(b"e").is_err());
        merger.restart();
        assert!(merger.scanned(b"e").is_ok());
    }
}
