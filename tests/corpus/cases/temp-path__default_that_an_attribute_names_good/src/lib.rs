#[derive(serde::Deserialize)]
pub struct Settings {
    #[serde(default = "prepared")]
    pub folder: String,
}

fn prepared() -> String {
    std::fs::create_dir_all("/tmp/relay").unwrap();
    "/tmp/relay".to_owned()
}

#[test]
fn has_a_default() {
    assert_eq!(prepared(), "/tmp/relay");
}
