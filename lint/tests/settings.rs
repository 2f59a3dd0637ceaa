//! Configuration files and the baseline, as a user runs them.

mod support;

use std::fs;

use support::{HARMLESS, HAZARD, lint, package};

#[test]
fn both_places_of_the_configuration_count_and_two_at_once_are_refused() {
    let folder = package(&[("tests/a.rs", HAZARD.as_bytes())]);
    fs::write(folder.path().join("netns-test.toml"), "[lint.rules]\nshell-command = \"off\"\n").expect("written");
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    assert_eq!(lint(&folder.path().join("tests"), &["."]).status, 0, "it is found from below");
    assert_eq!(lint(folder.path(), &["--no-config"]).status, 1);
    let manifest = "[package]\nname = \"sample\"\nversion = \"0.1.0\"\n[workspace.metadata.netns-lint.rules]\nshell-command = \"note\"\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).expect("written");
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("keep one of the two"), "{}", ran.err);
    fs::remove_file(folder.path().join("netns-test.toml")).expect("removed");
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.contains("note[shell-command]"), "{}", ran.out);
    assert_eq!(lint(folder.path(), &["--min-severity", "warning"]).status, 0);
}

/// The file in the fixtures' documentation has all of their tables; a test of the fixtures keeps it complete.
#[test]
fn the_tables_of_the_fixtures_are_passed_over() {
    let folder = package(&[("tests/a.rs", HAZARD.as_bytes())]);
    let package_of_ours = std::env::var("CARGO_MANIFEST_DIR").expect("cargo and nextest set it");
    let example = fs::read_to_string(format!("{package_of_ours}/../tests/examples/netns-test.toml"))
        .expect("the example is there");
    fs::write(folder.path().join("netns-test.toml"), format!("{example}\n[lint.rules]\nshell-command = \"off\"\n"))
        .expect("written");
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
}

#[test]
fn a_mistake_in_the_configuration_is_a_usage_error_with_its_place() {
    let folder = package(&[("tests/a.rs", HARMLESS.as_bytes())]);
    fs::write(folder.path().join("netns-test.toml"), "[lint]\n\nmax-durations = \"1s\"\n").expect("written");
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("line 3, column 1") && ran.err.contains("max-duration"), "{}", ran.err);
    assert_eq!(lint(folder.path(), &["--config", "missing.toml"]).status, 2);
}

#[test]
fn bounds_addresses_paths_and_tables_are_followed() {
    let code = r#"
        #[test] fn waits() { let n: u8 = std::env::var("T").unwrap().parse().unwrap(); pause(std::time::Duration::from_secs(n.into())); }
        #[test] fn binds() { std::net::UdpSocket::bind("10.0.0.1:0").unwrap(); }
        #[test] fn runs() { my::runner::line(&format!("ip link del {}", name())); }
        #[test] fn reads() { let n: u64 = my::setting("T").parse().unwrap(); pause(std::time::Duration::from_secs(n)); }
        #[test] fn checks() { let n: u64 = std::env::var("T").unwrap().parse().unwrap(); pause(std::time::Duration::from_secs(n.bounded())); }
        #[test] fn shells() { std::process::Command::new("rbash").args(["-c", name()]).status().unwrap(); }
    "#;
    let rules = |configuration: &str| {
        let folder = package(&[("tests/a.rs", code.as_bytes()), ("tests/old/b.rs", HAZARD.as_bytes())]);
        fs::write(folder.path().join("netns-test.toml"), configuration).expect("written");
        let ran = lint(folder.path(), &["--format", "json"]);
        assert!(ran.status < 2, "{}", ran.err);
        let report: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
        let findings = report["findings"].as_array().expect("a list");
        let mut found: Vec<String> = findings
            .iter()
            .map(|finding| {
                format!("{}:{}", finding["location"]["start"]["line"], finding["rule"].as_str().expect("a name"))
            })
            .collect();
        found.sort();
        found
    };
    let old = "4:shell-command";
    let without = ["3:literal-address", old, "6:unbounded-env-duration"];
    assert_eq!(rules(""), without);
    assert_eq!(rules("[lint]\nallowed-addresses = [\"10.0.0.0/8\"]\n"), [old, "6:unbounded-env-duration"]);
    assert_eq!(
        rules("[[lint.paths]]\nglob = \"tests/old/**\"\nrules = { shell-command = \"off\" }\n"),
        [without[0], without[2]]
    );
    assert_eq!(rules("[lint]\nmax-duration = \"10s\"\n"), ["2:unbounded-env-duration", without[0], old, without[2]]);
    let tables = "[lint.tables]\nshells = [\"rbash\"]\nchecks = [\".bounded\"]\n\
                  sources = [{ call = \"my::setting\", origin = \"environment\" }]\n\
                  sinks = [{ call = \"runner::line\", kind = \"shell\" }]\n";
    assert_eq!(
        rules(tables),
        [
            "3:literal-address",
            "4:host-network-changed",
            "4:shell-command",
            "4:shell-command",
            "5:unbounded-env-duration",
            "7:shell-command"
        ]
    );
}

