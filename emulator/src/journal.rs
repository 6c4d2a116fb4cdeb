//! What a loss of power leaves at the end of a store's journal.
//!
//! Pages reach the disk in any order, so that a batch that was never synced may be there with a hole in it. The store
//! drops most such batches by itself, but not one whose hole lies inside a value: then it does not open. Everything from
//! the first broken batch on is unconfirmed where answers wait for syncs, since a sync covers all that was written before.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use fjall::Database;
use xxhash_rust::xxh3::Xxh3;

// As the store writes them.
const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const TRAILER: &[u8] = b"FJL\x03";

/// Opens a store. A journal that does not let it is cut where it is torn.
pub fn open(path: &Path, open: impl Fn() -> fjall::Result<Database>) -> fjall::Result<Database> {
    match open() {
        Err(fjall::Error::JournalRecovery(_)) if cut(path)? => open(),
        opened => opened,
    }
}

/// Whether there was something to cut.
fn cut(path: &Path) -> io::Result<bool> {
    let Some(journal) = newest(path)? else { return Ok(false) };
    let file = File::options().read(true).write(true).open(&journal)?;
    let (sound, whole) = (sound_bytes(&file)?, file.metadata()?.len());
    if sound == whole {
        return Ok(false);
    }
    tracing::warn!(
        journal = %journal.display(),
        "the journal is torn at byte {sound}, as a loss of power leaves it; what follows was never confirmed with disk \
         durability and goes"
    );
    file.set_len(sound)?;
    file.sync_all()?;
    Ok(true)
}

/// Earlier ones were synced before the next one began.
fn newest(path: &Path) -> io::Result<Option<PathBuf>> {
    let number = |path: &PathBuf| path.file_name()?.to_str()?.strip_suffix(".jnl")?.parse::<u64>().ok();
    let entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    let journals = entries.iter().map(fs::DirEntry::path).filter_map(|path| Some((number(&path)?, path)));
    Ok(journals.max().map(|(_, path)| path))
}

/// The bytes before the first batch that is not whole.
fn sound_bytes(journal: &File) -> io::Result<u64> {
    let mut reader = BufReader::new(journal);
    let (mut at, mut sound) = (0, 0);
    let (mut items, mut missing) = (Xxh3::new(), None);
    let mut entry = Vec::new();
    loop {
        entry.clear();
        let is_read = read_entry(&mut reader, &mut entry);
        match is_read {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(sound),
            is_read => is_read?,
        }
        at += entry.len() as u64;
        match (entry.first(), missing) {
            (Some(&START), None) => missing = Some(number::<4>(&entry[1..])),
            (Some(&ITEM | &CLEAR), Some(more @ 1..)) => {
                items.update(&entry);
                missing = Some(more - 1);
            }
            (Some(&END), Some(0))
                if items.digest() == number::<8>(&entry[1..]) && entry.ends_with(TRAILER) =>
            {
                (items, missing, sound) = (Xxh3::new(), None, at);
            }
            _ => return Ok(sound),
        }
    }
}

/// Reads one entry whole; of something else only its first byte.
fn read_entry(reader: &mut impl Read, entry: &mut Vec<u8>) -> io::Result<()> {
    read(reader, entry, 1)?;
    match entry[0] {
        START => read(reader, entry, 4 + 8),
        END => read(reader, entry, 8 + TRAILER.len() as u64),
        CLEAR => read(reader, entry, 8),
        ITEM => {
            // Kind, compression, keyspace; lengths of the key, of the value and of the value as it is stored.
            read(reader, entry, 1 + 1 + 8 + 2 + 4 + 4)?;
            let (key, value) = (number::<2>(&entry[11..]), number::<4>(&entry[17..]));
            read(reader, entry, key + value)
        }
        _ => Ok(()),
    }
}

fn read(reader: &mut impl Read, entry: &mut Vec<u8>, bytes: u64) -> io::Result<()> {
    let read = reader.take(bytes).read_to_end(entry)? as u64;
    if read == bytes { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

/// A number of so many bytes.
fn number<const BYTES: usize>(bytes: &[u8]) -> u64 {
    bytes[..BYTES].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use fjall::{CompressionType, KeyspaceCreateOptions};

    use super::*;

    const VALUE: usize = 20_000;

    fn database(path: &Path, compression: CompressionType) -> fjall::Result<Database> {
        open(path, || Database::builder(path).journal_compression(compression).open())
    }

    fn keys(database: &Database) -> Vec<Vec<u8>> {
        let rows = database.keyspace("rows", KeyspaceCreateOptions::default).unwrap();
        rows.iter().map(|row| row.key().unwrap().to_vec()).collect()
    }

    /// A journal of three batches, of which the last has two large values; where that one ends.
    fn journal(path: &Path, compression: CompressionType) -> u64 {
        let database = database(path, compression).unwrap();
        let rows = database.keyspace("rows", KeyspaceCreateOptions::default).unwrap();
        rows.insert("a", "1").unwrap();
        rows.remove("gone").unwrap();
        let mut batch = database.batch();
        batch.insert(&rows, "b", vec![b'x'; VALUE]);
        batch.insert(&rows, "c", vec![b'x'; VALUE]);
        batch.commit().unwrap();
        let mut bytes = fs::read(newest(path).unwrap().unwrap()).unwrap();
        bytes.truncate(3 * VALUE);
        bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1
    }

    #[test]
    fn a_hole_in_what_was_never_synced_costs_nothing_that_was() {
        for (before_end, bytes) in [(5_000, 4_096), (30_000, 4_096), (22_000, 8_192), (4_096, 4_096), (8, 1)]
        {
            let folder = tempfile::tempdir().unwrap();
            let end = journal(folder.path(), CompressionType::None);
            let file = File::options().write(true).open(newest(folder.path()).unwrap().unwrap()).unwrap();
            file.write_all_at(&vec![0; bytes], end - before_end).unwrap();
            let database = database(folder.path(), CompressionType::None).expect("it opens");
            assert_eq!(keys(&database), [b"a"], "{bytes} bytes {before_end} before the end");
        }
    }

    #[test]
    fn a_whole_journal_is_not_cut() {
        for compression in [CompressionType::None, CompressionType::Lz4] {
            let folder = tempfile::tempdir().unwrap();
            let end = journal(folder.path(), compression);
            let file = File::open(newest(folder.path()).unwrap().unwrap()).unwrap();
            assert_eq!(sound_bytes(&file).unwrap(), end);
            assert_eq!(keys(&database(folder.path(), compression).unwrap()), [b"a", b"b", b"c"]);
        }
    }
}
