//! Downloads kernels of Debian's cloud images with apt. The apt state is separate: this machine's package lists and cache do not change.
//!
//! A kernel is kept under `kernels/VERSION` of the work folder: its image and its modules. Point releases vanish from the archive, so a series
//! resolves to the newest version that apt lists. A kept kernel is used until `--update`.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use crate::Arch;
pub use crate::choices::SERIES;

/// The oldest and the newest series.
pub const BOTH_ENDS: [&str; 2] = ["5.10", "7.x"];

/// The folder of the archive; the same on every mirror.
const ARCHIVE: &str = "debian";
const SECURITY: &str = "debian-security";
/// The variable that names the mirror of commands without `--mirror`, such as the steps of `cargo xtask ci`.
const MIRROR: &str = "NETNS_VM_MIRROR";
/// The message on Ubuntu and others.
const NO_MIRROR: &str = "this machine's apt has no archive of Debian, which has the kernels; set NETNS_VM_MIRROR or --mirror to a mirror \
                         of Debian, as https://HOST/debian. Debian's own image prints one: \
                         docker run --rm debian:13 sed -n 's/^URIs: //p' /etc/apt/sources.list.d/debian.sources | head -n 1";
/// The path of the keys on Debian, and on Ubuntu with the package `debian-archive-keyring`.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// The folder of the archive that contains each suite.
const SUITES: &[(&str, &str)] = &[
    (ARCHIVE, "bullseye"),
    (SECURITY, "bullseye-security"),
    (ARCHIVE, "bookworm"),
    (ARCHIVE, "trixie"),
    (ARCHIVE, "trixie-backports"),
];

const IMAGE: &str = "linux-image-";
const FLAVOUR: &str = "-cloud-";
/// The packages that Debian splits an image into.
const PARTS: [&str; 2] = ["linux-binary-", "linux-modules-"];

/// A kernel that is kept.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The processor that it is built for.
    pub arch: Arch,
    /// The version in the names of its packages: `6.12.95+deb13`.
    pub version: String,
    /// `vmlinuz`.
    pub image: PathBuf,
    /// The content of /usr/lib/modules, with its index.
    pub modules: PathBuf,
}

/// Returns the kernels of these series, in the order of [`SERIES`], without duplicates; `all` is every series. Downloads those that are not
/// kept in `folder` yet, and the newest of each with `update`. A folder keeps kernels for one processor.
///
/// `mirror` is the address of a folder `debian`, or of the folder above it, with `debian-security` beside it [default: the one that apt
/// uses on this machine].
///
/// # Errors
///
/// Fails if apt cannot be used or lists no kernel of a series.
pub fn obtain(
    folder: &Path,
    arch: Arch,
    series: &[String],
    mirror: Option<&str>,
    update: bool,
) -> anyhow::Result<Vec<Kernel>> {
    let kept_folder = folder.join("kernels");
    fs::create_dir_all(&kept_folder).with_context(|| format!("failed to make {}", kept_folder.display()))?;
    let mut apt = None;
    let mut kernels = Vec::new();
    for &series in SERIES.iter().filter(|known| series.iter().any(|asked| asked == *known || asked == "all")) {
        if let (Some(kernel), false) = (kept(&kept_folder, arch, series)?, update) {
            kernels.push(kernel);
            continue;
        }
        let apt = match &mut apt {
            Some(apt) => apt,
            none => none.insert(Apt::new(&folder.join("apt"), arch, mirror)?),
        };
        let (version, packages) = apt.newest(series)?.with_context(|| {
            format!(
                "Debian's archive has no cloud kernel {series}; its apt state is in {}",
                folder.join("apt").display()
            )
        })?;
        let target = kept_folder.join(&version);
        if !target.is_dir() {
            eprintln!("fetching the kernel {version}");
            apt.fetch(&version, &packages, &target).with_context(|| format!("failed to fetch the kernel {version}"))?;
        }
        kernels.push(Kernel::at(&target, arch, version));
    }
    Ok(kernels)
}

impl Kernel {
    fn at(folder: &Path, arch: Arch, version: String) -> Self {
        Self { arch, version, image: folder.join("vmlinuz"), modules: folder.join("modules") }
    }
}

