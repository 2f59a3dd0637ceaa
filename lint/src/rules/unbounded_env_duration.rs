//! # unbounded-env-duration
//!
//! Reports a wait, a timeout, a deadline or an interval that comes from an environment variable without an upper
//! bound, and one that polls in a loop and may be zero.
//!
//! ## Why is this bad?
//! A typing mistake, or a variable that was set for another program, makes a test wait for years, and its runner too:
//! denial of service by configuration. `parse::<u64>()` accepts 18,446,744,073,709,551,615 seconds. A poll interval of
//! zero burns a core instead.
//!
//! ## Bad
//! ```text
//! let seconds = std::env::var("READ_TIMEOUT").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
//! stream.set_read_timeout(Some(Duration::from_secs(seconds)))?;
//! ```
//!
//! ## Good
//! ```text
//! let seconds: u64 = std::env::var("READ_TIMEOUT").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
//! stream.set_read_timeout(Some(Duration::from_secs(seconds.clamp(1, 60))))?;
//! // netns-fixtures: a setting has a range, a unit and a default, and `READ_TIMEOUT.read()?` says so when it is out of range
//! static READ_TIMEOUT: Setting<Duration> =
//!     Setting::duration("READ_TIMEOUT", "how long a reply may take", Unit::Seconds, FIVE, ONE..=SIXTY);
//! ```
//!
//! ## Fix
//! `.min(Duration::from_secs(…))` with the longest allowed wait, after the constructor of `std`'s `Duration`, if the
//! environment's value reaches it in the same function. Choose a smaller bound, or an error, yourself.
//!
//! ## Limits
//! The bound is the configuration's `max-duration`, ten minutes by default. A check in a function of another crate is
//! not detected. A time counts where a call receives it or a deadline is computed from it, not where it is constructed,
//! printed or compared.
//!
//! ## References
//! CWE-400, CWE-1284.

use std::time::Duration;

use super::bounds::{Bound, judged, number};
use crate::config::Config;
use crate::facts::{FileFacts, Rounds, Sink, SinkKind};
use crate::rule::{Hit, Proposal};
use crate::tables;

const HELP: &str = "bound it where it is read, `.clamp(1, 60)`, or refuse what is out of range; with netns-fixtures, declare \
                    it as `Setting<Duration>`, which has a range, a unit and a default";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, config: &Config, hits: &mut Vec<Hit>) {
    let longest = config.max_duration.as_secs_f64();
    for sink in facts.sinks.iter().filter(|sink| sink.kind == SinkKind::Duration) {
        let Some(value) = sink.values.first() else { continue };
        // A plain number is in milliseconds or a larger unit.
        let bound = if value.duration { longest } else { longest * 1000.0 };
        let shown = |high: f64| match high {
            high if value.duration => time(high),
            high if high.is_finite() => format!("for {} milliseconds or more", number(high)),
            _ => "for any time".to_owned(),
        };
        let limit = time(longest).trim_start_matches("for ").to_owned();
        let hit = judged(sink, value, &Bound { high: bound, shown: &shown, limit, what: "wait", help: HELP });
        hits.extend(hit.map(|hit| hit.fix(capped(facts, sink, config.max_duration))));
    }
    for call in &facts.calls {
        let polls = ["sleep", "interval", "park_timeout"].contains(&call.name.as_str());
        let Some(value) = call.arguments.first().filter(|value| value.duration) else { continue };
        let spins = value.bounds.low <= 0.0 && value.bounds.high <= longest && !value.validated;
        if polls
            && spins
            && (call.surroundings.rounds == Rounds::Many || call.name == "interval")
            && let Some(source) = value.source(crate::value::Origin::Environment)
        {
            let name = source.name.as_ref().map_or_else(|| "the environment".to_owned(), |name| format!("`{name}`"));
            let message = format!("{name} may make this loop poll without a pause: its least value is zero");
            let hit = Hit::new(
                call.function,
                source.span,
                message,
                "raise the lower bound, `.max(1)`, or use `.clamp(1, …)`",
            );
            hits.push(hit.label(call.span, "the pause of the loop"));
        }
    }
}

