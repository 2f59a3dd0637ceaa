//! `cargo xtask release`: everything of a release except its publication.
//!
//! `--dry-run` and `--files-only` write the files of the release to target/release-files and change nothing else: the archives with static programs in the
//! layout of cargo-binstall, their checksums, an SBOM for each, and the text of the release. Without them, the command also cuts the
//! changelog, commits that and makes the tag. The workflow `release` publishes when the tag is pushed.

mod changelog;
mod sbom;
pub(crate) mod semver;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anstream::println;
use anyhow::{Context, ensure};
use clap::Args;
use serde_json::Value;
use tempfile::TempDir;

use crate::packages::published;
use crate::pages::pages;
use crate::program::{executables, output_of};
use crate::target::{asks_for_a_loader, is_installed};
use crate::workspace::{GOOD, NOTABLE, Workspace};

const AFTER_HELP: &str = "\
Examples:
  cargo xtask release --dry-run            write target/release-files and change nothing else
  cargo xtask release --date 2026-12-01    also cut the changelog, commit and tag

Exit status: 0 the files are complete, 2 usage, or a step that failed.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// Write the files of the release; change neither CHANGELOG.md nor the repository.
    #[arg(long)]
    dry_run: bool,
    /// Write the files of the version whose tag exists already, as the workflow does.
    #[arg(long, conflicts_with_all = ["dry_run", "date"])]
    files_only: bool,
    /// The date in the changelog, as YYYY-MM-DD [default of a dry run: 2000-01-01].
    #[arg(long, value_parser = changelog::date, required_unless_present_any = ["files_only", "dry_run"])]
    date: Option<String>,
    /// The target of the programs, one with musl.
    #[arg(long, default_value = "x86_64-unknown-linux-musl")]
    target: String,
}

/// Packages with programs, and the programs.
const PROGRAMS: [(&str, &[&str]); 2] =
    [("netns-run", &["netns-run", "cargo-netns-run"]), ("netns-lint", &["cargo-netns-lint"])];

/// Files of the workspace in every archive.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

const CHANGELOG: &str = "CHANGELOG.md";

/// The reason why the interface is not compared.
pub(crate) const NOT_COMPARED: &str =
    "nothing is published and no tag v… exists: there is no version to compare the interface with";

/// The folder of the release's files, below the workspace.
const FILES: &str = "target/release-files";

/// The date in the files of a dry run without `--date`: the same on every day.
const NO_DATE: &str = "2000-01-01";

/// Writes the files of a release to be, as a step of `ci`.
pub(crate) fn dry_run(workspace: &Workspace, target: String) -> anyhow::Result<()> {
    run(workspace, &Options { dry_run: true, files_only: false, date: None, target }).map(|_| ())
}

/// Returns the date with which the changelog is cut; `None` if the version's section exists already.
fn date_of_cut(options: &Options, text: &str, version: &str) -> Option<String> {
    // After a release the version has its section, until the next one begins with another version.
    let is_open = options.dry_run && changelog::already_cut(text, version).is_err();
    options.date.clone().or_else(|| is_open.then(|| NO_DATE.to_owned()))
}