#[test]
fn a_baseline_covers_what_is_there_and_no_more() {
    let folder = package(&[("tests/a.rs", HAZARD.as_bytes())]);
    let ran = lint(folder.path(), &["--write-baseline"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(lint(folder.path(), &[]).status, 0);
    let moved = format!("// one line more\n\n{HAZARD}");
    fs::write(folder.path().join("tests/a.rs"), &moved).expect("written");
    assert_eq!(lint(folder.path(), &[]).status, 0, "a line number is no part of an entry");
    let second = HAZARD.replace("fn starts", "fn starts_again");
    fs::write(folder.path().join("tests/a.rs"), format!("{moved}{second}")).expect("written");
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.contains("tests/a.rs:11:5") && ran.out.contains("1 error;"), "{}", ran.out);
    fs::write(folder.path().join("tests/a.rs"), HARMLESS).expect("written");
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.contains("stale-baseline") && ran.out.contains("─ netns-lint-baseline.toml:3:1"), "{}", ran.out);
    let json: serde_json::Value =
        serde_json::from_str(&lint(folder.path(), &["--format", "json"]).out).expect("the report is JSON");
    assert_eq!(json["findings"][0]["path"], "netns-lint-baseline.toml");
    assert_eq!(lint(folder.path(), &["--min-severity", "note"]).status, 0, "other settings say nothing about it");
    assert_eq!(lint(folder.path(), &["--baseline", "missing.toml"]).status, 2);
}

#[test]
fn a_baseline_is_shown_as_suppressed_to_code_scanning() {
    let folder = package(&[("tests/a.rs", HAZARD.as_bytes())]);
    assert_eq!(lint(folder.path(), &["--write-baseline"]).status, 0);
    let sarif: serde_json::Value =
        serde_json::from_str(&lint(folder.path(), &["--format", "sarif"]).out).expect("the report is JSON");
    assert_eq!(sarif["runs"][0]["results"][0]["suppressions"][0]["kind"], "external");
}

#[test]
fn a_single_file_is_reported_with_the_rest_of_its_package_read() {
    let folder = package(&[
        (
            "tests/common/mod.rs",
            br#"pub fn sh(line: &str) { std::process::Command::new("sh").args(["-c", line]).status().unwrap(); }"#,
        ),
        (
            "tests/a.rs",
            b"mod common;\n#[test]\nfn starts() {\n    common::sh(&format!(\"ip link del {}\", device()));\n}\n",
        ),
        ("tests/b.rs", HAZARD.as_bytes()),
    ]);
    let ran = lint(folder.path(), &["tests/a.rs"]);
    assert!(ran.out.contains("tests/a.rs:4:5"), "{}", ran.out);
    assert!(!ran.out.contains("b.rs") && !ran.out.contains("mod.rs"), "{}", ran.out);
    assert!(lint(folder.path(), &["--files", "tests/a.rs"]).out.contains("read     tests/b.rs"));
    assert_eq!(lint(folder.path(), &["--alone", "tests/a.rs"]).status, 0, "the helper is not known");
}

