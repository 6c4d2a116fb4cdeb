//! A grid as lines of text.

use super::colours::{self, Scale};
use super::grid::Grid;
use super::map::nodes;
use super::picture::shortened;
use crate::page::numbers::{count, percent, short, utc};
use std::fmt::Write;

const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Below this there is no room for a picture.
const NARROWEST: usize = 40;
/// Hottest ranges that are listed.
const LISTED: usize = 3;
const TABLETS_LISTED: usize = 10;

/// The grid as text of at most so many columns: keys from top to bottom, time from left to right, and above it how many
/// rows there were. With `colour` two ranges share a line, in 256 colours; without, shades say it.
pub fn terminal(grid: &Grid, width: usize, colour: bool) -> String {
    let mut out = String::new();
    wrap(&mut out, &grid.summary(), width);
    wrap(&mut out, &grid.verdict().text, width);
    if grid.is_empty() || width < NARROWEST {
        return out;
    }
    let label_width = (width / 4).min(24);
    let room = width - label_width - 1;
    let narrow = grid.narrowed(room);
    let drawing = Drawing { grid: &narrow, label_width, room };
    drawing.load(&mut out);
    if colour {
        drawing.in_colour(&mut out);
    } else {
        drawing.in_shades(&mut out);
    }
    drawing.times(&mut out);
    drawing.legend(&mut out, colour, width);
    hottest(&mut out, grid, width);
    tablets(&mut out, grid, width);
    out
}

struct Drawing<'a> {
    grid: &'a Grid,
    label_width: usize,
    /// Characters for the columns, at least one each.
    room: usize,
}

impl Drawing<'_> {
    /// Which column is seen at each place.
    fn places(&self) -> impl Iterator<Item = usize> {
        let (room, columns) = (self.room, self.grid.columns.len());
        (0..room).map(move |place| place * columns / room)
    }

    fn label(&self, out: &mut String, text: &str) {
        let _ = write!(out, "{text:>width$} ", width = self.label_width);
    }

    /// Each range's first key; the last one's last key.
    fn labels(&self) -> Vec<String> {
        let firsts = self.grid.ranges.iter().map(|range| range.first.as_str());
        let keys: Vec<_> = firsts.chain(self.grid.ranges.last().map(|range| range.last.as_str())).collect();
        shortened(&keys, self.label_width)
    }

    fn load(&self, out: &mut String) {
        let rates: Vec<f64> =
            self.grid.columns.iter().map(|column| column.rows as f64 / column.seconds as f64).collect();
        let most = rates.iter().fold(0.0_f64, |most, rate| most.max(*rate));
        let mut line = String::new();
        self.label(&mut line, &cut(&format!("rows/s, up to {}", short(most)), self.label_width));
        line.extend(self.places().map(|column| {
            let rate = rates[column];
            BARS[if rate > 0.0 { ((rate / most * 8.0).ceil() as usize).clamp(1, 8) } else { 0 }]
        }));
        finish(out, &line);
    }

    fn in_shades(&self, out: &mut String) {
        let (labels, last) = (self.labels(), self.grid.ranges.len() - 1);
        let bounds = bounds(self.grid.ranges.len());
        for range in 0..=last {
            let mut line = String::new();
            let label = if range == last { last + 1 } else { range };
            let is_shown = range % 4 == 0 || range == last;
            self.label(&mut line, if is_shown { &labels[label] } else { "" });
            for column in self.places() {
                let part = self.grid.cell(range, column).share;
                let above = bounds.iter().filter(|&&bound| part > bound).count();
                line.push(SHADES[if part > 0.0 { 1 + above } else { 0 }]);
            }
            finish(out, &line);
        }
    }

    fn in_colour(&self, out: &mut String) {
        let (labels, ranges) = (self.labels(), self.grid.ranges.len());
        for upper in (0..ranges).step_by(2) {
            let is_last = upper + 2 >= ranges;
            let label = if is_last { ranges } else { upper };
            self.label(out, if upper % 4 == 0 || is_last { &labels[label] } else { "" });
            for column in self.places() {
                let above = paint(self.grid.scale, self.grid.cell(upper, column).share);
                let below = (upper + 1 < ranges)
                    .then(|| paint(self.grid.scale, self.grid.cell(upper + 1, column).share))
                    .flatten();
                let _ = match (above, below) {
                    (None, None) => write!(out, "\u{1b}[0m "),
                    (Some(above), None) => write!(out, "\u{1b}[0;38;5;{above}m▀"),
                    (None, Some(below)) => write!(out, "\u{1b}[0;38;5;{below}m▄"),
                    (Some(above), Some(below)) => write!(out, "\u{1b}[38;5;{above};48;5;{below}m▀"),
                };
            }
            out.push_str("\u{1b}[0m\n");
        }
    }

    fn times(&self, out: &mut String) {
        let columns = &self.grid.columns;
        let [Some(first), Some(last)] = [columns.first(), columns.last()] else { return };
        let seconds = last.start.saturating_add(last.seconds) - first.start;
        let ticks = (self.room / 14).clamp(1, 4);
        let mut times = String::new();
        for tick in 0..=ticks {
            let time = utc(first.start.saturating_add(seconds / ticks as u64 * tick as u64)).1;
            let middle = (self.room * tick / ticks).saturating_sub(time.len() / 2);
            let from = middle.min(self.room.saturating_sub(time.len())) * usize::from(tick > 0);
            times = format!("{times:<from$}{time}");
        }
        let mut line = String::new();
        self.label(&mut line, "UTC");
        finish(out, &(line + &times));
    }

    fn legend(&self, out: &mut String, colour: bool, width: usize) {
        const TITLE: &str = "a moment's rows:";
        if colour {
            let scale = self.grid.scale;
            out.push_str(TITLE);
            let mut used = TITLE.len();
            for step in [1, 3, 5, 7, 9, colours::STEPS] {
                let text = format!(" {:.0} %", scale.bound(step) * 100.0);
                used += text.len() + 3;
                if used > width {
                    break;
                }
                let code = paint(scale, scale.bound(step)).unwrap_or_default();
                let _ = write!(out, "  \u{1b}[38;5;{code}m█\u{1b}[0m{text}");
            }
            out.push('\n');
        } else {
            let [low, middle, high] =
                bounds(self.grid.ranges.len()).map(|bound| format!("{:.0} %", bound * 100.0));
            wrap(out, &format!("{TITLE} ░ up to {low}, ▒ {middle}, ▓ {high}, █ more"), width);
        }
    }
}

