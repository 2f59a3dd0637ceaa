//! Pid 1 of the program's namespaces, and the program's process until it executes the program.
//!
//! Pid 1. Role: makes the namespaces ready, forks the program, reaps orphans, passes signals in and the exact status out. Parent:
//! `netns-run`, which reaps it. When pid 1 ends, the kernel kills every process in its pid namespace.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus};

use landlock::{Ruleset, RulesetAttr, RulesetCreatedAttr, Scope};
use netns_fixtures::__sandbox::Report;
use netns_fixtures::__sandbox::first_process::{EndsOfChildren, leave_standard_streams};
use netns_fixtures::__sandbox::identity::Gate;
use netns_fixtures::__sandbox::lifeline::Lifeline;
use netns_fixtures::__sandbox::{
    PROBE, SetUpFailure, capability, disposition, exit_now, fork_process, hosts, keyring, make_folder_of_names,
    make_usable, mounts, receive_packet, send_packet,
};
use netns_fixtures::Error;
use netns_fixtures::net::Lab;
use netns_fixtures::net::address::AddressPlan;
use netns_fixtures::time::Deadline;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::socket::MsgFlags;
use nix::unistd::{ForkResult, Pid, User, geteuid, initgroups, setgid, sethostname, setsid, setuid};

use crate::options::{Identity, Isolation, Options};
use crate::{home, internet, settings};

/// Prefix of the step that executes the program; an error there is about the program.
pub(crate) const EXECUTE: &str = "execute ";

/// Runs pid 1, and the program's process until exec.
pub(crate) fn live(
    channel: &OwnedFd,
    lifeline: &Lifeline,
    gate: Option<Gate>,
    callers_mask: &SigSet,
    options: &Options,
) -> ! {
    let ended = run(channel, lifeline, gate, callers_mask, options);
    let has_run = ended.is_ok();
    match ended {
        Ok(status) => Report::Ended(status.into_raw()),
        Err(Failure::Step(failure)) => Report::SetUpFailed(failure),
        Err(Failure::Network(error)) => Report::NotStarted(format!("{error:#}")),
    }
    .send(channel);
    exit_now(i32::from(!has_run))
}

fn run(
    channel: &OwnedFd,
    lifeline: &Lifeline,
    gate: Option<Gate>,
    callers_mask: &SigSet,
    options: &Options,
) -> Result<ExitStatus, Failure> {
    // The neighbour, with its end of the veth, exists until this function returns.
    let neighbour = make_ready(lifeline, gate, &options.isolation)?;
    if options.isolation.internet {
        send_packet(channel.as_fd(), internet::WANTED, &[]).map_err(SetUpFailure::at("ask for the internet"))?;
        internet::wait_for_route()?;
        send_packet(channel.as_fd(), internet::HAS_ROUTE, &[]).map_err(SetUpFailure::at("report the route"))?;
    }
    let (program, children_end) = start(neighbour.as_ref(), channel, callers_mask, options)?;
    Ok(children_end
        .reap_until_the_end_of(program, lifeline, Some(channel.as_fd()), || pass_signal_on(channel, program)))
}

/// The reason why the program did not start.
enum Failure {
    Step(SetUpFailure),
    Network(Error),
}

impl From<SetUpFailure> for Failure {
    fn from(failure: SetUpFailure) -> Self {
        Self::Step(failure)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Network(error)
    }
}

/// The veth and its neighbour, which exists as long as this object.
struct Neighbour {
    own: (Ipv4Addr, Ipv6Addr),
    peer: (Ipv4Addr, Ipv6Addr),
    _lab: Lab,
}

