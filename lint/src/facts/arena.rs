//! Keeps what is parsed out of macros alive as long as the file's own tree: a list that only grows.

use std::cell::OnceCell;

/// What a macro's tokens were parsed to.
pub(super) enum Parsed {
    Nothing,
    Expressions(Vec<syn::Expr>),
    Block(syn::Block),
    Items(Vec<syn::Item>),
}

/// A list of parsed macro arguments; references into it stay valid while it lives.
pub(super) struct Arena {
    parsed: Parsed,
    next: OnceCell<Box<Arena>>,
}

impl Arena {
    pub(super) fn new() -> Self {
        Self { parsed: Parsed::Nothing, next: OnceCell::new() }
    }

    /// Appends to the list whose last element is `self`, and gives the new last element.
    pub(super) fn push(&self, parsed: Parsed) -> &Self {
        self.next.get_or_init(|| Box::new(Self { parsed, next: OnceCell::new() }))
    }

    pub(super) fn get(&self) -> &Parsed {
        &self.parsed
    }
}

impl Drop for Arena {
    /// Takes the list apart from the front, so that a long one does not recurse.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut node) = next {
            next = node.next.take();
        }
    }
}
