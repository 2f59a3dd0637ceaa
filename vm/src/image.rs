//! Builds the guest's file systems from folders with `mke2fs`: without a loop device, a mount or root.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use crate::Arch;
use crate::kernels::{Apt, Kernel, run};
use crate::plan::{PLAN, Plan};

/// The folders that are searched for programs, as on Debian and others.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Programs that network tests start. They are copied if this machine has them.
const PROGRAMS: &[&str] = &[
    "bash", "cat", "chown", "chroot", "cp", "dash", "dd", "dnsmasq", "echo", "env", "false", "find", "flock", "getent",
    "grep", "head", "hostname", "id", "ip", "iperf3", "kill", "ls", "mkdir", "mount", "ncat", "nft", "nginx",
    "nsenter", "perl", "ping", "printf", "prlimit", "ps", "readlink", "rm", "rmdir", "seq", "setpriv", "setsid", "sh",
    "sleep", "socat", "sort", "ss", "stat", "strace", "stty", "sysctl", "tail", "tc", "tee", "timeout", "touch", "tr",
    "true", "tty", "umount", "uname", "unshare", "wc", "wg", "yes",
];

/// The Debian packages that have these programs, for a guest with another processor.
const PACKAGES: &[&str] = &[
    "base-files",
    "bash",
    "coreutils",
    "dash",
    "dnsmasq-base",
    "findutils",
    "grep",
    "hostname",
    "iperf3",
    "iproute2",
    "iputils-ping",
    "kmod",
    "libc-bin",
    "mount",
    "ncat",
    "netbase",
    "nftables",
    "nginx-light",
    "perl-base",
    "procps",
    "socat",
    "strace",
    "util-linux",
    "wireguard-tools",
];

/// Programs that the guest itself needs: it loads modules.
const NEEDED: &[&str] = &["modprobe", "ip"];

/// The path of the guest's first process.
pub const INIT: &str = "/netns-init";

/// Files of this machine that programs read.
const FILES: [&str; 4] = ["/etc/protocols", "/etc/services", "/etc/nsswitch.conf", "/etc/netconfig"];

/// Users of the guest: root, an unprivileged user, and the user that daemons switch to.
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\nuser:x:4242:4242::/home/user:/bin/sh\n\
                      nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\nwww-data:x:33:33::/nonexistent:/usr/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nuser:x:4242:\nnogroup:x:65534:\nwww-data:x:33:\n";

/// Makes a file system image from a folder.
///
/// # Errors
///
/// Fails if `mke2fs` is missing or the disk is full.
fn make(folder: &Path, size: &Size, image: &Path) -> anyhow::Result<()> {
    // Leaves room for the file system's own blocks and for files that tests write.
    let kib = size.bytes / 1024 * 11 / 10 + size.files * 4 + 64 * 1024;
    drop(fs::remove_file(image));
    run(Command::new("/sbin/mke2fs")
        // The file system does not outlive the run, so it need not survive a crash.
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

/// Links the files into another folder of the same file system.
fn link_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir(to).with_context(|| format!("failed to make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("failed to list {}", from.display()))? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_symlink() {
            // Skips links to the build sources, which do not exist here.
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
    /// Adds a folder, and lets all users of the guest read its files: this user's umask may forbid that.
    fn measure_and_open(&mut self, folder: &Path) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("failed to list {}", folder.display()))? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            self.files += 1;
            let mode = metadata.permissions().mode();
            let mut open = mode;
            if metadata.is_dir() {
                open |= 0o755;
                self.measure_and_open(&entry.path())?;
            } else {
                self.bytes += metadata.len().next_multiple_of(4096);
                open |= if mode & 0o100 == 0 { 0o444 } else { 0o555 };
            }
            if open != mode && !metadata.is_symlink() {
                fs::set_permissions(entry.path(), fs::Permissions::from_mode(open))?;
            }
        }
        Ok(())
    }
}

/// The guest's root folder while it is filled; files keep the paths that they have on this machine.
#[derive(Debug)]
pub struct Root {
    folder: PathBuf,
    libraries_of: BTreeSet<PathBuf>,
    /// Folders that were added with everything below them, by their real paths.
    added: BTreeSet<PathBuf>,
    /// `LD_LIBRARY_PATH` of the binaries.
    search: Option<OsString>,
    arch: Arch,
}