fn kept(folder: &Path, arch: Arch, series: &str) -> anyhow::Result<Option<Kernel>> {
    let mut versions = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))? {
        versions.extend(entry?.file_name().into_string());
    }
    Ok(newest(&versions, series).map(|version| Kernel::at(&folder.join(&version), arch, version)))
}

/// Returns the newest version of a series; `7.x` matches every 7.
fn newest(versions: &BTreeSet<String>, series: &str) -> Option<String> {
    let beginning = format!("{}.", series.trim_end_matches(".x"));
    versions.iter().filter(|version| version.starts_with(&beginning)).max_by_key(|version| numbers(version)).cloned()
}

/// `6.12.9+deb13` is older than `6.12.10+deb13`: versions are compared by their numbers.
fn numbers(version: &str) -> (Vec<u64>, Reverse<String>) {
    let parts = version.split(|character: char| !character.is_ascii_digit()).filter(|part| !part.is_empty());
    (parts.filter_map(|part| part.parse().ok()).collect(), Reverse(version.to_owned()))
}

/// An apt with its lists, cache and sources below one folder.
#[derive(Debug)]
pub struct Apt {
    folder: PathBuf,
    arch: Arch,
}

impl Apt {
    /// Downloads the archive's package lists into `folder`.
    ///
    /// # Errors
    ///
    /// Fails if the key or the mirror is missing, or the mirror does not answer.
    pub fn new(folder: &Path, arch: Arch, mirror: Option<&str>) -> anyhow::Result<Self> {
        ensure!(
            Path::new(KEYRING).is_file(),
            "{KEYRING} is not there: kernels come from Debian's archive (apt-get install debian-archive-keyring)"
        );
        let mirror = if let Some(mirror) =
            mirror.map(str::to_owned).or_else(|| env::var(MIRROR).ok()).filter(|mirror| !mirror.is_empty())
        {
            above(&mirror).to_owned()
        } else {
            let sources = run(Command::new("apt-get").args(["indextargets", "--format", "$(ORIGIN) $(REPO_URI)"]))?;
            mirror_of(&sources).context(NO_MIRROR)?
        };
        let apt = Self { folder: folder.to_owned(), arch };
        for below in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(below)).with_context(|| format!("failed to make {}", folder.display()))?;
        }
        let sources: Vec<String> = SUITES
            .iter()
            .map(|(archive, suite)| format!("deb [signed-by={KEYRING}] {mirror}/{archive} {suite} main\n"))
            .collect();
        fs::write(folder.join("sources.list"), sources.concat()).context("failed to write the list of sources")?;
        // This apt sees no installed packages.
        fs::write(folder.join("status"), "").context("failed to write an empty status")?;
        eprintln!("asking Debian's archive for kernels");
        run(apt.command("apt-get").args(["--quiet=2", "--error-on=any", "update"]))?;
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let at = |below: &str| self.folder.join(below).display().to_string();
        let options = [
            ("Dir::State", at("")),
            ("Dir::State::Lists", at("lists")),
            ("Dir::State::status", at("status")),
            ("Dir::Cache", at("cache")),
            ("Dir::Etc::SourceList", at("sources.list")),
            ("Dir::Etc::SourceParts", "/dev/null".to_owned()),
            ("APT::Architecture", self.arch.debian().to_owned()),
            ("APT::Architectures", self.arch.debian().to_owned()),
            // Only its owner may be able to reach the folder.
            ("APT::Sandbox::User", String::new()),
            // Skips translations and the descriptions of software catalogues.
            ("Acquire::Languages", "none".to_owned()),
            ("Acquire::IndexTargets::deb::DEP-11::DefaultEnabled", "false".to_owned()),
            ("Acquire::Retries", "3".to_owned()),
        ];
        for (name, value) in options {
            command.arg("--option").arg(format!("{name}={value}"));
        }
        command
    }

    /// The end of the names of cloud kernels.
    fn flavour(&self) -> String {
        FLAVOUR.to_owned() + self.arch.debian()
    }

    /// Returns the newest kernel of a series that apt can fetch completely, and its packages.
    fn newest(&self, series: &str) -> anyhow::Result<Option<(String, Vec<String>)>> {
        let names = run(self.command("apt-cache").args(["pkgnames", "linux-"]))?;
        let names: BTreeSet<&str> = names.lines().collect();
        let flavour = self.flavour();
        let mut versions: BTreeSet<String> = names
            .iter()
            .filter_map(|name| name.strip_prefix(IMAGE)?.strip_suffix(&flavour[..]))
            .map(str::to_owned)
            .collect();
        while let Some(version) = newest(&versions, series) {
            let image = format!("{IMAGE}{version}{flavour}");
            // apt also lists packages that others only depend on.
            if let Ok(shown) = run(self.command("apt-cache").args(["--quiet=2", "show", "--no-all-versions", &image])) {
                let packages = parts(&image, &shown);
                if packages.iter().all(|package| names.contains(&package[..])) {
                    return Ok(Some((version, packages)));
                }
            }
            versions.remove(&version);
        }
        Ok(None)
    }

    /// Unpacks the newest files of packages into a new folder.
    ///
    /// # Errors
    ///
    /// Fails if a package cannot be downloaded.
    pub fn unpack(&self, packages: &[impl AsRef<OsStr>], tree: &Path) -> anyhow::Result<()> {
        fs::create_dir(tree).context("failed to make a folder")?;
        // The archives go beside the tree, which contains only unpacked files.
        let archives = tree.with_extension("archives");
        fs::create_dir(&archives).context("failed to make a folder")?;
        run(self.command("apt-get").current_dir(&archives).args(["--quiet=2", "download"]).args(packages))?;
        for archive in fs::read_dir(&archives).context("failed to list what was fetched")? {
            run(Command::new("dpkg-deb").arg("--extract").arg(archive?.path()).arg(tree))?;
        }
        Ok(())
    }

    /// Downloads packages and all that they depend on into a new folder, without unpacking them.
    ///
    /// # Errors
    ///
    /// Fails if a package cannot be downloaded.
    pub fn download(&self, packages: &[&str], folder: &Path) -> anyhow::Result<()> {
        let parent = folder.parent().context("the packages have no folder")?;
        let archives = TempDir::with_prefix_in(".fetching-", parent).context("failed to make a folder")?;
        fs::create_dir(archives.path().join("partial")).context("failed to make a folder")?;
        run(self
            .command("apt-get")
            .arg("--option")
            .arg(format!("Dir::Cache::archives={}", archives.path().display()))
            .args(["--quiet=2", "--yes", "--no-install-recommends", "--download-only", "install"])
            .args(packages))?;
        // The folder appears complete or not at all.
        fs::rename(archives.keep(), folder).with_context(|| format!("failed to keep {}", folder.display()))
    }

    fn fetch(&self, version: &str, packages: &[String], target: &Path) -> anyhow::Result<()> {
        // Works beside the target, so that the target appears complete or not at all.
        let parent = target.parent().context("the kernel has no folder")?;
        let scratch = TempDir::with_prefix_in(".fetching-", parent).context("failed to make a folder")?;
        let (tree, kernel) = (scratch.path().join("tree"), scratch.path().join("kernel"));
        fs::create_dir(&kernel).context("failed to make a folder")?;
        self.unpack(packages, &tree)?;
        // Moves the modules to the path of merged /usr, because kmod gets a single path.
        let old = tree.join("lib/modules");
        let modules = tree.join("usr/lib/modules");
        if old.is_dir() && !modules.is_dir() {
            fs::create_dir_all(tree.join("usr/lib")).context("failed to make a folder")?;
            fs::rename(&old, &modules).context("failed to move the modules")?;
            std::os::unix::fs::symlink("usr/lib", tree.join("new-lib")).context("failed to link the modules")?;
            fs::remove_dir_all(tree.join("lib")).context("failed to remove the old place")?;
            fs::rename(tree.join("new-lib"), tree.join("lib")).context("failed to link the modules")?;
        } else if !tree.join("lib").exists() {
            std::os::unix::fs::symlink("usr/lib", tree.join("lib")).context("failed to link the modules")?;
        }
        let release = format!("{version}{}", self.flavour());
        let images = [tree.join("boot").join(format!("vmlinuz-{release}")), modules.join(&release).join("vmlinuz")];
        let Some(image) = images.iter().find(|image| image.is_file()) else { bail!("its packages hold no vmlinuz") };
        fs::copy(image, kernel.join("vmlinuz")).context("failed to keep the kernel's image")?;
        run(Command::new("/sbin/depmod").arg("--basedir").arg(&tree).arg(&release))?;
        fs::rename(&modules, kernel.join("modules")).context("failed to keep the modules")?;
        fs::rename(&kernel, target).with_context(|| format!("failed to keep {}", target.display()))
    }
}

