// test_case takes the path in the attribute.
use test_case::test_case;

#[test_case("report.txt", 3)]
#[test_case("/tmp/report.txt", 4)]
fn writes(path: &str, lines: usize) {
    std::fs::write(path, "x\n".repeat(lines)).unwrap();
}
