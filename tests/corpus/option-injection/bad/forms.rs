//! What somebody else chose, where a program may read it as an option, or as the program itself.

use std::env;
use std::fs;
use std::process::Command;
use std::sync::LazyLock;

const TARGET: &str = "TARGET";

static SERVER: LazyLock<String> = LazyLock::new(|| env::var("SERVER").unwrap_or_else(|_| "dnsmasq".to_owned()));

struct Settings {
    host: String,
}

fn ping(host: &str) -> bool {
    Command::new("ping").args(["-c", "1", host]).status().unwrap().success()
}

#[test]
fn an_argument() {
    Command::new("ping").arg(env::var("TARGET").unwrap()).status().unwrap(); //~ option-injection
}

#[test]
fn the_last_of_a_list() {
    Command::new("ping").args(["-c", "1", &env::var(TARGET).unwrap()]).status().unwrap(); //~ option-injection
}

#[test]
fn in_a_vector() {
    let mut argv = vec!["-4".to_owned(), "example.test".to_owned()];
    argv.push(env::var("HOST").unwrap());
    Command::new("host").args(&argv).status().unwrap(); //~ option-injection
}

#[test]
fn the_program() {
    Command::new(env::var("SERVER").unwrap()).arg("--version").status().unwrap(); //~ pedantic: option-injection
}

#[test]
fn the_program_by_a_static() {
    Command::new(SERVER.as_str()).arg("--version").status().unwrap(); //~ pedantic: option-injection
}

#[test]
fn the_program_with_a_default() {
    let program = env::var_os("IPERF").unwrap_or_else(|| "iperf3".into());
    Command::new(program).arg("-s").status().unwrap(); //~ pedantic: option-injection
}

#[test]
fn by_a_field() {
    let settings = Settings { host: env::var("HOST").unwrap() };
    Command::new("dig").arg(&settings.host).status().unwrap(); //~ option-injection
}

#[test]
fn of_the_arguments() {
    let host = env::args().nth(1).expect("a host");
    Command::new("traceroute").arg(host).status().unwrap(); //~ option-injection
}

#[test]
fn of_the_arguments_one_by_one() {
    let mut arguments = env::args().skip(1);
    let host = arguments.next().unwrap();
    Command::new("traceroute").arg(&host).status().unwrap(); //~ option-injection
}

#[test]
fn of_a_file() {
    let host = fs::read_to_string("testbed/host.txt").unwrap();
    Command::new("ssh-keyscan").arg(host.trim()).status().unwrap(); //~ option-injection
}

#[test]
fn where_it_is_set() {
    if let Ok(device) = env::var("DEVICE") {
        Command::new("tcpdump").arg("-n").arg("udp").arg(device).status().unwrap(); //~ unbounded-wait, option-injection
    }
}

#[test]
fn by_a_helper() {
    assert!(ping(&env::var("TARGET").unwrap())); //~ option-injection
}

#[test]
fn not_empty_is_no_check_of_it() {
    let host = env::var("HOST").unwrap();
    assert!(!host.is_empty());
    Command::new("ping").arg(&host).status().unwrap(); //~ option-injection
}

#[tokio::test]
async fn asynchronous() -> std::io::Result<()> {
    let Ok(host) = env::var("HOST") else { return Ok(()) };
    tokio::process::Command::new("ping").arg(host).status().await?; //~ option-injection
    Ok(())
}

#[test]
fn by_a_macro() {
    let host = env::var("HOST").unwrap();
    duct::cmd!("ping", host).run().unwrap(); //~ option-injection
}

#[test]
fn at_the_beginning_of_a_text() {
    let host = env::var("HOST").unwrap();
    Command::new("ping").arg(format!("{host}.example.test")).status().unwrap(); //~ option-injection
}