fn paint(scale: Scale, share: f64) -> Option<u8> {
    let step = scale.step(share);
    (step > 0).then(|| colours::terminal_colour(colours::on_dark(step)))
}

/// Shares at which the shades change: twice an even share, and a quarter and half of the way from there to all.
fn bounds(ranges: usize) -> [f64; 3] {
    let even = (2.0 / ranges.max(1) as f64).min(0.4);
    [even, even + (1.0 - even) * 0.25, even + (1.0 - even) * 0.5]
}

fn hottest(out: &mut String, grid: &Grid, width: usize) {
    let hottest: Vec<_> = grid.hottest().into_iter().take(LISTED).collect();
    let figures = "at peak   of all     rows/s    nodes";
    let keys: Vec<_> = hottest.iter().map(|hot| grid.ranges[hot.range].first.as_str()).collect();
    let room = width.saturating_sub(figures.len() + 1).min(40);
    if room < 12 {
        return;
    }
    finish(out, &format!("{:<room$} {figures}", cut("hottest ranges from", room)));
    for (hot, key) in hottest.iter().zip(shortened(&keys, room)) {
        let line = format!(
            "{key:<room$} {:>7} {:>8} {:>10} {:>8}",
            percent(hot.peak.share),
            percent(hot.mean_share),
            count(hot.peak.rows_per_second.round()),
            nodes(hot.peak.nodes),
        );
        finish(out, &line);
    }
}

fn tablets(out: &mut String, grid: &Grid, width: usize) {
    let Some(column) = grid.columns.first().filter(|_| !grid.hot_tablets.is_empty()) else { return };
    finish(out, &cut("Hot tablets by Bigtable: node CPU, UTC, keys", width));
    let date = column.begins().0;
    for tablet in grid.hot_tablets.iter().take(TABLETS_LISTED) {
        let [first, end] = tablet.keys();
        let line = format!("{:>4.0} %  {}  {first} – {end}", tablet.node_cpu_percent, tablet.when(&date));
        finish(out, &cut(&line, width));
    }
}

fn finish(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

fn cut(text: &str, width: usize) -> String {
    text.chars().take(width).collect()
}

/// Words on lines of at most so many characters; longer words are cut in pieces.
fn wrap(out: &mut String, text: &str, width: usize) {
    let width = width.max(1);
    let mut used = 0;
    for word in text.split(' ') {
        let letters: Vec<char> = word.chars().collect();
        for (at, piece) in letters.chunks(width).enumerate() {
            if used > 0 && (at > 0 || used + 1 + piece.len() > width) {
                out.push('\n');
                used = 0;
            }
            if used > 0 {
                out.push(' ');
                used += 1;
            }
            out.extend(piece);
            used += piece.len();
        }
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heat::grid::tests::{shuffled, trickle};
    use crate::heat::{View, grid};

    /// Without what only changes colours.
    fn visible(text: &str) -> String {
        let mut out = String::new();
        let mut inside = false;
        for character in text.chars() {
            match character {
                '\u{1b}' => inside = true,
                'm' if inside => inside = false,
                _ if !inside => out.push(character),
                _ => {}
            }
        }
        out
    }

    #[test]
    fn no_line_is_longer_than_the_width_whatever_it_is() {
        for heat in [trickle(600, 50), shuffled(600, 50), trickle(1, 1), super::super::TableHeat::default()] {
            let grid = grid(&heat, &View::default());
            for width in [1, 20, 39, 40, 52, 80, 120, 300] {
                for colour in [false, true] {
                    let text = terminal(&grid, width, colour);
                    for line in visible(&text).lines() {
                        assert!(line.chars().count() <= width, "{width}: {line}");
                    }
                    assert!(text.ends_with('\n'));
                }
            }
        }
    }

    #[test]
    fn a_trickle_is_a_dark_diagonal_and_shuffled_keys_are_light_all_over() {
        let dark = |text: &str| text.lines().map(|line| line.matches('█').count()).sum::<usize>();
        let picture = |heat| {
            let text = terminal(&grid(&heat, &View::default()), 80, false);
            // Without the load above and the legend below.
            text.lines()
                .skip_while(|line| !line.contains("rows/s"))
                .skip(1)
                .take(32)
                .collect::<Vec<_>>()
                .join("\n")
        };
        let (diagonal, even) = (picture(trickle(640, 50)), picture(shuffled(640, 50)));
        assert!(dark(&diagonal) >= 32, "{diagonal}");
        let place = |line: &str| line.chars().position(|character| character == '█');
        let places: Vec<_> = diagonal.lines().filter_map(place).collect();
        assert!(places.is_sorted() && places.len() > 28, "{diagonal}");
        assert_eq!(dark(&even), 0, "{even}");
        assert!(even.matches('░').count() > 1_000, "{even}");
    }
}
