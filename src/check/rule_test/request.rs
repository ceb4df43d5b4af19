//! What a test says of the request besides its body: headers, and the path behind the integration's name.

use super::{TestChecker, code};
use crate::channel::request_header::{LONGEST_PATH_SUFFIX, header_refusal};
use crate::check::request::refused_header;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{TestJson, TestJsonKind, TestSubject};
use std::collections::HashMap;

impl TestChecker<'_, '_> {
    /// Checks the headers and the path suffix.
    pub(super) fn request(&mut self) {
        let mut seen: HashMap<String, Span> = HashMap::new();
        for (name, value, span) in self.statements.headers.clone() {
            self.has_request("header", span);
            if let Some(refusal) = header_refusal(&name.value) {
                self.report(refused_header(&name.value, name.span, refusal));
            }
            if let Some(first) = seen.insert(name.value.to_ascii_lowercase(), name.span) {
                let message = format!("the header `{}` is given twice", name.value);
                self.report(Diagnostic::new(&code::REPEATED, span, message).related(first, "the first is here"));
            }
            self.written_request_value(value);
        }
        for (value, span) in self.statements.path_suffixes.clone() {
            self.has_request("path_suffix", span);
            self.written_request_value(value);
            if let TestJsonKind::Text(text) = &value.kind
                && text.len() > LONGEST_PATH_SUFFIX
            {
                let message = format!("this path suffix has {} bytes", text.len());
                let found = Diagnostic::new(&code::VALUE, value.span, message);
                self.report(found.help(format!("the gateway refuses one of more than {LONGEST_PATH_SUFFIX}")));
            }
        }
    }

    /// Reports a header or a suffix where the subject reads no request.
    fn has_request(&mut self, statement: &str, span: Span) {
        match self.kind() {
            Some(kind @ (TestSubject::Routing | TestSubject::Channel)) => {
                let message = format!("`{statement}` means nothing to a {}", kind.word());
                let found = Diagnostic::new(&code::INPUT, span, message);
                self.report(found.help("a mapping reads the request; test a mapping or an integration"));
            }
            Some(TestSubject::Mapping | TestSubject::Integration) | None => {}
        }
    }

    /// A value of the test itself; a hole is checked where it is filled.
    fn written_request_value(&mut self, value: &TestJson) {
        if !matches!(value.kind, TestJsonKind::Hole(_)) {
            self.request_value(value);
        }
    }

    /// A header or a path suffix is a string, or is not there.
    pub(super) fn request_value(&mut self, value: &TestJson) {
        match &value.kind {
            TestJsonKind::Text(_) | TestJsonKind::Missing => {}
            TestJsonKind::Null
            | TestJsonKind::Boolean(_)
            | TestJsonKind::Number(_)
            | TestJsonKind::Hole(_)
            | TestJsonKind::Constant(_)
            | TestJsonKind::Array(_)
            | TestJsonKind::Object(_) => {
                let message = "a header or a path suffix is a string";
                let help = "write it in quotes, or `missing` where the request has none";
                self.report(Diagnostic::new(&code::VALUE, value.span, message).help(help));
            }
        }
    }
}
