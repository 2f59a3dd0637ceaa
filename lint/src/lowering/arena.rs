//! Keeps parsed macro contents alive as long as the file's tree, in a list that only grows.

use std::cell::OnceCell;

/// The parsed tokens of a macro.
pub(super) enum Parsed {
    Nothing,
    Expressions(Vec<syn::Expr>),
    Block(syn::Block),
    Items(Vec<syn::Item>),
    Blocks(Vec<syn::Block>),
    Race(super::wrapping::Race),
}

/// A list of parsed macro arguments; references into it stay valid as long as the list.
pub(super) struct Arena {
    parsed: Parsed,
    next: OnceCell<Box<Arena>>,
}

impl Arena {
    pub(super) fn new() -> Self {
        Self { parsed: Parsed::Nothing, next: OnceCell::new() }
    }

    /// Appends to the list whose last element is `self`, and returns the new last element.
    pub(super) fn push(&self, parsed: Parsed) -> &Self {
        self.next.get_or_init(|| Box::new(Self { parsed, next: OnceCell::new() }))
    }

    pub(super) fn get(&self) -> &Parsed {
        &self.parsed
    }
}

impl Drop for Arena {
    /// Drops the elements iteratively from the front, so that a long list does not overflow the stack.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut node) = next {
            next = node.next.take();
        }
    }
}
