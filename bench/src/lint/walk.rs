//! The bare walk: a lower bound for every lint that parses.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use syn::visit::Visit;

/// The same stack as in the lint: the parser recurses.
const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Adds up locations, so that the compiler cannot remove any part of the walk.
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

/// Reads and parses every Rust file below `folder` on all cores, visits each node of the trees, reads the location of each name and
/// literal, and drops the spans.
pub(super) fn every_file(folder: &Path) -> anyhow::Result<()> {
    let walk = ignore::WalkBuilder::new(folder).require_git(false).build().flatten();
    let files: Vec<PathBuf> =
        walk.map(ignore::DirEntry::into_path).filter(|path| path.extension().is_some_and(|end| end == "rs")).collect();
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build()?;
    pool.install(|| files.par_iter().for_each(|path| one_file(path)));
    Ok(())
}

fn one_file(path: &Path) {
    // Some files of crates are not Rust; like the lint, the walk skips them.
    let Ok(text) = std::fs::read_to_string(path) else { return };
    if let Ok(file) = syn::parse_file(&text) {
        let mut places = Places::default();
        places.visit_file(&file);
        std::hint::black_box(places.sum);
    }
    proc_macro2::extra::invalidate_current_thread_spans();
}
