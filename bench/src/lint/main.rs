//! Measures the cost of the lint against a bare walk over the same files, and the cost of other tools on them.
//!
//! All programs alternate, each in its own process, so that the kernel counts the processor time and memory of that process alone
//! (wait4(2)). The files are the sources of the crates of bench/lint-sources and of all their dependencies, more than 500, which cargo
//! unpacks into bench/data in the first run; all of them count as test code.

mod peers;
mod sources;
mod walk;

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use clap::{Parser, ValueEnum};

use netns_bench::report::{self, Figure};

/// The same allocator as in the lint's own program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures netns-lint.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench lint")]
struct Options {
    /// Print one JSON array instead of a table.
    #[arg(long)]
    json: bool,
    /// How often the walk and the lint are measured; the peers are measured once.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    samples: u32,
    /// Leave the peers out.
    #[arg(long)]
    no_peers: bool,
    /// Run as the measured process.
    #[arg(long, hide = true)]
    role: Option<Role>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    Walk,
    Rules,
    Workspace,
}

/// The limit for the memory of the lint.
const MAX_MEGABYTES: f64 = 200.0;

const MEANING: &str = "\
Processor time of all threads, but for *_wall: until it has ended, and lint/memory: the most that was resident at once.
floor_syn_walk: every file read, parsed by syn, every name and literal asked for its place, spans let go;
all_rules: `cargo netns-lint --all-code` on them; all_rules_wall: against its own processor time, on two cores;
memory: against a limit of 200 MB; this_workspace_wall: on this repository, where it should be below 1.0;
peers: ripgrep with five patterns, ast-grep and semgrep with three rules each";

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/lint");
    if let Some(role) = options.role {
        return play(role, &data);
    }
    let lines = sources::provide(&data)?;
    ensure!(lines >= sources::LEAST_LINES, "the sources have {lines} lines, fewer than {}", sources::LEAST_LINES);
    eprintln!("{lines} lines of Rust below {}", sources::folder(&data).display());
    let (mut floors, mut rules, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.samples {
        floors.push(measured(&mut role(Role::Walk)?, &[0])?);
        rules.push(measured(&mut role(Role::Rules)?, FOUND)?);
        own.push(measured(&mut role(Role::Workspace)?, FOUND)?);
    }
    let processor = |costs: &[Cost]| costs.iter().map(|cost| cost.processor).collect::<Vec<_>>();
    let wall = |costs: &[Cost]| costs.iter().map(|cost| cost.wall).collect::<Vec<_>>();
    let floor = Figure::of_long_times("lint/floor_syn_walk", &processor(&floors), None);
    let floor_wall = Figure::of_long_times("lint/floor_syn_walk_wall", &wall(&floors), None);
    let all_rules = Figure::of_long_times("lint/all_rules", &processor(&rules), Some(&floor)).at_most(1.0);
    let wall_of_rules = Figure::of_long_times("lint/all_rules_wall", &wall(&rules), Some(&all_rules)).at_most(0.6);
    let most_memory = rules.iter().map(|cost| cost.megabytes).fold(0.0, f64::max);
    let mut figures = vec![
        all_rules,
        wall_of_rules,
        Figure::of_value("lint/memory", "MB", most_memory).within(MAX_MEGABYTES),
        Figure::of_long_times("lint/this_workspace_wall", &wall(&own), Some(&floor_wall)),
    ];
    if !options.no_peers {
        for peer in peers::ALL {
            let measured = (peer.command)(&data).and_then(|mut command| measured(&mut command, peer.statuses));
            match measured {
                Ok(cost) => figures.push(Figure::of_long_times(peer.name, &[cost.processor], Some(&floor))),
                Err(error) => eprintln!("{} is left out: {error:#}", peer.name),
            }
        }
    }
    figures.splice(0..0, [floor, floor_wall]);
    report::print(&figures, options.json, MEANING)?;
    Ok(ExitCode::SUCCESS)
}

/// The exit statuses for no finding, a finding, and a file that is not Rust.
const FOUND: &[i32] = &[0, 1, 3];

fn play(role: Role, data: &Path) -> anyhow::Result<ExitCode> {
    let lint = |arguments: &[&OsStr]| {
        let arguments = [OsStr::new("cargo-netns-lint")].into_iter().chain(arguments.iter().copied());
        ExitCode::from(netns_lint::run(arguments.map(OsStr::to_owned)))
    };
    Ok(match role {
        Role::Walk => {
            walk::every_file(&sources::folder(data))?;
            ExitCode::SUCCESS
        }
        Role::Rules => lint(&["--no-config".as_ref(), "--all-code".as_ref(), sources::folder(data).as_ref()]),
        Role::Workspace => lint(&[Path::new(env!("CARGO_MANIFEST_DIR")).join("..").as_ref()]),
    })
}

/// Returns this program as the measured process.
fn role(role: Role) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    let name = role.to_possible_value().context("every role has a name")?;
    command.args(["--role", name.get_name()]);
    Ok(command)
}

/// The resources that a process used.
struct Cost {
    processor: Duration,
    wall: Duration,
    megabytes: f64,
}

/// Runs the program without input and discards its output; expects one of the exit statuses.
fn measured(command: &mut Command, statuses: &[i32]) -> anyhow::Result<Cost> {
    let start = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let child = child.with_context(|| format!("failed to start {}", command.get_program().display()))?;
    let id = libc::pid_t::try_from(child.id())?;
    let mut status = 0;
    // SAFETY: all fields are numbers, for which zero is a valid value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: only this thread waits for our child, and both pointers point to live local variables.
        let ended = unsafe { libc::wait4(id, &raw mut status, 0, &raw mut usage) };
        if ended == id {
            break;
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            bail!("wait4: {error}");
        }
    }
    let wall = start.elapsed();
    let status = ExitStatus::from_raw(status);
    let good = status.code().is_some_and(|code| statuses.contains(&code));
    ensure!(good, "{} ended with {status}", command.get_program().display());
    let time = |value: libc::timeval| -> anyhow::Result<Duration> {
        Ok(Duration::from_secs(value.tv_sec.try_into()?) + Duration::from_micros(value.tv_usec.try_into()?))
    };
    // Linux counts in kilobytes, getrusage(2).
    let megabytes = u32::try_from(usage.ru_maxrss).map_or(0.0, |kilobytes| (f64::from(kilobytes) / 1024.0).round());
    Ok(Cost { processor: time(usage.ru_utime)? + time(usage.ru_stime)?, wall, megabytes })
}
