//! The floor: the time that the kernel alone needs for a process in six new namespaces that exits at once.

use std::io;

/// The namespaces of every test; the same as in the fixtures.
const NAMESPACES: libc::c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS;

/// Runs one `clone3`, `_exit` in the child, and one `waitid`.
pub(crate) fn floor() -> io::Result<()> {
    match clone_into_namespaces()? {
        0 => exit(0),
        pid => wait(pid),
    }
}

/// Duplicates this process into the namespaces. Returns 0 in the child, which may not use what another thread may have locked.
pub(crate) fn clone_into_namespaces() -> io::Result<libc::c_long> {
    // SAFETY: all fields of `clone_args` are integers, for which zero is a valid value and means "not used".
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = u64::from(NAMESPACES.cast_unsigned());
    arguments.exit_signal = u64::from(libc::SIGCHLD.cast_unsigned());
    // SAFETY: the arguments live across the call and their size is given; the child shares no memory, and the callers obey the line above.
    let pid = unsafe { libc::syscall(libc::SYS_clone3, &raw mut arguments, size_of::<libc::clone_args>()) };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(pid) }
}

/// Ends the calling process at once.
pub(crate) fn exit(status: libc::c_int) -> ! {
    // SAFETY: `_exit` has no precondition.
    unsafe { libc::_exit(status) }
}

/// Reaps the process.
pub(crate) fn wait(pid: libc::c_long) -> io::Result<()> {
    let pid = libc::id_t::try_from(pid).map_err(io::Error::other)?;
    // SAFETY: all fields of `siginfo_t` are integers or pointers that nobody reads before the kernel has written them.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: `info` is valid for writing across the call.
    let waited = unsafe { libc::waitid(libc::P_PID, pid, &raw mut info, libc::WEXITED) };
    if waited == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
