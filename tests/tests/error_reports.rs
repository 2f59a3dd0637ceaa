//! The report of each error, as a test that returns it prints it under libtest and under nextest.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};

use netns_tests::report::{Outcome, TestReport, of_libtest, of_nextest};
use netns_tests::suite::{Suite, User};
use netns_tests::witness;

/// The reviewed reports: `== test`, the kind, the report. `…` stands for a number or a duration.
const REPORTS: &str = include_str!("error_reports.txt");

/// The sources of the enums of which every variant must have a report.
const KINDS: &str = include_str!("../../fixtures/src/error.rs");
const ENUMS: [(&str, &str, &str); 13] = [
    (include_str!("../../fixtures/src/net/error/mod.rs"), "LabError", "lab_"),
    (include_str!("../../fixtures/src/probe/error.rs"), "ProbeError", "probe_"),
    (include_str!("../../fixtures/src/process/error.rs"), "ProcessError", "process_"),
    (include_str!("../../fixtures/src/config/variables.rs"), "ConfigError", "config_"),
    (include_str!("../../fixtures/src/net/port.rs"), "PortError", "port_"),
    (include_str!("../../fixtures/src/net/published.rs"), "PublishError", "publish_"),
    (include_str!("../../fixtures/src/net/address/mod.rs"), "AddressError", "address_"),
    (include_str!("../../fixtures/src/time/wait.rs"), "WaitError", "wait_"),
    (include_str!("../../fixtures/src/isolation/error.rs"), "IsolationError", "isolation_"),
    (include_str!("../../fixtures/src/net/nat/mod.rs"), "NatError", "nat_"),
    (include_str!("../../fixtures/src/net/firewall/mod.rs"), "FirewallError", "firewall_"),
    (include_str!("../../fixtures/src/net/nft_text.rs"), "NftTextError", "nft_text_"),
    (include_str!("../../fixtures/src/net/condition/error.rs"), "ConditionError", "condition_"),
];

/// Returns the expected text of each test.
fn expected() -> BTreeMap<&'static str, &'static str> {
    let entries = REPORTS.split("== ").skip(1);
    entries
        .map(|entry| entry.split_once('\n').expect("a name has a line"))
        .map(|(name, text)| (name, text.trim()))
        .collect()
}

/// Returns the variants of an enum.
fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).expect("the enum is there");
    let (body, _) = body.split_once("\n}\n").expect("the enum ends");
    let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    variants.map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect()).collect()
}

/// `NoSuchHost` is `no_such_host`.
fn snake(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Whether the text is the pattern, in which `…` matches at least one character.
fn matches(text: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('…') else { return text == pattern };
    let Some(rest) = text.strip_prefix(before) else { return false };
    rest.char_indices().skip(1).any(|(at, _)| matches(&rest[at..], after)) || (after.is_empty() && !rest.is_empty())
}

/// Returns the kind and the report of a runner's text, without the journal behind it and the runner's indentation.
fn printed(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    let is_kind = |line: &&str| variants(KINDS, "ErrorKind").contains(line.trim());
    let Some(begin) = lines.iter().position(is_kind) else { return text.to_owned() };
    let indentation = lines[begin].len() - lines[begin].trim_start().len();
    let report =
        lines[begin..].iter().take_while(|line| !line.trim().is_empty() && !line.contains("journal of the test:"));
    report.map(|line| line.get(indentation..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn compare(runner: &str, report: &BTreeMap<String, TestReport>) {
    let expected = expected();
    assert_eq!(report.keys().map(String::as_str).collect::<Vec<_>>(), expected.keys().copied().collect::<Vec<_>>());
    let mut differences = Vec::new();
    for (name, told) in report {
        assert_eq!(told.outcome, Outcome::Failed, "{name}");
        let printed = printed(&told.text);
        if !matches(&printed, expected[name.as_str()]) {
            differences.push(format!("== {name}\n{printed}\n"));
        }
    }
    assert!(differences.is_empty(), "{runner} printed other reports:\n{}", differences.join("\n"));
}

#[test]
fn libtest_prints_the_report_of_each_error() {
    let suite = Suite::build("reporting").expect("the suite builds");
    let ended = suite.libtest(User::Caller).expect("a folder").output().expect("it starts");
    compare("libtest", &of_libtest(&String::from_utf8_lossy(&ended.stdout)));
}

#[test]
fn nextest_prints_the_report_of_each_error() {
    if !witness::nextest_is_here() {
        return;
    }
    let suite = Suite::build("reporting").expect("the suite builds");
    let ended = suite.nextest().output().expect("cargo starts");
    compare("nextest", &of_nextest(&String::from_utf8_lossy(&ended.stderr)));
}

#[test]
fn each_kind_and_each_variant_has_a_report() {
    let expected = expected();
    let kinds: BTreeSet<_> = expected.values().filter_map(|text| text.lines().next()).map(str::to_owned).collect();
    assert_eq!(kinds, variants(KINDS, "ErrorKind"));
    for (source, name, prefix) in ENUMS {
        let reported: BTreeSet<_> =
            expected.keys().filter(|test| test.starts_with(prefix)).map(|test| (*test).to_owned()).collect();
        let variants: BTreeSet<_> =
            variants(source, name).iter().map(|variant| format!("{prefix}{}", snake(variant))).collect();
        assert_eq!(reported, variants, "{name}");
    }
}

/// The controls of the helpers.
#[test]
fn a_pattern_matches_its_text_and_no_other() {
    assert!(matches("at a.rs:12:3", "at a.rs:…") && matches("after 1ms; x", "after …; x") && matches("same", "same"));
    assert!(
        !matches("at b.rs:12:3", "at a.rs:…")
            && !matches("after 1ms; y", "after …; x")
            && !matches("at a.rs:", "at a.rs:…")
    );
    assert_eq!(
        variants("pub enum E {\n    /// A.\n    First {\n        x: u8,\n    },\n    Second,\n}\n", "E").len(),
        2
    );
    assert_eq!(snake("NoIpv6"), "no_ipv6");
}
