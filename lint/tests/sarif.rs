//! Checks SARIF output against the schema of version 2.1.0, which the crate serde-sarif contains.

mod support;

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{HARMLESS, HAZARD, lint, package};

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let ran = Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let ran = ran.expect("cargo runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    ran.stdout
}

fn schema() -> Value {
    let version = String::from_utf8(cargo(&["-vV"])).expect("text");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host");
    // The dependencies of other platforms may not have been downloaded.
    let metadata = cargo(&["metadata", "--offline", "--format-version", "1", "--filter-platform", host]);
    let metadata: Value = serde_json::from_slice(&metadata).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    let crate_with_schema = packages.iter().find(|package| package["name"] == "serde-sarif").expect("a dependency");
    let manifest = Path::new(crate_with_schema["manifest_path"].as_str().expect("a path"));
    let text =
        std::fs::read_to_string(manifest.with_file_name("src").join("schema.json")).expect("it ships the schema");
    let mut schema: Value = serde_json::from_str(&text).expect("JSON");
    // Two fields that our reports do not use have an invalid pattern: it closes a bracket that it does not open.
    for holder in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][holder]["properties"]["language"];
        assert!(language.as_object_mut().expect("a property").remove("pattern").is_some());
    }
    schema
}

#[test]
fn a_report_with_everything_is_valid_and_one_run() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let folder = package(&[
        ("tests/a b\n.rs", HAZARD.as_bytes()),
        ("tests/fix.rs", b"#[test] fn f() { std::net::TcpListener::bind(\"0.0.0.0:0\"); }"),
        (
            "tests/suppressed.rs",
            HAZARD.replace("    std", "    // netns-lint: allow(shell-command) ours\n    std").as_bytes(),
        ),
        ("tests/old.rs", HAZARD.as_bytes()),
    ]);
    assert_eq!(lint(folder.path(), &["--write-baseline", "tests/old.rs"]).status, 0);
    std::fs::write(folder.path().join("tests/bad.rs"), "fn (").expect("written");
    let ran = lint(folder.path(), &["--format", "sarif"]);
    assert_eq!(ran.status, 3, "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    let mistakes: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert_eq!(mistakes, Vec::<String>::new());

    let runs = report["runs"].as_array().expect("a list");
    assert_eq!(runs.len(), 1);
    let rules: Vec<&Value> = runs[0]["tool"]["driver"]["rules"].as_array().expect("a list").iter().collect();
    for rule in &rules {
        assert!(rule["shortDescription"]["text"].as_str().is_some_and(|text| text.len() > 10), "{rule}");
        assert!(rule["defaultConfiguration"]["level"].is_string(), "{rule}");
    }
    let results = runs[0]["results"].as_array().expect("a list");
    for result in results {
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
        assert!(
            result["partialFingerprints"]["netnsLint/v1"].as_str().is_some_and(|text| text.len() == 16),
            "{result}"
        );
    }
    let suppressions: Vec<&Value> = results.iter().map(|result| &result["suppressions"][0]["kind"]).collect();
    assert_eq!(suppressions, [&Value::Null, &Value::Null, &"inSource".into(), &"external".into()]);
    assert_eq!(results.iter().filter(|result| result["fixes"].is_array()).count(), 1);
    assert_eq!(runs[0]["invocations"][0]["executionSuccessful"], false);

    // The control: the schema rejects an unknown field.
    let mut wrong = report.clone();
    wrong["runs"][0]["results"][0]["rule"] = "x".into();
    assert!(!validator.is_valid(&wrong));
    let mut wrong = report;
    wrong["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0.into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn an_empty_report_is_valid() {
    let folder = package(&[("tests/a.rs", HARMLESS.as_bytes())]);
    let report: Value = serde_json::from_str(&lint(folder.path(), &["--format", "sarif"]).out).expect("JSON");
    assert!(jsonschema::validator_for(&schema()).expect("a schema").is_valid(&report));
}
