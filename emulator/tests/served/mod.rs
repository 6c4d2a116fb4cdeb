//! Servers in a process of their own: the test program once more, with a test that is none.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::print_stdout, reason = "how a child says where it serves")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const DATA_DIR: &str = "EMULATOR_TEST_DATA_DIR";
const READY: &str = "serving at ";

/// The data directory, in a child.
pub fn data_dir() -> Option<PathBuf> {
    std::env::var_os(DATA_DIR).map(PathBuf::from)
}

/// Says where the child serves, and waits until its standard input ends.
pub async fn serve_at(place: &str) {
    println!("\n{READY}{place}");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
}

/// A child that serves.
pub struct Served {
    pub child: Child,
    /// Where, in the child's words.
    pub place: String,
}

impl Served {
    /// Starts this program's `serve_when_asked_by_another_test`.
    pub fn start(data_dir: &Path) -> Self {
        Self::start_by(Command::new(std::env::current_exe().unwrap()), data_dir)
    }

    /// The same by a command that lacks nothing but the test program's own arguments.
    pub fn start_by(mut command: Command, data_dir: &Path) -> Self {
        command
            .args(["--ignored", "--exact", "--nocapture", "serve_when_asked_by_another_test"])
            .env(DATA_DIR, data_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let place = lines.find_map(|line| line.strip_prefix(READY).map(str::to_owned)).unwrap();
        // Keeps the pipe open and empty.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, place }
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn stop(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}
