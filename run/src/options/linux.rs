//! Values of options that only Linux can check, and what depends on more than one option.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use netns_fixtures::__sandbox as sandbox;
use netns_fixtures::__sandbox::identity::{IdMaps, Shown};
use netns_fixtures::process::Capability;
use nix::unistd::{Uid, User};

use super::{Capabilities, Identity, Isolation};

/// Returns the path of a program, which a name without a slash has in a folder of `PATH`; `None` if there is no such file.
pub(crate) fn found(program: &OsStr) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = Path::new(program);
    let is_name = named.components().count() == 1 && !program.as_encoded_bytes().contains(&b'/');
    let folders = if is_name { std::env::split_paths(&path).collect() } else { vec![PathBuf::new()] };
    let file = folders.into_iter().map(|folder| folder.join(named)).find(|file| file.is_file())?;
    std::path::absolute(file).ok()
}

impl Isolation {
    /// Adds what short options stand for, and checks what depends on more than one option. Call it once, before the namespaces. `program`
    /// is the one to start.
    ///
    /// # Errors
    ///
    /// A sentence with the remedy.
    pub(crate) fn complete(&mut self, program: &OsStr) -> Result<(), String> {
        if self.private_folders {
            let program = found(program);
            let real = program.as_deref().map(fs::canonicalize).transpose().ok().flatten();
            let in_use = std::env::current_dir().ok().into_iter().chain(program).chain(real);
            let folders = sandbox::mounts::folders_of_daemons(&in_use.collect::<Vec<_>>());
            self.private
                .extend(folders.into_iter().filter(|folder| !self.private.contains(folder)).collect::<Vec<_>>());
        }
        for (option, file) in [("--hosts", &self.hosts), ("--resolv", &self.resolv)] {
            let file = file.as_ref().and_then(|file| fs::canonicalize(file).ok()).unwrap_or_default();
            if let Some(folder) = self.private.iter().find(|folder| file.starts_with(folder)) {
                let (file, folder) = (file.display(), folder.display());
                return Err(format!(
                    "{option} {file} lies in {folder}, which is empty inside; copy it to another folder"
                ));
            }
        }
        let maps = self.maps().map_err(|problem| format!("--map-ids: {problem}"))?;
        if matches!(self.identity, Identity::User(_)) && !maps.has_all() {
            return Err("only root, with CAP_SETUID, CAP_SETGID and CAP_SETFCAP, can be another user inside: your namespaces have one \
                        identity, yours; `--map-ids` maps more, and `--as caller` runs the program as an ordinary user"
                .to_owned());
        }
        Ok(())
    }

    /// The maps of the outermost user namespace.
    ///
    /// # Errors
    ///
    /// A sentence: `--map-ids` is not possible here.
    pub(crate) fn maps(&self) -> Result<IdMaps, String> {
        let shown = match self.identity {
            Identity::Root | Identity::User(_) => Shown::Root,
            Identity::Caller => Shown::Caller,
        };
        if self.map_ids { IdMaps::with_ranges(shown) } else { Ok(IdMaps::of_this_process(shown)) }
    }
}

impl Identity {
    /// Returns the value of the option on the command line.
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Root => "root",
            Self::Caller => "caller",
            Self::User(user) => &user.name,
        }
    }
}

pub(super) fn deadline(text: &str) -> Result<Duration, String> {
    const RANGE: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60);
    let value =
        sandbox::duration(text, "").map_err(|_| "a time is a number and a unit: 500ms, 30s, 10m, 2h".to_owned())?;
    if RANGE.contains(&value) { Ok(value) } else { Err("a deadline lies between 1ms and 24h".to_owned()) }
}

pub(super) fn identity(text: &str) -> Result<Identity, String> {
    match text {
        "root" => return Ok(Identity::Root),
        "caller" => return Ok(Identity::Caller),
        _ => {}
    }
    let found = match text.parse() {
        Ok(number) => User::from_uid(Uid::from_raw(number)),
        Err(_) => User::from_name(text),
    };
    let user = found.ok().flatten().ok_or_else(|| {
        let meant = sandbox::suggestion(text, &["root", "caller"]);
        format!("there is no user {text:?}{meant}; `root` and `caller` always work")
    })?;
    Ok(Identity::User(Box::new(user)))
}

pub(super) fn capabilities(text: &str) -> Result<Capabilities, String> {
    let mut bits = if text == "all" { u64::MAX } else { 0 };
    for name in text.split(',').filter(|_| !matches!(text, "all" | "none")) {
        let plain = name.trim().to_ascii_uppercase();
        let capability = Capability::named(plain.strip_prefix("CAP_").unwrap_or(&plain)).ok_or_else(|| {
            format!("there is no capability {name:?}{}; capabilities(7) lists them", capability_meant(&plain))
        })?;
        bits |= capability.bit();
    }
    Ok(Capabilities { bits, text: text.to_owned() })
}

/// `plain` has capital letters.
fn capability_meant(plain: &str) -> String {
    let names: Vec<_> = Capability::names().collect();
    sandbox::suggestion(plain.strip_prefix("CAP_").unwrap_or(plain), &names).to_ascii_lowercase()
}
