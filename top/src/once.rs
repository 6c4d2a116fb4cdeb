//! `--once`: two looks, then lines of at most 80 columns.

use crate::endpoint::Endpoint;
use crate::format::{
    bytes, bytes_or_none, count, count_or_none, fit, percent, seconds, seconds_or_none, table,
};
use crate::model::{Backlog, Drain, Flow, Model, Process, Snapshot, state_word};
use crate::view::{long_endpoint, stage_word, stages_in_order};
use crate::watch::ask_all;
use anyhow::{Result, bail};
use std::io::{self, Write};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

const WIDTH: usize = 80;

/// Asks all twice, so that there are rates. That nobody answers is an error that says what was asked.
pub async fn ask_twice(endpoints: Vec<Endpoint>, are_guesses: bool, every: Duration) -> Result<Model> {
    let mut model = Model::new(endpoints, are_guesses);
    let began = Instant::now();
    ask_all(&mut model, began).await;
    if model.snapshot().processes.iter().any(|process| process.no_answer.is_none()) {
        sleep_until(began + every).await;
        ask_all(&mut model, began).await;
    }
    if model.snapshot().processes.iter().any(|process| process.no_answer.is_none()) {
        return Ok(model);
    }
    let asked: Vec<_> = model.endpoints().map(ToString::to_string).collect();
    bail!(service::Error::Unreachable {
        service: "any process",
        address: asked.join(", "),
        reason: model.failure().unwrap_or("no answer").to_owned(),
        advice: "start sink, producer, payments emulators or payments local with --http ADDR, and name that address: \
                 payments top ADDR"
            .into(),
    })
}

/// The figures as text.
pub fn print(now: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    processes(now, out)?;
    writeln!(out)?;
    flows(now, out)?;
    latency(now, out)?;
    errors(now, out)
}

fn processes(now: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:9} {:21} {:8} {:>8} {:>7} {:>8} {:>6} {:>6}",
        "PROCESS", "ADDRESS", "STATE", "UP", "CPU", "RSS", "MSGS/S", "ROWS/S"
    )?;
    for process in &now.processes {
        let name = fit(process.binary.as_deref().unwrap_or("?"), 9);
        let address = long_endpoint(&process.endpoint, 21);
        if let Some(failure) = &process.no_answer {
            writeln!(out, "{}", fit(&format!("{name:9} {address:21} no answer: {failure}"), WIDTH))?;
            continue;
        }
        let rate = |flow: Option<Flow>| count_or_none(flow.and_then(|flow| flow.per_second));
        writeln!(
            out,
            "{name:9} {address:21} {:8} {:>8} {:>7} {:>8} {:>6} {:>6}",
            process.state.map_or("?", state_word),
            seconds_or_none(process.uptime_seconds),
            percent(process.cpus),
            bytes_or_none(process.resident_bytes),
            rate(process.messages),
            rate(process.rows),
        )?;
        reason(process, out)?;
    }
    Ok(())
}

fn reason(process: &Process, out: &mut impl Write) -> io::Result<()> {
    match &process.reason {
        Some(reason) => writeln!(out, "{}", fit(&format!("          {reason}"), WIDTH)),
        None => Ok(()),
    }
}

/// `30.1k msgs/s, 1.23M in all`.
fn flow(flow: Flow, unit: &str) -> String {
    format!("{:>6} {unit:8} {:>6} since start", count_or_none(flow.per_second), count(flow.total))
}

fn flows(now: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let totals = &now.totals;
    if totals.producers > 0 {
        writeln!(out, "published  {}", flow(totals.confirmed, "msgs/s"))?;
    }
    if totals.sinks > 0 {
        writeln!(out, "pulled     {}", flow(totals.pulled, "msgs/s"))?;
        writeln!(out, "acked      {}", flow(totals.acked, "msgs/s"))?;
        writeln!(out, "written    {}", flow(totals.rows, "rows/s"))?;
    }
    match &now.backlog {
        Some(backlog) => writeln!(out, "backlog    {}", backlog_words(backlog))?,
        None => writeln!(out, "backlog         - not known")?,
    }
    if totals.sinks > 0 {
        let limit = totals
            .call_rate_limit
            .map_or("no limit".into(), |limit| format!("limit {} calls/s", count(limit)));
        writeln!(out, "throttled  {:>6} s/s, {limit}", count_or_none(totals.throttled.per_second))?;
        let (held, budget) = (totals.memory_reserved_bytes, totals.memory_budget_bytes);
        let part = (budget > 0.0).then(|| held / budget);
        writeln!(out, "memory     {} of {} reserved, {}", bytes(held), bytes(budget), percent(part))?;
    }
    Ok(())
}

/// `12.3k msgs, oldest 1.20 s, drained in 41 s`.
pub fn backlog_words(backlog: &Backlog) -> String {
    let oldest =
        backlog.oldest_seconds.map_or(String::new(), |oldest| format!(", oldest {}", seconds(oldest)));
    let trend = match backlog.drain {
        Drain::Unknown => String::new(),
        Drain::Empty => ", empty".into(),
        Drain::Steady => ", steady".into(),
        Drain::Draining { drain_seconds } => format!(", drained in {}", seconds(drain_seconds)),
        Drain::Growing { messages_per_second } => {
            format!(", growing by {} msgs/s", count(messages_per_second))
        }
    };
    let lag = backlog.lag_seconds.map_or(String::new(), |lag| format!(", as of {} ago", seconds(lag)));
    format!("{:>6} msgs{oldest}{trend}{lag}", count(backlog.messages))
}

fn latency(now: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let mut rows = Vec::new();
    for (name, times) in &now.latency {
        rows.push((table(name).to_owned(), times.all));
    }
    for (stage, times) in stages_in_order(&now.stages) {
        rows.push((stage_word(stage), times));
    }
    for (outcome, times) in &now.publishing {
        rows.push((format!("publish {outcome}"), *times));
    }
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n{:24} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "LATENCY", "P50", "P90", "P99", "MAX EVER", "PER S"
    )?;
    let is_marked = rows.iter().any(|(_, times)| times.since_start);
    for (name, times) in rows {
        writeln!(
            out,
            "{:24} {:>9} {:>9} {:>9} {:>9} {:>9}{}",
            fit(&name, 24),
            seconds_or_none(times.p50),
            seconds_or_none(times.p90),
            seconds_or_none(times.p99),
            seconds_or_none(times.max),
            count_or_none(times.calls.per_second),
            if times.since_start { " *" } else { "" },
        )?;
    }
    if !is_marked {
        return Ok(());
    }
    writeln!(out, "* since the start, as nothing came between the two looks")
}

fn errors(now: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let lines = crate::view::error_lines(&now.errors);
    writeln!(out, "\n{:20} {:24} {:20} {:>6} {:>6}", "TROUBLE", "WHERE", "WHY", "PER S", "TOTAL")?;
    if lines.is_empty() {
        return writeln!(out, "none");
    }
    for line in lines {
        writeln!(
            out,
            "{:20} {:24} {:20} {:>6} {:>6}",
            fit(line.what, 20),
            fit(&line.place, 24),
            fit(&line.cause, 20),
            count_or_none(line.flow.per_second),
            count(line.flow.total),
        )?;
    }
    Ok(())
}