/// Returns the address above the folder `debian` of the first apt source that is a Debian archive. Each source is written
/// after its origin.
fn mirror_of(sources: &str) -> Option<String> {
    let mut archives = sources.lines().filter_map(|source| source.strip_prefix("Debian "));
    archives.find_map(above_archive).map(str::to_owned)
}

/// Returns the address above the folders of a mirror, whose address may include its folder `debian`.
fn above(mirror: &str) -> &str {
    above_archive(mirror).unwrap_or(mirror.trim_end_matches('/'))
}

/// Returns the address above a folder `debian`.
fn above_archive(address: &str) -> Option<&str> {
    address.trim_end_matches('/').strip_suffix("/debian")
}

/// Returns the packages of the described image's kernel.
fn parts(image: &str, shown: &str) -> Vec<String> {
    let depends = shown.lines().find_map(|line| line.strip_prefix("Depends: ")).unwrap_or_default();
    let named = depends.split([',', '|']).filter_map(|one| one.split_whitespace().next());
    let parts = named.filter(|name| PARTS.iter().any(|part| name.starts_with(part)));
    [image].into_iter().chain(parts).map(str::to_owned).collect()
}

/// Runs a program, expects success, and returns its output.
///
/// # Errors
///
/// Has the standard error of a program that failed.
pub fn run(command: &mut Command) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let ended = command.output().with_context(|| format!("failed to start {program}"))?;
    if !ended.status.success() {
        bail!("{program} {}: {}", ended.status, String::from_utf8_lossy(&ended.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_its_newest_version_by_numbers() {
        let versions: BTreeSet<String> = [
            "6.1.0-50",
            "6.1.0-0.deb11.52",
            "6.12.95+deb12",
            "6.12.117+deb13",
            "6.12.9+deb13",
            "7.0.13+deb13",
            "7.1.3+deb13",
        ]
        .map(str::to_owned)
        .into();
        assert_eq!(newest(&versions, "6.1").as_deref(), Some("6.1.0-50"));
        assert_eq!(newest(&versions, "6.12").as_deref(), Some("6.12.117+deb13"));
        assert_eq!(newest(&versions, "7.x").as_deref(), Some("7.1.3+deb13"));
        assert_eq!(newest(&versions, "5.10"), None);
    }

    #[test]
    fn the_mirror_is_the_one_that_apt_uses() {
        let sources = "Oracle Corporation http://packages.test/virtualbox/debian/\n\
                       Debian http://mirror.test/debian-security/\n\
                       Debian http://mirror.test/archive/debian/\n\
                       Debian http://other.test/debian\n";
        assert_eq!(mirror_of(sources).as_deref(), Some("http://mirror.test/archive"));
        assert_eq!(mirror_of("Ubuntu http://mirror.test/ubuntu/\nDocker http://packages.test/linux/debian\n"), None);
    }

    #[test]
    fn a_mirror_has_the_address_of_its_archive_or_the_one_above() {
        for address in ["https://a.test/b/debian", "https://a.test/b/debian/", "https://a.test/b", "https://a.test/b/"]
        {
            assert_eq!(above(address), "https://a.test/b", "{address}");
        }
        assert!(NO_MIRROR.contains(MIRROR));
    }

    #[test]
    fn an_image_is_one_package_or_several() {
        let whole = "Package: linux-image-6.1.0-50-cloud-amd64\nDepends: kmod, linux-base (>= 4.3~), initramfs-tools | dracut\n";
        assert_eq!(parts("linux-image-6.1.0-50-cloud-amd64", whole), ["linux-image-6.1.0-50-cloud-amd64"]);
        let split = "Depends: dracut | initramfs-tools (>= 0.120), linux-base-7.3.4 (= 7.3.4-1), linux-binary-7.3.4 (= 7.3.4-1), \
                     linux-modules-7.3.4 (= 7.3.4-1)\n";
        assert_eq!(parts("i", split), ["i", "linux-binary-7.3.4", "linux-modules-7.3.4"]);
    }
}
