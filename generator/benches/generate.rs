//! CPU seconds per million payments, generated and encoded on one thread.
//!
//! `cargo bench -p generator [-- MILLIONS]`; on one thread that does no I/O, wall time on an idle core is CPU time,
//! and the thread's own CPU clock is read where the system has one (Linux).

#![allow(clippy::print_stdout, reason = "figures; nothing in them comes from elsewhere")]

use std::hint::black_box;
use std::time::Instant;

use generator::{Buffer, Config, Generator, Mix};
use prost::Message;

// As the producer has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let millions = std::env::args().filter_map(|arg| arg.parse::<f64>().ok()).next_back().unwrap_or(1.0);
    let payments = (millions * 1e6) as u64;
    for (name, mix) in [("seed", Mix::seed()), ("us", Mix::us()), ("eu", Mix::eu())] {
        let config = Config { num_records: payments, mix, ..Config::default() };
        let started = Instant::now();
        let Ok(generator) = Generator::new(config) else { continue };
        let prepared = started.elapsed();
        let mut buffer = Vec::with_capacity(4096);
        let mut bytes = 0;
        let fresh = measure(payments, |index| {
            buffer.clear();
            generator.payment(index).encode_raw(&mut buffer);
            bytes += black_box(&buffer).len();
        });
        let mut room = Buffer::default();
        let reused = measure(payments, |index| {
            buffer.clear();
            generator.fill(index, &mut room).encode_raw(&mut buffer);
            black_box(&buffer);
        });
        println!(
            "{name:5} payment() {:.2} CPU s/M, fill() {:.2} CPU s/M, {} bytes each, set-up {:.0} ms",
            fresh / millions,
            reused / millions,
            bytes as u64 / payments,
            prepared.as_secs_f64() * 1e3,
        );
    }
}

fn measure(payments: u64, mut each: impl FnMut(u64)) -> f64 {
    let (started, clock) = (Instant::now(), cpu_seconds());
    for index in 0..payments {
        each(index);
    }
    match (clock, cpu_seconds()) {
        (Some(from), Some(to)) => to - from,
        _ => started.elapsed().as_secs_f64(),
    }
}

/// Nanoseconds on the CPU, the first number of the thread's scheduler statistics.
fn cpu_seconds() -> Option<f64> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(statistics.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}
