//! # namespace-on-shared-thread
//!
//! Reports `setns` and `unshare` on a thread that others use: a test's own thread without a guard that goes back, an
//! async function, a lazy static.
//!
//! ## Why is this bad?
//! Namespaces belong to threads. The harness runs the next test on the same thread, which is then in a network that
//! has nothing; in an async function the next `.await` may go on on a thread that never entered, and another task
//! finds itself inside.
//!
//! ## Bad
//! ```text
//! #[tokio::test]
//! async fn answers() {
//!     setns(&namespace, CloneFlags::CLONE_NEWNET)?;
//!     client().await?;
//! }
//! ```
//!
//! ## Good
//! ```text
//! std::thread::spawn(move || { setns(&namespace, CloneFlags::CLONE_NEWNET)?; serve() }).join()?;
//! #[netns_test] async fn answers(…) { client().await?; }      // netns-fixtures: the test is inside from the start
//! ```
//!
//! ## Limits
//! A guard is known by a `Drop` of its type that calls `setns`; one that another crate defines is not.
//!
//! ## References
//! setns(2), unshare(2), namespaces(7).

use crate::config::Config;
use crate::facts::{Call, CallId, FileFacts, Function};
use crate::finding::{Confidence, Severity};
use crate::rule::{Hit, Rule};
use crate::tables;

/// See the documentation of the module.
pub(crate) struct NamespaceOnSharedThread;

impl Rule for NamespaceOnSharedThread {
    fn name(&self) -> &'static str {
        "namespace-on-shared-thread"
    }

    fn severity(&self) -> Severity {
        Severity::Error
    }

    fn check(&self, facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
        for (id, call) in facts.calls.iter().enumerate().filter(|(_, call)| enters(call) || enters_by_method(facts, call)) {
            let function = &facts.functions[call.function];
            if function.isolated || function.name == "drop" || on_own_thread(facts, id) {
                continue;
            }
            let (what, confidence) = if call.function < 2 || facts.enclosed_by(id, tables::is_lazy) {
                ("whichever thread comes first enters it, and no other", Confidence::High)
            } else if call.surroundings.asynchronous {
                ("after the next `.await` the task may be on another thread, and another task on this one", Confidence::High)
            } else if is_guarded(facts, call) || forks(facts, call) || function.name == "main" || called_on_own_threads(facts, call) {
                continue;
            } else {
                ("the thread goes on to other tests in that namespace", Confidence::Medium)
            };
            let message = format!("`{}` changes the namespace of a shared thread: {what}", call.name);
            let help = "do it on a thread that ends with it (`std::thread::spawn`), or let `#[netns_test]` run the whole test inside";
            hits.push(Hit::new(call.function, call.span, message, help).confidence(confidence));
        }
    }
}

fn enters(call: &Call) -> bool {
    if call.path.is_empty() {
        return false;
    }
    let known = |list: &[&str]| list.iter().any(|known| tables::ends_with(&call.path, known));
    known(tables::NAMESPACE_CALLS) && !call.arguments.is_empty()
}

/// `enter` and `run` of netns-rs: `run` goes back at its end, but not when its closure panics.
fn enters_by_method(facts: &FileFacts, call: &Call) -> bool {
    let Some(before) = call.receiver.as_ref().and_then(|receiver| receiver.call).filter(|_| call.path.is_empty()) else {
        return false;
    };
    let maker = &facts.calls[facts.calls[before].root].path;
    let known = tables::NAMESPACE_METHODS.iter().find(|(method, _)| *method == call.name);
    known.is_some_and(|(_, makers)| makers.iter().any(|known| tables::ends_with(maker, known)))
}

/// Whether the call stands in what a new thread or a child runs.
fn on_own_thread(facts: &FileFacts, id: CallId) -> bool {
    let known = if facts.calls[id].surroundings.asynchronous { tables::OWN_THREAD_IN_ASYNC } else { tables::OWN_THREAD };
    let elsewhere = |name: &str| {
        let last = name.rsplit("::").next().unwrap_or(name);
        let of_pool = tables::THREAD_POOLS.iter().any(|pool| name.starts_with(pool));
        (!of_pool && known.iter().any(|known| tables::ends_with(name, known)))
            || tables::CHILD_WORDS.iter().any(|word| last.split('_').any(|part| part == *word))
    };
    facts.enclosed_by(id, elsewhere)
}

/// Whether the type around has a `Drop` that goes back, or the function makes a value of such a type.
fn is_guarded(facts: &FileFacts, call: &Call) -> bool {
    let guards = facts.calls.iter().filter(|other| enters(other) && facts.functions[other.function].name == "drop");
    let own = facts.functions[call.function].item.rsplit_once("::").map(|(holder, _)| holder);
    let mut guards = guards.filter_map(|other| facts.functions[other.function].item.rsplit_once("::")).map(|(holder, _)| holder);
    guards.any(|guard| {
        let name = guard.rsplit("::").next().unwrap_or(guard);
        Some(guard) == own
            || facts.functions[call.function]
                .returns
                .as_ref()
                .and_then(|value| value.path.as_deref())
                .is_some_and(|path| tables::ends_with(path, name))
    })
}

fn forks(facts: &FileFacts, call: &Call) -> bool {
    let in_function = |other: &&Call| other.function == call.function;
    let is_fork = |other: &Call| tables::FORKS.iter().any(|known| tables::ends_with(&other.path, known));
    facts.calls.iter().filter(in_function).any(is_fork)
}

