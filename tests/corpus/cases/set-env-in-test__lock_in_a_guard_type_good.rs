// The guard holds the lock and restores the value.
use std::env;
use std::ffi::OsString;
use std::sync::{Mutex, MutexGuard};

static ENVIRONMENT: Mutex<()> = Mutex::new(());

struct EnvGuard {
    name: &'static str,
    before: Option<OsString>,
    _lock: MutexGuard<'static, ()>,
}

impl EnvGuard {
    fn set(name: &'static str, value: &str) -> Self {
        let lock = ENVIRONMENT.lock().unwrap_or_else(|e| e.into_inner());
        let before = env::var_os(name);
        unsafe { env::set_var(name, value) };
        Self { name, before, _lock: lock }
    }
}

impl Drop for EnvGuard {
    fn drop(&mut self) {
        match &self.before {
            Some(value) => unsafe { env::set_var(self.name, value) },
            None => unsafe { env::remove_var(self.name) },
        }
    }
}

#[test]
fn takes_the_proxy() {
    let _env = EnvGuard::set("HTTPS_PROXY", "http://localhost:3128");
    assert!(env::var("HTTPS_PROXY").is_ok());
}

#[test]
fn takes_another() {
    let _env = EnvGuard::set("HTTPS_PROXY", "http://localhost:3129");
    assert!(env::var("HTTPS_PROXY").is_ok());
}
