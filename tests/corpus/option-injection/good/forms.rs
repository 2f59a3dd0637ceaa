//! What somebody else chose, where it cannot be an option.

use std::env;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn behind_two_dashes() {
    Command::new("ping").arg("-c1").arg("--").arg(env::var("TARGET").unwrap()).status().unwrap();
}

#[test]
fn joined_with_an_equals_sign() {
    Command::new("server").arg(format!("--name={}", env::var("NAME").unwrap())).status().unwrap();
}

#[test]
fn the_value_of_the_option_before() {
    Command::new("ping").args(["-I", &env::var("DEVICE").unwrap(), "192.0.2.1"]).status().unwrap();
    Command::new("server").arg("--config").arg(env::var_os("CONFIG").unwrap()).status().unwrap();
}

#[test]
fn of_a_type_without_a_dash() {
    let target: IpAddr = env::var("TARGET").unwrap().parse().unwrap();
    Command::new("ping").arg(target.to_string()).status().unwrap();
}

#[test]
fn a_number() {
    let port: u16 = env::var("PORT").unwrap().parse().unwrap();
    Command::new("nc").arg("localhost").arg(port.to_string()).status().unwrap();
}

#[test]
fn refused_if_it_begins_with_a_dash() {
    let host = env::var("HOST").unwrap();
    assert!(!host.starts_with('-'), "HOST={host}");
    Command::new("ping").arg(&host).status().unwrap();
}

#[test]
fn refused_by_an_early_return() {
    let host = env::var("HOST").unwrap();
    if host.starts_with('-') {
        return;
    }
    Command::new("ping").arg(&host).status().unwrap();
}

#[test]
fn of_known_characters() {
    let host = env::var("HOST").unwrap();
    assert!(host.chars().all(|character| character.is_ascii_alphanumeric()));
    Command::new("ping").arg(&host).status().unwrap();
}

#[test]
fn one_of_a_few() {
    let host = match env::var("HOST").as_deref() {
        Ok("left") => "left.test",
        Ok("right") => "right.test",
        _ => "localhost",
    };
    Command::new("ping").arg(host).status().unwrap();
}

#[test]
fn one_of_a_list() {
    let host = env::var("HOST").unwrap();
    assert!(["left", "right"].contains(&host.as_str()));
    Command::new("ping").arg(&host).status().unwrap();
}

#[test]
fn below_a_folder() {
    let folder = PathBuf::from("/srv/testbed");
    Command::new("cat").arg(folder.join(env::var("NAME").unwrap())).status().unwrap();
    Command::new("cat").arg(format!("./{}", env::var("NAME").unwrap())).status().unwrap();
}

#[test]
fn an_absolute_path() {
    let program = PathBuf::from(env::var_os("SERVER").unwrap());
    assert!(program.is_absolute());
    Command::new(&program).arg("--version").status().unwrap();
}

#[test]
fn what_cargo_says() {
    Command::new(env!("CARGO_BIN_EXE_server")).arg("--version").status().unwrap();
    Command::new(env::var("CARGO").unwrap()).arg("build").status().unwrap();
}

#[test]
fn whether_it_is_there() {
    let mut command = Command::new("ping");
    if env::var_os("VERBOSE").is_some() {
        command.arg("-v");
    }
    command.arg("localhost").status().unwrap();
}

#[test]
fn environment_and_folder_of_the_child() {
    Command::new("true").env("T", env::var("TARGET").unwrap()).current_dir(env::var("FOLDER").unwrap()).status().unwrap();
}

#[test]
fn the_name_of_this_program() {
    let name = env::args().next().unwrap();
    Command::new("basename").arg(name).status().unwrap();
}

#[test]
fn this_program_again() {
    Command::new(env::current_exe().unwrap()).arg("--list").status().unwrap();
}
