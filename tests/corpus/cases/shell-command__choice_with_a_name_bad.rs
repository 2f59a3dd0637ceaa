// One end of the choice is not constant.
fn show(device: Option<&str>) {
    let what = if let Some(device) = device { format!("dev {device}") } else { "up".to_owned() };
    std::process::Command::new("sh").args(["-c", &format!("ip link show {what} | wc -l")]).status().unwrap();
}

#[test]
fn shows() {
    show(std::env::var("DEVICE").ok().as_deref());
}
