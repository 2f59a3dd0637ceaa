//! Checks the modules of the packages against ARCHITECTURE.md.
//!
//! - The top-level modules of `lint` and of this package import each other in no circle, and nothing below the root imports an item of the
//!   root.
//! - Those of `fixtures` import downwards only, and the modules in one of them import each other in no circle.
//! - A plain `mod` line declares each source file: rustfmt skips the files of other modules, such as those that a macro declares.
//!
//! Reads tokens, so that comments and texts do not count. Code under `#[cfg(test)]` may import anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::workspace::Workspace;

/// The packages whose top-level modules import each other in no circle.
const WITHOUT_CIRCLES: [&str; 2] = ["lint", "xtask"];

/// The top-level modules of `fixtures` from the ground up.
const FLOORS: &[&str] = &[
    "error",
    "limits",
    "config",
    "time",
    "journal",
    "kernel",
    "sandbox",
    "fixture",
    "isolation",
    "process",
    "net",
    "probe",
    "prelude",
];

/// The modules of `fixtures` whose own modules import each other in no circle.
const CIRCLE_FREE_INSIDE: &[&str] = &["config", "isolation", "journal", "kernel", "net", "probe", "sandbox", "time"];

/// The packages whose files are all declared plainly.
const PACKAGES: [&str; 7] = ["fixtures", "lint", "macros", "run", "tests", "vm", "xtask"];

/// A path from the root of a package, such as `["flow", "child"]`.
type ModulePath = Vec<String>;

/// The tokens of one file that matter here.
#[derive(Debug, Default)]
struct Reading {
    /// The files that plain `mod` lines declare, relative to the folder of the file's children; `true` if for tests only.
    declared: Vec<(ModulePath, bool)>,
    /// The paths that begin with `crate`, `super` or `self`, from the root.
    paths: BTreeSet<ModulePath>,
    /// The child module of each name that `pub use child::Name` passes on.
    passed_on: BTreeMap<String, String>,
}

impl Reading {
    fn new(text: &str, module: &[String]) -> Self {
        let tokens: TokenStream = text.parse().expect("the file has balanced tokens");
        let mut reading = Self::default();
        reading.items(tokens, &mut module.to_vec(), module.len(), false);
        reading
    }

