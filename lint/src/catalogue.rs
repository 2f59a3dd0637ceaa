//! The catalogue: the only list of rules, with names, default severities and documentation. It depends on no rule, so
//! that configuration, suppressions and outputs can read it; `rules/mod.rs` adds the functions.

use crate::finding::Severity;

/// The user-visible data of a rule.
pub(crate) struct Entry {
    /// The name of the hazard, so that `allow(name)` reads naturally.
    pub name: &'static str,
    /// The severity before configuration.
    pub severity: Severity,
    source: &'static str,
}

/// Calls the macro `$with` with every rule, in the order of the documentation: the module below `rules/`, the name, the
/// default severity.
macro_rules! with_rules {
    ($with:ident) => {
        $with! {
            unbounded_env_duration: "unbounded-env-duration", Error;
            unbounded_env_size: "unbounded-env-size", Warning;
            shell_command: "shell-command", Error;
            split_command: "split-command", Warning;
            option_injection: "option-injection", Warning;
            literal_address: "literal-address", Warning;
            literal_port: "literal-port", Note;
            wildcard_bind: "wildcard-bind", Warning;
            unclaimed_name: "unclaimed-name", Warning;
            temp_path: "temp-path", Warning;
            privileged_command: "privileged-command", Warning;
            namespace_on_shared_thread: "namespace-on-shared-thread", Error;
            unbounded_wait: "unbounded-wait", Warning;
            leaked_child: "leaked-child", Warning;
            kill_by_name: "kill-by-name", Error;
            set_env_in_test: "set-env-in-test", Warning;
            sleep_as_synchronization: "sleep-as-synchronization", Warning;
            port_reuse_race: "port-reuse-race", Note;
            blocking_in_async: "blocking-in-async", Warning;
            public_internet: "public-internet", Warning;
            client_without_timeout: "client-without-timeout", Warning;
            certificate_check_off: "certificate-check-off", Warning;
            serial_by_convention: "serial-by-convention", Note;
            host_network_changed: "host-network-changed", Warning;
        }
    };
}
pub(crate) use with_rules;

macro_rules! entries {
    ($($module:ident: $name:literal, $severity:ident;)*) => {
        &[$(Entry {
            name: $name,
            severity: Severity::$severity,
            source: include_str!(concat!("rules/", stringify!($module), ".rs")),
        },)*]
    };
}

/// Every rule, in the order of the documentation.
pub(crate) static RULES: &[Entry] = with_rules!(entries);

/// Rules that also count in developer tools, because the hazard hurts others on the machine. A user watches the tool,
/// and no test runs at the same time; so the other rules are pedantic there.
pub(crate) const IN_TOOLS: &[&str] = &["kill-by-name"];

/// Rules about the hazards of an unattended run. The user who starts an example sees it wait, and an example shows the
/// usual port and host of a service; so these rules are pedantic there.
pub(crate) const OF_TESTS: &[&str] = &["literal-port", "public-internet", "client-without-timeout"];

/// Findings about files and suppressions, with a description. They do not come from rules.
pub(crate) const BUILT_IN: &[(&str, &str)] = &[
    ("unparsable-file", "the file could not be parsed, so nothing in it was checked"),
    ("unused-suppression", "a suppression that suppresses nothing"),
    ("suppression-without-reason", "a suppression that does not say why"),
    ("unknown-rule", "a suppression that names a rule that does not exist"),
    ("stale-baseline", "an entry of the baseline that is no longer found"),
    ("further-findings", "more findings than are kept, the first of them in this file"),
];

impl Entry {
    /// Returns the documentation in Markdown: the `//!` lines of the rule's file.
    pub(crate) fn documentation(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        lines.flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"]).collect()
    }

    /// Returns the first paragraph of the documentation.
    pub(crate) fn summary(&self) -> String {
        let documentation = self.documentation();
        documentation.split("\n\n").nth(1).unwrap_or_default().replace('\n', " ").trim().to_owned()
    }
}

/// Returns the documentation of the rule or built-in finding called `name`.
pub(crate) fn explanation(name: &str) -> Option<String> {
    let rule = RULES.iter().find(|entry| entry.name == name).map(Entry::documentation);
    rule.or_else(|| {
        let (name, what) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
        Some(format!("# {name}\n\nReports {what}.\n"))
    })
}

/// Returns the documentation of every rule, which is `docs/rules.md`.
pub(crate) fn reference() -> String {
    let mut text =
        "<!-- Made by `cargo netns-lint --explain all`; the text of a rule stands in its file in lint/src/rules. -->\n"
            .to_owned();
    for entry in RULES {
        let documentation = entry.documentation();
        let (title, rest) = documentation.split_once('\n').unwrap_or((&documentation, ""));
        text.extend(["\n", title, "\n\nDefault: ", &entry.severity.to_string(), ".\n", rest]);
    }
    text.push_str("\n# Findings about the files themselves\n\n");
    for (name, what) in BUILT_IN {
        text.extend(["- `", name, "`: ", what, ".\n"]);
    }
    text
}

/// Returns all names that can be configured and suppressed, in the order of the documentation.
pub(crate) fn names() -> Vec<&'static str> {
    RULES.iter().map(|entry| entry.name).chain(BUILT_IN.iter().map(|(name, _)| *name)).collect()
}

/// Whether `name` can be configured and suppressed.
pub(crate) fn exists(name: &str) -> bool {
    names().contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_what_the_rules_say() {
        let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo and nextest set it");
        let path = format!("{package}/../docs/rules.md");
        let text = std::fs::read_to_string(path).expect("docs/rules.md is there");
        assert!(text == reference(), "write it again: cargo run -p netns-lint -- --explain all > docs/rules.md");
    }

    #[test]
    fn each_file_is_titled_with_the_name_of_its_rule() {
        for entry in RULES {
            assert_eq!(entry.documentation().lines().next(), Some(format!("# {}", entry.name).as_str()));
            assert!(!entry.summary().is_empty(), "{}", entry.name);
        }
    }
}
