//! `cargo xtask vm-test`: runs the suite of the fixtures on other kernels, as root and as an unprivileged user.
//!
//! `netns_vm` runs the machines, here as in `cargo netns-run vm`. This project's own: the plan ([`plan`]), requirements that no kernel meets
//! ([`mod@report`]), and at the end a guest that refuses isolation, in one way after another ([`refusals`], [`mod@site`], [`obstacle`],
//! [`apparmor`]), whose messages are compared with docs/where-it-runs.md.

mod apparmor;
pub(crate) mod nscd;
pub(crate) mod obstacle;
mod package;
mod plan;
pub(crate) mod refusals;
mod report;
mod site;
pub(crate) mod turned;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anstream::{eprintln, println};
use anyhow::ensure;
use clap::Args;
use netns_vm::image::{self, INIT, Root};
use netns_vm::kernels::{self, SERIES};
use netns_vm::matrix::WorkFolder;
use netns_vm::plan::{Account, Plan};
use netns_vm::{Accelerator, Arch, Counts};
use nix::unistd::getppid;

use crate::program::{is_interrupted, stop_on_signals};
use crate::workspace::{BAD, GOOD, NOTABLE, Workspace};
use apparmor::APPARMOR;
use nscd::NSCD;
use report::Told;

pub(crate) use kernels::BOTH_ENDS;
pub(crate) use plan::AARCH64;

const AFTER_HELP: &str = "\
Examples:
  cargo xtask vm-test                               the oldest and the newest kernel of the matrix
  cargo xtask vm-test --kernel all                  all of it
  cargo xtask vm-test --kernel 6.12 --test vlan     tests with `vlan` in their names, on one kernel
  cargo xtask vm-test --kernel 6.12 --turned        the suite on a machine whose settings are not the defaults
  cargo xtask vm-test --arch aarch64 --kernel 6.12  a part of the suite on an emulated aarch64
  cargo xtask vm-test --update                      with the point releases of today

The kernels are kept in target/vm-test, those for aarch64 in target/vm-test-aarch64; the first run fetches some 30 MB for each. It needs QEMU,
apt, e2fsprogs, kmod and binutils, and no privilege. A kernel's console is kept where its run failed.

Exit status: 0 all passed, 1 a test failed, a result is missing or a requirement is met nowhere, 2 usage or a missing tool.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Options {
    /// A series of kernels, or `all` [default: 5.10 and 7.x]; may be repeated.
    #[arg(long, value_name = "SERIES", value_parser = series_parser())]
    kernel: Vec<String>,
    /// Only tests, and machines that refuse, with this in their names.
    #[arg(long, value_name = "FILTER")]
    test: Option<String>,
    /// Only test binaries with this name, for example `scenarios`; may be repeated. Only these are built.
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,
    /// The processor of the machines. On aarch64 a part of the suite runs, or the targets of `--target`, and no machine refuses.
    #[arg(long, value_enum, default_value_t = Arch::X86_64)]
    arch: Arch,
    /// How the guest's instructions run; kvm is faster if it works, and hangs on some machines that are virtual themselves.
    #[arg(long, value_enum, default_value_t = Accelerator::Tcg)]
    accel: Accelerator,
    /// Leave out the tests that `cargo xtask ci` runs only with `--nightly`.
    #[arg(long)]
    short: bool,
    /// Turn the settings of the guest the other way before its tests: forwarding, strict return paths, tiny buffers, IPv6 off, nscd, no
    /// /run, a read-only root. The machines that refuse are left out.
    #[arg(long)]
    turned: bool,
    /// A mirror of Debian, as `https://HOST/debian`, with `debian-security` beside it [default: `NETNS_VM_MIRROR`, else the one that
    /// apt uses here].
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// Ask the archive for newer point releases of kernels that are kept.
    #[arg(long)]
    update: bool,
}

fn series_parser() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(SERIES.iter().copied().chain(["all"]))
}

/// Fails outside of the guest, because the next steps change the machine permanently.
fn only_in_the_guest() -> anyhow::Result<()> {
    let is_guest = getppid().as_raw() == 1 && Path::new(INIT).exists();
    ensure!(is_guest, "this changes the settings of the machine, so it runs in a virtual machine of `vm-test` only");
    Ok(())
}

/// Runs the matrix and reports.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    stop_on_signals()?;
    let told = matrix(workspace, options)?;
    let wrong = report(&told, options.test.is_none() && options.target.is_empty());
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The part of the suite that a step of `ci` runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Without the targets that take the longest.
    Short,
    Whole,
    /// Without them, on a machine whose settings are not the defaults.
    Turned,
    /// A part of them, on an emulated aarch64.
    Aarch64,
}

/// Runs these kernels as a step of `ci`; returns the counts, and everything that is wrong.
pub(crate) fn as_step(
    workspace: &Workspace,
    kernels: &[&str],
    extent: Extent,
) -> anyhow::Result<(Counts, Vec<String>)> {
    let kernel = kernels.iter().map(|&series| series.to_owned()).collect();
    let told = matrix(
        workspace,
        &Options {
            kernel,
            test: None,
            target: Vec::new(),
            arch: if extent == Extent::Aarch64 { Arch::Aarch64 } else { Arch::X86_64 },
            accel: Accelerator::Tcg,
            short: matches!(extent, Extent::Short | Extent::Turned),
            turned: extent == Extent::Turned,
            mirror: None,
            update: false,
        },
    )?;
    let wrong = report(&told, true);
    let mut counts = Counts::default();
    for told in &told {
        counts += told.counts();
    }
    Ok((counts, wrong))
}

