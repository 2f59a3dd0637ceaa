//! What no lint that parses can be faster than.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use syn::visit::Visit;

/// As the lint has it: the parser recurses.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Adds up places, so that nothing of the walk can be left out.
#[derive(Default)]
struct Places {
    sum: usize,
}

impl Visit<'_> for Places {
    fn visit_ident(&mut self, name: &proc_macro2::Ident) {
        self.sum = self.sum.wrapping_add(name.span().byte_range().start);
    }

    fn visit_lit(&mut self, literal: &syn::Lit) {
        self.sum = self.sum.wrapping_add(literal.span().byte_range().start);
    }
}

/// Reads and parses every Rust file below `folder` on all cores, visits each node of the trees, asks each name and literal
/// for its place, and lets the spans go.
pub(super) fn every_file(folder: &Path) -> anyhow::Result<()> {
    let walk = ignore::WalkBuilder::new(folder).require_git(false).build().flatten();
    let files: Vec<PathBuf> =
        walk.map(ignore::DirEntry::into_path).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect();
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build()?;
    pool.install(|| files.par_iter().for_each(|path| one_file(path)));
    Ok(())
}

fn one_file(path: &Path) {
    // Some files of crates are no Rust; the lint reports them, and goes on as this does.
    let Ok(text) = std::fs::read_to_string(path) else { return };
    if let Ok(file) = syn::parse_file(&text) {
        let mut places = Places::default();
        places.visit_file(&file);
        std::hint::black_box(places.sum);
    }
    proc_macro2::extra::invalidate_current_thread_spans();
}
