//! Functions and macros that call a shell by themselves, or run what a list says.

use std::ffi::CString;

use cmd_lib::{run_cmd, run_fun};
use subprocess::Exec;

#[test]
fn of_the_c_library() {
    let line = CString::new(format!("ip link del {}", device())).unwrap();
    let status = unsafe { libc::system(line.as_ptr()) }; //~ host-network-changed, shell-command
    assert_eq!(status, 0);
}

#[test]
fn of_subprocess() {
    Exec::shell(format!("grep {} /proc/net/dev", device())).join().unwrap(); //~ shell-command
    Exec::cmd("sh").arg("-c").arg(line()).join().unwrap(); //~ shell-command
}

#[test]
fn of_duct() {
    duct::cmd!("sh", "-c", line()).run().unwrap(); //~ shell-command
    duct::cmd("bash", ["-c", &line()]).run().unwrap(); //~ shell-command
    duct_sh::sh_dangerous(line()).run().unwrap(); //~ shell-command
}

#[test]
fn of_xshell() {
    let shell = xshell::Shell::new().unwrap();
    let (line, namespace) = (line(), namespace());
    xshell::cmd!(shell, "bash -c {line}").run().unwrap(); //~ shell-command
    xshell::cmd!(shell, "ip netns exec {namespace} sh -c {line}").run().unwrap(); //~ shell-command
}

#[test]
fn of_cmd_lib() {
    let line = line();
    run_cmd!(bash -c $line).unwrap(); //~ shell-command
    let shown = run_fun!(sh -c "ip link show $line").unwrap(); //~ shell-command
    assert!(shown.contains("UP"));
}

#[test]
fn of_run_script() {
    let options = run_script::ScriptOptions::new();
    run_script::run(&line(), &vec![], &options).unwrap(); //~ shell-command
    run_script::run_script!(line()).unwrap(); //~ shell-command
}

#[test]
fn on_another_machine() {
    let session = ssh2::Session::new().unwrap();
    let mut channel = session.channel_session().unwrap();
    channel.exec(&format!("systemctl restart {}", service())).unwrap(); //~ shell-command
}
