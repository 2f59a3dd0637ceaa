//! Makes the guest refuse isolation in one way after another, and compares the messages with the promises of docs/where-it-runs.md.
//!
//! A refusal is a function here and a line in [`WAITING`] or [`AT_ONCE`]. It makes the machine refuse, runs three programs, undoes the
//! change, and checks as the control that the same programs then work. It reports refusals that the kernel does not support. Rows that
//! begin with `not a refusal` cover conditions that look like a cause and are not.
//!
//! Role: a process of the guest, which root runs. Parent: the guest's first process. It adopts the children of its programs,
//! because a process that nobody has reaped holds its namespaces.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::apparmor::Profile;
use super::obstacle::{Obstacles, Scenery};
use super::site::{Group, Holder, Site, Sysctl};

type Refusal = fn(&Site) -> anyhow::Result<Met>;

/// Refusals for which programs wait until their deadlines for a limit to be lifted.
const WAITING: &[(&str, Refusal)] = &[
    ("user.max_net_namespaces is reached", a_limit_of_namespaces),
    ("pids.max of the control group is reached", a_limit_of_the_control_group),
    ("RLIMIT_NPROC is reached", a_limit_of_the_user),
];

const AT_ONCE: &[(&str, Refusal)] = &[
    ("kernel.unprivileged_userns_clone is 0", switched_off_as_on_debian),
    ("user.max_user_namespaces is 0", no_user_namespaces),
    ("user.max_net_namespaces is 0", no_network_namespaces),
    ("AppArmor: a profile without userns", a_profile_without_user_namespaces),
    ("AppArmor: namespaces without capabilities", namespaces_without_capabilities),
    ("a container, layer by layer", a_container),
    ("root without capabilities", a_root_without_capabilities),
    ("a chroot that is a mount", a_chroot_that_is_a_mount),
    ("/proc with subset=pid", a_proc_of_processes_only),
    ("not a refusal: /proc with hidepid=2", a_proc_that_hides_others),
    ("not a refusal: a read-only root", a_root_that_is_read_only),
    ("not a refusal: /tmp without programs", no_programs_in_tmp),
    ("not a refusal: kernel.apparmor_restrict_unprivileged_unconfined is 1", unconfined_is_restricted),
    ("not a refusal: kernel.yama.ptrace_scope is 3", nobody_traces),
];

/// Returns the names of the refusals that `--short` leaves out.
pub(super) fn only_without_short() -> impl Iterator<Item = &'static str> {
    WAITING.iter().map(|(name, _)| *name)
}

/// Arguments of the command.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only refusals with this in their names.
    #[arg(long)]
    filter: Option<String>,
    /// Leave out refusals for which programs wait.
    #[arg(long)]
    short: bool,
    /// `NETNS_TEST_TIME_FACTOR` of the programs.
    #[arg(long)]
    time_factor: u32,
}

/// The result of one refusal, a line of JSON on standard output.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refused {
    pub(super) name: String,
    pub(super) met: Met,
}

/// The result of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Met {
    /// Every program printed the documented message, and worked after the refusal was undone.
    AsDocumented,
    /// The kernel cannot refuse this, for this reason.
    NotHere(String),
    /// A program printed or did something else.
    Otherwise(String),
}

/// Runs all refusals that the options choose, and prints each result. Exit status: 1 if one is not as documented.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    super::only_in_the_guest()?;
    nix::sys::prctl::set_child_subreaper(true).context("failed to adopt orphans")?;
    let site = Site::new(options.time_factor);
    let is_asked_for = |name: &str| options.filter.as_deref().is_none_or(|filter| name.contains(filter));
    let waiting = if options.short { &[] } else { WAITING };
    let mut status = ExitCode::SUCCESS;
    for (name, refusal) in waiting.iter().chain(AT_ONCE).filter(|(name, _)| is_asked_for(name)) {
        let met = refusal(&site).unwrap_or_else(|error| Met::Otherwise(format!("{error:#}")));
        if matches!(met, Met::Otherwise(_)) {
            status = ExitCode::FAILURE;
        }
        println!("{}", serde_json::to_string(&Refused { name: (*name).to_owned(), met })?);
    }
    Ok(status)
}

