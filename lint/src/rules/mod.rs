//! The rules. A rule is a file of this folder with a function `check`, a `mod` line below, and a line of
//! [`catalogue`](crate::catalogue); the compiler reports a missing one.

mod address;
mod argv;
mod blocking_in_async;
mod bounds;
mod certificate_check_off;
mod client_without_timeout;
mod confined_wait;
mod gathering;
mod host_network_changed;
mod kill_by_name;
mod leaked_child;
mod literal_address;
mod literal_port;
mod message;
mod namespace_on_shared_thread;
mod option_injection;
mod poll;
mod port_reuse_race;
mod privileged_command;
mod product_wait;
mod public_internet;
mod serial_by_convention;
mod set_env_in_test;
mod shell_command;
mod sleep_as_synchronization;
mod split_command;
mod stream;
mod temp_path;
mod unbounded_env_duration;
mod unbounded_env_size;
mod unbounded_wait;
mod unclaimed_name;
mod wildcard_bind;

#[cfg(test)]
mod testing;

use crate::catalogue::{Entry, RULES, with_rules};
use crate::config::Config;
use crate::facts::FileFacts;
use crate::rule::Hit;

/// The check of a rule: adds its hits for the facts of one file. Rules never see a syntax tree.
pub(crate) type Check = fn(&FileFacts, &Config, &mut Vec<Hit>);

macro_rules! checks {
    ($($module:ident: $name:literal, $severity:ident;)*) => { &[$($module::check,)*] };
}

static CHECKS: &[Check] = with_rules!(checks);

/// Returns every rule with its check.
pub(crate) fn all() -> impl Iterator<Item = (&'static Entry, Check)> {
    RULES.iter().zip(CHECKS.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// Returns whether a line compares a path with a text of its own.
    fn compares(line: &str) -> bool {
        let line = line.trim_start();
        let mut texts = line.split('"').skip(1).step_by(2);
        let is_comparison = ["ends_with(", "starts_with(", "path ==", "path.contains(", "is_of(&["]
            .iter()
            .any(|comparison| line.contains(comparison));
        !line.starts_with("//") && is_comparison && texts.any(|text| text.contains("::") && text != "::")
    }

    fn files_below(folder: &Path) -> Vec<PathBuf> {
        let inside = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path());
        inside.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
    }

    #[test]
    fn paths_are_compared_with_the_tables_only() {
        assert!(compares(r#"    tables::ends_with(&call.path, "TcpListener::bind")"#), "the search finds one");
        assert!(!compares("    tables::ends_with(&call.path, tables::BARRIER)"));
        for folder in ["rules", "flow", "lowering"] {
            for path in files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder)) {
                let text = fs::read_to_string(&path).expect("UTF-8");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                let found: Vec<&str> = code.lines().filter(|line| compares(line)).collect();
                assert!(found.is_empty(), "{}: {found:#?}", path.display());
            }
        }
    }
}
