//! What a process has used, where the system has `/proc`.

use std::fs::read_to_string;
use std::time::Duration;

/// Linux counts CPU time in these for programs, whatever the kernel's own clock.
const TICKS_PER_SEC: u64 = 100;

/// CPU time and memory of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// User and system, all threads; to a hundredth of a second.
    pub cpu: Duration,
    /// Resident memory now.
    pub memory_bytes: u64,
    /// The most so far.
    pub peak_bytes: u64,
}

impl Usage {
    /// Of this process.
    pub fn own() -> Option<Self> {
        Self::read("self")
    }

    /// Of another one.
    pub fn of(process: u32) -> Option<Self> {
        Self::read(&process.to_string())
    }

    fn read(process: &str) -> Option<Self> {
        let stat = read_to_string(format!("/proc/{process}/stat")).ok()?;
        let status = read_to_string(format!("/proc/{process}/status")).ok()?;
        // The program's name comes before these, in parentheses, and may hold anything.
        let ticks = stat.rsplit(')').next()?.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.map_while(|ticks| ticks.parse::<u64>().ok()).sum();
        Some(Self {
            cpu: Duration::from_millis(ticks * 1_000 / TICKS_PER_SEC),
            memory_bytes: kibibytes(&status, "VmRSS:")? << 10,
            peak_bytes: kibibytes(&status, "VmHWM:")? << 10,
        })
    }
}

fn kibibytes(status: &str, field: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(field))?.split_whitespace().next()?.parse().ok()
}

/// The highest resident memory of this process so far, in MiB.
pub fn peak_mib() -> Option<u64> {
    Usage::own().map(|usage| usage.peak_bytes >> 20)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() {
        let busy = std::time::Instant::now();
        while busy.elapsed() < Duration::from_millis(50) {}
        let usage = Usage::own().expect("Linux has /proc");
        assert_eq!(
            Usage::of(std::process::id()).map(|usage| usage.cpu >= Duration::from_millis(20)),
            Some(true)
        );
        assert!(usage.peak_bytes >= usage.memory_bytes && usage.memory_bytes > 1 << 20, "{usage:?}");
    }
}
