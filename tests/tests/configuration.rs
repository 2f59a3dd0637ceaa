//! `netns-test.toml` and the variables: tests get their values, and a mistake in them fails every test.

#![forbid(unsafe_code)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use netns_fixtures::config;
use netns_fixtures::prelude::*;
use netns_tests::report::{Outcome, of_libtest};
use netns_tests::suite::{Suite, User, cargo};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;

/// Shares one suite among the parallel tests; the last of them removes it, which a `static` would not do.
fn suite() -> Arc<Suite> {
    static SUITE: Mutex<Weak<Suite>> = Mutex::new(Weak::new());
    let mut shared = SUITE.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let suite = Arc::new(Suite::build("configured").expect("the suite builds"));
        *shared = Arc::downgrade(&suite);
        suite
    })
}

/// A world-readable folder with that file.
fn folder(content: &str) -> TestResult<(TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("netns-test.toml");
    fs::write(&file, content)?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    Ok((folder, file))
}

/// Runs the suite in the folder and returns its output.
fn run(suite: &Suite, user: User, folder: &Path, variables: &[(&str, &str)]) -> TestResult<String> {
    let mut libtest = suite.libtest(user)?;
    let output = libtest.current_dir(folder).envs(variables.iter().copied()).arg("--show-output").output()?;
    Ok(format!("{}{}", String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
}

#[test]
fn tests_get_what_the_file_says() -> TestResult {
    let suite = suite();
    let (folder, _) = folder(
        "[deadlines]\ntest = \"700ms\"\n\
         [address-plan]\nipv4 = \"10.77.0.0/16\"\nipv6 = \"fd00:77::/48\"\nipv4-subnet = 28\nipv6-subnet = 80\n\
         [ports]\nlease = \"4000-4001\"\n\
         [limits]\nchild-open-files = 77\nchild-file-bytes = 8192\noutput-lines = 10\n\
         [lint]\nof-the-lint = \"not read\"\n",
    )?;
    for user in User::all() {
        let printed = run(&suite, *user, folder.path(), &[])?;
        let expected = [
            "the first host has 10.77.0.1/28 fd00:77::1/80",
            "leased is 4000",
            "limits are 77 8192",
            "kept are 10 lines",
            "the deadline of 700ms passed",
        ];
        for line in expected {
            assert!(printed.contains(line), "{line:?} as {user:?}:\n{printed}");
        }
    }
    Ok(())
}

#[test]
fn without_a_file_they_get_the_defaults_and_a_variable_is_stronger_than_the_file() -> TestResult {
    let suite = suite();
    let empty = tempfile::tempdir()?;
    let short = ("NETNS_TEST_DEADLINE", "700ms");
    let printed = run(&suite, User::Caller, empty.path(), &[short])?;
    for line in ["the first host has 198.18.0.1/24 fd5e:7e57:1a6b::1/64", "leased is 20000"] {
        assert!(printed.contains(line), "{line:?}:\n{printed}");
    }
    let (folder, _) = folder("[address-plan]\nipv4 = \"10.77.0.0/16\"\n[ports]\nlease = \"4000-4000\"\n")?;
    let variables = [short, ("NETNS_TEST_IPV4_PLAN", "10.88.0.0/16"), ("NETNS_TEST_OUTPUT_LINES", "20")];
    let printed = run(&suite, User::Caller, folder.path(), &variables)?;
    for line in ["the first host has 10.88.0.1/24", "leased is 4000", "kept are 20 lines"] {
        assert!(printed.contains(line), "{line:?}:\n{printed}");
    }
    Ok(())
}

#[test]
fn the_time_factor_makes_deadlines_longer_and_is_in_the_report() -> TestResult {
    let empty = tempfile::tempdir()?;
    let variables = [("NETNS_TEST_DEADLINE", "400ms"), ("NETNS_TEST_TIME_FACTOR", "2")];
    let printed = run(&suite(), User::Caller, empty.path(), &variables)?;
    assert!(printed.contains("the deadline of 800ms (NETNS_TEST_TIME_FACTOR is 2) passed"), "{printed}");
    Ok(())
}

/// The suite prints times; each has a bound that holds without the factor, and one that holds with it.
#[test]
fn the_time_factor_multiplies_each_timeout_once() -> TestResult {
    let suite = Suite::build("timed")?;
    let empty = tempfile::tempdir()?;
    for factor in [1, 10] {
        let printed = run(&suite, User::Caller, empty.path(), &[("NETNS_TEST_TIME_FACTOR", &factor.to_string())])?;
        let report = of_libtest(&printed);
        let failed: Vec<_> = report.iter().filter(|(_, result)| result.outcome != Outcome::Passed).collect();
        let [(name, timed_out)] = failed[..] else { panic!("one fails by intent, with factor {factor}:\n{printed}") };
        assert_eq!(name, "times_out");
        let note = timed_out.text.contains(&format!("NETNS_TEST_TIME_FACTOR is {factor}: "));
        assert_eq!(note, factor > 1, "{}", timed_out.text);
        let number = |before: &str| -> TestResult<u64> {
            let (_, behind) = printed.split_once(before).ok_or_else(|| format!("no {before:?}:\n{printed}"))?;
            Ok(behind.split_whitespace().next().unwrap_or_default().parse()?)
        };
        // The link needs 300 ms, the timeout is 100 ms.
        assert_eq!(number("replies: ")?, u64::from(factor > 1), "with factor {factor}");
        // Of `deadline = "20s"`, and of `Deadline::after` with twenty seconds.
        for what in ["the test's own milliseconds: ", "a wait's milliseconds: "] {
            let remaining = number(what)?;
            let least = if factor == 1 { 1 } else { 20_001 };
            assert!((least..=20_000 * factor).contains(&remaining), "{what}{remaining} with factor {factor}");
        }
        for protocol in ["Udp", "Icmp"] {
            // The deadline is 200 ms; a second factor would make 20 s of them.
            let took = number(&format!("milliseconds of {protocol}: "))?;
            assert!((200 * factor..200 * factor + 5000).contains(&took), "{protocol}: {took} with factor {factor}");
        }
    }
    Ok(())
}

/// A late packet is a note of a test that passes. The bound of its link, or the setting, makes it a failure.
#[test]
fn late_packets_are_a_note_or_a_failure() -> TestResult {
    let (suite, empty) = (suite(), tempfile::tempdir()?);
    let outcomes = |variables: &[(&str, &str)]| -> TestResult<_> {
        let mut all = vec![("NETNS_TEST_DEADLINE", "20s")];
        all.extend(variables);
        let mut libtest = suite.libtest(User::Caller)?;
        libtest.current_dir(empty.path()).envs(all).args(["--show-output", "late_packets"]);
        let printed = String::from_utf8(libtest.output()?.stdout)?;
        let report = of_libtest(&printed);
        let names = ["late_packets", "late_packets_within_a_bound", "late_packets_beyond_a_bound"];
        Ok((names.map(|name| report.get(name).map(|report| report.outcome)), printed))
    };
    let (failed, passed) = (Some(Outcome::Failed), Some(Outcome::Passed));
    let (found, printed) = outcomes(&[])?;
    assert_eq!(found, [passed, passed, failed], "{printed}");
    let notes = printed.matches("packets of the link \"a-b\" from a to b left up to").count();
    assert!(notes >= 3 && printed.contains("and the test allows 100ms"), "{printed}");
    let (found, printed) = outcomes(&[("NETNS_TEST_LATE_PACKETS", "fail")])?;
    assert_eq!(found, [failed, passed, failed], "{printed}");
    assert!(printed.contains("and the test allows 20ms"), "{printed}");
    Ok(())
}

/// Each test of the suite fails, and the report contains the texts.
fn assert_all_fail(printed: &str, texts: &[&str]) {
    let report = of_libtest(printed);
    assert_eq!(report.len(), 7, "{printed}");
    for (test, result) in report {
        assert_eq!(result.outcome, Outcome::Failed, "{test}:\n{printed}");
        for text in texts {
            assert!(result.text.contains(text), "{text:?} of {test}:\n{printed}");
        }
    }
}

#[test]
fn a_mistake_fails_every_test_and_says_where_it_is() -> TestResult {
    let suite = suite();
    for (content, place, text) in [
        ("[deadline]\n", "1:2", "there is no table [deadline]"),
        (
            "# one\n[deadlines]\n  tset = \"5s\"\n",
            "3:3",
            "there is no key tset in [deadlines]; the keys are test, pause, connect, grace",
        ),
        (
            "[deadlines]\ntest = \"2d\"\n",
            "2:8",
            "invalid deadlines.test: \"2d\" is more than 1h; it takes a duration from 1ms to 1h, for instance test = \"30s\"",
        ),
        ("[deadlines]\ntest = 5\n", "2:8", "\"5\" is a number, and it is written in quotes"),
        ("[limits]\noutput-lines = 9\n", "2:16", "is less than 10"),
        ("[limits]\noutput-lines = -1\n", "2:16", "is not a whole number"),
        ("[limits]\noutput-lines = [9]\n", "2:16", "is a list"),
        ("[limits]\noutput-bytes = \"2TiB\"\n", "2:16", "is more than 1GiB"),
        ("[address-plan]\nipv4 = \"198.18.0.1/15\"\n", "2:8", "it takes an IPv4 prefix of 8 to 30 bits"),
        ("[address-plan]\nipv6 = \"10.0.0.0/8\"\n", "2:8", "it takes an IPv6 prefix of 16 to 126 bits"),
        ("[address-plan]\nipv4-subnet = 31\n", "2:15", "is more than 30"),
        ("[ports]\nlease = \"80-90\"\n", "2:9", "it takes a first and a last port of 1024 to 65535"),
        ("[programs]\nfolders = \"bin\"\n", "2:11", "is not an absolute path"),
        ("[deadlines\n", "1:11", "invalid configuration: "),
    ] {
        let (folder, file) = folder(content)?;
        let printed = run(&suite, User::Caller, folder.path(), &[])?;
        assert_all_fail(&printed, &[text, &format!("--> {}:{place}\n", file.display())]);
    }
    // A valid variable does not excuse a mistake in the file.
    let (folder, _) = folder("[deadlines]\ntest = \"2d\"\n")?;
    assert_all_fail(&run(&suite, User::Caller, folder.path(), &[("NETNS_TEST_DEADLINE", "1s")])?, &["is more than 1h"]);
    Ok(())
}

#[test]
fn a_file_that_others_can_write_is_refused() -> TestResult {
    let suite = suite();
    let (folder, file) = folder("[deadlines]\ntest = \"2s\"\n")?;
    for mode in [0o664, 0o646] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode))?;
        for user in User::all() {
            let printed = run(&suite, *user, folder.path(), &[])?;
            let path = file.display().to_string();
            assert_all_fail(&printed, &[&path, &format!("others than its owner can write to it (mode 0{mode:o})")]);
        }
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644))?;
    if nix::unistd::geteuid().is_root() {
        let text = "it belongs to the user 12345, and not to you";
        chown(&file, Some(12_345), None)?;
        for user in User::all() {
            assert_all_fail(&run(&suite, *user, folder.path(), &[])?, &[text]);
        }
        // A link that another user made to a file of root.
        fs::rename(&file, folder.path().join("target"))?;
        chown(folder.path().join("target"), Some(0), None)?;
        symlink("target", &file)?;
        assert!(
            run(&suite, User::Caller, folder.path(), &[])?.contains("the deadline of 2s passed"),
            "the control: a link of root's"
        );
        lchown(&file, Some(12_345), None)?;
        for user in User::all() {
            assert_all_fail(&run(&suite, *user, folder.path(), &[])?, &[text]);
        }
    }
    Ok(())
}

