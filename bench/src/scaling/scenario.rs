//! What is published, and what goes wrong.

use super::policy::Signal;
use std::ops::Range;

/// No payment is to be older than this when it is written: what the ideal keeps.
pub const DEADLINE: u32 = 120;

/// Which metrics fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    Backlog,
    /// All that an adapter brings: only the CPU is there.
    AllButCpu,
}

/// Seconds of what happens to a subscription.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub seconds: u32,
    /// Messages in a second, by the rate of an average sink.
    published: fn(u32, f64) -> f64,
    /// Messages published and waiting at the start.
    pub waiting: u64,
    pub sinks: usize,
    /// Published at the usual rate again from then on.
    pub ends: u32,
    /// Times at which the number of sinks has to turn: up, then down is one.
    pub turns: u32,
    /// What the tables take, in sinks, and until when.
    tables: (f64, u32),
    /// When metrics cannot be read.
    frozen: Range<u32>,
    unread: Unread,
}

const IDLE: f64 = 0.5;
/// From the middle of a rise on.
const FROZEN: Range<u32> = 360..1_500;

fn step(at: u32, rate: f64) -> f64 {
    rate * if (300..2_100).contains(&at) { 5.0 } else { IDLE }
}

fn ramp(at: u32, rate: f64) -> f64 {
    let at = f64::from(at);
    rate * if at < 2_100.0 {
        IDLE + 7.5 * ((at - 300.0) / 1_200.0).clamp(0.0, 1.0)
    } else {
        (8.0 - 7.5 * (at - 2_100.0) / 600.0).max(IDLE)
    }
}

fn bursts(at: u32, rate: f64) -> f64 {
    rate * if (300..360).contains(&at) || (1_200..1_260).contains(&at) { 10.0 } else { IDLE }
}

/// 10^8 at 240,000 a second.
fn load(at: u32, _: f64) -> f64 {
    if (60..477).contains(&at) { 240_000.0 } else { 0.0 }
}

impl Scenario {
    pub fn all() -> Vec<Self> {
        let step = Self {
            name: "step, 0.5 to 5 sinks",
            seconds: 3_600,
            published: step,
            waiting: 0,
            sinks: 1,
            ends: 2_100,
            turns: 1,
            tables: (f64::INFINITY, 0),
            frozen: 0..0,
            unread: Unread::Backlog,
        };
        let ramp_name = "ramp, 0.5 to 8 sinks";
        let (tables_name, nodes_name) = ("step, tables take 2.5", "step, nodes after 900 s");
        vec![
            Self { name: ramp_name, published: ramp, ends: 2_700, ..step.clone() },
            Self {
                name: "bursts of 60 s, 10 sinks",
                published: bursts,
                seconds: 2_400,
                ends: 1_260,
                turns: 3,
                ..step.clone()
            },
            Self {
                name: "stop, 900,000 wait",
                published: |_, _| 0.0,
                seconds: 900,
                waiting: 900_000,
                sinks: 0,
                ends: 0,
                turns: 0,
                ..step.clone()
            },
            Self { name: "load of 10^8", published: load, seconds: 1_500, ends: 477, ..step.clone() },
            Self { name: tables_name, seconds: 5_400, tables: (2.5, u32::MAX), ..step.clone() },
            Self { name: nodes_name, tables: (2.5, 1_200), ..step.clone() },
            Self {
                name: "step, only CPU is read",
                unread: Unread::AllButCpu,
                frozen: FROZEN,
                ..step.clone()
            },
            Self { name: "step, backlog unread", frozen: FROZEN, ..step.clone() },
            step,
        ]
        .into_iter()
        .rev()
        .collect()
    }

    /// Messages published in a second.
    pub fn published(&self, at: u32, rate: u64) -> u64 {
        (self.published)(at, rate as f64).round() as u64
    }

    /// What the tables take in a second; rows of a payment count as one.
    pub fn tables(&self, at: u32, rate: u64) -> u64 {
        let (sinks, until) = self.tables;
        if at < until { (sinks * rate as f64) as u64 } else { u64::MAX }
    }

    /// Whether a metric can be read.
    pub fn shows(&self, at: u32, signal: Signal) -> bool {
        let fails = match signal {
            Signal::Backlog(_) => true,
            Signal::Load(..) => self.unread == Unread::AllButCpu,
            Signal::Cpu(..) => false,
        };
        !(fails && self.frozen.contains(&at))
    }

    /// The fewest sink-seconds, parts of sinks allowed, with which one that knows all beforehand keeps the deadline and
    /// has one sink at least: what one sink cannot write in time takes others, for just as long as it does.
    pub fn ideal(&self, rate: u64) -> f64 {
        let rate_f = rate as f64;
        let mut backlog = self.waiting as f64;
        // What the tables can take of it, second by second: more cannot be written by any number of sinks.
        let writable: Vec<f64> = (0..self.seconds)
            .map(|at| {
                backlog += self.published(at, rate) as f64;
                let taken = backlog.min(self.tables(at, rate) as f64);
                backlog -= taken;
                taken
            })
            .collect();
        let mut queue = vec![0.0; writable.len()];
        let (mut first, mut late) = (0, 0.0);
        for (at, taken) in writable.iter().enumerate() {
            queue[at] = *taken;
            let mut room = rate_f;
            while first <= at && room > 0.0 {
                let done = room.min(queue[first]);
                room -= done;
                queue[first] -= done;
                if queue[first] > 0.0 {
                    break;
                }
                first += 1;
            }
            while first + DEADLINE as usize <= at {
                late += queue[first];
                first += 1;
            }
        }
        f64::from(self.seconds) + late / rate_f
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ideal(name: &str) -> f64 {
        Scenario::all().into_iter().find(|scenario| scenario.name.starts_with(name)).unwrap().ideal(60_000)
    }

    #[test]
    fn the_ideal_is_one_sink_and_what_it_cannot_write_in_time() {
        assert!((ideal("stop") - 900.0).abs() < 1e-6, "one sink has it done in 15 s");
        // 1,800 s of four more, but for what the one catches up within the deadline after the end.
        let late = 4.0 * 1_800.0;
        let is = ideal("step, 0.5");
        assert!(is > 3_600.0 + late - 121.0 && is < 3_600.0 + late, "{is}");
        // The tables' 2.5 sinks, for as long as it takes them.
        let is = ideal("step, tables");
        let work = 300.0 * 0.5 + 1_800.0 * 5.0 + 2_250.0 * 0.5;
        assert!(is > 300.0 + work - 150.0 && is < 5_400.0 + work, "{is}");
    }
}
