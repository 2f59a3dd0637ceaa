//! What a test writes into files: `fs::write`, and `write_all` and `write!` on a file that it has made itself.

use super::lower::Lower;
use super::{CallId, Sink, SinkKind};
use crate::tables;
use crate::value::Value;

impl Lower<'_> {
    /// Adds a sink if the call just recorded gives a file its content.
    pub(super) fn written(&mut self, id: CallId) {
        let call = &self.facts.calls[id];
        let (path, content) = if tables::ends_with(&call.path, "fs::write") {
            (call.arguments.first().cloned(), call.arguments.get(1).cloned())
        } else if call.path.is_empty() && call.name == "write_all" {
            (self.file_behind(call.receiver.as_ref()), call.arguments.first().cloned())
        } else if matches!(call.name.as_str(), "write!" | "writeln!") {
            let content = call.arguments.get(1..).filter(|given| !given.is_empty());
            let (file, span) = (self.file_behind(call.arguments.first()), call.span);
            (file, content.map(<[Value]>::to_vec).map(|given| self.formatted("format", span, &given)))
        } else {
            return;
        };
        let (Some(path), Some(content)) = (path, content) else { return };
        let call = &self.facts.calls[id];
        let by = if call.path.is_empty() { call.name.clone() } else { call.path.clone() };
        self.facts.sinks.push(Sink {
            kind: SinkKind::Written,
            values: vec![path, content],
            span: call.span,
            by,
            through: None,
            function: call.function,
            call: Some(id),
            open: false,
            told_on: false,
        });
    }

    /// The path of the file that a value is, if the function made it.
    fn file_behind(&self, file: Option<&Value>) -> Option<Value> {
        let made_by = &self.facts.calls[self.facts.calls[file?.call?].root];
        let known =
            tables::ends_with(&made_by.path, "File::create") || tables::ends_with(&made_by.path, "File::create_new");
        made_by.arguments.first().filter(|_| known).cloned()
    }
}
