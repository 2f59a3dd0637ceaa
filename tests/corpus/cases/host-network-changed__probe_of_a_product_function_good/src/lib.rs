pub fn has_devices() -> bool {
    std::fs::File::open("/dev/net/tun").is_ok() || std::path::Path::new("/dev/net/tun").exists()
}
