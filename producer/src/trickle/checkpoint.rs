//! The state that a run leaves for the next one: how far its clock got, and which updates are still to come.
//!
//! The file: a line of text that names format and run; then in little endian the last event time, the number of
//! updates, for each its due time, index and number of changes; and a checksum. It is replaced as a whole, so that a
//! reader sees the old one or the new one.

use super::updates::Update;
use crate::state_file::{StateFile, is_trickles, read_beside, refusal};
use std::io::Write;
use std::path::Path;

/// Changes with the file; the part before the number does not, see `state_file`.
const FORMAT: &str = "payments-trickle-2";

/// As many updates fit into the largest file that is read, 20 bytes each.
pub const MOST_UPDATES: usize = 10_000_000;
const MOST_BYTES: u64 = 20 * MOST_UPDATES as u64 + (1 << 20);

/// A run's state.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The run's settings; a line without spaces at its ends.
    pub run: String,
    /// No event before or at this time may be made again.
    pub last_micros: i64,
    pub pending: Vec<Update>,
}

impl Saved {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128 + self.pending.len() * 20);
        out.extend_from_slice(format!("{FORMAT} {}\n", self.run).as_bytes());
        out.extend_from_slice(&self.last_micros.to_le_bytes());
        out.extend_from_slice(&(self.pending.len() as u64).to_le_bytes());
        for update in &self.pending {
            out.extend_from_slice(&update.due_micros.to_le_bytes());
            out.extend_from_slice(&update.index.to_le_bytes());
            out.extend_from_slice(&update.changes.to_le_bytes());
        }
        out.extend_from_slice(&checksum(&out).to_le_bytes());
        out
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (content, sum) = bytes.split_last_chunk::<8>()?;
        if checksum(content) != u64::from_le_bytes(*sum) {
            return None;
        }
        let end = content.iter().position(|byte| *byte == b'\n')?;
        let run = std::str::from_utf8(&content[..end]).ok()?.strip_prefix(FORMAT)?.trim().to_owned();
        let mut rest = &content[end + 1..];
        let last_micros = i64::from_le_bytes(take(&mut rest)?);
        let count = u64::from_le_bytes(take(&mut rest)?);
        let mut pending = Vec::new();
        for _ in 0..count {
            pending.push(Update {
                due_micros: i64::from_le_bytes(take(&mut rest)?),
                index: u64::from_le_bytes(take(&mut rest)?),
                changes: u32::from_le_bytes(take(&mut rest)?),
            });
        }
        rest.is_empty().then_some(Self { run, last_micros, pending })
    }

    /// Reads a file that a run may be at work with.
    pub fn read_beside(path: &Path) -> Result<Self, service::Error> {
        let bytes = read_beside(path, MOST_BYTES)?;
        Self::decode(&bytes).ok_or_else(|| refusal(path, format!("cannot be read: {}", complaint(&bytes))))
    }

    /// Reads a file; `None` where there is none yet.
    pub fn read(file: &StateFile) -> Result<Option<Self>, service::Error> {
        let Some(bytes) = file.read(MOST_BYTES)? else { return Ok(None) };
        let saved = Self::decode(&bytes);
        saved.map(Some).ok_or_else(|| file.refuse(format!("cannot be read: {}", complaint(&bytes))))
    }

    /// Replaces the file, on the disk when this returns.
    pub fn write(&self, file: &StateFile) -> std::io::Result<()> {
        file.replace(|out| out.write_all(&self.encode()))
    }
}

/// Why bytes that cannot be decoded cannot be.
fn complaint(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match std::str::from_utf8(line).ok().and_then(|line| line.split(' ').next()) {
        Some(format) if is_trickles(format.as_bytes()) && format != FORMAT => {
            format!("it has the format {format}, this version reads {FORMAT}")
        }
        Some(FORMAT) => {
            "it is damaged; move it away to begin anew, its updates to come are lost then".to_owned()
        }
        _ => "it is no checkpoint of a trickle; name another file".to_owned(),
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(*head)
}

/// FNV-1a: finds a file that was cut or damaged.
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> Saved {
        let pending = (0..100).map(|k| Update { due_micros: k, index: k as u64 * 7, changes: 2 }).collect();
        Saved { run: "abc 0/1 now".into(), last_micros: 1_234_567, pending }
    }

    #[test]
    fn what_was_written_is_read_and_replaces_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let file = StateFile::open(&path).unwrap();
        assert_eq!(Saved::read(&file).unwrap(), None);
        saved().write(&file).unwrap();
        let later = Saved { last_micros: 9, ..saved() };
        later.write(&file).unwrap();
        assert_eq!(Saved::read(&file).unwrap(), Some(later));
        let whole = std::fs::read(&path).unwrap();
        let newer = String::from_utf8_lossy(&whole).replacen("trickle-2", "trickle-3", 1).into_bytes();
        for (bytes, reported) in [
            (&whole[..whole.len() - 1], "damaged"),
            (&newer, "format payments-trickle-3"),
            (b"something else", "no checkpoint of a trickle"),
            (b"", "no checkpoint of a trickle"),
        ] {
            std::fs::write(&path, bytes).unwrap();
            let error = Saved::read(&file).unwrap_err().to_string();
            assert!(error.contains(reported), "{error}");
        }
    }

    #[test]
    fn a_damaged_or_cut_file_is_refused() {
        let bytes = saved().encode();
        for at in 0..bytes.len() {
            assert_eq!(Saved::decode(&bytes[..at]), None);
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert_eq!(Saved::decode(&damaged), None);
        }
        assert_eq!(Saved::decode(&bytes), Some(saved()));
    }
}
