//! How much of what this sink can do is asked of it, and what bounds it: what an autoscaler is told.
//!
//! Fed once a second with what happened in it, without clock or I/O. Messages come by publish time, so the age of what
//! is pulled tells how fast payments are published: while ages grow by `g` seconds a second, a sink gets through
//! `1 - g` seconds of publishing in one, and `1 / (1 - g)` times its work comes in. No metric of Pub/Sub is needed for
//! that, and all sinks' loads add up to the number of sinks that are wanted.
//!
//! Requests that wait do not tell Bigtable from the CPU: those in flight are as many as may be, and others wait by the
//! hundred, whichever of the two is slow. Whether the workers are busy tells: they are when it is the CPU, also where a
//! neighbour or a limit takes it away, which the process' own CPU time does not show.

use std::collections::VecDeque;

/// What is looked back at. Panes are acked as a whole, thousands of messages at once: seconds alone say nothing.
const WINDOW_SECONDS: f64 = 15.0;
/// With less than this a trend is noise.
const LEAST_SECONDS: f64 = 5.0;
/// Workers as busy as this get no more done; seen at 0.5 to 1.0 with the CPU as the limit, at 0.87 on average.
const FULL: f64 = 0.9;
/// Less busy workers do not bound the sink; seen at 0.07 to 0.65 with slow tables, at 0.37 on average.
const BUSY: f64 = 0.7;
/// Requests that wait, on average, from which on it is not chance.
const WAITING: f64 = 1.0;
/// Ages that ask for nothing: the way through Pub/Sub and its client, and the time in which a sink can start.
const FRESH_SECONDS: f64 = 30.0;
/// A backlog of this many seconds is asked to be gone within as many.
const DRAIN_SECONDS: f64 = 240.0;
/// The most that an age may ask for, as a multiple of the incoming work: what was published in an hour long past may
/// be little.
const MOST_BY_AGE: f64 = 2.0;
/// Bounds of what ages can say about the speed of publishing.
const SLOWEST: f64 = 0.1;
const FASTEST: f64 = 10.0;
/// What a busy sink asks for while the backlog is of a time when Bigtable was the bound: to grow, but by steps that
/// show whether it still is.
const STEP: f64 = 1.25;
/// A sink so young has not seen what bounds the others, and takes its start for a rush.
const YOUNG_SECONDS: f64 = 60.0;
/// The highest load that is told.
const MOST: f64 = 10.0;

/// What happened since the last observation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observation {
    /// How long ago that was.
    pub seconds: f64,
    /// Messages pulled.
    pub pulled: u64,
    /// The sum of their ages when they were pulled: now minus publish time, in seconds.
    pub age_seconds: f64,
    /// Messages settled: acked, dead-lettered, given back.
    pub settled: u64,
    /// Requests that Bigtable has not answered yet.
    pub in_flight: u64,
    /// The larger of the process' share of its cores and of the share of the workers' time that was busy, 0 to 1.
    pub busy: f64,
    /// Seconds that all requests together waited for room among those in flight and for the rate Bigtable asked for.
    pub waited_seconds: f64,
}

/// What keeps a sink from doing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Nothing: it does what comes.
    Input,
    /// Its CPU: more sinks do more.
    Cpu,
    /// The tables: more sinks do no more.
    Bigtable,
}

impl Bound {
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Bigtable, Self::Input];

    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Cpu => "cpu",
            Self::Bigtable => "bigtable",
        }
    }
}

/// What an autoscaler is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// The incoming work, and what it takes to drain a backlog, as a multiple of this sink's capacity.
    ///
    /// While Bigtable is the bound it is no more than this sink's own use of its CPU, at most 1: backlog and growing
    /// ages must not ask for sinks that could not write more, and as many remain as Bigtable can feed. That holds until
    /// the backlog is gone: fewer sinks have a busy CPU at once, and would be taken for too few. They ask for a quarter
    /// more then, so that sinks grow step by step where Bigtable takes more again.
    pub share: f64,
    pub bound: Bound,
}

impl Load {
    /// Of a sink that takes nothing in.
    pub const NONE: Self = Self { share: 0.0, bound: Bound::Input };
}

/// The last seconds of a sink.
#[derive(Clone, Debug, Default)]
pub struct Estimator {
    window: VecDeque<Observation>,
    lived_seconds: f64,
    /// Bigtable has been the bound, and what waits since then is not done.
    is_held_back: bool,
}

impl Estimator {
    /// Takes in another second or so; one of no or unknown length changes nothing.
    pub fn observe(&mut self, observation: Observation) -> Load {
        if observation.seconds > 0.0 && observation.seconds.is_finite() {
            self.window.push_back(observation);
            self.lived_seconds += observation.seconds;
        }
        let mut spare = self.seconds() - WINDOW_SECONDS;
        while let Some(first) = self.window.front()
            && spare >= first.seconds
        {
            spare -= first.seconds;
            self.window.pop_front();
        }
        let bound = self.bound();
        let is_fresh = self.age() < FRESH_SECONDS;
        self.is_held_back = bound == Bound::Bigtable || self.is_held_back && !is_fresh;
        Load { share: self.share(bound), bound }
    }