fn switched_off_as_on_debian(site: &Site) -> anyhow::Result<Met> {
    let Some(switch) = Sysctl::set("kernel.unprivileged_userns_clone", "0")? else {
        return Ok(Met::NotHere("its kernel has no kernel.unprivileged_userns_clone".to_owned()));
    };
    let says =
        ["clone3", "EPERM", "kernel.unprivileged_userns_clone is 0", "sysctl -w kernel.unprivileged_userns_clone=1"];
    site.refuses(&site.as_user(), &says)?;
    site.works(&site.as_root())?;
    drop(switch);
    site.works(&site.as_user())?;
    Ok(Met::AsDocumented)
}

fn no_user_namespaces(site: &Site) -> anyhow::Result<Met> {
    let switch = Sysctl::set("user.max_user_namespaces", "0")?.context("there is no such sysctl")?;
    let says = ["clone3", "ENOSPC", "user.max_user_namespaces is 0", "sysctl -w user.max_user_namespaces="];
    site.refuses(&site.as_user(), &says)?;
    site.works(&site.as_root())?;
    drop(switch);
    site.works(&site.as_user())?;
    Ok(Met::AsDocumented)
}

/// Root needs network namespaces.
fn no_network_namespaces(site: &Site) -> anyhow::Result<Met> {
    let switch = Sysctl::set("user.max_net_namespaces", "0")?.context("there is no such sysctl")?;
    let says = ["clone3", "ENOSPC", "user.max_net_namespaces is 0", "sysctl -w user.max_net_namespaces="];
    site.refuses(&site.as_user(), &says)?;
    site.refuses(&site.as_root(), &says)?;
    drop(switch);
    site.works(&site.as_user())?;
    site.works(&site.as_root())?;
    Ok(Met::AsDocumented)
}

fn a_limit_of_namespaces(site: &Site) -> anyhow::Result<Met> {
    let switch = Sysctl::set("user.max_net_namespaces", "1")?.context("there is no such sysctl")?;
    let holder = Holder::start(site)?;
    let says =
        ["clone3", "ENOSPC", "a limit on namespaces is reached", "user.max_net_namespaces=1", "fewer tests at once"];
    site.refuses_after_waiting(&site.as_user(), &says)?;
    drop(holder);
    // The limit is still 1. Its namespace is free, or will be in a moment: each of the two programs waits for the other.
    site.works(&site.as_user())?;
    drop(switch);
    site.works(&site.as_user())?;
    Ok(Met::AsDocumented)
}

/// More processes than one isolated test has: the runner with a thread, the zygote, pid 1, the body with a thread.
const MOST_PROCESSES: u64 = 8;

/// Covers a limit at each place: the first process, the second process, the body's thread.
fn a_limit_of_the_control_group(site: &Site) -> anyhow::Result<Met> {
    let group = Group::make("netns-refusal")?;
    let obstacles = Obstacles { group: Some(group.folder.clone()), ..site.as_user() };
    for most in 1..=MOST_PROCESSES {
        group.set("pids.max", &most.to_string())?;
        let limit = format!("pids.max of the control group is {most}");
        let says = ["a limit on processes is reached", &limit, "--pids-limit"];
        if site.works_or_refuses(&obstacles, &says)? {
            ensure!(most > 2, "an isolated test has more than {most} processes");
            return Ok(Met::AsDocumented);
        }
    }
    bail!("{MOST_PROCESSES} processes should be enough for one isolated test")
}

fn a_limit_of_the_user(site: &Site) -> anyhow::Result<Met> {
    for most in [1, 2] {
        let obstacles = Obstacles { processes: Some(most), ..site.as_user() };
        let limit = format!("RLIMIT_NPROC is {most}");
        let says = ["a limit on processes is reached", &limit, "ulimit -u"];
        ensure!(!site.works_or_refuses(&obstacles, &says)?, "an isolated test has more than {most} processes");
    }
    site.works(&Obstacles { processes: Some(64), ..site.as_user() })?;
    // The limit does not apply to root.
    site.works(&Obstacles { processes: Some(1), ..site.as_root() })?;
    Ok(Met::AsDocumented)
}

