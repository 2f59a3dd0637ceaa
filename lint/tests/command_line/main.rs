//! The lint as a user runs it: command line, walk over files, exit statuses, files that cannot be read.

mod callers;
#[path = "../support/mod.rs"]
mod support;

use support::{HARMLESS, HAZARD, lint, package};

#[test]
fn statuses_tell_clean_findings_usage_and_unreadable_apart() {
    let clean = package(&[("tests/a.rs", HARMLESS.as_bytes())]);
    assert_eq!(lint(clean.path(), &[]).status, 0);
    let found = package(&[("tests/a.rs", HAZARD.as_bytes())]);
    assert_eq!(lint(found.path(), &[]).status, 1);
    assert_eq!(lint(found.path(), &["--no-such-option"]).status, 2);
    assert_eq!(lint(found.path(), &["missing.rs"]).status, 2);
    let broken = package(&[("tests/a.rs", HAZARD.as_bytes()), ("tests/b.rs", b"fn (")]);
    let ran = lint(broken.path(), &[]);
    assert_eq!(ran.status, 3);
    assert!(ran.out.contains("tests/b.rs"), "{}", ran.out);
    assert!(ran.out.contains("shell-command"), "the other file is still checked: {}", ran.out);
}

#[test]
fn no_file_at_all_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("failed to find a Rust file"), "{}", ran.err);
}

#[test]
fn it_answers_as_a_subcommand_of_cargo() {
    let found = package(&[("tests/a.rs", HAZARD.as_bytes())]);
    assert_eq!(lint(found.path(), &["netns-lint", "tests"]).status, 1);
    let help = lint(found.path(), &["netns-lint", "--help"]);
    assert_eq!(help.status, 0);
    assert!(help.out.contains("Examples:"), "{}", help.out);
}

