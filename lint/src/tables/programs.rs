//! Programs: how they are started in Rust, and which of them run something else.

use super::ends_with;

/// Paths of constructors of commands; a suffix of the resolved path, at a `::` boundary.
pub(crate) const COMMANDS: &[&str] = &[
    "process::Command::new",
    "Command::new",
    "duct::cmd",
    "duct::cmd!",
    "xshell::cmd!",
    "subprocess::Exec::cmd",
    "Exec::cmd",
    "assert_cmd::Command::new",
    "async_process::Command::new",
    "portable_pty::CommandBuilder::new",
];

/// Crates whose `Command` describes a command line instead of running a program.
pub(crate) const NOT_COMMANDS: &[&str] = &["clap::", "bevy", "poise::", "serenity::", "twilight"];

/// Functions whose text argument of that index goes to a shell.
pub(crate) const SHELL_STRINGS: &[(&str, usize)] = &[
    ("libc::system", 0),
    ("Exec::shell", 0),
    ("duct_sh::sh", 0),
    ("duct_sh::sh_dangerous", 0),
    ("run_script::run", 0),
    ("run_script::spawn", 0),
    ("run_script!", 0),
    ("execute::shell", 0),
];

/// Macros whose tokens are command lines.
pub(crate) const TOKEN_COMMANDS: &[&str] = &["run_cmd!", "run_fun!", "cmd_lib::spawn!", "cmd_lib::spawn_with_output!"];

/// Methods whose text goes to a shell on another machine, and the method that made their receiver.
pub(crate) const REMOTE_SHELLS: &[(&str, &str)] = &[("exec", "channel_session"), ("exec", "channel_open_session")];

/// Programs that end by themselves at once.
pub(crate) const SHORT_TOOLS: &[&str] = &[
    "true", "false", "echo", "printf", "ls", "id", "whoami", "uname", "hostname", "date", "pwd", "printenv",
    "basename", "dirname", "mkdir", "touch", "rm", "which", "exit", "test",
];

/// Programs that end at a time that their arguments name.
pub(crate) const TIMED_TOOLS: &[&str] = &["sleep"];

/// Programs that interpret their `-c` operand.
pub(crate) const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ash", "ksh", "fish", "csh", "tcsh", "mksh"];

/// Programs that interpret `/C` or `-Command`.
pub(crate) const WINDOWS_SHELLS: &[&str] = &["cmd", "powershell", "pwsh"];

/// What makes a shell of Windows interpret the next operand; case does not matter.
pub(crate) const WINDOWS_SHELL_OPTIONS: &[&str] = &["/c", "/k", "-c", "-command", "-encodedcommand"];

/// Programs that run the program named by their operands.
pub(crate) const WRAPPERS: &[&str] = &[
    "sudo",
    "doas",
    "su",
    "pkexec",
    "env",
    "nsenter",
    "unshare",
    "ip",
    "timeout",
    "ssh",
    "nohup",
    "nice",
    "setsid",
    "run0",
    "systemd-run",
    "xargs",
    "ionice",
    "stdbuf",
    "strace",
    "chroot",
    "runuser",
    "setpriv",
    "busybox",
    "docker",
    "podman",
    "kubectl",
    CONTAINER,
];

/// The wrapper that ends what it runs.
pub(crate) const TIMEOUT: &str = "timeout";

/// Programs that start a shell for the text behind their option.
pub(crate) const SHELL_STARTERS: &[&str] = &["su", "runuser"];

/// That option.
pub(crate) const SHELL_STARTER_OPTIONS: &[&str] = &["-c", "--command"];

/// Options of wrappers that take the next word.
pub(crate) const VALUE_OPTIONS: &[(&str, &str)] = &[
    ("timeout", "-k"),
    ("timeout", "-s"),
    ("timeout", "--kill-after"),
    ("timeout", "--signal"),
    ("nice", "-n"),
    ("sudo", "-u"),
    ("sudo", "-g"),
    ("doas", "-u"),
    ("env", "-u"),
    ("env", "-C"),
    ("nsenter", "-t"),
    ("nsenter", "--target"),
    ("runuser", "-u"),
    ("strace", "-o"),
    ("strace", "-e"),
    ("xargs", "-I"),
    ("xargs", "-n"),
    ("xargs", "-P"),
    ("xargs", "-L"),
    ("run0", "-u"),
    ("systemd-run", "-p"),
    ("ionice", "-c"),
    ("ionice", "-n"),
];

/// Whether `path` makes a command.
pub(crate) fn is_command(path: &str) -> bool {
    COMMANDS.iter().any(|known| ends_with(path, known)) && !NOT_COMMANDS.iter().any(|other| path.starts_with(other))
}

/// The file name of a program: `/bin/sh` is `sh`, `cmd.exe` is `cmd`.
pub(crate) fn program_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Programs that run something with the rights of somebody else.
pub(crate) const PRIVILEGE: &[&str] = &["sudo", "su", "doas", "pkexec", "run0"];

/// Programs whose operands run elsewhere: in a guest, a container, on another machine.
pub(crate) const GUESTS: &[&str] = &[
    CONTAINER,
    "ssh",
    "docker",
    "podman",
    "nerdctl",
    "kubectl",
    "lxc",
    "lxc-attach",
    "incus",
    "machinectl",
    "vagrant",
    "limactl",
    "multipass",
    "docker-compose",
    "crictl",
    "adb",
    "virsh",
];

/// Stands for the program that runs a command line in a container which a library has made.
pub(crate) const CONTAINER: &str = "container";

/// Methods and functions that take what a container runs.
pub(crate) const CONTAINER_CALLS: &[&str] =
    &["with_cmd", "with_entrypoint", "with_container_cmd", "cmd", "entrypoint", "exec", "exec_in_container"];

/// Programs for which an address is something to look at, not to listen on.
pub(crate) const ADDRESSES_AS_DATA: &[&str] = &[
    "ip",
    "route",
    "nft",
    "iptables",
    "ip6tables",
    "ebtables",
    "tc",
    "ss",
    "netstat",
    "ping",
    "ping6",
    "arping",
    "traceroute",
    "tcpdump",
    "conntrack",
    "nmap",
    "curl",
    "wget",
    "dig",
    "host",
    "grep",
    "echo",
    "printf",
    "test",
    "vtysh",
];

/// Programs that take an address as any other text.
pub(crate) const PRINTERS: &[&str] = &["echo", "printf", "grep", "egrep", "sed", "awk", "test", "logger"];

/// Programs that end processes by name.
pub(crate) const KILLERS: &[&str] = &["pkill", "killall", "killall5", "skill", "slay"];

/// Programs that find processes by name.
pub(crate) const PROCESS_FINDERS: &[&str] = &["pgrep", "pidof", "ps"];

/// Programs that take `--` as the end of their options, as POSIX asks for (Utility Syntax Guidelines, 10).
pub(crate) const ENDS_OPTIONS: &[&str] = &[
    "ping",
    "ping6",
    "arping",
    "cat",
    "cp",
    "mv",
    "rm",
    "ln",
    "ls",
    "mkdir",
    "rmdir",
    "mkfifo",
    "touch",
    "tee",
    "chmod",
    "chown",
    "chgrp",
    "head",
    "tail",
    "wc",
    "sort",
    "stat",
    "readlink",
    "realpath",
    "sha256sum",
    "diff",
    "cmp",
    "grep",
    "curl",
    "wget",
    "ncat",
    "nc",
    "kill",
];