/// Runs the steps. A step that cannot run here is printed, and is not a failure.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    let root = workspace.root();
    let cuts = !options.dry_run && !options.files_only;
    if cuts {
        ensure!(is_clean(root)?, "the working tree has changes; commit them first, or use --dry-run");
    }
    let packages = published(workspace)?;
    let version = packages.first().context("no package is published")?.version.clone();
    let names: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
    println!("{} version {version} in step: {}", GOOD.paint("ok"), names.join(", "));
    if packages.iter().any(|package| package.manifest["repository"].is_null()) {
        ensure!(
            !cuts,
            "the manifests have no `repository`, and the archives of a published version could never be found; add it to Cargo.toml"
        );
        println!(
            "{} the manifests have no `repository`: cargo-binstall finds no archive and trusted publishing no workflow without it; a \
             release refuses, see \"Before the first release\" in docs/stability.md",
            NOTABLE.paint("missing")
        );
    }

    let text = fs::read_to_string(root.join(CHANGELOG)).context("failed to read the changelog")?;
    let tag = format!("v{version}");
    let changelog = match date_of_cut(options, &text, &version) {
        None => changelog::already_cut(&text, &version)?,
        Some(date) => {
            let cut = changelog::cut(&text, &version, &date)?;
            ensure!(!tags(root)?.contains(&tag), "the tag {tag} exists; raise the version in Cargo.toml");
            println!("{} changelog cut; the tag is {tag}", GOOD.paint("ok"));
            match semver::compare(workspace)? {
                Some(baseline) => println!("{} {version} breaks nothing of {baseline}", GOOD.paint("ok")),
                None => println!("{} {NOT_COMPARED}", NOTABLE.paint("semver not run")),
            }
            cut
        }
    };

    let files = root.join(FILES);
    if files.exists() {
        fs::remove_dir_all(&files).context("failed to remove the files of an earlier run")?;
    }
    fs::create_dir_all(&files).context("failed to make the folder of the files")?;
    fs::write(files.join("NOTES.md"), &changelog.notes).context("failed to write the text of the release")?;
    fs::write(files.join(CHANGELOG), &changelog.whole).context("failed to write the changelog")?;
    let built = build(workspace, &options.target)?;
    pages(workspace, &files.join("pages"))?;
    let mut uploaded = Vec::new();
    for (package, programs) in PROGRAMS {
        let archive = archive(workspace, package, programs, &options.target, &built, &files)?;
        let is_native = options.target.starts_with(std::env::consts::ARCH);
        if is_native {
            check_archive(workspace, &files.join(&archive), programs, &version)?;
        }
        let sbom = sbom::of_package(workspace, package, &options.target)?;
        // Named after the target, as the archive is: other targets have other dependencies.
        let bill = format!("{package}-{}.cdx.json", options.target);
        fs::write(files.join(&bill), format!("{sbom:#}\n")).context("failed to write an SBOM")?;
        println!("{} {archive}, and its SBOM", GOOD.paint("ok"));
        uploaded.extend([archive, bill]);
        if is_native {
            println!("{} its programs run in an empty root folder", GOOD.paint("ok"));
        } else {
            println!("{} its programs, which are for another processor", NOTABLE.paint("not run"));
        }
    }
    fs::remove_dir_all(files.join("pages")).context("failed to remove the folder of the pages")?;
    checksums(&files, &uploaded)?;
    println!("{} SHA256SUMS; all files are in {FILES}", GOOD.paint("ok"));

    if !cuts {
        println!("{} no commit, no tag, nothing was published", GOOD.paint("files only"));
        return Ok(ExitCode::SUCCESS);
    }
    commit_and_tag(root, &changelog.whole, &version, &tag)?;
    println!(
        "{} the commit and the tag are made; `git push origin main {tag}` starts the publication",
        GOOD.paint("ok")
    );
    Ok(ExitCode::SUCCESS)
}

/// Commits the changelog alone, and makes the tag.
fn commit_and_tag(root: &Path, changelog: &str, version: &str, tag: &str) -> anyhow::Result<()> {
    fs::write(root.join(CHANGELOG), changelog).context("failed to write the changelog")?;
    git(root, &["commit", "--quiet", "--message", &format!("[release] {version}"), "--", CHANGELOG])?;
    git(root, &["tag", "--annotate", "--message", &format!("netns-testkit {version}"), tag])?;
    Ok(())
}

