//! One run: a scenario under a policy, second by second.

use super::hpa::{Hpa, Reading};
use super::policy::{Policy, Signal};
use super::random::Random;
use super::scenario::Scenario;
use super::sinks::{BEFORE, Sink, Subscription, work};
use std::collections::VecDeque;

pub const MOST_SINKS: usize = 20;
/// Cloud Monitoring: a sample a minute, seen so long after.
const SAMPLE: u32 = 60;
const SEEN_AFTER: u32 = 120;
/// Prometheus looks this often.
const SCRAPE: u32 = 15;
/// Rates of sinks, and loads that they tell, are off by as much.
pub const NOISE: f64 = 0.3;
/// And a sink's rate, by this part of it from second to second.
const JITTER: f64 = 1.0 / 6.0;
/// KEDA between 0 and 1: how often it looks, and how long nothing must have waited.
const POLL: u32 = 30;
const COOLDOWN: u32 = 300;
/// A payment is fresh again at this age.
const FRESH: u32 = 10;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The highest age of a payment that was not written, seconds.
    pub oldest: u32,
    /// From the end of the event until all is fresh again; none if that is not seen.
    pub drained: Option<u32>,
    pub sink_seconds: f64,
    /// How often the number of sinks changed its direction.
    pub turns: u32,
    /// With something waiting and no sink wanted.
    pub none: u32,
    pub most_sinks: usize,
    pub published: u64,
    pub written: u64,
    pub waiting: u64,
    /// By second: age of the oldest, sinks wanted.
    pub trace: Vec<(u32, usize)>,
}

/// A sink's number, busy share and load.
type PodValues = (u32, f64, f64);

/// What metrics show: moments, and what was true then.
struct Metrics {
    backlog: VecDeque<(u32, f64)>,
    pods: VecDeque<(u32, Vec<PodValues>)>,
    phase: u32,
    noise: f64,
}

impl Metrics {
    fn note(&mut self, now: u32, backlog: u64, sinks: &[Sink], random: &mut Random) {
        if (now + self.phase).is_multiple_of(SAMPLE) {
            self.backlog.push_back((now, backlog as f64));
        }
        if (now + self.phase).is_multiple_of(SCRAPE) {
            let working = sinks.iter().filter(|sink| sink.works(now) && !sink.is_leaving());
            let values = working.map(|sink| {
                (sink.id, sink.busy, sink.load.share * random.between(1.0 - self.noise, 1.0 + self.noise))
            });
            self.pods.push_back((now, values.collect()));
        }
    }

    fn backlog(&self, now: u32) -> Option<f64> {
        self.backlog.iter().rfind(|(at, _)| at + SEEN_AFTER <= now).map(|(_, value)| *value)
    }

    fn pods(&self, now: u32, lag: u32, sinks: &[Sink], is_cpu: bool, target: f64) -> Reading {
        let Some((_, then)) = self.pods.iter().rfind(|(at, _)| at + lag <= now) else {
            return Reading::Failed;
        };
        let (mut values, mut unready, mut missing) = (Vec::new(), 0, 0);
        for sink in sinks.iter().filter(|sink| !sink.is_leaving()) {
            match then.iter().find(|(id, ..)| *id == sink.id) {
                Some((_, busy, load)) => values.push(if is_cpu { *busy } else { *load }),
                None if sink.works(now) => missing += 1,
                None => unready += 1,
            }
        }
        Reading::Pods { values, unready, missing, assumed: if is_cpu { 1.0 } else { target } }
    }

    fn wants(&self, now: u32, sinks: &[Sink], signal: Signal, rate: u64) -> Option<usize> {
        let replicas = sinks.iter().filter(|sink| !sink.is_leaving()).count();
        match signal {
            Signal::Backlog(seconds) => {
                let reading = self.backlog(now).map_or(Reading::Failed, Reading::External);
                reading.wants(seconds * rate as f64, replicas)
            }
            Signal::Cpu(target, lag) => self.pods(now, lag, sinks, true, target).wants(target, replicas),
            Signal::Load(target, lag) => self.pods(now, lag, sinks, false, target).wants(target, replicas),
        }
    }
}

/// Between 0 and 1 KEDA decides by itself.
struct Waker {
    active_at: u32,
}

