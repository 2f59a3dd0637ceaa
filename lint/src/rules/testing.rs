//! Shared helpers for the tests of the rules: they check a text and return the findings of one rule.

use crate::config::Config;
use crate::engine::findings_in;
use crate::finding::{Finding, Fix};
use crate::fix::applied;

/// Returns the findings of `rule` with default settings.
pub(crate) fn found(rule: &str, code: &str) -> Vec<Finding> {
    with(rule, code, &Config::default())
}

/// Returns the findings of `rule` with `--pedantic`.
pub(crate) fn found_pedantic(rule: &str, code: &str) -> Vec<Finding> {
    with(rule, code, &Config { pedantic: true, ..Config::default() })
}

/// Asserts that `rule` reports nothing with default settings.
pub(crate) fn clean(rule: &str, code: &str) {
    let messages: Vec<String> = found(rule, code).into_iter().map(|finding| finding.message).collect();
    assert!(messages.is_empty(), "{rule} should have nothing to say about\n{code}\nbut says {messages:#?}");
}

/// Asserts that `rule` reports exactly one finding for each piece of code, inserted into `frame` for `{}`; and that a
/// suppression on the line above suppresses it and counts as used.
pub(crate) fn each_found(rule: &str, frame: &str, codes: &[&str]) {
    for code in codes {
        let code = frame.replace("{}", code);
        let findings = found(rule, &code);
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages.len(), 1, "{rule} about\n{code}\nsays {messages:#?}");
        let line_start = code[..findings[0].location.start_byte as usize].rfind('\n').map_or(0, |end| end + 1);
        let (before, after) = code.split_at(line_start);
        let suppressed = format!("{before}// netns-lint: allow({rule}) the case says so\n{after}");
        clean(rule, &suppressed);
        clean("unused-suppression", &suppressed);
    }
}

/// Asserts that `rule` reports nothing for any piece of code, inserted into `frame` for `{}`.
pub(crate) fn each_clean(rule: &str, frame: &str, codes: &[&str]) {
    for code in codes {
        clean(rule, &frame.replace("{}", code));
    }
}

/// Asserts that the fixes of `rule` turn the first piece of code of each pair into the second, and that the second has
/// no finding.
pub(crate) fn each_fixed(rule: &str, frame: &str, codes: &[(&str, &str)]) {
    for (before, after) in codes {
        let (before, after) = (frame.replace("{}", before), frame.replace("{}", after));
        let findings = found_pedantic(rule, &before);
        let fixes: Vec<&Fix> = findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
        assert_eq!(applied(&before, &fixes), Some((after.clone(), findings.len())), "{rule} in\n{before}");
        assert_eq!(found_pedantic(rule, &after), [], "{rule} in\n{after}");
    }
}

/// Asserts that `rule` reports each piece of code without a fix.
pub(crate) fn each_without_fix(rule: &str, frame: &str, codes: &[&str]) {
    for code in codes {
        let findings = found_pedantic(rule, &frame.replace("{}", code));
        assert!(!findings.is_empty() && findings.iter().all(|finding| finding.fix.is_none()), "{code}: {findings:#?}");
    }
}

fn with(rule: &str, code: &str, config: &Config) -> Vec<Finding> {
    findings_in(code, config).into_iter().filter(|finding| finding.rule == rule).collect()
}
