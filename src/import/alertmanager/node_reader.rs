//! Reads the parts of any configuration, and reports what they do not take.

use crate::check::import_code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::import::yaml::{YamlNode, YamlValue};
use crate::source::Span;
use crate::text::backticked_list;

/// Where findings are gathered.
pub(super) struct NodeReader<'f> {
    found: &'f mut Vec<Diagnostic>,
}

impl<'f> NodeReader<'f> {
    pub(super) fn new(found: &'f mut Vec<Diagnostic>) -> Self {
        Self { found }
    }

    pub(super) fn report(&mut self, finding: Diagnostic) {
        self.found.push(finding);
    }

    pub(super) fn bad(&mut self, span: Span, message: impl Into<String>, help: &str) {
        self.report(Diagnostic::new(&import_code::BAD_VALUE, span, message).help(help));
    }

    /// Reports the keys that are not known.
    pub(super) fn keys(&mut self, node: &YamlNode, known: &[&str], noun: &str) {
        if !matches!(node.value, YamlValue::Map(_)) {
            self.expected(node, "a map");
        }
        for entry in node.entries().iter().filter(|entry| !known.contains(&&*entry.key)) {
            let message = format!("a {noun} has no key `{}`", entry.key);
            let finding = Diagnostic::new(&import_code::UNKNOWN_KEY, entry.key_span, message);
            let finding = match nearest(&entry.key, known.iter().copied()) {
                Some(near) => finding.did_you_mean(entry.key_span, near),
                None => finding.help(format!("its keys are {}", backticked_list(known))),
            };
            self.report(finding);
        }
    }

    pub(super) fn expected(&mut self, node: &YamlNode, what: &str) {
        let message = format!("expected {what}, found {}", node.kind());
        self.report(Diagnostic::new(&import_code::BAD_VALUE, node.span, message));
    }

    /// The elements of a list; none if the key is not there.
    pub(super) fn list<'n>(&mut self, node: &'n YamlNode, key: &str) -> &'n [YamlNode] {
        match node.get(key) {
            Some(YamlNode { value: YamlValue::List(elements), .. }) => elements,
            None | Some(YamlNode { value: YamlValue::Null, .. }) => &[],
            Some(other) => {
                self.expected(other, "a list");
                &[]
            }
        }
    }

    /// The texts of a list.
    pub(super) fn texts(&mut self, node: &YamlNode, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        for element in self.list(node, key) {
            match element.text() {
                Some(text) => texts.push(text.to_owned()),
                None => self.expected(element, "a text"),
            }
        }
        texts
    }

    pub(super) fn flag(&mut self, node: &YamlNode, key: &str) -> bool {
        let Some(value) = node.get(key) else { return false };
        match value.text().map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "yes" | "on" | "y") => true,
            Some("false" | "no" | "off" | "n") => false,
            _ => {
                self.bad(value.span, format!("expected `true` or `false` for `{key}`"), "write `true` or `false`");
                false
            }
        }
    }
}
