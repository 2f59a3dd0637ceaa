use std::net::TcpListener;
use std::process::{Child, Command};

struct Processes(Vec<Child>);

impl Processes {
    fn start(&mut self, command: &mut Command) {
        self.0.push(command.spawn().unwrap());
    }
}

fn serves(processes: &mut Processes) {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    let mut command = Command::new("server");
    command.args(["--port", &address.port().to_string()]);
    drop(held);
    processes.start(&mut command);
}

#[test]
fn answers() {
    let mut processes = Processes(Vec::new());
    serves(&mut processes);
    for mut process in processes.0 {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}
