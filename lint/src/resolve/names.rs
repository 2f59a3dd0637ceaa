//! The names that the modules of a file define and import.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{ImplItem, Item, ItemImpl, ItemMacro, Meta, TraitItem, Type, UseTree};

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
    /// The implementations of traits.
    pub implemented: Vec<Implemented>,
    /// Modules that are imported by `*`.
    pub globs: Vec<Box<str>>,
}

/// An implementation of a trait.
#[derive(Clone, Debug)]
pub(crate) struct Implemented {
    /// The path of the type; empty if it is not known or not one type of the module: a type of a function body, all types
    /// with another trait, a mock.
    pub holder: Box<str>,
    /// The path of the trait.
    pub of: Box<str>,
    /// It is in the body of a function or in a macro, where other imports may count.
    pub is_apart: bool,
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
                Item::Fn(item) => {
                    module.define(&item.sig.ident.to_string());
                    module.visit_block(&item.block);
                }
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
                    module.implement(item, false);
                    for item in &item.items {
                        if let ImplItem::Fn(item) = item {
                            module.visit_block(&item.block);
                        }
                    }
                    let Type::Path(holder) = &*item.self_ty else { continue };
                    let Some(holder) = holder.path.segments.last().map(|last| last.ident.to_string()) else { continue };
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
                    if item.attrs.iter().any(|attribute| makes_mock(&attribute.meta)) {
                        module.implement_apart(holder.as_str());
                    }
                    for item in &item.items {
                        if let TraitItem::Fn(item) = item {
                            module.associate(&holder, &item.sig);
                            item.default.iter().for_each(|block| module.visit_block(block));
                        }
                    }
                }
                Item::Macro(item) => module.visit_item_macro(item),
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

impl ModuleNames {
    fn implement(&mut self, item: &ItemImpl, is_apart: bool) {
        let Some((of, _)) = &item.trait_ else { return };
        let written = |path: &syn::Path| {
            let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            Box::<str>::from(segments.join("::"))
        };
        // An implementation for all types with another trait has no type.
        let is_general = |holder: &syn::Path| item.generics.type_params().any(|known| holder.is_ident(&known.ident));
        let holder = match &*item.self_ty {
            Type::Path(holder) if !is_apart && !is_general(&holder.path) => written(&holder.path),
            _ => "".into(),
        };
        self.implemented.push(Implemented { holder, of: written(of), is_apart });
    }

    fn implement_apart(&mut self, of: &str) {
        self.implemented.push(Implemented { holder: "".into(), of: of.into(), is_apart: true });
    }

    /// Adds the traits that the tokens of a macro implement: `impl Trait for`.
    fn implement_in(&mut self, tokens: TokenStream) {
        // The last name since an `impl`.
        let mut last = None;
        let mut is_inside = false;
        for token in tokens {
            match token {
                TokenTree::Ident(word) if word == "impl" => (is_inside, last) = (true, None),
                TokenTree::Ident(word) if word == "for" => {
                    let of: Option<String> = last.take().filter(|_| is_inside);
                    of.iter().for_each(|of| self.implement_apart(of));
                    is_inside = false;
                }
                TokenTree::Ident(word) if is_inside => last = Some(word.to_string()),
                TokenTree::Group(group) => self.implement_in(group.stream()),
                _ => {}
            }
        }
    }
}

/// Looks for implementations in the bodies of functions.
impl<'ast> Visit<'ast> for ModuleNames {
    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        self.implement(item, true);
        syn::visit::visit_item_impl(self, item);
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        self.implement_in(item.mac.tokens.clone());
    }
}

/// Whether the attribute adds an implementation for tests: `automock`, `mockall::automock`, also in a `cfg_attr`.
fn makes_mock(attribute: &Meta) -> bool {
    const MAKERS: [&str; 4] = ["automock", "mockall", "unimock", "mry"];
    let is_maker = |name: &str| MAKERS.contains(&name);
    let is_in = |tokens: &TokenStream| tokens.clone().into_iter().any(|token| is_maker(&token.to_string()));
    attribute.path().segments.iter().any(|segment| is_maker(&segment.ident.to_string()))
        || matches!(attribute, Meta::List(list) if list.path.is_ident("cfg_attr") && is_in(&list.tokens))
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