impl Root {
    /// Creates a root in an empty folder: the folders and files of a small system, this program as the first process, and the usual
    /// programs that this machine has (a shell, coreutils, iproute2, nftables, ping, …).
    ///
    /// # Errors
    ///
    /// Fails if a needed program is missing or a file cannot be copied.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        let mut root = Self::skeleton(folder, Arch::X86_64)?;
        // The links of merged /usr come before any file below them.
        for name in ["bin", "sbin", "lib", "lib64"] {
            let place = Path::new("/").join(name);
            if place.is_symlink() {
                root.put(&place)?;
            }
        }
        for name in NEEDED {
            let program = find(name).with_context(|| format!("the guest needs {name} (packages kmod, iproute2)"))?;
            root.put(&program)?;
        }
        for program in PROGRAMS.iter().filter_map(|name| find(name)) {
            root.put(&program)?;
        }
        for file in FILES.iter().map(Path::new).filter(|file| file.is_file()) {
            root.put(file)?;
        }
        // This program is read through its open file, because cargo may have replaced the file of that name.
        root.add_binary(Path::new(&format!("/proc/{}/exe", std::process::id())), Path::new(INIT))?;
        Ok(root)
    }

    /// Creates a root for another processor in an empty folder: the usual programs from Debian's packages, which `kept` keeps, and a static
    /// program as the first process. The binaries that are added later are static and have no debug information, because the tools of this
    /// machine do not read them.
    ///
    /// # Errors
    ///
    /// Fails if the packages cannot be downloaded or unpacked.
    pub fn foreign(
        folder: &Path,
        arch: Arch,
        kept: &Path,
        mirror: Option<&str>,
        first_process: &Path,
    ) -> anyhow::Result<Self> {
        let archives = kept.join("packages");
        if !archives.is_dir() {
            let apt = Apt::new(&kept.join("apt"), arch, mirror)?;
            eprintln!("fetching the programs of the guest");
            apt.download(PACKAGES, &archives).context("failed to fetch the programs of the guest")?;
        }
        for name in ["bin", "sbin", "lib"] {
            fs::create_dir_all(folder.join("usr").join(name)).context("failed to make a folder")?;
            symlink(Path::new("usr").join(name), folder.join(name)).context("failed to link a folder")?;
        }
        for entry in fs::read_dir(&archives).with_context(|| format!("failed to list {}", archives.display()))? {
            let archive = entry?.path();
            if archive.extension() == Some(OsStr::new("deb")) {
                run(Command::new("dpkg-deb").arg("--extract").arg(archive).arg(folder))?;
            }
        }
        let mut root = Self::skeleton(folder, arch)?;
        root.add_binary(first_process, Path::new(INIT))?;
        Ok(root)
    }

    /// Makes the folders and files of a small system without programs.
    fn skeleton(folder: &Path, arch: Arch) -> anyhow::Result<Self> {
        let root = Self {
            folder: folder.to_owned(),
            libraries_of: BTreeSet::new(),
            added: BTreeSet::new(),
            search: None,
            arch,
        };
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
        // Returns all addresses of a name, as on every distribution; host.conf(5).
        root.write("/etc/host.conf", "multi on\n")?;
        // Outside of the tests no name server answers; tests mount their own files over this one.
        root.write("/etc/resolv.conf", "")?;
        Ok(root)
    }

    /// Sets `LD_LIBRARY_PATH` for the search for libraries of the binaries that are added later.
    pub fn search_libraries(&mut self, path: Option<&OsStr>) {
        self.search = path.map(OsStr::to_owned);
    }

    /// Adds a program of this machine, by its path or by its name in a folder of `PATH`, at the same path, and returns that.
    ///
    /// # Errors
    ///
    /// Fails if there is no such program.
    pub fn add_program(&mut self, name: &str) -> anyhow::Result<PathBuf> {
        let path = if name.contains('/') { Some(std::path::absolute(name)?) } else { find_in_path(name) };
        let path = path
            .filter(|path| path.is_file())
            .with_context(|| format!("there is no program {name} at this path or in the folders of PATH"))?;
        check_place(&path)?;
        self.put(&path)?;
        Ok(path)
    }

    /// Adds a file, or a folder with everything below it, at the same path. Follows links: a link to a folder comes with that folder, unless
    /// the folder holds the link. Leaves out folders with a `CACHEDIR.TAG`, such as cargo's `target`, sockets and devices. All users of the
    /// guest may read what is added.
    ///
    /// # Errors
    ///
    /// Fails if it does not exist or cannot be read.
    pub fn add_file(&mut self, path: &Path) -> anyhow::Result<()> {
        let path = std::path::absolute(path).context("failed to find the working folder")?;
        self.put_links_above(&path)?;
        let metadata = path.symlink_metadata().with_context(|| format!("failed to look at {}", path.display()))?;
        if metadata.is_dir() {
            let real = path.canonicalize().with_context(|| format!("failed to find {}", path.display()))?;
            if real.join("CACHEDIR.TAG").is_file() || !self.added.insert(real.clone()) {
                return Ok(());
            }
            self.add_folder(&real)?;
            for entry in fs::read_dir(&real).with_context(|| format!("failed to list {}", real.display()))? {
                self.add_file(&entry?.path())?;
            }
        } else if metadata.is_file() || metadata.is_symlink() {
            check_place(&path)?;
            self.put(&path)?;
            if metadata.is_symlink()
                && let Ok(real) = path.canonicalize()
                && real.is_dir()
                && check_place(&real).is_ok()
                && !path.parent().and_then(|parent| parent.canonicalize().ok()).is_some_and(|at| at.starts_with(&real))
            {
                self.add_file(&real)?;
            }
        }
        Ok(())
    }

    /// Makes an empty folder.
    ///
    /// # Errors
    ///
    /// Fails if the path is hidden in the guest, or cannot be made.
    pub fn add_folder(&self, path: &Path) -> anyhow::Result<()> {
        check_place(path)?;
        let folder = self.below(path);
        fs::create_dir_all(&folder).with_context(|| format!("failed to make {}", folder.display()))
    }

    /// Adds a binary without its debug information, which leaves a fifth of its size, and its shared libraries.
    ///
    /// # Errors
    ///
    /// Fails if the path is hidden in the guest, or the file cannot be copied.
    pub fn add_binary(&mut self, from: &Path, to: &Path) -> anyhow::Result<()> {
        check_place(to)?;
        self.put_libraries(from)?;
        self.copy_stripped(from, to)
    }

    /// Builds the file system of one machine: the root with its kernel's modules and its plan, readable by all.
    pub(crate) fn image_for(&self, kernel: &Kernel, plan: &Plan, image: &Path) -> anyhow::Result<()> {
        self.write(PLAN, &serde_json::to_string(plan).context("the plan cannot be written as JSON")?)?;
        let modules = self.below(Path::new("/usr/lib/modules"));
        drop(fs::remove_dir_all(&modules));
        link_folder(&kernel.modules, &modules)?;
        let mut size = Size::default();
        size.measure_and_open(&self.folder)?;
        make(&self.folder, &size, image)
    }

    fn below(&self, path: &Path) -> PathBuf {
        self.folder.join(path.strip_prefix("/").unwrap_or(path))
    }

    fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        fs::write(self.below(Path::new(path)), text).with_context(|| format!("failed to write the guest's {path}"))
    }

    /// Copies a file, the targets of its links, and its shared libraries.
    fn put(&mut self, path: &Path) -> anyhow::Result<()> {
        let (parent, name) =
            (path.parent().context("a file has no folder")?, path.file_name().context("a file has no name")?);
        // Resolves links in the folder: /bin/cat is /usr/bin/cat.
        let parent = parent.canonicalize().with_context(|| format!("failed to find {}", parent.display()))?;
        let (place, target) = (parent.join(name), self.below(&parent).join(name));
        if HIDDEN.iter().any(|folder| place.starts_with(folder)) || target.is_symlink() || target.exists() {
            return Ok(());
        }
        fs::create_dir_all(self.below(&parent)).context("failed to make a folder")?;
        let metadata = place.symlink_metadata().with_context(|| format!("failed to look at {}", place.display()))?;
        if metadata.is_symlink() {
            let to = fs::read_link(&place)?;
            symlink(&to, &target).with_context(|| format!("failed to link {}", place.display()))?;
            let to = normalised(&parent.join(to));
            self.put_links_above(&to)?;
            return match to.symlink_metadata() {
                // It leads nowhere on this machine either.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(()),
                Ok(metadata) if metadata.is_dir() => {
                    let to = to.canonicalize().with_context(|| format!("failed to find {}", to.display()))?;
                    fs::create_dir_all(self.below(&to)).context("failed to make a folder")
                }
                _ => self.put(&to),
            };
        }
        fs::copy(&place, &target).with_context(|| format!("failed to copy {}", place.display()))?;
        self.put_libraries(&place)
    }

    /// Copies the links among the folders of this path: `put` places the file in the folder that they lead to.
    fn put_links_above(&mut self, path: &Path) -> anyhow::Result<()> {
        path.ancestors().skip(1).filter(|above| above.is_symlink()).try_for_each(|above| self.put(above))
    }

    /// Copies one of our programs without its debug information, which leaves a fifth of its size.
    fn copy_stripped(&self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let target = self.below(to);
        fs::create_dir_all(target.parent().context("a file has no folder")?).context("failed to make a folder")?;
        if self.arch != Arch::X86_64 {
            fs::copy(from, &target).with_context(|| format!("failed to copy {}", from.display()))?;
            return Ok(());
        }
        run(Command::new("strip").arg("--strip-debug").arg("-o").arg(&target).arg(from))
            .context("failed to copy a program (package binutils)")?;
        Ok(())
    }

    /// Asks the dynamic loader, because the same loader decides in the guest.
    fn put_libraries(&mut self, program: &Path) -> anyhow::Result<()> {
        if !self.libraries_of.insert(program.to_owned()) {
            return Ok(());
        }
        let Some(loader) = loader_of(program)? else { return Ok(()) };
        let mut list = Command::new(&loader);
        if let Some(search) = &self.search {
            list.env("LD_LIBRARY_PATH", search);
        }
        let listed = run(list.arg("--list").arg(program))?;
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

/// Returns the loader that a dynamic ELF program names; source: elf(5). Texts, scripts and static programs do not name one.
fn loader_of(program: &Path) -> anyhow::Result<Option<PathBuf>> {
    const KNOWN: &[u8] = b"/lib64/ld-linux-x86-64.so.2\0";
    let bytes = fs::read(program).with_context(|| format!("failed to read {}", program.display()))?;
    let beginning = &bytes[..bytes.len().min(64 * 1024)];
    let is_elf = beginning.starts_with(b"\x7fELF");
    let names_it = beginning.windows(KNOWN.len()).any(|window| window == KNOWN);
    Ok((is_elf && names_it).then(|| PathBuf::from("/lib64/ld-linux-x86-64.so.2")))
}

/// Removes `.` and `..` from the text of the path; the caller follows links one at a time.
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

fn find_in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    folders.find_map(|folder| Some(folder.join(name)).filter(|program| program.is_file())).or_else(|| find(name))
}

