//! Which code is test code, and how `--files` and the configuration show and set it.

mod support;

use std::fs;

use support::{HARMLESS, HAZARD, lint, package};
use tempfile::TempDir;

/// A function that is a finding wherever it is checked.
const SHELL: &str = "pub fn reset(device: &str) {\n    \
                     std::process::Command::new(\"sh\").arg(\"-c\").arg(format!(\"ip link del {device}\")).status().unwrap();\n}\n";

fn manifest(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n{rest}")
}

fn workspace(files: &[(&str, &str)]) -> TempDir {
    let members: Vec<String> = files
        .iter()
        .filter_map(|(path, _)| path.strip_suffix("/Cargo.toml"))
        .map(|folder| format!("\"{folder}\""))
        .collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let folder = package(&files);
    let text = format!("[workspace]\nmembers = [{}]\n", members.join(", "));
    fs::write(folder.path().join("Cargo.toml"), text).expect("written");
    folder
}

/// Asserts the note of `--files` about each file.
fn judged(folder: &TempDir, expected: &[&str]) {
    let files = lint(folder.path(), &["--files"]).out;
    for line in expected {
        assert!(files.lines().any(|found| found == *line), "{line}\nis not in\n{files}");
    }
}

#[test]
fn packages_are_judged_by_who_depends_on_them() {
    let product = "license = \"MIT\"\ndescription = \"A server\"\n";
    let folder = workspace(&[
        (
            "server/Cargo.toml",
            &manifest(
                "server",
                &format!("{product}[dev-dependencies]\nrig = {{ path = \"../rig\" }}\nprotocol-test = \"1\"\n"),
            ),
        ),
        ("server/src/lib.rs", ""),
        (
            "cli/Cargo.toml",
            &manifest(
                "cli",
                "[dependencies]\nserver = { path = \"../server\" }\nprotocol-test = { path = \"../protocol-test\" }\n",
            ),
        ),
        ("cli/src/main.rs", SHELL),
        ("rig/Cargo.toml", &manifest("rig", "publish = false\n[dependencies]\nwires = { path = \"../wires\" }\n")),
        ("rig/src/lib.rs", SHELL),
        ("wires/Cargo.toml", &manifest("wires", "publish = false\n[dependencies]\nrstest = \"1\"\n")),
        ("wires/src/lib.rs", SHELL),
        ("protocol-test/Cargo.toml", &manifest("protocol-test", "")),
        ("protocol-test/src/lib.rs", SHELL),
        ("xtask/Cargo.toml", &manifest("xtask", "")),
        ("xtask/src/main.rs", SHELL),
        ("fuzz/Cargo.toml", &manifest("targets", "[package.metadata]\ncargo-fuzz = true\n")),
        ("fuzz/fuzz_targets/parse.rs", SHELL),
        ("conn/Cargo.toml", &manifest("conn", "[dependencies]\nlibtest-mimic = \"0.8\"\n")),
        ("conn/src/main.rs", SHELL),
    ]);
    judged(
        &folder,
        &[
            "skipped  cli/src/main.rs: not test code",
            "skipped  server/src/lib.rs: not test code",
            "checked  rig/src/lib.rs: only tests depend on package `rig`",
            "checked  wires/src/lib.rs: only tests depend on package `wires`",
            "skipped  protocol-test/src/lib.rs: not test code: package `cli` is built with it",
            "checked  xtask/src/main.rs: package `xtask` is a tool by its name, and is not shipped",
            "checked  fuzz/fuzz_targets/parse.rs: a package of fuzz targets",
            "checked  conn/src/main.rs: package `conn` is for tests by its dependency on `libtest-mimic`, and is not shipped",
        ],
    );
}

/// Manifests of other packages contain the dependencies on a package, so the lint reads them even for a single file.
#[test]
fn a_single_file_is_judged_as_in_a_run_over_everything() {
    let folder = workspace(&[
        ("server/Cargo.toml", &manifest("server", "[dev-dependencies]\nrig.path = \"../rig\"\n")),
        ("server/src/lib.rs", HARMLESS),
        ("rig/Cargo.toml", &manifest("rig", "publish = false\n")),
        ("rig/src/lib.rs", SHELL),
    ]);
    for arguments in [vec!["rig/src/lib.rs"], vec!["--alone", "rig/src/lib.rs"], vec!["rig"], vec![]] {
        assert_eq!(lint(folder.path(), &arguments).status, 1, "{arguments:?}");
    }
    assert_eq!(lint(&folder.path().join("rig"), &["src"]).status, 1);
}

#[test]
fn a_package_that_is_published_is_a_product_whatever_it_is_called() {
    let published = "license = \"MIT\"\ndescription = \"Log output for every test\"\n";
    let folder = workspace(&[
        ("test-log/Cargo.toml", &manifest("test-log", published)),
        ("test-log/src/lib.rs", SHELL),
        ("inherits/Cargo.toml", &manifest("inherits-tests", "license.workspace = true\ndescription = \"Parses\"\n")),
        ("inherits/src/lib.rs", SHELL),
    ]);
    let text = fs::read_to_string(folder.path().join("Cargo.toml")).expect("there");
    fs::write(folder.path().join("Cargo.toml"), format!("{text}[workspace.package]\nlicense = \"MIT\"\n"))
        .expect("written");
    judged(&folder, &["skipped  test-log/src/lib.rs: not test code", "skipped  inherits/src/lib.rs: not test code"]);
    fs::write(folder.path().join("Cargo.toml"), format!("{text}[workspace.package]\npublish = false\n"))
        .expect("written");
    judged(
        &folder,
        &["checked  inherits/src/lib.rs: package `inherits-tests` is for tests by its name, and is not shipped"],
    );
}