/// Every class of rules that the parser knows, each allowing everything, except the one for user namespaces.
const ALL_BUT_USERNS: &str = "/** rwlkmix, / r, capability, network, unix, signal, ptrace, mount, umount, remount, pivot_root, mqueue, \
                              change_profile,";

fn a_profile_without_user_namespaces(site: &Site) -> anyhow::Result<Met> {
    if let Some(reason) = apparmor_is_missing() {
        return Ok(Met::NotHere(reason));
    }
    if !fs::read_to_string("/sys/kernel/security/apparmor/features/namespaces/mask")
        .is_ok_and(|mask| mask.contains("userns_create"))
    {
        return Ok(Met::NotHere("its AppArmor does not mediate user namespaces".to_owned()));
    }
    let profile = Profile::load("netns-no-userns", ALL_BUT_USERNS)?;
    let name = Some(profile.name.to_owned());
    let says =
        ["clone3", "EACCES", "the AppArmor profile netns-no-userns", "refuses to make user namespaces", "`userns,`"];
    site.refuses(&Obstacles { profile: name.clone(), ..site.as_user() }, &says)?;
    // Root works without a user namespace.
    site.works(&Obstacles { profile: name, ..site.as_root() })?;
    drop(profile);
    let allowing = Profile::load("netns-userns", &format!("{ALL_BUT_USERNS} userns,"))?;
    site.works(&Obstacles { profile: Some(allowing.name.to_owned()), ..site.as_user() })?;
    Ok(Met::AsDocumented)
}

/// Resembles Ubuntu's restriction of processes without a profile. There the kernel attaches a profile to the new process, which no other
/// kernel can do.
fn namespaces_without_capabilities(site: &Site) -> anyhow::Result<Met> {
    if let Some(reason) = apparmor_is_missing() {
        return Ok(Met::NotHere(reason));
    }
    // First without any capability, which the other five namespaces need; then with the one that creates them but cannot finish their
    // setup.
    for (name, capabilities, step) in [
        ("netns-no-capability", "deny capability,", "clone3"),
        ("netns-one-capability", "capability sys_admin,", "bring lo up"),
    ] {
        let rules = ALL_BUT_USERNS.replace("capability,", capabilities) + " userns,";
        let profile = Profile::load(name, &rules)?;
        let obstacles = Obstacles { profile: Some(name.to_owned()), ..site.as_user() };
        let cause = format!("the AppArmor profile {name}, which confines this process, refuses to");
        site.refuses(&obstacles, &[step, "EPERM", &cause, "`capability,`"])?;
        drop(profile);
    }
    site.works(&site.as_user())?;
    Ok(Met::AsDocumented)
}

/// The rules of docker-default about mounts and kernel files, restated; everything else is allowed.
const AS_CONTAINERS: &str = "file, network, capability, umount, signal, ptrace, unix, userns, deny mount, \
                             deny /proc/sysrq-trigger rwklx, deny /proc/kcore rwklx,";

/// The capabilities that Docker leaves to root, as far as they affect namespaces. Source: Docker's documentation, "Runtime privilege and
/// Linux capabilities".
const CAPABILITIES_OF_CONTAINERS: &str =
    "-all,+chown,+dac_override,+kill,+net_raw,+setfcap,+setgid,+setpcap,+setuid,+sys_chroot";

/// Root of a container. Each remedy uncovers the next obstacle, and all of them together allow an isolated test.
fn a_container(site: &Site) -> anyhow::Result<Met> {
    let profile = match apparmor_is_missing() {
        None => Some(Profile::load("netns-container", AS_CONTAINERS)?),
        Some(_) => None,
    };
    let capabilities = Some(CAPABILITIES_OF_CONTAINERS.to_owned());
    let inside = Obstacles { scenery: vec![Scenery::ProcOfContainers], capabilities, ..site.as_root() };
    let name = profile.as_ref().map(|profile| profile.name.to_owned());
    let mut all =
        vec!["EPERM", "a seccomp filter refuses new namespaces", "seccomp=unconfined", "systempaths=unconfined"];
    all.extend(name.as_ref().map(|_| "apparmor=unconfined"));
    site.refuses(&Obstacles { filter: true, profile: name.clone(), ..inside.clone() }, &all)?;
    if name.is_some() {
        let says =
            ["make every mount private", "EACCES", "the AppArmor profile netns-container", "apparmor=unconfined"];
        site.refuses(&Obstacles { profile: name, ..inside.clone() }, &says)?;
    }
    site.refuses(&inside, &["mount /proc", "EPERM", "masked or read-only", "systempaths=unconfined"])?;
    site.works(&Obstacles { scenery: vec![], ..inside })?;
    Ok(Met::AsDocumented)
}

