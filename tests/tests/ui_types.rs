//! Errors of the type checker for wrong tests, and their locations.
//!
//! trybuild compiles programs, and a program has no tests: there `#[test]` expands to nothing that the type checker reads. So these cases
//! are the test targets of a separate package, which cargo checks like a user's tests. A case that the attribute itself rejects belongs in
//! `ui`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A file, and the compiler's messages about it: line, column, the source there, the message.
type Case = (&'static str, &'static [(u64, u64, &'static str, &'static str)]);

const CASES: [Case; 11] = [
    ("no_fixture", &[(6, 26, "Pair", "`Pair` is no fixture")]),
    ("no_fixture_async", &[(4, 18, "u16", "`u16` is no fixture")]),
    ("no_fixture_reference", &[(4, 17, "&Namespace", "`&netns_fixtures::net::Namespace` is no fixture")]),
    ("unknown_fixture_type", &[(4, 15, "Pear", "cannot find type `Pear` in this scope")]),
    ("return_type", &[(4, 11, "u16", "the trait bound `u16: Termination` is not satisfied")]),
    ("return_type_async", &[(4, 17, "u16", "the trait bound `u16: Termination` is not satisfied")]),
    ("error_in_body", &[(5, 25, "namespace", "mismatched types")]),
    ("crate_not_there", &[(3, 22, "\"crate::kit\"", "unresolved import `crate`")]),
    // Lints check only the user's own code.
    (
        "lint_in_body",
        &[
            (6, 6, "mut namespace", "unused variable: `namespace`"),
            (6, 6, "mut namespace", "variable does not need to be mutable"),
            (7, 9, "unused", "unused variable: `unused`"),
        ],
    ),
    ("no_std_in_edition_2021", &[]),
    // Known to be wrong: the function does not show that `#[test]` has already expanded, so the attribute cannot know. The test runs once and
    // counts twice (`attribute_forms`).
    ("with_test_before", &[]),
];

#[test]
fn errors_of_types_stand_at_the_users_token() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/types");
    let mut files: Vec<String> = fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path().with_extension("").file_name().unwrap_or_default().to_owned()))
        .map(|name| name.map(|name| name.to_string_lossy().into_owned()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut cases = CASES.map(|(name, _)| name);
    cases.sort_unstable();
    assert_eq!(files, cases, "each file is a case and each case a file");

    let said = check(&package(&folder)?)?;
    for (name, expected) in CASES {
        let expected: Vec<_> = expected.iter().map(|&(l, c, s, m)| (l, c, s.to_owned(), m.to_owned())).collect();
        assert_eq!(said.get(name).cloned().unwrap_or_default(), expected, "{name}.rs");
    }
    Ok(())
}

/// Writes the package whose test targets are the cases; returns its folder.
fn package(cases: &Path) -> Result<PathBuf, Box<dyn Error>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the crate is in a workspace")?;
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui-types");
    fs::create_dir_all(package.join("src"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    // The same versions as everywhere, without a download.
    fs::copy(workspace.join("Cargo.lock"), package.join("Cargo.lock"))?;
    let fixtures = workspace.join("fixtures");
    let head = format!(
        "[workspace]\n[package]\nname = 'ui-types'\nversion = '0.0.0'\nedition = '2024'\nautotests = false\n\
         [dependencies]\nnetns-fixtures = {{ path = '{}' }}\n",
        fixtures.display()
    );
    let targets = CASES.map(|(name, _)| {
        let path = cases.join(name).with_extension("rs");
        let edition = if name.ends_with("_2021") { "2021" } else { "2024" };
        format!("[[test]]\nname = '{name}'\npath = '{}'\nedition = '{edition}'\n", path.display())
    });
    fs::write(package.join("Cargo.toml"), head + &targets.concat())?;
    Ok(package)
}

type Said = BTreeMap<String, Vec<(u64, u64, String, String)>>;

/// Returns the compiler's messages about each target, sorted by location.
fn check(package: &Path) -> Result<Said, Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let output = Command::new(cargo)
        .args(["check", "--offline", "--tests", "--keep-going", "--message-format=json"])
        .env("CARGO_TARGET_DIR", package.join("target"))
        .current_dir(package)
        .output()?;
    let mut said = Said::new();
    let mut targets = 0;
    for line in String::from_utf8(output.stdout)?.lines() {
        let line: Value = serde_json::from_str(line)?;
        let of_cases = line["target"]["kind"][0] == "test";
        if of_cases && line["reason"] == "compiler-artifact" {
            targets += 1;
        }
        if !of_cases || line["reason"] != "compiler-message" {
            continue;
        }
        let target = line["target"]["name"].as_str().unwrap_or_default().to_owned();
        let message = &line["message"];
        let text = message["message"].as_str().unwrap_or_default().to_owned();
        // The compiler's last line, "aborting due to …", has no location.
        for span in message["spans"].as_array().into_iter().flatten().filter(|span| span["is_primary"] == true) {
            let (line, column) = (span["line_start"].as_u64(), span["column_start"].as_u64());
            let place = (line.unwrap_or_default(), column.unwrap_or_default());
            said.entry(target.clone()).or_default().push((place.0, place.1, source(span), text.clone()));
        }
    }
    // Without this, a check that never reached the cases would look like cases without errors.
    assert_eq!(
        targets + said.len(),
        CASES.len(),
        "each case compiles or fails:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for messages in said.values_mut() {
        messages.sort();
    }
    Ok(said)
}

/// Returns the source text of a single-line span.
fn source(span: &Value) -> String {
    let text = &span["text"][0];
    let bound =
        |name: &str| text[name].as_u64().and_then(|column| usize::try_from(column - 1).ok()).unwrap_or_default();
    let characters = text["text"].as_str().unwrap_or_default().chars();
    let (start, end) = (bound("highlight_start"), bound("highlight_end"));
    characters.skip(start).take(end.saturating_sub(start)).collect()
}
