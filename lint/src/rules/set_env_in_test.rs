//! # set-env-in-test
//!
//! Reports `set_var`, `remove_var` and `set_current_dir` in a test.
//!
//! ## Why is this bad?
//! Tests are threads of one process. If one of them sets a value, all others see it, some of them halfway through. If
//! another thread reads the environment at the same moment, the C library reads freed memory.
//!
//! ## Bad
//! ```text
//! #[test]
//! fn uses_the_proxy() { unsafe { std::env::set_var("HTTP_PROXY", &proxy) }; … }
//! ```
//!
//! ## Good
//! ```text
//! Command::new(server).env("HTTP_PROXY", &proxy).spawn()?;
//! Client::with_proxy(&proxy);
//! ```
//!
//! ## Limits
//! Not reported: a function that takes a lock which it has not made itself (or runs under one of `temp_env`, `env_lock` or
//! figment's `Jail`), a helper whose callers in the file all take one, methods of an object that holds one, files that use
//! `#[serial]`, `main`, and tests with their own process (`#[netns_test]`, `rusty_fork_test!`). Pedantic: the only test of a file, and variables that only logs and reports read.
//!
//! ## References
//! std::env::set_var, Safety; setenv(3). Tests that failed by it: rust-lang/rust#58391, dandavison/delta#1681,
//! numtide/treefmt#253.

use std::ops::Range;

use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts};
use crate::lexical::{Lexeme, lexeme};
use crate::rule::Hit;
use crate::tables;
use crate::value::Value;

const HELP: &str = "hand the value to the code under test, or to a child with `Command::env` and `current_dir`; a \
                    `#[netns_test]` runs in a process of its own";

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
    if facts.text.contains("#[serial") || facts.text.contains("::serial") {
        return;
    }
    let forking = forking(facts);
    let tests = facts.functions.iter().filter(|function| function.run_by_harness).count();
    for call in &facts.calls {
        let function = &facts.functions[call.function];
        let changes = tables::PROCESS_STATE.iter().any(|known| tables::ends_with(&call.path, known));
        if !changes
            || forking.iter().any(|macros| macros.contains(&(call.span.start as usize)))
            || function.isolated
            || function.name == "main"
            || takes_turns(facts, call.function)
        {
            continue;
        }
        let is_of_reports = call
            .arguments
            .first()
            .and_then(Value::constant)
            .is_some_and(|name| tables::VARIABLES_OF_REPORTS.contains(&name.as_str()));
        let what = if call.name == "set_current_dir" { "folder" } else { "environment" };
        let message = format!("`{}` changes the {what} of every test in this process", call.name);
        hits.push(Hit::new(call.function, call.span, message, HELP).pedantic(is_of_reports || tests < 2));
    }
}

/// Returns the extents of the macros that run each test in a process of its own.
fn forking(facts: &FileFacts) -> Vec<Range<usize>> {
    let text = facts.text.as_bytes();
    let (mut found, mut start, mut depth, mut at) = (Vec::new(), None, 0_usize, 0);
    if !facts.text.contains(tables::FORKING_TESTS) {
        return found;
    }
    while at < text.len() {
        let (kind, end) = lexeme(text, at);
        match (kind, text[at]) {
            (Lexeme::Word, _) if start.is_none() && facts.text[at..].starts_with(tables::FORKING_TESTS) => {
                (start, depth) = (Some(at), 0);
            }
            (Lexeme::Mark, b'{' | b'(' | b'[') => depth += 1,
            (Lexeme::Mark, b'}' | b')' | b']') => {
                depth = depth.saturating_sub(1);
                found.extend(start.take_if(|_| depth == 0).map(|start| start..end));
            }
            _ => {}
        }
        at = end;
    }
    found
}

/// Whether the call takes a lock that other tests can take too, or runs a closure under the lock of a crate. `file.write(text)`
/// and `stdout().lock()` take none, and nobody shares a lock that the function made for itself.
fn is_lock(facts: &FileFacts, id: CallId, call: &Call) -> bool {
    let name = call.name.as_str();
    let is_stream = || {
        let maker = call.receiver.as_ref().and_then(|receiver| facts.maker(receiver));
        maker.is_some_and(|maker| tables::STANDARD_STREAMS.contains(&maker.name.as_str()))
    };
    let runs_locked = |known: &str| {
        let by_glob = |(module, name): (&str, &str)| call.path == name && facts.globs.contains(module);
        tables::ends_with(&call.path, known) || known.rsplit_once("::").is_some_and(by_glob)
    };
    tables::RUNNING_LOCKED.iter().any(|known| runs_locked(known))
        || tables::TAKING_TURNS.contains(&name)
            && call.receiver.is_some()
            && call.arguments.is_empty()
            && !facts.own_locks.contains(&id)
            && !is_stream()
}

