//! Checks the lint against code that people have judged: `tests/corpus/<rule>/{bad,good,suppressed}`.
//!
//! A case is a test function in a file, which becomes `tests/<file>.rs` of its own package. If a case needs several
//! files, it is a folder with such a package. At the end of a line, `//~ rule` (or `//~ rule, rule`) expects a finding
//! that starts there, and `//~ pedantic: rule` expects one that only `--pedantic` shows. On every other line, no rule
//! may report anything. In `suppressed`, a mark expects a finding that a comment suppresses, and no other.
//!
//! `review` holds a module that a person has reviewed, with `//# n` at each marked place, and the same for the
//! fixtures.
//!
//! The texts of the findings are stored beside each file, in `<file>.says`. If they differ, the current texts are
//! written below the target folder, in the same places. Read them, then run `cp -r target/tmp/corpus/. tests/corpus/`.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use netns_lint::{Config, Finding, Location, Report, check};
use tempfile::TempDir;

/// Each rule has at least this many places that it reports, and this many tests that it leaves alone.
const CASES: usize = 12;

/// Returns the names of the rules, as the program lists them.
fn rules() -> Vec<String> {
    // In a nextest archive it is not where cargo built it.
    let program = env::var_os("NEXTEST_BIN_EXE_cargo-netns-lint");
    let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_cargo-netns-lint").into());
    let listed = Command::new(program).arg("--list-rules").output().expect("it runs");
    let listed = String::from_utf8(listed.stdout).expect("UTF-8");
    listed.lines().map(|line| line.split_whitespace().nth(1).expect("a severity and a name").to_owned()).collect()
}