#[test]
fn a_mistake_at_the_end_of_the_longest_line_fails_also_tests_that_should_panic() -> TestResult {
    let suite = Suite::build("misbehaving")?;
    let text = "a = \"";
    let (folder, file) = folder(&format!("{text}{}", "x".repeat(64 * 1024 - text.len())))?;
    let ended = suite.libtest(User::Caller)?.current_dir(folder.path()).args(["passes", "instead_of_any"]).output()?;
    let report = of_libtest(&String::from_utf8(ended.stdout)?);
    assert_eq!(report.keys().collect::<Vec<_>>(), ["exits_instead_of_any_panic", "passes"]);
    for (test, told) in report {
        assert_eq!(told.outcome, Outcome::Failed, "{test}: {}", told.text);
        assert!(told.text.contains(&format!("--> {}:1:", file.display())), "{test}: {}", told.text);
    }
    Ok(())
}

/// Both are looked up before `main`, in folders that another user may own.
#[test]
fn a_pipe_in_the_place_of_a_file_keeps_no_test_from_beginning() -> TestResult {
    let suite = suite();
    let folder = tempfile::tempdir()?;
    let inner = folder.path().join("package");
    fs::create_dir(&inner)?;
    let short = [("NETNS_TEST_DEADLINE", "700ms")];
    mkfifo(&folder.path().join("Cargo.toml"), Mode::S_IRWXU)?;
    assert!(run(&suite, User::Caller, &inner, &short)?.contains("leased is 20000"));
    mkfifo(&folder.path().join("netns-test.toml"), Mode::S_IRWXU)?;
    assert_all_fail(&run(&suite, User::Caller, &inner, &short)?, &["it is no regular file"]);
    Ok(())
}

