//! Conditions for a ready child, and the errors for a child that never becomes ready.

use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use netns_fixtures::Error;
use netns_fixtures::prelude::*;
use netns_fixtures::process::{ChildError, ChildProblem, Exit, ProcessError};

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

fn child_error(error: &Error) -> ChildError {
    match error.downcast_ref() {
        Some(ProcessError::Child(error)) => (**error).clone(),
        _ => panic!("no error of a child: {error:?}"),
    }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_millis(100))
}

#[netns_test]
fn a_port_is_open_when_the_child_is_there(own: Namespace) -> TestResult {
    let _server = own.command(*SUBJECT).args(["listen", "tcp", "80"]).ready_when(Ready::tcp_port(80)).spawn()?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, 80))?;
    let _other = own.command(*SUBJECT).args(["listen", "udp", "53"]).ready_when(Ready::udp_port(53)).spawn()?;
    let refused = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::AddrInUse);
    Ok(())
}

#[netns_test]
fn a_port_of_a_process_that_the_child_has_started_counts(own: Namespace) -> TestResult {
    let _server = own.command(*SUBJECT).args(["listen-in-child", "80"]).ready_when(Ready::tcp_port(80)).spawn()?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, 80))?;
    Ok(())
}

#[netns_test]
fn a_port_of_somebody_else_does_not_count(own: Namespace) -> TestResult {
    let _ours = TcpListener::bind((Ipv4Addr::LOCALHOST, 80))?;
    let mut sleeper = own.command("sleep");
    let error = sleeper.arg("100").ready_when(Ready::tcp_port(80)).deadline(soon()).spawn().unwrap_err();
    let error = child_error(&error);
    assert_eq!(
        (error.problem, error.awaited.as_str()),
        (ChildProblem::NotInTime { observed: None }, "listen on TCP port 80")
    );
    let mut late = own.command(*SUBJECT);
    let error = late.args(["listen", "tcp", "80"]).ready_when(Ready::tcp_port(80)).spawn().unwrap_err();
    let error = child_error(&error);
    assert_eq!(error.problem, ChildProblem::Ended);
    assert!(error.output.contains("AddrInUse") || error.output.contains("in use"), "{}", error.output);
    Ok(())
}

#[netns_test]
fn a_tcp_port_is_no_udp_port(own: Namespace) {
    let mut command = own.command(*SUBJECT);
    command.args(["listen", "tcp", "80"]).ready_when(Ready::tcp_port(80)).ready_when(Ready::udp_port(80));
    let error = child_error(&command.deadline(soon()).spawn().unwrap_err());
    assert_eq!(error.awaited, "listen on UDP port 80");
}

#[netns_test]
fn a_line_is_waited_for_and_read_with_it(own: Namespace) -> TestResult {
    let mut child = own.command("seq").args(["3"]).ready_when(Ready::line("2")).spawn()?;
    assert_eq!(child.read_line()?.as_deref(), Some("3"));
    Ok(())
}

#[netns_test]
fn a_child_that_ends_before_it_is_ready_is_told_at_once(own: Namespace) {
    let began = Instant::now();
    let mut command = own.command(*SUBJECT);
    let error = command.args(["exit", "7"]).ready_when(Ready::line("listening")).spawn().unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let text = format!("{error:#}");
    let error = child_error(&error);
    assert_eq!((error.problem, error.exit), (ChildProblem::Ended, Some(Exit::Code(7))));
    assert!(text.contains("write \"listening\": it ended with exit status 7 (after "), "{text}");
    assert!(text.contains("it wrote nothing"), "{text}");
}

#[netns_test]
fn what_a_child_wrote_instead_is_in_the_error(own: Namespace) {
    let mut command = own.command("cat");
    command.arg("/no/such/configuration").ready_when(Ready::tcp_port(80));
    let error = child_error(&command.spawn().unwrap_err());
    assert!(error.output.contains("stderr: /usr/bin/cat: /no/such/configuration"), "{}", error.output);
}

#[netns_test]
fn a_file_counts_only_when_it_is_newer_than_the_child(own: Namespace) -> TestResult {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("ready");
    std::fs::write(&file, "from an earlier run")?;
    let mut sleeper = own.command("sleep");
    let error = sleeper.arg("100").ready_when(Ready::file(&file)).deadline(soon()).spawn().unwrap_err();
    assert_eq!(child_error(&error).problem, ChildProblem::NotInTime { observed: None });
    let mut writer = own.command(*SUBJECT);
    writer.arg("touch-later").operand(&file).ready_when(Ready::file(&file)).spawn()?;
    assert_eq!(std::fs::read(&file)?, b"", "it was written anew");
    Ok(())
}

#[netns_test]
fn a_check_is_asked_until_it_holds_and_its_last_answer_is_told(own: Namespace) -> TestResult {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let third = Ready::check(move || match count.fetch_add(1, Ordering::Relaxed) {
        2 => Break(()),
        other => Continue(other),
    });
    own.command("sleep").arg("100").ready_when(third).spawn()?;
    assert_eq!(asked.load(Ordering::Relaxed), 3);

    let never = Ready::check(|| Continue("still starting"));
    let error = own.command("sleep").arg("100").ready_when(never).deadline(soon()).spawn().unwrap_err();
    assert!(format!("{error:#}").contains("it was at last \"still starting\""), "{error}");
    Ok(())
}

#[netns_test]
fn a_child_that_was_not_ready_is_gone(own: Namespace) -> TestResult {
    let error = own.command("sleep").arg("100").ready_when(Ready::tcp_port(80)).deadline(soon()).spawn().unwrap_err();
    let id = child_error(&error).id;
    assert!(!std::fs::exists(format!("/proc/{id}"))?, "pid {id} is still there");
    Ok(())
}

/// The expected line is the first of many, and the library keeps none of them for long.
#[netns_test]
fn a_line_is_found_while_the_stream_passes(own: Namespace) -> TestResult {
    for _ in 0..20 {
        let mut command = own.command(*SUBJECT);
        command.args(["say-and-flood", "listening", "30000"]).deadline(Deadline::after(Duration::from_secs(10)));
        command.ready_when(Ready::line("listening")).ready_when(Ready::line("x")).spawn()?;
    }
    Ok(())
}
