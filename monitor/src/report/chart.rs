//! Lines over time as SVG.

use crate::page::markup;
use crate::page::numbers::{bytes, digits, seconds, short};
use serde_json::json;
use std::fmt::Write;

const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 22.0;
/// Lines of a chart; more would not be told apart.
const MAX_LINES: usize = 6;
/// A scale is logarithmic from this ratio of its extremes on.
const FAR: f64 = 30.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    PerSecond,
    Number,
    Seconds,
    Bytes,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::PerSecond | Self::Number => short(value),
            // Not in minutes: axes are short.
            Self::Seconds if (99.0..1_000.0).contains(&value) => digits(value, 3) + " s",
            Self::Seconds => seconds(value),
            Self::Bytes => bytes(value),
        }
    }

    /// For the script.
    fn name(self) -> &'static str {
        match self {
            Self::PerSecond | Self::Number => "",
            Self::Seconds => "s",
            Self::Bytes => "B",
        }
    }
}

pub(super) struct Line {
    pub name: String,
    /// One for each time.
    pub values: Vec<Option<f64>>,
    /// Lines of one colour belong together; the thin one is the lesser.
    pub colour: usize,
    pub thin: bool,
}

impl Line {
    pub fn new(name: &str, values: Vec<Option<f64>>, colour: usize) -> Self {
        Self { name: name.to_owned(), values, colour, thin: false }
    }

    pub fn thin(mut self) -> Self {
        self.thin = true;
        self
    }

    fn known(&self) -> impl Iterator<Item = f64> {
        self.values.iter().flatten().copied()
    }
}

/// A chart with its title and the names of its lines; nothing where there is nothing to see.
pub(super) fn chart(title: &str, hint: &str, unit: Unit, times: &[f64], lines: Vec<Line>) -> String {
    let lines: Vec<_> = lines.into_iter().filter(|line| line.known().count() > 1).take(MAX_LINES).collect();
    let span = times.last().copied().unwrap_or(0.0);
    if lines.is_empty() || span <= 0.0 {
        return String::new();
    }
    let scale = Scale::of(unit, &lines);
    let described: Vec<_> = lines.iter().map(|line| described(line, unit)).collect();
    let data = json!({
        "left": LEFT, "top": TOP, "wide": WIDTH - LEFT - RIGHT, "span": span, "unit": unit.name(),
        "times": times.iter().map(|time| rounded(*time)).collect::<Vec<_>>(),
        "series": lines.iter().map(|line| json!({
            "name": line.name, "values": line.values.iter().map(|value| value.map(rounded)).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    let mut out = format!(
        "<figure>\n<figcaption>{} <small>{}</small></figcaption>\n<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" tabindex=\"0\" \
         role=\"img\" aria-label=\"{}\" data-chart=\"{}\">\n",
        markup(title),
        markup(hint),
        markup(&format!("{title}: {}", described.join("; "))),
        markup(&data.to_string()),
    );
    let place = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - scale.part(value));
    for tick in &scale.ticks {
        let y = place(*tick);
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 5.0,
            y + 4.0,
            markup(&unit.show(*tick))
        );
    }
    axis(&mut out, span);
    for line in &lines {
        let thin = if line.thin { " thin" } else { "" };
        for points in points(line, times, span, place) {
            let _ = writeln!(
                out,
                "<polyline class=\"c{}{thin}\" points=\"{points}\" style=\"background:none\"/>",
                line.colour % 6
            );
        }
    }
    let _ = writeln!(
        out,
        "<line class=\"cursor\" y1=\"{TOP}\" y2=\"{}\" hidden/></svg>\n<ul class=\"names\">",
        HEIGHT - BOTTOM
    );
    for (line, described) in lines.iter().zip(&described) {
        let thin = if line.thin { " style=\"height:1px\"" } else { "" };
        let _ = writeln!(out, "<li><i class=\"c{}\"{thin}></i>{}</li>", line.colour % 6, markup(described));
    }
    out.push_str("</ul>\n</figure>\n");
    out
}

/// A line in words.
fn described(line: &Line, unit: Unit) -> String {
    let most = line.known().fold(0.0_f64, f64::max);
    format!("{}, up to {}{}", line.name, unit.show(most), if unit == Unit::PerSecond { "/s" } else { "" })
}

fn rounded(value: f64) -> f64 {
    digits(value, 4).parse().unwrap_or(value)
}

/// The pieces of a line between the times at which it has no value.
fn points(line: &Line, times: &[f64], span: f64, place: impl Fn(f64) -> f64) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = Vec::new();
    for (value, time) in line.values.iter().chain([&None]).zip(times.iter().chain([&span])) {
        if let Some(value) = value {
            let x = LEFT + (WIDTH - LEFT - RIGHT) * (time / span).clamp(0.0, 1.0);
            piece.push(format!("{x:.1},{:.1}", place(*value)));
            continue;
        }
        match &piece[..] {
            [] => {}
            // A value alone is a dot.
            [only] => pieces.push(format!("{only} {only}")),
            more => pieces.push(more.join(" ")),
        }
        piece.clear();
    }
    pieces
}

/// A whole number of minutes is one from the first on.
fn moment(at: f64) -> String {
    if (60.0..3_600.0).contains(&at) && at % 60.0 == 0.0 {
        format!("{:.0} min", at / 60.0)
    } else {
        seconds(at)
    }
}

fn axis(out: &mut String, span: f64) {
    const STEPS: [f64; 18] = [
        1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0,
        14_400.0, 28_800.0, 86_400.0, 604_800.0,
    ];
    let step = STEPS.into_iter().find(|step| span / step <= 5.0).unwrap_or(span / 4.0);
    let step = if span < 2.0 { span / 2.0 } else { step };
    let mut at = 0.0;
    while at <= span * 1.000_001 {
        let x = LEFT + (WIDTH - LEFT - RIGHT) * at / span;
        let anchor = if x > WIDTH - 30.0 { "end" } else { "middle" };
        let x = if anchor == "end" { WIDTH - RIGHT } else { x };
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            HEIGHT - 6.0,
            moment(at)
        );
        at += step;
    }
}

/// The next of 1, 2, 5, 10, 20 and so on that is not above, and not below.
fn floor(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [5.0, 2.0].into_iter().map(|factor| factor * power).find(|round| *round <= value).unwrap_or(power)
}

fn ceiling(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|round| *round >= value)
        .unwrap_or(power * 10.0)
}

