//! Collects the user's mistakes, so that each is reported once and none hides another. Also finds the valid name closest to a
//! wrong one.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// The mistakes so far, in the order of their tokens.
#[derive(Default)]
pub(crate) struct Mistakes(Vec<syn::Error>);

impl Mistakes {
    /// Records a mistake that spans the tokens.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.0.push(syn::Error::new_spanned(tokens, message));
    }

    /// Records an existing error.
    pub(crate) fn add(&mut self, error: syn::Error) {
        self.0.push(error);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns one `compile_error!` for each mistake.
    pub(crate) fn into_compile_errors(self) -> TokenStream {
        self.0.iter().map(syn::Error::to_compile_error).collect()
    }

    #[cfg(test)]
    pub(crate) fn messages(&self) -> Vec<String> {
        self.0.iter().flat_map(Clone::clone).map(|error| error.to_string()).collect()
    }
}

/// Returns the span for this macro's tokens at `place`: names resolve as the attribute's own, and lints of the user's crate see a
/// macro, but errors point at `place`.
pub(crate) fn ours_at(place: Span) -> Span {
    place.resolved_at(Span::mixed_site())
}

/// Returns the valid name that was most likely meant: at most one edit for each three characters.
pub(crate) fn nearest<'names>(wrong: &str, valid: impl IntoIterator<Item = &'names str>) -> Option<&'names str> {
    valid
        .into_iter()
        .map(|name| (edits(&wrong.to_lowercase(), name), name))
        .filter(|(edits, name)| *edits <= name.chars().count().div_ceil(3))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// Returns ` (did you mean …?)` if a valid name is close, else an empty text.
pub(crate) fn did_you_mean(wrong: &str, valid: impl IntoIterator<Item = &'static str>) -> String {
    nearest(wrong, valid).map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

/// Returns the number of characters to insert, delete, replace or swap with their neighbour (optimal string alignment).
fn edits(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut best = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let valid = ["deadline", "requires", "hostname", "tun", "tap", "vlan", "vxlan"];
        for (wrong, expected) in [
            ("dedline", Some("deadline")),
            ("Deadline", Some("deadline")),
            ("deadilne", Some("deadline")),
            ("require", Some("requires")),
            ("vlna", Some("vlan")),
            ("vxlna", Some("vxlan")),
            ("tunn", Some("tun")),
            ("timeout", None),
            ("", None),
            ("xyz", None),
        ] {
            assert_eq!(nearest(wrong, valid), expected, "{wrong:?}");
        }
    }

    #[test]
    fn a_swap_of_neighbours_is_one_edit() {
        assert_eq!(edits("vlna", "vlan"), 1);
        assert_eq!(edits("", "vlan"), 4);
        assert_eq!(edits("vlan", "vlan"), 0);
    }
}
