//! Suggests the valid name for a misspelt one.

use similar::get_close_matches;

/// The least similarity, of 1 for equal names.
const SIMILARITY: f32 = 0.75;

/// Returns ` (did you mean …?)` if a valid name is close, else an empty text.
pub(crate) fn did_you_mean(wrong: &str, valid: &[&str]) -> String {
    let close = get_close_matches(wrong, valid, 1, SIMILARITY);
    close.first().map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

/// The same for an error of serde about an unknown field or value: it has the wrong name and then the valid ones in backticks.
pub(crate) fn for_unknown(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let wrong = names.next().filter(|_| message.starts_with("unknown "));
    wrong.map(|wrong| did_you_mean(wrong, &names.collect::<Vec<_>>())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_its_neighbour_and_another_word_finds_none() {
        let valid = ["shell-command", "split-command", "temp-path"];
        assert_eq!(did_you_mean("shel-command", &valid), " (did you mean `shell-command`?)");
        assert_eq!(did_you_mean("tmp-path", &valid), " (did you mean `temp-path`?)");
        assert_eq!(did_you_mean("pelican", &valid), "");
        let message = "unknown field `pedantics`, expected one of `pedantic`, `all-code`";
        assert_eq!(for_unknown(message), " (did you mean `pedantic`?)");
        assert_eq!(for_unknown("invalid type: `pedantics`, expected `pedantic`"), "");
    }
}
