//! One run in one virtual machine: QEMU with two serial lines, the console into a file and the result port to here.
//!
//! Role of the child: QEMU, in a process group of its own; it dies with this program (`setpriv --pdeathsig`) and is killed when its
//! [`Machine`] is dropped. No network, no descriptor and no folder of this machine is shared with it: its disks are copies on write.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::ValueEnum;

use super::image::INIT;
use super::kernels::Kernel;
use super::message::Message;
use crate::ci::is_interrupted;

/// How the guest's instructions run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Accelerator {
    /// By the processor, through /dev/kvm.
    Kvm,
    /// Translated: some ten times slower, and everywhere.
    Tcg,
}

impl Accelerator {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }

    /// Both processors of the guest on one thread where they are emulated: on two, a kernel that patches its own code met its half-patched
    /// instruction on the other processor, and panicked ("Oops: int3", 7.3, one run in five).
    fn option(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg,thread=single",
        }
    }
}

/// A running guest.
pub(super) struct Machine {
    qemu: Child,
    lines: Receiver<String>,
    word: String,
}

impl Machine {
    /// Starts the kernel on the root file system, of which nothing is changed.
    ///
    /// # Errors
    ///
    /// When QEMU cannot be started.
    pub(super) fn start(
        kernel: &Kernel,
        root: &Path,
        console: &Path,
        accelerator: Accelerator,
    ) -> anyhow::Result<Self> {
        let word = format!("netns-{}-{}", std::process::id(), kernel.version);
        // `no_timer_check`: the kernel counts ticks in a loop that an emulator on a busy machine does not keep step with, and panics.
        let append = format!(
            "root=/dev/nvme0n1 rootfstype=ext4 rw console=ttyS0 panic=-1 oops=panic quiet loglevel=4 mitigations=off no_timer_check init={INIT} -- guest --word {word}"
        );
        let disk = format!("id=root,file={},format=raw,if=none,snapshot=on", root.display());
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--", "qemu-system-x86_64"])
            .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-machine", "pc", "-cpu", "max"])
            .args(["-smp", "2", "-m", "1536", "-accel", accelerator.option()])
            .arg("-kernel")
            .arg(&kernel.image)
            .args(["-append", &append])
            // NVMe and ext4 are built into every kernel of the matrix, so that none needs an initramfs. One disk: their numbers
            // come in any order.
            .args(["-drive", &disk, "-device", "nvme,drive=root,serial=root"])
            .arg("-serial")
            .arg(format!("file:{}", console.display()))
            .args(["-serial", "stdio"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut qemu = command.spawn().context("failed to start qemu-system-x86_64 by setpriv")?;
        let port = qemu.stdout.take().context("QEMU has no standard output")?;
        let (sender, lines) = mpsc::channel();
        // Reads the port; ends when QEMU does.
        thread::spawn(move || {
            let mut port = BufReader::new(port);
            let mut line = Vec::new();
            while port.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
                line.clear();
            }
        });
        Ok(Self { qemu, lines, word })
    }

    /// The next message, or nothing when the machine has stopped.
    ///
    /// # Errors
    ///
    /// When none comes until then, or this program is told to stop.
    pub(super) fn next(&mut self, deadline: Instant) -> anyhow::Result<Option<Message>> {
        /// How soon a signal is seen.
        const LOOK_UP: Duration = Duration::from_secs(1);
        loop {
            if is_interrupted() {
                bail!("interrupted");
            }
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()).min(LOOK_UP)) {
                Ok(line) => {
                    if let Some(message) = Message::of_line(&line, &self.word) {
                        return Ok(Some(message));
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                Err(RecvTimeoutError::Timeout) => bail!("the machine said nothing more until its deadline"),
            }
        }
    }

    /// Waits for QEMU's own end, which says nothing about the guest's.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        const SWITCHING_OFF: Duration = Duration::from_secs(20);
        let start = Instant::now();
        while start.elapsed() < SWITCHING_OFF {
            if self.qemu.try_wait().context("failed to wait for QEMU")?.is_some() {
                return Ok(());
            }
            // The port closes with QEMU: this returns then, and at once.
            if self.lines.recv_timeout(SWITCHING_OFF).is_err() {
                self.qemu.wait().context("failed to wait for QEMU")?;
                return Ok(());
            }
        }
        bail!("QEMU did not stop {} s after the guest's end", SWITCHING_OFF.as_secs())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It has ended already after `stop`; otherwise nobody is left whom it could tell anything.
        drop(self.qemu.kill());
        drop(self.qemu.wait());
    }
}

/// The end of a file, for a console after a failure.
pub(super) fn tail(file: &Path, lines: usize) -> String {
    const MOST_BYTES: u64 = 64 * 1024;
    let read = || -> std::io::Result<String> {
        let mut file = File::open(file)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(MOST_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_else(|error| format!("(the console cannot be read: {error})"));
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Removes what a run that went well leaves.
pub(super) fn forget(console: &Path) {
    drop(fs::remove_file(console));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "1\n2\n3\n4\n").unwrap();
        assert_eq!(tail(file.path(), 2), "3\n4");
        assert!(tail(Path::new("/nonexistent/console"), 2).contains("cannot be read"));
    }
}