/// Each rule of the catalogue, at the same time. `RULE=kill-by-name` checks one.
#[test]
fn every_rule_has_its_cases() {
    let rules = rules();
    let only = env::var("RULE").ok();
    let chosen: Vec<&String> = rules.iter().filter(|rule| only.as_ref().is_none_or(|only| only == *rule)).collect();
    assert!(!chosen.is_empty(), "{only:?} is none of {rules:?}");
    let complaints: String = thread::scope(|scope| {
        let checks: Vec<_> = chosen.iter().map(|rule| scope.spawn(|| held(rule, CASES))).collect();
        checks.into_iter().map(|check| check.join().expect("it does not panic")).collect()
    });
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// The rules about files and comments. There are not a dozen ways to get one of these wrong.
const ABOUT_FILES: &[&str] = &["unparsable-file", "unused-suppression", "suppression-without-reason", "unknown-rule"];

#[test]
fn findings_about_files_and_comments() {
    let complaints: String = ABOUT_FILES.iter().map(|rule| held(rule, 2)).collect();
    assert!(complaints.is_empty(), "\n{complaints}");
}

#[test]
fn what_a_review_has_marked_is_found() {
    let case = Case::read(corpus().join("review/net_helpers.rs"));
    let mut complaints = String::new();
    case.judge("bad", &mut complaints);
    assert!(complaints.is_empty(), "\n{complaints}");
    let package = case.package();
    let report = check(&[package.path().to_path_buf()], &Config::default()).expect("it can be checked");
    let config = Config { pedantic: true, ..Config::default() };
    let pedantic = check(&[package.path().to_path_buf()], &config).expect("it can be checked");
    let lines = |place: Location| place.start.line..=place.end.line;
    let shown = |finding: &Finding, line: u32| {
        let labels = finding.labels.iter().map(|label| label.location);
        labels.chain([finding.location]).any(|place| lines(place).contains(&line))
    };
    let mut found = Vec::new();
    for (_, text) in case.texts() {
        for (line, at) in text.lines().zip(1..) {
            let number = reviewed(line);
            // Servers inside their own namespace.
            let confined = number.is_some_and(|number| [8, 9].contains(&number));
            let report = if confined { &pedantic } else { &report };
            found.extend(number.filter(|_| report.findings.iter().any(|finding| shown(finding, at))));
        }
    }
    found.sort_unstable();
    assert_eq!(found, (1..=16).collect::<Vec<u32>>());
}

#[test]
fn on_fixtures_nothing_is_left_of_it() {
    let case = Case::read(corpus().join("review/net_helpers_on_fixtures.rs"));
    let mut complaints = String::new();
    case.judge("good", &mut complaints);
    assert!(complaints.is_empty(), "\n{complaints}");
}

/// Checks every expectation in the rule's folder, and that there are enough of them. Returns the complaints.
fn held(rule: &str, wanted: usize) -> String {
    let folder = corpus().join(rule);
    let (mut complaints, mut reported, mut left_alone) = (String::new(), 0, 0);
    for (kind, count) in [("bad", &mut reported), ("good", &mut left_alone), ("suppressed", &mut 0)] {
        // A comment about a comment suppresses nothing.
        if kind == "suppressed" && ABOUT_FILES.contains(&rule) {
            continue;
        }
        let cases = cases(&folder.join(kind));
        if cases.is_empty() {
            writeln!(complaints, "{rule}/{kind} has no case").expect("a text grows");
        }
        for case in cases {
            let text = case.texts().map(|(_, text)| text).collect::<Vec<_>>().join("\n");
            *count += if kind == "bad" { marks_of(&text, rule) } else { text.matches("test]\n").count() };
            case.judge(kind, &mut complaints);
        }
    }
    for (count, what) in [(reported, "places to report"), (left_alone, "tests to leave alone")] {
        if count < wanted {
            writeln!(complaints, "{rule} has {count} {what}, and should have {wanted}").expect("a text grows");
        }
    }
    complaints
}

fn corpus() -> PathBuf {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo and nextest set it"));
    package.parent().expect("the workspace").join("tests/corpus")
}

/// A file or a package of the corpus.
struct Case {
    place: PathBuf,
    /// Path in the package, and its text with the marks.
    files: BTreeMap<PathBuf, String>,
}

/// The cases of a folder, in the order of their names.
fn cases(folder: &Path) -> Vec<Case> {
    let mut places: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    places.sort();
    places.into_iter().map(Case::read).collect()
}

impl Case {
    fn read(place: PathBuf) -> Self {
        let mut files = BTreeMap::new();
        if place.is_dir() {
            read_below(&place, &place, &mut files);
        } else {
            let name = Path::new("tests").join(place.file_name().expect("a file"));
            files.insert(name, fs::read_to_string(&place).expect("UTF-8"));
        }
        Self { place, files }
    }

    fn texts(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.files.iter().map(|(path, text)| (path.as_path(), text.as_str()))
    }

    /// A package of its files, without the marks.
    fn package(&self) -> TempDir {
        let package = tempfile::tempdir().expect("a folder");
        let manifest = package.path().join("Cargo.toml");
        fs::write(manifest, "[package]\nname = \"case\"\nversion = \"0.1.0\"\nedition = \"2024\"\n").expect("written");
        for (path, text) in self.texts() {
            let path = package.path().join(path);
            fs::create_dir_all(path.parent().expect("below the package")).expect("made");
            fs::write(path, text.lines().flat_map(|line| [unmarked(line), "\n"]).collect::<String>()).expect("written");
        }
        package
    }

    fn judge(&self, kind: &str, complaints: &mut String) {
        let package = self.package();
        let given = [package.path().to_path_buf()];
        let report = check(&given, &Config::default()).expect("it can be checked");
        let pedantic = check(&given, &Config { pedantic: true, ..Config::default() }).expect("it can be checked");
        let name = self.place.strip_prefix(corpus()).unwrap_or(&self.place).display().to_string();
        let mut complain = |path: &Path, line: u32, what: &str| {
            let file = if self.place.is_dir() { format!("{name}/{}", path.display()) } else { name.clone() };
            writeln!(complaints, "tests/corpus/{file}:{line}: {what}").expect("a text grows");
        };
        let found = places(&report, package.path(), kind == "suppressed");
        let with_pedantic = places(&pedantic, package.path(), kind == "suppressed");
        let mut expected = Vec::new();
        for (path, text) in self.texts() {
            for (line, number) in text.lines().zip(1..) {
                for mark in marks(line) {
                    let place = |rule: &str| (path.to_path_buf(), number, rule.to_owned());
                    match mark.strip_prefix("pedantic: ") {
                        Some(rule) if found.contains(&place(rule)) => {
                            complain(path, number, &format!("{rule} is shown without --pedantic"));
                        }
                        Some(rule) if !with_pedantic.contains(&place(rule)) => {
                            complain(path, number, &format!("{rule} is not found with --pedantic"));
                        }
                        Some(_) => {}
                        None => expected.push(place(mark)),
                    }
                }
            }
        }
        expected.sort();
        for (path, line, rule) in left_over(&expected, &found) {
            complain(path, *line, &format!("{rule} is missed"));
        }
        for (path, line, rule) in left_over(&found, &expected) {
            complain(path, *line, &format!("{rule} is reported, and should not be"));
        }
        for (path, line, rule) in left_over(&found, &with_pedantic) {
            complain(path, *line, &format!("{rule} is reported, but not with --pedantic"));
        }
        if kind == "suppressed" {
            for (path, line, rule) in places(&report, package.path(), false) {
                complain(&path, line, &format!("{rule} is reported in spite of the comment"));
            }
        }
        let said = said(
            if kind == "suppressed" { &report } else { &pedantic },
            package.path(),
            kind == "suppressed",
            &found,
            &self.files,
        );
        let beside = PathBuf::from(format!("{}.says", self.place.display()));
        let now =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus").join(beside.strip_prefix(corpus()).expect("inside"));
        if fs::read_to_string(&beside).unwrap_or_default() == said {
            // Files from an earlier run would be copied with the rest.
            fs::remove_file(now)
                .or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
                .expect("removed");
        } else {
            fs::create_dir_all(now.parent().expect("a folder")).expect("made");
            fs::write(&now, said).expect("written");
            writeln!(complaints, "{name}.says: other words; they are now in {}", now.display()).expect("a text grows");
        }
    }
}

fn read_below(folder: &Path, root: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            read_below(&path, root, files);
        } else {
            let name = path.strip_prefix(root).expect("below").to_path_buf();
            files.insert(name, fs::read_to_string(&path).expect("UTF-8"));
        }
    }
}