#[test]
fn the_nearest_file_decides_and_the_root_of_the_workspace_is_the_end() -> TestResult {
    let suite = suite();
    let (folder, _) = folder("[ports]\nlease = \"4000-4000\"\n[deadlines]\ntest = \"700ms\"\n")?;
    let inner = folder.path().join("workspace/package/tests");
    fs::create_dir_all(&inner)?;
    assert!(run(&suite, User::Caller, &inner, &[])?.contains("leased is 4000"));
    fs::write(folder.path().join("workspace/Cargo.toml"), "[workspace]\n")?;
    assert!(run(&suite, User::Caller, &inner, &[("NETNS_TEST_DEADLINE", "700ms")])?.contains("leased is 20000"));
    // Cargo names the package, whatever the working folder.
    let outside = folder.path().to_str().ok_or("no text")?;
    assert!(run(&suite, User::Caller, &inner, &[("CARGO_MANIFEST_DIR", outside)])?.contains("leased is 4000"));
    Ok(())
}

#[test]
fn the_example_has_every_key_with_its_default() -> TestResult {
    let suite = suite();
    let example = include_str!("../examples/netns-test.toml");
    let keys = config::settings().into_iter().filter_map(|setting| Some((setting.key?, setting.default)));
    let mut table = "";
    let mut written = Vec::new();
    for line in example.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        if let Some(name) = line.strip_prefix('[') {
            table = name.trim_end_matches(']');
        } else if let Some((key, value)) = line.split_once(" = ") {
            written.push((format!("{table}.{key}"), value.trim_matches('"').to_owned()));
        }
    }
    assert_eq!(written, keys.collect::<Vec<_>>());
    // The suite accepts the example's values.
    let (folder, _) = folder(example)?;
    let printed = run(&suite, User::Caller, folder.path(), &[("NETNS_TEST_DEADLINE", "700ms")])?;
    assert!(printed.contains("leased is 20000"), "{printed}");
    Ok(())
}

