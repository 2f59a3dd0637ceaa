//! SARIF 2.1.0, one run. Lines and columns are 1-based, as in the report; columns count Unicode code points, as
//! `columnKind` declares.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::catalogue::{BUILT_IN, RULES};
use crate::engine::UNPARSABLE;
use crate::finding::{Edit, Finding, Fix, Report, Severity, slashed};
use crate::span::Location;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    column_kind: &'static str,
    invocations: [Value; 1],
    results: Results<'a>,
}

/// Serializes one result at a time; all at once would need several times the memory of the report.
struct Results<'a>(&'a Report);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let suppressed = self.0.suppressed.iter().map(|suppressed| {
            let mut result = result(&suppressed.finding);
            result["suppressions"] = json!([{ "kind": suppressed.kind.sarif(), "justification": suppressed.reason }]);
            result
        });
        serializer.collect_seq(self.0.findings.iter().map(result).chain(suppressed))
    }
}

pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &document(report))?;
    writeln!(out)
}

fn document(report: &Report) -> Document<'_> {
    let notifications: Vec<Value> = report
        .problems
        .iter()
        .map(|problem| {
            json!({
                "level": level(problem.severity),
                "message": { "text": problem.message },
                "descriptor": { "id": UNPARSABLE },
                "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&slashed(&problem.path)) } } }],
            })
        })
        .collect();
    Document {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: json!({ "driver": {
                "name": "netns-lint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules(),
            } }),
            column_kind: "unicodeCodePoints",
            invocations: [json!({
                "executionSuccessful": !report.is_incomplete(),
                "toolExecutionNotifications": notifications,
            })],
            results: Results(report),
        }],
    }
}

fn rules() -> Vec<Value> {
    let own = RULES.iter().map(|entry| {
        json!({
            "id": entry.name,
            "shortDescription": { "text": entry.summary() },
            "help": { "text": entry.documentation(), "markdown": entry.documentation() },
            "defaultConfiguration": { "level": level(entry.severity) },
        })
    });
    let built_in = BUILT_IN.iter().map(|(name, what)| {
        json!({ "id": name, "shortDescription": { "text": what }, "defaultConfiguration": { "level": "warning" } })
    });
    own.chain(built_in).collect()
}

fn result(finding: &Finding) -> Value {
    let path = slashed(&finding.path);
    let labels = finding.labels.iter().map(|label| (physical(&path, label.location), label.message.as_str()));
    let callers = finding.callers.iter();
    let callers = callers.map(|caller| (physical(&slashed(&caller.path), caller.location), "called from here"));
    let related: Vec<Value> = labels
        .chain(callers)
        .zip(0..)
        .map(|((mut location, message), id)| {
            location["id"] = json!(id);
            location["message"] = json!({ "text": message });
            location
        })
        .collect();
    let mut location = physical(&path, finding.location);
    if !finding.item.is_empty() {
        location["logicalLocations"] = json!([{ "fullyQualifiedName": finding.item, "kind": "function" }]);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": format!("{}. Help: {}", finding.message, finding.help) },
        "locations": [location],
        "relatedLocations": related,
        "partialFingerprints": { "netnsLint/v1": finding.fingerprint },
        "properties": { "confidence": finding.confidence },
    });
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([fixed(&path, fix)]);
    }
    result
}

fn fixed(path: &str, fix: &Fix) -> Value {
    let replacement =
        |edit: &Edit| json!({ "deletedRegion": region(edit.location), "insertedContent": { "text": edit.text } });
    json!({
        "description": { "text": fix.description },
        "artifactChanges": [{
            "artifactLocation": { "uri": uri(path) },
            "replacements": fix.edits.iter().map(replacement).collect::<Vec<_>>(),
        }],
    })
}

fn physical(path: &str, location: Location) -> Value {
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri(path) }, "region": region(location) } })
}

fn region(location: Location) -> Value {
    json!({
        "startLine": location.start.line,
        "startColumn": location.start.column,
        "endLine": location.end.line,
        "endColumn": location.end.column,
        "byteOffset": location.start_byte,
        "byteLength": location.end_byte - location.start_byte,
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// Converts a path to a relative reference, or an absolute path to a file URI (RFC 3986, RFC 8089); escapes all
/// characters except unreserved ones and `/`.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let digit = |value: u8| char::from(b"0123456789ABCDEF"[usize::from(value)]);
            uri.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_references() {
        assert_eq!(uri("tests/a b\n.rs"), "tests/a%20b%0A.rs");
        assert_eq!(uri("/tests/é.rs"), "file:///tests/%C3%A9.rs");
    }
}
