//! Work in several threads whose results come in the order of the work, however many threads there are.
//!
//! Each thread has a lane of its own and every so-manieth piece of work; who takes the results goes around the lanes. A
//! lane holds one result, so that no thread is more than two pieces ahead.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};

/// How many results a lane holds.
const AHEAD: usize = 1;

pub fn lane<T>() -> (SyncSender<T>, Receiver<T>) {
    sync_channel(AHEAD)
}

/// Starts a thread for each lane, which hands on what it makes of its pieces. It ends early if nobody takes that, or if
/// it makes none of a piece.
pub fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    lanes: usize,
    pieces: u64,
    make: impl Fn(u64) -> Option<T> + Clone + Send + 'scope,
) -> io::Result<Vec<Receiver<T>>> {
    let start = |first: usize| {
        let ((sender, receiver), make) = (lane(), make.clone());
        let work = move || {
            for piece in (first as u64..pieces).step_by(lanes) {
                match make(piece).map(|made| sender.send(made)) {
                    Some(Ok(())) => {}
                    _ => return,
                }
            }
        };
        Builder::new().name("export".to_owned()).spawn_scoped(scope, work)?;
        Ok(receiver)
    };
    (0..lanes).map(start).collect()
}

/// Takes the results in turn until there are no more; says how many there were.
pub fn in_turn<T>(
    lanes: &[Receiver<T>],
    mut take: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<u64> {
    let mut taken = 0;
    for lane in lanes.iter().cycle() {
        let Ok(made) = lane.recv() else { break };
        take(made)?;
        taken += 1;
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn made(lanes: usize, pieces: u64, last: u64) -> (Vec<u64>, u64) {
        let mut found = Vec::new();
        let taken = thread::scope(|scope| {
            let make = move |piece: u64| (piece <= last).then_some(piece * piece);
            let lanes = start(scope, lanes, pieces, make).unwrap();
            in_turn(&lanes, |square| {
                found.push(square);
                Ok(())
            })
        });
        (found, taken.unwrap())
    }

    #[test]
    fn results_come_in_order_however_many_lanes_there_are() {
        let expected: Vec<_> = (0..50).map(|piece| piece * piece).collect();
        for lanes in [1, 2, 3, 7, 60] {
            assert_eq!(made(lanes, 50, 50), (expected.clone(), 50), "{lanes}");
        }
        assert_eq!(made(3, 0, 50), (vec![], 0));
    }

    #[test]
    fn a_piece_of_which_nothing_is_made_ends_it_and_all_before_are_taken() {
        assert_eq!(made(4, 50, 22).1, 23);
    }

    #[test]
    fn threads_end_when_nobody_takes_any_more() {
        let taken = thread::scope(|scope| {
            let lanes = start(scope, 2, u64::MAX, Some).unwrap();
            in_turn(&lanes, |piece| if piece < 9 { Ok(()) } else { anyhow::bail!("full") })
        });
        assert_eq!(taken.unwrap_err().to_string(), "full");
    }
}
