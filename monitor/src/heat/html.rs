//! All tables' maps as a page.

use super::Heat;
use super::grid::{Grid, Range, View, grid};
use super::map::{Cells, LEFT, TOP, WIDTH, cell_size, height, legend, map, nodes, when};
use super::pattern::Pattern;
use super::picture::{r, styles};
use crate::page::numbers::{count, percent};
use crate::page::{document, markup, plain};
use serde_json::json;
use std::fmt::Write;

/// Hottest ranges that are listed.
const LISTED: usize = 5;
const TABLETS_LISTED: usize = 20;

/// One page with all tables' maps, each with its hottest ranges.
pub fn html(heat: &Heat, view: &View) -> String {
    let title = "Writes by key range and time";
    let body = format!("<h1>{title}</h1>\n{}", figures(heat, view));
    document(title, &styles(), &body)
}

/// The maps for a page that has their styles.
pub(crate) fn figures(heat: &Heat, view: &View) -> String {
    if heat.is_empty() {
        return "<p>No rows were written.</p>\n".into();
    }
    let mut out = String::new();
    out.push_str(
        "<p class=\"muted\">Keys from top to bottom, time from left to right; each range of keys took about the same part \
         of all rows. An even load is the same colour all over. Point at a cell, tap it, or walk with the arrow \
         keys.</p>\n",
    );
    for (table, heat) in &heat.tables {
        figure(&mut out, table, &grid(heat, view));
    }
    let _ = writeln!(
        out,
        "<div class=\"scroll\"><svg class=\"map\" viewBox=\"0 0 {WIDTH} 34\" role=\"img\" aria-label=\"Legend\">{}</svg></div>",
        legend(view.ranges)
    );
    let _ = writeln!(
        out,
        "<p class=\"muted\">Nodes: rows/s of a range divided by {}, what one node takes. A range is served by one node \
         at a time: above 1 it cannot keep up, however many nodes there are. Rows by range are estimated from a \
         sample.</p>",
        count(view.node_rows_per_second)
    );
    out
}

fn figure(out: &mut String, table: &str, grid: &Grid) {
    let verdict = grid.verdict();
    let class = match verdict.pattern {
        Pattern::Even => "good",
        Pattern::Moving | Pattern::Jumping | Pattern::Staying => "bad",
        Pattern::Uneven | Pattern::Unclear => "muted",
    };
    let _ = writeln!(
        out,
        "<section class=\"heat\">\n<h3>{}</h3>\n<p><strong class=\"{class}\">{}</strong><br><span class=\"muted\">{}</span></p>",
        markup(table),
        markup(&verdict.text),
        markup(&grid.summary())
    );
    if !grid.is_empty() {
        let _ = writeln!(
            out,
            "<div class=\"scroll\"><svg class=\"map\" viewBox=\"0 0 {WIDTH} {}\" tabindex=\"0\" role=\"img\" aria-label=\"{}\" data-heat=\"{}\">\n{}\
             <rect class=\"cursor\" hidden/></svg></div>",
            r(height()),
            markup(&format!("{table}: {}", verdict.text)),
            markup(&data(grid)),
            map(grid, Cells::Joined)
        );
        hottest(out, grid);
        tablets(out, grid);
    }
    out.push_str("</section>\n");
}

/// What the script tells of a cell.
fn data(grid: &Grid) -> String {
    let (wide, high) = cell_size(grid);
    let row = |column: usize| -> Vec<f64> {
        (0..grid.ranges.len()).map(|range| grid.cell(range, column).rows.round()).collect()
    };
    json!({
        "x": LEFT, "y": TOP, "w": wide, "h": high, "node": grid.node_rows_per_second,
        "keys": grid.ranges.iter().map(ends).collect::<Vec<_>>(),
        "times": grid.columns.iter().map(when).collect::<Vec<_>>(),
        "seconds": grid.columns.iter().map(|column| column.seconds).collect::<Vec<_>>(),
        "of": grid.columns.iter().map(|column| column.rows).collect::<Vec<_>>(),
        "rows": (0..grid.columns.len()).map(row).collect::<Vec<_>>(),
    })
    .to_string()
}

/// A range's first and last key, or the only one.
fn ends(range: &Range) -> Vec<String> {
    let both = if range.keys == 1 { vec![&range.first] } else { vec![&range.first, &range.last] };
    both.into_iter().map(|key| plain(key)).collect()
}

fn hottest(out: &mut String, grid: &Grid) {
    out.push_str(
        "<div class=\"scroll\"><table>\n<thead><tr><th>Peak</th><th class=\"n\">Part then</th><th class=\"n\">Rows/s then</th>\
         <th class=\"n\">Nodes then</th><th class=\"n\">Part of all</th><th>Hottest ranges of keys</th></tr></thead>\n<tbody>\n",
    );
    for hot in grid.hottest().into_iter().take(LISTED) {
        let numbers = [
            percent(hot.peak.share),
            count(hot.peak.rows_per_second.round()),
            nodes(hot.peak.nodes),
            percent(hot.mean_share),
        ];
        let _ = write!(out, "<tr><td>{}</td>", grid.columns[hot.column].begins().1);
        for number in numbers {
            let _ = write!(out, "<td class=\"n\">{}</td>", markup(&number));
        }
        let keys: Vec<_> = ends(&grid.ranges[hot.range]).iter().map(|key| markup(key)).collect();
        let _ = writeln!(out, "<td class=\"keys\">{}</td></tr>", keys.join(" –<br>"));
    }
    out.push_str("</tbody></table></div>\n");
}

fn tablets(out: &mut String, grid: &Grid) {
    let Some(column) = grid.columns.first().filter(|_| !grid.hot_tablets.is_empty()) else { return };
    out.push_str(
        "<div class=\"scroll\"><table>\n<thead><tr><th>UTC</th><th class=\"n\">Node CPU</th>\
         <th>Hot tablets by Bigtable (framed)</th></tr></thead>\n<tbody>\n",
    );
    let date = column.begins().0;
    for tablet in grid.hot_tablets.iter().take(TABLETS_LISTED) {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td class=\"n\">{:.0} %</td><td class=\"keys\">{}</td></tr>",
            markup(&tablet.when(&date)),
            tablet.node_cpu_percent,
            tablet.keys().map(|key| markup(&key)).join(" –<br>"),
        );
    }
    out.push_str("</tbody></table></div>\n");
}