#[test]
fn pages_are_a_man_page_and_completions_of_three_shells() {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("pages");
    let ran = lint(folder.path(), &["--pages", pages.to_str().expect("it is text")]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let read = |file: &str| std::fs::read_to_string(pages.join(file)).expect(file);
    let page = read("man/man1/cargo-netns-lint.1");
    for part in [".TH", ".SH EXAMPLES", ".SH \"EXIT STATUS\"", "explain"] {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    for file in ["cargo-netns-lint.bash", "cargo-netns-lint.fish", "_cargo-netns-lint"] {
        // An option of this command: a completion of another one lacks it.
        assert!(read(&format!("completions/{file}")).contains("write-baseline"), "{file}");
    }
    // A file in the place of the folder.
    std::fs::write(folder.path().join("file"), "").expect("there is room");
    assert_eq!(lint(folder.path(), &["--pages", "file"]).status, 2);
}

#[test]
fn the_span_of_a_finding_is_where_the_command_stands() {
    let found = package(&[("tests/a.rs", HAZARD.as_bytes())]);
    let ran = lint(found.path(), &[]);
    assert!(ran.out.contains("tests/a.rs:4:5"), "{}", ran.out);
    assert!(ran.out.contains("1 error;"), "{}", ran.out);
}

#[test]
fn only_test_code_is_checked_unless_all_is_asked_for() {
    let plain = HAZARD.replace("#[test]\n", "pub ");
    let folder = package(&[
        ("src/lib.rs", b"#[cfg(test)]\nmod inside;\nmod shared;\n"),
        ("src/inside.rs", plain.as_bytes()),
        ("src/shared.rs", plain.as_bytes()),
        ("examples/shown.rs", plain.as_bytes()),
    ]);
    let ran = lint(folder.path(), &[]);
    assert!(ran.out.contains("src/inside.rs"), "{}", ran.out);
    assert!(ran.out.contains("examples/shown.rs"), "{}", ran.out);
    assert!(!ran.out.contains("src/shared.rs"), "{}", ran.out);
    assert!(lint(folder.path(), &["--all-code"]).out.contains("src/shared.rs"));
    let files = lint(folder.path(), &["--files"]).out;
    assert!(files.contains("checked  src/inside.rs: a module of test code"), "{files}");
    assert!(files.contains("skipped  src/shared.rs: not test code"), "{files}");
}

#[test]
fn a_helper_in_another_file_is_reported_once_if_that_file_is_looked_at() {
    let folder = package(&[
        (
            "tests/common/mod.rs",
            br#"pub fn sh(line: &str) { std::process::Command::new("sh").args(["-c", line]).status().unwrap(); }"#,
        ),
        ("tests/a.rs", b"mod common;\n#[test]\nfn starts() {\n    common::sh(&format!(\"cat {}\", device()));\n}\n"),
    ]);
    let ran = lint(folder.path(), &[]);
    assert!(ran.out.contains("tests/common/mod.rs:1:25") && !ran.out.contains("tests/a.rs:4:5"), "{}", ran.out);
    assert!(ran.out.contains("reached from: tests/a.rs:4\n"), "{}", ran.out);
    let pedantic = lint(folder.path(), &["--pedantic"]);
    assert!(pedantic.out.matches("error[shell-command]").count() == 1, "{}", pedantic.out);
    let caller = lint(folder.path(), &["tests/a.rs"]);
    assert!(caller.out.contains("tests/a.rs:4:5"), "{}", caller.out);
}

#[test]
fn a_file_given_twice_is_reported_once() {
    let found = package(&[("tests/a.rs", HAZARD.as_bytes())]);
    let ran = lint(found.path(), &["tests/a.rs", "./tests/a.rs", "tests", "."]);
    assert!(ran.out.contains("1 error;"), "{}", ran.out);
}

#[test]
fn every_rule_explains_itself() {
    let folder = package(&[]);
    let rules = lint(folder.path(), &["--rules"]).out;
    assert!(rules.lines().count() > 0);
    for line in rules.lines() {
        let name = line.split_whitespace().nth(1).expect("severity, then name");
        let text = lint(folder.path(), &["--explain", name]).out;
        for part in [&format!("# {name}"), "## Why is this bad?", "## Bad", "## Good"] {
            assert!(text.contains(part), "{part} in the documentation of {name}");
        }
    }
    assert_eq!(lint(folder.path(), &["--explain", "no-such-rule"]).status, 2);
}

#[test]
fn every_format_has_the_same_status_and_the_same_findings() {
    let found = package(&[("tests/a b.rs", HAZARD.as_bytes())]);
    let clean = package(&[("tests/a.rs", HARMLESS.as_bytes())]);
    for format in ["human", "json", "sarif", "github"] {
        assert_eq!(lint(found.path(), &["--format", format]).status, 1, "{format}");
        assert_eq!(lint(clean.path(), &["--format", format]).status, 0, "{format}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&lint(found.path(), &["--format", "json"]).out).expect("the report is JSON");
    let finding = &json["findings"][0];
    assert_eq!(json["version"], 1);
    assert_eq!(finding["rule"], "shell-command");
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["path"], "tests/a b.rs");
    // `    std::process::Command::new("sh")` is on the fourth line, after four spaces.
    assert_eq!(finding["location"]["start"], serde_json::json!({ "line": 4, "column": 5 }));
    let sarif: serde_json::Value =
        serde_json::from_str(&lint(found.path(), &["--format", "sarif"]).out).expect("the report is JSON");
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "tests/a%20b.rs");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&4.into(), &5.into()));
    let github = lint(found.path(), &["--format", "github"]).out;
    assert!(github.starts_with("::error file=tests/a b.rs,line=4,endLine=4,col=5,"), "{github}");
}

#[test]
fn a_suppression_needs_a_reason_and_a_finding() {
    let with = |comment: &str| HAZARD.replace("    std::process", &format!("    {comment}\n    std::process"));
    let status = |text: String| {
        let folder = package(&[("tests/a.rs", text.as_bytes())]);
        let ran = lint(folder.path(), &[]);
        (ran.status, ran.out)
    };
    assert_eq!(status(with("// netns-lint: allow(shell-command) the name is our own")).0, 0);
    let (code, out) = status(with("// netns-lint: allow(shell-command)"));
    assert_eq!(code, 1);
    assert!(out.contains("suppression-without-reason"), "{out}");
    let (_, out) = status(with("// netns-lint: allow(shel-command) typing mistake"));
    assert!(out.contains("unknown-rule") && out.contains("shell-command"), "{out}");
    let (_, out) = status(format!("{HARMLESS}// netns-lint: allow(shell-command) not needed any more\n"));
    assert!(out.contains("unused-suppression"), "{out}");
}

