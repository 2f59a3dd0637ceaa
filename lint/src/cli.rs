//! The command line: options, output of the report, and the exit status.

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};

use crate::baseline::{self, Baseline};
use crate::catalogue;
use crate::config::file::{self, FromFile};
use crate::config::{Config, Policy};
use crate::discover::{LeftOut, left_out};
use crate::engine::check_watched;
use crate::error::Error;
use crate::finding::{Problem, Report, Severity};
use crate::fix;
use crate::output::{self, Format};
use crate::pages;
use crate::progress::Progress;
use crate::source::Sources;

/// No findings.
pub(crate) const CLEAN: u8 = 0;
/// At least one finding.
pub(crate) const FINDINGS: u8 = 1;
/// Wrong usage or configuration.
pub(crate) const USAGE: u8 = 2;
/// A file could not be read or parsed.
pub(crate) const UNREADABLE: u8 = 3;

const AFTER_HELP: &str = "\
Examples:
  cargo netns-lint                          every package below the working folder
  cargo netns-lint tests/ src/net.rs        a folder and a file
  cargo netns-lint --explain shell-command  what a rule is for
  cargo netns-lint --files                  what is read, and why the rest is not
  cargo netns-lint --diff                   what --fix would change
  cargo netns-lint --write-baseline         from now on, only what is new counts
  cargo netns-lint --format json | jq '.findings[].message'

Exit status: 0 clean, 1 findings, 2 usage or configuration, 3 something could not be read or parsed.";

/// Finds hazards in tests of network software: shell strings, waits without a bound, names and addresses that
/// collide, privilege, processes left behind.
#[derive(Debug, Parser)]
#[command(name = "cargo-netns-lint", bin_name = "cargo netns-lint", version, after_help = AFTER_HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Options {
    /// Files and folders to check [default: the working folder].
    paths: Vec<PathBuf>,
    /// Also show hazards that exist only in special environments.
    #[arg(long)]
    pedantic: bool,
    /// Check all code, not only tests.
    #[arg(long)]
    all_code: bool,
    /// The least severity that is shown and counts.
    #[arg(long, value_name = "SEVERITY", value_enum)]
    min_severity: Option<Severity>,
    /// The format of the report.
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Print the documentation of a rule, or of `all` rules, and stop.
    #[arg(long, value_name = "RULE")]
    explain: Option<String>,
    /// List the rules and stop.
    #[arg(long, visible_alias = "list-rules")]
    rules: bool,
    /// List every file and why it is checked or not, and stop.
    #[arg(long)]
    files: bool,
    /// The configuration [default: netns-test.toml or Cargo.toml, from the working folder upwards].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take no configuration from files.
    #[arg(long, conflicts_with = "config")]
    no_config: bool,
    /// Findings that do not count [default: netns-lint-baseline.toml beside the configuration, if it is there].
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings into the baseline, keep its entries for files that are not checked, and stop.
    #[arg(long)]
    write_baseline: bool,
    /// Apply the fixes that are correct for every possible rest of the program, and report the remaining findings.
    #[arg(long, conflicts_with_all = ["diff", "files", "write_baseline"])]
    fix: bool,
    /// Show what `--fix` would change, in the format of `git diff`, instead of the findings; nothing is written.
    #[arg(long, conflicts_with_all = ["files", "write_baseline", "format"])]
    diff: bool,
    /// Read only the named files, and not the rest of their packages for the effects of their functions.
    #[arg(long)]
    alone: bool,
    /// Write the man page and the completions of bash, fish and zsh into a folder, and stop.
    #[arg(long, value_name = "FOLDER")]
    pages: Option<PathBuf>,
    /// Number of threads [default: one a core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

