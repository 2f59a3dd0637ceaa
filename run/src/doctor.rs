//! `netns-run doctor` reports what this machine supports: isolation, every requirement, every setting.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use netns_fixtures::__sandbox::disposition;
use netns_fixtures::Error;
use netns_fixtures::config::{self, Listed, Source};
use netns_fixtures::requirements::{self, Requirement, Unmet};
use serde_json::{Value, json};

use crate::options::doctor::Options;
use crate::{apparmor, vm};

/// Parses the arguments (the first is the program's name) and runs the command.
pub(crate) fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = Options::parse_from(arguments);
    if let Some(file) = &options.apparmor_profile {
        disposition::end_at_broken_pipes();
        return match write_profile(file, options.places) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("netns-run doctor: {message}");
                ExitCode::from(2)
            }
        };
    }
    if options.config {
        disposition::end_at_broken_pipes();
        return show_settings(options.json);
    }
    // The first check decides all others: without isolation, there is no namespace to run them in.
    let answers: Result<Vec<_>, _> = requirements::all()
        .iter()
        .map(|requirement| Ok((requirement, requirements::check(requirement.name)?)))
        .collect::<Result<_, Error>>();
    let isolation = answers.as_ref().map(drop).map_err(ToString::to_string);
    let answers = answers.unwrap_or_default();
    disposition::end_at_broken_pipes();
    if options.json {
        println!("{:#}", report(&isolation, &answers));
    } else {
        print(&isolation, &answers);
    }
    if isolation.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn write_profile(file: &Path, mut places: Vec<PathBuf>) -> Result<(), String> {
    if places.is_empty() {
        places.push(env::current_exe().map_err(|error| format!("cannot find the file of this program: {error}"))?);
        // Includes programs that are not built yet. Without a workspace here, there is no such folder.
        if let Some(target) = vm::target_folder() {
            fs::create_dir_all(&target).map_err(|error| format!("cannot make {}: {error}", target.display()))?;
            places.push(target);
        }
    }
    let profile = apparmor::profile(&places)?;
    if file == Path::new("-") {
        print!("{profile}");
        return Ok(());
    }
    fs::write(file, profile).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    let name = apparmor::NAME;
    println!(
        "wrote {0}; load it, as root:\n  cp {0} /etc/apparmor.d/{name} && apparmor_parser --replace /etc/apparmor.d/{name}",
        file.display()
    );
    Ok(())
}

fn print(isolation: &Result<(), String>, answers: &[(&Requirement, Option<Unmet>)]) {
    match isolation {
        Ok(()) => println!("isolation              yes  every test gets namespaces of its own, without root\n"),
        Err(report) => {
            println!(
                "isolation              NO   {}\n",
                report.trim_end().replace('\n', "\n                            ")
            );
            println!("the requirements are not checked: that needs isolation");
            return;
        }
    }
    for (requirement, unmet) in answers {
        let name = requirement.name;
        match unmet {
            None => println!("{name:<22} yes  {}", requirement.about),
            Some(Unmet { reason, remedy }) => {
                println!("{name:<22} no   {reason}\n{:<22}      help: {remedy}", "");
            }
        }
    }
    let met = answers.iter().filter(|(_, unmet)| unmet.is_none()).count();
    println!("\n{met} of {} requirements are met; a test asks for one by #[netns_test(requires(NAME))]", answers.len());
}

fn report(isolation: &Result<(), String>, answers: &[(&Requirement, Option<Unmet>)]) -> Value {
    let requirements: Vec<_> = answers
        .iter()
        .map(|(requirement, unmet)| {
            json!({
                "name": requirement.name,
                "about": requirement.about,
                "met": unmet.is_none(),
                "reason": unmet.as_ref().map(|unmet| &unmet.reason),
                "remedy": unmet.as_ref().map(|unmet| &unmet.remedy),
            })
        })
        .collect();
    json!({
        "isolation": { "works": isolation.is_ok(), "report": isolation.as_ref().err() },
        "requirements": requirements,
    })
}

fn show_settings(as_json: bool) -> ExitCode {
    let (file, settings) = (config::configuration_file(), config::settings());
    let unknown = config::check_variables().err().map(|error| format!("{error:#}"));
    let all_are_good = file.is_ok() && unknown.is_none() && settings.iter().all(|setting| setting.value.is_ok());
    if as_json {
        let mut report = settings_report(&file, &settings);
        report["unknown_variable"] = unknown.into();
        println!("{report:#}");
    } else {
        print_settings(&file, &settings);
        if let Some(mistake) = unknown {
            println!("\n{mistake}");
        }
    }
    if all_are_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_settings(file: &Result<Option<PathBuf>, Error>, settings: &[Listed]) {
    match file {
        Ok(Some(path)) => println!("configuration: {}\n", path.display()),
        Ok(None) => println!("configuration: no netns-test.toml between the package and the root of its workspace\n"),
        Err(error) => println!("configuration: {error:#}\n\nwithout it:\n"),
    }
    let headings = ["key", "variable", "value", "from", "takes", "default"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(headings).chain(settings.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    for error in settings.iter().filter_map(|setting| setting.value.as_ref().err()) {
        println!("\n{error}");
    }
}

fn row(setting: &Listed) -> [String; 6] {
    let Listed { name, key, range, default, value, source, about: _ } = setting;
    let or_none = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    let source = match source {
        Source::File { line, .. } => format!("file, line {line}"),
        other => other.to_string(),
    };
    let value = value.as_ref().map_or_else(|_| "WRONG".to_owned(), |value| or_none(value));
    [key.clone().unwrap_or_default(), (*name).to_owned(), value, source, range.clone(), or_none(default)]
}

fn settings_report(file: &Result<Option<PathBuf>, Error>, settings: &[Listed]) -> Value {
    json!({
        "file": file.as_ref().ok().and_then(|path| path.as_ref()).map(|path| path.display().to_string()),
        "error": file.as_ref().err().map(ToString::to_string),
        "settings": settings.iter().map(setting).collect::<Vec<_>>(),
    })
}

fn setting(setting: &Listed) -> Value {
    let Listed { name, key, about, range, default, value, source } = setting;
    let (from, line) = match source {
        Source::File { line, .. } => ("file".to_owned(), Some(line)),
        other => (other.to_string(), None),
    };
    json!({
        "name": name,
        "key": key,
        "about": about,
        "range": range,
        "default": default,
        "value": value.as_ref().ok(),
        "error": value.as_ref().err().map(ToString::to_string),
        "source": { "from": from, "line": line },
    })
}
