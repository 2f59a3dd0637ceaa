//! `--fix` and `--diff`, as a user runs them.

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

/// The client knows the port and comes from another network namespace, to which loopback does not lead.
#[test]
fn a_listener_stays_where_a_client_elsewhere_learns_its_port() {
    let text = r#"#[test]
fn is_reached_from_the_client() {
    let lab = lab();
    let listener = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    lab.client.run(|| std::net::TcpStream::connect((lab.server_address(), port)).unwrap());
    listener.accept().unwrap();
}
"#;
    let folder = package(&[("tests/a.rs", text.as_bytes())]);
    let ran = lint(folder.path(), &["--fix"]);
    assert_eq!(fs::read_to_string(folder.path().join("tests/a.rs")).expect("there"), text);
    assert!(ran.status == 1 && ran.out.contains("tests/a.rs:4:"), "{}", ran.out);
}

/// Two comments in a row: the first covers the second's line only once the second has gone.
#[test]
fn a_difference_has_every_change_of_a_fix() {
    let text = BEFORE.replace(
        "    // netns-lint: allow(shell-command) not needed any more\n",
        "    // netns-lint: allow(shell-command) not needed any more\n    // netns-lint: allow(temp-path) nor is this\n",
    );
    let folder = package(&[("tests/a.rs", text.as_bytes()), ("tests/b.rs", BEFORE.as_bytes())]);
    let ran = lint(folder.path(), &["--diff"]);
    fs::write(folder.path().join("change.diff"), &ran.out).expect("written");
    let fixed = lint(folder.path(), &["--fix"]);
    assert!(fixed.err.contains("fixed 11 findings in 2 files"), "{}", fixed.err);
    let after = fs::read_to_string(folder.path().join("tests/a.rs")).expect("there");
    assert_eq!(after, AFTER);
    fs::write(folder.path().join("tests/a.rs"), &text).expect("written");
    fs::write(folder.path().join("tests/b.rs"), BEFORE).expect("written");
    let applied = std::process::Command::new("git").args(["apply", "change.diff"]).current_dir(folder.path()).status();
    assert!(applied.expect("git is there").success());
    for file in ["tests/a.rs", "tests/b.rs"] {
        assert_eq!(fs::read_to_string(folder.path().join(file)).expect("there"), AFTER, "{file}");
    }
}

#[test]
fn a_file_that_cannot_be_replaced_is_named_and_the_others_are_fixed() {
    let folder = package(&[("tests/a.rs", BEFORE.as_bytes()), ("tests/b/mod.rs", BEFORE.as_bytes())]);
    let locked = folder.path().join("tests/b");
    // Root also writes into a folder without permissions, but not into an immutable one.
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).expect("changed");
    let is_refused = fs::write(locked.join("probe"), "").is_err();
    let ran = lint(folder.path(), &["--fix"]);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).expect("changed");
    assert_eq!(fs::read_to_string(folder.path().join("tests/a.rs")).expect("there"), AFTER);
    if is_refused {
        assert!(ran.status == 3 && ran.out.contains("tests/b/mod.rs cannot be fixed"), "{}", ran.out);
        assert!(ran.out.contains("tests/b/mod.rs:4:"), "what is left in it is reported: {}", ran.out);
        assert_eq!(ran.err, "netns-lint: fixed 5 findings in 1 file\n");
    }
}
