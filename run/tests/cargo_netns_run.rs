//! `cargo netns-run`: cargo is started with the runner in its environment. And `netns-run doctor`.

#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};

use netns_fixtures::cargo_bin;

/// A command under a limit of time.
fn limited(program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.args(["60", program]);
    command
}

#[test]
fn cargo_gets_the_runner_for_the_target_of_this_machine() {
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let variable = format!("CARGO_TARGET_{}_RUNNER", triple.to_uppercase().replace('-', "_"));
    // In place of cargo, runs a program that prints its arguments and environment.
    let printed = limited(cargo_bin!("cargo-netns-run"))
        .args(["netns-run", "--veth", "--deadline", "5m", &variable])
        .env("CARGO", "printenv")
        .env("CARGO_BUILD_TARGET", &triple)
        .output()
        .unwrap();
    let runner = String::from_utf8(printed.stdout).unwrap();
    assert_eq!(
        runner.trim_end(),
        format!("{} --deadline 5m --veth --as root --hostname netns-run --", cargo_bin!("netns-run"))
    );
    assert!(printed.status.success());
}

/// `.cargo/config.toml` may name another target for this processor than the host's, and cargo reads its runner only from
/// this variable.
#[test]
fn cargo_gets_the_runner_for_a_target_that_only_its_configuration_names() {
    let musl = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let mut cargo = limited(cargo_bin!("cargo-netns-run"));
    cargo.args(["netns-run", &format!("CARGO_TARGET_{}_RUNNER", musl.to_uppercase().replace('-', "_"))]);
    let printed = cargo.env("CARGO", "printenv").output().unwrap();
    let runner = String::from_utf8(printed.stdout).unwrap();
    assert!(runner.starts_with(cargo_bin!("netns-run")), "{runner}");
}

/// Cargo splits a runner at spaces: from such a folder it finds the program by `PATH`.
#[test]
fn cargo_finds_the_runner_in_a_home_with_a_space() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("a user/bin");
    fs::create_dir_all(&bin).unwrap();
    for program in [cargo_bin!("netns-run"), cargo_bin!("cargo-netns-run")] {
        fs::copy(program, bin.join(Path::new(program).file_name().unwrap())).unwrap();
    }
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let variable = format!("CARGO_TARGET_{}_RUNNER", triple.to_uppercase().replace('-', "_"));
    let mut cargo = Command::new(bin.join("cargo-netns-run"));
    let printed = cargo.args(["netns-run", &variable, "PATH"]).env("CARGO", "printenv").output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let (runner, path) = printed.split_once('\n').unwrap();
    assert_eq!(runner, "netns-run --deadline 1h --as root --hostname netns-run --");
    assert!(path.starts_with(&format!("{}:", bin.display())), "{path}");
}

fn netns_run(arguments: &[&str]) -> Output {
    limited(cargo_bin!("netns-run")).args(arguments).output().unwrap()
}

#[test]
fn doctor_answers_for_every_requirement_and_is_a_program_after_two_dashes() {
    let report: serde_json::Value = serde_json::from_slice(&netns_run(&["doctor", "--json"]).stdout).unwrap();
    assert_eq!(report["isolation"]["works"], true, "{report}");
    let requirements = report["requirements"].as_array().unwrap();
    let known = netns_fixtures::requirements::all();
    assert_eq!(requirements.len(), known.len());
    for requirement in requirements {
        // An unmet requirement has both a reason and a remedy.
        assert_eq!(requirement["met"] == false, requirement["remedy"].is_string() && requirement["reason"].is_string());
    }
    let program = netns_run(&["--", "doctor"]);
    assert_eq!(program.status.code(), Some(127), "no program of this name is installed: {program:?}");
}

