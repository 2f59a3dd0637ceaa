//! Names and descriptions that mark test code, or a developer tool.
//!
//! A name alone never decides about a package, because the package may be a product (see [`crate::scope::packages`]).

/// Words in the names of packages, folders, programs and features for tests.
const TEST_WORDS: &[&str] = &[
    "test",
    "tests",
    "testing",
    "testsuite",
    "testsuites",
    "testutil",
    "testutils",
    "testkit",
    "testlib",
    "testbed",
    "testbench",
    "testcase",
    "testcases",
    "testhelper",
    "testhelpers",
    "testsupport",
    "tester",
    "integration",
    "e2e",
    "bench",
    "benches",
    "benchmark",
    "benchmarks",
    "benchmarking",
    "harness",
    "conformance",
    "interop",
    "fuzz",
    "fuzzing",
    "fuzzer",
    "itest",
    "itests",
    "ctest",
    "systest",
    "systests",
    "acceptance",
    "smoketest",
    "smoketests",
    "loadtest",
    "stresstest",
];

/// Words in the names of packages that only tests depend on.
const SUPPORT_WORDS: &[&str] = &[
    "support",
    "common",
    "helper",
    "helpers",
    "util",
    "utils",
    "fixture",
    "fixtures",
    "mock",
    "mocks",
    "fake",
    "fakes",
    "stub",
    "stubs",
    "dummy",
    "sim",
    "simulator",
    "framework",
    "runner",
    "driver",
    "lab",
];

/// Words in the names of packages and directories that developers run by hand or in CI.
const TOOL_WORDS: &[&str] =
    &["xtask", "xtasks", "tool", "tools", "tooling", "devtools", "script", "scripts", "ci", "release", "codegen"];

/// Names of modules that serve tests, besides "test".
const HELPER_WORDS: &[&str] = &[
    "util",
    "utils",
    "utilities",
    "helper",
    "helpers",
    "support",
    "common",
    "kit",
    "harness",
    "fixture",
    "fixtures",
    "server",
    "servers",
    "client",
    "clients",
    "data",
    "env",
    "environment",
    "lib",
    "mock",
    "mocks",
    "setup",
    "suite",
    "base",
    "tools",
    "macros",
    "cluster",
    "context",
    "only",
    "case",
    "cases",
    "runner",
];

/// Phrases in the descriptions of packages for tests.
const DESCRIPTIONS: &[&str] = &[
    "integration test",
    "end-to-end test",
    "end to end test",
    "e2e test",
    "test suite",
    "test harness",
    "test framework for",
    "test helper",
    "test utilit",
    "test support",
    "conformance test",
    "acceptance test",
    "system test",
    "benchmarks for",
    "benchmark suite",
    "helpers for test",
    "utilities for test",
    "used in tests",
    "during testing",
    "during tests",
    "for testing",
    "fuzz target",
];

/// Libraries that run tests or that only tests need; listed as normal dependencies.
const TEST_LIBRARIES: &[&str] = &[
    "libtest-mimic",
    "testcontainers",
    "testcontainers-modules",
    "assert_cmd",
    "cucumber",
    "trybuild",
    "criterion",
    "divan",
    "rstest",
    "test-log",
    "test-case",
    "googletest",
    "wiremock",
    "serial_test",
    "libfuzzer-sys",
    "datatest-stable",
    "insta",
];

/// Splits a name into words: `e2e-tests`, `E2eTests` and `e2e_tests` have the same two.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            words.last_mut().expect("there is always one").extend(character.to_lowercase());
        }
        after_lower = character.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

fn has(name: &str, list: &[&str]) -> bool {
    words(name).iter().any(|word| list.contains(&word.as_str()))
}

/// Whether the name of a package, directory, program or feature marks test code.
pub(crate) fn says_test(name: &str) -> bool {
    has(name, TEST_WORDS)
}

/// Whether the name of a package that only tests depend on marks test support.
pub(crate) fn says_support(name: &str) -> bool {
    says_test(name) || has(name, SUPPORT_WORDS)
}

/// Whether the name of a package or directory marks a developer tool.
pub(crate) fn says_tool(name: &str) -> bool {
    has(name, TOOL_WORDS)
}

/// Whether the description of a package marks it as for tests.
pub(crate) fn describes_tests(description: &str) -> bool {
    let description = description.to_lowercase();
    DESCRIPTIONS.iter().any(|part| description.contains(part))
}

/// Whether the package is a library that runs tests or serves them.
pub(crate) fn is_test_library(package: &str) -> bool {
    TEST_LIBRARIES.contains(&package)
}

/// Whether the name of a module marks test support, in any crate: `test_utils`, `testing`, `tests_common`.
///
/// Excludes `test` alone, which may be the name of a command, and `speed_test`, which may be a feature of a product.
pub(crate) fn is_helper_module(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [only] => [
            "tests",
            "testing",
            "testutil",
            "testutils",
            "testkit",
            "testlib",
            "testhelper",
            "testhelpers",
            "testsupport",
        ]
        .contains(only),
        ["test" | "tests" | "testing", .., last] => HELPER_WORDS.contains(last),
        ["for" | "util" | "utils" | "helpers" | "fixtures" | "support", .., "test" | "tests" | "testing"] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_their_parts() {
        for name in ["e2e-tests", "test-manager", "E2eTests", "my_harness", "interop", "net-conformance", "bench"] {
            assert!(says_test(name), "{name}");
        }
        for name in ["latest", "testnet", "contest-server", "attestation", "workbench", "integrations", "server"] {
            assert!(!says_test(name), "{name}");
        }
        assert!(says_tool("xtask") && says_tool("release-scripts") && !says_tool("toolkit"));
    }

    #[test]
    fn modules_of_helpers_are_told_from_features() {
        for name in [
            "test_utils",
            "test_util",
            "testing",
            "testutils",
            "tests_common",
            "test_helpers",
            "test_support",
            "testing_utils",
            "utils_for_tests",
            "tests",
            "for_testing",
            "test_server",
        ] {
            assert!(is_helper_module(name), "{name}");
        }
        for name in ["test", "speed_test", "latest", "attest", "utils", "server", "test_connection", "contest", "bench"]
        {
            assert!(!is_helper_module(name), "{name}");
        }
    }
}
