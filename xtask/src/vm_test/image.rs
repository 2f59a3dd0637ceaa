//! The guest's file systems, made from folders by `mke2fs`: no loop device, no mount and no root needed.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::kernels::{Kernel, run};
use super::plan::{Built, MODULES, PLAN, PROGRAMS, Plan, TOO_SLOW, Target};

/// Where Debian and others have the programs that are looked for.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// What the guest needs itself: it loads modules.
const NEEDED: &[&str] = &["modprobe", "ip"];

/// Where the guest's first process is.
pub(super) const INIT: &str = "/netns-init";

/// Files of this machine that programs look into.
const FILES: [&str; 4] = ["/etc/protocols", "/etc/services", "/etc/nsswitch.conf", "/etc/netconfig"];

/// Users of the guest: root, one without privileges, and the one that daemons drop to.
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nuser:x:4242:4242::/home/user:/bin/sh\n\
                      nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\nwww-data:x:33:33::/nonexistent:/usr/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nuser:x:4242:\nnogroup:x:65534:\nwww-data:x:33:\n";

/// Makes a file system image from a folder.
///
/// # Errors
///
/// When there is no `mke2fs` or no room.
fn make(folder: &Path, image: &Path) -> anyhow::Result<()> {
    let mut size = Size::default();
    size.add(folder)?;
    // Room for the file system's own blocks and for what tests write.
    let kib = size.bytes / 1024 * 11 / 10 + size.files * 4 + 64 * 1024;
    drop(fs::remove_file(image));
    run(Command::new("/sbin/mke2fs")
        // Nothing of it survives the run, so nothing has to survive a crash.
        .args(["-q", "-t", "ext4", "-O", "^has_journal,^resize_inode", "-m", "0", "-E", "root_owner=0:0"])
        .arg("-N")
        .arg((size.files + 20_000).to_string())
        .arg("-d")
        .arg(folder)
        .arg(image)
        .arg(format!("{kib}k")))
    .context("failed to make a file system (package e2fsprogs)")?;
    Ok(())
}

/// The same files in another folder of the same file system.
fn link_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to).with_context(|| format!("failed to make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("failed to list {}", from.display()))? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_symlink() {
            // Towards the sources that it was built from, which are not here.
        } else if from.is_dir() {
            link_folder(&from, &to)?;
        } else {
            fs::hard_link(&from, &to).with_context(|| format!("failed to link {}", from.display()))?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Size {
    bytes: u64,
    files: u64,
}

impl Size {
    fn add(&mut self, folder: &Path) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            self.files += 1;
            if metadata.is_dir() {
                self.add(&entry.path())?;
            } else {
                self.bytes += metadata.len().next_multiple_of(4096);
            }
        }
        Ok(())
    }
}

/// The guest's root folder while it is filled: files keep the places that they have on this machine.
pub(super) struct Root {
    folder: PathBuf,
    libraries_of: BTreeSet<PathBuf>,
}

