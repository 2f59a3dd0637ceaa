//! Numbers of statics that change: the initial one, and those that they count.

use super::{Piece, Value};

impl Value {
    /// Whether it contains the text of a static that may have changed.
    pub(crate) fn is_changing(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Changing(_)))
    }

    /// Whether it contains a number that a static has counted.
    pub(crate) fn is_counted(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Counted(_)))
    }

    /// Forgets the numbers that a static has counted.
    #[must_use]
    pub(crate) fn without_counter(self) -> Self {
        let forgotten = |piece| if matches!(piece, Piece::Counted(_)) { Piece::Hole } else { piece };
        Self { pieces: self.pieces.into_iter().map(forgotten).collect(), ..self }
    }

    /// Returns the number of a static that changes or counts.
    pub(crate) fn counter(&self) -> Option<f64> {
        match self.pieces.as_slice() {
            [Piece::Changing(text) | Piece::Counted(text)] => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns the number that the counter hands out first.
    #[must_use]
    pub(crate) fn counted(self, first: f64) -> Self {
        Self { pieces: vec![Piece::Counted(first.to_string())], ..self }
    }
}
