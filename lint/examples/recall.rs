//! Checks the lint against places in public crates that people have judged: `recall TABLE`.
//!
//! `TABLE` is a file of tab-separated columns with one line of headings: the expectation (`finding`, `clean`, or
//! `missed` for a finding that people expect and the lint is known to miss), rule, crate with version, path in it,
//! line, and reason. Cargo fetches the crates. Prints each row that does not hold, then recall (the share of expected
//! findings that are reported) and precision (the share of reports at judged places that are right). The status is 0 if
//! every row holds, 1 if one does not, and 2 if the table cannot be read or a crate cannot be fetched. A `missed` row
//! counts against recall, and fails as soon as the lint reports it.

mod fetched;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use netns_lint::{Config, Finding, check};

struct Row {
    finding: bool,
    /// The lint is known to miss it.
    is_known_miss: bool,
    rule: String,
    package: String,
    path: PathBuf,
    line: u32,
    why: String,
}

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [table] = arguments.as_slice() else {
        eprintln!("usage: recall TABLE");
        return ExitCode::from(2);
    };
    let rows = match read(table) {
        Ok(rows) => rows,
        Err(error) => {
            eprintln!("error: failed to read {}: {error}", table.display());
            return ExitCode::from(2);
        }
    };
    let packages = rows.iter().map(|row| row.package.clone()).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/public-crates/recall");
    let folders = match fetched::fetch(&packages, &folder) {
        Ok(folders) => folders,
        Err(error) => {
            eprintln!("error: failed to fetch the crates: {error}");
            return ExitCode::from(2);
        }
    };
    let mut by_package = BTreeMap::<&str, Vec<&Row>>::new();
    for row in &rows {
        by_package.entry(&row.package).or_default().push(row);
    }
    let (mut reported, mut missed, mut wrong, mut quiet, mut absent) = (0, 0, 0, 0, 0);
    let mut unexpected = 0;
    for (package, rows) in by_package {
        let folder = &folders[package];
        let report = match check(std::slice::from_ref(folder), &Config::default()) {
            Ok(report) => report,
            Err(error) => {
                println!("absent  {package}: failed to {error}");
                absent += rows.len();
                continue;
            }
        };
        for row in rows {
            let hit = report.findings.iter().any(|finding| covers(finding, row, folder));
            let counter = match (row.finding, hit) {
                (true, true) => &mut reported,
                (true, false) => &mut missed,
                (false, true) => &mut wrong,
                (false, false) => &mut quiet,
            };
            *counter += 1;
            unexpected += u32::from(row.finding && hit == row.is_known_miss);
            if row.finding != hit {
                let verdict = if hit { "wrong " } else { "missed" };
                println!("{verdict}  {} {package}/{}:{}: {}", row.rule, row.path.display(), row.line, row.why);
            }
        }
    }
    println!("recall     {reported} of {}", reported + missed);
    println!("precision  {reported} of {}", reported + wrong);
    println!("clean      {quiet} of {}", quiet + wrong);
    ExitCode::from(u8::from(unexpected > 0 || wrong + absent > 0))
}

fn read(table: &Path) -> Result<Vec<Row>, String> {
    let text = std::fs::read_to_string(table).map_err(|error| error.to_string())?;
    text.lines().zip(1..).skip(1).map(|(line, number)| row(line).ok_or(format!("line {number} is no row"))).collect()
}

fn row(line: &str) -> Option<Row> {
    let [expected, rule, package, path, line, why] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
    let finding = match expected {
        "finding" | "missed" => true,
        "clean" => false,
        _ => return None,
    };
    let line = line.parse().ok()?;
    let is_known_miss = expected == "missed";
    Some(Row {
        finding,
        is_known_miss,
        rule: rule.into(),
        package: package.into(),
        path: path.into(),
        line,
        why: why.into(),
    })
}

/// Whether the finding belongs to the row: it has the row's rule, and the row's line is in the finding or in one of its
/// labels.
fn covers(finding: &Finding, row: &Row, folder: &Path) -> bool {
    let labels = finding.labels.iter().map(|label| label.location);
    let mut lines = labels.chain([finding.location]).map(|place| place.start.line..=place.end.line);
    finding.rule == row.rule
        && finding.path.ends_with(folder.join(&row.path).strip_prefix(folder).unwrap_or(&row.path))
        && lines.any(|lines| lines.contains(&row.line))
}
