//! Properties over generated texts: for any content of a file, the run ends, reports the result of each file, and
//! reports only places that exist in the file.

use std::fs;
use std::path::PathBuf;

use netns_lint::{Config, Location, Report, check};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Words of the tables and parts of the grammar, between blanks.
const TOKENS: &str = r##"
Command :: new ( ) [ ] { } "sh" "-c" . arg args spawn status , ; let mut x y = env var "T" parse unwrap Duration
from_secs min clamp if else match => _ | || && & * - + / % ! ? 0 1 600 1.5 0x1f u8 as for in .. ..= loop while return
break fn f -> async move await "0.0.0.0:80" bind TcpListener UNSPECIFIED Ipv4Addr format! "{x}{}{0}{y:?}" "{" vec!
assert! panic! wait kill 'a' 'a # $ $x $( )* struct impl use const static split_whitespace unshare /* */ b"x" r#"a"# é
< > std process @ ~ : //
"##;

/// Expressions, one a line.
const LEAVES: &str = r#"
x
y
0
1
600u64
1.5
"sh"
"-c"
"--"
"0.0.0.0:0"
"{x}"
()
CONST
Self::X
std::env::var("T").unwrap()
std::env::args().nth(1).unwrap()
u64::MAX
Ipv4Addr::UNSPECIFIED
i128::MIN
""
170141183460469231731687303715884105727
b"\xff"
'\u{10FFFF}'
"é\u{0}"
..
|| x
loop {}
"#;

/// Expressions around others, `§a` and `§b`.
const FORMS: &str = r#"
(§a)
§a.parse().unwrap()
§a.parse::<u8>().ok()
Duration::from_secs(§a)
-§a
!§a
*§a
&§a
§a?
§a as u8
{ §a }
Command::new(§a)
tokio::process::Command::new(§a)
§a.spawn().unwrap()
§a.wait()
format!("{}{:?}", §a)
vec![§a; 3]
for i in 0..§a { §a }
move |a| §a
TcpListener::bind(§a)
§a.split_whitespace().next()
return §a
unsafe { libc::kill(§a, 9) }
check!(§a)
§a.x
§a.0
async { §a }
while §a { §a }
println!(§a)
helper(§a)
Vec::with_capacity(§a)
§a.await
LinkDummy::new(§a)
§a.arg(§b)
§a.args(§b)
§a.min(§b)
§a.clamp(§b, §b)
§a + §b
§a / §b
§a % §b
§a - §b
[§a, §b]
(§a, §b)
if §a { §b } else { §a }
match §a { 0..=9 => §b, "x" | _ => §a }
§a[§b]
{ x = §a; §b }
{ let y = §a; §b }
{ x += §a; §b }
§a.unwrap_or(§b)
§a.map(|x| §b)
S { x: §a, ..§b }
§a < §b
if let Some(x) = §a { §b }
{ let Ok(y) = §a else { return §b }; y }
§a..§b
§a.push_str(§b)
§a.join(§b)
§a << §b
§a * §b
fs::write(§a, §b)
"#;

fn lines(text: &'static str) -> Vec<String> {
    text.trim().lines().map(str::to_owned).collect()
}

fn soup() -> impl Strategy<Value = String> {
    let tokens: Vec<&str> = TOKENS.split_whitespace().collect();
    vec(select(tokens), 0..60).prop_map(|tokens| tokens.join(" "))
}

/// Tokens with matching brackets, so that they can be in a macro.
fn balanced() -> impl Strategy<Value = String> {
    let is_plain = |token: &&str| token.starts_with('"') || !token.contains(['(', ')', '[', ']', '{', '}', '\'', '/']);
    let plain: Vec<&str> = TOKENS.split_whitespace().filter(is_plain).collect();
    let leaf = vec(select(plain), 0..8).prop_map(|tokens| tokens.join(" "));
    leaf.prop_recursive(4, 64, 6, |inner| {
        let brackets = select(vec![("(", ")"), ("[", "]"), ("{", "}")]);
        (vec(inner, 1..6), brackets).prop_map(|(parts, (open, close))| format!("{open} {} {close}", parts.join(" ")))
    })
}

