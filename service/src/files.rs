//! Files that flags name: regular ones, read as far as they make sense.
//!
//! A device may have no end, a pipe may have no writer to wait for, and a wrong file may be larger than the memory.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

/// Opens a regular file.
pub fn open(path: &Path) -> io::Result<File> {
    // Before it is opened: opening a pipe waits for its writer.
    require_regular(&std::fs::metadata(path)?)?;
    File::open(path)
}

fn require_regular(found: &Metadata) -> io::Result<()> {
    let kind = match found {
        found if found.is_file() => return Ok(()),
        found if found.is_dir() => "a folder",
        _ => "a device or a pipe",
    };
    Err(io::Error::new(ErrorKind::InvalidInput, format!("it is {kind}, and a regular file is wanted")))
}

/// The content of a regular file of at most so many bytes.
pub fn read(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 <= most_bytes {
        return Ok(bytes);
    }
    let problem = format!("it has more than {most_bytes} bytes, so it is not what is wanted here");
    Err(io::Error::new(ErrorKind::FileTooLarge, problem))
}

/// The same, of text.
pub fn read_text(path: &Path, most_bytes: u64) -> io::Result<String> {
    text(read(path, most_bytes)?)
}

/// The lines of a regular file, each of at most so many bytes, its end included.
pub fn lines(path: &Path, most_bytes: u64) -> io::Result<impl Iterator<Item = io::Result<String>>> {
    let mut file = BufReader::new(open(path)?);
    Ok(std::iter::from_fn(move || line(&mut file, most_bytes).transpose()))
}

fn line(file: &mut BufReader<File>, most_bytes: u64) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if file.take(most_bytes.saturating_add(1)).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() as u64 > most_bytes {
        let problem =
            format!("a line of it has more than {most_bytes} bytes, so it is not what is wanted here");
        return Err(io::Error::new(ErrorKind::FileTooLarge, problem));
    }
    line.pop_if(|end| *end == b'\n');
    text(line).map(Some)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of this test program's own.
    struct Temporary(std::path::PathBuf);

    impl Temporary {
        fn new(name: &str, content: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("payments-files-{}-{name}", std::process::id()));
            std::fs::write(&path, content).unwrap();
            Self(path)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_file_is_read_up_to_its_limit_and_no_further() {
        let file = Temporary::new("limit", b"12345");
        assert_eq!(read_text(&file.0, 5).unwrap(), "12345");
        assert!(read(&file.0, 4).unwrap_err().to_string().contains("more than 4 bytes"));
    }

    #[test]
    fn devices_and_folders_are_refused() {
        for (path, kind) in [("/dev/zero", "a device"), ("/", "a folder")] {
            assert!(read(Path::new(path), 1).unwrap_err().to_string().contains(kind), "{path}");
        }
    }

    #[test]
    fn a_line_has_its_own_limit() {
        let file = Temporary::new("lines", b"ab\n\nabcd\nabcde");
        let found: Vec<_> = lines(&file.0, 5).unwrap().map(Result::unwrap).collect();
        assert_eq!(found, ["ab", "", "abcd", "abcde"]);
        let found: Vec<_> = lines(&file.0, 4).unwrap().take(3).map(|line| line.is_ok()).collect();
        assert_eq!(found, [true, true, false]);
    }
}
