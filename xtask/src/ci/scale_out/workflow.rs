//! Parses the subset of GitHub's workflows and actions that `scale-out` runs. An unknown key or expression is an error, so that nothing
//! that users copy is skipped silently.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workflow {
    #[serde(rename = "name")]
    _name: IgnoredAny,
    #[serde(rename = "on")]
    _on: IgnoredAny,
    #[serde(rename = "permissions")]
    _permissions: IgnoredAny,
    pub(super) jobs: BTreeMap<String, Job>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Job {
    #[serde(rename = "runs-on")]
    _runs_on: IgnoredAny,
    #[serde(rename = "timeout-minutes")]
    _timeout_minutes: IgnoredAny,
    #[serde(rename = "permissions", default)]
    _permissions: IgnoredAny,
    #[serde(default)]
    needs: Needs,
    strategy: Option<Strategy>,
    #[serde(rename = "if")]
    condition: Option<String>,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Needs {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Strategy {
    #[serde(rename = "fail-fast")]
    _fail_fast: IgnoredAny,
    matrix: Matrix,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Matrix {
    part: Vec<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Step {
    name: Option<String>,
    pub(super) id: Option<String>,
    pub(super) uses: Option<String>,
    pub(super) run: Option<String>,
    pub(super) shell: Option<String>,
    #[serde(default)]
    pub(super) with: BTreeMap<String, Scalar>,
    #[serde(default)]
    pub(super) env: BTreeMap<String, Scalar>,
    #[serde(rename = "if")]
    condition: Option<String>,
    #[serde(default)]
    pub(super) continue_on_error: bool,
}

/// `action.yml` of a composite action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    #[serde(rename = "name")]
    _name: IgnoredAny,
    #[serde(rename = "description")]
    _description: IgnoredAny,
    #[serde(rename = "branding")]
    _branding: IgnoredAny,
    pub(super) inputs: BTreeMap<String, Input>,
    pub(super) outputs: BTreeMap<String, Output>,
    pub(super) runs: Runs,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    #[serde(rename = "description")]
    _description: IgnoredAny,
    pub(super) default: Scalar,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    #[serde(rename = "description")]
    _description: IgnoredAny,
    pub(super) value: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Runs {
    #[serde(rename = "using")]
    _using: IgnoredAny,
    pub(super) steps: Vec<Step>,
}

/// A scalar; every scalar is read as text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Scalar {
    Truth(bool),
    Number(u64),
    Text(String),
}

/// Reads a YAML file.
pub(super) fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> anyhow::Result<T> {
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    parse(&text).with_context(|| format!("failed to understand {}", path.display()))
}

pub(super) fn parse<T: for<'de> Deserialize<'de>>(text: &str) -> anyhow::Result<T> {
    Ok(serde_saphyr::from_str(text)?)
}

impl Default for Needs {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Job {
    /// The jobs that this job needs.
    pub(super) fn needs(&self) -> &[String] {
        match &self.needs {
            Needs::One(job) => std::slice::from_ref(job),
            Needs::Many(jobs) => jobs,
        }
    }

    /// The values of the matrix; `None` for a job on one machine.
    pub(super) fn parts(&self) -> Option<&[u32]> {
        self.strategy.as_ref().map(|strategy| &strategy.matrix.part[..])
    }

    /// Returns whether the job runs after a needed job that did not succeed.
    pub(super) fn runs_always(&self) -> anyhow::Result<bool> {
        is_always(self.condition.as_deref())
    }
}

impl Step {
    /// Returns whether the step runs after an earlier step that failed.
    pub(super) fn runs_always(&self) -> anyhow::Result<bool> {
        is_always(self.condition.as_deref())
    }

    /// The title that GitHub shows for the step.
    pub(super) fn title(&self) -> &str {
        let first_line = self.run.as_deref().and_then(|script| script.lines().next());
        self.name.as_deref().or(self.uses.as_deref()).or(first_line).unwrap_or_default()
    }
}

fn is_always(condition: Option<&str>) -> anyhow::Result<bool> {
    match condition {
        None => Ok(false),
        Some("always()") => Ok(true),
        Some(other) => bail!("there is no stand-in here for the condition {other}"),
    }
}

impl Scalar {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Truth(truth) => truth.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// The values of expressions, by their text.
#[derive(Clone, Debug, Default)]
pub(super) struct Contexts(BTreeMap<String, String>);

impl Contexts {
    pub(super) fn set(&mut self, expression: impl Into<String>, value: impl Into<String>) {
        self.0.insert(expression.into(), value.into());
    }

    /// Returns the text with every `${{ … }}` replaced.
    pub(super) fn expand(&self, text: &str) -> anyhow::Result<String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").context("an expression has no end")?;
            let value = self.0.get(expression.trim());
            let value = value.with_context(|| format!("there is no stand-in here for ${{{{{expression}}}}}"))?;
            expanded += before;
            expanded += value;
            rest = after;
        }
        Ok(expanded + rest)
    }

    /// Expands every value.
    pub(super) fn expand_all(&self, values: &BTreeMap<String, Scalar>) -> anyhow::Result<BTreeMap<String, String>> {
        values.iter().map(|(name, value)| Ok((name.clone(), self.expand(&value.text())?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = "\
name: two
on: { workflow_dispatch: }
permissions: {}
jobs:
  one:
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    strategy: { fail-fast: false, matrix: { part: [1, 2] } }
    steps:
      - uses: actions/checkout@v7
        with: { persist-credentials: false, depth: 1, ref: main }
  two:
    needs: one
    if: always()
    runs-on: ubuntu-24.04
    timeout-minutes: 1
    steps:
      - name: Say it
        run: echo hello
";

    #[test]
    fn jobs_steps_and_values_are_read() {
        let workflow: Workflow = parse(WORKFLOW).unwrap();
        assert_eq!(workflow.jobs["one"].parts(), Some(&[1, 2][..]));
        assert_eq!(workflow.jobs["two"].needs(), ["one"]);
        assert!(workflow.jobs["two"].runs_always().unwrap());
        assert_eq!(workflow.jobs["two"].steps[0].title(), "Say it");
        let with = &workflow.jobs["one"].steps[0].with;
        let texts: Vec<String> = with.values().map(Scalar::text).collect();
        assert_eq!(texts, ["1", "false", "main"]);
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        assert!(parse::<Workflow>(&WORKFLOW.replace("timeout-minutes", "timeout")).is_err());
        let workflow: Workflow = parse(&WORKFLOW.replace("always()", "success()")).unwrap();
        assert!(workflow.jobs["two"].runs_always().is_err());
    }

    #[test]
    fn expressions_are_replaced_or_refused() {
        let mut contexts = Contexts::default();
        contexts.set("matrix.part", "3");
        assert_eq!(contexts.expand("hash:${{ matrix.part }}/4 ${{matrix.part}}").unwrap(), "hash:3/4 3");
        assert!(contexts.expand("${{ matrix.prat }}").is_err());
        assert!(contexts.expand("${{ matrix.part }").is_err());
    }
}
