//! Provides the program that loads AppArmor profiles to the guest. It comes from Debian's newest release, because older versions cannot
//! express what newer kernels mediate.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use netns_vm::kernels::run;

use super::package::Files;

pub(super) const APPARMOR: Files = Files {
    name: "apparmor",
    in_guest: "/netns-apparmor",
    packages: &["apparmor"],
    contents: &[
        ("usr/sbin/apparmor_parser", "apparmor_parser"),
        // Lists the features that the profiles may use; the parser leaves out those that the kernel lacks.
        ("etc/apparmor.d/abi/4.0", "abi"),
    ],
};

/// A profile that is loaded in the guest. Dropping it unloads it.
#[derive(Debug)]
pub(super) struct Profile {
    pub(super) name: &'static str,
}

impl Profile {
    /// Loads a profile with these rules.
    ///
    /// # Errors
    ///
    /// Fails if the parser or the kernel rejects the profile.
    pub(super) fn load(name: &'static str, rules: &str) -> anyhow::Result<Self> {
        let file = PathBuf::from(format!("/run/{name}"));
        let flags = "attach_disconnected,mediate_deleted";
        let text = format!("abi \"{}/abi\",\nprofile {name} flags=({flags}) {{\n{rules}\n}}\n", APPARMOR.in_guest);
        fs::write(&file, text).context("failed to write a profile")?;
        let mut parser = APPARMOR.command("apparmor_parser");
        parser.args(["--config-file", "/dev/null", "--replace", "--skip-cache", "--quiet"]).arg(file);
        run(&mut parser).with_context(|| format!("failed to load the profile {name}"))?;
        Ok(Self { name })
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // Ignores errors: the machine stops soon, and no later process runs under the profile.
        drop(fs::write("/sys/kernel/security/apparmor/.remove", self.name));
    }
}
