//! Whether a called function belongs to the tests themselves or to the program under test.

use super::{Call, FileFacts, Function};
use crate::tables;
use crate::value::Value;
use crate::words::is_helper_module;

/// First segments of paths that stay in the same crate.
const RELATIVE: &[&str] = &["crate", "self", "super", "Self"];

/// The maximum number of makers from a method's receiver to the call that shows where it comes from.
const MAX_MAKERS: usize = 4;

impl FileFacts {
    /// Returns the function of the file that the call leads to, or may lead to.
    pub(crate) fn defined_here(&self, call: &Call) -> Option<&Function> {
        match call.called.first() {
            Some(function) => self.functions.get(*function),
            None => self.functions.iter().find(|function| call.is_ambiguous() && function.name == call.name),
        }
    }

    /// Whether the called function may be a helper of the tests, in this file or in another one.
    ///
    /// A file whose tests are in a module for tests has the program's own code, too; in every other file with tests,
    /// everything belongs to the tests. A path that names neither another crate nor a part of the program may lead to a
    /// helper.
    pub(crate) fn may_be_of_tests(&self, call: &Call) -> bool {
        let in_program = self.functions[call.function].in_test_module;
        match self.defined_here(call) {
            Some(function) => function.test || !in_program,
            None => self.leads_to_tests(call, in_program, 0),
        }
    }

    fn leads_to_tests(&self, call: &Call, in_program: bool, depth: usize) -> bool {
        if call.path.is_empty() {
            let maker = call.receiver.as_ref().and_then(|receiver| self.maker(receiver));
            // The type that a function of the tests returns may be the program's.
            let is_of_others = |maker: &&Call| self.defined_here(maker).is_none();
            return depth < MAX_MAKERS
                && maker.filter(is_of_others).is_some_and(|maker| self.leads_to_tests(maker, in_program, depth + 1));
        }
        if call.path.split("::").any(is_helper_module) {
            return true;
        }
        let first = call.path.split_once("::").map_or(call.path.as_str(), |(first, _)| first);
        let mut named = self.modules.iter().filter(|module| module.path.last().is_some_and(|name| name == first));
        if in_program {
            return named.any(|module| module.test);
        }
        // `serve` comes by a glob import.
        !call.path.contains("::") || RELATIVE.contains(&first) || named.next().is_some()
    }
}

impl Call {
    /// Whether the call itself sets a limit on the reads of a stream, or lets a stream or a listener not block.
    pub(crate) fn limits_streams(&self) -> bool {
        tables::LIMITS_OF_STREAMS.contains(&self.name.as_str()) && !self.arguments.iter().any(Value::is_no_limit)
    }

    /// Returns the parameters of the enclosing function that decide whether the call sets a limit on the reads of a
    /// stream, directly or through a function of the run; none of them if it certainly does, and `None` if it does not.
    pub(crate) fn limit_of_streams(&self) -> Option<Vec<usize>> {
        let parameters =
            |value: &Value| value.parameters.iter().map(|parameter| parameter.index).collect::<Vec<usize>>();
        if self.limits_streams() {
            return Some(self.arguments.iter().flat_map(parameters).collect());
        }
        if self.effects.as_ref()?.limits_streams {
            return Some(Vec::new());
        }
        let deciding = deciding_limits(self).find(|value| !value.is_no_limit())?;
        Some(parameters(deciding))
    }

    /// Whether the call gets no limit for the reads of a stream, where its function leaves the limit to its caller.
    pub(crate) fn leaves_streams_unlimited(&self) -> bool {
        deciding_limits(self).any(Value::is_no_limit)
    }
}

/// Returns the arguments that the called function takes for the limit of a stream's reads.
fn deciding_limits(call: &Call) -> impl Iterator<Item = &Value> {
    let all = call.receiver.iter().chain(&call.arguments).enumerate();
    let decides = |at: usize| call.effects.as_ref().is_some_and(|effects| effects.of(at).limits_streams);
    all.filter(move |(at, _)| decides(*at)).map(|(_, value)| value)
}
