//! Writes checkpoints beside the run, and keeps a simulated clock inside what the last one has claimed.

use super::checkpoint::Saved;
use super::clock::Source;
use super::error::Error;
use super::updates::Update;
use crate::state_file::StateFile;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Time between two checkpoints: as much is forgotten at most when the process is killed.
const EVERY: Duration = Duration::from_secs(2);
/// How far ahead a checkpoint claims simulated time. A killed run's successor goes on after it, so nothing is made
/// twice.
const CLAIM: Duration = Duration::from_secs(20);
/// The most event time that may be handed out in one go beyond the claim's limit.
const SLACK: Duration = Duration::from_secs(1);

/// The file, and the write that is on its way.
#[derive(Debug)]
pub struct Saver {
    file: Arc<StateFile>,
    run: String,
    source: Source,
    writing: Option<JoinHandle<std::io::Result<i64>>>,
    next: Instant,
    /// No event after this may be made, until another checkpoint has claimed more.
    limit_micros: i64,
}

impl Saver {
    /// Claims the first stretch of time; fails where the file cannot be written.
    pub fn start(file: StateFile, source: Source, state: Saved) -> Result<Self, service::Error> {
        let mut saver = Self {
            file: Arc::new(file),
            run: state.run.clone(),
            source,
            writing: None,
            next: Instant::now() + EVERY,
            limit_micros: i64::MAX,
        };
        let claimed = Saved { last_micros: saver.claim(state.last_micros), ..state };
        let written = claimed.write(&saver.file);
        written.map_err(|error| saver.file.refuse(format!("cannot be written: {error}")))?;
        saver.limit_micros = saver.limit(claimed.last_micros);
        Ok(saver)
    }

    /// The machine's clock goes on by itself while no run does; a simulated one goes on where the file says.
    fn claim(&self, last_micros: i64) -> i64 {
        match self.source {
            Source::Wall => last_micros,
            Source::Simulated { .. } => last_micros.saturating_add(self.source.span_micros(CLAIM)),
        }
    }

    fn limit(&self, claimed_micros: i64) -> i64 {
        match self.source {
            Source::Wall => i64::MAX,
            Source::Simulated { .. } => claimed_micros.saturating_sub(self.source.span_micros(SLACK)),
        }
    }

    /// Whether events at this time are covered by what is on the disk.
    pub fn covers(&self, micros: i64) -> bool {
        micros <= self.limit_micros
    }

    /// Begins to write where it is time to; `state` gives the event time and the updates to come.
    pub async fn tick(&mut self, state: impl FnOnce() -> (i64, Vec<Update>)) {
        if self.writing.as_ref().is_some_and(JoinHandle::is_finished)
            && let Some(writing) = self.writing.take()
        {
            self.note(writing.await.map_err(std::io::Error::other).flatten());
        }
        if self.writing.is_none() && Instant::now() >= self.next {
            let (last_micros, pending) = state();
            let (file, run) = (self.file.clone(), self.run.clone());
            let saved = Saved { run, last_micros: self.claim(last_micros), pending };
            let write = move || saved.write(&file).map(|()| saved.last_micros);
            self.writing = Some(tokio::task::spawn_blocking(write));
        }
    }

    fn note(&mut self, written: std::io::Result<i64>) {
        self.next = Instant::now() + EVERY;
        match written {
            Ok(claimed) => self.limit_micros = self.limit(claimed),
            Err(error) => {
                let path = self.file.path().display();
                tracing::error!(%path, %error, "the checkpoint could not be written; trying again");
            }
        }
    }

    /// Writes the last state, with nothing claimed ahead.
    pub async fn finish(mut self, last_micros: i64, pending: Vec<Update>) -> Result<(), Error> {
        if let Some(writing) = self.writing.take() {
            // Awaited so that it cannot replace what follows; it does not matter how it ended.
            let _ = writing.await;
        }
        let saved = Saved { run: self.run, last_micros, pending };
        let updates = saved.pending.len();
        let path = || self.file.path().to_owned();
        saved.write(&self.file).map_err(|source| Error::Unsaved { path: path(), updates, source })
    }
}
