//! Output of children: readable while they run, always bounded, with a notice about lost parts.

use std::ops::ControlFlow::{Break, Continue};
use std::sync::LazyLock;
use std::time::Duration;

use netns_fixtures::Error;
use netns_fixtures::prelude::*;
use netns_fixtures::process::{ChildProblem, Exit, ProcessError, Stdio};

static SUBJECT: LazyLock<&str> = LazyLock::new(|| cargo_bin!("netns-subject"));

fn problem(error: &Error) -> ChildProblem {
    match error.downcast_ref() {
        Some(ProcessError::Child(error)) => error.problem.clone(),
        _ => panic!("no error of a child: {error:?}"),
    }
}

/// Returns the peak resident memory of this process, in KiB.
fn peak_memory_kib() -> TestResult<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(peak.trim().trim_end_matches(" kB").parse()?)
}

#[netns_test]
fn lines_are_read_while_the_child_runs(own: Namespace) -> TestResult {
    let mut child = own.command("cat").stdin(Stdio::piped()).spawn()?;
    for line in ["one", "", "größer"] {
        child.write_line(line)?;
        assert_eq!(child.read_line()?.as_deref(), Some(line));
    }
    assert!(child.is_running());
    child.close_stdin();
    assert_eq!(child.read_line()?, None);
    assert_eq!(child.wait()?, Exit::Code(0));
    assert_eq!(child.stdout().text(), "one\n\ngrößer\n");
    Ok(())
}

#[netns_test]
fn a_gigabyte_is_taken_and_only_its_end_is_kept(own: Namespace) -> TestResult {
    const GIGABYTE: u64 = 1 << 30;
    let before = peak_memory_kib()?;
    let output = own.command(*SUBJECT).args(["flood", &GIGABYTE.to_string()]).output()?.success()?;
    assert_eq!(output.stdout.bytes.len() as u64 + output.stdout.dropped_bytes, GIGABYTE);
    assert_eq!(output.stdout.bytes.len(), 1 << 20);
    let grown = peak_memory_kib()? - before;
    assert!(grown < 16 * 1024, "{grown} KiB more than before");
    Ok(())
}

#[netns_test]
fn endless_lines_are_bounded_by_their_number(own: Namespace) -> TestResult {
    let output = own.command("seq").arg("20000").keep_output(1 << 20, 100).output()?.success()?;
    assert_eq!(output.stdout.text().lines().count(), 100);
    assert_eq!(output.stdout.dropped_lines, 19_900);
    assert!(output.stdout.text().ends_with("20000\n") && !output.stdout.is_whole());
    Ok(())
}

#[netns_test]
fn everything_is_kept_where_nothing_bounds_it(own: Namespace) -> TestResult {
    let output = own.command("seq").arg("20000").keep_output(usize::MAX, usize::MAX).output()?.success()?;
    assert!(output.stdout.is_whole() && output.stdout.text().lines().count() == 20_000);
    Ok(())
}

#[netns_test]
fn a_line_of_a_hundred_megabytes_is_an_error_and_the_next_one_is_read(own: Namespace) -> TestResult {
    const BYTES: u64 = 100 << 20;
    let before = peak_memory_kib()?;
    let mut child = own.command(*SUBJECT).args(["line-of", &BYTES.to_string()]).spawn()?;
    let mut missed = 0;
    let last_part = loop {
        match child.read_line() {
            Ok(line) => break line.expect("the line has an end"),
            Err(error) => match problem(&error) {
                ChildProblem::Missed { bytes } => missed += bytes,
                other => panic!("{other:?}"),
            },
        }
    };
    assert!(missed > 0 && missed + last_part.len() as u64 == BYTES, "{missed} and {}", last_part.len());
    assert_eq!(child.read_line()?.as_deref(), Some("the end"));
    assert_eq!(child.read_line()?, None);
    let grown = peak_memory_kib()? - before;
    assert!(grown < 16 * 1024, "{grown} KiB more than before");
    Ok(())
}

#[netns_test]
fn a_line_that_is_no_text_is_an_error_and_the_next_one_is_read(own: Namespace) -> TestResult {
    let mut child = own.command(*SUBJECT).arg("invalid-text").spawn()?;
    assert_eq!(child.read_line()?.as_deref(), Some("good"));
    assert_eq!(problem(&child.read_line().unwrap_err()), ChildProblem::NotText { line: r"bad \xFF\xC3".to_owned() });
    assert_eq!(problem(&child.read_line().unwrap_err()), ChildProblem::NotText { line: r"last \xE2\x82".to_owned() });
    assert_eq!(child.read_line()?, None);
    assert_eq!(child.stdout().bytes, b"good\nbad \xFF\xC3\nlast \xE2\x82");
    Ok(())
}

#[netns_test]
fn a_prompt_without_a_line_end_is_expected(own: Namespace) -> TestResult {
    let mut child = own.command(*SUBJECT).arg("prompt").spawn()?;
    assert_eq!(child.expect("name:")?, "name:");
    child.set_deadline(Deadline::after(Duration::from_millis(30)));
    let error = child.read_line().unwrap_err();
    assert_eq!(problem(&error), ChildProblem::NotInTime { observed: None });
    Ok(())
}

#[netns_test]
fn an_expected_text_is_found_on_either_stream(own: Namespace) -> TestResult {
    let mut child = own.command("cat").args(["/no/such/file", "-"]).stdin(Stdio::piped()).spawn()?;
    assert!(child.expect("No such")?.contains("/no/such/file"));
    child.write_line("first")?;
    child.write_line("second")?;
    assert_eq!(child.expect("sec")?, "second");
    child.close_stdin();
    assert_eq!(child.read_line()?, None, "the lines before the expected one count as read");
    assert_eq!(problem(&child.expect("third").unwrap_err()), ChildProblem::Ended);
    Ok(())
}

