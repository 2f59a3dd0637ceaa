//! The program under test in the tests of processes: its first argument selects a good or bad behaviour.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6, TcpListener, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, raise};
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, SockaddrIn, SockaddrIn6, SockaddrLike, accept, bind, listen,
    send, setsockopt, socket, sockopt,
};
use nix::unistd::{Pid, close, getpgid, setpgid, setsid};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(1000);

fn main() -> Outcome<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["exit", code] => return Ok(ExitCode::from(code.parse::<u8>()?)),
        ["abort"] => std::process::abort(),
        ["sleep"] => sleep(FOR_EVER),
        ["raise-real-time"] => raise_real_time()?,
        ["ignore-term"] => ignore_term()?,
        ["end-in-order"] => end_in_order()?,
        ["stop-itself"] => stop_itself()?,
        ["close-outputs"] => close_outputs()?,
        ["close-input"] => close_input()?,
        ["flood", bytes] => flood(bytes.parse()?, b'x')?,
        ["line-of", bytes] => {
            flood(bytes.parse()?, b'x')?;
            say("\nthe end")?;
        }
        ["say-and-flood", line, lines] => {
            say(line)?;
            io::stdout().write_all("x\n".repeat(lines.parse()?).as_bytes())?;
            sleep(FOR_EVER);
        }
        ["say-later", line] => {
            sleep(Duration::from_millis(100));
            say(line)?;
        }
        // Exits at once; a process that it leaves in its group writes later.
        // netns-lint: allow(option-injection) the tests that start it write its arguments
        ["last-words", line] => drop(itself(&["say-later", line]).spawn()?),
        ["invalid-text"] => io::stdout().write_all(b"good\nbad \xFF\xC3\nlast \xE2\x82")?,
        ["prompt"] => prompt()?,
        ["say", line] => say(line)?,
        ["show-arguments", ..] => io::stdout().write_all(&fs::read("/proc/self/cmdline")?)?,
        ["show-identity"] => say(&format!("{:?}", [nix::unistd::getuid(), nix::unistd::geteuid()]))?,
        ["show-descriptors"] => show_descriptors()?,
        ["answer-on-descriptor", number] => answer_on(number.parse()?)?,
        ["listen", "tcp", port] => {
            let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port.parse()?))?;
            sleep(FOR_EVER);
        }
        ["listen", "udp", port] => {
            let _socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port.parse()?))?;
            sleep(FOR_EVER);
        }
        ["listen-on-input"] => {
            listen(&io::stdin(), Backlog::MAXCONN)?;
            say("listening")?;
            sleep(FOR_EVER);
        }
        ["steal", protocol, port] => steal(protocol, port.parse()?)?,
        // netns-lint: allow(option-injection) the tests that start it write its arguments
        ["listen-in-child", port] => drop(itself(&["listen", "tcp", port]).status()?),
        ["write-file", path, bytes] => write_file(path, bytes.parse()?)?,
        ["touch-later", path] => {
            sleep(Duration::from_millis(50));
            File::create(path)?;
            sleep(FOR_EVER);
        }
        ["bomb"] => bomb()?,
        ["group", count] => group(count.parse()?)?,
        ["change-group"] => {
            setpgid(Pid::from_raw(0), getpgid(Some(Pid::parent()))?)?;
            say("changed")?;
            sleep(FOR_EVER);
        }
        ["leave-group-behind"] => say(&itself(&["sleep"]).spawn()?.id().to_string())?,
        // The first of two forks; its exit hands the second one to pid 1.
        ["daemon"] => drop(itself(&["daemon-session"]).status()?),
        ["daemon-session"] => {
            setsid()?;
            say(&itself(&["chatter"]).spawn()?.id().to_string())?;
        }
        ["chatter"] => {
            say("the daemon speaks")?;
            sleep(FOR_EVER);
        }
        // netns-lint: allow(option-injection) the tests that start it write its arguments
        ["without-streams", closed, program, arguments @ ..] => without_streams(closed, program, arguments)?,
        ["thread-and-process"] => {
            thread::spawn(|| say("a thread")).join().expect("the thread does not panic")?;
            itself(&["say", "a process"]).status()?;
        }
        ["hold-threads", count] => hold_threads(count.parse()?)?,
        // netns-lint: allow(option-injection) the tests that start it write its arguments
        ["in-group", folder, uid, program, arguments @ ..] => in_group(folder, uid.parse()?, program, arguments)?,
        other => return Err(format!("no such behaviour: {other:?}").into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Has this number of threads beside the first until its input ends.
fn hold_threads(count: usize) -> Outcome {
    let threads: Vec<_> =
        (0..count).map(|_| thread::Builder::new().stack_size(64 * 1024).spawn(thread::park)).collect();
    threads.into_iter().collect::<Result<Vec<_>, _>>()?;
    say("ready")?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// Enters a control group, becomes a user, then the program.
fn in_group(folder: &str, uid: u32, program: &str, arguments: &[&str]) -> Outcome {
    // 0 is the process that writes; source: "cgroup.procs" in the kernel's admin-guide/cgroup-v2.rst.
    fs::write(Path::new(folder).join("cgroup.procs"), "0")?;
    Err(Command::new(program).args(arguments).uid(uid).gid(uid).exec().into())
}

/// A blocked signal acts like an ignored one, and needs no handler.
fn block_term() -> Outcome<SigSet> {
    let mut term = SigSet::empty();
    term.add(Signal::SIGTERM);
    term.thread_block()?;
    Ok(term)
}

fn ignore_term() -> Outcome {
    block_term()?;
    say("ignoring")?;
    sleep(FOR_EVER);
    Ok(())
}

fn end_in_order() -> Outcome {
    let term = block_term()?;
    say("waiting")?;
    term.wait()?;
    sleep(Duration::from_millis(50));
    Ok(say("ended in order")?)
}

fn stop_itself() -> Outcome {
    say("stopping")?;
    raise(Signal::SIGSTOP)?;
    say("continued")?;
    sleep(FOR_EVER);
    Ok(())
}

fn close_outputs() -> Outcome {
    close(1)?;
    close(2)?;
    sleep(FOR_EVER);
    Ok(())
}

fn close_input() -> Outcome {
    close(0)?;
    say("closed")?;
    sleep(FOR_EVER);
    Ok(())
}

/// Executes the program with these streams closed, `01` for instance.
fn without_streams(closed: &str, program: &str, arguments: &[&str]) -> Outcome {
    for stream in closed.chars() {
        close(i32::try_from(stream.to_digit(3).ok_or("a stream is 0, 1 or 2")?)?)?;
    }
    Err(Command::new(program).args(arguments).exec().into())
}

fn prompt() -> io::Result<()> {
    io::stdout().write_all(b"name: ")?;
    io::stdout().flush()?;
    sleep(FOR_EVER);
    Ok(())
}

fn write_file(path: &str, bytes: usize) -> io::Result<()> {
    let mut file = File::create(path)?;
    let block = [0; 4096];
    for _ in 0..bytes / block.len() {
        file.write_all(&block)?;
    }
    Ok(())
}

fn group(count: u32) -> io::Result<()> {
    for _ in 0..count {
        say(&itself(&["sleep"]).spawn()?.id().to_string())?;
    }
    sleep(FOR_EVER);
    Ok(())
}

fn itself(arguments: &[&str]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args(arguments).stdin(Stdio::null());
    command
}

fn say(line: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}

fn flood(bytes: usize, byte: u8) -> io::Result<()> {
    let block = vec![byte; 64 * 1024];
    let mut output = io::stdout().lock();
    let mut left = bytes;
    while left > 0 {
        let length = left.min(block.len());
        output.write_all(&block[..length])?;
        left -= length;
    }
    output.flush()
}

/// Sends itself a signal that has no name.
fn raise_real_time() -> io::Result<()> {
    // SIGRTMIN + 2 of the C library; source: signal(7).
    Command::new("/bin/kill").args(["-36", &std::process::id().to_string()]).status()?;
    sleep(FOR_EVER);
    Ok(())
}

fn show_descriptors() -> io::Result<()> {
    let names: Vec<_> =
        fs::read_dir("/proc/self/fd")?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
    for name in names {
        // The descriptor of the listing itself is closed by now.
        if let Ok(target) = fs::read_link(format!("/proc/self/fd/{}", name.display())) {
            say(&format!("{} {}", name.display(), target.display()))?;
        }
    }
    Ok(())
}

/// Answers one client of the inherited listener.
fn answer_on(descriptor: i32) -> Outcome {
    let told: Vec<String> =
        ["LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID"].iter().map(|name| env::var(name).unwrap_or_default()).collect();
    let is_meant = told[2] == std::process::id().to_string();
    let client = accept(descriptor)?;
    send(client, format!("{} {} {is_meant}", told[0], told[1]).as_bytes(), MsgFlags::MSG_NOSIGNAL)?;
    close(client)?;
    Ok(())
}

/// Tries to bind the port in every way there is, until one works or a minute has passed.
fn steal(protocol: &str, port: u16) -> Outcome {
    let kind = if protocol == "tcp" { SockType::Stream } else { SockType::Datagram };
    let local_ipv4 = SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
    let any_ipv6 = SockaddrIn6::from(SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0));
    let addresses: [(AddressFamily, &dyn SockaddrLike); 2] =
        [(AddressFamily::Inet, &local_ipv4), (AddressFamily::Inet6, &any_ipv6)];
    let began = Instant::now();
    let mut is_first = true;
    while began.elapsed() < Duration::from_secs(60) {
        for (family, address) in addresses {
            for (reuse_address, reuse_port) in [(false, false), (true, false), (false, true), (true, true)] {
                let socket = socket(family, kind, SockFlag::SOCK_CLOEXEC, None)?;
                setsockopt(&socket, sockopt::ReuseAddr, &reuse_address)?;
                setsockopt(&socket, sockopt::ReusePort, &reuse_port)?;
                match bind(socket.as_raw_fd(), address) {
                    Ok(()) => {
                        if kind == SockType::Stream {
                            listen(&socket, Backlog::MAXCONN)?;
                        }
                        say("stolen")?;
                        sleep(FOR_EVER);
                    }
                    Err(Errno::EADDRINUSE) => {}
                    Err(other) => return Err(other.into()),
                }
            }
        }
        if is_first {
            say("every way was refused")?;
            is_first = false;
        }
    }
    Err("nobody let go of the port".into())
}

/// Forks until the limit refuses another process, and prints how many there were.
fn bomb() -> io::Result<()> {
    let mut made = 0;
    let refusal = loop {
        match itself(&["sleep"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(_) => made += 1,
            Err(error) => break error,
        }
    };
    // The thread is one more task than the limit allows.
    let thread = thread::Builder::new().spawn(|| ()).is_err();
    say(&format!("{made} {} {thread}", refusal.raw_os_error().unwrap_or(0)))
}
