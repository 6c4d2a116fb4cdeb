//! Standard output and standard error, as everything that people read goes there: escaped, and without panics.
//!
//! - [`stdout`]: the program's own output; that it cannot be written is an error, and a closed pipe one of its own.
//! - [`stderr`], [`say`]: remarks. Nobody is left to tell that they cannot be written.
//! - [`Log`]: the same for log lines.

use crate::escape::{Escaping, escape, escape_but};
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, LineWriter, Write};

/// Standard output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written: {0}")]
struct Unwritten(io::Error);

/// Standard output, buffered. Flush it before it is dropped: only then is an error seen.
#[derive(Debug)]
pub struct Stdout<W: Write = Escaping<BufWriter<io::Stdout>>>(W);

/// For lines of text or JSON.
pub fn stdout() -> Stdout {
    Stdout(Escaping::new(BufWriter::new(raw())))
}

/// For bytes that are no text.
pub fn stdout_bytes() -> Stdout<BufWriter<io::Stdout>> {
    Stdout(BufWriter::new(raw()))
}

#[expect(clippy::disallowed_methods, reason = "this is where it is wrapped")]
fn raw() -> io::Stdout {
    io::stdout()
}

impl<W: Write> Write for Stdout<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(unwritten)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(unwritten)
    }
}

/// The same error, marked as standard output's.
pub fn unwritten(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Unwritten(error))
}

/// Whether the reader of standard output has seen enough, as `head` does. A connection that broke is no such thing.
pub fn is_closed(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| {
        let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Unwritten>());
        ours.is_some() && error.kind() == ErrorKind::BrokenPipe
    })
}

/// Standard error, a line at a time; never an error.
#[derive(Debug)]
pub struct Stderr(Escaping<LineWriter<io::Stderr>>);

pub fn stderr() -> Stderr {
    Stderr(Escaping::new(LineWriter::new(raw_stderr())))
}

#[expect(clippy::disallowed_methods, reason = "this is where it is wrapped")]
fn raw_stderr() -> io::Stderr {
    io::stderr()
}

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

/// Whether people look at standard error.
pub fn is_watched() -> bool {
    raw_stderr().is_terminal()
}

/// One line on standard error, whatever is in it.
pub fn say(line: impl Display) {
    let _ = raw_stderr().write_all((escape(&line.to_string()) + "\n").as_bytes());
}

/// Log lines on standard error: each is written at once, and is one line.
#[derive(Clone, Copy, Debug)]
pub struct Log {
    /// The formatter colours its lines; it has escaped what comes from elsewhere.
    pub is_coloured: bool,
}

impl Log {
    fn line(self, event: &[u8]) -> String {
        let text = String::from_utf8_lossy(event);
        let is_colour = |rest: &str| self.is_coloured && rest.starts_with('\u{1b}');
        let line = escape_but(text.strip_suffix('\n').unwrap_or(&text), is_colour);
        line.into_owned() + "\n"
    }
}

impl Write for Log {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let _ = raw_stderr().write_all(self.line(event).as_bytes());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_of_the_log_is_one_line_whatever_is_in_it() {
        let event = "\u{1b}[2mWARN\u{1b}[0m a\u{202e}b\nINFO forged\u{9b}\n".as_bytes();
        let line = |is_coloured| Log { is_coloured }.line(event);
        assert_eq!(line(false), "\\u001b[2mWARN\\u001b[0m a\\u202eb\\nINFO forged\\u009b\n");
        assert_eq!(line(true), "\u{1b}[2mWARN\u{1b}[0m a\\u202eb\\nINFO forged\\u009b\n");
    }

    #[test]
    fn only_a_pipe_of_standard_output_that_is_closed_counts_as_one() {
        let broken = || io::Error::from(ErrorKind::BrokenPipe);
        assert!(is_closed(&unwritten(broken())));
        assert!(!is_closed(&broken()));
        assert!(!is_closed(&unwritten(ErrorKind::StorageFull.into())));
    }
}
