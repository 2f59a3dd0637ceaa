use settings::Profile;

#[test]
fn keeps() {
    let profile = Profile::default();
    profile.save("/tmp/profile").unwrap();
    profile.save_to_file("/tmp/profile").unwrap();
}
