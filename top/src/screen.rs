//! The terminal while a view is on it: given back as it was, however the view ends.

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use service::terminal::stdout_bytes;
use std::io::{self, IsTerminal, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long the reader of keys may take to see that it is to end.
const KEY_WAIT: Duration = Duration::from_millis(50);
/// Keys that wait to be looked at; more are forgotten.
const KEYS: usize = 64;

/// Whether a view is on the terminal now.
static SHOWN: AtomicBool = AtomicBool::new(false);
/// A thread has panicked while a view was on the terminal.
static PANICKED: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

type Backend = CrosstermBackend<Box<dyn Write + Send>>;

/// The terminal in raw mode, on its other page.
pub struct Screen {
    pub terminal: Terminal<Backend>,
}

impl Screen {
    pub fn open() -> io::Result<Self> {
        HOOK.call_once(|| {
            let usual = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                // What is said of it belongs on the page that stays.
                if SHOWN.swap(false, Ordering::SeqCst) {
                    PANICKED.store(true, Ordering::SeqCst);
                    restore();
                }
                usual(panic);
            }));
        });
        PANICKED.store(false, Ordering::SeqCst);
        enable_raw_mode()?;
        SHOWN.store(true, Ordering::SeqCst);
        let mut out = stdout_bytes();
        let opened = execute!(out, EnterAlternateScreen)
            .and_then(|()| Terminal::new(CrosstermBackend::new(Box::new(out) as Box<_>)));
        let terminal = opened.inspect_err(|_| give_back())?;
        Ok(Self { terminal })
    }

    /// Whether a panic has taken the view off the terminal.
    pub fn is_lost() -> bool {
        PANICKED.load(Ordering::SeqCst)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the terminal back once, whoever comes first.
fn give_back() {
    if SHOWN.swap(false, Ordering::SeqCst) {
        restore();
    }
}

/// Nobody is left to tell that it failed.
fn restore() {
    // The macro names its writer twice: one that is made there would be flushed before it is written to.
    let mut out = stdout_bytes();
    let _ = execute!(out, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// Whether there is a terminal to draw on.
#[expect(clippy::disallowed_methods, reason = "nothing is written")]
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// What the terminal tells.
#[derive(Clone, Copy, Debug)]
pub enum Told {
    Key(KeyEvent),
    Resized,
}

/// A thread that reads keys until this is dropped.
pub struct Keys {
    pub told: mpsc::Receiver<io::Result<Told>>,
    thread: Option<JoinHandle<()>>,
}

impl Keys {
    pub fn read() -> Self {
        let (sender, told) = mpsc::channel(KEYS);
        let thread = std::thread::spawn(move || {
            while !sender.is_closed() {
                let event = match event::poll(KEY_WAIT) {
                    Ok(false) => continue,
                    Ok(true) => event::read(),
                    Err(error) => Err(error),
                };
                let told = match event {
                    Ok(Event::Key(key)) if key.kind == KeyEventKind::Press => Ok(Told::Key(key)),
                    Ok(Event::Resize(..)) => Ok(Told::Resized),
                    Ok(_) => continue,
                    Err(error) => Err(error),
                };
                let is_over = told.is_err();
                let _ = sender.try_send(told);
                if is_over {
                    return;
                }
            }
        });
        Self { told, thread: Some(thread) }
    }
}

impl Drop for Keys {
    /// The thread ends before the terminal is given back, or it would take what is typed for the shell.
    fn drop(&mut self) {
        self.told.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
