//! The modules of a run, connected by `mod` declarations and manifests, and the resolution of paths among them.
//!
//! A path is resolved like in the compiler: through the enclosing module, its imports, its glob imports, and the
//! dependencies of the package. If a path has several definitions, for example one per system, all are returned.
//! Visibility is ignored.

use std::collections::{HashMap, HashSet};

use super::names::{Implemented, Names};
use crate::hash::{ByHash, hash};

type ModuleId = usize;

/// A file as input of the resolution.
pub(crate) struct FileOfProgram<'a> {
    /// The names that the file defines and imports.
    pub names: &'a Names,
    /// A child module: its parent module in this file, its name, and its file. An empty name marks an `include!`.
    pub children: Vec<(String, String, usize)>,
    /// Index of its package.
    pub package: usize,
}

/// A package as input of the resolution.
#[derive(Debug, Default)]
pub(crate) struct PackageOfProgram {
    /// The names of other packages in its code, with their indexes.
    pub crates: Vec<(String, usize)>,
    /// The root file of its library.
    pub library: Option<usize>,
}

/// The target of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Definition {
    /// The index of the file.
    pub file: usize,
    /// The enclosing modules in the file, and the name.
    pub item: String,
}

/// All modules of a run.
#[derive(Debug, Default)]
pub(crate) struct Program {
    modules: Vec<Module>,
    /// The modules of each file, with their paths.
    files: Vec<Vec<(String, ModuleId)>>,
    packages: Vec<PackageOfProgram>,
    /// The modules that define `Type::name`, by package and the hash of that path.
    associated: HashMap<(usize, u64), Vec<ModuleId>>,
    /// The implementations of traits of the run, by the module and the hash of the trait's name, and others by the hash of
    /// the written name alone.
    implementors: HashMap<(Option<ModuleId>, u64), Vec<Implementation>>,
    /// The traits of the run that a type implements, by the module and the hash of the type's name.
    traits: HashMap<(ModuleId, u64), Vec<(ModuleId, String)>>,
    /// The number of types that have a method, by package and the hash of its name.
    methods: HashMap<(usize, u64), usize>,
}

/// The module of an implementation of a trait, and the implementation.
type Implementation = (ModuleId, Implemented);

#[derive(Debug)]
struct Module {
    file: usize,
    /// The path within the file.
    path: String,
    parent: Option<ModuleId>,
    package: usize,
    children: HashMap<u64, Vec<ModuleId>, ByHash>,
    defined: HashSet<u64, ByHash>,
    imported: Vec<(u64, Box<str>)>,
    globs: Vec<Box<str>>,
    /// Included files, whose items belong to this module.
    included: Vec<ModuleId>,
    /// The module is an included file; it shares the names of its parent.
    is_included: bool,
}

/// The meaning of a name in a module.
enum Found {
    Module(ModuleId),
    Item(ModuleId, String),
}

/// The maximum length of a chain of imports.
const MAX_STEPS: usize = 64;

