//! A progress bar for longer runs; only if standard error is a terminal.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Shorter runs print nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// The progress of a run, shown to a waiting user.
pub(crate) struct Progress {
    /// `None` if standard error is not a terminal.
    start: Option<Instant>,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    /// Starts now; `terminal` is whether standard error is a terminal.
    pub(crate) fn new(terminal: bool) -> Self {
        Self { start: terminal.then(Instant::now), bar: OnceLock::new() }
    }

    /// Updates the bar: `done` of `known` files are finished. May be called from any thread.
    pub(crate) fn told(&self, done: usize, known: usize) {
        if self.start.is_none_or(|start| start.elapsed() < PATIENCE) {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files, {elapsed}");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_length(known as u64);
        bar.set_position(done as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_drawn_for_somebody_who_has_waited_and_for_nobody_else() {
        let shown = |start: Option<Instant>| {
            let progress = Progress { start, bar: OnceLock::new() };
            progress.told(1, 2);
            progress.bar.get().map(|bar| (bar.position(), bar.length()))
        };
        let earlier = Instant::now().checked_sub(2 * PATIENCE);
        assert!(earlier.is_some(), "the machine has run for two seconds");
        assert_eq!(shown(earlier), Some((1, Some(2))));
        assert_eq!(shown(Some(Instant::now())), None);
        assert_eq!(shown(None), None);
        assert!(Progress::new(false).start.is_none() && Progress::new(true).start.is_some());
    }
}
