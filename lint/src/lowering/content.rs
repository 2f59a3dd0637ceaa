//! File contents that a test writes: `fs::write`, and `write_all` and `write!` on a file that it created.

use super::lower::Lower;
use super::{CallId, SinkKind};
use crate::tables;
use crate::value::Value;

impl Lower<'_> {
    /// Adds a sink if the last recorded call writes the content of a file.
    pub(super) fn written(&mut self, id: CallId) {
        let call = &self.facts.calls[id];
        let (path, content) = if tables::ends_with(&call.path, tables::FILE_WRITER) {
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
        let span = call.span;
        self.sink_of_all(SinkKind::Written, vec![path, content], span, by, Some(id));
    }

    /// Adds a sink if the last recorded call opens a file that it may create or overwrite.
    pub(super) fn opened(&mut self, id: CallId) {
        let call = &self.facts.calls[id];
        if call.name != "open" || !call.path.is_empty() {
            return;
        }
        let Some(before) = call.receiver.as_ref().and_then(|receiver| receiver.call) else { return };
        let root = self.facts.calls[before].root;
        if !tables::WRITABLE_OPENERS.iter().any(|known| tables::ends_with(&self.facts.calls[root].path, known)) {
            return;
        }
        let turned_on = |name: &str| {
            let calls = self.facts.object(root).take_while(|(at, _)| *at <= id).filter(|(_, call)| call.name == name);
            let off = |value: &Value| value.constant().is_some_and(|truth| truth == "false");
            calls.last().is_some_and(|(_, call)| !call.arguments.first().is_some_and(off))
        };
        let creates = tables::CREATING.iter().any(|name| turned_on(name)) && !turned_on("create_new");
        let (path, span) = (call.arguments.first().filter(|_| creates).cloned(), call.span);
        if let Some(path) = path {
            self.sink(SinkKind::Created, path, span, "open".to_owned(), Some(id));
        }
    }

    /// Returns the path of the file in a value, if the function created the file.
    fn file_behind(&self, file: Option<&Value>) -> Option<Value> {
        let made_by = &self.facts.calls[self.facts.calls[file?.call?].root];
        let known = tables::ends_with_one(&made_by.path, tables::FILE_MAKERS);
        made_by.arguments.first().filter(|_| known).cloned()
    }
}