/// A line without the marks at its end.
fn unmarked(line: &str) -> &str {
    let end = line.find("//#").into_iter().chain(line.find("//~")).min();
    end.map_or(line, |end| line[..end].trim_end())
}

/// The number of the place that a review marked: `//# 7`.
fn reviewed(line: &str) -> Option<u32> {
    line.split_once("//#")?.1.split_whitespace().next()?.parse().ok()
}

fn marks(line: &str) -> impl Iterator<Item = &str> {
    line.split_once("//~").into_iter().flat_map(|(_, marks)| marks.split(',').map(str::trim))
}

fn marks_of(text: &str, rule: &str) -> usize {
    text.lines().flat_map(marks).filter(|mark| mark.strip_prefix("pedantic: ").unwrap_or(mark) == rule).count()
}

type Place = (PathBuf, u32, String);

/// The places of the findings in order, or the places of those that a comment suppresses.
fn places(report: &Report, package: &Path, suppressed: bool) -> Vec<Place> {
    let inside = |path: &Path| path.strip_prefix(package).unwrap_or(path).to_path_buf();
    let place = |finding: &Finding| (inside(&finding.path), finding.location.start.line, finding.rule.to_owned());
    let mut places: Vec<Place> = if suppressed {
        report.suppressed.iter().map(|suppressed| place(&suppressed.finding)).collect()
    } else {
        let problems = report.problems.iter().map(|problem| {
            let line = problem.message.split_once("line ").and_then(|(_, rest)| rest.split(',').next()?.parse().ok());
            (inside(&problem.path), line.unwrap_or(1), "unparsable-file".to_owned())
        });
        report.findings.iter().map(place).chain(problems).collect()
    };
    places.sort();
    places
}

/// The places that the first list has more often than the second.
fn left_over<'a>(some: &'a [Place], others: &[Place]) -> Vec<&'a Place> {
    let mut others: Vec<&Place> = others.iter().collect();
    some.iter()
        .filter(|place| match others.iter().position(|other| other == place) {
            Some(at) => {
                others.swap_remove(at);
                false
            }
            None => true,
        })
        .collect()
}

