//! The names that the modules of a file define and import.

use syn::{ImplItem, Item, TraitItem, Type, UseTree};

use crate::hash::hash;

/// The names of a file, grouped by module.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// The file itself, with an empty path, and its inline modules.
    pub modules: Vec<ModuleNames>,
}

/// The names of a module.
#[derive(Debug, Default)]
pub(crate) struct ModuleNames {
    /// The enclosing modules in the file, and the module's own name.
    pub path: String,
    /// Hashes of functions, types, constants and traits; methods and associated functions are prefixed with their type.
    pub defined: Vec<u64>,
    /// Hashes of method names, one per type that has the method.
    pub methods: Vec<u64>,
    /// The hash of an imported name, and the path that it refers to.
    pub imported: Vec<(u64, Box<str>)>,
    /// Types and the paths of the traits that they implement.
    pub implemented: Vec<(Box<str>, Box<str>)>,
    /// Modules that are imported by `*`.
    pub globs: Vec<Box<str>>,
}

impl Names {
    /// Returns the module with that path; adds it if it does not exist.
    fn module(&mut self, path: &str) -> &mut ModuleNames {
        let at = self.modules.iter().rposition(|module| module.path == path).unwrap_or_else(|| {
            self.modules.push(ModuleNames { path: path.to_owned(), ..ModuleNames::default() });
            self.modules.len() - 1
        });
        &mut self.modules[at]
    }

    /// Adds the items of the module with that path.
    pub(crate) fn add(&mut self, items: &[Item], path: &str) {
        let module = self.module(path);
        let mut inner = Vec::new();
        for item in items {
            match item {
                Item::Use(item) => walk(&item.tree, "", module),
                Item::Fn(item) => module.define(&item.sig.ident.to_string()),
                Item::Const(item) => module.define(&item.ident.to_string()),
                Item::Static(item) => module.define(&item.ident.to_string()),
                Item::Struct(item) => module.define(&item.ident.to_string()),
                Item::Enum(item) => module.define(&item.ident.to_string()),
                Item::Union(item) => module.define(&item.ident.to_string()),
                Item::Type(item) => match &*item.ty {
                    Type::Path(other) if other.qself.is_none() => {
                        let segments = other.path.segments.iter().map(|segment| segment.ident.to_string());
                        let path = segments.collect::<Vec<_>>().join("::");
                        module.imported.push((hash(item.ident.to_string().as_bytes()), path.into()));
                    }
                    _ => module.define(&item.ident.to_string()),
                },
                Item::ExternCrate(item) => {
                    let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name);
                    if *name != item.ident {
                        module.imported.push((hash(name.to_string().as_bytes()), item.ident.to_string().into()));
                    }
                }
                Item::Mod(item) => {
                    if let Some((_, items)) = &item.content {
                        inner.push((item.ident.to_string(), items));
                    }
                }
                Item::Impl(item) => {
                    let Type::Path(holder) = &*item.self_ty else { continue };
                    let Some(holder) = holder.path.segments.last().map(|last| last.ident.to_string()) else { continue };
                    // An implementation for all types with another trait.
                    let is_general = item.generics.type_params().any(|parameter| parameter.ident == holder.as_str());
                    if let Some((of, _)) = item.trait_.as_ref().filter(|_| !is_general) {
                        let path: Vec<String> = of.segments.iter().map(|segment| segment.ident.to_string()).collect();
                        module.implemented.push((holder.as_str().into(), path.join("::").into()));
                    }
                    for item in &item.items {
                        match item {
                            ImplItem::Fn(item) => module.associate(&holder, &item.sig),
                            ImplItem::Const(item) => module.define(&format!("{holder}::{}", item.ident)),
                            _ => {}
                        }
                    }
                }
                Item::Trait(item) => {
                    let holder = item.ident.to_string();
                    module.define(&holder);
                    for item in &item.items {
                        if let TraitItem::Fn(item) = item {
                            module.associate(&holder, &item.sig);
                        }
                    }
                }
                _ => {}
            }
        }
        for (name, items) in inner {
            self.add(items, &if path.is_empty() { name } else { format!("{path}::{name}") });
        }
    }

    /// Returns the hashes of all definitions, with methods and associated functions prefixed by their type.
    pub(crate) fn defined(&self) -> impl Iterator<Item = u64> {
        self.modules.iter().flat_map(|module| module.defined.iter().copied())
    }
}

impl ModuleNames {
    fn define(&mut self, name: &str) {
        self.defined.push(hash(name.as_bytes()));
    }

    fn associate(&mut self, holder: &str, signature: &syn::Signature) {
        self.define(&format!("{holder}::{}", signature.ident));
        if signature.receiver().is_some() {
            self.methods.push(hash(signature.ident.to_string().as_bytes()));
        }
    }
}

fn walk(tree: &UseTree, before: &str, into: &mut ModuleNames) {
    let joined = |name: &syn::Ident| if before.is_empty() { name.to_string() } else { format!("{before}::{name}") };
    let mut add = |name: &str, path: String| {
        // Paths into the standard library have no definition in the run.
        let first = path.split("::").next().unwrap_or_default();
        if !["std", "core", "alloc"].contains(&first) && name != "_" {
            into.imported.push((hash(name.as_bytes()), path.into()));
        }
    };
    match tree {
        UseTree::Path(path) => walk(&path.tree, &joined(&path.ident), into),
        UseTree::Name(name) if name.ident == "self" => {
            add(before.rsplit("::").next().unwrap_or_default(), before.to_owned());
        }
        UseTree::Name(name) => add(&name.ident.to_string(), joined(&name.ident)),
        UseTree::Rename(rename) if rename.ident == "self" => add(&rename.rename.to_string(), before.to_owned()),
        UseTree::Rename(rename) => add(&rename.rename.to_string(), joined(&rename.ident)),
        UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, before, into)),
        UseTree::Glob(_) => into.globs.push(before.into()),
    }
}
