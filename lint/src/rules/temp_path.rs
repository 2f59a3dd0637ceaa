//! # temp-path
//!
//! Reports a fixed or guessable path in a folder that everybody shares (`/tmp`, `/var/tmp`, `/dev/shm`) that is
//! created, bound or written.
//!
//! ## Why is this bad?
//! Two runs overwrite each other's files. Another user who knows the name can put a symbolic link there first, and the
//! test, perhaps as root, writes to the link's target.
//!
//! ## Bad
//! ```text
//! let listener = UnixListener::bind("/tmp/test.sock")?;
//! fs::write(std::env::temp_dir().join("out.txt"), b"x")?;
//! ```
//!
//! ## Good
//! ```text
//! let folder = tempfile::tempdir()?;
//! let listener = UnixListener::bind(folder.path().join("test.sock"))?;
//! ```
//!
//! ## Limits
//! Paths below a fixed folder that the same function uses are shown there, not as findings of their own. A name of a process id and a time is pedantic. Paths inside containers and guests are recognised only if a program like `docker` receives them.
//!
//! ## References
//! CWE-377, CWE-59.

use std::collections::HashMap;

use super::argv::simple_commands_of;
use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts, SinkKind};
use crate::finding::Confidence;
use crate::rule::Hit;
use crate::shell::{SimpleCommand, unwrapped};
use crate::span::Span;
use crate::tables;
use crate::value::{Origin, Value};

const HELP: &str = "make a folder of the test's own, `tempfile::tempdir()`, and put it there";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let mut found = Vec::new();
    for sink in &facts.sinks {
        match sink.kind {
            SinkKind::Created | SinkKind::SocketPath | SinkKind::Bind | SinkKind::Listen => {
                if let Some(value) = sink.values.first() {
                    let hit = hit(sink.function, sink.span, value, &sink.by);
                    // Exclusive creation fails if the path exists, and never writes to an existing file.
                    let claims = tables::EXCLUSIVE_CALLS.iter().any(|known| tables::ends_with(&sink.by, known));
                    let harmless = claims && value.constant().is_none() || is_refused(facts, sink.call);
                    let path = without_scheme(&value.shown()).to_owned();
                    let is_fixed = value.constant().is_some();
                    found.extend(hit.filter(|_| !harmless).map(|hit| Found { hit, path, is_fixed }));
                }
            }
            SinkKind::Command | SinkKind::ShellString => {
                let commands = simple_commands_of(sink, config);
                let written = |command: &SimpleCommand| {
                    let redirected = command.outputs.iter().find(|path| is_shared(path)).cloned();
                    redirected.or_else(|| written_by(&command.words))
                };
                if let Some(path) = commands.iter().find_map(written) {
                    let message =
                        format!("a command writes to the fixed path `{path}` in a folder that everybody shares");
                    let hit = Hit::new(sink.function, sink.span, message, HELP);
                    found.push(Found { hit, path, is_fixed: true });
                }
            }
            _ => {}
        }
    }
    hits.extend(outermost(found));
}

/// A path that is reported.
struct Found {
    hit: Hit,
    path: String,
    is_fixed: bool,
}

/// Makes the paths below a fixed folder labels of the folder's hit in the same function: who changes the folder mostly
/// changes them, too.
fn outermost(found: Vec<Found>) -> Vec<Hit> {
    let mut folders: HashMap<(&str, usize), usize> = HashMap::new();
    for (index, one) in found.iter().enumerate().filter(|(_, one)| one.is_fixed) {
        folders.entry((one.path.trim_end_matches('/'), one.hit.function)).or_insert(index);
    }
    let folder_of = |one: &Found| {
        let path = one.path.trim_end_matches('/');
        let mut ends = path.match_indices('/').map(|(end, _)| &path[..end]).filter(|folder| is_shared(folder));
        ends.find_map(|folder| folders.get(&(folder, one.hit.function)).copied())
    };
    let covers: Vec<Option<usize>> = found.iter().map(folder_of).collect();
    let mut labels: HashMap<usize, Vec<(Span, String)>> = HashMap::new();
    for (one, folder) in found.iter().zip(&covers) {
        if let Some(folder) = folder {
            let label = (one.hit.span, format!("`{}` is below it", one.path));
            labels.entry(*folder).or_default().push(label);
        }
    }
    let is_outermost = found.into_iter().zip(covers).enumerate().filter(|(_, (_, folder))| folder.is_none());
    let hits = is_outermost.map(|(index, (mut one, _))| {
        one.hit.labels.extend(labels.remove(&index).unwrap_or_default());
        one.hit
    });
    hits.collect()
}