/// Whether the function holds a lock, which may serialize it with the others, is a method of an object that holds one,
/// or each caller in the file holds one.
fn takes_turns(facts: &FileFacts, function: usize) -> bool {
    let own = |function: usize| facts.calls.iter().enumerate().filter(move |(_, other)| other.function == function);
    let locks_itself = |function: usize| own(function).any(|(id, other)| is_lock(facts, id, other));
    // A function of the file that locks returns the guard, or runs a closure while it holds the lock.
    let locks_for = |other: &Call| {
        let runs = || other.arguments.iter().any(|argument| argument.body.is_some());
        let may_guard = |function: &usize| runs() || facts.functions[*function].returns.is_some();
        other.called.iter().any(|function| may_guard(function) && locks_itself(*function))
    };
    let locks = |function: usize| own(function).any(|(id, other)| is_lock(facts, id, other) || locks_for(other));
    let called = &facts.functions[function];
    let is_it = |other: &&Call| other.of_run && other.name == called.name && other.function != function;
    let mut callers = facts.calls.iter().filter(is_it).peekable();
    let by_callers = !called.run_by_harness && callers.peek().is_some() && callers.all(|other| locks(other.function));
    let holder = called.item.rsplit_once("::").map(|(holder, _)| holder);
    let by_itself = holder.is_some_and(|holder| facts.lock_holders.contains(holder));
    locks(function) || by_callers || by_itself
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{each_clean, each_found};

    const FRAME: &str = "use std::sync::{Arc, Mutex, RwLock}; static LOCK: Mutex<()> = Mutex::new(()); #[test] fn other() { } \
                         #[test] fn f() { {} }";
    const RULE: &str = "set-env-in-test";

    #[test]
    fn a_lock_of_the_function_serializes_nothing() {
        each_found(
            RULE,
            FRAME,
            &[
                "let lock = Mutex::new(()); let _turn = lock.lock().unwrap(); unsafe { std::env::set_var(\"A\", \"1\") };",
                "let all = Arc::new(RwLock::new(Vec::new())); all.write().unwrap().push(1); unsafe { std::env::set_var(\"A\", \"1\") };",
                "let all = Arc::new(Mutex::new(0)); let same = Arc::clone(&all); *same.lock().unwrap() += 1; unsafe { std::env::set_var(\"A\", \"1\") };",
                "machine().with_var(\"A\", \"1\"); unsafe { std::env::set_var(\"A\", \"1\") };",
                "pool().scoped(|| work()); unsafe { std::env::set_var(\"A\", \"1\") };",
            ],
        );
        each_clean(
            RULE,
            FRAME,
            &[
                "let _turn = LOCK.lock().unwrap(); unsafe { std::env::set_var(\"A\", \"1\") };",
                "let lock = &LOCK; let _turn = lock.lock().unwrap(); unsafe { std::env::set_var(\"A\", \"1\") };",
                "let lock = common::lock(); let _turn = lock.lock().unwrap(); unsafe { std::env::set_var(\"A\", \"1\") };",
                "let all = Mutex::new(0); let _turn = LOCK.lock().unwrap(); *all.lock().unwrap() += 1; unsafe { std::env::set_var(\"A\", \"1\") };",
                "static OWN: Mutex<()> = Mutex::new(()); let _turn = OWN.lock().unwrap(); unsafe { std::env::set_var(\"A\", \"1\") };",
                "temp_env::with_var(\"A\", Some(\"1\"), || unsafe { std::env::set_var(\"B\", \"1\") });",
                "rocket::figment::Jail::expect_with(|_| { unsafe { std::env::set_var(\"B\", \"1\") }; Ok(()) });",
                "use temp_env::with_vars; with_vars([(\"A\", Some(\"1\"))], || unsafe { std::env::set_var(\"B\", \"1\") });",
            ],
        );
        each_clean(
            RULE,
            "use temp_env::*; #[test] fn other() { } #[test] fn f() { {} }",
            &["with_var(\"A\", Some(\"1\"), || unsafe { std::env::set_var(\"B\", \"1\") });"],
        );
    }
}