impl Program {
    /// Connects the modules of `files`.
    pub(crate) fn new(files: &[FileOfProgram<'_>], packages: Vec<PackageOfProgram>) -> Self {
        let mut program = Self { packages, ..Self::default() };
        let mut implemented: Vec<Implementation> = Vec::new();
        for (index, file) in files.iter().enumerate() {
            let mut own = vec![(String::new(), program.add(index, "", file.package))];
            for names in &file.names.modules {
                let known = own.iter().find(|(path, _)| *path == names.path).map(|(_, id)| *id);
                let id = known.unwrap_or_else(|| {
                    let id = program.add(index, &names.path, file.package);
                    own.push((names.path.clone(), id));
                    id
                });
                let module = &mut program.modules[id];
                module.defined.extend(&names.defined);
                module.imported.extend(names.imported.iter().cloned());
                module.globs.extend(names.globs.iter().cloned());
                implemented.extend(names.implemented.iter().map(|one| (id, one.clone())));
                for name in &names.methods {
                    *program.methods.entry((file.package, *name)).or_default() += 1;
                }
                for name in &names.defined {
                    program.associated.entry((file.package, *name)).or_default().push(id);
                }
            }
            for at in 1..own.len() {
                let (path, id) = own[at].clone();
                let (outer, name) = path.rsplit_once("::").unwrap_or(("", &path));
                let around = own.iter().find(|(path, _)| path == outer).map_or(own[0].1, |(_, id)| *id);
                program.modules[id].parent = Some(around);
                program.modules[around].children.entry(hash(name.as_bytes())).or_default().push(id);
            }
            program.files.push(own);
        }
        for (index, file) in files.iter().enumerate() {
            for (around, name, target) in &file.children {
                let around = program.module_of(index, around);
                let child = program.files[*target][0].1;
                if child != around {
                    program.modules[child].parent.get_or_insert(around);
                    if name.is_empty() {
                        program.modules[child].is_included = true;
                        program.modules[around].included.push(child);
                        continue;
                    }
                    program.modules[around].children.entry(hash(name.as_bytes())).or_default().push(child);
                }
            }
        }
        for one in implemented {
            program.implement(one);
        }
        program
    }

    /// Returns the program of one file, whose traits may have implementations elsewhere.
    pub(crate) fn alone(names: &Names) -> Self {
        let file = FileOfProgram { names, children: Vec::new(), package: 0 };
        Self { implementors: HashMap::new(), ..Self::new(&[file], vec![PackageOfProgram::default()]) }
    }

    /// Adds an implementation of a trait, once all modules are connected.
    fn implement(&mut self, (module, one): Implementation) {
        let traits = self.items_at(module, &one.of);
        for of in &traits {
            let key = (Some(of.0), hash(of.1.as_bytes()));
            self.implementors.entry(key).or_default().push((module, one.clone()));
        }
        if !one.holder.is_empty() {
            for (home, holder) in self.items_at(module, &one.holder) {
                self.traits.entry((home, hash(holder.as_bytes()))).or_default().extend(traits.iter().cloned());
            }
        }
        // Another import may lead to any trait of that name.
        if traits.is_empty() || one.is_apart {
            let last = one.of.rsplit("::").next().unwrap_or_default();
            self.implementors.entry((None, hash(last.as_bytes()))).or_default().push((module, one));
        }
    }

    fn add(&mut self, file: usize, path: &str, package: usize) -> ModuleId {
        self.modules.push(Module {
            file,
            path: path.to_owned(),
            parent: None,
            package,
            children: HashMap::default(),
            defined: HashSet::default(),
            imported: Vec::new(),
            globs: Vec::new(),
            included: Vec::new(),
            is_included: false,
        });
        self.modules.len() - 1
    }

    /// Returns the innermost module of the file that contains `within`, which may also name a type or a function.
    fn module_of(&self, file: usize, within: &str) -> ModuleId {
        let own = &self.files[file];
        let around = own.iter().filter(|(path, _)| super::is_within(within, path));
        around.max_by_key(|(path, _)| path.len()).map_or(own[0].1, |(_, id)| *id)
    }

    fn root_of(&self, module: ModuleId) -> ModuleId {
        let mut root = module;
        for _ in 0..MAX_STEPS {
            match self.modules[root].parent {
                Some(parent) => root = parent,
                None => break,
            }
        }
        root
    }

    /// Returns the definitions that `path` resolves to for code inside `within` of the file `file`.
    pub(crate) fn find(&self, file: usize, within: &str, path: &str) -> Vec<Definition> {
        if self.files.len() <= file {
            return Vec::new();
        }
        let from = self.module_of(file, within);
        let mut seen = HashSet::new();
        let mut definitions = Vec::new();
        for found in self.follow(from, path, &mut seen) {
            if let Found::Item(module, item) = found {
                let Module { file, path, .. } = &self.modules[module];
                let item = if path.is_empty() { item } else { format!("{path}::{item}") };
                let definition = Definition { file: *file, item };
                if !definitions.contains(&definition) {
                    definitions.push(definition);
                }
            }
        }
        definitions
    }

    /// Returns the number of types in the file's package that have a method called `name`.
    pub(crate) fn methods_called(&self, file: usize, name: &str) -> usize {
        self.package(file).map_or(0, |package| self.methods_of(package, name))
    }

    /// Whether a type of another package, which the file's package names, has a method called `name`.
    pub(crate) fn is_method_of_other(&self, file: usize, name: &str) -> bool {
        let Some(own) = self.package(file) else { return false };
        // A package names itself, too.
        let others = self.packages.get(own).into_iter().flat_map(|package| &package.crates);
        others.into_iter().any(|(_, other)| *other != own && self.methods_of(*other, name) > 0)
    }

    fn package(&self, file: usize) -> Option<usize> {
        self.files.get(file).map(|own| self.modules[own[0].1].package)
    }

    fn methods_of(&self, package: usize, name: &str) -> usize {
        self.methods.get(&(package, hash(name.as_bytes()))).copied().unwrap_or_default()
    }

    /// Whether the file has a module with that path.
    pub(crate) fn is_module(&self, file: usize, path: &str) -> bool {
        self.files.get(file).is_some_and(|own| own.iter().any(|(known, _)| known == path))
    }

    /// Returns the functions called `name` of the type or trait `holder`; for a trait with one implementation in the run,
    /// those of the implementation.
    pub(crate) fn associated(&self, holder: &Definition, name: &str) -> Vec<Definition> {
        let (outer, last) = holder.item.rsplit_once("::").unwrap_or(("", &holder.item));
        let home = self.module_of(holder.file, outer);
        let mut found = self.functions_of(home, last, name);
        let key = hash(last.as_bytes());
        let is_clear = !self.implementors.contains_key(&(None, key));
        // A trait with one implementation, and a method that the trait provides.
        if let Some([(module, only)]) = self.implementors.get(&(Some(home), key)).map(Vec::as_slice)
            && is_clear
            && let Some(only) = only.holder.rsplit("::").next().filter(|only| !only.is_empty())
        {
            let own = self.functions_of(*module, only, name);
            found = if own.is_empty() { found } else { own };
        } else if found.is_empty() {
            let all = self.traits.get(&(home, key)).into_iter().flatten();
            found = all.flat_map(|(module, of)| self.functions_of(*module, of, name)).collect();
        }
        let found = found.into_iter().filter_map(|found| match found {
            Found::Item(module, item) => {
                let Module { file, path, .. } = &self.modules[module];
                let item = if path.is_empty() { item } else { format!("{path}::{item}") };
                Some(Definition { file: *file, item })
            }
            Found::Module(_) => None,
        });
        found.collect()
    }

    /// Returns the items that a path in the module leads to.
    fn items_at(&self, module: ModuleId, path: &str) -> Vec<(ModuleId, String)> {
        let found = self.follow(module, path, &mut HashSet::new()).into_iter();
        found
            .filter_map(|found| match found {
                Found::Item(module, item) => Some((module, item)),
                Found::Module(_) => None,
            })
            .collect()
    }

    /// Returns `Type::name`: next to its type, or elsewhere in the package if no other type there has that name.
    fn functions_of(&self, home: ModuleId, holder: &str, name: &str) -> Vec<Found> {
        let both = format!("{holder}::{name}");
        let key = hash(both.as_bytes());
        if self.modules[home].defined.contains(&key) {
            return vec![Found::Item(home, both)];
        }
        let of_type = hash(holder.as_bytes());
        let elsewhere = self.associated.get(&(self.modules[home].package, key)).into_iter().flatten();
        let elsewhere = elsewhere.filter(|module| !self.modules[**module].defined.contains(&of_type));
        elsewhere.map(|module| Found::Item(*module, both.clone())).collect()
    }

    fn follow(&self, from: ModuleId, path: &str, seen: &mut HashSet<(ModuleId, u64)>) -> Vec<Found> {
        let from = self.modules[from].parent.filter(|_| self.modules[from].is_included).unwrap_or(from);
        let mut segments = path.split("::");
        let Some(first) = segments.next() else { return Vec::new() };
        let mut found = match first {
            "crate" | "$crate" => vec![Found::Module(self.root_of(from))],
            "self" => vec![Found::Module(from)],
            "super" => self.modules[from].parent.map(Found::Module).into_iter().collect(),
            "" => Vec::new(),
            name => {
                let inside = self.lookup(from, name, seen);
                if inside.is_empty() {
                    self.crate_called(from, name).map(Found::Module).into_iter().collect()
                } else {
                    inside
                }
            }
        };
        for segment in segments {
            let mut next = Vec::new();
            for one in found {
                match one {
                    Found::Module(module) if segment == "super" => {
                        next.extend(self.modules[module].parent.map(Found::Module));
                    }
                    Found::Module(module) => next.extend(self.lookup(module, segment, seen)),
                    Found::Item(module, holder) => next.extend(self.functions_of(module, &holder, segment)),
                }
            }
            found = next;
        }
        found
    }

    fn crate_called(&self, from: ModuleId, name: &str) -> Option<ModuleId> {
        let package = self.packages.get(self.modules[from].package)?;
        let (_, other) = package.crates.iter().find(|(known, _)| known == name)?;
        Some(self.files[self.packages[*other].library?][0].1)
    }

    /// Looks up `name` in a module: first its own items, then its imports, then its glob imports.
    fn lookup(&self, module: ModuleId, name: &str, seen: &mut HashSet<(ModuleId, u64)>) -> Vec<Found> {
        let key = hash(name.as_bytes());
        let it = &self.modules[module];
        let mut found: Vec<Found> =
            it.children.get(&key).into_iter().flatten().map(|child| Found::Module(*child)).collect();
        if it.defined.contains(&key) {
            found.push(Found::Item(module, name.to_owned()));
        }
        if !found.is_empty() || seen.len() > MAX_STEPS || !seen.insert((module, key)) {
            return found;
        }
        for (_, path) in it.imported.iter().filter(|(known, _)| *known == key) {
            found.extend(self.follow(module, path, seen));
        }
        for other in it.included.iter().copied() {
            if found.is_empty() {
                found.extend(self.lookup(other, name, seen));
            }
        }
        if found.is_empty() {
            for path in &it.globs {
                for one in self.follow(module, path, seen) {
                    if let Found::Module(other) = one {
                        found.extend(self.lookup(other, name, seen));
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(code: &str) -> Names {
        let mut names = Names::default();
        names.add(&syn::parse_file(code).expect("it parses").items, "");
        names
    }

    fn shown(found: &[Definition]) -> Vec<(usize, &str)> {
        found.iter().map(|one| (one.file, one.item.as_str())).collect()
    }

    #[test]
    fn paths_lead_through_modules_imports_and_crates() {
        let library = names("pub use platform::write; pub mod testing { pub fn port() {} } pub use testing::*;");
        let (one, other) = (names("pub fn write() {}"), names("pub fn write() {}"));
        let test = names("use library::write as put; mod inner { use super::*; fn write() {} }");
        let file = |names, children, package| FileOfProgram { names, children, package };
        let child = |target| (String::new(), "platform".to_owned(), target);
        let files = [
            file(&library, vec![child(1), child(2)], 0),
            file(&one, Vec::new(), 0),
            file(&other, Vec::new(), 0),
            file(&test, Vec::new(), 1),
        ];
        let dependent = PackageOfProgram { crates: vec![("library".to_owned(), 0)], library: None };
        let packages = vec![PackageOfProgram { crates: Vec::new(), library: Some(0) }, dependent];
        let program = Program::new(&files, packages);
        assert_eq!(shown(&program.find(3, "", "put")), [(1, "write"), (2, "write")], "one for each system");
        assert_eq!(shown(&program.find(3, "inner::f", "put")), [(1, "write"), (2, "write")]);
        assert_eq!(shown(&program.find(3, "inner", "write")), [(3, "inner::write")]);
        assert_eq!(shown(&program.find(3, "", "library::port")), [(0, "testing::port")]);
        assert_eq!(shown(&program.find(1, "", "crate::testing::port")), [(0, "testing::port")]);
        assert_eq!(shown(&program.find(1, "", "super::port")), [(0, "testing::port")]);
        assert_eq!(program.find(1, "", "put"), [], "no package that it depends on has one");
    }

    #[test]
    fn imports_in_a_circle_end() {
        let file = names("use self::a as b; use self::b as a; use self::*;");
        let program = Program::new(
            &[FileOfProgram { names: &file, children: Vec::new(), package: 0 }],
            vec![PackageOfProgram::default()],
        );
        assert_eq!(program.find(0, "", "a"), []);
    }
}
