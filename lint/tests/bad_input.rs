//! Unreadable and generated files: each is reported with the reason, the exit status is 3, and the other files are
//! checked.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use support::{HARMLESS, HAZARD, lint, package};

/// Runs the lint over `bad` beside a file with a finding; asserts that it reports `bad` with `reason` and checks the
/// other file.
fn named(folder: &Path, bad: &str, reason: &str) {
    fs::write(folder.join("tests/good.rs"), HAZARD).expect("written");
    let ran = lint(folder, &[]);
    assert_eq!(ran.status, 3, "{bad}: {}{}", ran.out, ran.err);
    let line = ran.out.lines().find(|line| line.starts_with("error[unparsable-file]")).unwrap_or_default();
    assert!(line.contains(bad) && line.contains(reason), "{bad}: {}", ran.out);
    assert!(ran.out.contains("tests/good.rs:4:5"), "{bad}: the other file is checked: {}", ran.out);
    assert_eq!(ran.err, "", "{bad}");
}

#[test]
fn texts_that_are_no_rust_are_named() {
    let parentheses = |count: usize| format!("fn a() {{ {}1{} }}", "(".repeat(count), ")".repeat(count));
    for (text, reason) in [
        (b"fn a() { \"\xe9\"; }".to_vec(), "is not UTF-8: byte 10"),
        (b"\xff\xfef\0n\0".to_vec(), "is not UTF-8: byte 0"),
        (vec![0xff; 1_000], "is not UTF-8"),
        (vec![0; 1_000], "cannot be parsed"),
        (vec![b' '; 50 * 1024 * 1024], "is larger than 8388608 bytes"),
        (parentheses(10_000).into_bytes(), "is nested deeper than 1000 brackets"),
        (b"fn a() { ( ] }".to_vec(), "cannot be parsed: line 1"),
        (b"fn a() { {".to_vec(), "cannot be parsed"),
        (b"fn a() {} }".to_vec(), "cannot be parsed"),
        (b"fn a() { \"no end }".to_vec(), "cannot be parsed"),
        (b"fn a() { /* no end }".to_vec(), "cannot be parsed"),
        (b"fn a() { let x <- y; }".to_vec(), "cannot be parsed: line 1, column 16"),
        (b"---\n[package]\n".to_vec(), "cannot be parsed"),
    ] {
        let folder = package(&[("tests/bad.rs", &text)]);
        named(folder.path(), "tests/bad.rs", reason);
    }
}

#[test]
fn texts_that_only_look_odd_are_checked() {
    let mark = format!("\u{feff}{HAZARD}");
    let script = format!("#!/usr/bin/env cargo\n---\n[package]\nname = \"x\"\n---\n{HAZARD}");
    let shebang = format!("\u{feff}#!/usr/bin/env run\n{HAZARD}");
    let windows = HAZARD.replace('\n', "\r\n");
    for (text, place) in [(mark, 4), (script, 9), (shebang, 5), (windows, 4)] {
        let folder = package(&[("tests/odd.rs", text.as_bytes())]);
        let ran = lint(folder.path(), &[]);
        assert_eq!(ran.status, 1, "{text}: {}", ran.out);
        assert!(ran.out.contains(&format!("tests/odd.rs:{place}:5")), "{text}: {}", ran.out);
    }
    for text in ["", "\n", "// only words", "\u{feff}", "#!/usr/bin/env run", "#![no_std]"] {
        let folder = package(&[("tests/odd.rs", text.as_bytes())]);
        assert_eq!(lint(folder.path(), &[]).status, 0, "{text:?}");
    }
}

/// Constructs over which the parser and the evaluation recurse without a bracket.
#[test]
fn chains_are_refused_before_a_stack_overflows_and_ordinary_ones_are_checked() {
    let within = |before: &str, link: &str, after: &str, count: usize| {
        format!("fn a() {{ {before}{}{after} }}", link.repeat(count)).into_bytes()
    };
    for (before, link, after) in [
        ("1", " + 1", ";"),
        ("x", ".a()", ";"),
        ("x", ".a", ";"),
        ("x", "?", ";"),
        ("x", "[1]", ";"),
        ("x", "(1)", ";"),
        ("x", " as u8", ";"),
        ("", "&", "x;"),
        ("", "return ", "1;"),
        ("", "a = ", "1;"),
        ("", "|a| ", "1;"),
        ("if a {}", " else if a {}", ""),
        ("let x: ", "&mut ", "u8;"),
        ("Command::new(\"sh\")", ".arg(\"a\")", ";"),
        ("1", " + {}", ";"),
    ] {
        let folder = package(&[("tests/bad.rs", &within(before, link, after, 30_000))]);
        named(folder.path(), "tests/bad.rs", "parts in one another");
        let folder = package(&[("tests/fine.rs", &within(before, link, after, 1_000))]);
        let ran = lint(folder.path(), &["--pedantic"]);
        assert!(ran.status < 2, "{link}: {}{}", ran.out, ran.err);
    }
}