#[test]
fn targets_folders_and_build_scripts_are_told_apart() {
    let folder = workspace(&[
        (
            "app/Cargo.toml",
            &manifest(
                "app",
                "build = \"make.rs\"\n[[test]]\nname = \"all\"\npath = \"checks/all.rs\"\n[[bin]]\nname = \"app-e2e\"\npath = \"src/e2e.rs\"\n",
            ),
        ),
        ("app/make.rs", SHELL),
        ("app/checks/all.rs", SHELL),
        ("app/src/main.rs", "mod test;\nfn main() {}\n"),
        ("app/src/test.rs", SHELL),
        ("app/src/e2e.rs", "mod parts;\n"),
        ("app/src/parts.rs", SHELL),
        ("app/src/bin/bench_client/main.rs", SHELL),
        ("app/test/helper.rs", SHELL),
        ("app-tests/Cargo.toml", &manifest("app-tests", "")),
        ("app-tests/build.rs", SHELL),
        ("app-tests/src/lib.rs", SHELL),
    ]);
    judged(
        &folder,
        &[
            "skipped  app/make.rs: not test code: a build script",
            "checked  app/checks/all.rs: a test target",
            "skipped  app/src/test.rs: not test code",
            "checked  app/src/e2e.rs: a program for tests",
            "checked  app/src/parts.rs: a module of test code",
            "checked  app/src/bin/bench_client/main.rs: a program for tests",
            "checked  app/test/helper.rs: a folder of tests",
            "skipped  app-tests/build.rs: not test code: a build script",
            "checked  app-tests/src/lib.rs: package `app-tests` is for tests by its name, and is not shipped",
        ],
    );
}

#[test]
fn a_program_that_collects_tests_of_its_own_is_there_for_them() {
    let tests = "use collect::vm_test;\n#[vm_test(priority = 1)]\npub fn reaches() {}\n";
    let files = |rest: &str| {
        workspace(&[
            ("conductor/Cargo.toml", &manifest("conductor", rest)),
            ("conductor/src/main.rs", "mod cases;\nmod devices;\nfn main() {}\n"),
            ("conductor/src/cases.rs", tests),
            ("conductor/src/devices.rs", SHELL),
        ])
    };
    judged(&files(""), &["checked  conductor/src/devices.rs: a module of test code"]);
    let published = "license = \"MIT\"\ndescription = \"Conducts\"\n";
    judged(&files(published), &["skipped  conductor/src/devices.rs: not test code"]);
}

#[test]
fn in_a_tool_only_what_hurts_others_counts() {
    let code = "fn stop() {\n    std::process::Command::new(\"pkill\").arg(\"server\").status().unwrap();\n}\n\
                fn serve() {\n    std::net::TcpListener::bind(\"0.0.0.0:0\").unwrap();\n}\n\
                #[test]\nfn binds() {\n    std::net::TcpListener::bind(\"0.0.0.0:0\").unwrap();\n}\n";
    let folder = workspace(&[("xtask/Cargo.toml", &manifest("xtask", "")), ("xtask/src/main.rs", code)]);
    let lines = |arguments: &[&str]| {
        let out = lint(folder.path(), arguments).out;
        [2, 5, 9].map(|line| out.contains(&format!("xtask/src/main.rs:{line}:")))
    };
    assert_eq!(lines(&[]), [true, false, true], "a test of a tool is a test");
    assert_eq!(lines(&["--pedantic"]), [true; 3]);
}

#[test]
fn the_configuration_says_what_a_path_is_for() {
    let folder = package(&[
        ("src/lib.rs", b"mod net;\n#[cfg(test)]\nmod rig;\n"),
        ("src/net.rs", SHELL.as_bytes()),
        ("src/rig.rs", SHELL.as_bytes()),
        ("tests/a.rs", HAZARD.as_bytes()),
        ("tools/b.rs", SHELL.as_bytes()),
    ]);
    let with = |parts: &[(&str, &str)]| {
        let part = |(glob, role): &(&str, &str)| format!("[[lint.paths]]\nglob = \"{glob}\"\nrole = \"{role}\"\n");
        let text = parts.iter().map(part).collect::<Vec<_>>().concat();
        fs::write(folder.path().join("netns-test.toml"), text).expect("written");
        lint(folder.path(), &[])
    };
    let found = |out: &str| {
        ["src/net.rs", "src/rig.rs", "tests/a.rs", "tools/b.rs"].map(|path| out.contains(&format!("{path}:")))
    };
    assert_eq!(found(&with(&[]).out), [false, true, true, false]);
    assert_eq!(
        found(&with(&[("src", "test"), ("tests", "product"), ("tools", "test")]).out),
        [true, true, false, true]
    );
    assert_eq!(found(&with(&[("src", "product"), ("tests/*.rs", "product")]).out), [false; 4]);
    let files = lint(folder.path(), &["--files"]).out;
    assert!(files.contains("skipped  src/rig.rs: the configuration says so"), "{files}");
    let ran = with(&[("src", "library")]);
    assert!(ran.status == 2 && ran.err.contains("line 3"), "{}", ran.err);
}