/// Every expected finding with its text, in the order of the files. Pedantic ones are included only where a mark asks
/// for them.
fn said(
    report: &Report,
    package: &Path,
    suppressed: bool,
    found: &[Place],
    files: &BTreeMap<PathBuf, String>,
) -> String {
    let mut text = String::new();
    for problem in &report.problems {
        writeln!(text, "{}", problem.message).expect("a text grows");
    }
    let taken_back = report.suppressed.iter().map(|suppressed| (&suppressed.finding, Some(&suppressed.reason)));
    let shown = report.findings.iter().map(|finding| (finding, None));
    let findings: Vec<_> = if suppressed { taken_back.collect() } else { shown.collect() };
    let mut help = "";
    for (finding, reason) in findings {
        let path = finding.path.strip_prefix(package).unwrap_or(&finding.path);
        let line = finding.location.start.line;
        let here = (path.to_path_buf(), line, finding.rule.to_owned());
        let marked = files[path]
            .lines()
            .nth(line as usize - 1)
            .is_some_and(|line| marks(line).any(|mark| mark.strip_prefix("pedantic: ") == Some(finding.rule)));
        if !found.contains(&here) && !marked {
            continue;
        }
        let file = if files.len() > 1 { format!("{} ", path.display()) } else { String::new() };
        let (severity, confidence) = (finding.severity, format!("{:?}", finding.confidence).to_lowercase());
        writeln!(
            text,
            "{file}{} {severity}[{}] {confidence}: {}",
            shown_place(finding.location),
            finding.rule,
            finding.message
        )
        .expect("a text grows");
        for label in &finding.labels {
            writeln!(text, "    {} {}", shown_place(label.location), label.message).expect("a text grows");
        }
        if let Some(reason) = reason {
            writeln!(text, "    allowed: {reason}").expect("a text grows");
        }
        if finding.help != help {
            help = &finding.help;
            writeln!(text, "    help: {help}").expect("a text grows");
        }
    }
    text
}

/// `line:column-column`, or `line:column-line:column`.
fn shown_place(location: Location) -> String {
    let (start, end) = (location.start, location.end);
    if start.line == end.line {
        format!("{}:{}-{}", start.line, start.column, end.column)
    } else {
        format!("{}:{}-{}:{}", start.line, start.column, end.line, end.column)
    }
}

/// Cases about control flow that are still judged wrongly.
const NOT_YET_FLOW: &[&str] = &[
    // The test has connected and closed before it joins: only a defect of the program prolongs the wait. Tests do so in
    // most of their servers.
    "unbounded-wait__server_that_the_test_joins_bad",
];

/// The same for cases about what is test code.
const NOT_YET_SCOPE: &[&str] = &[];

/// The same for cases about values, names and types.
const NOT_YET_VALUES: &[&str] = &[
    // The method knows its object as a parameter, and the test reaches it through a constructor of another crate that stores
    // the whole configuration.
    "literal-port__default_configuration_that_a_constructor_gets_bad",
    // The summary of a function has the joined results of a `match`, and not one for each variant of its argument.
    "literal-port__variant_that_a_match_turns_into_an_address_bad",
];

/// At default settings, that rule reports something in `cases/RULE__what_bad` and nothing in `RULE__what_good`.
#[test]
fn cases_of_single_judgements() {
    let rules = rules();
    let (mut wrong, mut lost) = (Vec::new(), Vec::new());
    for place in fs::read_dir(corpus().join("cases")).expect("a folder").map(|entry| entry.expect("readable").path()) {
        let name = place.file_stem().expect("it has a name").to_string_lossy().into_owned();
        let (rule, what) = name.split_once("__").expect("RULE__what");
        let wanted = what.ends_with("_bad");
        assert!(rules.iter().any(|known| known == rule) && (wanted || what.ends_with("_good")), "{name}");
        let package = Case::read(place).package();
        let report = check(&[package.path().to_path_buf()], &Config::default()).expect("it can be checked");
        assert!(report.problems.is_empty(), "{name}: {:?}", report.problems);
        let pedantic = Config { pedantic: true, ..Config::default() };
        let pedantic = check(&[package.path().to_path_buf()], &pedantic).expect("it can be checked");
        let places = [&report, &pedantic].map(|report| places(report, package.path(), false));
        lost.extend(left_over(&places[0], &places[1]).into_iter().map(|place| format!("{name}: {place:?}")));
        let found: Vec<&Finding> = report.findings.iter().filter(|finding| finding.rule == rule).collect();
        if found.is_empty() == wanted {
            wrong.push(name);
        }
    }
    assert!(lost.is_empty(), "reported, but not with --pedantic: {lost:#?}");
    wrong.sort();
    let mut known: Vec<&str> = [NOT_YET_FLOW, NOT_YET_SCOPE, NOT_YET_VALUES].concat();
    known.sort_unstable();
    assert_eq!(wrong, known);
}
