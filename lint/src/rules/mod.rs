//! The registry: the one list of rules. A rule is a file of this folder and a line below.

mod address;
mod argv;
mod bounds;

use crate::rule::Entry;

#[cfg(test)]
mod testing;

macro_rules! registry {
    ($($module:ident::$rule:ident,)*) => {
        $(mod $module;)*

        /// Every rule, in the order of the documentation.
        pub(crate) static REGISTRY: &[Entry] =
            &[$(Entry::new(&$module::$rule, include_str!(concat!(stringify!($module), ".rs"))),)*];
    };
}

registry! {
    unbounded_env_duration::UnboundedEnvDuration,
    unbounded_env_size::UnboundedEnvSize,
    shell_command::ShellCommand,
    split_command::SplitCommand,
    option_injection::OptionInjection,
    literal_address::LiteralAddress,
    literal_port::LiteralPort,
    wildcard_bind::WildcardBind,
    unclaimed_name::UnclaimedName,
    temp_path::TempPath,
    privileged_command::PrivilegedCommand,
    namespace_on_shared_thread::NamespaceOnSharedThread,
    unbounded_wait::UnboundedWait,
    leaked_child::LeakedChild,
    kill_by_name::KillByName,
}

/// Findings about the files and the suppressions themselves; they have no file of facts to look at.
pub(crate) const BUILT_IN: &[(&str, &str)] = &[
    ("unparsable-file", "the file could not be parsed, so nothing in it was checked"),
    ("unused-suppression", "a suppression that suppresses nothing"),
    ("suppression-without-reason", "a suppression that does not say why"),
    ("unknown-rule", "a suppression that names a rule that does not exist"),
    ("stale-baseline", "an entry of the baseline that is no longer found"),
    ("further-findings", "more findings than are kept, the first of them in this file"),
];

/// The entry of the rule called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    REGISTRY.iter().find(|entry| entry.rule.name() == name)
}

/// The documentation of every rule, `docs/rules.md`.
pub(crate) fn reference() -> String {
    let mut text =
        "<!-- Made by `cargo netns-lint --explain all`; the text of a rule stands in its file in lint/src/rules. -->\n"
            .to_owned();
    for entry in REGISTRY {
        let severity = entry.rule.severity();
        let documentation = entry.documentation();
        let (title, rest) = documentation.split_once('\n').unwrap_or((&documentation, ""));
        text.extend(["\n", title, "\n\nDefault: ", &severity.to_string(), ".\n", rest]);
    }
    text.push_str("\n# Findings about the files themselves\n\n");
    for (name, what) in BUILT_IN {
        text.extend(["- `", name, "`: ", what, ".\n"]);
    }
    text
}

/// Whether `name` can be configured and suppressed.
pub(crate) fn exists(name: &str) -> bool {
    find(name).is_some() || BUILT_IN.iter().any(|(known, _)| *known == name)
}

/// Whether a text can stand in the list of allowed addresses.
pub(crate) fn is_address(text: &str) -> bool {
    address::network(text).is_some()
}

/// All names, in the order of the documentation.
pub(crate) fn names() -> Vec<&'static str> {
    REGISTRY.iter().map(|entry| entry.rule.name()).chain(BUILT_IN.iter().map(|(name, _)| *name)).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_is_what_the_rules_say() {
        let package = std::env::var("CARGO_MANIFEST_DIR").expect("cargo and nextest set it");
        let path = format!("{package}/../docs/rules.md");
        let text = std::fs::read_to_string(path).expect("docs/rules.md is there");
        assert!(text == super::reference(), "write it again: cargo netns-lint --explain all > docs/rules.md");
    }
}