/// Builds the programs for the target, checks that they are static, and returns their paths.
fn build(workspace: &Workspace, target: &str) -> anyhow::Result<BTreeMap<String, PathBuf>> {
    ensure!(
        is_installed(target)?,
        "rustc has no standard library for {target}; `rustup target add {target}` installs it"
    );
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--locked", "--target", target, "--message-format", "json-render-diagnostics"]);
    cargo.args(PROGRAMS.iter().flat_map(|(package, _)| ["--package", package]));
    // Backtraces of released programs need no line tables.
    cargo.env("CARGO_PROFILE_RELEASE_DEBUG", "0").env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
    let output = output_of(&mut cargo, Stdio::inherit())?;
    ensure!(
        output.status.success(),
        "the programs do not build for {target}; the allocator of netns-lint is C and needs a compiler for musl (package musl-tools)"
    );
    let built: BTreeMap<_, _> = executables(&output.stdout)?.into_iter().collect();
    for program in PROGRAMS.iter().flat_map(|(_, programs)| *programs) {
        let path = built.get(*program).with_context(|| format!("cargo has not built {program}"))?;
        ensure!(!asks_for_a_loader(path)?, "{program} is not static");
    }
    Ok(built)
}

/// Makes `<package>-<target>.tgz` with one folder of the same name; source: `pkg-url` and `bin-dir` in the package's manifest.
fn archive(
    workspace: &Workspace,
    package: &str,
    programs: &[&str],
    target: &str,
    built: &BTreeMap<String, PathBuf>,
    files: &Path,
) -> anyhow::Result<String> {
    let name = format!("{package}-{target}");
    let folder = files.join(&name);
    fs::create_dir(&folder).context("failed to make the folder of an archive")?;
    let copy = |from: &Path| -> anyhow::Result<()> {
        let to = folder.join(from.file_name().context("a file has no name")?);
        fs::copy(from, to).with_context(|| format!("failed to copy {}", from.display()))?;
        Ok(())
    };
    for program in programs {
        copy(&built[*program])?;
        for file in of_program(&files.join("pages"), program)? {
            copy(&file)?;
        }
    }
    for licence in LICENCES {
        copy(&workspace.root().join(licence))?;
    }
    copy(&workspace.root().join(if package == "netns-run" { "run" } else { "lint" }).join("README.md"))?;
    // Reproducible: the same files make the same archive.
    let archive = format!("{name}.tgz");
    let mut tar = Command::new("tar");
    tar.current_dir(files).args(["--create", "--gzip", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
    tar.args(["--mtime=@0", "--file", &archive, &name]);
    ensure!(tar.status().context("failed to start tar")?.success(), "tar failed to write {archive}");
    fs::remove_dir_all(&folder).context("failed to remove the folder of an archive")?;
    Ok(archive)
}

/// Runs the programs of an archive in an empty root folder: without libraries, loader and other files.
fn check_archive(workspace: &Workspace, archive: &Path, programs: &[&str], version: &str) -> anyhow::Result<()> {
    let root =
        TempDir::with_prefix_in("netns-release-", workspace.temporary_folder()).context("failed to make a folder")?;
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--directory").arg(root.path()).arg("--file").arg(archive);
    ensure!(tar.status().context("failed to start tar")?.success(), "tar failed to read {}", archive.display());
    let folder = Path::new("/").join(archive.file_stem().context("the archive has no name")?);
    for program in programs {
        let mut inside = Command::new("unshare");
        inside
            .args(["--map-root-user", "--root"])
            .arg(root.path())
            .arg("--")
            .arg(folder.join(program))
            .arg("--version");
        let printed = output_of(&mut inside, Stdio::inherit())?;
        let line = String::from_utf8_lossy(&printed.stdout);
        ensure!(
            printed.status.success() && line.trim_end().ends_with(version),
            "{program} --version in an empty root folder: {}, {line:?}",
            printed.status
        );
    }
    Ok(())
}

/// Returns the man pages and completions of a program.
fn of_program(pages: &Path, program: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in ["man/man1", "completions"] {
        for entry in fs::read_dir(pages.join(folder)).context("failed to list the pages")? {
            let path = entry?.path();
            let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let stem = stem.trim_start_matches('_');
            if stem == program || stem.strip_prefix(program).is_some_and(|rest| rest.starts_with('-')) {
                files.push(path);
            }
        }
    }
    ensure!(!files.is_empty(), "there is no page of {program}");
    Ok(files)
}

/// Writes the checksums of the files that users download, in the format of sha256sum(1).
fn checksums(files: &Path, names: &[String]) -> anyhow::Result<()> {
    let sums = output_of(Command::new("sha256sum").current_dir(files).arg("--").args(names), Stdio::inherit())?;
    ensure!(sums.status.success(), "sha256sum failed");
    fs::write(files.join("SHA256SUMS"), sums.stdout).context("failed to write the checksums")
}

fn is_clean(root: &Path) -> anyhow::Result<bool> {
    Ok(git(root, &["status", "--porcelain"])?.is_empty())
}

fn tags(root: &Path) -> anyhow::Result<Vec<String>> {
    Ok(git(root, &["tag", "--list"])?.lines().map(str::to_owned).collect())
}

/// Runs git and returns its output.
fn git(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git").current_dir(root).args(arguments).output().context("failed to start git")?;
    ensure!(output.status.success(), "git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8(output.stdout).context("git prints no UTF-8")
}

/// Returns cargo's description of the workspace with all dependencies for a target.
fn metadata(workspace: &Workspace, target: &str) -> anyhow::Result<Value> {
    let mut cargo = workspace.cargo();
    cargo.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", target]);
    let output = output_of(&mut cargo, Stdio::inherit())?;
    ensure!(output.status.success(), "cargo metadata fails");
    serde_json::from_slice(&output.stdout).context("cargo metadata prints no JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_dry_run_has_a_date_of_its_own() {
        let options = |dry_run, date: Option<&str>| Options {
            dry_run,
            files_only: !dry_run,
            date: date.map(str::to_owned),
            target: String::new(),
        };
        let text = "## Unreleased\n\n- b\n\n## 0.1.0 - 2026-01-01\n\n- a\n";
        for (dry_run, date, version, expected) in [
            (true, None, "0.2.0", Some(NO_DATE)),
            (true, Some("2026-12-01"), "0.2.0", Some("2026-12-01")),
            (true, None, "0.1.0", None),
            (false, None, "0.2.0", None),
        ] {
            assert_eq!(date_of_cut(&options(dry_run, date), text, version).as_deref(), expected, "{version} {date:?}");
        }
    }

    /// A dynamic program is the control: it does not start if its loader is missing.
    #[test]
    fn a_program_that_needs_the_machine_does_not_pass() {
        let workspace = Workspace::find().unwrap();
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::copy("/bin/true", folder.path().join("a/true")).unwrap();
        let archive = folder.path().join("a.tgz");
        let mut tar = Command::new("tar");
        tar.current_dir(folder.path()).args(["--create", "--gzip", "--file", "a.tgz", "a"]);
        assert!(tar.status().unwrap().success());
        let error = check_archive(&workspace, &archive, &["true"], "").unwrap_err().to_string();
        assert!(error.contains("true --version in an empty root folder"), "{error}");
    }

    /// cargo-binstall replaces the names in braces, and looks for each program there.
    #[test]
    fn an_archive_has_the_layout_of_its_manifests_templates() {
        const TARGET: &str = "x86_64-unknown-linux-musl";
        let workspace = Workspace::find().unwrap();
        let packages = published(&workspace).unwrap();
        for (package, programs) in PROGRAMS {
            let folder = TempDir::new().unwrap();
            let write = |file: &str| {
                let file = folder.path().join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(&file, "").unwrap();
                file
            };
            let mut built = BTreeMap::new();
            for program in programs {
                built.insert((*program).to_owned(), write(&format!("built/{program}")));
                write(&format!("pages/man/man1/{program}.1"));
                write(&format!("pages/completions/{program}.fish"));
            }
            let archive = archive(&workspace, package, programs, TARGET, &built, folder.path()).unwrap();
            let mut tar = Command::new("tar");
            let listed = tar.current_dir(folder.path()).args(["--list", "--file", &archive]).output().unwrap();
            let listed = String::from_utf8(listed.stdout).unwrap();
            let found = packages.iter().find(|found| found.name == package).unwrap();
            let template = |key: &str| found.manifest["metadata"]["binstall"][key].as_str().unwrap();
            let filled = |key: &str, program: &str| {
                let values = [
                    ("name", package),
                    ("version", found.version.as_str()),
                    ("target", TARGET),
                    ("bin", program),
                    ("binary-ext", ""),
                ];
                values
                    .iter()
                    .fold(template(key).to_owned(), |text, (name, value)| text.replace(&format!("{{ {name} }}"), value))
            };
            let url = format!("{{ repo }}/releases/download/v{}/{archive}", found.version);
            assert_eq!((filled("pkg-url", ""), template("pkg-fmt")), (url, "tgz"));
            for program in programs {
                let place = filled("bin-dir", program);
                assert!(listed.lines().any(|file| file == place), "{place} is not in\n{listed}");
            }
        }
    }

    #[test]
    fn a_release_commits_the_changelog_alone_and_tags_the_commit() {
        let folder = TempDir::new().unwrap();
        let root = folder.path();
        let run = |arguments: &[&str]| git(root, arguments).unwrap();
        run(&["init", "--quiet"]);
        for (key, value) in
            [("user.name", "a"), ("user.email", "a@b"), ("commit.gpgSign", "false"), ("tag.gpgSign", "false")]
        {
            run(&["config", key, value]);
        }
        fs::write(root.join(CHANGELOG), "## Unreleased\n\n- a\n").unwrap();
        fs::write(root.join("other"), "one").unwrap();
        run(&["add", "."]);
        run(&["commit", "--quiet", "--message", "before"]);
        assert!(is_clean(root).unwrap() && tags(root).unwrap().is_empty());
        // A change that is staged beside must not get into the commit.
        fs::write(root.join("other"), "two").unwrap();
        run(&["add", "other"]);
        assert!(!is_clean(root).unwrap());
        let text = fs::read_to_string(root.join(CHANGELOG)).unwrap();
        let cut = changelog::cut(&text, "0.1.0", "2026-12-01").unwrap();
        commit_and_tag(root, &cut.whole, "0.1.0", "v0.1.0").unwrap();
        assert_eq!(run(&["show", "--format=%s", "--name-only", "HEAD"]), "[release] 0.1.0\n\nCHANGELOG.md\n");
        assert_eq!(run(&["show", "HEAD:CHANGELOG.md"]), cut.whole);
        assert_eq!(run(&["rev-parse", "v0.1.0^{commit}"]), run(&["rev-parse", "HEAD"]));
        assert_eq!(run(&["cat-file", "-t", "v0.1.0"]), "tag\n");
        // A second time, the tag exists.
        assert!(commit_and_tag(root, "other\n", "0.1.0", "v0.1.0").is_err());
    }

    /// A user who downloads everything has no other file of the folder, and `sha256sum --check` fails for a missing one.
    #[test]
    fn the_checksums_are_of_the_uploaded_files_only() {
        let folder = TempDir::new().unwrap();
        for name in ["NOTES.md", "a.tgz", "a.cdx.json"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        checksums(folder.path(), &["a.tgz".to_owned(), "a.cdx.json".to_owned()]).unwrap();
        fs::remove_file(folder.path().join("NOTES.md")).unwrap();
        let mut check = Command::new("sha256sum");
        let told = check.current_dir(folder.path()).args(["--check", "SHA256SUMS"]).output().unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        assert_eq!(String::from_utf8_lossy(&told.stdout), "a.tgz: OK\na.cdx.json: OK\n");
    }
}