#[test]
fn the_readme_has_every_setting_with_its_key_and_its_default() {
    let readme = include_str!("../../README.md");
    for setting in config::settings() {
        let key = setting.key.map(|key| format!("`{key}`")).unwrap_or_default();
        let row = format!("| `{}` | {key}", setting.name);
        let default =
            if setting.default.is_empty() { "| none |".to_owned() } else { format!("| `{}` |", setting.default) };
        let line = readme.lines().find(|line| line.starts_with(row.trim_end()));
        assert!(line.is_some_and(|line| line.contains(&default)), "{row} … {default} is not in README.md");
    }
}

fn doctor(folder: &Path, arguments: &[&str]) -> TestResult<(Option<i32>, String)> {
    static DOCTOR: OnceLock<PathBuf> = OnceLock::new();
    let program = DOCTOR.get_or_init(|| {
        // Its own tests bring it, built with the features that `cargo test --workspace` needs; `cargo build` would compile it again without them.
        let arguments = ["test", "--workspace", "--no-run", "--test", "netns_run", "--message-format", "json"];
        let built = cargo().args(arguments).output().expect("cargo is there");
        let messages = String::from_utf8_lossy(&built.stdout).into_owned();
        let mut messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let netns_run = messages
            .rfind(|message| message["executable"].is_string() && message["target"]["name"] == "netns-run")
            .expect("it was built");
        netns_run["executable"].as_str().expect("it is a program").into()
    });
    let output = Command::new(program)
        .arg("doctor")
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("NETNS_TEST_PORTS", "5000-5001")
        .output()?;
    Ok((output.status.code(), String::from_utf8(output.stdout)?))
}

#[test]
fn doctor_tells_each_value_and_where_it_comes_from() -> TestResult {
    let (good, file) = folder("[deadlines]\ntest = \"5s\"\n[ports]\nlease = \"4000-4000\"\n")?;
    let (status, printed) = doctor(good.path(), &["--config"])?;
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.starts_with(&format!("configuration: {}\n", file.display())), "{printed}");
    let line = |key: &str| {
        printed.lines().find(|line| line.starts_with(key)).unwrap_or_default().split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(line("deadlines.test")[..6], ["deadlines.test", "NETNS_TEST_DEADLINE", "5s", "file,", "line", "2"]);
    assert_eq!(line("ports.lease")[..4], ["ports.lease", "NETNS_TEST_PORTS", "5000-5001", "variable"]);
    assert_eq!(line("deadlines.grace")[..4], ["deadlines.grace", "NETNS_TEST_GRACE", "2s", "default"]);

    let (status, printed) = doctor(good.path(), &["--config", "--json"])?;
    let report: serde_json::Value = serde_json::from_str(&printed)?;
    assert_eq!((status, report["file"].as_str()), (Some(0), file.to_str()));
    let settings = report["settings"].as_array().ok_or("no list")?;
    let of = |key: &str| settings.iter().find(|setting| setting["key"] == key).map(|setting| &setting["source"]);
    assert_eq!(of("deadlines.test"), Some(&serde_json::json!({ "from": "file", "line": 2 })));
    assert_eq!(of("ports.lease"), Some(&serde_json::json!({ "from": "variable", "line": null })));

    let (bad, file) = folder("[limits]\noutput-lines = 9\n")?;
    let (status, printed) = doctor(bad.path(), &["--config"])?;
    assert!(status == Some(1) && printed.contains(&format!("--> {}:2:16", file.display())), "{printed}");
    let (unknown, file) = folder("[limit]\n")?;
    let (status, printed) = doctor(unknown.path(), &["--config"])?;
    assert!(status == Some(1) && printed.contains(&format!("--> {}:1:2", file.display())), "{printed}");
    Ok(())
}
