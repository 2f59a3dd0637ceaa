//! docs/scenarios.md is generated from the tests of this target: each has a line `/// Row 24: …` with its rows of the list of scenarios and a
//! name. Every row has a test; `NOT_HERE` adds the parts of rows that have none, with the reason.
//!
//! `cargo test -p netns-tests --test scenarios -- --ignored --exact listed::write_the_list` writes the file again.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

const LIST: &str = include_str!("../../../docs/scenarios.md");

/// The modules with scenarios, and their sources.
const MODULES: [(&str, &str); 28] = [
    ("announcements", include_str!("announcements.rs")),
    ("backends", include_str!("backends.rs")),
    ("bad_conditions", include_str!("bad_conditions.rs")),
    ("changes", include_str!("changes.rs")),
    ("destinations", include_str!("destinations.rs")),
    ("firewalls", include_str!("firewalls.rs")),
    ("flaps", include_str!("flaps.rs")),
    ("forwards", include_str!("forwards.rs")),
    ("hops", include_str!("hops.rs")),
    ("kinds", include_str!("kinds.rs")),
    ("life", include_str!("life.rs")),
    ("link_conditions", include_str!("link_conditions.rs")),
    ("mappings", include_str!("mappings.rs")),
    ("nat", include_str!("nat.rs")),
    ("nat64", include_str!("nat64.rs")),
    ("nat_changes", include_str!("nat_changes.rs")),
    ("nft_text", include_str!("nft_text.rs")),
    ("outsides", include_str!("outsides.rs")),
    ("pools", include_str!("pools.rs")),
    ("port_mapping", include_str!("port_mapping.rs")),
    ("punching", include_str!("punching.rs")),
    ("punctuality", include_str!("punctuality.rs")),
    ("queues", include_str!("queues.rs")),
    ("raw_packets", include_str!("raw_packets.rs")),
    ("readme", include_str!("readme.rs")),
    ("routes", include_str!("routes.rs")),
    ("sessions", include_str!("sessions.rs")),
    ("switches", include_str!("switches.rs")),
];

/// Parts of rows that have no test: the row, the part and the reason. The row has tests of its other parts.
const NOT_HERE: [(u32, &str, &str); 4] = [
    (
        36,
        "NPTv6: a prefix that changes without state, so that checksums stay right (RFC 6296)",
        "nf_tables has no rule for it: the kernel has it only as the targets `SNPT` and `DNPT` of ip6tables, and this crate speaks nf_tables; \
         `translate_prefix` is NAT66, with state",
    ),
    (
        91,
        "clocks jump further than the time of the suspension",
        "the kernel does not change the offsets of a time namespace once a process runs in it",
    ),
    (
        92,
        "a rebooted host asks for its lease again",
        "a host keeps its addresses through `lab.reboot`: no program asks for leases in a host, unless the test starts one",
    ),
    (
        93,
        "shares of CPU and memory of all programs of a host together",
        "need a control group for each host, in a hierarchy that the machine's manager (systemd) owns: root would change the machine's tree, which outlives a test that is killed, and a user needs a part of it that was delegated",
    ),
];

/// The rows that need a test.
fn required() -> impl Iterator<Item = u32> {
    (1..=68).chain(79..=84).chain(89..=93).chain(95..=97)
}

/// An annotated test.
struct Scenario {
    numbers: Vec<u32>,
    name: String,
    test: String,
}

/// Returns the scenarios of a module, and the annotated tests without a line for the list.
fn scenarios(module: &str, source: &str) -> (Vec<Scenario>, Vec<String>) {
    let (mut found, mut unlisted) = (Vec::new(), Vec::new());
    let (mut row, mut is_annotated) = (None, false);
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("/// Row") {
            row = row_of(text);
        } else if line.starts_with("#[netns_test") {
            is_annotated = true;
        } else if let Some(rest) = line.strip_prefix("fn ").or(line.strip_prefix("async fn ")) {
            let test = format!("{module}::{}", rest.split('(').next().unwrap_or_default());
            match row.take() {
                Some((numbers, name)) if is_annotated => found.push(Scenario { numbers, name, test }),
                _ if is_annotated => unlisted.push(test),
                _ => {}
            }
            is_annotated = false;
        }
    }
    (found, unlisted)
}

