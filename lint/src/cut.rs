//! The bounds that cut the analysis of a file short. Each is said once per file.

use std::cell::Cell;

/// A bound of the analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Functions call each other more deeply than they are walked.
    Nesting,
    /// A function has more sinks than its callers see.
    Sinks,
    /// More functions lead to a call than are followed upwards.
    Callers,
    /// Values still changed when the rounds over all files were over.
    Rounds,
}

impl Cut {
    const ALL: [Self; 4] = [Self::Nesting, Self::Sinks, Self::Callers, Self::Rounds];

    /// Returns the bound and its effect, for people.
    pub(crate) fn note(self) -> &'static str {
        match self {
            Self::Nesting => {
                "functions call each other more than 64 deep; the first do not see the effects of the last"
            }
            Self::Sinks => "a function has more than 32 operations on its arguments; its callers see only 32 of them",
            Self::Callers => {
                "more than 64 functions lead to a call; its thread and its network namespace count as unknown"
            }
            Self::Rounds => "calls lead through more files than are followed; values from the last ones are not seen",
        }
    }
}

/// The bounds that a file has reached.
#[derive(Debug, Default)]
pub(crate) struct Cuts(Cell<u8>);

impl Cuts {
    /// Records that the bound was reached.
    pub(crate) fn add(&self, cut: Cut) {
        self.0.set(self.0.get() | (1 << cut as u8));
    }

    /// Returns the bounds that were reached.
    pub(crate) fn all(&self) -> impl Iterator<Item = Cut> {
        let reached = self.0.get();
        Cut::ALL.into_iter().filter(move |cut| reached & (1 << *cut as u8) != 0)
    }
}
