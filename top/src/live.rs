//! The live view: draws what is known, and does what keys say.

use crate::endpoint::Endpoint;
use crate::model::{Model, Snapshot};
use crate::screen::{Keys, Screen, Told};
use crate::view::{self, Look, Theme, View};
use crate::watch::Watch;
use anyhow::{Context, Result, bail};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// How soon an answer is on the screen. Those of many processes come together.
const SOON: Duration = Duration::from_millis(200);

/// What the keys have asked for.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub view: View,
    pub is_helping: bool,
    /// What was known when the view was stopped.
    pub paused: Option<(Snapshot, crate::model::History)>,
    /// Lines that are passed over in the views that may be longer than the screen.
    pub scroll: usize,
}

/// Shows the processes until the token is cancelled, which `q` does.
pub async fn show(
    endpoints: Vec<Endpoint>,
    are_guesses: bool,
    every: Duration,
    shutdown: &CancellationToken,
) -> Result<()> {
    if !crate::screen::is_terminal() {
        let text = "standard output is no terminal, so there is nothing to draw on; `payments top --once` prints the \
                    same figures as text, with --format json as JSON";
        bail!(service::Error::Config(text.into()));
    }
    let mut screen =
        Screen::open().context("the terminal cannot be drawn on; payments top --once only prints")?;
    let mut keys = Keys::read();
    let mut watch = Watch::start(&endpoints, every);
    let mut model = Model::new(endpoints, are_guesses);
    let mut choice = Choice::default();
    let theme = Theme::of_environment();
    let (mut ticks, mut soon) = (interval(every), interval(SOON));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    soon.set_missed_tick_behavior(MissedTickBehavior::Skip);
    // The first tick is at once, when nothing is known.
    ticks.reset();
    let mut is_stale = true;
    loop {
        let is_now = tokio::select! {
            biased;
            () = shutdown.cancelled() => return Ok(()),
            told = keys.told.recv() => match told {
                Some(Ok(Told::Key(key))) => {
                    if press(&mut choice, key, &model) {
                        shutdown.cancel();
                        return Ok(());
                    }
                    true
                }
                Some(Ok(Told::Resized)) => true,
                Some(Err(error)) => return Err(error).context("keys cannot be read from the terminal"),
                None => bail!("keys cannot be read from the terminal"),
            },
            _ = ticks.tick() => {
                model.tick();
                true
            }
            _ = soon.tick() => is_stale,
            Some(poll) = watch.polls.recv() => {
                model.note(poll.process, poll.at, poll.answer);
                is_stale = true;
                false
            }
        };
        if Screen::is_lost() {
            bail!("a part of this process has panicked, so nothing is drawn any more; what it said is above");
        }
        if is_now {
            is_stale = false;
            let now;
            let (snapshot, history) = if let Some((snapshot, history)) = &choice.paused {
                (snapshot, history)
            } else {
                now = model.snapshot();
                (&now, model.history())
            };
            let asked: Vec<_> = model.endpoints().map(ToString::to_string).collect();
            let look = Look {
                snapshot,
                history,
                choice: &choice,
                every,
                theme,
                asked: &asked,
                failure: model.failure(),
            };
            screen.terminal.draw(|frame| view::draw(frame.area(), frame.buffer_mut(), &look))?;
        }
    }
}

/// Does what a key says; `true` if it says to end.
fn press(choice: &mut Choice, key: KeyEvent, model: &Model) -> bool {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    if is_control {
        return matches!(key.code, KeyCode::Char('c'));
    }
    // Any key closes the help, Esc nothing else.
    if choice.is_helping && key.code != KeyCode::Char('q') {
        choice.is_helping = false;
        return false;
    }
    let view = choice.view;
    let mut turn = |view| {
        choice.view = view;
        choice.scroll = 0;
    };
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => return true,
        KeyCode::Char(digit @ '1'..='4') => turn(View::ALL[digit as usize - '1' as usize]),
        KeyCode::Tab => turn(view.next()),
        KeyCode::BackTab => turn(view.next().next().next()),
        KeyCode::Char('?' | 'h') => choice.is_helping = true,
        KeyCode::Char('p' | ' ') => {
            choice.paused = match choice.paused.take() {
                None => Some((model.snapshot(), model.history().clone())),
                Some(_) => None,
            }
        }
        KeyCode::Down | KeyCode::Char('j') => choice.scroll = choice.scroll.saturating_add(1),
        KeyCode::Up | KeyCode::Char('k') => choice.scroll = choice.scroll.saturating_sub(1),
        _ => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::{model, sink};

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn keys_turn_views_pause_help_and_end() {
        let (mut choice, model) = (Choice::default(), model(2, &[&|second| sink(1, second, 10.0)]));
        let mut press = |code| (press(&mut choice, key(code), &model), choice.clone());
        assert_eq!(press(KeyCode::Char('3')).1.view, View::Processes);
        assert_eq!(press(KeyCode::Tab).1.view, View::Errors);
        assert_eq!(press(KeyCode::Tab).1.view, View::Overview);
        assert_eq!(press(KeyCode::BackTab).1.view, View::Errors);
        assert_eq!(press(KeyCode::Up).1.scroll, 0);
        assert_eq!(press(KeyCode::Down).1.scroll, 1);
        assert_eq!(press(KeyCode::Char('2')).1.scroll, 0);
        assert!(press(KeyCode::Char(' ')).1.paused.is_some());
        assert!(press(KeyCode::Char('p')).1.paused.is_none());
        assert!(press(KeyCode::Char('?')).1.is_helping);
        let (ends, choice) = press(KeyCode::Esc);
        assert!(!ends && !choice.is_helping, "closes the help only");
        assert!(press(KeyCode::Esc).0);
        assert!(press(KeyCode::Char('q')).0);
        assert!(!press(KeyCode::Char('x')).0);
    }

    #[test]
    fn control_c_ends_even_the_help() {
        let (mut choice, model) = (Choice { is_helping: true, ..Choice::default() }, model(1, &[]));
        assert!(press(&mut choice, KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL), &model));
    }
}