fn a_root_without_capabilities(site: &Site) -> anyhow::Result<Met> {
    let with = |left: &str| Obstacles { capabilities: Some(left.to_owned()), ..site.as_root() };
    site.refuses(&with("-all"), &["/proc/self/uid_map", "EPERM", "root without CAP_SETFCAP", "--cap-add SETFCAP"])?;
    site.works(&with("-all,+setfcap"))?;
    Ok(Met::AsDocumented)
}

fn a_chroot_that_is_a_mount(site: &Site) -> anyhow::Result<Met> {
    let inside = |outside| Obstacles { scenery: vec![Scenery::Chroot], ..outside };
    site.refuses(&inside(site.as_user()), &["clone3", "EPERM", "a chroot or a sandbox", "outside of a chroot"])?;
    site.works(&inside(site.as_root()))?;
    site.works(&site.as_user())?;
    Ok(Met::AsDocumented)
}

fn a_proc_that_hides_others(site: &Site) -> anyhow::Result<Met> {
    site.works(&Obstacles { scenery: vec![Scenery::Proc("hidepid=2".to_owned())], ..site.as_user() })?;
    Ok(Met::AsDocumented)
}

fn a_proc_of_processes_only(site: &Site) -> anyhow::Result<Met> {
    let behind = Obstacles { scenery: vec![Scenery::Proc("subset=pid".to_owned())], ..site.as_user() };
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").context("failed to read the kernel's release")?;
    let major: u32 = release.split('.').next().and_then(|major| major.parse().ok()).context("the release is none")?;
    if major < 7 {
        site.works(&behind)?;
        return Ok(Met::NotHere("its kernel mounts a whole /proc all the same".to_owned()));
    }
    site.refuses(&behind, &["mount /proc", "EPERM", "/proc is mounted with subset=pid", "ProcSubset=all"])?;
    site.works(&site.as_user())?;
    Ok(Met::AsDocumented)
}

fn a_root_that_is_read_only(site: &Site) -> anyhow::Result<Met> {
    site.works(&Obstacles { scenery: vec![Scenery::ReadOnlyRoot], ..site.as_user() })?;
    Ok(Met::AsDocumented)
}

fn no_programs_in_tmp(site: &Site) -> anyhow::Result<Met> {
    site.works(&Obstacles { scenery: vec![Scenery::NoProgramsInTmp], ..site.as_user() })?;
    Ok(Met::AsDocumented)
}

/// Prevents processes without a profile from choosing one. Ubuntu's `kernel.apparmor_restrict_unprivileged_userns`, which removes
/// capabilities, exists on no other kernel.
fn unconfined_is_restricted(site: &Site) -> anyhow::Result<Met> {
    let Some(switch) = Sysctl::set("kernel.apparmor_restrict_unprivileged_unconfined", "1")? else {
        return Ok(Met::NotHere("its kernel has no such sysctl".to_owned()));
    };
    site.works(&site.as_user())?;
    drop(switch);
    Ok(Met::AsDocumented)
}

fn nobody_traces(site: &Site) -> anyhow::Result<Met> {
    // The value cannot be reset before the next boot, so this refusal comes last.
    let Some(_for_good) = Sysctl::set("kernel.yama.ptrace_scope", "3")? else {
        return Ok(Met::NotHere("its kernel has no Yama".to_owned()));
    };
    site.works(&site.as_user())?;
    Ok(Met::AsDocumented)
}

fn apparmor_is_missing() -> Option<String> {
    let enabled = fs::read_to_string("/sys/module/apparmor/parameters/enabled").unwrap_or_default();
    (enabled.trim() != "Y").then(|| "AppArmor is not on there".to_owned())
}