/// Expressions that the evaluation follows, most of which parse.
fn expression() -> impl Strategy<Value = String> {
    select(lines(LEAVES)).prop_recursive(5, 48, 3, |inner| {
        (select(lines(FORMS)), inner.clone(), inner).prop_map(|(form, a, b)| form.replace("§a", &a).replace("§b", &b))
    })
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    let in_macro =
        balanced().prop_map(|tokens| format!("#[test] fn f(x: &str) {{ check!({tokens}); std::env::var(\"T\"); }}"));
    let in_macro_rules = balanced()
        .prop_map(|tokens| format!("macro_rules! sh {{ ($x:expr) => {{ {tokens} }} }} fn g() {{ sh!(\"x\") }}"));
    let in_function = (expression(), expression()).prop_map(|(a, b)| {
        format!(
            "const CONST: u64 = {a}; fn helper(x: &str) -> u64 {{ {b} }}\n\
             #[test] fn f(x: &str, y: Duration) {{ {a}; {b} }} // netns-lint: allow(wildcard-bind) é\n"
        )
    });
    let text = prop_oneof![1 => any::<String>(), 3 => soup(), 3 => in_macro, 2 => in_macro_rules, 8 => in_function];
    prop_oneof![9 => text.prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..200)]
}

fn report(files: &[Vec<u8>]) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    for (index, text) in files.iter().enumerate() {
        fs::write(folder.path().join(format!("{index:02}.rs")), text).expect("written");
    }
    let config = Config { all_code: true, pedantic: true, threads: Some(1), ..Config::default() };
    check(&[PathBuf::from(folder.path())], &config).expect("there are files")
}

fn is_place(text: &str, place: Location) -> bool {
    let (start, end) = (place.start_byte as usize, place.end_byte as usize);
    text.get(start..end).is_some() && (place.start.line, place.start.column) <= (place.end.line, place.end.column)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_file_is_checked_or_named_and_every_place_is_one_of_the_file(files in vec(file(), 40)) {
        let report = report(&files);
        prop_assert_eq!(report.files.len(), files.len());
        for (note, text) in report.files.iter().zip(&files) {
            let problem = report.problems.iter().find(|problem| problem.path == note.path);
            prop_assert_eq!(note.checked, problem.is_none());
            if let Some(problem) = problem {
                let is_ours = problem.message.contains("defect of the lint");
                prop_assert!(!is_ours, "{}\n{}", problem.message, String::from_utf8_lossy(text));
            }
            for finding in report.findings.iter().filter(|finding| finding.path == note.path) {
                let text = std::str::from_utf8(text).expect("only such files have findings");
                let labels = finding.labels.iter().map(|label| label.location);
                let edits = finding.fix.iter().flat_map(|fix| fix.edits.iter().map(|edit| edit.location));
                for place in labels.chain(edits).chain([finding.location]) {
                    prop_assert!(is_place(text, place), "{finding:#?}\n{text}");
                }
            }
        }
    }
}

/// The control: most of the generated texts reach the rules, and some have findings and fixes.
#[test]
fn the_generated_expressions_reach_the_rules() {
    use proptest::strategy::ValueTree;

    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let files: Vec<Vec<u8>> = (0..400).map(|_| file().new_tree(&mut runner).expect("generated").current()).collect();
    let report = report(&files);
    let checked = report.files.iter().filter(|note| note.checked).count();
    let fixable = report.findings.iter().filter(|finding| finding.fix.is_some()).count();
    assert!(
        checked > 200 && report.findings.len() > 100 && fixable > 5,
        "{checked} {} {fixable}",
        report.findings.len()
    );
}