impl Waker {
    /// The replicas, if it is not the autoscaler's to say.
    fn decide(&mut self, now: u32, replicas: usize, backlog: Option<f64>) -> Option<usize> {
        if now.is_multiple_of(POLL) && backlog.is_none_or(|backlog| backlog > 0.0) {
            // What cannot be read must not put the last one to sleep, and wakes nobody.
            if replicas > 0 || backlog.is_some() {
                self.active_at = now;
            }
        }
        match replicas {
            0 => Some(usize::from(self.active_at == now && now > 0)),
            _ if now >= self.active_at + COOLDOWN => Some(0),
            _ => None,
        }
    }
}

pub fn run(scenario: &Scenario, policy: &Policy, rate: u64, noise: f64, seed: u64) -> Outcome {
    let mut random = Random::new(seed);
    let (mut subscription, mut sinks) = (Subscription::default(), Vec::new());
    for slot in 0..BEFORE {
        subscription.publish(slot, scenario.waiting / BEFORE as u64);
    }
    let mut published = subscription.total();
    let mut ids = 0;
    let mut another = |works_at: f64, random: &mut Random| {
        ids += 1;
        Sink::new(ids, works_at, rate as f64 * random.between(1.0 - noise, 1.0 + noise))
    };
    sinks.extend((0..scenario.sinks).map(|_| another(0.0, &mut random)));
    let mut metrics = Metrics {
        backlog: VecDeque::new(),
        pods: VecDeque::new(),
        phase: random.between(0.0, f64::from(SAMPLE)) as u32,
        noise,
    };
    let mut hpa = Hpa::new(policy.platform.least.max(1), MOST_SINKS, policy.down_window);
    let mut waker = Waker { active_at: 0 };
    let mut outcome = Outcome::default();
    let mut was_growing = None;
    for now in 0..scenario.seconds {
        let messages = scenario.published(now, rate);
        subscription.publish(now as usize + BEFORE, messages);
        published += messages;
        let limits = (scenario.tables(now, rate), rate);
        outcome.written += work(now, &mut sinks, &mut subscription, limits, noise * JITTER, &mut random);
        sinks.retain_mut(|sink| !sink.is_gone(now, &mut subscription));
        outcome.waiting = subscription.total() + sinks.iter().map(Sink::holding).sum::<u64>();
        metrics.note(now, outcome.waiting, &sinks, &mut random);

        let replicas = sinks.iter().filter(|sink| !sink.is_leaving()).count();
        let awake = (policy.platform.least == 0)
            .then(|| {
                let backlog = metrics.backlog(now).filter(|_| scenario.shows(now, Signal::Backlog(0.0)));
                waker.decide(now, replicas, backlog)
            })
            .flatten();
        let wanted = match awake {
            Some(wanted) => wanted,
            None if replicas == 0 => policy.platform.least,
            None if now.is_multiple_of(policy.platform.sync) => {
                let wants = policy.signals.iter().map(|signal| {
                    scenario.shows(now, *signal).then(|| metrics.wants(now, &sinks, *signal, rate)).flatten()
                });
                let wants: Vec<_> = wants.collect();
                hpa.decide(now, replicas, &wants)
            }
            None => replicas,
        };
        for _ in replicas..wanted {
            let (least, most) = policy.platform.start;
            let start = random.between(f64::from(least), f64::from(most));
            sinks.push(another(f64::from(now) + start, &mut random));
        }
        // Those that do not work yet go first, then the youngest, as a ReplicaSet has it.
        let going = sinks.iter_mut().rev().filter(|sink| !sink.is_leaving());
        going.take(replicas.saturating_sub(wanted)).for_each(|sink| sink.leave(now));
        if wanted != replicas {
            let is_growing = wanted > replicas;
            outcome.turns += u32::from(was_growing.is_some_and(|was| was != is_growing));
            was_growing = Some(is_growing);
        }

        let slots = subscription.oldest().into_iter().chain(sinks.iter().filter_map(Sink::oldest));
        let age = slots.min().map_or(0, |slot| (now as usize + BEFORE).saturating_sub(slot) as u32);
        outcome.oldest = outcome.oldest.max(age);
        if now >= scenario.ends && age <= FRESH {
            outcome.drained.get_or_insert(now - scenario.ends);
        }
        outcome.none += u32::from(wanted == 0 && outcome.waiting > 0);
        outcome.most_sinks = outcome.most_sinks.max(wanted);
        // Who leaves is paid for until gone, who starts from the moment it is wanted.
        outcome.sink_seconds += sinks.len() as f64;
        outcome.trace.push((age, wanted));
    }
    outcome.published = published;
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scaling::scenario::DEADLINE;

    const RATE: u64 = 60_000;

    fn scenario(name: &str) -> Scenario {
        Scenario::all().into_iter().find(|scenario| scenario.name.starts_with(name)).unwrap()
    }

    fn policy(name: &str) -> Policy {
        Policy::all().into_iter().find(|policy| policy.name.starts_with(name)).unwrap()
    }

    /// Few of all policies: a run takes long in a build for tests.
    fn drawn() -> impl Iterator<Item = Policy> {
        Policy::all().into_iter().filter(|policy| policy.is_drawn)
    }

    #[test]
    fn no_message_is_lost_or_made_and_a_seed_is_a_run() {
        for scenario in Scenario::all() {
            for policy in [policy("KEDA from 0"), policy("HPA, load 45 s + CPU")] {
                let outcome = run(&scenario, &policy, RATE, NOISE, 7);
                let name = format!("{} by {}", scenario.name, policy.name);
                assert_eq!(outcome.published, outcome.written + outcome.waiting, "{name}");
                assert!(outcome.most_sinks <= MOST_SINKS, "{name}");
            }
        }
        let (step, load) = (scenario("step"), policy("HPA, load"));
        assert_eq!(run(&step, &load, RATE, NOISE, 1), run(&step, &load, RATE, NOISE, 1));
        assert_ne!(run(&step, &load, RATE, NOISE, 1), run(&step, &load, RATE, NOISE, 2));
    }

    #[test]
    fn nobody_who_keeps_the_deadline_pays_less_than_the_ideal() {
        let mut kept = 0;
        for scenario in Scenario::all() {
            let ideal = scenario.ideal(RATE);
            for policy in drawn().filter(|policy| policy.platform.least > 0) {
                // Without noise: sinks that happen to be fast would get more done than the ideal's.
                let outcome = run(&scenario, &policy, RATE, 0.0, 3);
                if outcome.oldest <= DEADLINE {
                    kept += 1;
                    let paid = outcome.sink_seconds;
                    assert!(paid >= ideal, "{} by {}: {paid}, {ideal}", scenario.name, policy.name);
                }
            }
        }
        assert!(kept > 10, "{kept}");
    }

    #[test]
    fn a_backlog_that_cannot_be_read_moves_nothing_by_itself_and_leaves_the_others_to_work() {
        let frozen = scenario("step, backlog unread");
        let by_backlog = run(&frozen, &policy("HPA or KEDA"), RATE, NOISE, 1);
        let sinks = |outcome: &Outcome, at: usize| outcome.trace[at].1;
        assert!((361..1_500).all(|at| sinks(&by_backlog, at) == sinks(&by_backlog, 361)), "it holds");
        let by_both = run(&frozen, &policy("HPA, load 45 s + backlog"), RATE, NOISE, 1);
        assert!(sinks(&by_both, 700) >= 5, "{}", sinks(&by_both, 700));
        assert!(by_both.oldest < by_backlog.oldest / 2, "{} {}", by_both.oldest, by_backlog.oldest);
        // Without its metrics the CPU goes on alone.
        let failing = scenario("step, only CPU");
        let alone = run(&failing, &policy("HPA, CPU 80"), RATE, NOISE, 1);
        assert_eq!(alone, run(&scenario("step, 0.5"), &policy("HPA, CPU 80"), RATE, NOISE, 1));
        assert!(sinks(&run(&failing, &policy("HPA, load 45 s + CPU"), RATE, NOISE, 1), 900) >= 5);
    }

    #[test]
    fn more_sinks_write_no_more_than_the_tables_take_and_the_load_does_not_ask_for_them() {
        let bound = scenario("step, tables take 2.5");
        assert_eq!(bound.tables(4_000, RATE), RATE * 5 / 2);
        let by_load = run(&bound, &policy("HPA, load seen after 15"), RATE, NOISE, 1);
        let by_backlog = run(&bound, &policy("HPA or KEDA"), RATE, NOISE, 1);
        assert_eq!(by_backlog.most_sinks, MOST_SINKS);
        let most = by_load.trace[900..2_100].iter().map(|(_, sinks)| *sinks).max();
        assert!(most.is_some_and(|most| most <= 6), "{most:?}");
        let written = |outcome: &Outcome| outcome.written as f64;
        assert!((written(&by_load) / written(&by_backlog) - 1.0).abs() < 0.05);
    }

    #[test]
    fn from_zero_somebody_waits_for_the_metric() {
        assert!(run(&scenario("stop"), &policy("KEDA from 0"), RATE, NOISE, 1).none >= SEEN_AFTER);
        assert_eq!(run(&scenario("stop"), &policy("HPA, CPU"), RATE, NOISE, 1).none, 0);
    }
}
