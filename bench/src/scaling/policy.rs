//! Who decides how many sinks there are, by what.

use super::hpa::SYNC;

/// A metric and its target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    /// Messages not acked, in seconds of one sink's work; sampled each minute and seen two minutes later.
    Backlog(f64),
    /// Share of the CPU; seen so many seconds later.
    Cpu(f64, u32),
    /// The sink's own load; scraped each 15 s and seen so many seconds later.
    Load(f64, u32),
}

/// What the platform does beside the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Least sinks; 0 is KEDA's, which wakes the first one itself.
    pub least: usize,
    /// Between two decisions, seconds.
    pub sync: u32,
    /// From wanted to working, seconds.
    pub start: (u32, u32),
}

pub const KUBERNETES: Platform = Platform { least: 1, sync: SYNC, start: (20, 60) };
const KEDA_ZERO: Platform = Platform { least: 0, ..KUBERNETES };
/// CREMA and Cloud Run's own: no nodes to wait for. How often Cloud Run decides is not published.
const CLOUD_RUN: Platform = Platform { least: 1, sync: 30, start: (5, 20) };

#[derive(Clone, Debug)]
pub struct Policy {
    pub name: &'static str,
    pub platform: Platform,
    pub signals: Vec<Signal>,
    pub down_window: u32,
    /// One of those that are drawn.
    pub is_drawn: bool,
}

/// As a scrape by Prometheus in the cluster, and as through Cloud Monitoring.
const NEAR: u32 = 15;
const FAR: u32 = 45;
const TARGET: f64 = 0.95;

impl Policy {
    pub fn all() -> Vec<Self> {
        use Signal::{Backlog, Cpu, Load};
        let (load, backlog, cpu) = (Load(TARGET, FAR), Backlog(120.0), Cpu(0.8, 30));
        let policies: [(&str, Platform, Vec<Signal>, bool); 16] = [
            ("HPA, CPU 70 %", KUBERNETES, vec![Cpu(0.7, 30)], false),
            ("HPA, CPU 80 %", KUBERNETES, vec![cpu], true),
            ("HPA, backlog 8.3 s", KUBERNETES, vec![Backlog(25.0 / 3.0)], false),
            ("HPA, backlog 60 s", KUBERNETES, vec![Backlog(60.0)], false),
            ("HPA or KEDA from 1, backlog 120 s", KUBERNETES, vec![backlog], true),
            ("KEDA from 0, backlog 120 s", KEDA_ZERO, vec![backlog], true),
            ("HPA, load seen after 15 s", KUBERNETES, vec![Load(TARGET, NEAR)], false),
            ("HPA, load seen after 45 s", KUBERNETES, vec![load], false),
            ("HPA, backlog 120 s + CPU 80 %", KUBERNETES, vec![backlog, cpu], false),
            ("HPA, load 15 s + CPU 80 %", KUBERNETES, vec![Load(TARGET, NEAR), cpu], false),
            ("HPA, load 45 s + CPU 80 %", KUBERNETES, vec![load, cpu], true),
            ("HPA, load 45 s + backlog 120 s", KUBERNETES, vec![load, backlog], false),
            ("HPA, load 45 s + backlog 120 s + CPU 80 %", KUBERNETES, vec![load, backlog, cpu], true),
            ("Cloud Run, CPU 60 %", CLOUD_RUN, vec![Cpu(0.6, 60)], true),
            ("CREMA, backlog 120 s", CLOUD_RUN, vec![backlog], false),
            ("CREMA, load 45 s", CLOUD_RUN, vec![load], false),
        ];
        let with = |down_window: u32| {
            policies.clone().into_iter().map(move |(name, platform, signals, is_drawn)| Self {
                name,
                platform,
                signals,
                down_window,
                is_drawn: is_drawn && down_window == 120,
            })
        };
        with(120).chain(with(300)).collect()
    }
}