fn make_ready(lifeline: &Lifeline, gate: Option<Gate>, isolation: &Isolation) -> Result<Option<Neighbour>, Failure> {
    // 1. Die with `netns-run`; comes first.
    lifeline.die_with_the_holder()?;
    // 2. Map the ids, before all steps that need the resulting capabilities.
    gate.map_or(Ok(()), Gate::pass)?;
    keyring::leave_the_callers()?;
    // 3. Open the files to show, before a mount of this function can cover them.
    let hosts = isolation.hosts.as_deref().map(|file| open("hosts", file)).transpose()?;
    let resolv = isolation.resolv.as_deref().map(|file| open("resolv", file)).transpose()?;
    // 4. Make the mounts private, before all other mounts.
    mounts::make_private()?;
    let (shows_hosts, shows_resolv) = (hosts.is_some(), resolv.is_some());
    let asks_name_servers = shows_resolv || !isolation.veth;
    for (file, option, place) in [(hosts, "hosts", "/etc/hosts"), (resolv, "resolv", "/etc/resolv.conf")] {
        if let Some(file) = file {
            let shown = format!("/proc/self/fd/{}", file.as_raw_fd());
            mount(Some(&shown[..]), place, None::<&str>, MsFlags::MS_BIND, None::<&str>)
                .map_err(SetUpFailure::at(format!("--{option}: bind the file at {place}")))?;
        }
    }
    // 5. Mount the new /proc before the network, whose sysctls are set through it. Set up the network before /sys, which shows
    // the devices of the namespace in which it is mounted.
    mounts::show_own_processes()?;
    let neighbour = isolation.veth.then(bring_up_neighbour).transpose()?;
    if neighbour.is_none() {
        make_usable().map_err(|(step, error)| SetUpFailure::of_io(step)(error))?;
    }
    mounts::show_own_devices()?;
    // 6. Named network namespaces are files, and must not stay on the machine. Needs the new /proc.
    if let Err((step, path, error)) = make_folder_of_names()
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(SetUpFailure::of_io(format!("{step} {}", path.display()))(error).into());
    }
    sethostname(&isolation.hostname).map_err(SetUpFailure::at("set the host name"))?;
    if !shows_hosts {
        hosts::resolve_own_name(&isolation.hostname)?;
    }
    if isolation.internet && !shows_resolv {
        hosts::ask_name_server(internet::NAME_SERVER.into())?;
    } else if !asks_name_servers {
        hosts::ask_no_name_server()?;
    }
    hosts::hide_what_is_the_machines()?;
    home::of_root(&isolation.identity)?;
    // 7. Comes last: the steps above write settings.
    settings::protect()?;
    Ok(neighbour)
}

fn open(option: &str, file: &Path) -> Result<File, SetUpFailure> {
    let opened = File::options().read(true).custom_flags(nix::libc::O_PATH).open(file);
    opened.map_err(SetUpFailure::of_io(format!("--{option} {}", file.display())))
}

/// Creates a namespace with `eth0`, which this process enters, and a peer namespace without processes.
fn bring_up_neighbour() -> Result<Neighbour, Failure> {
    let mut lab = Lab::new(&AddressPlan::default(), Deadline::after(PROBE));
    let (own, peer) = (lab.host("own"), lab.router("peer"));
    lab.link(&own, &peer).devices("eth0", "peer0");
    lab.gateway(&own, &peer);
    lab.up()?;
    own.namespace()?.enter_network()?;
    Ok(Neighbour { own: (own.ipv4(), own.ipv6()), peer: (peer.ipv4(), peer.ipv6()), _lab: lab })
}

/// Forks the process that becomes the program.
fn start(
    neighbour: Option<&Neighbour>,
    channel: &OwnedFd,
    callers_mask: &SigSet,
    options: &Options,
) -> Result<(Pid, EndsOfChildren), Failure> {
    // 1. The caller may have ignored SIGCHLD; then nobody would learn that the program has ended.
    let was_ignored = disposition::hear_of_ended_children().map_err(SetUpFailure::at("reset SIGCHLD"))?;
    // 2. Watch before the fork, so that the end of a short-lived program is not missed.
    let children_end = EndsOfChildren::watch()?;
    match fork_process().map_err(SetUpFailure::at("fork"))? {
        ForkResult::Parent { child } => {
            // 3. Only the program uses the caller's streams; their reader must not wait for pid 1.
            leave_standard_streams()?;
            Ok((child, children_end))
        }
        ForkResult::Child => {
            Report::SetUpFailed(become_program(neighbour, callers_mask, was_ignored, options)).send(channel);
            exit_now(i32::from(crate::STATUS_NOT_FOUND))
        }
    }
}

/// Executes the program; returns only on failure. On the way, the standard library resets SIGPIPE to its default action.
fn become_program(
    neighbour: Option<&Neighbour>,
    callers_mask: &SigSet,
    ignores_ended_children: bool,
    options: &Options,
) -> SetUpFailure {
    let Some((program, arguments)) = options.program.split_first() else {
        return SetUpFailure::at(EXECUTE)(Errno::ENOENT);
    };
    if let Err(failure) = leave_the_callers_process_group() {
        return failure;
    }
    if let Err(failure) = become_user(&options.isolation) {
        return failure;
    }
    let mut command = Command::new(program);
    command.args(arguments);
    name_user(&mut command, &options.isolation.identity);
    if let Some(Neighbour { own, peer, .. }) = neighbour {
        command.env("NETNS_RUN_IPV4", own.0.to_string()).env("NETNS_RUN_IPV6", own.1.to_string());
        command.env("NETNS_RUN_PEER_IPV4", peer.0.to_string()).env("NETNS_RUN_PEER_IPV6", peer.1.to_string());
    }
    if ignores_ended_children && let Err(errno) = disposition::ignore_ended_children() {
        return SetUpFailure::at("ignore SIGCHLD")(errno);
    }
    // Comes last: from here on a signal ends this process as it would end the program.
    if let Err(errno) = callers_mask.thread_set_mask() {
        return SetUpFailure::at("sigprocmask")(errno);
    }
    let error = command.exec();
    let failure = SetUpFailure::of_io(format!("{EXECUTE}{}", program.to_string_lossy()))(error);
    if failure.errno == Errno::EACCES && !is_found(program) {
        return SetUpFailure { errno: Errno::ENOENT, ..failure };
    }
    failure
}

