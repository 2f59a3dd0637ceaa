//! The type of a value, as far as known.

use crate::resolve::Definition;

/// A type without its wrappers: references, `Option`, `Result`, `Box`, `Arc`, locks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Type {
    /// The name of the type.
    pub name: TypeName,
    /// The type arguments; for a list, the type of its items.
    pub arguments: Vec<Type>,
}

/// The name of a type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TypeName {
    /// A type or trait of the run; for a generic parameter, the trait that bounds it.
    Own(Definition),
    /// The path of a type of another crate, as far as the imports show it.
    Foreign(String),
}

impl Type {
    /// Creates a type of another crate without arguments.
    pub(crate) fn foreign(path: impl Into<String>) -> Self {
        Self { name: TypeName::Foreign(path.into()), arguments: Vec::new() }
    }

    /// Returns the definition of a type of the run.
    pub(crate) fn own(&self) -> Option<&Definition> {
        match &self.name {
            TypeName::Own(definition) => Some(definition),
            TypeName::Foreign(_) => None,
        }
    }

    /// Returns the path of a type of another crate, as far as the imports show it.
    pub(crate) fn foreign_path(&self) -> Option<&str> {
        match &self.name {
            TypeName::Foreign(path) => Some(path),
            TypeName::Own(_) => None,
        }
    }

    /// Returns the last path segment of a type of another crate.
    pub(crate) fn foreign_name(&self) -> Option<&str> {
        match &self.name {
            TypeName::Foreign(path) => path.rsplit("::").next(),
            TypeName::Own(_) => None,
        }
    }
}