#[test]
fn doctor_writes_an_apparmor_profile_for_the_places_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("profile");
    let [file, place] = [file.as_path(), folder.path()].map(|path| path.to_str().unwrap());
    let written = netns_run(&["doctor", "--apparmor-profile", file, "--for", place]);
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    let profile = fs::read_to_string(file).unwrap();
    assert!(
        profile.contains(&format!("profile netns-tests \"{place}/**\" flags=(unconfined) {{\n  userns,\n}}\n")),
        "{profile}"
    );
    // In a member of a workspace: the workspace's folder, wherever cargo has it.
    fs::create_dir_all(folder.path().join("member/src")).unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = [\"member\"]\nresolver = \"3\"\n").unwrap();
    let manifest = "[package]\nname = \"member\"\nedition = \"2024\"\n";
    fs::write(folder.path().join("member/Cargo.toml"), manifest).unwrap();
    fs::write(folder.path().join("member/src/lib.rs"), "").unwrap();
    let mut doctor = limited(cargo_bin!("netns-run"));
    doctor.current_dir(folder.path().join("member")).env_remove("CARGO_TARGET_DIR");
    let printed = doctor.args(["doctor", "--apparmor-profile", "-"]).output().unwrap();
    let profile = String::from_utf8(printed.stdout).unwrap();
    let target = fs::canonicalize(folder.path()).unwrap().join("target");
    assert!(profile.contains(&format!("{}/**", target.display())), "{profile}");
    assert!(!folder.path().join("member/target").exists());
    let refused = netns_run(&["doctor", "--apparmor-profile", "-", "--for", "relative"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("relative is not an absolute path"), "{refused:?}");
}

#[test]
fn a_message_ends_with_a_code_and_explain_prints_its_entry() {
    let missing = netns_run(&["--", "/no/such/program"]);
    let message = String::from_utf8(missing.stderr).unwrap();
    let (_, code) = message.trim_end().rsplit_once("\nmore: netns-run explain ").expect("the message has a code");
    let entry = netns_run(&["explain", &code.to_lowercase()]);
    assert!(String::from_utf8(entry.stdout).unwrap().starts_with("NT304: There is no such program (exit status 127)."));
    let list = String::from_utf8(netns_run(&["explain"]).stdout).unwrap();
    assert!(list.lines().any(|line| line.starts_with("NT107  A deadline passed first.")), "{list}");
    assert_eq!(netns_run(&["explain", "NT999"]).status.code(), Some(2));
}

/// As in `netns-run doctor | head`.
#[test]
fn a_command_that_prints_ends_quietly_when_nobody_reads() {
    for arguments in
        [&["doctor"][..], &["doctor", "--json"], &["doctor", "--config"], &["explain"], &["explain", "NT101"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = limited(cargo_bin!("netns-run")).args(arguments).stdout(writer).output().unwrap();
        assert_eq!(ended.status.signal(), Some(13), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.is_empty(), "{arguments:?}: {ended:?}");
    }
}

#[test]
fn a_command_of_the_other_program_is_found_or_named() {
    let of_cargo =
        |word: &str| limited(cargo_bin!("cargo-netns-run")).args(["netns-run", word, "--help"]).output().unwrap();
    for command in ["doctor", "explain", "pages"] {
        let help = of_cargo(command);
        assert!(String::from_utf8_lossy(&help.stdout).contains(&format!("netns-run {command}")), "{help:?}");
    }
    let machines = netns_run(&["vm", "test"]);
    assert!(String::from_utf8_lossy(&machines.stderr).contains("`cargo netns-run vm`"), "{machines:?}");
}

#[test]
fn pages_describe_both_programs() {
    let folder = tempfile::tempdir().unwrap();
    let path = |file: &str| folder.path().join(file);
    assert!(netns_run(&["pages", folder.path().to_str().unwrap()]).status.success());
    let page = fs::read_to_string(path("man/man1/netns-run.1")).unwrap();
    assert!(page.contains("deadline") && page.contains("netns\\-run \\-\\-veth"), "options and examples: {page}");
    for page in ["netns-run-doctor.1", "netns-run-explain.1", "cargo-netns-run.1", "cargo-netns-run-vm.1"] {
        assert!(path("man/man1").join(page).is_file(), "{page}");
    }
    let bash = fs::read_to_string(path("completions/netns-run.bash")).unwrap();
    assert!(bash.contains("--apparmor-profile"), "{bash}");
    assert!(path("completions/_cargo-netns-run").is_file() && path("completions/netns-run.fish").is_file());
    assert_eq!(netns_run(&["pages", "/proc/nowhere"]).status.code(), Some(2));
}
