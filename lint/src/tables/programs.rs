//! Programs: their constructors in Rust, and the programs that run other programs.

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

/// Crates whose `Command` describes a command line and does not run a program.
pub(crate) const NOT_COMMANDS: &[&str] = &["clap::", "bevy", "poise::", "serenity::", "twilight"];

/// Functions whose text argument at that index goes to a shell.
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

/// Methods whose text goes to a shell on another machine, with the method that created the receiver.
pub(crate) const REMOTE_SHELLS: &[(&str, &str)] = &[("exec", "channel_session"), ("exec", "channel_open_session")];

/// Programs that end immediately without intervention.
pub(crate) const SHORT_TOOLS: &[&str] = &[
    "true", "false", "echo", "printf", "ls", "id", "whoami", "uname", "hostname", "date", "pwd", "printenv",
    "basename", "dirname", "mkdir", "touch", "rm", "which", "exit", "test",
];

/// Programs that end at a time that their arguments set.
pub(crate) const TIMED_TOOLS: &[&str] = &["sleep"];

/// Programs that do one thing on this machine and end.
pub(crate) const LOCAL_TOOLS: &[&str] = &[
    "ip",
    "bridge",
    "tc",
    "ss",
    "nft",
    "iptables",
    "ip6tables",
    "ebtables",
    "ipset",
    "sysctl",
    "modprobe",
    "insmod",
    "rmmod",
    "brctl",
    "ethtool",
    "ifconfig",
    "route",
    "mount",
    "umount",
    "losetup",
    "mknod",
    "chmod",
    "chown",
    "chgrp",
    "cp",
    "mv",
    "ln",
    "cat",
    "grep",
    "sed",
    "awk",
    "sort",
    "head",
    "tail",
    "wc",
    "find",
    "tar",
    "gzip",
    "zip",
    "unzip",
    "cmp",
    "diff",
    "stat",
    "readlink",
    "file",
    "strip",
    "objdump",
    "nm",
    "ldd",
    "kill",
    "pkill",
    "pgrep",
    "ps",
    "lsof",
    "cargo",
    "rustc",
    "rustup",
    "rustfmt",
    "gcc",
    "cc",
    "clang",
    "make",
    "cmake",
    "ninja",
    "go",
    "npm",
    "python3",
    "openssl",
    "ssh-keygen",
    "wg",
    "ovs-vsctl",
    "ovs-ofctl",
    "getent",
    "groups",
    "useradd",
    "userdel",
    "setcap",
    "systemctl",
    "uptime",
    "lscpu",
    "nproc",
    "md5sum",
    "sha256sum",
    "base64",
    "env",
    "command",
    "cd",
    "export",
    "set",
];

/// Programs that serve, run a machine, or fetch something: waiting for one may take forever.
pub(crate) const LONG_PROGRAMS: &[&str] = &[
    "curl",
    "wget",
    "apt",
    "apt-get",
    "dnf",
    "yum",
    "apk",
    "qemu-system-x86_64",
    "qemu-system-aarch64",
    "qemu-system-arm",
    "qemu-system-riscv64",
    "qemu-kvm",
    "firecracker",
    "cloud-hypervisor",
    "crosvm",
    "vng",
    "virtme-run",
    "vagrant",
    "dnsmasq",
    "named",
    "unbound",
    "nginx",
    "haproxy",
    "envoy",
    "redis-server",
    "postgres",
    "mysqld",
    "mongod",
    "etcd",
    "tcpdump",
    "tshark",
    "dhclient",
    "udhcpc",
    "hostapd",
    "wpa_supplicant",
    "openvpn",
];

/// Programs that run that long with one of these operands.
pub(crate) const LONG_OPERANDS: &[(&str, &[&str])] = &[
    ("docker", &["run", "pull", "build"]),
    ("podman", &["run", "pull", "build"]),
    ("git", &["clone", "fetch", "pull"]),
    ("nc", &["-l", "-lu", "-lk"]),
    ("ncat", &["-l", "-lu", "-lk"]),
    ("iperf", &["-s", "-su"]),
    ("iperf3", &["-s"]),
];

/// Options that make any program print information about itself and end.
pub(crate) const ABOUT_ITSELF: &[&str] = &["--version", "-V", "--help", "-h"];

/// Programs that interpret their `-c` operand.
pub(crate) const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ash", "ksh", "fish", "csh", "tcsh", "mksh"];

/// Programs that interpret `/C` or `-Command`.
pub(crate) const WINDOWS_SHELLS: &[&str] = &["cmd", "powershell", "pwsh"];

/// Options that make a Windows shell interpret the next operand; case-insensitive.
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

/// Programs that create containers, networks and volumes of the machine.
pub(crate) const CONTAINER_ENGINES: &[&str] = &["docker", "podman", "nerdctl"];

/// The wrapper that ends its program after a limited time.
pub(crate) const TIMEOUT: &str = "timeout";

/// Options with which a program ends after a time.
pub(crate) const LIMITING_OPTIONS: &[(&str, &[&str])] =
    &[("curl", &["-m", "--max-time"]), ("ping", &["-w", "-c", "-W"]), ("nc", &["-w"]), ("socat", &["-T"])];

/// Programs that start a shell for the text after their option.
pub(crate) const SHELL_STARTERS: &[&str] = &["su", "runuser"];

/// The options of those programs.
pub(crate) const SHELL_STARTER_OPTIONS: &[&str] = &["-c", "--command"];

/// Options of wrappers whose value is the next word.
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

/// Whether the call of `path` creates a command.
pub(crate) fn is_command(path: &str) -> bool {
    COMMANDS.iter().any(|known| ends_with(path, known)) && !NOT_COMMANDS.iter().any(|other| path.starts_with(other))
}

/// Returns the file name of a program: `/bin/sh` is `sh`, `cmd.exe` is `cmd`.
pub(crate) fn program_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Programs that run another program with the rights of another user.
pub(crate) const PRIVILEGE: &[&str] = &["sudo", "su", "doas", "pkexec", "run0"];

/// Programs whose operands run in a guest, in a container, or on another machine.
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

/// Placeholder for the program that runs a command line in a container that a library created.
pub(crate) const CONTAINER: &str = "container";

/// Methods and functions that take a command line for a container.
pub(crate) const CONTAINER_CALLS: &[&str] =
    &["with_cmd", "with_entrypoint", "with_container_cmd", "cmd", "entrypoint", "exec", "exec_in_container"];

/// Programs that inspect an address and do not listen on it.
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
];

/// Programs that treat an address like any other text.
pub(crate) const PRINTERS: &[&str] = &["echo", "printf", "grep", "egrep", "sed", "awk", "test", "logger"];

/// Programs that end processes by name.
pub(crate) const KILLERS: &[&str] = &["pkill", "killall", "killall5", "skill", "slay"];

/// Programs that find processes by name.
pub(crate) const PROCESS_FINDERS: &[&str] = &["pgrep", "pidof", "ps"];

/// Options of `ps` that choose processes by number.
pub(crate) const PID_OPTIONS: &[&str] = &["-p", "--pid", "-q", "--ppid"];

/// Programs that accept `--` as the end of their options, as POSIX requires (Utility Syntax Guidelines, 10).
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