/// Keeps signals of the program (`kill 0`) away from the caller's process group: with a new session, or with a Landlock
/// domain if there is a terminal to lose. Landlock can do this since Linux 6.12; source: landlock(7),
/// `LANDLOCK_SCOPE_SIGNAL`.
fn leave_the_callers_process_group() -> Result<(), SetUpFailure> {
    if File::options().read(true).custom_flags(nix::libc::O_NOCTTY).open("/dev/tty").is_err() {
        return setsid().map(drop).map_err(SetUpFailure::at("setsid"));
    }
    // Without `no_new_privs`, which would take the power from `sudo` and `ping`, it needs the capabilities that are still here.
    let confined = Ruleset::default()
        .scope(Scope::Signal)
        .and_then(Ruleset::create)
        .and_then(|domain| domain.no_new_privs(false).restrict_self());
    confined.map(drop).map_err(|error| {
        let errno = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<std::io::Error>());
        SetUpFailure::at("landlock_restrict_self")(
            errno.and_then(std::io::Error::raw_os_error).map_or(Errno::EPERM, Errno::from_raw),
        )
    })
}

/// Returns whether the program exists. The C library also reports EACCES for a folder of PATH that this user cannot search.
fn is_found(program: &OsStr) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    program.as_bytes().contains(&b'/') || std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Drops the capabilities that the program must not have, and changes the user if one is requested.
fn become_user(isolation: &Isolation) -> Result<(), SetUpFailure> {
    let failed = || SetUpFailure::at("set capabilities");
    let user = match &isolation.identity {
        Identity::User(user) => Some(user),
        Identity::Root | Identity::Caller => None,
    };
    // Without its own user namespace, root may lack some capabilities.
    let permitted = capability::effective().map_err(failed())?;
    let is_root = user.map_or_else(geteuid, |user| user.uid).is_root();
    let asked = isolation.capabilities.as_ref().map(|set| set.bits).or(is_root.then_some(u64::MAX));
    if let Some(asked) = asked {
        // Restricts the bounding set for root inside. An ordinary user keeps it, because the files of programs such as ping have
        // capabilities.
        capability::drop_from_bounding_set(capability::all() & !(asked & permitted)).map_err(failed())?;
    }
    if let Some(user) = user {
        let step = || SetUpFailure::at(format!("--as {}", user.name));
        capability::keep_across_a_change_of_user().map_err(failed())?;
        let name = CString::new(user.name.as_bytes()).map_err(|_| step()(Errno::EINVAL))?;
        initgroups(&name, user.gid).map_err(step())?;
        setgid(user.gid).map_err(step())?;
        setuid(user.uid).map_err(step())?;
    }
    capability::keep_only(asked.unwrap_or(0) & permitted).map_err(failed())
}

/// Sets the variables from which programs learn their user. `HOME` stays the caller's, unless the program runs as another user; see
/// [`home`].
fn name_user(command: &mut Command, identity: &Identity) {
    let user = match identity {
        Identity::User(user) => Some((**user).clone()),
        Identity::Root | Identity::Caller => User::from_uid(geteuid()).ok().flatten(),
    };
    let Some(user) = user else { return };
    command.env("USER", &user.name).env("LOGNAME", &user.name);
    if matches!(identity, Identity::User(_)) {
        command.env("HOME", &user.dir);
    }
}

/// Passes on one signal that only `netns-run` received.
fn pass_signal_on(channel: &OwnedFd, program: Pid) {
    let mut number = [0; 4];
    if let Ok(received) = receive_packet(channel.as_fd(), &mut number, MsgFlags::MSG_DONTWAIT)
        && received.length == number.len()
        && let Ok(signal) = Signal::try_from(i32::from_le_bytes(number))
    {
        // ESRCH is impossible: the program is not reaped yet.
        let _ = kill(program, signal);
    }
}
