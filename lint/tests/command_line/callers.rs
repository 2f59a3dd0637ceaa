//! A finding in a helper is shown once, at its source, and names the calls through which tests reach it.

use std::path::Path;

use crate::support::{lint, package};

const HELPERS: &str = "\
pub fn serve() { std::net::TcpListener::bind(\"0.0.0.0:0\").unwrap(); }\n\
pub fn start() { serve(); }\n\
pub fn wait() { let mut child = std::process::Command::new(\"server\").spawn().unwrap(); child.wait().unwrap(); }\n";

/// The rule and the callers of each finding in `tests/utils/mod.rs`, as `file:line`.
fn callers(folder: &Path) -> Vec<(String, Vec<String>)> {
    let report: serde_json::Value = serde_json::from_str(&lint(folder, &["--format", "json"]).out).expect("JSON");
    let place = |caller: &serde_json::Value| {
        format!("{}:{}", caller["path"].as_str().expect("a path"), caller["location"]["start"]["line"])
    };
    let findings = report["findings"].as_array().expect("a list").iter();
    let in_helper = findings.filter(|finding| finding["path"] == "tests/utils/mod.rs");
    let callers = |finding: &serde_json::Value| {
        let rule = finding["rule"].as_str().expect("a rule").to_owned();
        (rule, finding["callers"].as_array().expect("a list").iter().map(place).collect())
    };
    in_helper.map(callers).collect()
}

fn of(found: &[(String, Vec<String>)], rule: &str) -> Vec<String> {
    found.iter().filter(|(known, _)| known == rule).flat_map(|(_, callers)| callers.clone()).collect()
}

#[test]
fn a_finding_in_a_helper_names_the_tests_of_other_files() {
    let direct = "mod utils;\nuse utils::serve;\n#[test]\nfn f() {\n    serve();\n}\n";
    let through = "mod utils;\n#[test]\nfn f() {\n    utils::start();\n}\nfn helper() { utils::wait(); }\n\
                   #[test]\nfn g() {\n    helper();\n}\n#[test]\nfn h() {\n    std::thread::spawn(utils::serve);\n}\n";
    let other = "mod utils;\n#[test]\nfn f() {\n    utils::other();\n}\n";
    let folder = package(&[
        ("tests/utils/mod.rs", HELPERS.as_bytes()),
        ("tests/a.rs", direct.as_bytes()),
        ("tests/b.rs", through.as_bytes()),
        ("tests/c.rs", other.as_bytes()),
    ]);
    let found = callers(folder.path());
    assert_eq!(of(&found, "wildcard-bind"), ["tests/a.rs:5", "tests/b.rs:4", "tests/b.rs:13"]);
    // The effects of this helper do not matter to other files, so its callers are not evaluated again.
    assert_eq!(of(&found, "unbounded-wait"), ["tests/b.rs:6", "tests/b.rs:9"]);
}

#[test]
fn the_report_for_people_shows_a_handful_of_callers() {
    let tests = |count: usize| {
        let test = |at: usize| format!("#[test]\nfn f{at}() {{ utils::serve(); }}\n");
        format!("mod utils;\n{}", (0..count).map(test).collect::<String>())
    };
    for (count, shown) in [(1, "reached from: tests/a.rs:3\n"), (7, "tests/a.rs:9, tests/a.rs:11, and 2 more\n")] {
        let folder = package(&[("tests/utils/mod.rs", HELPERS.as_bytes()), ("tests/a.rs", tests(count).as_bytes())]);
        let text = lint(folder.path(), &[]).out;
        assert!(text.contains(shown), "{text}");
    }
}