/// Proposes `.min(…)` after the constructor, because a `Duration` can be compared regardless of the inferred number
/// type.
fn capped(facts: &FileFacts, sink: &Sink, longest: Duration) -> Option<Proposal> {
    let value = sink.values.first().filter(|_| sink.through.is_none())?;
    let call = &facts.calls[value.call?];
    // A product refers to the constructor's call, but is a different expression.
    if value.span != call.span {
        return None;
    }
    let is_std = tables::DURATION_FUNCTIONS.iter().any(|known| call.path.starts_with(known));
    // The initializer of a constant can only call `const` methods.
    let in_code = !facts.functions[call.function].name.is_empty() || call.surroundings.closure;
    let (holder, _) = facts.written(call.span).split_once(&format!("::{}(", call.name))?;
    // `.map(Duration::from_secs)` is not a call that starts with the path.
    let is_path = holder.chars().all(|character| character.is_alphanumeric() || "_:".contains(character));
    if !is_std || !in_code || !is_path || longest.subsec_nanos() != 0 {
        return None;
    }
    let text = format!(".min({holder}::from_secs({}))", longest.as_secs());
    Some(Proposal::insert("limit it to the longest wait that is allowed", call.span.end, text))
}

/// Formats a time for people.
fn time(seconds: f64) -> String {
    const YEAR: f64 = 365.25 * 86_400.0;
    let (count, unit) = match seconds {
        s if !s.is_finite() => return "without end".to_owned(),
        s if s >= YEAR => (s / YEAR, "year"),
        s if s >= 86_400.0 => (s / 86_400.0, "day"),
        s if s >= 3_600.0 => (s / 3_600.0, "hour"),
        s if s >= 60.0 => (s / 60.0, "minute"),
        s => (s, "second"),
    };
    let plural = if count.round() > 1.0 { "s" } else { "" };
    format!("for {count:.0} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_fixed, each_found, each_without_fix, found};

    const FRAME: &str = "use std::{env, time::Duration, thread}; fn f() { {} } const LONGEST: u64 = 60;";
    const RULE: &str = "unbounded-env-duration";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                r#"let d = Duration::from_secs(env::var("T").unwrap().parse().unwrap()); thread::sleep(d);"#,
                r#"let n: u64 = env::var("T").unwrap().parse().unwrap(); thread::sleep(Duration::from_millis(n));"#,
                r#"let n = env::var("T").ok().and_then(|s| s.parse().ok()).unwrap_or(5); thread::sleep(Duration::from_secs(n));"#,
                r#"let mut n = 1; if let Ok(s) = env::var("T") { n = s.parse().unwrap(); } stream.set_read_timeout(Some(Duration::from_secs(n)));"#,
                r#"let n = match env::var("T") { Ok(s) => s.parse().unwrap(), Err(_) => 5 }; thread::sleep(Duration::from_secs(n));"#,
                r#"let Ok(s) = env::var("T") else { return }; thread::sleep(Duration::from_secs(s.parse::<u32>().unwrap() as u64));"#,
                r#"let n: u64 = env::var("T").unwrap().parse().unwrap(); receiver.recv_timeout(Duration::from_secs(n.max(1)));"#,
                r#"let n: u16 = env::var("T").unwrap().parse().unwrap(); let end = std::time::Instant::now() + Duration::from_secs(n as u64 * 60);"#,
                r#"const NAME: &str = "T"; let n = env::var(NAME).unwrap().parse().unwrap(); thread::sleep(Duration::from_secs_f64(n));"#,
                r#"let d = env::var("T").map(|s| Duration::from_secs(s.parse().unwrap())).unwrap_or(Duration::from_secs(1)); thread::sleep(d);"#,
                r#"let d = env::var("T").unwrap().parse().map(Duration::from_secs).unwrap(); thread::sleep(d);"#,
                r#"let ms: u64 = env::var("T").unwrap().parse().unwrap(); if ms == 0 { panic!() } thread::sleep(Duration::from_millis(ms));"#,
                r#"let d = humantime::parse_duration(&env::var("T").unwrap()).unwrap();"#,
                r#"fn wait(d: Duration) { thread::sleep(d * 2); } wait(Duration::from_secs(env::var("T").unwrap().parse().unwrap()));"#,
                r#"let n: u8 = env::var("T").unwrap().parse().unwrap(); loop { thread::sleep(Duration::from_millis(n.into())); }"#,
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                r#"let n: u64 = env::var("T").unwrap().parse().unwrap(); Duration::from_secs(n.clamp(1, 60));"#,
                r#"let n: u64 = env::var("T").unwrap().parse().unwrap(); Duration::from_secs(n.min(LONGEST));"#,
                r#"let n = env::var("T").unwrap().parse::<u8>().unwrap(); Duration::from_secs(n.into());"#,
                r#"let n: u16 = env::var("T").unwrap().parse().unwrap(); Duration::from_millis(n as u64);"#,
                r#"let n: u64 = env::var("T").unwrap().parse().unwrap(); assert!(n <= 60); Duration::from_secs(n);"#,
                r#"let n: u64 = env::var("T").unwrap().parse().unwrap(); if n > 60 { return; } Duration::from_secs(n);"#,
                r#"let n: u64 = env::var("T").unwrap().parse().unwrap(); if (1..=60).contains(&n) { Duration::from_secs(n); }"#,
                r#"let n = match env::var("T").unwrap().parse::<u64>() { Ok(n @ 1..=60) => n, _ => 5 }; Duration::from_secs(n);"#,
                r#"let n = env::var("T").ok().and_then(|s| s.parse::<u64>().ok()).filter(|n| *n < 100).unwrap_or(5); Duration::from_secs(n);"#,
                r#"let d = Duration::from_secs(env::var("T").unwrap().parse().unwrap()).min(Duration::from_secs(60));"#,
                r#"let slow = env::var("CI").is_ok(); let d = if slow { Duration::from_secs(60) } else { Duration::from_secs(5) };"#,
                r#"let n = match env::var("T").as_deref() { Ok("long") => 60, _ => 5 }; Duration::from_secs(n);"#,
                r#"let n: u64 = env::var("CARGO_PKG_VERSION_MAJOR").unwrap().parse().unwrap(); Duration::from_secs(n);"#,
                r#"static PATIENCE: Setting<Duration> = Setting::duration("T", "how long", Unit::Seconds, FIVE, ONE..=SIXTY); thread::sleep(PATIENCE.read().unwrap());"#,
                "let d = Duration::from_secs(5);",
                r#"println!("{:?}", Duration::from_secs(env::var("T").unwrap().parse().unwrap()));"#,
                r#"let d = Duration::from_secs(env::var("T").unwrap().parse().unwrap()); assert!(d > Duration::from_secs(1));"#,
                r#"fn short(d: Duration) -> Duration { d.min(Duration::from_secs(60)) } thread::sleep(short(Duration::from_secs(env::var("T").unwrap().parse().unwrap())));"#,
            ],
        );
    }

    #[test]
    fn the_message_says_how_long_and_the_place_is_where_it_is_read() {
        let code = "fn f() {\n let n: u64 = std::env::var(\"T\").unwrap().parse().unwrap();\n\n std::thread::sleep(std::time::Duration::from_secs(n));\n}";
        let findings = found(RULE, code);
        assert_eq!(findings[0].location.start.line, 2);
        assert_eq!(findings[0].labels[0].location.start.line, 4);
        assert!(findings[0].message.contains("584542046091 years"), "{}", findings[0].message);
        assert!(findings[0].message.contains("`T`"), "{}", findings[0].message);
    }

    #[test]
    fn a_helper_that_reads_the_variable_is_followed() {
        let code = r#"
            fn patience() -> u64 { std::env::var("T").unwrap().parse().unwrap() }
            fn wait(seconds: u64) { std::thread::sleep(std::time::Duration::from_secs(seconds)); }
            fn a() { wait(patience()); }
            fn b() { wait(5); }
        "#;
        assert_eq!(found(RULE, code).len(), 1);
    }

    #[test]
    fn fixed() {
        each_fixed(
            RULE,
            FRAME,
            &[
                (
                    r#"thread::sleep(Duration::from_millis(env::var("T").unwrap().parse().unwrap()));"#,
                    r#"thread::sleep(Duration::from_millis(env::var("T").unwrap().parse().unwrap()).min(Duration::from_secs(600)));"#,
                ),
                (
                    r#"let n: f64 = env::var("T").unwrap().parse().unwrap(); thread::sleep(std::time::Duration::from_secs_f64(n));"#,
                    r#"let n: f64 = env::var("T").unwrap().parse().unwrap(); thread::sleep(std::time::Duration::from_secs_f64(n).min(std::time::Duration::from_secs(600)));"#,
                ),
            ],
        );
        each_without_fix(
            RULE,
            FRAME,
            &[
                r#"let d = env::var("T").ok().and_then(|t| t.parse().ok()).map(Duration::from_secs); thread::sleep(d.unwrap());"#,
                r#"thread::sleep(other::Duration::from_secs(env::var("T").unwrap().parse().unwrap()));"#,
                r#"let n: u64 = env::var("T").unwrap().parse().unwrap(); wait_timeout(n);"#,
                r#"fn wait(n: u64) { thread::sleep(Duration::from_secs(n)); } wait(env::var("T").unwrap().parse().unwrap());"#,
            ],
        );
    }
}