#[test]
fn functions_that_call_each_other_across_files_do_not_grow_without_end() {
    let calls =
        |other: &str| format!("{other}(x); {other}(vec![x]); {other}(format!(\"{{x}} {{x}}\")); {other}((x, x));");
    let text = |own: &str, other: &str| {
        format!(
            "pub fn {own}(x: &str) {{ std::process::Command::new(\"sh\").args([\"-c\", x]).status(); {} vec![{other}(x), {other}(x)] }}",
            calls(other)
        )
    };
    let folder = package(&[
        ("tests/a.rs", format!("mod b;\n{}", text("ping", "pong")).as_bytes()),
        ("tests/b.rs", text("pong", "ping").as_bytes()),
    ]);
    let ran = lint(folder.path(), &["--format", "json"]);
    assert_eq!(ran.status, 1);
    let report: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let findings = report["findings"].as_array().map_or(0, Vec::len);
    assert!((2..100).contains(&findings), "{findings} findings");
}

#[test]
fn files_are_listed_with_the_reason_and_so_is_what_no_walk_enters() {
    let folder = package(&[
        ("tests/a.rs", HAZARD.as_bytes()),
        ("src/lib.rs", b"mod b;"),
        ("src/b.rs", b""),
        ("generated/c.rs", b""),
        (".hidden/d.rs", b""),
        ("target/CACHEDIR.TAG", b""),
        ("target/e.rs", b""),
        ("docs/f.md", b""),
        (".gitignore", b"generated\nsecret.rs\n"),
        ("src/secret.rs", b""),
    ]);
    let ran = lint(folder.path(), &["--files"]);
    let expected = "skipped  src/b.rs: not test code\n\
                    skipped  src/lib.rs: not test code\n\
                    checked  tests/a.rs: a test target\n\
                    ignored  .hidden: its name begins with a dot\n\
                    ignored  generated: a .gitignore or .ignore names it\n\
                    ignored  src/secret.rs: a .gitignore or .ignore names it\n\
                    ignored  target: what cargo has built\n";
    assert_eq!(ran.out, expected);
    assert_eq!(ran.status, 1, "the status is that of the findings");
}

#[test]
fn the_documented_fields_are_those_of_the_report() {
    let folder = package(&[("tests/a.rs", HAZARD.as_bytes()), ("tests/b.rs", b"fn (")]);
    let report: serde_json::Value =
        serde_json::from_str(&lint(folder.path(), &["--format", "json"]).out).expect("JSON");
    let documented = include_str!("../../../docs/lint-json.md");
    let keys =
        |value: &serde_json::Value| -> Vec<String> { value.as_object().expect("an object").keys().cloned().collect() };
    let finding = &report["findings"][0];
    let all = [&report, &report["tool"], finding, &finding["location"], &finding["labels"][0], &report["problems"][0]];
    for key in all.into_iter().flat_map(keys) {
        let name = format!("`{key}");
        assert!(documented.contains(&name), "docs/lint-json.md does not name `{key}`");
    }
}

#[test]
fn the_least_severity_decides_what_counts() {
    let folder = package(&[("tests/a.rs", b"#[test] fn f() { std::net::TcpListener::bind(\"127.0.0.1:8080\"); }")]);
    let ran = |severity: &str| lint(folder.path(), &["--min-severity", severity]);
    assert_eq!((ran("note").status, ran("warning").status), (1, 0));
    assert!(ran("warning").out.starts_with("netns-lint: nothing found; "));
}

