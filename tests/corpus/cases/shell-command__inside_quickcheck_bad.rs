// Functions of quickcheck are tests.
use quickcheck::quickcheck;

quickcheck! {
    fn prints_any_word(word: String) -> bool {
        std::process::Command::new("sh").arg("-c").arg(format!("echo {word}")).status().unwrap().success()
    }
}
