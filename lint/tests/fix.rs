//! `--fix` and `--diff`, as a person uses them.

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use support::{HARMLESS, HAZARD, lint, package};

/// One finding for each rule that has a fix, and two without one.
const BEFORE: &str = r#"use std::time::Duration;
#[tokio::test]
async fn serves() {
    let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let wait: u64 = std::env::var("WAIT").unwrap().parse().unwrap();
    std::thread::sleep(Duration::from_millis(wait));
    let server = tokio::process::Command::new("server")
        .spawn()
        .unwrap();
    std::process::Command::new("ping").arg(std::env::var("HOST").unwrap()).status().unwrap();
    // netns-lint: allow(shell-command) not needed any more
    let other = std::net::TcpListener::bind("[::]:0").unwrap();
    std::net::TcpListener::bind("0.0.0.0:0").unwrap(); // netns-lint: allow(wildcard-bind) all of them, on purpose
}
"#;
const AFTER: &str = r#"use std::time::Duration;
#[tokio::test]
async fn serves() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let wait: u64 = std::env::var("WAIT").unwrap().parse().unwrap();
    std::thread::sleep(Duration::from_millis(wait).min(Duration::from_secs(600)));
    let server = tokio::process::Command::new("server")
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    std::process::Command::new("ping").arg("--").arg(std::env::var("HOST").unwrap()).status().unwrap();
    let other = std::net::TcpListener::bind("[::]:0").unwrap();
    std::net::TcpListener::bind("0.0.0.0:0").unwrap(); // netns-lint: allow(wildcard-bind) all of them, on purpose
}
"#;

#[test]
fn what_is_certain_is_fixed_and_the_rest_is_reported() {
    let folder = package(&[("tests/a.rs", BEFORE.as_bytes()), ("tests/b.rs", HAZARD.as_bytes())]);
    let ran = lint(folder.path(), &["--fix"]);
    assert_eq!(fs::read_to_string(folder.path().join("tests/a.rs")).expect("there"), AFTER);
    assert_eq!(fs::read_to_string(folder.path().join("tests/b.rs")).expect("there"), HAZARD);
    assert_eq!(ran.status, 1);
    assert_eq!(ran.err, "netns-lint: fixed 5 findings in 1 file\n");
    assert!(ran.out.contains("tests/a.rs:12:") && ran.out.contains("tests/b.rs:4:5"), "{}", ran.out);
    assert!(ran.out.contains("1 error, 1 warning;"), "{}", ran.out);
    let again = lint(folder.path(), &["--fix"]);
    assert_eq!(again.err, "netns-lint: fixed 0 findings in 0 files\n");
    assert_eq!(again.out, ran.out);
    assert_eq!(fs::read_to_string(folder.path().join("tests/a.rs")).expect("there"), AFTER);
}

#[test]
fn a_difference_is_what_git_applies_and_nothing_is_written() {
    let folder = package(&[("tests/a b.rs", BEFORE.as_bytes())]);
    let ran = lint(folder.path(), &["--diff"]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.starts_with("--- \"a/tests/a b.rs\"\n+++ \"b/tests/a b.rs\"\n@@ -1,14 +1,14 @@\n"), "{}", ran.out);
    assert!(
        ran.out.contains("-    let listener = std::net::TcpListener::bind(\"0.0.0.0:0\").unwrap();\n"),
        "{}",
        ran.out
    );
    assert_eq!(fs::read_to_string(folder.path().join("tests/a b.rs")).expect("there"), BEFORE);
    fs::write(folder.path().join("change.diff"), &ran.out).expect("written");
    let applied = std::process::Command::new("git").args(["apply", "change.diff"]).current_dir(folder.path()).status();
    assert!(applied.expect("git is there").success());
    assert_eq!(fs::read_to_string(folder.path().join("tests/a b.rs")).expect("there"), AFTER);
    assert_eq!(lint(folder.path(), &["--diff", "--min-severity", "error"]).out, "");
}

#[test]
fn what_the_baseline_or_nobody_asked_about_is_not_fixed() {
    let folder = package(&[("tests/a.rs", BEFORE.as_bytes()), ("tests/b.rs", HARMLESS.as_bytes())]);
    assert_eq!(lint(folder.path(), &["--fix", "tests/b.rs"]).status, 0);
    assert_eq!(lint(folder.path(), &["--write-baseline"]).status, 0);
    assert_eq!(lint(folder.path(), &["--fix"]).status, 0);
    assert_eq!(fs::read_to_string(folder.path().join("tests/a.rs")).expect("there"), BEFORE);
}

#[test]
fn permissions_and_links_stay_and_nothing_else_is_left() {
    let folder = package(&[("shared.rs", BEFORE.as_bytes()), ("tests/b.rs", HARMLESS.as_bytes())]);
    fs::set_permissions(folder.path().join("shared.rs"), fs::Permissions::from_mode(0o751)).expect("changed");
    symlink("../shared.rs", folder.path().join("tests/a.rs")).expect("linked");
    assert_eq!(lint(folder.path(), &["--fix", "tests/a.rs"]).status, 1);
    assert_eq!(fs::read_to_string(folder.path().join("shared.rs")).expect("there"), AFTER);
    let mode = fs::metadata(folder.path().join("shared.rs")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o751);
    assert!(fs::symlink_metadata(folder.path().join("tests/a.rs")).expect("there").is_symlink());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3, "manifest, shared.rs, tests");
}

#[test]
fn reports_for_programs_carry_the_fix() {
    let folder = package(&[("tests/a.rs", BEFORE.as_bytes())]);
    let report = |format: &str| -> serde_json::Value {
        serde_json::from_str(&lint(folder.path(), &["--format", format]).out).expect("JSON")
    };
    let json = report("json");
    let fix = &json["findings"][0]["fix"];
    assert_eq!(fix["description"], "listen on loopback");
    assert_eq!(fix["edits"][0]["text"], "\"127.0.0.1:");
    assert_eq!(fix["edits"][0]["location"]["start"], serde_json::json!({ "line": 4, "column": 48 }));
    let sarif = report("sarif");
    let replacement = &sarif["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "\"127.0.0.1:");
    assert_eq!(replacement["deletedRegion"]["startColumn"], 48);
    assert!(lint(folder.path(), &[]).out.contains("fix: `--fix` can listen on loopback"));
}
