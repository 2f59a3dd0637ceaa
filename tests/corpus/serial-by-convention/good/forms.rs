//! Tests that run side by side, and texts.

#[test]
fn side_by_side() {
    assert!(server::starts());
}

#[test]
fn hands_the_option_on() {
    assert!(runner::run(["--", "--test-threads=1"]).is_ok());
}

#[test]
fn says_it() {
    assert_eq!(help(), "use --test-threads=1 for less noise");
}

#[test]
fn several() {
    assert_eq!(runner::threads("--test-threads=4"), 4);
}

#[test]
fn another_option() {
    assert!(runner::run(["--threads=1"]).is_ok());
}

#[test]
fn in_a_list() {
    let options = ["--test-threads=1", "--nocapture"];
    assert_eq!(options.len(), 2);
}

#[test]
fn in_a_raw_text() {
    assert!(r#"--test-threads=1"#.starts_with("--"));
}

#[test]
fn nothing_of_it() {
    let threads = 1;
    assert_eq!(threads, 1);
}

// Passes with any number of --test-threads.
#[test]
fn with_any_number() {
    assert!(server::starts());
}

// cargo test -- --test-threads=16 is faster than --test-threads=2.
#[test]
fn with_many() {
    assert!(server::starts());
}

// `--threads=1` belongs to the server.
#[test]
fn of_the_server() {
    assert!(server::starts());
}

// A lock makes them take turns.
#[test]
fn takes_turns() {
    let _turn = TURN.lock().unwrap();
    assert!(server::starts());
}
