//! Runs one virtual machine: QEMU with two serial lines; the console goes to a file, the result port to this process.
//!
//! Role of the child: QEMU, in its own process group. It dies with this program (`setpriv --pdeathsig`) and is killed when its [`Machine`]
//! is dropped. It shares no network, descriptor or folder with this machine; its disks are copy-on-write.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::choices::Accelerator;
use crate::image::INIT;
use crate::kernels::Kernel;
use crate::message::Message;

/// The interval between checks for a signal.
const LOOK_UP: Duration = Duration::from_secs(1);

/// A running guest.
pub(crate) struct Machine {
    qemu: Child,
    lines: Receiver<String>,
    word: String,
    is_interrupted: fn() -> bool,
}

impl Machine {
    /// Starts the kernel on the root file system, which stays unchanged. `init` are the arguments of the first process, before the word of
    /// its messages.
    ///
    /// # Errors
    ///
    /// Fails if QEMU cannot start.
    pub(crate) fn start(
        kernel: &Kernel,
        root: &Path,
        console: &Path,
        accelerator: Accelerator,
        init: &str,
        is_interrupted: fn() -> bool,
    ) -> anyhow::Result<Self> {
        let word = format!("netns-{}-{}", std::process::id(), kernel.version);
        // `no_timer_check`: the kernel counts ticks in a loop. An emulator on a busy machine falls behind that loop, and the kernel panics.
        let append = format!(
            "root=/dev/nvme0n1 rootfstype=ext4 rw console={} panic=-1 oops=panic quiet loglevel=4 mitigations=off no_timer_check init={INIT} -- {init} {word}",
            kernel.arch.console()
        );
        let disk = format!("id=root,file={},format=raw,if=none,snapshot=on", root.display());
        let (qemu, _) = kernel.arch.qemu();
        let mut command = Command::new("setpriv");
        // Ctrl-C reaches this program alone, which then drops the machine.
        command
            .process_group(0)
            .args(["--pdeathsig", "KILL", "--", qemu])
            .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"])
            .args(kernel.arch.machine())
            .args(["-smp", "2", "-m", "1536", "-accel", accelerator.option()])
            .arg("-kernel")
            .arg(&kernel.image)
            .args(["-append", &append])
            // Every kernel of the matrix has NVMe and ext4 built in, so none needs an initramfs. There is only one disk, because the kernel
            // numbers disks in any order.
            .args(["-drive", &disk, "-device", "nvme,drive=root,serial=root"])
            .arg("-serial")
            .arg(format!("file:{}", console.display()))
            .args(kernel.arch.port())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut qemu = command.spawn().with_context(|| format!("failed to start {qemu} by setpriv"))?;
        let port = qemu.stdout.take().context("QEMU has no standard output")?;
        let (sender, lines) = mpsc::channel();
        // Reads the port; ends when QEMU exits.
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
        Ok(Self { qemu, lines, word, is_interrupted })
    }

    /// Returns the next message, or `None` when the machine has stopped.
    ///
    /// # Errors
    ///
    /// Fails if no message arrives before the deadline, or a signal stops this program.
    pub(crate) fn next(&mut self, deadline: Instant) -> anyhow::Result<Option<Message>> {
        loop {
            if (self.is_interrupted)() {
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
                Err(RecvTimeoutError::Timeout) => bail!("the machine sent no message until its deadline"),
            }
        }
    }

    /// Waits for QEMU to exit; its status does not show the guest's result.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        const SWITCHING_OFF: Duration = Duration::from_secs(20);
        /// The interval between looks at a QEMU that has closed its port and not ended.
        const CLOSING: Duration = Duration::from_millis(10);
        let start = Instant::now();
        while start.elapsed() < SWITCHING_OFF {
            if self.qemu.try_wait().context("failed to wait for QEMU")?.is_some() {
                return Ok(());
            }
            if (self.is_interrupted)() {
                bail!("interrupted");
            }
            // The port closes with QEMU, so this returns at once.
            match self.lines.recv_timeout(LOOK_UP) {
                Err(RecvTimeoutError::Disconnected) => thread::sleep(CLOSING),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
        }
        bail!("QEMU did not stop {} s after the guest's end", SWITCHING_OFF.as_secs())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // After `stop` QEMU has already exited; otherwise there is no caller to report an error to.
        drop(self.qemu.kill());
        drop(self.qemu.wait());
    }
}

/// Returns the end of a file, to show the console after a failure.
pub(crate) fn tail(file: &Path, lines: usize) -> String {
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

/// Removes the files of a run that passed.
pub(crate) fn forget(console: &Path) {
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