#[test]
fn a_package_knows_what_those_define_that_it_depends_on() {
    let helper = "pub fn serve(host: &str) { std::net::TcpListener::bind((host, 0)).unwrap(); }";
    let test = "#[test]\nfn serves() {\n    support::serve(\"0.0.0.0\");\n}\n";
    let manifest = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n");
    let folder = package(&[
        ("support/src/lib.rs", helper.as_bytes()),
        ("support/Cargo.toml", manifest("support").as_bytes()),
        ("user/tests/a.rs", test.as_bytes()),
        ("Cargo.toml", b"[workspace]\nmembers = [\"support\", \"user\"]\n"),
    ]);
    let reports = |dependencies: &str| {
        let manifest = format!("{}{dependencies}", manifest("user"));
        std::fs::write(folder.path().join("user/Cargo.toml"), manifest).expect("written");
        lint(folder.path(), &["--format", "github"]).out.contains("user/tests/a.rs,line=3")
    };
    assert!(reports("[dev-dependencies]\nsupport = { path = \"../support\" }\n"));
    assert!(!reports("[dev-dependencies]\nother = { path = \"../support\" }\n"), "no crate of that name");
    assert!(!reports(""));
}

/// A file that only `--pedantic` looks into defines a method of the same name.
#[test]
fn pedantic_shows_more_and_never_less() {
    let helper = "pub struct Shell;\nimpl Shell { pub fn run(&self, line: &str) { \
                  std::process::Command::new(\"sh\").args([\"-c\", line]).status().unwrap(); } }";
    let test = "use sample::shell::Shell;\n#[test]\nfn starts() {\n    \
                Shell.run(&format!(\"ip link del {}\", std::env::var(\"X\").unwrap()));\n}\n";
    let folder = package(&[
        ("src/lib.rs", b"pub mod shell;\npub mod words;\n"),
        ("src/shell.rs", helper.as_bytes()),
        ("src/words.rs", b"pub struct Words;\nimpl Words { pub fn run(&self, line: &str) -> &str { line } }"),
        ("tests/a.rs", test.as_bytes()),
        ("tests/b.rs", b"#[test]\nfn routes() { add(\"10.1.2.3\"); }\n"),
    ]);
    let found = |arguments: &[&str]| lint(folder.path(), arguments).out;
    assert!(found(&[]).contains("error[shell-command]"));
    let pedantic = found(&["--pedantic"]);
    assert!(pedantic.contains("error[shell-command]"), "{pedantic}");
    assert!(pedantic.contains("note[literal-address]") && !found(&[]).contains("literal-address"), "{pedantic}");
}

#[test]
fn vendored_crates_are_left_alone() {
    let folder = package(&[
        ("tests/a.rs", HARMLESS.as_bytes()),
        ("third_party/vendor/other-1.0.0/.cargo-checksum.json", b"{}"),
        ("third_party/vendor/other-1.0.0/Cargo.toml", b"[package]\nname = \"other\"\nversion = \"1.0.0\"\n"),
        ("third_party/vendor/other-1.0.0/tests/b.rs", HAZARD.as_bytes()),
        ("third_party/ours/tests/c.rs", HAZARD.as_bytes()),
    ]);
    let ran = lint(folder.path(), &[]);
    assert!(ran.status == 1 && ran.out.contains("c.rs") && !ran.out.contains("b.rs"), "{}", ran.out);
    let files = lint(folder.path(), &["--files"]).out;
    assert!(files.contains("ignored  third_party/vendor/other-1.0.0: a vendored crate"), "{files}");
    assert_eq!(lint(folder.path(), &["third_party/vendor/other-1.0.0"]).status, 1, "it is reported when it is named");
}

#[test]
fn a_link_that_leads_nowhere_is_called_that() {
    use std::os::unix::fs::symlink;

    let folder = package(&[("tests/a.rs", HARMLESS.as_bytes())]);
    symlink("nowhere", folder.path().join("tests/.#a.rs")).expect("linked");
    symlink("nowhere", folder.path().join("logs")).expect("linked");
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    symlink("nowhere.rs", folder.path().join("tests/b.rs")).expect("linked");
    let ran = lint(folder.path(), &["--files"]);
    assert!(ran.out.contains("ignored  tests/b.rs: a symbolic link that leads nowhere"), "{}", ran.out);
    assert_eq!(ran.status, 3);
}