impl Root {
    /// A root with the folders and files that a small system has.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Self> {
        let root = Self { folder: folder.to_owned(), libraries_of: BTreeSet::new() };
        for (below, mode) in [
            ("dev", 0o755),
            ("proc", 0o555),
            ("sys", 0o555),
            ("run", 0o755),
            ("root", 0o700),
            ("etc", 0o755),
            ("usr/lib/modules", 0o755),
            ("home", 0o755),
            ("mnt", 0o755),
            ("tmp", 0o1777),
            ("var/tmp", 0o1777),
            ("var/log", 0o755),
            ("var/lib", 0o755),
            ("var/log/nginx", 0o755),
            ("var/lib/nginx", 0o755),
        ] {
            let folder = root.folder.join(below);
            fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode))?;
        }
        root.write("/etc/passwd", PASSWD)?;
        root.write("/etc/group", GROUP)?;
        root.write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")?;
        // All addresses of a name, as on every distribution; host.conf(5).
        root.write("/etc/host.conf", "multi on\n")?;
        // Nobody answers outside of the tests, which lay files of their own over this one.
        root.write("/etc/resolv.conf", "")?;
        Ok(root)
    }

    /// Fills it with all that the plan needs, and writes the plan.
    pub(super) fn fill(&mut self, built: &Built, filter: Option<&str>, short: bool) -> anyhow::Result<Plan> {
        // 1. The links of merged /usr, before anything is put behind them.
        for name in ["bin", "sbin", "lib", "lib64"] {
            let place = Path::new("/").join(name);
            if place.is_symlink() {
                self.put(&place)?;
            }
        }
        for name in NEEDED {
            let program = find(name).with_context(|| format!("the guest needs {name} (packages kmod, iproute2)"))?;
            self.put(&program)?;
        }
        for program in PROGRAMS.iter().filter_map(|name| find(name)) {
            self.put(&program)?;
        }
        for file in FILES.iter().map(Path::new).filter(|file| file.is_file()) {
            self.put(file)?;
        }
        // 2. The guest's first process is this program, by its open file: cargo may have replaced the one of its name.
        let this_program = PathBuf::from(format!("/proc/{}/exe", std::process::id()));
        self.put_libraries(&this_program)?;
        self.copy_stripped(&this_program, Path::new(INIT))?;
        let doctor = built.doctor.clone().context("cargo has built no doctor")?;
        let netns_run = built.programs.iter().find(|program| program.ends_with("netns-run"));
        let netns_run = netns_run.cloned().context("cargo has built no netns-run")?;
        let suites = PathBuf::from("/netns-suites");
        fs::create_dir(self.below(&suites)).context("failed to make a folder")?;
        for Target { name, path } in &built.suites {
            self.put_libraries(path)?;
            self.copy_stripped(path, &suites.join(name))?;
        }
        for path in built.tests.iter().map(|target| &target.path).chain(&built.programs) {
            self.put_libraries(path)?;
            self.copy_stripped(path, path)?;
        }
        // What the guest itself starts has a place that nothing hides, whatever folder this workspace is in.
        let [doctor, netns_run] = [(doctor, "/netns-doctor"), (netns_run, "/netns-run")].map(|(path, place)| {
            self.put_libraries(&path)?;
            self.copy_stripped(&path, Path::new(place))?;
            anyhow::Ok(PathBuf::from(place))
        });
        let (doctor, netns_run) = (doctor?, netns_run?);
        let skipped = TOO_SLOW.iter().map(|(test, _)| (*test).to_owned()).collect();
        let modules = MODULES.iter().map(|&module| module.to_owned()).collect();
        let targets = built.tests.clone();
        let filter = filter.map(str::to_owned);
        let plan = Plan { targets, doctor, netns_run, skipped, filter, short, suites, modules };
        self.write(PLAN, &serde_json::to_string(&plan).context("the plan is no JSON")?)?;
        Ok(plan)
    }

    /// The file system of one kernel: the root with that kernel's modules.
    pub(super) fn image_for(&self, kernel: &Kernel, image: &Path) -> anyhow::Result<()> {
        let modules = self.below(Path::new("/usr/lib/modules"));
        drop(fs::remove_dir_all(&modules));
        link_folder(&kernel.modules, &modules)?;
        make(&self.folder, image)
    }

    fn below(&self, path: &Path) -> PathBuf {
        self.folder.join(path.strip_prefix("/").unwrap_or(path))
    }

    fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        fs::write(self.below(Path::new(path)), text).with_context(|| format!("failed to write the guest's {path}"))
    }

    /// A file with what it links to and the libraries that it is linked with.
    fn put(&mut self, path: &Path) -> anyhow::Result<()> {
        let (parent, name) =
            (path.parent().context("a file has no folder")?, path.file_name().context("a file has no name")?);
        // The folder as it is, not by a link: /bin/cat is /usr/bin/cat.
        let parent = parent.canonicalize().with_context(|| format!("failed to find {}", parent.display()))?;
        let (place, target) = (parent.join(name), self.below(&parent).join(name));
        if target.is_symlink() || target.exists() {
            return Ok(());
        }
        fs::create_dir_all(self.below(&parent)).context("failed to make a folder")?;
        let metadata = place.symlink_metadata().with_context(|| format!("failed to look at {}", place.display()))?;
        if metadata.is_symlink() {
            let to = fs::read_link(&place)?;
            symlink(&to, &target).with_context(|| format!("failed to link {}", place.display()))?;
            let to = normalised(&parent.join(to));
            return if to.is_dir() {
                fs::create_dir_all(self.below(&to)).context("failed to make a folder")
            } else {
                self.put(&to)
            };
        }
        fs::copy(&place, &target).with_context(|| format!("failed to copy {}", place.display()))?;
        self.put_libraries(&place)
    }

    /// A program of ours without what only a debugger reads: a fifth of its size.
    fn copy_stripped(&self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let target = self.below(to);
        fs::create_dir_all(target.parent().context("a file has no folder")?).context("failed to make a folder")?;
        run(Command::new("strip").arg("--strip-debug").arg("-o").arg(&target).arg(from))
            .context("failed to copy a program (package binutils)")?;
        Ok(())
    }

    /// The dynamic loader is asked, which is the one that decides in the guest too.
    fn put_libraries(&mut self, program: &Path) -> anyhow::Result<()> {
        if !self.libraries_of.insert(program.to_owned()) {
            return Ok(());
        }
        let Some(loader) = loader_of(program)? else { return Ok(()) };
        let listed = run(Command::new(&loader).arg("--list").arg(program))?;
        self.put(&loader)?;
        for library in listed.lines().filter_map(library_of_line) {
            self.put(Path::new(library))?;
        }
        Ok(())
    }
}

