//! # namespace-on-shared-thread
//!
//! Reports `setns` and `unshare` on a thread that others use: a test's own thread without a guard that restores the
//! namespace, an async function, a lazy static.
//!
//! ## Why is this bad?
//! Namespaces belong to threads. The harness runs the next test on the same thread, which is then in an empty network.
//! In an async function, the code after the next `.await` may run on a thread that never entered the namespace, and
//! another task may run inside.
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
//! A guard is a type whose `Drop` calls `setns`; guards of other crates are not recognised.
//!
//! ## References
//! setns(2), unshare(2), namespaces(7).

use crate::config::Config;
use crate::facts::{Call, FileFacts};
use crate::finding::Confidence;
use crate::flow::{Flow, Thread};
use crate::rule::Hit;
use crate::tables;

/// Finds the hazard in one file.
pub(crate) fn check(facts: &FileFacts, _config: &Config, hits: &mut Vec<Hit>) {
    let enters: Vec<usize> = (0..facts.calls.len()).filter(|id| Flow::enters(facts, *id)).collect();
    if enters.is_empty() {
        return;
    }
    let flow = Flow::new(facts);
    for id in &enters {
        let call = &facts.calls[*id];
        let function = &facts.functions[call.function];
        if function.isolated || function.name == "drop" {
            continue;
        }
        let (what, confidence) = match flow.thread(*id) {
            Thread::Own | Thread::Unknown => continue,
            Thread::First => ("whichever thread comes first enters it, and no other", Confidence::High),
            Thread::Pool if call.surroundings.asynchronous => (
                "after the next `.await` the task may be on another thread, and another task on this one",
                Confidence::High,
            ),
            Thread::Pool => ("the thread of the pool goes on to other work in that namespace", Confidence::High),
            Thread::Shared if is_guarded(facts, call, &enters) => continue,
            Thread::Shared => ("the thread goes on to other tests in that namespace", Confidence::Medium),
        };
        let message = format!("`{}` changes the namespace of a shared thread: {what}", call.name);
        let help = "do it on a thread that ends with it (`std::thread::spawn`), or let `#[netns_test]` run the whole test inside";
        hits.push(Hit::new(call.function, call.span, message, help).confidence(confidence));
    }
}

/// Whether the enclosing type has a `Drop` that returns to the old namespace, or the function creates a value of such a
/// type.
fn is_guarded(facts: &FileFacts, call: &Call, enters: &[usize]) -> bool {
    let function = &facts.functions[call.function];
    let holder = |item: &str| item.rsplit_once("::").map(|(holder, _)| holder.to_owned());
    let own = holder(&function.item);
    let made = function.returns.as_ref().and_then(|value| value.path.as_deref());
    let in_drop = enters.iter().map(|id| &facts.functions[facts.calls[*id].function]);
    in_drop.filter(|function| function.name == "drop").filter_map(|function| holder(&function.item)).any(|guard| {
        let name = guard.rsplit("::").next().unwrap_or(&guard);
        Some(&guard) == own.as_ref() || made.is_some_and(|path| tables::ends_with(path, name))
    })
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
