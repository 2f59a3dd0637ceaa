#[test]
fn compares() {
    let mut machine = emulator::serve("program");
    machine.run(([0, 0, 0, 0], 8000));
}
