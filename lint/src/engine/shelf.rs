//! Where findings wait until it is known which files are test code: of each kind the first so many in the order of
//! files, and the number of all others, so that memory is bounded where every line is a finding.
//!
//! Threads bring files in any order, and a file may come again with another result. What is dropped is always what
//! comes last, while enough stands before it; so what is left does not depend on the threads.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::finding::Finding;

/// A finding, until it is known whether its file is test code.
pub(super) struct Kept {
    pub finding: Finding,
    /// Why it does not count, if a comment says so.
    pub suppressed: Option<String>,
}

/// How sure it is that a finding counts; each kind has its own room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It stands in test code.
    Certain,
    /// It counts if its file turns out to be test code.
    Undecided,
    /// A comment says that it does not count, though it stands in test code.
    Suppressed,
    /// The same for what may be test code.
    UndecidedSuppressed,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Certain, Self::Undecided, Self::Suppressed, Self::UndecidedSuppressed];

    pub(super) fn of(test: bool, suppressed: bool) -> Self {
        match (test, suppressed) {
            (true, false) => Self::Certain,
            (false, false) => Self::Undecided,
            (true, true) => Self::Suppressed,
            (false, true) => Self::UndecidedSuppressed,
        }
    }
}

/// The findings of one file and kind: the first, and how many more there are.
#[derive(Default)]
pub(super) struct Batch {
    pub findings: Vec<Kept>,
    pub more: usize,
}

/// The findings of one file by kind.
#[derive(Default)]
pub(super) struct Batches(pub [Batch; Kind::ALL.len()]);

impl Batches {
    pub(super) fn of(&mut self, kind: Kind) -> &mut Batch {
        &mut self.0[kind as usize]
    }
}

/// The findings of a run.
pub(super) struct Shelves {
    limit: usize,
    kinds: [Mutex<Shelf>; Kind::ALL.len()],
}

#[derive(Default)]
struct Shelf {
    held: usize,
    /// By file; none of them is empty.
    findings: BTreeMap<usize, Vec<Kept>>,
    /// By file, what is not held.
    more: BTreeMap<usize, usize>,
}

impl Shelves {
    /// Holds the first `limit` findings of each kind.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, kinds: Kind::ALL.map(|_| Mutex::default()) }
    }

    /// Puts the findings of the file `index` in the place of those that it had.
    pub(super) fn put(&self, index: usize, batches: Batches) {
        for (shelf, batch) in self.kinds.iter().zip(batches.0) {
            // Nothing in there can be half done after a panic.
            shelf.lock().unwrap_or_else(PoisonError::into_inner).put(index, batch, self.limit);
        }
    }

    /// Takes what there is of the file `index`.
    pub(super) fn take(&self, index: usize, kind: Kind) -> Batch {
        let mut kept = self.kinds[kind as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let findings = kept.findings.remove(&index).unwrap_or_default();
        kept.held -= findings.len();
        Batch { findings, more: kept.more.remove(&index).unwrap_or_default() }
    }
}

impl Shelf {
    fn put(&mut self, index: usize, batch: Batch, limit: usize) {
        self.held -= self.findings.remove(&index).map_or(0, |before| before.len());
        self.more.remove(&index);
        if batch.more > 0 {
            self.more.insert(index, batch.more);
        }
        if !batch.findings.is_empty() {
            self.held += batch.findings.len();
            self.findings.insert(index, batch.findings);
        }
        while self.held > limit
            && let Some(mut last) = self.findings.last_entry()
        {
            let surplus = (self.held - limit).min(last.get().len());
            let rest = last.get().len() - surplus;
            last.get_mut().truncate(rest);
            self.held -= surplus;
            *self.more.entry(*last.key()).or_default() += surplus;
            if rest == 0 {
                last.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn batches(count: usize) -> Batches {
        let code = "fn f() { std::net::TcpListener::bind(\"0.0.0.0:0\"); }";
        let finding = crate::engine::findings_in(code, &Config::default()).remove(0);
        let mut batches = Batches::default();
        batches.of(Kind::Certain).findings =
            (0..count).map(|_| Kept { finding: finding.clone(), suppressed: None }).collect();
        batches
    }

    #[test]
    fn what_is_left_does_not_depend_on_the_order_and_nothing_is_uncounted() {
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let shelves = Shelves::new(5);
            for index in order {
                shelves.put(index, batches(2));
            }
            // A file that is looked at again.
            shelves.put(1, batches(2));
            let held = [0, 1, 2, 3].map(|index| {
                let batch = shelves.take(index, Kind::Certain);
                (batch.findings.len(), batch.more)
            });
            assert_eq!(held, [(2, 0), (2, 0), (1, 1), (0, 2)], "{order:?}");
        }
    }
}