/// Whether the test expects the call to fail.
fn is_refused(facts: &FileFacts, call: Option<CallId>) -> bool {
    let refused = |other: &Call| tables::REFUSALS.contains(&other.name.as_str());
    let of_it = |other: &Call| other.receiver.as_ref().is_some_and(|receiver| receiver.call == call);
    call.is_some_and(|call| facts.calls_from(call).any(|(_, other)| refused(other) && of_it(other)))
}

fn hit(function: usize, span: Span, value: &Value, by: &str) -> Option<Hit> {
    let prefix = without_scheme(value.prefix());
    if !tables::SHARED_FOLDERS.iter().any(|folder| prefix.starts_with(folder)) {
        return None;
    }
    let guess = if value.constant().is_some() {
        "fixed"
    } else {
        match value.sources.iter().find(|source| matches!(source.origin, Origin::Pid | Origin::Time)) {
            Some(source) if value.source(Origin::Random).is_none() => {
                if source.origin == Origin::Pid {
                    "made of a process id"
                } else {
                    "made of a time"
                }
            }
            _ => return None,
        }
    };
    let message = format!("the path `{}` is {guess}, in a folder that everybody shares", value.shown());
    let confidence = if guess == "fixed" { Confidence::High } else { Confidence::Medium };
    let has = |origin: Origin| value.source(origin).is_some();
    // Nobody guesses the nanosecond, and a second run has another process.
    let is_own = guess != "fixed" && has(Origin::Pid) && has(Origin::Time);
    let hit = Hit::new(function, span, message, HELP).confidence(confidence).pedantic(is_own);
    let hit = if value.span == span { hit } else { hit.label(value.span, format!("the path that `{by}` gets")) };
    Some(match value.written() {
        Some((place, _)) => hit.label(place, "its beginning is written here"),
        None => hit,
    })
}

/// Returns the path in the address of a socket: `unix:/tmp/a.sock`, `ipc:///tmp/a`.
fn without_scheme(address: &str) -> &str {
    let schemes = ["unix://", "unix:", "ipc://"];
    schemes.iter().find_map(|scheme| address.strip_prefix(scheme)).unwrap_or(address)
}

/// Returns the fixed path in a shared directory that a simple command creates or overwrites: as an operand or
/// through an option.
fn written_by(words: &[String]) -> Option<String> {
    // The words of macros that take a command line as tokens include redirections.
    let by_arrow = words.iter().enumerate().find_map(|(at, word)| {
        let target = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix('>')?.trim_start_matches('>');
        if target.is_empty() { words.get(at + 1).cloned() } else { Some(target.to_owned()) }
    });
    if let Some(path) = by_arrow.filter(|path| is_shared(path)) {
        return Some(path);
    }
    let (program, operands) = unwrapped(words).1.split_first()?;
    let program = tables::program_name(program);
    if tables::PATH_MAKERS.contains(&program) {
        return operands.iter().find(|word| is_shared(word)).cloned();
    }
    if tables::LAST_IS_MADE.contains(&program) {
        return operands.last().filter(|word| operands.len() > 1 && is_shared(word)).cloned();
    }
    let known = || tables::OUTPUT_OPTIONS.iter().filter(|(name, _)| *name == program).flat_map(|(_, options)| *options);
    let creates = program != "tar" || operands.iter().any(|word| makes_archive(word));
    operands.iter().enumerate().find_map(|(at, word)| {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (word.as_str(), operands.get(at + 1).cloned()),
        };
        let is_archive = program == "tar" && !word.starts_with("--") && word.ends_with('f');
        let is_output = known().any(|known| *known == option) || is_archive || says_output(option);
        value.filter(|path| creates && is_output && is_shared(path))
    })
}

/// Whether a word is a fixed path in a shared directory.
fn is_shared(word: &str) -> bool {
    let fixed = !word.contains("{}") && !word.contains("XXX") && !word.contains('$');
    fixed && tables::SHARED_FOLDERS.iter().any(|folder| word.starts_with(folder) && word.len() > folder.len())
}

/// Whether a word makes tar create an archive: `-c`, `czf`, `--create` and similar.
fn makes_archive(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or(word);
    let is_letters = letters.len() < 6 && letters.chars().all(|letter| letter.is_ascii_alphabetic());
    ["--create", "--append", "--update"].contains(&word) || is_letters && letters.contains(['c', 'r', 'u'])
}

