//! # unbounded-env-size
//!
//! Reports a capacity, a stack size, a number of threads, of test cases or of rounds of a loop that comes from an
//! environment variable without an upper bound, and a port that is cut to 16 bits.
//!
//! ## Why is this bad?
//! One digit too many in a variable takes all memory or all threads of the machine, which the test shares with others,
//! and the failure names an allocation and not the variable.
//!
//! ## Bad
//! ```text
//! let clients = std::env::var("CLIENTS").unwrap().parse().unwrap();
//! let mut sockets = Vec::with_capacity(clients);
//! ```
//!
//! ## Good
//! ```text
//! let clients: usize = std::env::var("CLIENTS").unwrap().parse().unwrap();
//! let mut sockets = Vec::with_capacity(clients.clamp(1, 256));
//! static CLIENTS: Setting<u64> = Setting::integer("CLIENTS", "connect at once", 8, 1..=256);   // netns-fixtures
//! ```
//!
//! ## Limits
//! The bound is the configuration's `max-size`, 2^30 by default.
//!
//! ## References
//! CWE-770, CWE-789.

use super::bounds::{Bound, judged, number};
use crate::config::Config;
use crate::facts::{FileFacts, SinkKind};
use crate::rule::Hit;
use crate::value::Origin;

const HELP: &str = "bound it where it is read, `.clamp(1, 256)`, or refuse what is out of range; with netns-fixtures, declare \
                    it as `Setting`, which has a range and a default";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    for sink in facts.sinks.iter().filter(|sink| sink.kind == SinkKind::Size) {
        let Some(value) = sink.values.first() else { continue };
        #[expect(clippy::cast_precision_loss, reason = "a bound of the configuration, compared with an estimate")]
        let high = config.max_size as f64;
        let limit = number(high);
        hits.extend(judged(sink, value, &Bound { high, shown: &number, limit, what: "a size or a count", help: HELP }));
    }
    for sink in facts.sinks.iter().filter(|sink| sink.kind == SinkKind::Port) {
        let Some(value) = sink.values.first().filter(|value| !value.validated) else { continue };
        if let (Some(cut), Some(source)) = (value.cut, value.source(Origin::Environment)) {
            let name = source.name.as_ref().map_or_else(|| "the environment".to_owned(), |name| format!("`{name}`"));
            let message = format!("{name} decides a port, and what does not fit is cut off: 65537 becomes 1");
            let help = "parse it as `u16`, which refuses what is no port, or use `u16::try_from`";
            hits.push(Hit::new(sink.function, source.span, message, help).label(cut, "it is cut here"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_found};

    const FRAME: &str = "use std::{env, thread}; fn f() { {} } const MOST: usize = 64;";
    const RULE: &str = "unbounded-env-size";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"let v: Vec<u8> = Vec::with_capacity(env::var("N").unwrap().parse().unwrap());"#,
                r#"thread::Builder::new().stack_size(env::var("N").unwrap().parse().unwrap());"#,
                r#"let n: usize = env::var("N").unwrap().parse().unwrap(); for _ in 0..n { work(); }"#,
                r#"let n = match env::var("N") { Ok(s) => s.parse().expect("n"), Err(_) => 1024 * if x { 2 } else { 3 } }; pool().stack_size(n).build();"#,
                r#"let n = env::var("N").map(|n| n.parse().expect("n")).unwrap_or(1_000); QuickCheck::new().tests(n);"#,
                r#"let n: usize = env::var("N").unwrap().parse().unwrap(); let v = vec![0u8; n];"#,
                r#"let n: usize = env::var("N").unwrap().parse().unwrap(); let s = "x".repeat(n);"#,
                r#"let n: usize = env::var("N").unwrap().parse().unwrap(); runtime().worker_threads(n);"#,
                r#"let n: usize = env::var("N").unwrap().parse().unwrap(); buffer.resize(n * 2, 0);"#,
                r#"let n: usize = env::var("N").unwrap().parse().unwrap(); let (a, b) = tokio::sync::mpsc::channel(n);"#,
                r#"let n: u64 = env::var("N").unwrap().parse().unwrap(); (0..n).for_each(|_| work());"#,
                r#"let n: u32 = env::var("PORT").unwrap().parse().unwrap(); TcpListener::bind(("127.0.0.1", n as u16));"#,
                r#"let n = env::var("PORT").unwrap().parse::<usize>().unwrap(); SocketAddr::new(host, n as u16);"#,
                r#"let n: u64 = env::var("PORT").unwrap().parse().unwrap(); SocketAddr::from(([127, 0, 0, 1], n as u16));"#,
                r#"fn most() -> usize { env::var("N").unwrap().parse().unwrap() } let v: Vec<u8> = Vec::with_capacity(most());"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"let n: usize = env::var("N").unwrap().parse().unwrap(); let v: Vec<u8> = Vec::with_capacity(n.min(MOST));"#,
                r#"let n: u16 = env::var("N").unwrap().parse().unwrap(); for _ in 0..n { work(); }"#,
                r#"let n: usize = env::var("N").unwrap().parse().unwrap(); assert!(n < 100); for _ in 0..n { work(); }"#,
                r#"let n: usize = env::var("N").unwrap().parse().unwrap(); let n = n.clamp(1, 8); for _ in 0..n { work(); }"#,
                r#"let n = env::var("N").unwrap().parse::<usize>().unwrap() % 16; for _ in 0..n { work(); }"#,
                r#"let n: usize = env::var("N").unwrap().parse().unwrap(); if n > MOST { panic!("too many"); } let v = vec![0u8; n];"#,
                r#"let n = if env::var("N").is_ok() { 1000 } else { 10 }; for _ in 0..n { work(); }"#,
                r#"let n: u8 = env::var("N").unwrap().parse().unwrap(); runtime().worker_threads(n.into());"#,
                r#"let n = env::var("N").unwrap().len(); for _ in 0..n { work(); }"#,
                r#"for word in env::var("N").unwrap().split(',') { work(word); }"#,
                r#"let n: u16 = env::var("PORT").unwrap().parse().unwrap(); TcpListener::bind(("127.0.0.1", n));"#,
                r#"let n: u32 = env::var("PORT").unwrap().parse().unwrap(); assert!(n < 65536); TcpListener::bind(("127.0.0.1", n as u16));"#,
                r#"static CLIENTS: Setting<u64> = Setting::integer("CLIENTS", "at once", 8, 1..=256); for _ in 0..CLIENTS.read().unwrap() { work(); }"#,
                "let v: Vec<u8> = Vec::with_capacity(1 << 20);",
                "for _ in 0..1000 { work(); }",
            ],
        );
    }
}