struct Scale {
    low: f64,
    high: f64,
    is_logarithmic: bool,
    ticks: Vec<f64>,
}

impl Scale {
    fn of(unit: Unit, lines: &[Line]) -> Self {
        let most = lines.iter().flat_map(Line::known).fold(0.0_f64, f64::max);
        let least = lines.iter().flat_map(Line::known).filter(|value| *value > 0.0).fold(f64::MAX, f64::min);
        if unit == Unit::Seconds && most > least * FAR {
            let (low, high) = (floor(least), ceiling(most));
            let powers = least.log10().floor() as i32..=high.log10().ceil() as i32;
            let ticks = powers.map(|power| 10_f64.powi(power));
            let is_inside = |tick: &f64| *tick >= low * 0.999 && *tick <= high * 1.001;
            return Self { low, high, is_logarithmic: true, ticks: ticks.filter(is_inside).collect() };
        }
        // Bytes are counted in powers of two.
        let unit_size = if unit == Unit::Bytes { 1_048_576.0 } else { 1.0 };
        let rough = (most / unit_size / 4.0).max(1e-9);
        let power = 10_f64.powf(rough.log10().floor());
        let factor =
            [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough).unwrap_or(10.0);
        let step = factor * power * unit_size;
        let count = (most / step).ceil().clamp(1.0, 8.0);
        let ticks = (0..=count as usize).map(|at| at as f64 * step).collect();
        Self { low: 0.0, high: count * step, is_logarithmic: false, ticks }
    }

    fn part(&self, value: f64) -> f64 {
        let part = if self.is_logarithmic {
            let (low, high) = (self.low.log10(), self.high.log10());
            (value.max(self.low).log10() - low) / (high - low)
        } else {
            value / self.high
        };
        if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(values: &[Option<f64>], unit: Unit) -> String {
        let times: Vec<f64> = (0..values.len()).map(|at| at as f64).collect();
        chart("t", "", unit, &times, vec![Line::new("n", values.to_vec(), 0)])
    }

    #[test]
    fn a_line_has_gaps_where_it_has_no_values_and_without_values_there_is_no_chart() {
        let gaps = drawn(&[Some(1.0), Some(2.0), None, Some(4.0), None, Some(8.0), Some(8.0)], Unit::Number);
        assert_eq!(gaps.matches("<polyline").count(), 3, "{gaps}");
        assert_eq!(drawn(&[None, Some(1.0)], Unit::Number), "");
        assert_eq!(drawn(&[], Unit::Number), "");
    }

    #[test]
    fn no_number_breaks_a_chart() {
        for unit in [Unit::Number, Unit::PerSecond, Unit::Seconds, Unit::Bytes] {
            for values in [[0.0, 0.0], [1e300, 1e-300], [f64::MAX, f64::MAX], [-5.0, -1.0], [1e-320, 4.0]] {
                let svg = drawn(&values.map(Some), unit);
                assert!(!svg.is_empty() && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            }
        }
    }
}
