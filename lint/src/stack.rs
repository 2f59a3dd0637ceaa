//! The stack of the threads that parse and evaluate.

use crate::error::Error;

/// The stack size of a worker. The parser and the evaluation recurse; the pages are committed only as deep as a file
/// nests.
pub(crate) const STACK_BYTES: usize = 256 * 1024 * 1024;

/// Runs `work` on a thread with the stack size of a worker, so that the parser can recurse.
pub(crate) fn with_worker_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Error> {
    let died = |reason: String| Error::Worker { reason };
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        let worker = worker.map_err(|error| died(error.to_string()))?;
        worker.join().map_err(|_| died("it panicked".to_owned()))
    })
}