/// Folders over which the guest mounts file systems of the kernel.
const HIDDEN: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];

fn check_place(path: &Path) -> anyhow::Result<()> {
    match HIDDEN.iter().find(|folder| path.starts_with(folder)) {
        Some(folder) => {
            bail!("{} is below {folder}, where the guest mounts a file system of its own; move it", path.display())
        }
        None => Ok(()),
    }
}

/// Fails early if a tool is missing that machines with this processor need.
///
/// # Errors
///
/// Names the packages to install.
pub fn check_tools(arch: Arch) -> anyhow::Result<()> {
    ensure!(
        cfg!(target_arch = "x86_64"),
        "virtual machines need a machine with x86-64; the images and the loader are for it"
    );
    let tools = [
        arch.qemu(),
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
        bail!("virtual machines need more programs; apt-get install {}", missing.join(" "));
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

    #[test]
    fn a_link_to_a_folder_comes_with_the_folder() {
        let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/var/tmp").unwrap());
        let at = |name: &str| data.path().join(name);
        for name in ["real/below/file", "named/own", "beside/file"] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), name).unwrap();
        }
        symlink("second", at("first")).unwrap();
        symlink("real", at("second")).unwrap();
        symlink("../first/below", at("named/far")).unwrap();
        symlink("..", at("named/up")).unwrap();
        symlink("nowhere", at("named/dangling")).unwrap();
        symlink("/proc/self", at("named/own_process")).unwrap();
        let mut root = Root::new(folder.path()).unwrap();
        root.add_file(&at("named")).unwrap();
        let read = |name: &str| fs::read_to_string(root.below(&at(name))).ok();
        assert_eq!(read("named/far/file").as_deref(), Some("real/below/file"));
        assert_eq!(read("named/own").as_deref(), Some("named/own"));
        assert_eq!(read("beside/file"), None, "the folder above was not named");
        assert!(root.below(&at("named/dangling")).is_symlink() && root.below(&at("named/own_process")).is_symlink());
        // By a path with a link in it, and by a link.
        for named in ["first/below", "first"] {
            let folder = tempfile::tempdir().unwrap();
            let mut root = Root::new(folder.path()).unwrap();
            root.add_file(&at(named)).unwrap();
            let file = fs::read_to_string(root.below(&at("first/below/file"))).unwrap();
            assert_eq!(file, "real/below/file", "{named}");
        }
    }

    #[test]
    fn a_foreign_root_has_the_packages_and_its_binaries_unchanged() {
        let (folder, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let package = kept.path().join("package");
        let control = "Package: p\nVersion: 1\nArchitecture: arm64\nMaintainer: m <m@example.test>\nDescription: d\n";
        for (file, text) in [("DEBIAN/control", control), ("usr/bin/p", "for arm64")] {
            fs::create_dir_all(package.join(file).parent().unwrap()).unwrap();
            fs::write(package.join(file), text).unwrap();
        }
        let archives = kept.path().join("packages");
        fs::create_dir(&archives).unwrap();
        fs::write(archives.join("lock"), "").unwrap();
        run(Command::new("dpkg-deb").arg("--build").arg(&package).arg(archives.join("p.deb"))).unwrap();
        let first_process = Path::new("/proc/self/exe");
        let root = Root::foreign(folder.path(), Arch::Aarch64, kept.path(), None, first_process).unwrap();
        assert_eq!(fs::read_to_string(root.below(Path::new("/bin/p"))).unwrap(), "for arm64");
        assert!(fs::read(root.below(Path::new(INIT))).unwrap() == fs::read(first_process).unwrap());
        assert!(!root.below(Path::new("/usr/bin/cat")).exists(), "a program of this machine");
    }

    #[test]
    fn files_keep_their_places_and_all_may_read_them() {
        let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/var/tmp").unwrap());
        let at = |name: &str| data.path().join(name);
        for (name, mode) in [("secret", 0o600), ("script", 0o700), ("below/file", 0o644)] {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            fs::write(at(name), name).unwrap();
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(at("target")).unwrap();
        fs::write(at("target/CACHEDIR.TAG"), "").unwrap();
        symlink("below/file", at("link")).unwrap();
        let mut root = Root::new(folder.path()).unwrap();
        root.add_file(data.path()).unwrap();
        Size::default().measure_and_open(folder.path()).unwrap();
        let inside = |name: &str| root.below(&at(name));
        let mode = |name: &str| inside(name).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("secret"), mode("script"), mode("below")), (0o644, 0o755, 0o755));
        assert_eq!(fs::read_to_string(inside("link")).unwrap(), "below/file");
        assert!(!inside("target").exists());
        let refused = root.add_folder(Path::new("/run/user/1/crate")).unwrap_err().to_string();
        assert!(refused.starts_with("/run/user/1/crate is below /run"), "{refused}");
        let missing = root.add_program("no-such-program").unwrap_err().to_string();
        assert_eq!(missing, "there is no program no-such-program at this path or in the folders of PATH");
        assert_eq!(root.add_program("sh").unwrap().file_name(), Some(OsStr::new("sh")));
    }
}