    fn share(&self, bound: Bound) -> f64 {
        let used = (self.mean(|second| second.busy * second.seconds) / FULL).clamp(0.0, 1.0);
        if self.is_held_back && bound == Bound::Cpu {
            return used * STEP;
        }
        if self.is_held_back || self.lived_seconds < YOUNG_SECONDS {
            return used;
        }
        let backlog = 1.0 + (self.age() - FRESH_SECONDS).max(0.0) / DRAIN_SECONDS;
        (used / self.progress() * backlog.min(MOST_BY_AGE)).clamp(0.0, MOST)
    }

    fn bound(&self) -> Bound {
        if self.seconds() < LEAST_SECONDS {
            return Bound::Input;
        }
        let is_busy = self.mean(|second| second.busy * second.seconds) >= BUSY;
        let is_waiting = self.mean(|second| second.waited_seconds) >= WAITING;
        // A wait is counted once it is over: while no request is answered, none is.
        let is_stalled = self.window.iter().all(|second| second.in_flight > 0 && second.settled == 0);
        match (is_busy, is_waiting || is_stalled) {
            (true, _) => Bound::Cpu,
            (false, true) => Bound::Bigtable,
            (false, false) => Bound::Input,
        }
    }

    /// Seconds of publishing that were got through in a second: below 1 ages grow. By the slope of a line through the
    /// ages, each with its messages' weight.
    fn progress(&self) -> f64 {
        let (mut weight, mut time, mut age, mut ends) = (0.0, 0.0, 0.0, 0.0);
        let mut points = Vec::new();
        for second in &self.window {
            ends += second.seconds;
            if second.pulled > 0 && second.age_seconds.is_finite() {
                let pulled = second.pulled as f64;
                points.push((pulled, ends, second.age_seconds / pulled));
                weight += pulled;
                time += pulled * ends;
                age += second.age_seconds;
            }
        }
        if points.len() < 3 || ends < LEAST_SECONDS {
            return 1.0;
        }
        let (time, age) = (time / weight, age / weight);
        let (mut both, mut square) = (0.0, 0.0);
        for (pulled, at, seconds) in points {
            both += pulled * (at - time) * (seconds - age);
            square += pulled * (at - time).powi(2);
        }
        let growth = if square > 0.0 { both / square } else { 0.0 };
        (1.0 - growth).clamp(SLOWEST, FASTEST)
    }

    /// The mean age of what was pulled, in seconds.
    fn age(&self) -> f64 {
        let pulled: u64 = self.window.iter().map(|second| second.pulled).sum();
        let ages: f64 = self.window.iter().map(|second| second.age_seconds).sum();
        if pulled > 0 && ages.is_finite() { ages / pulled as f64 } else { 0.0 }
    }

    /// What `of` sums up to, a second.
    fn mean(&self, of: impl Fn(&Observation) -> f64) -> f64 {
        let (sum, seconds) = (self.window.iter().map(of).sum::<f64>(), self.seconds());
        if seconds > 0.0 && sum.is_finite() { sum / seconds } else { 0.0 }
    }

