//! Reads a JUnit report with a parser that is independent of its writer.

use anyhow::{Context, ensure};
use roxmltree::{Document, Node};

/// A test that ran.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Case {
    /// nextest's id of the test binary and the test's name, as `nextest list` prints them.
    pub(super) name: String,
    pub(super) failed: bool,
}

/// Reads the tests of a report.
///
/// # Errors
///
/// Fails if the text is not XML or not a report, if a test lacks a name, or if the report's count differs from its tests.
pub(super) fn read(report: &str) -> anyhow::Result<Vec<Case>> {
    let document = Document::parse(report).context("the report is no XML")?;
    let root = document.root_element();
    ensure!(root.has_tag_name("testsuites"), "the report is one of {}", root.tag_name().name());
    let elements = root.descendants().filter(|node| node.has_tag_name("testcase"));
    let cases: Vec<Case> = elements.map(case).collect::<anyhow::Result<_>>()?;
    let failed = cases.iter().filter(|case| case.failed).count();
    let (tests, failures, errors) = (number(root, "tests")?, number(root, "failures")?, number(root, "errors")?);
    ensure!(
        (tests, failures + errors) == (cases.len(), failed),
        "the report counts {tests} tests, {failures} failures and {errors} errors, and lists {} and {failed}",
        cases.len()
    );
    Ok(cases)
}

fn case(element: Node<'_, '_>) -> anyhow::Result<Case> {
    let attribute =
        |name| element.attribute(name).filter(|text| !text.is_empty()).with_context(|| format!("a test has no {name}"));
    let failed = element.children().any(|child| child.has_tag_name("failure") || child.has_tag_name("error"));
    Ok(Case { name: format!("{} {}", attribute("classname")?, attribute("name")?), failed })
}

fn number(root: Node<'_, '_>, name: &str) -> anyhow::Result<usize> {
    let text = root.attribute(name).with_context(|| format!("the report has no {name}"))?;
    text.parse().with_context(|| format!("{name} of the report is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="run" tests="2" failures="1" errors="0">
    <testsuite name="a::b" tests="2" disabled="0" errors="0" failures="1">
        <testcase name="one" classname="a::b" time="0.1"/>
        <testcase name="two" classname="a::b" time="0.1"><failure type="x">&lt;testcase name="three"&gt;</failure></testcase>
    </testsuite>
</testsuites>"#;

    #[test]
    fn tests_and_failures_are_read() {
        let names = [("a::b one", false), ("a::b two", true)];
        assert_eq!(read(REPORT).unwrap(), names.map(|(name, failed)| Case { name: name.to_owned(), failed }));
    }

    #[test]
    fn a_report_that_is_cut_miscounted_or_nameless_is_refused() {
        assert!(read(&REPORT[..REPORT.len() - 20]).is_err());
        assert!(read(&REPORT.replace("tests=\"2\" failures=\"1\"", "tests=\"3\" failures=\"1\"")).is_err());
        assert!(read(&REPORT.replace("failures=\"1\" errors", "failures=\"0\" errors")).is_err());
        assert!(read(&REPORT.replace("name=\"one\"", "name=\"\"")).is_err());
        assert!(read("<html/>").is_err());
    }
}
