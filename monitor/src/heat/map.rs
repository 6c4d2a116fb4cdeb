//! A grid as SVG: keys from top to bottom, time from left to right, above it the load.

use super::colours::{STEPS, Scale};
use super::grid::{Column, Grid};
use super::picture::{r, shortened};
use crate::page::markup;
use crate::page::numbers::{count, percent, short};
use std::fmt::Write;

pub(super) const WIDTH: f64 = 960.0;
pub(super) const LEFT: f64 = 172.0;
/// The load is drawn in here.
pub(super) const TOP: f64 = 40.0;
const RIGHT: f64 = 12.0;
const HIGH: f64 = 240.0;
/// For the times below.
const BOTTOM: f64 = 22.0;
const LABEL_CHARS: usize = 24;
const LABELS: usize = 9;

/// How cells say what they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cells {
    /// Each has a title.
    Titled,
    /// They are as few shapes as possible; a script tells.
    Joined,
}

/// A cell's width and height.
pub(super) fn cell_size(grid: &Grid) -> (f64, f64) {
    let part = |length: f64, parts: usize| length / parts.max(1) as f64;
    (part(WIDTH - LEFT - RIGHT, grid.columns.len()), part(HIGH, grid.ranges.len()))
}

pub(super) fn height() -> f64 {
    TOP + HIGH + BOTTOM
}

/// The map, without a frame.
pub(super) fn map(grid: &Grid, cells: Cells) -> String {
    let mut out = format!(
        "<rect class=\"none\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n",
        r(LEFT),
        r(TOP),
        r(WIDTH - LEFT - RIGHT),
        r(HIGH)
    );
    load(&mut out, grid);
    match cells {
        Cells::Titled => titled(&mut out, grid),
        Cells::Joined => joined(&mut out, grid),
    }
    tablets(&mut out, grid);
    keys(&mut out, grid);
    times(&mut out, grid);
    out
}

/// A frame around each tablet that the service found hot.
fn tablets(out: &mut String, grid: &Grid) {
    let (wide, high) = cell_size(grid);
    for tablet in &grid.hot_tablets {
        let Some((ranges, columns)) = grid.place(tablet) else { continue };
        let [first, end] = tablet.keys();
        let _ = writeln!(
            out,
            "<rect class=\"tablet\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>hot tablet by Bigtable: \
             node at {:.0} % CPU\n{} – {}\n{}</title></rect>",
            r(LEFT + columns.start as f64 * wide),
            r(TOP + ranges.start as f64 * high),
            r(columns.len() as f64 * wide),
            r(ranges.len() as f64 * high),
            tablet.node_cpu_percent,
            markup(&first),
            markup(&end),
            tablet.when(""),
        );
    }
}

fn load(out: &mut String, grid: &Grid) {
    let rates: Vec<f64> =
        grid.columns.iter().map(|column| column.rows as f64 / column.seconds as f64).collect();
    let most = rates.iter().fold(0.0_f64, |most, rate| most.max(*rate));
    let (wide, room) = (cell_size(grid).0, TOP - 10.0);
    let mut bars = String::new();
    for (at, rate) in rates.iter().enumerate().filter(|(_, rate)| **rate > 0.0) {
        let high = (rate / most * room).max(1.0);
        let (x, y) = (LEFT + at as f64 * wide, TOP - 4.0 - high);
        let _ = write!(bars, "M{} {}h{}v{}h-{}z", r(x), r(y), r(wide), r(high), r(wide));
    }
    let _ = writeln!(
        out,
        "<path class=\"load\" d=\"{bars}\"><title>rows/s, up to {}</title></path>",
        count(most.round())
    );
    text(out, "small", (LEFT - 6.0, 16.0), "end", "rows/s, all keys");
    text(out, "small", (LEFT - 6.0, 31.0), "end", &format!("up to {}", short(most)));
}

fn titled(out: &mut String, grid: &Grid) {
    let (wide, high) = cell_size(grid);
    let keys: Vec<_> =
        grid.ranges.iter().flat_map(|range| [range.first.as_str(), range.last.as_str()]).collect();
    let keys = shortened(&keys, LABEL_CHARS);
    let keys: Vec<_> = keys.chunks(2).map(|both| markup(&both.join(" – "))).collect();
    for (at, column) in grid.columns.iter().enumerate() {
        let _ = write!(
            out,
            "<g shape-rendering=\"crispEdges\" transform=\"translate({},{})\">",
            r(LEFT + at as f64 * wide),
            r(TOP)
        );
        let (from, to) = (column.begins().1, column.ends().1);
        for (range, keys) in keys.iter().enumerate() {
            let cell = grid.cell(range, at);
            let step = grid.scale.step(cell.share);
            if step == 0 {
                continue;
            }
            let (share, rate) = (percent(cell.share), count(cell.rows_per_second.round()));
            let _ = write!(
                out,
                "<rect class=\"s{step}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{keys}\n{from} – {to}\n\
                 {share}, {rate} rows/s, {} nodes</title></rect>",
                r(range as f64 * high),
                r(wide),
                r(high),
                markup(&nodes(cell.nodes)),
            );
        }
        out.push_str("</g>\n");
    }
}

