//! Styles of text on terminals.

use std::fmt::{self, Display};

use anstyle::{AnsiColor, Style};

/// A text style.
#[derive(Clone, Copy, Debug)]
pub struct Paint(Style);

/// Marks a good result.
pub const GOOD: Paint = Paint(AnsiColor::Green.on_default().bold());
/// Marks a bad result.
pub const BAD: Paint = Paint(AnsiColor::Red.on_default().bold());
/// Marks a notice that is not a failure.
pub const NOTABLE: Paint = Paint(AnsiColor::Yellow.on_default().bold());

impl Paint {
    /// Returns a paint of this style.
    pub const fn new(style: Style) -> Self {
        Self(style)
    }

    /// Adds the escape sequences; `anstream` removes them for outputs other than terminals.
    pub fn paint(self, text: impl Display) -> impl Display {
        Painted { style: self.0, text }
    }
}

struct Painted<T> {
    style: Style,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { style, text } = self;
        write!(formatter, "{style}{text}{style:#}")
    }
}
