//! Styles: the terminal's own 16 colours on its own background, and none where NO_COLOR is set. No meaning is in a colour alone.

use ratatui::style::{Color, Modifier, Style};

#[derive(Clone, Copy, Debug)]
pub struct Theme {
    pub is_coloured: bool,
}

impl Theme {
    /// <https://no-color.org>: any value but an empty one.
    pub fn of_environment() -> Self {
        Self { is_coloured: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    }

    fn colour(self, colour: Color) -> Style {
        if self.is_coloured { Style::new().fg(colour) } else { Style::new() }
    }

    pub fn chart(self) -> Style {
        self.colour(Color::Cyan)
    }

    pub fn good(self) -> Style {
        self.colour(Color::Green)
    }

    /// Not yellow, which cannot be read on white.
    pub fn warn(self) -> Style {
        self.colour(Color::Magenta).add_modifier(Modifier::BOLD)
    }

    pub fn bad(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }
}

pub fn plain() -> Style {
    Style::new()
}

pub fn strong() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// Lines between things, and what matters less.
pub fn quiet() -> Style {
    Style::new().add_modifier(Modifier::DIM)
}

pub fn chosen() -> Style {
    Style::new().add_modifier(Modifier::REVERSED)
}
