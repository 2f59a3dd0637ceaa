//! The values of options of `cargo netns-run vm`. They are here on every system, because its help is printed on every system.

use std::fs::{self, File};

use clap::ValueEnum;

/// The matrix, oldest first: the kernels of Debian 11, 12 and 13, the long-term series after that, and the newest.
pub const SERIES: &[&str] = &["5.10", "6.1", "6.12", "6.18", "7.x"];

/// The way that the guest's instructions run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Accelerator {
    /// On the processor, through /dev/kvm.
    Kvm,
    /// Translated: about ten times slower, but works everywhere.
    Tcg,
}

impl Accelerator {
    /// Returns kvm if this user may use it and this machine is not virtual itself, else tcg: under some hypervisors a kvm
    /// guest hangs.
    pub fn of_this_machine() -> Self {
        let is_open = File::options().read(true).write(true).open("/dev/kvm").is_ok();
        // The flag `hypervisor` is the bit that every hypervisor sets; Linux, arch/x86/include/asm/cpufeatures.h.
        let is_virtual = fs::read_to_string("/proc/cpuinfo")
            .is_ok_and(|text| text.split_whitespace().any(|flag| flag == "hypervisor"));
        if is_open && !is_virtual { Self::Kvm } else { Self::Tcg }
    }

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }

    /// The factor for the deadlines of tests, `NETNS_TEST_TIME_FACTOR`: an emulator that shares its processor with others has been five times slower than usual.
    pub fn time_factor(self) -> u32 {
        match self {
            Self::Kvm => 1,
            Self::Tcg => 5,
        }
    }

    /// An emulator runs both processors of the guest on one thread. With two threads, a kernel that patches its own code executed its
    /// half-patched instruction on the other processor and panicked ("Oops: int3", 7.3, one run in five).
    #[cfg(target_os = "linux")]
    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg,thread=single",
        }
    }
}