#[test]
fn findings_about_files_can_be_configured_like_those_of_rules() {
    let folder = package(&[("tests/a.rs", HARMLESS.as_bytes()), ("tests/generated/b.rs", b"fn (")]);
    let with = |configuration: &str| {
        fs::write(folder.path().join("netns-test.toml"), configuration).expect("written");
        let ran = lint(folder.path(), &[]);
        (ran.status, ran.out.contains("[unparsable-file]: tests/generated/b.rs"), ran.out)
    };
    assert_eq!(with("[lint]\n").0, 3);
    let (status, is_named, out) = with("[lint.rules]\nunparsable-file = \"off\"\n");
    assert!(status == 0 && !is_named && out.contains("nothing found"), "{status}: {out}");
    let part = "[[lint.paths]]\nglob = \"tests/generated/**\"\nrules = { unparsable-file = \"off\" }\n";
    assert_eq!(with(part).0, 0);
    assert_eq!(with(&part.replace("generated", "other")).0, 3);
    let (status, is_named, out) = with("[lint.rules]\nunparsable-file = \"warning\"\n");
    assert!(status == 1 && is_named && out.contains("warning[unparsable-file]"), "{status}: {out}");
    let files = lint(folder.path(), &["--files"]).out;
    assert!(files.contains("tests/generated/b.rs: cannot be parsed"), "{files}");

    let entry = "[[finding]]\nrule = \"temp-path\"\npath = \"tests/a.rs\"\nitem = \"\"\nsnippet = \"\"\ncount = 1\n";
    fs::write(folder.path().join("netns-lint-baseline.toml"), entry).expect("written");
    fs::remove_dir_all(folder.path().join("tests/generated")).expect("removed");
    assert_eq!(with("[lint]\n").0, 1);
    assert_eq!(with("[lint.rules]\nstale-baseline = \"off\"\n").0, 0);
    assert!(with("[lint.rules]\nstale-baseline = \"error\"\n").2.contains("error[stale-baseline]"));
}

#[test]
fn a_pattern_that_can_never_match_is_a_usage_error_with_its_place() {
    let folder = package(&[("tests/old/a.rs", HAZARD.as_bytes())]);
    let with = |glob: &str| {
        let text = format!("[[lint.paths]]\nglob = {glob}\nrules = {{ shell-command = \"off\" }}\n");
        fs::write(folder.path().join("netns-test.toml"), text).expect("written");
        lint(folder.path(), &[])
    };
    for glob in ["'tests\\old\\**'", "'tests\\old\\a.rs'", "\"/tests/old/**\"", "\"../x/**\""] {
        let ran = with(glob);
        assert!(ran.status == 2 && ran.err.contains("line 2, column 8"), "{glob}: {}{}", ran.out, ran.err);
    }
    for glob in ["\"tests/old/**\"", "\"./tests/old/*.rs\"", "\"tests/old\"", "\"tests/old/\""] {
        assert_eq!(with(glob).status, 0, "{glob}");
    }
}

#[test]
fn a_file_of_a_root_package_does_not_cost_the_packages_below() {
    let manifest = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
    let folder = package(&[
        ("src/lib.rs", b"pub fn own() {}"),
        ("tests/a.rs", HARMLESS.as_bytes()),
        ("member/Cargo.toml", manifest("member").as_bytes()),
        ("member/src/lib.rs", b""),
        ("tools/deep/Cargo.toml", manifest("deep").as_bytes()),
        ("tools/deep/src/main.rs", b"fn main() {}"),
    ]);
    let root = format!("{}[workspace]\nmembers = [\"member\", \"tools/deep\"]\n", manifest("root"));
    fs::write(folder.path().join("Cargo.toml"), root).expect("written");
    let files = lint(folder.path(), &["--files", "tests/a.rs"]).out;
    assert!(files.contains("src/lib.rs") && files.contains("tests/a.rs"), "{files}");
    assert!(!files.contains("member") && !files.contains("deep"), "{files}");
}
