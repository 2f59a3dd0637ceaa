//! Determines how and on which thread a call runs a closure, an async block or a function.

use crate::facts::{CallId, FileFacts};
use crate::ir::BodyKind;
use crate::tables;

/// How a call uses the closure or future that it receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    /// Runs it on the calling thread, or stores it; a panic propagates to the caller.
    Here,
    /// Runs it on the calling thread and catches a panic.
    Caught,
    /// Runs it on a dedicated thread or process, which ends with it.
    Alone,
    /// Runs it on a pool thread.
    Pool,
    /// Runs it on the thread of its first use.
    Lazy,
    /// Runs it with a timeout, or races it against others.
    Limited,
    /// The function is unknown.
    Unknown,
}

impl Runner {
    /// Whether another thread runs it.
    pub(crate) fn is_elsewhere(self) -> bool {
        matches!(self, Self::Alone | Self::Pool)
    }
}

/// Returns how the call `id` uses its argument at that index, not counting the receiver.
pub(crate) fn runner(facts: &FileFacts, id: CallId, argument: usize) -> Runner {
    let call = &facts.calls[id];
    let full = if call.path.is_empty() { &call.name } else { &call.path };
    let known = |list: &[&str]| list.iter().any(|known| tables::ends_with(full, known));
    let kind = call.arguments.get(argument).and_then(|value| value.body).map(|body| facts.bodies[body].kind);
    if let Some(effects) = &call.effects {
        let fate = effects.of(argument + usize::from(call.receiver.is_some()));
        return match fate {
            _ if fate.alone => Runner::Alone,
            _ if fate.limited => Runner::Limited,
            _ => Runner::Here,
        };
    }
    if known(tables::CATCHERS) {
        return Runner::Caught;
    }
    if tables::is_lazy(full) {
        return Runner::Lazy;
    }
    if known(tables::POOL_CALLS) {
        return Runner::Pool;
    }
    if known(tables::OWN_THREAD) {
        let maker = call.receiver.as_ref().and_then(|receiver| receiver.call).map(|before| &facts.calls[before]);
        let maker = maker.map_or("", |maker| &facts.calls[maker.root].path);
        let of_pool = tables::THREAD_POOLS.iter().any(|pool| call.path.starts_with(pool) || maker.starts_with(pool));
        return if of_pool || kind == Some(BodyKind::Async) { Runner::Pool } else { Runner::Alone };
    }
    if call.is_limit() || call.is_race() {
        return Runner::Limited;
    }
    if kind == Some(BodyKind::Closure) && tables::THREAD_POOLS.iter().any(|pool| call.path.starts_with(pool)) {
        return Runner::Pool;
    }
    let first = call.path.split("::").next().unwrap_or_default();
    let is_known = call.path.is_empty() || call.path.ends_with('!') || tables::RUN_HERE.contains(&first);
    if is_known { Runner::Here } else { Runner::Unknown }
}
