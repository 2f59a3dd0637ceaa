use std::os::fd::RawFd;

static TUN: &[u8] = b"/dev/net/tun\0";

pub struct Tun(RawFd);

impl Tun {
    pub fn new() -> Self {
        let opened = unsafe { libc::open(TUN.as_ptr().cast::<libc::c_char>(), libc::O_RDWR) };
        unsafe { libc::ioctl(opened, TUNSETIFF, &request()) };
        Self(opened)
    }

    pub fn fd(&self) -> RawFd {
        self.0
    }
}