/// Whether the name of an option marks an output path, for example `--log-file`.
fn says_output(option: &str) -> bool {
    let name = option.trim_start_matches('-');
    option.starts_with('-') && name.len() > 1 && name.split(['-', '_']).any(|word| tables::OUTPUT_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_found, found};

    const FRAME: &str = "use std::{env, fs, fs::File, process, process::Command}; use std::os::unix::net::UnixListener; const P: &str = \"/tmp/x\"; fn f(x: &str) { {} }";
    const RULE: &str = "temp-path";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"File::create("/tmp/out.txt").unwrap();"#,
                "File::create(P).unwrap();",
                r#"fs::write("/tmp/out.txt", b"x").unwrap();"#,
                r#"fs::create_dir_all("/tmp/test/a").unwrap();"#,
                r#"UnixListener::bind("/tmp/test.sock").unwrap();"#,
                r#"fs::write(env::temp_dir().join("out.txt"), b"x").unwrap();"#,
                r#"let p = std::path::Path::new("/tmp").join("out"); File::create(&p).unwrap();"#,
                r#"let p = format!("/tmp/test-{}", process::id()); fs::create_dir_all(&p).unwrap();"#,
                r#"fs::OpenOptions::new().write(true).create(true).open("/tmp/x.log").unwrap();"#,
                r#"File::options().append(true).open("/var/tmp/x.log").unwrap();"#,
                r#"File::create("/dev/shm/x").unwrap();"#,
                r#"let p = std::path::PathBuf::from("/tmp/a.sock").with_extension("log"); File::create(&p).unwrap();"#,
                r#"let p = std::path::PathBuf::from("/tmp/a").with_extension(process::id().to_string()); File::create(&p).unwrap();"#,
                r#"Command::new("sh").args(["-c", "echo 1 > /tmp/out"]).status().unwrap();"#,
                r#"Command::new("mkdir").arg("/tmp/test").status().unwrap();"#,
                r#"fn save(path: &str) { fs::write(path, "x").unwrap(); } save("/tmp/a");"#,
            ],
        );
    }

    #[test]
    fn a_folder_covers_the_paths_below_it() {
        let body = |code: &str| format!("use std::{{fs, path::Path}}; fn f(x: &str) {{ {code} }}");
        let code = r#"let d = Path::new("/tmp/t"); fs::create_dir(d).unwrap(); fs::write(d.join("a"), x).unwrap(); fs::create_dir_all(format!("/tmp/t/{}/{x}", std::process::id())).unwrap();"#;
        let all = found(RULE, &body(code));
        assert_eq!(all.len(), 1, "{all:?}");
        let labels: Vec<&str> = all[0].labels.iter().map(|label| label.message.as_str()).collect();
        assert_eq!(labels[labels.len() - 2..], ["`/tmp/t/a` is below it", "`/tmp/t/{}/{}` is below it"]);
        for beside in [
            r#"fs::create_dir("/tmp/t").unwrap(); fs::write("/tmp/test", x).unwrap();"#,
            r#"fs::create_dir("/tmp/t/u").unwrap(); fs::write("/tmp/t/a", x).unwrap();"#,
            r#"fs::create_dir("/tmp/t").unwrap(); } fn g(x: &str) { fs::write("/tmp/t/a", x).unwrap();"#,
            r#"fs::create_dir_all("/tmp/").unwrap(); fs::write("/tmp/a", x).unwrap(); fs::write("/tmp/b", x).unwrap();"#,
        ] {
            assert!(found(RULE, &body(beside)).len() > 1, "{beside}");
        }
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"let d = tempfile::tempdir().unwrap(); File::create(d.path().join("out")).unwrap();"#,
                r#"File::open("/tmp/out.txt").unwrap();"#,
                r#"fs::read_to_string("/tmp/out.txt").unwrap();"#,
                r#"assert_eq!(parse("/tmp/x"), P);"#,
                r#"File::create("out.txt").unwrap();"#,
                r#"File::create(format!("{x}/out.txt")).unwrap();"#,
                r#"fs::OpenOptions::new().write(true).create_new(true).open("/tmp/x.log").unwrap();"#,
                r#"fs::OpenOptions::new().read(true).open("/tmp/x.log").unwrap();"#,
                r#"Command::new("docker").args(["exec", x, "mkdir", "/tmp/test"]).status().unwrap();"#,
                r#"upload(Options::default().path("/tmp").build());"#,
                r#"let p = env::temp_dir().join(format!("t-{}", uuid::Uuid::new_v4())); fs::create_dir(&p).unwrap();"#,
                r#"let p = std::path::PathBuf::from("/tmp/a").with_extension(uuid::Uuid::new_v4().to_string()); File::create(&p).unwrap();"#,
                r#"let mut p = std::path::PathBuf::from("/tmp/a.sock"); p.set_extension(x); File::create(&p).unwrap();"#,
                r#"Command::new("sh").args(["-c", "cat < /tmp/in"]).status().unwrap();"#,
                r#"Command::new("sh").args(["-c", "mktemp /tmp/x.XXXXXX"]).status().unwrap();"#,
            ],
        );
    }
}