    /// Reads the tokens of the inline module `at`, whose file is the module with that `depth`.
    fn items(&mut self, tokens: TokenStream, at: &mut ModulePath, depth: usize, mut test: bool) {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let (around, mut next) = (test, 0);
        while let Some(token) = tokens.get(next) {
            next += 1;
            match token {
                TokenTree::Group(group) => {
                    let is_attribute = group.delimiter() == Delimiter::Bracket && is_punct(before(&tokens, next), '#');
                    if is_attribute {
                        test |= group.stream().to_string().replace(' ', "") == "cfg(test)";
                        continue;
                    }
                    self.items(group.stream(), at, depth, test);
                    // The end of an item with a body.
                    if group.delimiter() == Delimiter::Brace {
                        test = around;
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => test = around,
                TokenTree::Ident(word) if *word == "mod" => {
                    let (Some(TokenTree::Ident(name)), Some(end)) = (tokens.get(next), tokens.get(next + 1)) else {
                        continue;
                    };
                    at.push(name.to_string());
                    match end {
                        TokenTree::Group(body) => {
                            self.items(body.stream(), at, depth, test);
                            test = around;
                            next += 2;
                        }
                        _ => self.declared.push((at[depth..].to_vec(), test)),
                    }
                    at.pop();
                }
                TokenTree::Ident(word) if *word == "use" && at.len() == depth && is_public(&tokens[..next - 1]) => {
                    for path in expanded(&tokens[next..]) {
                        let path: Vec<_> = path.into_iter().filter(|name| name != "self").collect();
                        if let [child, .., name] = &path[..] {
                            self.passed_on.insert(name.clone(), child.clone());
                        }
                    }
                }
                TokenTree::Ident(word) if !test && ["crate", "super", "self"].iter().any(|start| word == start) => {
                    let previous = before(&tokens, next);
                    if !is_punct(previous, ':') && !is_punct(previous, '$') && is_punct(tokens.get(next), ':') {
                        for path in expanded(&tokens[next - 1..]) {
                            self.paths.extend(resolved(&path, at));
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Returns the token before the last one that was read.
fn before(tokens: &[TokenTree], next: usize) -> Option<&TokenTree> {
    tokens.get(next.checked_sub(2)?)
}

/// Whether `pub` or `pub(…)` is the last of the tokens.
fn is_public(tokens: &[TokenTree]) -> bool {
    let is_pub = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Ident(word)) if *word == "pub");
    match tokens {
        [rest @ .., TokenTree::Group(_)] => is_pub(rest.last()),
        all => is_pub(all.last()),
    }
}

fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

/// Returns the paths at the start of the tokens, one for each name of a group: `a::b` and `a::c` for `a::{b, c}`.
fn expanded(tokens: &[TokenTree]) -> Vec<ModulePath> {
    let rest =
        |from: usize| (is_punct(tokens.get(from), ':') && is_punct(tokens.get(from + 1), ':')).then_some(from + 2);
    match tokens.first() {
        Some(TokenTree::Ident(name)) => {
            let mut rests = rest(1).map(|from| expanded(&tokens[from..])).unwrap_or_default();
            if rests.is_empty() {
                rests.push(Vec::new());
            }
            rests.into_iter().map(|rest| [vec![name.to_string()], rest].concat()).collect()
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inner: Vec<_> = group.stream().into_iter().collect();
            inner.split(|token| is_punct(Some(token), ',')).flat_map(expanded).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the path from the root of a path that the module `at` contains.
fn resolved(path: &[String], at: &[String]) -> Option<ModulePath> {
    let (first, mut rest) = path.split_first()?;
    let mut from = if first == "crate" { Vec::new() } else { at.to_vec() };
    if first == "super" {
        from.pop()?;
    }
    while let [step, below @ ..] = rest
        && step == "super"
    {
        from.pop()?;
        rest = below;
    }
    Some([&from, rest].concat())
}

/// The modules of a package.
#[derive(Debug, Default)]
struct Modules {
    readings: BTreeMap<ModulePath, Reading>,
    /// Files that no plain `mod` line declares.
    undeclared: Vec<PathBuf>,
}

impl Modules {
    /// Reads the files of a package, which have paths relative to its folder `src`.
    fn new(files: impl IntoIterator<Item = (PathBuf, String)>) -> Self {
        let mut modules = Self::default();
        let mut places = BTreeMap::new();
        for (file, text) in files {
            let module = module_of(&file);
            modules.readings.insert(module.clone(), Reading::new(&text, &module));
            places.insert(module, file);
        }
        let mut declared = BTreeSet::from([Vec::new()]);
        let mut of_tests = BTreeSet::new();
        for (module, reading) in &modules.readings {
            for (below, test) in &reading.declared {
                let path = [module.as_slice(), below].concat();
                if *test {
                    of_tests.insert(path.clone());
                }
                declared.insert(path);
            }
        }
        let is_undeclared = |(module, _): &(ModulePath, PathBuf)| !declared.contains(module);
        modules.undeclared = places.into_iter().filter(is_undeclared).map(|(_, file)| file).collect();
        modules.readings.retain(|module, _| !(1..=module.len()).any(|end| of_tests.contains(&module[..end])));
        modules
    }

    fn of_package(workspace: &Workspace, package: &str) -> Self {
        let folder = workspace.root().join(package).join("src");
        let mut files = Vec::new();
        list(&folder, &mut files);
        let read = |file: PathBuf| {
            let text = fs::read_to_string(&file).unwrap();
            (file.strip_prefix(&folder).unwrap().to_owned(), text)
        };
        // A program beside a library, and further programs, are crates of their own.
        let is_library = folder.join("lib.rs").exists();
        let is_other_crate =
            |file: &PathBuf| is_library && *file == folder.join("main.rs") || file.starts_with(folder.join("bin"));
        files.retain(|file| !is_other_crate(file));
        Self::new(files.into_iter().map(read))
    }

    /// Returns the imports between top-level modules; an import of an item of the root leads to `""`.
    fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let tops: BTreeSet<&str> =
            self.readings.keys().filter_map(|module| module.first()).map(String::as_str).collect();
        let mut imports = BTreeMap::<&str, BTreeSet<&str>>::new();
        for (module, reading) in &self.readings {
            let Some(from) = module.first() else { continue };
            let to =
                reading.paths.iter().filter_map(|path| path.first()).map(|top| tops.get(top.as_str()).unwrap_or(&""));
            imports.entry(from).or_default().extend(to.filter(|to| *to != from));
        }
        imports
    }

    /// Returns the top-level modules on a circle, or those that import the root.
    ///
    /// Removes modules whose imports are all removed, until nothing changes; the rest imports each other.
    fn tangled(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut left = self.imports();
        loop {
            let known: BTreeSet<&str> = left.keys().copied().chain([""]).collect();
            for imported in left.values_mut() {
                imported.retain(|to| known.contains(to));
            }
            let count = left.len();
            left.retain(|_, imported| !imported.is_empty());
            if left.len() == count {
                return left;
            }
        }
    }
}

impl Modules {
    /// Returns the upward imports between top-level modules, as `lower -> higher`.
    fn upwards(&self, floors: &[&str]) -> BTreeSet<String> {
        let floor = |module: &str| floors.iter().position(|name| *name == module);
        let mut found = BTreeSet::new();
        for (module, reading) in &self.readings {
            let Some(own) = module.first().and_then(|top| floor(top)) else { continue };
            for top in reading.paths.iter().filter_map(|path| path.first()) {
                if floor(top).is_some_and(|other| other > own) {
                    found.insert(format!("{} -> {top}", module.join("::")));
                }
            }
        }
        found
    }

    /// Returns a circle among the modules in a top-level module, by their names.
    fn circle(&self, top: &str) -> Option<Vec<String>> {
        let around = vec![top.to_owned()];
        let passed_on = self.readings.get(&around).map(|reading| &reading.passed_on);
        let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (module, reading) in &self.readings {
            let [first, child, ..] = &module[..] else { continue };
            if first != top {
                continue;
            }
            for path in &reading.paths {
                let [first, name, ..] = &path[..] else { continue };
                let target = passed_on.and_then(|names| names.get(name)).unwrap_or(name);
                let is_module = self.readings.contains_key(&vec![top.to_owned(), target.clone()]);
                if first == top && is_module && target != child {
                    edges.entry(child).or_default().insert(target);
                }
            }
        }
        edges.keys().find_map(|&start| walk(start, &edges, &mut Vec::new(), &mut BTreeSet::new()))
    }
}

/// Follows the edges and returns the first circle.
fn walk<'a>(
    at: &'a str,
    edges: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    on_the_way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(begin) = on_the_way.iter().position(|&module| module == at) {
        return Some(on_the_way[begin..].iter().map(|&module| module.to_owned()).collect());
    }
    if !done.insert(at) {
        return None;
    }
    on_the_way.push(at);
    let found = edges.get(at).into_iter().flatten().find_map(|&next| walk(next, edges, on_the_way, done));
    on_the_way.pop();
    found
}

/// Returns the module of a file: `flow/child.rs` is `flow::child`, and `lib.rs` is the root.
fn module_of(file: &Path) -> ModulePath {
    let mut module: ModulePath = file.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    let is_named_by_folder = module.last().is_some_and(|last| last == "mod");
    let is_root = module.len() == 1 && ["lib", "main"].contains(&module[0].as_str());
    if is_named_by_folder || is_root {
        module.pop();
    }
    module
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

#[test]
fn top_level_modules_import_each_other_in_no_circle() {
    let workspace = Workspace::find().unwrap();
    for package in WITHOUT_CIRCLES {
        let modules = Modules::of_package(&workspace, package);
        assert!(modules.imports().len() > 10, "{package} was not read: {:?}", modules.imports());
        let tangled = modules.tangled();
        assert!(
            tangled.is_empty(),
            "these modules of {package} lead into a circle, or import the root (\"\"): {tangled:#?}"
        );
    }
}

#[test]
fn modules_of_fixtures_import_downwards_and_in_no_circle() {
    let modules = Modules::of_package(&Workspace::find().unwrap(), "fixtures");
    let tops: BTreeSet<&str> =
        modules.readings.keys().filter_map(|module| module.first()).map(String::as_str).collect();
    assert!(FLOORS.iter().all(|floor| tops.contains(floor)), "fixtures was not read: {tops:?}");
    let unknown: Vec<_> = tops.into_iter().filter(|top| !FLOORS.contains(top) && *top != "elsewhere").collect();
    assert!(unknown.is_empty(), "no floor is known of {unknown:?}: add them to FLOORS");
    let upwards: Vec<_> = modules.upwards(FLOORS).into_iter().collect();
    assert!(upwards.is_empty(), "these import upwards:\n{}", upwards.join("\n"));
    for top in CIRCLE_FREE_INSIDE {
        assert_eq!(modules.circle(top), None, "a circle in {top}");
    }
}

/// The controls: an upward import and a circle are found, in each form in which they can be written.
#[test]
fn upward_imports_and_circles_inside_are_found() {
    for text in ["use crate::net::Lab;", "use crate::{error, net::{Lab, Host}};", "fn f() -> crate::net::Lab {}"] {
        let found = modules(&[("kernel/mod.rs", text), ("net/mod.rs", "")]).upwards(&["error", "kernel", "net"]);
        assert_eq!(found, ["kernel -> net".to_owned()].into(), "{text}");
    }
    let downwards =
        modules(&[("net/host.rs", "use crate::kernel::poll; // crate::probe\nuse super::lab;"), ("net/lab.rs", "")]);
    assert!(downwards.upwards(&["kernel", "net", "probe"]).is_empty());
    assert_eq!(downwards.circle("net"), None);
    let circle = modules(&[
        ("net/mod.rs", "pub use lab::Lab;"),
        ("net/host/mod.rs", ""),
        ("net/host/device.rs", "use super::super::Lab;"),
        ("net/lab.rs", "use super::{\n    host::Host,\n};"),
    ]);
    assert_eq!(circle.circle("net"), Some(vec!["host".to_owned(), "lab".to_owned()]));
}

#[test]
fn a_plain_line_declares_each_file() {
    let workspace = Workspace::find().unwrap();
    for package in PACKAGES {
        let modules = Modules::of_package(&workspace, package);
        assert!(!modules.readings.is_empty(), "{package} was not read");
        assert!(modules.undeclared.is_empty(), "no `mod` line of {package} declares {:?}", modules.undeclared);
    }
}

fn modules(files: &[(&str, &str)]) -> Modules {
    Modules::new(files.iter().map(|(file, text)| (PathBuf::from(file), (*text).to_owned())))
}

/// The control: finds a circle in each form in which an import can be written.
#[test]
fn a_circle_is_found() {
    for import in [
        "use crate::b::Thing;",
        "use crate::{c, b::{Thing, Other}};",
        "fn f() -> crate::b::Thing { todo!() }",
        "use super::super::b;",
        "mod inner { use super::super::super::b::Thing; }",
        "#[cfg(test)] mod tests { } use crate::b::Thing;",
        "#[cfg(test)] use crate::c; use crate::b::Thing;",
        "fn f() { println!(\"{}\", crate::b::NAME); }",
    ] {
        let found = modules(&[
            ("lib.rs", "mod a; mod b; mod c; mod d;"),
            ("a/mod.rs", "mod below;"),
            ("a/below.rs", import),
            ("b.rs", "use crate::a::below::Thing; use crate::c;"),
            ("c.rs", ""),
            ("d.rs", "use crate::c;"),
        ]);
        assert_eq!(found.tangled().into_keys().collect::<Vec<_>>(), ["a", "b"], "{import}");
    }
    let of_root = modules(&[("main.rs", "mod a; fn help() {}"), ("a.rs", "use crate::help;")]);
    assert_eq!(of_root.tangled(), BTreeMap::from([("a", BTreeSet::from([""]))]));
}

/// The control of the other side: comments, texts and tests do not count.
#[test]
fn imports_downwards_are_accepted() {
    let found = modules(&[
        ("lib.rs", "mod a; mod b; #[cfg(test)] mod testing; pub use a::Thing;"),
        ("a.rs", "//! crate::b\n// crate::b\nconst A: &str = \"crate::b\"; #[cfg(test)] mod tests { use crate::b; }"),
        ("b.rs", "use crate::a::Thing; use self::inner::Other; mod inner { use super::Third; }"),
        ("testing.rs", "use crate::b;"),
    ]);
    assert_eq!(found.tangled(), BTreeMap::new());
    assert_eq!(found.imports()["b"], BTreeSet::from(["a"]));
}

/// The control: a file that only a macro declares, and one that nothing declares, are found.
#[test]
fn a_file_that_a_macro_declares_is_found() {
    let by_macro = "macro_rules! declare { ($($name:ident),*) => { $(mod $name;)* } } declare!(one, two);";
    let found =
        modules(&[("lib.rs", "mod rules;"), ("rules/mod.rs", by_macro), ("rules/one.rs", ""), ("rules/two.rs", "")]);
    assert_eq!(found.undeclared, [Path::new("rules/one.rs"), Path::new("rules/two.rs")]);
    let plain = modules(&[
        ("lib.rs", "mod rules;"),
        ("rules.rs", "pub(crate) mod one; mod a { mod b; }"),
        ("rules/one.rs", ""),
        ("rules/a/b.rs", ""),
    ]);
    assert!(plain.undeclared.is_empty(), "{:?}", plain.undeclared);
}