fn matrix(workspace: &Workspace, options: &Options) -> anyhow::Result<Vec<Told>> {
    if options.arch == Arch::Aarch64 {
        ensure!(
            options.accel == Accelerator::Tcg && !options.turned,
            "aarch64 runs emulated only, and with its own settings"
        );
    }
    image::check_tools(options.arch)?;
    let folder = workspace.root().join(match options.arch {
        Arch::X86_64 => "target/vm-test",
        Arch::Aarch64 => "target/vm-test-aarch64",
    });
    let series = if options.kernel.is_empty() { BOTH_ENDS.map(str::to_owned).to_vec() } else { options.kernel.clone() };
    let work = WorkFolder::take(&folder, is_interrupted)?;
    let kernels = kernels::obtain(&folder, options.arch, &series, options.mirror.as_deref(), options.update)?;
    let mirror = options.mirror.as_deref();
    let daemon = if options.turned { Some(NSCD.obtain(&folder, mirror)?) } else { None };
    let mut built = plan::build(workspace, options.arch, &options.target)?;
    if options.short {
        built.tests.retain(|target| !plan::NOT_IN_CI.contains(&&target.name[..]));
        let left_out: Vec<&str> = plan::NOT_IN_CI.iter().copied().chain(refusals::only_without_short()).collect();
        eprintln!("{} {}", NOTABLE.paint("only without --short:"), left_out.join(", "));
    }
    if options.turned {
        built.tests.retain(|target| target.name != plan::NEEDS_RUN_TARGET);
        eprintln!(
            "{} a machine without /run: {}, {}",
            NOTABLE.paint("not on"),
            plan::NEEDS_RUN_TARGET,
            plan::NEEDS_RUN.join(", ")
        );
    }
    let start = Instant::now();
    let folder_of_root = work.scratch("root")?;
    let (mut root, init) = match options.arch {
        Arch::X86_64 => {
            let parser = APPARMOR.obtain(&folder, mirror)?;
            let root = Root::new(&folder_of_root)?;
            APPARMOR.put(&parser, &folder_of_root)?;
            (root, "guest")
        }
        // The first process is the program of users, because this one contains C (the allocator of netns-lint).
        Arch::Aarch64 => {
            let first_process = built.program("cargo-netns-run")?;
            (Root::foreign(&folder_of_root, options.arch, &folder, mirror, first_process)?, "vm-guest")
        }
    };
    if let Some(daemon) = daemon {
        NSCD.put(&daemon, &folder_of_root)?;
    }
    plan::fill(&mut root, &built)?;
    let accelerator = options.accel;
    eprintln!(
        "{} test binaries for {} kernels by {}; their files were gathered in {:.1} s",
        built.tests.len(),
        kernels.len(),
        accelerator.name(),
        start.elapsed().as_secs_f64()
    );
    for (target, reason) in plan::excluded(options.arch) {
        eprintln!("{} {target}: {reason}", NOTABLE.paint("not inside"));
    }
    let filter = options.test.as_deref();
    let scope = plan::Scope { filter, short: options.short, turned: options.turned, arch: options.arch };
    let plans = [Account::Root, Account::User]
        .map(|account| Plan::new(plan::runs(account, &built, &scope, accelerator.time_factor())));
    let results = work.run(&kernels, &root, &plans, accelerator, init)?;
    Ok(results.into_iter().map(|results| Told::of(results, filter.is_some())).collect())
}

/// Prints the tables and returns everything that is wrong; for a selection of tests it skips the checks for gaps.
fn report(told: &[Told], whole: bool) -> Vec<String> {
    netns_vm::report::print(&told.iter().map(|told| &told.results).collect::<Vec<_>>());
    println!("\n{}", report::requirements_table(told));
    if let Some(table) = report::refusals_table(told) {
        println!("\n{table}");
    }
    let mut wrong: Vec<String> = told.iter().flat_map(Told::wrong).collect();
    // On one kernel a skip only describes that kernel; over a matrix it can mean that a test never runs.
    if told.len() > 1 {
        const NOWHERE: &str = "on every kernel of this matrix";
        wrong.extend(report::met_nowhere(told).into_iter().map(|name| format!("not met {NOWHERE}: {name}")));
        wrong.extend(report::refused_nowhere(told).into_iter().map(|name| format!("not refused {NOWHERE}: {name}")));
        for (test, reason) in report::skipped_everywhere(told) {
            let skipped = format!("skipped {NOWHERE}: {test}: {reason}");
            if whole {
                wrong.push(skipped);
            } else {
                println!("{skipped}");
            }
        }
    }
    for wrong in &wrong {
        println!("{} {wrong}", BAD.paint("wrong"));
    }
    println!(
        "{}",
        if wrong.is_empty() {
            GOOD.paint("vm-test passed").to_string()
        } else {
            BAD.paint("vm-test failed").to_string()
        }
    );
    wrong
}
