//! Applies rule sets by a program that the caller may replace.
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

const PROGRAM: &str = "nft";
pub const DEFAULT_PROGRAM: Option<&str> = None;
pub const DEFAULT_ARGUMENTS: &[&str] = &[];

pub fn apply(rules: &str) -> std::io::Result<()> {
    apply_with(rules, DEFAULT_PROGRAM, DEFAULT_ARGUMENTS)
}

pub fn apply_with<'a, P, A, I>(rules: &str, program: Option<&P>, arguments: I) -> std::io::Result<()>
where
    P: AsRef<OsStr> + ?Sized,
    A: AsRef<OsStr> + ?Sized + 'a,
    I: IntoIterator<Item = &'a A> + 'a,
{
    let program = program.map(AsRef::as_ref).unwrap_or(PROGRAM.as_ref());
    let mut command = Command::new(program);
    let mut child = command.args(arguments).args(["-j", "-f", "-"]).stdin(Stdio::piped()).spawn()?;
    child.stdin.take().unwrap().write_all(rules.as_bytes())?;
    child.wait()?;
    Ok(())
}
