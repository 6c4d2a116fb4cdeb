//! Standard output and standard error, as everything that people read goes there: escaped, and without panics.
//!
//! - [`stdout`]: the program's own output; that it cannot be written is an error, and a closed pipe one of its own.
//! - [`stderr`], [`say`]: remarks. Nobody is left to tell that they cannot be written.
//! - [`Log`]: the same for log lines.
//! - [`settle`]: what people want of all that.
//! - [`live`]: a line at the bottom of a terminal that is written over again and again, below all the others.

use crate::escape::{Escaping, Style, escape, escape_but};
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, LineWriter, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Standard output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("standard output cannot be written: {0}")]
struct Unwritten(io::Error);

/// Standard output, buffered. Flush it before it is dropped: only then is an error seen.
#[derive(Debug)]
pub struct Stdout<W: Write = Escaping<BufWriter<io::Stdout>>>(W);

/// For lines of text or JSON.
pub fn stdout() -> Stdout {
    Stdout(Escaping::new(BufWriter::new(raw())).coloured(is_coloured()))
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

/// Whether the reader of standard output has gone away, told without a write.
#[expect(clippy::disallowed_methods, reason = "asks for the state only")]
pub fn is_unread() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let output = io::stdout();
    let mut asked = [PollFd::new(&output, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    let told = poll(&mut asked, Some(&at_once)).unwrap_or(0);
    told > 0 && asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

/// Standard error, a line at a time; never an error.
#[derive(Debug)]
pub struct Stderr(Escaping<LineWriter<io::Stderr>>);

pub fn stderr() -> Stderr {
    Stderr(Escaping::new(LineWriter::new(raw_stderr())))
}

/// Standard error for remarks, which nobody may want to hear.
pub fn remarks() -> Box<dyn Write> {
    if is_quiet() { Box::new(io::sink()) } else { Box::new(stderr()) }
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

/// What stands at the bottom of the terminal now.
static LIVE: Mutex<String> = Mutex::new(String::new());

/// Goes to the begin of the line and clears it.
const ERASE: &str = "\r\u{1b}[2K";

/// Shows a line at the bottom of the terminal in the place of the one before; an empty one takes it away. Where nobody
/// looks it does nothing. Long ones are cut to the terminal's width.
pub fn live(line: impl Display) {
    if !is_watched() || is_quiet() {
        return;
    }
    let line: String = escape(&line.to_string()).chars().take(width().saturating_sub(1)).collect();
    let mut shown = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = raw_stderr().write_all(format!("{ERASE}{line}").as_bytes());
    *shown = line;
}

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Colours {
    /// On terminals, unless NO_COLOR is set.
    #[default]
    Auto,
    Always,
    Never,
}

impl Colours {
    fn are_used(self, is_terminal: bool) -> bool {
        match self {
            Self::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

/// What people have asked of this process's output.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taste {
    pub colours: Colours,
    /// Nothing but results and errors.
    pub is_quiet: bool,
}

static TASTE: OnceLock<Taste> = OnceLock::new();

/// Settles how this process writes; only the first call counts.
pub fn settle(taste: Taste) {
    let _ = TASTE.set(taste);
}

fn taste() -> Taste {
    TASTE.get().copied().unwrap_or_default()
}

/// Whether progress and remarks are wanted.
pub fn is_quiet() -> bool {
    taste().is_quiet
}

/// Whether standard output is coloured.
#[expect(clippy::disallowed_methods, reason = "asks only")]
pub fn is_coloured() -> bool {
    taste().colours.are_used(io::stdout().is_terminal())
}

/// Whether standard error is coloured.
pub fn are_remarks_coloured() -> bool {
    taste().colours.are_used(is_watched())
}

/// Words in a style, where standard output is coloured.
pub fn paint(style: Style, words: &str) -> String {
    if is_coloured() { style.paint(words) } else { words.to_owned() }
}

/// Columns that standard output has: the terminal's, or what COLUMNS says. Elsewhere as many as it takes: what is cut there
/// is lost to whoever searches it.
#[expect(clippy::disallowed_methods, reason = "asks for the size only")]
pub fn output_columns() -> usize {
    let size = io::stdout().is_terminal().then(|| rustix::termios::tcgetwinsize(io::stdout()));
    let columns = size.and_then(Result::ok).map(|size| usize::from(size.ws_col));
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    columns.filter(|&columns| columns > 0).or_else(said).filter(|&columns| columns > 0).unwrap_or(usize::MAX)
}

/// Columns of the terminal that standard output or standard error is; 80 where neither is one.
#[expect(clippy::disallowed_methods, reason = "asks for the size only")]
pub fn columns() -> usize {
    let sizes = [rustix::termios::tcgetwinsize(io::stdout()), rustix::termios::tcgetwinsize(io::stderr())];
    let mut known = sizes.into_iter().flatten().map(|size| usize::from(size.ws_col));
    known.find(|&columns| columns > 0).unwrap_or(80)
}

/// Columns of the terminal at standard error.
#[expect(clippy::disallowed_methods, reason = "asks for the size only")]
fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stderr());
    size.map_or(80, |size| if size.ws_col == 0 { 80 } else { usize::from(size.ws_col) })
}

/// Whole lines, above the one that stands at the bottom.
fn write_lines(lines: &str) {
    let shown = LIVE.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = if shown.is_empty() {
        raw_stderr().write_all(lines.as_bytes())
    } else {
        raw_stderr().write_all(format!("{ERASE}{lines}{shown}").as_bytes())
    };
}

/// Whether people look at standard error.
pub fn is_watched() -> bool {
    raw_stderr().is_terminal()
}

/// A remark: a line on standard error, unless nobody wants to hear any.
pub fn remark(line: impl Display) {
    if !is_quiet() {
        say(line);
    }
}

/// One line on standard error, whatever is in it.
pub fn say(line: impl Display) {
    write_lines(&(escape(&line.to_string()) + "\n"));
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
        write_lines(&self.line(event));
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
