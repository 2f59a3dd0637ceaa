//! Holds findings until the run knows which files are test code. Each kind has a limit: the first findings in file
//! order are kept, the others are only counted. So memory is bounded even if every line is a finding.
//!
//! Threads finish files in any order, and a file may be examined again with another result. Only the last findings in
//! file order are dropped, and only while enough earlier ones exist; so the result does not depend on the threads.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::facts::Place;
use crate::finding::Finding;

/// A finding whose file may or may not be test code.
pub(super) struct Kept {
    pub finding: Finding,
    /// The reason from the comment that suppresses it, if any.
    pub suppressed: Option<String>,
    /// As in [`Hit::behind`](crate::rule::Hit::behind).
    pub behind: Vec<Vec<Place>>,
}

/// The rule, the file and the start of a finding.
type Start = (&'static str, usize, u32);

impl Kept {
    fn start(&self, index: usize) -> Start {
        (self.finding.rule, index, self.finding.location.start_byte)
    }

    /// Whether each place behind the finding has a finding of the same rule.
    fn is_repeated(&self, index: usize, found: &HashSet<Start>) -> bool {
        let own = self.start(index);
        let is_there = |place: &Place| {
            let start = (self.finding.rule, place.file, place.span.start);
            start != own && found.contains(&start)
        };
        self.behind.iter().all(|places| places.iter().any(is_there))
    }
}

/// Whether a finding counts, as far as known; each kind has its own limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// In test code.
    Certain,
    /// Counts if its file turns out to be test code.
    Undecided,
    /// In test code, and suppressed by a comment.
    Suppressed,
    /// Suppressed by a comment, in a file that may be test code.
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

/// The first findings of one file and kind, and the number of further ones.
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
    /// By file; no entry is empty.
    findings: BTreeMap<usize, Vec<Kept>>,
    /// The number of dropped findings, by file.
    more: BTreeMap<usize, usize>,
}

impl Shelves {
    /// Creates shelves that hold the first `limit` findings of each kind.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, kinds: Kind::ALL.map(|_| Mutex::default()) }
    }

    /// Replaces the findings of the file `index`.
    pub(super) fn put(&self, index: usize, batches: Batches) {
        for (shelf, batch) in self.kinds.iter().zip(batches.0) {
            // A panic cannot leave the content inconsistent.
            shelf.lock().unwrap_or_else(PoisonError::into_inner).put(index, batch, self.limit);
        }
    }

    /// Drops a finding at a call if the called function has the finding too; `counts` returns whether the findings of a
    /// file count.
    pub(super) fn drop_repeated(&self, counts: impl Fn(usize, Kind) -> bool) {
        let mut shelves = self.kinds.each_ref().map(|shelf| shelf.lock().unwrap_or_else(PoisonError::into_inner));
        let all = shelves.iter().flat_map(|shelf| shelf.findings.values()).flatten();
        let named: HashSet<Start> = all
            .flat_map(|kept| {
                kept.behind.iter().flatten().map(|place| (kept.finding.rule, place.file, place.span.start))
            })
            .collect();
        let mut found: HashSet<Start> = HashSet::new();
        for (kind, shelf) in Kind::ALL.into_iter().zip(&shelves) {
            for (index, all) in shelf.findings.iter().filter(|(index, _)| counts(**index, kind)) {
                found.extend(all.iter().map(|kept| kept.start(*index)).filter(|start| named.contains(start)));
            }
        }
        for guard in &mut shelves {
            let one = &mut **guard;
            for (index, all) in &mut one.findings {
                let before = all.len();
                all.retain(|kept| !kept.is_repeated(*index, &found));
                one.held -= before - all.len();
            }
            one.findings.retain(|_, all| !all.is_empty());
        }
    }

    /// Takes the findings of the file `index`.
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
            (0..count).map(|_| Kept { finding: finding.clone(), suppressed: None, behind: vec![Vec::new()] }).collect();
        batches
    }

    #[test]
    fn what_is_left_does_not_depend_on_the_order_and_nothing_is_uncounted() {
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]] {
            let shelves = Shelves::new(5);
            for index in order {
                shelves.put(index, batches(2));
            }
            // Replace the findings of a file that is examined again.
            shelves.put(1, batches(2));
            let held = [0, 1, 2, 3].map(|index| {
                let batch = shelves.take(index, Kind::Certain);
                (batch.findings.len(), batch.more)
            });
            assert_eq!(held, [(2, 0), (2, 0), (1, 1), (0, 2)], "{order:?}");
        }
    }
}