/// All cells of a step as one path, neighbours of a column joined.
fn joined(out: &mut String, grid: &Grid) {
    let (wide, high) = cell_size(grid);
    let mut shapes = vec![String::new(); STEPS + 1];
    for column in 0..grid.columns.len() {
        let step = |range: usize| grid.scale.step(grid.cell(range, column).share);
        let mut range = 0;
        while range < grid.ranges.len() {
            let (from, step_of) = (range, step(range));
            while range < grid.ranges.len() && step(range) == step_of {
                range += 1;
            }
            if step_of > 0 {
                let (x, y) = (LEFT + column as f64 * wide, TOP + from as f64 * high);
                let high = (range - from) as f64 * high;
                let _ = write!(shapes[step_of], "M{} {}h{}v{}h-{}z", r(x), r(y), r(wide), r(high), r(wide));
            }
        }
    }
    for (step, shape) in shapes.iter().enumerate().filter(|(_, shape)| !shape.is_empty()) {
        let _ = writeln!(out, "<path class=\"s{step}\" d=\"{shape}\"/>");
    }
}

fn keys(out: &mut String, grid: &Grid) {
    let Some(last) = grid.ranges.last() else { return };
    let high = cell_size(grid).1;
    let every = grid.ranges.len().div_ceil(LABELS - 1);
    let shown: Vec<_> = grid.ranges.iter().enumerate().step_by(every).collect();
    let keys: Vec<_> =
        shown.iter().map(|(_, range)| range.first.as_str()).chain([last.last.as_str()]).collect();
    let labels = shortened(&keys, LABEL_CHARS);
    for (label, (number, _)) in labels.iter().zip(&shown) {
        let y = TOP + *number as f64 * high + 9.0;
        // The last key has the place at the bottom.
        if y < TOP + HIGH - 14.0 {
            text(out, "small key", (LEFT - 6.0, y), "end", label);
        }
    }
    if let Some(label) = labels.last() {
        text(out, "small key", (LEFT - 6.0, TOP + HIGH), "end", label);
    }
}

fn times(out: &mut String, grid: &Grid) {
    const TICKS: usize = 4;
    let [Some(first), Some(last)] = [grid.columns.first(), grid.columns.last()] else { return };
    let end = last.start.saturating_add(last.seconds);
    let is_long = end - first.start > 20 * 3_600;
    let y = TOP + HIGH + 16.0;
    text(out, "small", (LEFT - 6.0, y), "end", "UTC");
    for tick in 0..=TICKS {
        let part = tick as f64 / TICKS as f64;
        let (date, time) =
            crate::page::numbers::utc(first.start.saturating_add(((end - first.start) as f64 * part) as u64));
        let label = if is_long { format!("{} {}", &date[date.len() - 5..], &time[..5]) } else { time };
        let anchor = ["start", "middle", "end"][usize::from(tick > 0) + usize::from(tick == TICKS)];
        text(out, "small", (LEFT + part * (WIDTH - LEFT - RIGHT), y), anchor, &label);
    }
}

/// What the colours mean; 20 high.
pub(super) fn legend(ranges: usize) -> String {
    const WIDE: f64 = 46.0;
    let scale = Scale::of(ranges);
    let mut out = String::new();
    text(&mut out, "small", (LEFT - 6.0, 12.0), "end", "part of a moment's rows");
    for step in 1..=STEPS {
        let x = LEFT + (step - 1) as f64 * WIDE;
        let _ = write!(
            out,
            "<rect class=\"s{step}\" x=\"{}\" y=\"1\" width=\"{}\" height=\"13\"/>",
            r(x),
            r(WIDE)
        );
        let label = format!("{:.0} %", scale.bound(step) * 100.0);
        text(&mut out, "small", (x + WIDE, 28.0), "middle", &label);
    }
    out.push('\n');
    out
}

pub(super) fn text(out: &mut String, class: &str, (x, y): (f64, f64), anchor: &str, text: &str) {
    let anchor = if anchor == "start" { String::new() } else { format!(" text-anchor=\"{anchor}\"") };
    let _ = writeln!(
        out,
        "<text class=\"{class}\" x=\"{}\" y=\"{}\"{anchor}>{}</text>",
        r(x),
        r(y),
        markup(text)
    );
}

/// Nodes that a range would take.
pub(super) fn nodes(nodes: f64) -> String {
    if nodes > 0.0 && nodes < 0.005 { "< 0.01".into() } else { format!("{nodes:.2}") }
}

/// A moment by its times.
pub(super) fn when(column: &Column) -> String {
    let ((date, from), (_, to)) = (column.begins(), column.ends());
    format!("{date} {from} – {to} UTC")
}