#[netns_test]
fn standard_error_has_lines_of_its_own(own: Namespace) -> TestResult {
    let mut child = own.command("ls").args(["/no/such/file", "/proc/self/status"]).spawn()?;
    assert_eq!(child.read_line()?.as_deref(), Some("/proc/self/status"));
    assert!(child.read_error_line()?.is_some_and(|line| line.contains("/no/such/file")));
    assert_eq!(child.read_error_line()?, None);
    assert!(child.stderr().text().contains("/no/such/file"));
    assert!(!child.wait()?.success());
    Ok(())
}

#[netns_test]
fn a_child_that_closes_its_outputs_keeps_nobody_waiting(own: Namespace) -> TestResult {
    let mut child = own.command(*SUBJECT).arg("close-outputs").spawn()?;
    assert_eq!(problem(&child.expect("anything").unwrap_err()), ChildProblem::OutputClosed);
    assert_eq!(child.read_line()?, None);
    assert!(child.is_running());
    Ok(())
}

#[netns_test]
fn what_is_not_captured_cannot_be_waited_for(own: Namespace) -> TestResult {
    let mut child = own.command("sleep").arg("100").stdout(Stdio::null()).spawn()?;
    assert_eq!(problem(&child.read_line().unwrap_err()), ChildProblem::NotCaptured);
    child.set_deadline(Deadline::after(Duration::from_millis(30)));
    assert_eq!(problem(&child.read_error_line().unwrap_err()), ChildProblem::NotInTime { observed: None });
    assert_eq!(problem(&child.write_line("x").unwrap_err()), ChildProblem::InputClosed);
    Ok(())
}

#[netns_test]
fn input_that_nobody_reads_ends_at_the_deadline(own: Namespace) -> TestResult {
    let mut child = own.command("sleep").arg("100").stdin(Stdio::piped()).spawn()?;
    child.set_deadline(Deadline::after(Duration::from_millis(50)));
    // More than a pipe holds by default; source: pipe(7).
    let error = child.write_line(&"x".repeat(1 << 20)).unwrap_err();
    assert_eq!(problem(&error), ChildProblem::NotInTime { observed: None });
    Ok(())
}

#[netns_test]
fn input_that_is_closed_is_told_and_does_not_kill_the_test(own: Namespace) -> TestResult {
    let mut child = own.command(*SUBJECT).arg("close-input").stdin(Stdio::piped()).spawn()?;
    child.expect("closed")?;
    assert_eq!(problem(&child.write_line("x").unwrap_err()), ChildProblem::InputClosed);
    assert!(child.is_running());
    Ok(())
}

#[netns_test]
fn a_line_of_two_lines_is_refused(own: Namespace) -> TestResult {
    let mut child = own.command("cat").stdin(Stdio::piped()).spawn()?;
    let error = child.write_line("one\ntwo").unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(ProcessError::InvalidCommand { part: "the line", .. })), "{error:?}");
    child.close_stdin();
    assert_eq!(child.read_line()?, None, "nothing of it was written");
    Ok(())
}

#[netns_test]
fn a_child_that_fails_is_told_with_what_it_wrote(own: Namespace) -> TestResult {
    let output = own.command("ls").arg("/no/such/file").output()?;
    assert_eq!(output.status, Exit::Code(2));
    let error = output.success().unwrap_err();
    for part in ["`/usr/bin/ls /no/such/file`", "ended with exit status 2", "stderr: ", "/no/such/file'"] {
        assert!(format!("{error:#}").contains(part), "{part} in {error}");
    }
    assert_eq!(problem(&error), ChildProblem::Failed);
    Ok(())
}

#[netns_test]
fn what_a_process_left_behind_writes_is_not_waited_for(own: Namespace) -> TestResult {
    let began = std::time::Instant::now();
    let output = own.command(*SUBJECT).arg("leave-group-behind").output()?.success()?;
    assert!(output.stdout.text().trim_end().parse::<u32>().is_ok(), "{output:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    Ok(())
}

#[netns_test]
fn what_the_group_writes_after_the_end_is_in_the_output(own: Namespace) -> TestResult {
    let output = own.command(*SUBJECT).args(["last-words", "said by the grandchild"]).output()?.checked()?;
    assert_eq!(output.stdout.text(), "said by the grandchild\n");
    Ok(())
}

#[netns_test]
fn the_last_words_of_a_group_are_waited_for_within_the_grace(own: Namespace) -> TestResult {
    let began = std::time::Instant::now();
    let mut command = own.command(*SUBJECT);
    let output = command.args(["last-words", "too late"]).grace(Duration::from_millis(20)).output()?.checked()?;
    assert_eq!(output.stdout.text(), "");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    Ok(())
}

#[netns_test]
fn a_line_that_was_dropped_before_it_was_expected_is_not_denied(own: Namespace) -> TestResult {
    let mut child =
        own.command(*SUBJECT).args(["say-and-flood", "listening", "100"]).keep_output(1 << 20, 10).spawn()?;
    child.expect("x")?;
    wait_until(Deadline::after(Duration::from_secs(10)), Duration::from_millis(1), || {
        let dropped = child.stdout().dropped_lines;
        if dropped == 91 { Break(()) } else { Continue(dropped) }
    })?;
    child.set_deadline(Deadline::after(Duration::from_millis(50)));
    let error = child.expect("listening").unwrap_err();
    assert!(matches!(problem(&error), ChildProblem::Missed { .. }), "{error}");
    assert!(format!("{error:#}").contains("bytes were dropped before they were read"), "{error}");
    Ok(())
}
