//! The processors of machines: their names at Debian and QEMU, and the devices of their guests.

use clap::ValueEnum;

/// The processor of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Arch {
    /// The processor of the machine that runs QEMU.
    #[value(name = "x86_64")]
    X86_64,
    /// A processor that QEMU always emulates. The programs of its guests come from Debian.
    Aarch64,
}

impl Arch {
    /// Debian's name of it.
    pub(crate) fn debian(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// The emulator and its Debian package.
    pub(crate) fn qemu(self) -> (&'static str, &'static str) {
        match self {
            Self::X86_64 => ("qemu-system-x86_64", "qemu-system-x86"),
            Self::Aarch64 => ("qemu-system-aarch64", "qemu-system-arm"),
        }
    }

    /// QEMU's options for the machine and its processor.
    ///
    /// An emulator needs far more time for the architecture's own algorithm of pointer authentication than for `impdef`, and kernels before
    /// 5.12 do not start with `lpa2`; source: QEMU, docs/system/arm/cpu-features.rst.
    pub(crate) fn machine(self) -> [&'static str; 4] {
        match self {
            Self::X86_64 => ["-machine", "pc", "-cpu", "max"],
            Self::Aarch64 => ["-machine", "virt", "-cpu", "max,pauth-impdef=on,lpa2=off"],
        }
    }

    /// The kernel's name of the first serial line, which QEMU writes to a file.
    pub(crate) fn console(self) -> &'static str {
        match self {
            Self::X86_64 => "ttyS0",
            Self::Aarch64 => "ttyAMA0",
        }
    }

    /// QEMU's options for the result port, which is its standard output. The machine `virt` has a single serial line, so the port is a
    /// device on the bus.
    pub(crate) fn port(self) -> &'static [&'static str] {
        match self {
            Self::X86_64 => &["-serial", "stdio"],
            Self::Aarch64 => &["-chardev", "stdio,id=port", "-device", "pci-serial,chardev=port"],
        }
    }
}

/// The result port in a guest of the processor that this program is built for: the only one of its driver on aarch64, the second one on
/// x86-64.
pub(crate) const PORT: &str = if cfg!(target_arch = "aarch64") { "/dev/ttyS0" } else { "/dev/ttyS1" };