/// Reads the rest of a line `/// Row 24: name.` or `/// Rows 24, 25: name.`
fn row_of(text: &str) -> Option<(Vec<u32>, String)> {
    let (numbers, name) = text.trim_start_matches('s').split_once(": ")?;
    let numbers = numbers.split(',').map(|number| number.trim().parse().ok()).collect::<Option<Vec<u32>>>()?;
    Some((numbers, name.strip_suffix('.')?.to_owned()))
}

/// Returns the list, and its mistakes.
fn list(modules: &[(&str, &str)]) -> (String, Vec<String>) {
    let (mut all, mut mistakes) = (Vec::new(), Vec::new());
    for (module, source) in modules {
        let (found, unlisted) = scenarios(module, source);
        all.extend(found);
        mistakes.extend(unlisted.into_iter().map(|test| format!("{test} has no line `/// Row …`")));
    }
    // Within a row: the order of the modules, and of the tests in them.
    all.sort_by_key(|scenario| scenario.numbers.first().copied());
    let numbered: BTreeSet<u32> = all.iter().flat_map(|scenario| &scenario.numbers).copied().collect();
    let missing = required().filter(|row| !numbered.contains(row));
    mistakes.extend(missing.map(|row| format!("row {row} has no test")));

    let mut text = "<!-- Made by tests/tests/scenarios/listed.rs from the lines `/// Row …` of the tests. -->\n\n# Scenarios\n\nTypical scenarios of \
                    test networks, each as a test to copy, under `tests/tests/scenarios/`.\n\n| row | scenario | test |\n|---|---|---|\n"
        .to_owned();
    // Writing to a string does not fail, here and below.
    for Scenario { numbers, name, test } in &all {
        let numbers = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "| {numbers} | {name} | `{test}` |");
    }
    text += "\n## Not here\n\n| row | scenario | reason |\n|---|---|---|\n";
    for (number, name, reason) in NOT_HERE {
        let _ = writeln!(text, "| {number} | {name} | {reason} |");
    }
    text += "\nThe rows of names and leases (69 to 78), routing daemons (85 to 88) and clocks (94) are not scenarios of this list.\n";
    (text, mistakes)
}

#[test]
fn the_list_is_that_of_the_tests() {
    let (text, mistakes) = list(&MODULES);
    assert!(mistakes.is_empty(), "{}", mistakes.join("; "));
    let differs = LIST.lines().zip(text.lines()).find(|(present, generated)| present != generated);
    assert!(LIST == text, "docs/scenarios.md is not that of the tests, first at {differs:?}; run `write_the_list`");
}

#[test]
#[ignore = "writes docs/scenarios.md"]
fn write_the_list() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scenarios.md");
    std::fs::write(path, list(&MODULES).0).expect("the file can be written");
}

#[test]
fn a_test_without_a_row_and_a_row_without_a_test_are_noticed() {
    let with = |from: &str, to: &str| {
        let sources = MODULES.map(|(module, source)| (module, source.replace(from, to)));
        list(&sources.each_ref().map(|(module, source)| (*module, source.as_str()))).1
    };
    assert_eq!(with("/// Row 30: ", "/// Row 98: "), ["row 30 has no test"]);
    assert_eq!(
        with("/// Row 36: ", "/// "),
        ["nat::a_site_has_another_prefix_outside has no line `/// Row …`", "row 36 has no test"]
    );
    assert_eq!(with("/// Row 30: ", "/// Row thirty: ").len(), 2, "a number that is none");
    assert_eq!(with("/// Row 93: ", "/// Row 98: "), ["row 93 has no test"], "a part of the row is in `NOT_HERE`");
}

/// A module that is missing in `MODULES` would have unlisted tests that nobody notices.
#[test]
fn every_module_of_scenarios_is_read() {
    let main = include_str!("main.rs");
    let declared = main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let declared: BTreeSet<&str> =
        declared.filter(|module| !["listed", "measured", "traffic"].contains(module)).collect();
    assert_eq!(declared, MODULES.iter().map(|(module, _)| *module).collect());
}
