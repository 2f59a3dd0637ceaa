//! Functions whose results or effects the analysis models.

/// The function that writes a file at once.
pub(crate) const FILE_WRITER: &str = "fs::write";

/// The function that opens a file for reading.
pub(crate) const FILE_OPENER: &str = "File::open";

/// Functions that create a file.
pub(crate) const FILE_MAKERS: &[&str] = &["File::create", "File::create_new"];

/// Functions that end the process.
pub(crate) const EXITS: &[&str] = &["process::exit", "process::abort"];

/// Functions that make an empty list.
pub(crate) const EMPTY_LISTS: &[&str] = &["Vec::new", "Vec::with_capacity"];

/// The function that returns the folder for temporary files.
pub(crate) const TEMPORARY_FOLDER: &str = "env::temp_dir";

/// The function that makes a channel for one message.
pub(crate) const ONE_MESSAGE: &str = "oneshot::channel";

/// The macro of xshell that makes a command of a text.
pub(crate) const COMMAND_OF_TEXT: &str = "xshell::cmd!";

/// The function that makes a command.
pub(crate) const COMMAND_MAKER: &str = "Command::new";

/// The crate of commands whose dropped handles leave their processes running.
pub(crate) const DUCT: &str = "duct::";

/// Beginnings of functions of durations, under any path.
pub(crate) const OF_DURATION: &str = "Duration::";

/// The same of unique identifiers.
pub(crate) const OF_UUID: &str = "Uuid::";

/// The function that makes a default, as written.
pub(crate) const DEFAULT: &str = "Default::default";

/// Whether `path` ends with one of the suffixes at a `::` boundary.
pub(crate) fn ends_with_one(path: &str, suffixes: &[&str]) -> bool {
    suffixes.iter().any(|known| super::ends_with(path, known))
}
