//! What a process has used.

use rustix::time::{ClockId, clock_gettime};

/// CPU seconds of this process so far, user and system, all threads.
pub fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Most memory that this process has held, in bytes; `None` where the system has no `/proc`.
pub fn peak_memory() -> Option<u64> {
    status_bytes("self", "VmHWM:")
}

/// Memory that a process holds now, in bytes.
pub fn memory(process: u32) -> Option<u64> {
    status_bytes(&process.to_string(), "VmRSS:")
}

fn status_bytes(process: &str, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes << 10)
}