/// `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f…)`
fn library_of_line(line: &str) -> Option<&str> {
    line.split_once(" => ")?.1.split_whitespace().next().filter(|path| path.starts_with('/'))
}

/// The loader that a dynamic ELF program names; source: elf(5). A text, a script and a static program name none.
fn loader_of(program: &Path) -> anyhow::Result<Option<PathBuf>> {
    const KNOWN: &[u8] = b"/lib64/ld-linux-x86-64.so.2\0";
    let bytes = fs::read(program).with_context(|| format!("failed to read {}", program.display()))?;
    let beginning = &bytes[..bytes.len().min(64 * 1024)];
    let is_elf = beginning.starts_with(b"\x7fELF");
    let names_it = beginning.windows(KNOWN.len()).any(|window| window == KNOWN);
    Ok((is_elf && names_it).then(|| PathBuf::from("/lib64/ld-linux-x86-64.so.2")))
}

/// Without `.` and `..`, by the text: links on the way are followed one by one.
fn normalised(path: &Path) -> PathBuf {
    let mut normalised = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normalised.pop()),
            Component::CurDir => {}
            other => normalised.push(other),
        }
    }
    normalised
}

fn find(name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| Path::new(folder).join(name)).find(|program| program.is_file())
}

/// Fails early where the tools for all of this are missing.
///
/// # Errors
///
/// With the packages to install.
pub(super) fn check_tools() -> anyhow::Result<()> {
    let tools = [
        ("qemu-system-x86_64", "qemu-system-x86"),
        ("mke2fs", "e2fsprogs"),
        ("depmod", "kmod"),
        ("strip", "binutils"),
        ("dpkg-deb", "dpkg"),
        ("apt-get", "apt"),
        ("setpriv", "util-linux"),
        ("ip", "iproute2"),
    ];
    let missing: Vec<&str> =
        tools.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        bail!("virtual machines need more of this machine: apt-get install {}", missing.join(" "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_comes_with_its_libraries_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let mut root = Root::new(folder.path()).unwrap();
        let cat = find("cat").unwrap();
        root.put(&cat).unwrap();
        let canonical = cat.canonicalize().unwrap();
        assert!(root.below(&canonical).is_file());
        if let Some(loader) = loader_of(&canonical).unwrap() {
            assert!(root.below(&loader.canonicalize().unwrap()).is_file());
            assert!(
                run(Command::new(loader).arg("--list").arg(&cat))
                    .unwrap()
                    .lines()
                    .any(|line| library_of_line(line).is_some())
            );
        }
        assert_eq!(normalised(Path::new("/usr/sbin/../bin/./kmod")), Path::new("/usr/bin/kmod"));
        assert_eq!(loader_of(Path::new("/etc/passwd")).unwrap(), None);
        assert_eq!(library_of_line("\tlinux-vdso.so.1 (0x00007ffd)"), None);
    }
}
