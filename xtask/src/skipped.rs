//! The record of tests that skipped at run time.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::Context;
use tempfile::NamedTempFile;

/// The record of tests that skipped at run time, for all parts of a run together.
pub(crate) struct Skipped {
    record: NamedTempFile,
}

impl Skipped {
    /// Creates an empty record.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let record = NamedTempFile::with_prefix("netns-ci-skipped-").context("failed to make the record of skips")?;
        Ok(Self { record })
    }

    /// The path that tests write to.
    pub(crate) fn path(&self) -> &Path {
        self.record.path()
    }

    /// Appends the lines of another record, if it exists.
    pub(crate) fn add(&self, other: &Path) -> anyhow::Result<u64> {
        let text = match fs::read_to_string(other) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            text => text.with_context(|| format!("failed to read {}", other.display()))?,
        };
        let mut record =
            fs::File::options().append(true).open(self.path()).context("failed to open the record of skips")?;
        record.write_all(text.as_bytes()).context("failed to add to the record of skips")?;
        Ok(text.lines().count() as u64)
    }

    /// The number of lines: one for each skip of a test.
    pub(crate) fn count(&self) -> anyhow::Result<u64> {
        Ok(self.text()?.lines().count() as u64)
    }

    /// Returns each test once for each reason, in order.
    pub(crate) fn all(&self) -> anyhow::Result<BTreeSet<(String, String)>> {
        let pair = |line: &str| line.split_once('\t').map(|(test, reason)| (test.to_owned(), reason.to_owned()));
        Ok(self.text()?.lines().filter_map(pair).collect())
    }

    fn text(&self) -> anyhow::Result<String> {
        fs::read_to_string(self.path()).context("failed to read the record of skips")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_has_each_reason_once() {
        let skipped = Skipped::new().unwrap();
        fs::write(skipped.path(), "a\trequires vlan\nb\trequires netem\na\trequires vlan\n").unwrap();
        assert_eq!(skipped.count().unwrap(), 3);
        let expected = [("a", "requires vlan"), ("b", "requires netem")];
        assert_eq!(skipped.all().unwrap(), expected.map(|(test, why)| (test.to_owned(), why.to_owned())).into());
    }
}