/// Whether the function is only called in what new threads or children run.
fn called_on_own_threads(facts: &FileFacts, call: &Call) -> bool {
    let Function { name, item, .. } = &facts.functions[call.function];
    let holder = item.rsplit("::").nth(1);
    let is_method = holder.is_some_and(|holder| holder.starts_with(|first: char| first.is_uppercase()));
    // Many methods are called `enter`, a function of this name is called by its path.
    let is_it = |other: &Call| other.name == *name && !name.is_empty() && (is_method || !other.path.is_empty());
    let mut calls = facts.calls.iter().enumerate().filter(|(_, other)| is_it(other)).peekable();
    calls.peek().is_some() && calls.all(|(id, _)| on_own_thread(facts, id))
}

#[cfg(test)]
mod tests {
    use crate::rules::testing::{clean, each_clean, each_found};

    const FRAME: &str = "use nix::sched::{setns, unshare, CloneFlags}; {}";
    const RULE: &str = "namespace-on-shared-thread";

    #[test]
    fn bad() {
        each_found(
            RULE,
            FRAME,
            &[
                "#[test] fn f() { setns(fd, CloneFlags::CLONE_NEWNET).unwrap(); work(); }",
                "#[test] fn f() { unshare(CloneFlags::CLONE_NEWNET).unwrap(); }",
                "#[tokio::test] async fn f() { setns(fd, CloneFlags::CLONE_NEWNET).unwrap(); work().await; }",
                "async fn enter() { nix::sched::setns(fd, CloneFlags::CLONE_NEWNET).unwrap(); }",
                "#[test] fn f() { unsafe { libc::setns(fd, libc::CLONE_NEWNET) }; }",
                "#[test] fn f() { unsafe { libc::unshare(libc::CLONE_NEWNET) }; }",
                "#[test] fn f() { rustix::thread::unshare(flags).unwrap(); }",
                "#[test] fn f() { rustix::thread::move_into_link_name_space(fd, None).unwrap(); }",
                "fn setup() { unshare(CloneFlags::CLONE_NEWUSER).unwrap(); } #[test] fn f() { setup(); }",
                r#"#[test] fn f() { let ns = NetNs::new("x").unwrap(); ns.enter().unwrap(); work(); }"#,
                r#"#[test] fn f() { netns_rs::NetNs::get("x").unwrap().run(|_| work()).unwrap(); }"#,
                "static NS: LazyLock<()> = LazyLock::new(|| unshare(CloneFlags::CLONE_NEWNET).unwrap());",
                "#[test] fn f() { runtime.block_on(async { setns(fd, CloneFlags::CLONE_NEWNET).unwrap(); }); }",
                "#[test] fn f() { tokio::spawn(async move { setns(fd, CloneFlags::CLONE_NEWNET).unwrap(); work().await; }); }",
                "struct G; impl G { async fn new() -> Self { setns(fd, CloneFlags::CLONE_NEWNET).unwrap(); Self } } impl Drop for G { fn drop(&mut self) { setns(old, CloneFlags::CLONE_NEWNET).unwrap(); } }",
            ],
        );
    }

    #[test]
    fn good() {
        each_clean(
            RULE,
            FRAME,
            &[
                "#[test] fn f() { std::thread::spawn(move || { setns(fd, CloneFlags::CLONE_NEWNET).unwrap(); }).join().unwrap(); }",
                "#[test] fn f() { std::thread::scope(|s| { s.spawn(|| unshare(CloneFlags::CLONE_NEWNET).unwrap()); }); }",
                "#[test] fn f() { std::thread::Builder::new().spawn(|| unshare(CloneFlags::CLONE_NEWNET).unwrap()).unwrap(); }",
                "#[test] fn f() { match unsafe { fork() } { Child => unshare(CloneFlags::CLONE_NEWNET).unwrap(), _ => {} } }",
                "#[test] fn f() { unsafe { command.pre_exec(|| { unshare(CloneFlags::CLONE_NEWNET).unwrap(); Ok(()) }) }; }",
                "struct G; impl G { fn new() -> Self { setns(fd, CloneFlags::CLONE_NEWNET).unwrap(); Self } } impl Drop for G { fn drop(&mut self) { setns(old, CloneFlags::CLONE_NEWNET).unwrap(); } }",
                "#[netns_test] fn f() { unshare(CloneFlags::CLONE_NEWNET).unwrap(); }",
                "fn main() { unshare(CloneFlags::CLONE_NEWNET).unwrap(); serve(); }",
                "fn enter() { unshare(CloneFlags::CLONE_NEWNET).unwrap(); } #[test] fn f() { std::thread::spawn(|| enter()).join().unwrap(); }",
                r#"#[test] fn f() { std::thread::spawn(|| { let ns = NetNs::new("x").unwrap(); ns.enter().unwrap(); work(); }).join().unwrap(); }"#,
                "#[test] fn f() { let span = tracing::span(); span.enter(); pool.run(|_| work()); }",
                "#[test] fn f() { list.unshare(1); }",
                "#[test] fn f() { assert!(flags.contains(CloneFlags::CLONE_NEWNET)); }",
                "fn unshare(x: u8) {} fn main() { work(); }",
            ],
        );
        clean(RULE, "use my::unshare; #[test] fn f() { unshare_all(1); }");
    }
}