/// Runs the command with `arguments`, which start with the program's name. Returns the exit status: 0 clean, 1
/// findings, 2 wrong usage or configuration, 3 unreadable file.
///
/// Skips a first argument `netns-lint`, which cargo passes to its subcommands.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|first| first == "netns-lint") {
        arguments.remove(1);
    }
    let options = match Options::try_parse_from(arguments) {
        Ok(options) => options,
        Err(error) => {
            let status = if error.use_stderr() { USAGE } else { CLEAN };
            // A closed output does not change the status.
            let _ = error.print();
            return status;
        }
    };
    match execute(&options) {
        Ok(status) => status,
        Err(Failure::Run(error)) => {
            let _ = writeln!(std::io::stderr(), "error: failed to {error}");
            USAGE
        }
        // `cargo netns-lint | head` closes the pipe on purpose.
        Err(Failure::Write(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => FINDINGS,
        Err(Failure::Write(error)) => {
            let _ = writeln!(std::io::stderr(), "error: failed to write the report: {error}");
            USAGE
        }
    }
}

#[derive(Debug)]
enum Failure {
    Run(Error),
    Write(std::io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Run(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Write(error)
    }
}

fn execute(options: &Options) -> Result<u8, Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    if options.rules {
        for entry in catalogue::RULES {
            writeln!(out, "{:<8} {:<27} {}", entry.severity.to_string(), entry.name, entry.summary())?;
        }
        out.flush()?;
        return Ok(CLEAN);
    }
    if let Some(folder) = &options.pages {
        pages::write(Options::command(), folder)?;
        return Ok(CLEAN);
    }
    if let Some(name) = &options.explain {
        let text = if name == "all" { Some(catalogue::reference()) } else { catalogue::explanation(name) };
        let Some(text) = text else {
            return Err(Error::UnknownRule { name: name.clone(), known: catalogue::names().join(", ") }.into());
        };
        out.write_all(text.as_bytes())?;
        out.flush()?;
        return Ok(CLEAN);
    }
    let (config, baseline, may_be_missing) = configuration(options)?;
    let paths = if options.paths.is_empty() { vec![PathBuf::from(".")] } else { options.paths.clone() };
    let check = |sources: &Sources| {
        let progress = Progress::new(std::io::stderr().is_terminal());
        check_watched(&paths, &config, sources, &|done, known| progress.told(done, known))
    };
    let mut report = check(&Sources::default())?;
    // Findings under other settings do not show whether the baseline is up to date.
    let same_settings = options.min_severity.is_none() && !options.pedantic && !options.all_code;
    let stale = Policy::new(&config)?.severity_of(baseline::STALE, &baseline, Severity::Warning);
    let stale = stale.filter(|severity| same_settings && *severity >= config.min_severity);
    if options.write_baseline {
        if report.omitted > 0 {
            let message = format!("there are {} findings more than are kept", report.omitted);
            return Err(Error::Config { path: baseline, message }.into());
        }
        // An invalid baseline has no entries for other files.
        let before = Baseline::read(&baseline, true).unwrap_or_default();
        std::fs::write(&baseline, baseline::text_of(&report, &baseline, &before))?;
        let plural = if report.findings.len() == 1 { "" } else { "s" };
        writeln!(out, "netns-lint: wrote {} finding{plural} to {}", report.findings.len(), baseline.display())?;
        out.flush()?;
        return Ok(if report.is_incomplete() { UNREADABLE } else { CLEAN });
    }
    let baseline = Baseline::read(&baseline, may_be_missing)?;
    baseline.apply(&mut report, stale);
    let check = |sources: &Sources| {
        let mut report = check(sources)?;
        baseline.apply(&mut report, stale);
        Ok(report)
    };
    if options.fix {
        report = fixed(report, &check)?;
    }
    if options.diff {
        let status = status(&report);
        for change in fix::all_changes(report, &check)?.0 {
            out.write_all(change.diff().as_bytes())?;
        }
        out.flush()?;
        return Ok(status);
    }
    if options.files {
        write_files(&report, &paths, &mut out)?;
    } else {
        output::write(options.format, &report, std::io::stdout().is_terminal(), &mut out)?;
    }
    out.flush()?;
    Ok(status(&report))
}

/// Writes every file with its note, then the paths that the walk left out.
fn write_files(report: &Report, paths: &[PathBuf], out: &mut dyn Write) -> std::io::Result<()> {
    for file in &report.files {
        let verb = match (file.reported, file.checked) {
            (false, _) => "read",
            (true, true) => "checked",
            (true, false) => "skipped",
        };
        writeln!(out, "{verb:<7}  {}: {}", output::shown(&file.path), file.reason)?;
    }
    for LeftOut { path, reason } in left_out(paths) {
        writeln!(out, "ignored  {}: {reason}", output::shown(&path))?;
    }
    Ok(())
}

/// Writes all fixes, and returns the report of what remains.
fn fixed(first: Report, check: &dyn Fn(&Sources) -> Result<Report, Error>) -> Result<Report, Failure> {
    let (changes, mut report) = fix::all_changes(first, check)?;
    let (mut count, mut files) = (0, 0);
    let mut unwritten = Vec::new();
    for change in changes {
        match change.write() {
            Ok(()) => {
                count += change.fixes;
                files += 1;
            }
            Err(error) => unwritten.push(Problem::new(change.path, format!("cannot be fixed: {error}"))),
        }
    }
    if !unwritten.is_empty() {
        // The last round has not seen the remaining findings of those files.
        report = check(&Sources::default())?;
        report.problems.extend(unwritten);
    }
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    writeln!(std::io::stderr(), "netns-lint: fixed {count} finding{} in {files} file{}", plural(count), plural(files))?;
    Ok(report)
}

/// Returns the configuration merged with the command line, the path of the baseline, and whether the baseline may be
/// missing.
fn configuration(options: &Options) -> Result<(Config, PathBuf, bool), Error> {
    let found = match &options.config {
        Some(path) => file::read(path)?,
        None if options.no_config => FromFile { baseline: PathBuf::from(file::BASELINE_FILE), ..FromFile::default() },
        None => file::find(Path::new(""))?,
    };
    let mut config = found.config;
    config.pedantic |= options.pedantic;
    config.all_code |= options.all_code;
    config.whole_package = !options.alone;
    if let Some(severity) = options.min_severity {
        config.min_severity = severity;
    }
    config.threads = options.threads.map(usize::from);
    let is_named = options.baseline.is_some() || found.baseline_is_named;
    Ok((config, options.baseline.clone().unwrap_or(found.baseline), !is_named))
}

/// Returns the exit status of a report; it does not depend on the format.
fn status(report: &Report) -> u8 {
    if report.is_incomplete() {
        UNREADABLE
    } else if report.findings.is_empty() && report.omitted == 0 && report.problems.is_empty() {
        CLEAN
    } else {
        FINDINGS
    }
}
