//! All tables' maps as one picture.

use super::grid::{View, grid};
use super::map::{Cells, WIDTH, height, legend, map, text};
use super::picture::{r, styles};
use super::{Heat, picture::cut};
use std::fmt::Write;

/// For a table's name and what its map says.
const HEAD: f64 = 62.0;
const GAP: f64 = 26.0;
const LEGEND: f64 = 40.0;
const LINE_CHARS: usize = 142;

/// All tables one below the other as one file. Its cells have titles, which browsers show when they are pointed at; dark
/// or light as the reader has it.
pub fn svg(heat: &Heat, view: &View) -> String {
    let (mut body, mut y) = (String::new(), 10.0);
    for (table, heat) in &heat.tables {
        let grid = grid(heat, view);
        let _ = writeln!(body, "<g transform=\"translate(0,{})\">", r(y));
        text(&mut body, "words name", (12.0, 14.0), "start", &cut(table, 80));
        text(&mut body, "words", (12.0, 34.0), "start", &cut(&grid.verdict().text, LINE_CHARS));
        text(&mut body, "small", (12.0, 52.0), "start", &cut(&grid.summary(), LINE_CHARS));
        y += HEAD;
        if !grid.is_empty() {
            let _ = writeln!(
                body,
                "<g transform=\"translate(0,{})\">\n{}</g>",
                r(HEAD),
                map(&grid, Cells::Titled)
            );
            y += height();
        }
        body.push_str("</g>\n");
        y += GAP;
    }
    if heat.is_empty() {
        text(&mut body, "words", (12.0, y + 14.0), "start", "No rows were written.");
    } else {
        let _ = writeln!(body, "<g transform=\"translate(0,{})\">\n{}</g>", r(y), legend(view.ranges));
    }
    y += LEGEND;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {h}\" width=\"{WIDTH}\" height=\"{h}\">\n\
         <title>Writes by key range and time</title>\n<style>{}.name{{font-weight:600;font-size:15px}}</style>\n\
         <rect class=\"ground\" width=\"{WIDTH}\" height=\"{h}\"/>\n{body}</svg>\n",
        styles(),
        h = r(y),
    )
}
