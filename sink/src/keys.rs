//! One table's row keys in key order, all in one buffer: a pane has three keys a row, and no string of its own for any.

/// Row keys, each with the row that it belongs to.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    end: u32,
    row: u32,
}

impl Keys {
    /// Room for keys of `rows` payments.
    pub fn with_room(rows: usize) -> Self {
        const TYPICAL_KEY_BYTES: usize = 80;
        Self { bytes: Vec::with_capacity(rows * TYPICAL_KEY_BYTES), entries: Vec::with_capacity(rows) }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn key(&self, at: usize) -> &[u8] {
        let entry = self.entries[at];
        &self.bytes[entry.start as usize..entry.end as usize]
    }

    /// The row (the element's place in the pane) of the entry at a place in key order.
    pub fn row(&self, at: usize) -> usize {
        self.entries[at].row as usize
    }

    /// Adds the key that `write` appends. The keys are in order only after [`Keys::sort`].
    pub fn push(&mut self, row: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.entries.push(Entry { start: start as u32, end: self.bytes.len() as u32, row: row as u32 });
    }

    pub fn sort(&mut self) {
        let bytes = &self.bytes;
        let key = |entry: &Entry| &bytes[entry.start as usize..entry.end as usize];
        // Equal keys stay in the order of the pane, so that the later of two payments is the one turned away.
        self.entries.sort_unstable_by(|a, b| key(a).cmp(key(b)).then(a.row.cmp(&b.row)));
    }

    /// Leaves out the keys of rows for which `keep` is false.
    pub fn retain_rows(&mut self, keep: impl Fn(usize) -> bool) {
        self.entries.retain(|entry| keep(entry.row as usize));
    }
}
