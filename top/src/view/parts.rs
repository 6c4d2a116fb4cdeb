//! Lines and columns.

use super::theme;
use crate::format::{columns, fit};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// A line on the first row of an area, no wider than it.
pub fn put(buffer: &mut Buffer, area: Rect, line: &Line<'_>) {
    if area.height > 0 {
        buffer.set_line(area.x, area.y, line, area.width);
    }
}

/// Lines from the top of an area on, as many as fit.
pub fn put_all(buffer: &mut Buffer, area: Rect, lines: &[Line<'_>]) {
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

/// A heading and the heads of the columns at its right, which end where their columns end; a rule fills the gaps.
pub fn heading(text: &str, heads: &[(&str, usize)], width: usize) -> Line<'static> {
    let right = heads.iter().fold(String::new(), |right, (head, width)| format!("{right}{head:>width$}"));
    let room = width.saturating_sub(columns(&right));
    let text = fit(text, room.saturating_sub(1));
    let gap = room.saturating_sub(columns(&text) + 1);
    ruled(&format!(" {text}{}{right}", " ".repeat(gap)))
}

/// A line of words in which gaps of some width are ruled, a space free at either side.
pub fn ruled(text: &str) -> Line<'static> {
    let mut spans = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find("   ").unwrap_or(rest.len());
        let (words, behind) = rest.split_at(end);
        spans.push(Span::styled(words.to_owned(), theme::strong()));
        let next = behind.trim_start_matches(' ');
        let gap = behind.len() - next.len();
        if gap > 0 {
            let ends = if next.is_empty() { 1 } else { 2 };
            let rule = "─".repeat(gap - ends);
            spans.push(Span::styled(format!(" {rule}{}", if ends == 2 { " " } else { "" }), theme::quiet()));
        }
        rest = next;
    }
    Line::from(spans)
}

/// Cells of fixed widths: words to the left, figures to the right.
#[derive(Debug, Default)]
pub struct Row(Vec<Span<'static>>);

impl Row {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn word(self, text: &str, width: usize, style: Style) -> Self {
        let text = fit(text, width);
        let gap = width.saturating_sub(columns(&text));
        self.span(format!("{text}{}", " ".repeat(gap)), style)
    }

    pub fn figure(self, text: &str, width: usize) -> Self {
        self.figure_in(text, width, Style::new())
    }

    pub fn figure_in(self, text: &str, width: usize, style: Style) -> Self {
        self.span(format!("{text:>width$}"), style)
    }

    pub fn span(mut self, text: impl Into<String>, style: Style) -> Self {
        self.0.push(Span::styled(text.into(), style));
        self
    }

    pub fn line(self) -> Line<'static> {
        Line::from(self.0)
    }
}

/// An endpoint in so many columns: its port stays.
pub fn long_endpoint(endpoint: &str, width: usize) -> String {
    let Some((host, port)) = endpoint.rsplit_once(':').filter(|_| columns(endpoint) > width) else {
        return endpoint.into();
    };
    format!("{}:{port}", fit(host, width.saturating_sub(port.len() + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_endpoint_the_port_stays() {
        assert_eq!(long_endpoint("127.0.0.1:9464", 19), "127.0.0.1:9464");
        assert_eq!(long_endpoint("sink-0.payments.svc.cluster.local:9464", 19), "sink-0.paymen…:9464");
    }
}
