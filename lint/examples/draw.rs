//! Draws public crates and test files that nobody has tuned the lint for: `draw COUNT SEED FOLDER`.
//!
//! The pool is `lint/corpus/network-crates.txt`, without the crates that other files of `lint/corpus` name. Cargo
//! fetches crates in the order that `SEED` gives, until `COUNT` of them have files to read. Writes to `FOLDER`:
//! - `crates.txt`: one `name-version` per line. If the file already exists, these crates are fetched again and none is
//!   drawn. The sets that were read are `lint/corpus/blind-SEED.txt`;
//! - `files.tsv`: crate, path and number of lines of each file that a reader labels;
//! - `crates/`: the sources, so that a reader can look up the functions that a file calls.
//!
//! The lint is not involved: files are drawn by their place and by plain words.

mod ended;
mod fetched;
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use fetched::{fetch, name_and_version};
use random::Random;

/// The most files of one crate that a reader gets.
const FILES_OF_A_CRATE: usize = 2;
/// The length of a file that a person can read in one go.
const LINES: std::ops::RangeInclusive<usize> = 25..=450;
/// A test file is in one of these folders, or has one of these attributes.
const FOLDERS: &[&str] = &["tests", "test", "benches", "examples", "testing", "test_utils", "test-utils"];
const ATTRIBUTES: &[&str] = &["#[test]", "#[cfg(test)]", "::test]", "::test(", "#[rstest]"];
/// A file without any of these does nothing harmful.
const WORDS: &[&str] = &[
    "Command", "Socket", "Listener", "Stream", "bind", "connect", "spawn", "env::", "temp", "sleep", "timeout", "kill",
    "unshare", "setns", "netns", "sudo", "/tmp", "/proc", "/sys", "thread",
];

fn main() -> ExitCode {
    ended::ended(run(&std::env::args().skip(1).collect::<Vec<_>>()))
}

fn run(arguments: &[String]) -> Result<(), String> {
    let [count, seed, folder] = arguments else { return Err("usage: draw COUNT SEED FOLDER".to_owned()) };
    let count: usize = count.parse().map_err(|_| format!("`{count}` is not a number"))?;
    let seed: u64 = seed.parse().map_err(|_| format!("`{seed}` is not a number"))?;
    let folder = Path::new(folder);
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let listed = folder.join("crates.txt");
    let mut order: Vec<String> = match fs::read_to_string(&listed) {
        Ok(text) => text.lines().map(ToOwned::to_owned).collect(),
        Err(_) => shuffled(pool(&corpus)?, &mut Random(seed)),
    };
    order.reverse();
    let mut chosen = BTreeMap::<String, PathBuf>::new();
    let mut files = Vec::new();
    while chosen.len() < count
        && let Some(name) = order.pop()
    {
        // Each alone, because the needs of one crate may exclude those of another.
        let fetched = match fetch(&BTreeSet::from([name.clone()]), &folder.join("cargo").join(&name)) {
            Ok(fetched) => fetched,
            Err(error) => {
                eprintln!("{name} is left out: {}", error.lines().next().unwrap_or_default());
                continue;
            }
        };
        for (full, sources) in fetched {
            // From the seed again, so that the files of a crate do not depend on the other crates.
            let drawn = drawn(&sources, &mut Random(seed))?;
            if drawn.is_empty() {
                eprintln!("{full} is left out: no file to read");
                continue;
            }
            for (path, lines) in drawn {
                files.push(format!("{full}\t{}\t{lines}\n", path.display()));
            }
            chosen.insert(full, sources);
        }
    }
    for (full, sources) in &chosen {
        copy(sources, &folder.join("crates").join(full)).map_err(|error| format!("cannot copy {full}: {error}"))?;
    }
    let names: Vec<&str> = chosen.keys().map(String::as_str).collect();
    fs::write(&listed, names.join("\n") + "\n").map_err(|error| error.to_string())?;
    files.sort();
    let table = format!("crate\tpath\tlines\n{}", files.concat());
    fs::write(folder.join("files.tsv"), table).map_err(|error| error.to_string())?;
    eprintln!("{} crates, {} files", chosen.len(), files.len());
    Ok(())
}

/// The names in the pool that no other file of the corpus has.
fn pool(corpus: &Path) -> Result<Vec<String>, String> {
    const POOL: &str = "network-crates.txt";
    let read =
        |name: &str| fs::read_to_string(corpus.join(name)).map_err(|error| format!("cannot read {name}: {error}"));
    let entries = fs::read_dir(corpus).map_err(|error| format!("cannot list {}: {error}", corpus.display()))?;
    let names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let mut known = BTreeSet::new();
    for name in names.iter().filter(|name| *name != POOL) {
        let text = read(name)?;
        let cells = text.lines().flat_map(|line| line.split('\t')).filter_map(name_and_version);
        known.extend(cells.map(|(name, _)| name.to_owned()));
    }
    let pool = read(POOL)?;
    Ok(pool.lines().filter(|name| !known.contains(*name)).map(ToOwned::to_owned).collect())
}

fn shuffled<T>(mut all: Vec<T>, random: &mut Random) -> Vec<T> {
    let mut result = Vec::new();
    while !all.is_empty() {
        result.push(all.swap_remove(random.below(all.len())));
    }
    result
}

/// The test files of a crate, relative to it, with their numbers of lines.
fn drawn(sources: &Path, random: &mut Random) -> Result<Vec<(PathBuf, usize)>, String> {
    let mut found = Vec::new();
    collect(sources, sources, &mut found).map_err(|error| format!("cannot read {}: {error}", sources.display()))?;
    found.sort();
    let mut drawn = shuffled(found, random);
    drawn.truncate(FILES_OF_A_CRATE);
    drawn.sort();
    Ok(drawn)
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<(PathBuf, usize)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && let Ok(text) = fs::read_to_string(&path)
        {
            let inside = path.strip_prefix(root).unwrap_or(&path);
            let mut parts = inside.iter().filter_map(|part| part.to_str());
            let is_test =
                parts.any(|part| FOLDERS.contains(&part)) || ATTRIBUTES.iter().any(|mark| text.contains(mark));
            let matters = WORDS.iter().any(|word| text.contains(word));
            let lines = text.lines().count();
            if is_test && matters && LINES.contains(&lines) {
                found.push((inside.to_path_buf(), lines));
            }
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