/// Constructs that the analysis of paths follows: functions that call functions, closures that run closures, and many
/// paths.
#[test]
fn long_ways_through_a_file_are_followed_or_said_to_be_cut_short() {
    let start = "let mut c = Command::new(\"server\").spawn().unwrap();";
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (1..count).map(line).collect::<String>();
    let chain =
        lines(20_000, &|at| format!("fn f{at}(c: &mut Child) {{ f{}(c); f{}(c); }}\n", at - 1, at * 7 % 20_000));
    let closures = lines(2_000, &|at| format!("let f{at} = || {{ f{}(); f{}(); }};\n", at - 1, at - 1));
    let branches = lines(10_000, &|at| format!("if x({at}) {{ y({at}).unwrap(); }}\n"));
    // Each of the conditions has two ways, and all of them together more than can be followed one by one.
    let twice = lines(3_000, &|at| format!("let b{at} = x({at}); if b{at} {{ y({at}).unwrap(); }}\n"))
        + &lines(3_000, &|at| format!("if b{at} {{ z({at}).unwrap(); }}\n"));
    let waits = lines(6_000, &|_| "if x() { c.wait().unwrap(); }\n".to_owned());
    for (code, cut) in [
        (format!("fn f0(c: &mut Child) {{ c.kill(); }}\n{chain}#[test] fn t() {{ {start} f19999(&mut c); }}"), false),
        (format!("#[test] fn t() {{ {start} let f0 = || x().unwrap();\n{closures} f1999(); c.kill(); }}"), false),
        (format!("#[test] fn t() {{ {start} {branches} c.kill(); }}"), false),
        (format!("#[test] fn t() {{ {start} {twice} c.kill(); }}"), false),
        (format!("#[test] fn t() {{ {start} {waits} c.kill(); }}"), true),
    ] {
        let code = format!("use std::process::{{Child, Command}};\n{code}\n");
        let folder = package(&[("tests/long.rs", code.as_bytes())]);
        let ran = lint(folder.path(), &[]);
        assert!(ran.status < 2, "{}", ran.err);
        assert_eq!(
            ran.out.contains("the rest of this file was not judged"),
            cut,
            "{}",
            &ran.out[..ran.out.len().min(2_000)]
        );
    }
}

#[test]
fn what_cannot_be_read_is_named_for_every_user() {
    let folder = package(&[("tests/good.rs", HAZARD.as_bytes())]);
    // A regular file whose first byte is unreadable for root too.
    symlink("/proc/self/mem", folder.path().join("tests/bad.rs")).expect("linked");
    named(folder.path(), "tests/bad.rs", "cannot be read: ");
    let folder = package(&[("tests/good.rs", HAZARD.as_bytes())]);
    symlink("nowhere.rs", folder.path().join("tests/bad.rs")).expect("linked");
    named(folder.path(), "tests/bad.rs", "cannot be read: ");
    let folder = package(&[("tests/good.rs", HAZARD.as_bytes())]);
    symlink(folder.path(), folder.path().join("tests/loop")).expect("linked");
    named(folder.path(), "tests/loop", "is a symbolic link to ");
    let folder = package(&[("tests/good.rs", HAZARD.as_bytes())]);
    // Opening it would wait for a writer.
    let made = Command::new("mkfifo").arg(folder.path().join("tests/bad.rs")).status().expect("coreutils are there");
    assert!(made.success());
    named(folder.path(), "tests/bad.rs", "is not a regular file");
}

#[test]
fn a_folder_called_like_a_file_is_a_folder() {
    let folder = package(&[("tests/folder.rs/a.rs", HAZARD.as_bytes())]);
    assert!(lint(folder.path(), &[]).out.contains("tests/folder.rs/a.rs:4:5"));
}