    fn seconds(&self) -> f64 {
        self.window.iter().map(|second| second.seconds).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of a sink that can do 60,000 and does `rate`, with messages of that age.
    fn second(rate: u64, age: f64) -> Observation {
        Observation {
            seconds: 1.0,
            pulled: rate,
            age_seconds: rate as f64 * age,
            settled: rate,
            in_flight: rate / 500,
            busy: rate as f64 / 60_000.0 * FULL,
            waited_seconds: 0.0,
        }
    }

    fn after(seconds: u32, of: impl Fn(f64) -> Observation) -> Load {
        let mut estimator = Estimator { lived_seconds: YOUNG_SECONDS, ..Estimator::default() };
        (1..seconds).for_each(|at| _ = estimator.observe(of(f64::from(at))));
        estimator.observe(of(f64::from(seconds)))
    }

    fn assert_near(is: f64, should: f64) {
        assert!((is - should).abs() < 0.02 * should.max(0.1), "{is}, not {should}");
    }

    #[test]
    fn a_sink_that_keeps_up_tells_the_share_it_works() {
        let load = after(30, |_| second(30_000, 0.2));
        assert_near(load.share, 0.5);
        assert_eq!(load.bound, Bound::Input);
        assert_near(after(30, |_| second(0, 0.0)).share, 0.0);
    }

    #[test]
    fn what_is_published_is_read_from_how_ages_grow() {
        // Five times its capacity: four fifths of each second are left over. Young ages, so that only growth speaks.
        let load = after(6, |at| Observation { waited_seconds: 100.0, ..second(60_000, at * 0.8) });
        assert_near(load.share, 5.0);
        assert_eq!(load.bound, Bound::Cpu, "requests wait with a busy CPU, too");
    }

    #[test]
    fn loads_of_sinks_that_share_the_work_add_up_to_the_sinks_that_are_wanted() {
        // 300,000 a second to two sinks, a slow and a fast one: 100,000 are done.
        let growth = 1.0 - 100_000.0 / 300_000.0;
        let sink = |rate: u64| after(6, move |at| Observation { busy: FULL, ..second(rate, at * growth) });
        let (slow, fast) = (sink(40_000), sink(60_000));
        assert_near(slow.share + fast.share, 2.0 * 300_000.0 / 100_000.0);
    }

    #[test]
    fn an_old_backlog_asks_for_what_drains_it_and_not_for_more_the_older_it_is() {
        let at_age = |age: f64| after(30, move |_| second(30_000, age)).share;
        assert_near(at_age(FRESH_SECONDS + DRAIN_SECONDS / 2.0), 0.5 * 1.5);
        assert_near(at_age(FRESH_SECONDS), 0.5);
        assert_near(at_age(86_400.0), 0.5 * MOST_BY_AGE);
    }

    #[test]
    fn a_sink_that_catches_up_does_not_count_the_backlog_as_published_now() {
        // Half of what it does is backlog: ages fall by a second a second.
        assert_near(after(15, |at| second(60_000, 20.0 - at)).share, 0.5);
    }

    #[test]
    fn while_bigtable_is_the_bound_nothing_asks_for_more_sinks() {
        let slow = |at: f64| Observation { waited_seconds: 300.0, in_flight: 24, ..second(20_000, at * 0.9) };
        let load = after(300, slow);
        assert_near(load.share, 1.0 / 3.0);
        assert_eq!(load.bound, Bound::Bigtable);
        // No answer at all: no wait has ended, and nothing says so but what is in flight.
        let hung = Observation { pulled: 0, settled: 0, busy: 0.02, in_flight: 24, ..second(0, 0.0) };
        let load = after(60, |_| hung);
        assert_eq!(load.bound, Bound::Bigtable);
        assert!(load.share < 0.1, "{load:?}");
    }

    #[test]
    fn what_waited_for_bigtable_asks_for_no_rush_once_the_cpu_is_busy() {
        let slow = |at: f64| Observation { waited_seconds: 300.0, ..second(20_000, at) };
        let busy = |at: f64| Observation { waited_seconds: 300.0, ..second(60_000, at) };
        let mut estimator = Estimator { lived_seconds: YOUNG_SECONDS, ..Estimator::default() };
        (0..60).for_each(|at| _ = estimator.observe(slow(f64::from(at) * 0.9)));
        let mut load = estimator.observe(busy(54.0));
        (0..60).for_each(|at| load = estimator.observe(busy(54.0 + f64::from(at) * 0.5)));
        assert_eq!((load.share, load.bound), (STEP, Bound::Cpu));
        // Fresh again, and then a rush of its own.
        (0..20).for_each(|_| _ = estimator.observe(second(20_000, 0.2)));
        (0..30).for_each(|at| load = estimator.observe(busy(f64::from(at) * 0.5)));
        assert!(load.share > 1.9, "{load:?}");
    }

    #[test]
    fn a_sink_that_has_just_started_asks_for_nothing_beyond_itself() {
        let mut estimator = Estimator::default();
        let mut tell = |at: u32| estimator.observe(second(60_000, f64::from(at))).share;
        assert!((1..60).all(|at| tell(at) <= 1.0));
        assert!(tell(60) > 1.9);
    }

    #[test]
    fn a_sink_whose_cpu_is_taken_away_is_bound_by_it() {
        // The process has a fifth of its cores, its workers are always at work: seen beside busy neighbours.
        let load =
            after(30, |at| Observation { busy: 0.93, waited_seconds: 250.0, ..second(9_000, at * 0.5) });
        assert_eq!(load.bound, Bound::Cpu);
        assert!(load.share > 1.9, "{load:?}");
    }

    #[test]
    fn panes_that_are_settled_as_a_whole_look_even() {
        let lumpy = |at: f64| {
            let rate = if at % 3.0 == 0.0 { 27_000 } else { 0 };
            Observation { in_flight: 24, busy: 0.15, ..second(rate, 0.5) }
        };
        let mut estimator = Estimator::default();
        for at in 1..60 {
            let load = estimator.observe(lumpy(f64::from(at)));
            assert_eq!(load.bound, Bound::Input, "{at}");
            assert_near(load.share, 0.15 / FULL);
        }
    }

    #[test]
    fn the_first_seconds_and_odd_ones_make_no_trend() {
        assert_eq!(after(4, |at| Observation { settled: 0, ..second(10, at * 100.0) }).bound, Bound::Input);
        let mut estimator = Estimator::default();
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            estimator.observe(Observation { seconds: odd, ..second(30_000, 0.2) });
        }
        for odd in [f64::NAN, f64::INFINITY, -1e300, 1e300] {
            let load = estimator.observe(Observation { busy: odd, age_seconds: odd, ..second(30_000, 0.2) });
            assert!((0.0..=MOST).contains(&load.share), "{odd}: {load:?}");
        }
        assert!(estimator.window.len() <= 5);
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let mut estimator = Estimator::default();
        (0..100).for_each(|at| _ = estimator.observe(second(60_000, f64::from(at) * 0.8)));
        (0..15).for_each(|_| _ = estimator.observe(second(6_000, 0.1)));
        assert_near(estimator.observe(second(6_000, 0.1)).share, 0.1);
    }
}
