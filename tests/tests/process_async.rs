//! Children of `async` tests: the same guarantees, and other tasks do not wait meanwhile.

use std::net::Ipv4Addr;
use std::ops::ControlFlow::{Break, Continue};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use netns_fixtures::Error;
use netns_fixtures::prelude::*;
use netns_fixtures::process::{ChildProblem, Exit, ProcessError, Signal, Stdio};
use netns_fixtures::time::wait_until_async;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

fn problem(error: &Error) -> ChildProblem {
    match error.downcast_ref() {
        Some(ProcessError::Child(error)) => error.problem.clone(),
        _ => panic!("no error of a child: {error:?}"),
    }
}

fn children_of_the_test() -> TestResult<String> {
    // Reads every thread's list: the child's parent is the thread group, but the kernel lists children by thread.
    let mut children = String::new();
    for thread in std::fs::read_dir("/proc/self/task")? {
        children += &std::fs::read_to_string(thread?.path().join("children"))?;
    }
    Ok(children)
}

#[netns_test]
async fn a_server_is_ready_when_it_is_handed_over(own: Namespace) -> TestResult {
    let mut command = own.command(*SUBJECT);
    let mut server = command.args(["listen", "tcp", "80"]).ready_when(Ready::tcp_port(80)).spawn_async().await?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, 80)).await?;
    assert_eq!(server.stop_async().await?.signal(), Some(Signal::TERM));
    assert!(!server.is_running());
    Ok(())
}

/// With one thread, a blocking wait would stop the client that the child waits for.
#[netns_test]
async fn other_tasks_run_while_a_child_is_waited_for(own: Namespace) -> TestResult {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 80))?;
    let client = tokio::spawn(async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        TcpStream::connect((Ipv4Addr::LOCALHOST, 80)).await.map(drop)
    });
    let mut command = own.command(*SUBJECT);
    command.args(["answer-on-descriptor", "3"]).pass_fd("http", listener);
    assert_eq!(command.status_async().await?, Exit::Code(0));
    client.await??;
    Ok(())
}

#[netns_test]
async fn a_conversation_by_lines(own: Namespace) -> TestResult {
    let mut child = own.command("cat").stdin(Stdio::piped()).spawn_async().await?;
    child.write_line_async("one").await?;
    child.write_line_async("two").await?;
    assert_eq!(child.read_line_async().await?.as_deref(), Some("one"));
    assert_eq!(child.expect_async("tw").await?, "two");
    child.close_stdin();
    assert_eq!(child.read_line_async().await?, None);
    let output = child.wait_with_output_async().await?.success()?;
    assert_eq!(output.stdout.text(), "one\ntwo\n");
    Ok(())
}

#[netns_test]
async fn more_than_a_pipe_holds_is_written_as_it_is_read(own: Namespace) -> TestResult {
    let mut child = own.command("wc").arg("-c").stdin(Stdio::piped()).spawn_async().await?;
    child.write_line_async(&"x".repeat((1 << 20) - 1)).await?;
    child.close_stdin();
    assert_eq!(child.read_line_async().await?.as_deref(), Some("1048576"));
    let mut deaf = own.command("sleep").arg("100").stdin(Stdio::piped()).spawn_async().await?;
    deaf.set_deadline(Deadline::after(Duration::from_millis(50)));
    let error = deaf.write_line_async(&"x".repeat(1 << 20)).await.unwrap_err();
    assert_eq!(problem(&error), ChildProblem::NotInTime { observed: None });
    Ok(())
}

#[netns_test]
async fn every_wait_ends_at_its_deadline(own: Namespace) -> TestResult {
    let mut command = own.command("sleep");
    let mut child = command.arg("100").deadline(Deadline::after(Duration::from_millis(30))).spawn_async().await?;
    let late = ChildProblem::NotInTime { observed: None };
    assert_eq!(problem(&child.wait_async().await.unwrap_err()), late);
    assert_eq!(problem(&child.read_line_async().await.unwrap_err()), late);
    assert_eq!(problem(&child.read_error_line_async().await.unwrap_err()), late);
    assert_eq!(problem(&child.expect_async("x").await.unwrap_err()), late);
    assert!(child.is_running());
    Ok(())
}

#[netns_test]
async fn a_child_that_ends_before_it_is_ready_is_told_at_once(own: Namespace) {
    let mut command = own.command(*SUBJECT);
    let error = command.args(["exit", "3"]).ready_when(Ready::tcp_port(80)).spawn_async().await.unwrap_err();
    assert!(format!("{error:#}").contains("listen on TCP port 80: it ended with exit status 3"), "{error}");
}

#[netns_test]
async fn a_dropped_future_ends_the_child(own: Namespace) -> TestResult {
    let mut command = own.command("sleep");
    command.arg("100");
    for _ in 0..3 {
        let run = timeout(Duration::from_millis(30), command.status_async()).await;
        assert!(run.is_err());
        assert_eq!(children_of_the_test()?, "", "nothing is left, not even a zombie");
    }
    command.ready_when(Ready::tcp_port(80));
    assert!(timeout(Duration::from_millis(30), command.spawn_async()).await.is_err());
    assert_eq!(children_of_the_test()?, "");
    // The control: the list contains a running child.
    let child = own.command("sleep").arg("100").spawn_async().await?;
    assert_eq!(children_of_the_test()?.trim(), child.id().to_string());
    Ok(())
}

#[netns_test]
async fn a_dropped_wait_leaves_the_child_alone(own: Namespace) -> TestResult {
    let mut child = own.command("sleep").arg("100").spawn_async().await?;
    assert!(timeout(Duration::from_millis(20), child.wait_async()).await.is_err());
    assert!(child.is_running());
    child.signal(Signal::KILL)?;
    assert_eq!(child.wait_async().await?.signal(), Some(Signal::KILL));
    Ok(())
}

#[netns_test]
async fn a_child_that_ignores_the_question_is_killed_after_its_grace(own: Namespace) -> TestResult {
    let mut command = own.command(*SUBJECT);
    command.arg("ignore-term").grace(Duration::from_millis(100)).ready_when(Ready::line("ignoring"));
    let mut child = command.spawn_async().await?;
    let began = Instant::now();
    assert_eq!(child.stop_async().await?.signal(), Some(Signal::KILL));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    Ok(())
}

#[netns_test(flavor = "multi_thread", worker_threads = 2)]
async fn many_children_at_once(own: Namespace) -> TestResult {
    let own = std::sync::Arc::new(own);
    let runs: Vec<_> = (0..40)
        .map(|number: u32| {
            let own = std::sync::Arc::clone(&own);
            tokio::spawn(async move { own.command("echo").arg(number.to_string()).output_async().await })
        })
        .collect();
    for (number, run) in runs.into_iter().enumerate() {
        assert_eq!(run.await??.success()?.stdout.text(), format!("{number}\n"));
    }
    Ok(())
}

#[netns_test]
async fn a_child_and_the_test_talk_over_the_network(own: Namespace) -> TestResult {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    let check = Ready::check(move || match std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Break(()),
        Err(error) => Continue(error.kind()),
    });
    let child = own.command("sleep").arg("100").ready_when(check).spawn_async().await?;
    let seen = wait_until_async(Deadline::after(Duration::from_secs(5)), Duration::from_millis(1), async || {
        if child.is_running() { Break(()) } else { Continue(child.exit()) }
    });
    seen.await?;
    Ok(())
}
