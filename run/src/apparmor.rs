//! The AppArmor profile that allows programs in some folders to create user namespaces where Ubuntu restricts them.
//!
//! Source: Ubuntu 24.04, /etc/apparmor.d/chrome and similar files. A profile with `flags=(unconfined)` restricts nothing, and its
//! rule `userns,` allows what `kernel.apparmor_restrict_unprivileged_userns` denies to programs without a profile.

use std::path::{Path, PathBuf};

/// The name of the profile, and of its file in /etc/apparmor.d.
pub(crate) const NAME: &str = "netns-tests";

/// Returns the profile for these programs and for all programs below these folders.
///
/// # Errors
///
/// If a path is relative or contains a character that AppArmor reads as a pattern.
pub(crate) fn profile(places: &[PathBuf]) -> Result<String, String> {
    let patterns = places.iter().map(|place| pattern(place)).collect::<Result<Vec<_>, _>>()?;
    let attachment = match &patterns[..] {
        [one] => one.clone(),
        several => format!("{{{}}}", several.join(",")),
    };
    Ok(format!(
        "# Lets tests with network namespaces run on Ubuntu 24.04 and newer. Load it, as root:\n\
         #   cp THIS_FILE /etc/apparmor.d/{NAME} && apparmor_parser --replace /etc/apparmor.d/{NAME}\n\
         abi <abi/4.0>,\n\
         include <tunables/global>\n\
         \n\
         profile {NAME} \"{attachment}\" flags=(unconfined) {{\n  \
           userns,\n\
         }}\n"
    ))
}

fn pattern(place: &Path) -> Result<String, String> {
    let text = place.to_str().filter(|text| text.starts_with('/')).ok_or_else(|| {
        format!("{} is not an absolute path in UTF-8, which an AppArmor profile needs", place.display())
    })?;
    if let Some(special) = text.chars().find(|one| "*?[]{}^,\"\\@".contains(*one) || one.is_control()) {
        return Err(format!("{} contains {special:?}, which AppArmor reads as a pattern", place.display()));
    }
    Ok(if place.is_dir() { format!("{}/**", text.trim_end_matches('/')) } else { text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_match_all_below_them_and_files_themselves() {
        let profile = profile(&["/tmp/".into(), "/usr/bin/netns-run".into()]).unwrap();
        assert!(
            profile.contains("profile netns-tests \"{/tmp/**,/usr/bin/netns-run}\" flags=(unconfined) {\n  userns,\n}")
        );
    }

    #[test]
    fn patterns_and_relative_paths_are_refused() {
        assert!(profile(&["target".into()]).unwrap_err().contains("absolute"));
        assert!(profile(&["/home/a*".into()]).unwrap_err().contains("'*'"));
    }
}
