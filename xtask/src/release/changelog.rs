//! Cuts the changelog: the entries under "Unreleased" become those of a version.

use anyhow::{Context, ensure};

const UNRELEASED: &str = "## Unreleased\n";

/// A changelog after the cut.
pub(super) struct Cut {
    /// The whole file, with an empty "Unreleased" above the version.
    pub(super) whole: String,
    /// The entries of the version.
    pub(super) notes: String,
}

/// Moves all entries under "Unreleased" below a heading of the version.
pub(super) fn cut(text: &str, version: &str, date: &str) -> anyhow::Result<Cut> {
    let (before, after) = text.split_once(UNRELEASED).context("the changelog has no heading \"## Unreleased\"")?;
    let (entries, older) = after.split_once("\n## ").map_or((after, None), |(entries, older)| (entries, Some(older)));
    let entries = entries.trim();
    ensure!(!entries.is_empty(), "the changelog has no entries under \"Unreleased\"");
    ensure!(!text.contains(&format!("\n## {version} ")), "the changelog already has the version {version}");
    let older = older.map(|older| format!("\n## {older}")).unwrap_or_default();
    Ok(Cut {
        whole: format!("{before}{UNRELEASED}\n## {version} - {date}\n\n{entries}\n{older}"),
        notes: format!("{entries}\n"),
    })
}

/// Returns the entries of a version for which the changelog was cut earlier.
pub(super) fn already_cut(text: &str, version: &str) -> anyhow::Result<Cut> {
    let sections = text.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'));
    let of_version = |(heading, _): &(&str, &str)| heading.split(' ').next() == Some(version);
    let (_, entries) = { sections }
        .find(of_version)
        .with_context(|| format!("the changelog has no version {version}; `cargo xtask release` cuts it"))?;
    Ok(Cut { whole: text.to_owned(), notes: format!("{}\n", entries.trim()) })
}

/// Parses a date; checks its form, not the calendar.
pub(super) fn date(text: &str) -> Result<String, String> {
    let is_digit_or_dash =
        |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    if text.len() == 10 && text.bytes().enumerate().all(is_digit_or_dash) {
        Ok(text.to_owned())
    } else {
        Err("a date has the form 2026-12-01".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_move_below_the_version_and_older_ones_stay() {
        let text = "# Changelog\n\n## Unreleased\n\n### Added\n\n- a\n\n## 0.1.0 - 2026-01-01\n\n- first\n";
        let Cut { whole, notes } = cut(text, "0.2.0", "2026-12-01").unwrap();
        assert_eq!(
            whole,
            "# Changelog\n\n## Unreleased\n\n## 0.2.0 - 2026-12-01\n\n### Added\n\n- a\n\n## 0.1.0 - 2026-01-01\n\n- first\n"
        );
        assert_eq!(notes, "### Added\n\n- a\n");
        assert_eq!(already_cut(&whole, "0.2.0").unwrap().notes, notes);
        assert!(already_cut(&whole, "0.2").is_err());
    }

    #[test]
    fn nothing_to_release_and_a_version_twice_are_errors() {
        assert!(cut("# Changelog\n", "0.2.0", "2026-12-01").is_err());
        assert!(cut("## Unreleased\n\n## 0.1.0 - 2026-01-01\n\n- a\n", "0.2.0", "2026-12-01").is_err());
        assert!(cut("## Unreleased\n\n- b\n\n## 0.1.0 - 2026-01-01\n\n- a\n", "0.1.0", "2026-12-01").is_err());
    }

    #[test]
    fn dates_have_one_form() {
        assert!(date("2026-12-01").is_ok());
        for bad in ["1.12.2026", "2026-12-1", "2026/12/01", ""] {
            assert!(date(bad).is_err(), "{bad}");
        }
    }
}
