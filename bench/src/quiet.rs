//! Whether the machine was quiet enough for wall times to mean anything: the one rule of all benches that have it.

use std::fs;
use std::thread;

use anyhow::Context;

use crate::report::Figure;

/// The largest spread of the floor (95th percentile to median) on a quiet machine.
const SPREAD: f64 = 3.0;

/// The load per processor, before the bench, that a quiet machine has at most.
const LOAD: f64 = 0.5;

/// The load before a bench.
#[derive(Clone, Copy, Debug)]
pub struct Before {
    load: f64,
    processors: f64,
}

impl Before {
    /// Reads the mean number of processes that wanted to run in the last minute; source: `proc_loadavg(5)`.
    ///
    /// # Errors
    ///
    /// If `/proc/loadavg` cannot be read.
    pub fn read() -> anyhow::Result<Self> {
        let text = fs::read_to_string("/proc/loadavg").context("failed to read /proc/loadavg")?;
        let load = text.split_whitespace().next().context("an empty loadavg")?;
        let processors = u32::try_from(thread::available_parallelism()?.get())?;
        Ok(Self { load: load.parse().context("no number in loadavg")?, processors: processors.into() })
    }

    /// Returns the reason why the machine was busy, if it was.
    #[must_use]
    pub fn is_busy(self, floor: &Figure) -> Option<String> {
        let Self { load, processors } = self;
        let spread = floor.p95 / floor.median;
        (load > processors * LOAD || spread > SPREAD).then(|| {
            format!(
                "the load was {load} on {processors} processors (quiet: at most {}), and the 95th percentile of {} is {spread:.1} times its \
                 median (quiet: at most {SPREAD})",
                processors * LOAD,
                floor.name
            )
        })
    }

    /// Warns if the machine was busy.
    pub fn warn_if_busy(self, floor: &Figure) {
        if let Some(reason) = self.is_busy(floor) {
            eprintln!("warning: the machine is busy: {reason}; compare only the ratios of CPU times");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_high_load_or_a_wide_spread_is_busy() {
        let floor = |slowest| {
            let times: Vec<Duration> =
                (0..10).map(|i| Duration::from_micros(if i < 9 { 10 } else { slowest })).collect();
            Figure::of_times("floor", &times, None)
        };
        let before = |load| Before { load, processors: 2.0 };
        assert_eq!(before(1.0).is_busy(&floor(30)), None);
        assert!(before(1.1).is_busy(&floor(30)).is_some());
        assert!(before(1.0).is_busy(&floor(31)).is_some());
    }
}
