//! The list in docs/scenarios.md and the tests of this target are the same, and every row has a test or the reason why it has none.

use std::collections::BTreeSet;

const LIST: &str = include_str!("../../../docs/scenarios.md");

/// The modules with scenarios, and their sources.
const MODULES: [(&str, &str); 26] = [
    ("announcements", include_str!("announcements.rs")),
    ("backends", include_str!("backends.rs")),
    ("changes", include_str!("changes.rs")),
    ("destinations", include_str!("destinations.rs")),
    ("firewalls", include_str!("firewalls.rs")),
    ("flaps", include_str!("flaps.rs")),
    ("forwards", include_str!("forwards.rs")),
    ("hops", include_str!("hops.rs")),
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

/// The rows that need a test or a reason.
fn required() -> impl Iterator<Item = u32> {
    (1..=68).chain(79..=84).chain(89..=93).chain(95..=97)
}

/// A row of one of the two tables: its numbers, and its third column.
struct Row<'a> {
    numbers: Vec<u32>,
    last: &'a str,
}

impl Row<'_> {
    /// The test between backticks.
    fn test(&self) -> Option<&str> {
        self.last.strip_prefix('`')?.strip_suffix('`')
    }
}

fn rows(list: &str) -> Vec<Row<'_>> {
    let cells = list.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect();
        <[&str; 3]>::try_from(cells).ok()
    });
    let numbered = cells.filter_map(|[numbers, _, last]| {
        let numbers = numbers.split(", ").map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Row { numbers, last })
    });
    numbered.collect()
}

/// The annotated tests of a module.
fn tests<'a>(module: &'a str, source: &'a str) -> impl Iterator<Item = String> + 'a {
    let mut lines = source.lines();
    std::iter::from_fn(move || {
        lines.by_ref().find(|line| line.starts_with("#[netns_test"))?;
        let name = lines.by_ref().find_map(|line| line.strip_prefix("fn "))?.split('(').next()?;
        Some(format!("{module}::{name}"))
    })
}

/// Returns the mistakes of a list about these tests.
fn mistakes(list: &str, present: &BTreeSet<String>) -> Vec<String> {
    let rows = rows(list);
    let listed: BTreeSet<String> = rows.iter().filter_map(Row::test).map(str::to_owned).collect();
    let numbered: BTreeSet<u32> = rows.iter().flat_map(|row| &row.numbers).copied().collect();
    let unlisted = present.difference(&listed).map(|test| format!("{test} is not in the list"));
    let absent = listed.difference(present).map(|test| format!("{test} does not exist"));
    let missing = required().filter(|row| !numbered.contains(row));
    let missing = missing.map(|row| format!("row {row} has neither a test nor a reason"));
    unlisted.chain(absent).chain(missing).collect()
}

fn present() -> BTreeSet<String> {
    MODULES.into_iter().flat_map(|(module, source)| tests(module, source)).collect()
}

#[test]
fn every_row_has_a_test_or_a_reason() {
    let mistakes = mistakes(LIST, &present());
    assert!(mistakes.is_empty(), "docs/scenarios.md: {}", mistakes.join("; "));
}

#[test]
fn a_list_that_is_wrong_is_noticed() {
    let listed = "`nat::two_translations_in_a_row`";
    let (without_row, with_other) = (LIST.replace("| 30 |", "| 98 |"), LIST.replace(listed, "`nat::gone`"));
    assert_eq!(mistakes(&without_row, &present()), ["row 30 has neither a test nor a reason"]);
    let wrong = mistakes(&with_other, &present());
    assert_eq!(wrong, ["nat::two_translations_in_a_row is not in the list", "nat::gone does not exist"]);
}

/// A module that is missing in `MODULES` would have unlisted tests that nobody notices.
#[test]
fn every_module_of_scenarios_is_read() {
    let main = include_str!("main.rs");
    let declared = main.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let declared: BTreeSet<&str> = declared.filter(|module| !["listed", "traffic"].contains(module)).collect();
    assert_eq!(declared, MODULES.iter().map(|(module, _)| *module).collect());
}