#[test]
fn a_file_given_twice_is_reported_once() {
    let folder = package(&[("tests/a.rs", HAZARD.as_bytes())]);
    symlink("a.rs", folder.path().join("tests/b.rs")).expect("linked");
    let ran = lint(folder.path(), &["tests/a.rs", "./tests/a.rs", "tests/../tests/a.rs", "tests", "."]);
    assert!(ran.out.contains("1 error;"), "{}", ran.out);
}

#[test]
fn a_path_of_any_characters_is_one_place_in_every_format() {
    let name = "tests/a b,c:d%e\n\u{1b}[31mé\".rs";
    let folder = package(&[(name, HAZARD.as_bytes()), ("tests/not \n rust.rs", b"fn")]);
    let ran = |format: &str| {
        let ran = lint(folder.path(), &["--format", format]);
        assert_eq!(ran.status, 3, "{format}");
        ran.out
    };
    let human = ran("human");
    assert!(human.contains(r#"tests/a b,c:d%e\n\u{1b}[31mé\".rs:4:5"#), "{human}");
    assert!(human.contains(r"error[unparsable-file]: tests/not \n rust.rs cannot be parsed"), "{human}");
    assert!(!human.contains('\u{1b}'), "{human}");
    let json: serde_json::Value = serde_json::from_str(&ran("json")).expect("JSON");
    assert_eq!(json["findings"][0]["path"], name);
    assert_eq!(json["problems"][0]["path"], "tests/not \n rust.rs");
    let sarif: serde_json::Value = serde_json::from_str(&ran("sarif")).expect("JSON");
    let run = &sarif["runs"][0];
    let place = &run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "tests/a%20b%2Cc%3Ad%25e%0A%1B%5B31m%C3%A9%22.rs");
    let notification = &run["invocations"][0]["toolExecutionNotifications"][0];
    let place = &notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(place, "tests/not%20%0A%20rust.rs");
    let github = ran("github");
    let lines: Vec<&str> = github.lines().collect();
    assert_eq!(lines.len(), 2, "{github}");
    assert!(lines[0].starts_with("::error file=tests/a b%2Cc%3Ad%25e%0A\u{1b}[31mé\".rs,line=4,"), "{github}");
    assert!(lines[1].starts_with("::error file=tests/not %0A rust.rs,title=unparsable-file::"), "{github}");
}

#[test]
fn bytes_of_a_path_that_are_no_text_do_not_keep_it_from_being_checked() {
    use std::os::unix::ffi::OsStrExt;

    let folder = package(&[("tests/good.rs", HARMLESS.as_bytes())]);
    let name = std::ffi::OsStr::from_bytes(b"tests/\xe9.rs");
    fs::write(folder.path().join(name), HAZARD).expect("written");
    for format in ["human", "json", "sarif", "github"] {
        assert_eq!(lint(folder.path(), &["--format", format]).status, 1, "{format}");
    }
}

/// Macros that expand to themselves or to each other: the lint expands none of them for ever.
#[test]
fn macros_that_expand_to_themselves_end() {
    for code in [
        "macro_rules! again { ($x:expr) => { again!($x) }; } #[test] fn t() { again!(1); }",
        "macro_rules! one { ($x:expr) => { two!($x) }; } macro_rules! two { ($x:expr) => { one!($x) }; } \
         #[test] fn t() { one!(1); two!(2); }",
        "macro_rules! items { ($x:ident) => { fn $x() { items!($x); } items!($x); }; } items!(a); #[test] fn t() { a(); }",
    ] {
        let code = format!("{code}\n{HAZARD}");
        let folder = package(&[("tests/macros.rs", code.as_bytes())]);
        let ran = lint(folder.path(), &["--pedantic"]);
        assert!(ran.status == 1 && ran.out.contains("tests/macros.rs:5:5"), "{code}: {}{}", ran.out, ran.err);
    }
}

/// A generated body, and many functions over several files. The harness bounds the time.
#[test]
fn long_bodies_and_many_functions_are_checked() {
    let lines = "    let a = b(c); if d { e(a)?; }\n".repeat(20_000);
    let body = format!("{HAZARD}#[test] fn long() -> Result<(), E> {{\n{lines}Ok(()) }}\n");
    let functions = |file: usize| {
        let one = |at: usize| {
            let (next, of) = ((file + 1) % 4, at * 7 % 25_000);
            format!("pub fn f{file}_{at}(a: &str) {{ super::m{next}::f{next}_{of}(a) }}\n")
        };
        (0..25_000).map(one).collect::<String>()
    };
    let files: Vec<(String, String)> = (0..4).map(|file| (format!("tests/m{file}.rs"), functions(file))).collect();
    let mut all: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let main = format!("mod m0; mod m1; mod m2; mod m3;\n{HAZARD}");
    all.extend([("tests/body.rs", body.as_bytes()), ("tests/main.rs", main.as_bytes())]);
    let folder = package(&all);
    let ran = lint(folder.path(), &[]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    for place in ["tests/body.rs:4:5", "tests/main.rs:5:5"] {
        assert!(ran.out.contains(place), "{place}: {}", ran.out);
    }
}

/// Makes a package of that size.
type Made<'a> = &'a dyn Fn(usize) -> Vec<(String, String)>;

/// Each bound that cuts the analysis is said once for its file, in every form of the report; below it nothing is said.
#[test]
fn a_bound_that_is_reached_is_noted() {
    let callers_first = |count: usize| {
        let functions =
            (0..count).map(|at| format!("fn f{at}(x: &str) {{ f{}(x); }}\n", at + 1)).collect::<Vec<_>>().concat();
        let last = format!("fn f{count}(x: &str) {{ std::net::TcpListener::bind(x).unwrap(); }}\n");
        vec![("tests/a.rs".to_owned(), format!("{functions}{last}#[test] fn t() {{ f0(\"0.0.0.0:80\"); }}\n"))]
    };
    let sinks = |count: usize| {
        let binds =
            |at: usize| format!("    std::net::TcpListener::bind(format!(\"{{x}}:{}\")).unwrap();\n", 1_000 + at);
        let binds = (0..count).map(binds).collect::<String>();
        vec![(
            "tests/a.rs".to_owned(),
            format!("fn all(x: &str) {{\n{binds}}}\n#[test] fn t() {{ all(\"0.0.0.0\"); }}\n"),
        )]
    };
    let callers = |count: usize| {
        let each = |at: usize| format!("fn f{at}() {{ f{}(); }}\n", at + 1);
        let functions = (0..count).rev().map(each).collect::<String>();
        let last = format!("fn f{count}() {{ nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap(); }}\n");
        vec![("tests/a.rs".to_owned(), format!("{last}{functions}#[test] fn t() {{ std::thread::spawn(|| f0()); }}\n"))]
    };
    let files = |count: usize| {
        let module = |at: usize| {
            let text = format!("pub fn f(x: &str) {{ super::m{}::f(x) }}\n", at + 1);
            (format!("tests/it/m{at}.rs"), text)
        };
        let mut all: Vec<(String, String)> = (0..count).map(module).collect();
        let last = "pub fn f(x: &str) { std::net::TcpListener::bind(x).unwrap(); }\n".to_owned();
        all.push((format!("tests/it/m{count}.rs"), last));
        let modules = (0..=count).map(|at| format!("mod m{at};\n")).collect::<Vec<_>>().concat();
        all.push(("tests/it/main.rs".to_owned(), format!("{modules}#[test] fn t() {{ m0::f(\"0.0.0.0:80\"); }}\n")));
        all
    };
    let cases: [(Made<'_>, usize, usize, &str); 4] = [
        (&callers_first, 40, 90, "functions call each other more than 64 deep"),
        (&sinks, 32, 33, "a function has more than 32 operations on its arguments"),
        (&callers, 40, 90, "more than 64 functions lead to a call"),
        (&files, 4, 30, "calls lead through more files than are followed"),
    ];
    for (made, below, above, note) in cases {
        for (count, is_noted) in [(below, false), (above, true)] {
            let files = made(count);
            let all: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
            let folder = package(&all);
            let human = lint(folder.path(), &[]).out;
            let noted = human.lines().filter(|line| line.starts_with("note: ") && line.contains(note));
            let places: Vec<&str> = noted.filter_map(|line| line.split(": ").nth(1)).collect();
            assert_eq!(!places.is_empty(), is_noted, "{note}, {count}: {human}");
            assert!(places.windows(2).all(|pair| pair[0] != pair[1]), "once for each file: {human}");
            let json: serde_json::Value =
                serde_json::from_str(&lint(folder.path(), &["--format", "json"]).out).expect("JSON");
            let listed = json["notes"].as_array().expect("a list").iter();
            let messages = listed.filter_map(|note| note["message"].as_str()).filter(|text| text.starts_with(note));
            assert_eq!(messages.count(), places.len(), "{note}, {count}: {json}");
            assert_eq!(lint(folder.path(), &["--files"]).out.contains(note), is_noted, "{note}, {count}");
        }
    }
}
