//! YAML as a tree of nodes with their places. Scalars stay as they are written, so that `18:00` and `on` are texts.
//!
//! Anchors and merge keys are resolved. Their copies are counted, so that a small text cannot become a large tree.

use crate::source::{FileId, Span};
use granit_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;

/// How many nodes the documents of a file may have once aliases are resolved.
const MAX_NODES: usize = 1_000_000;

/// A node, and where it stands. An alias stands where it is used.
#[derive(Debug, Clone)]
pub(super) struct YamlNode {
    pub(super) span: Span,
    pub(super) value: YamlValue,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(super) enum YamlValue {
    /// A scalar without quotes that says nothing: `~`, `null`, or no text at all.
    Null,
    Scalar(String),
    List(Vec<YamlNode>),
    Map(Vec<YamlEntry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(super) struct YamlEntry {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) value: YamlNode,
}

/// Why a text cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct YamlError {
    pub(super) span: Span,
    pub(super) message: String,
}

impl YamlNode {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&YamlNode> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries of a map; none of anything else.
    pub(super) fn entries(&self) -> &[YamlEntry] {
        match &self.value {
            YamlValue::Map(entries) => entries,
            YamlValue::Null | YamlValue::Scalar(_) | YamlValue::List(_) => &[],
        }
    }

    /// The elements of a list; none of anything else.
    pub(super) fn elements(&self) -> &[YamlNode] {
        match &self.value {
            YamlValue::List(elements) => elements,
            YamlValue::Null | YamlValue::Scalar(_) | YamlValue::Map(_) => &[],
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            YamlValue::Scalar(text) => Some(text),
            YamlValue::Null | YamlValue::List(_) | YamlValue::Map(_) => None,
        }
    }

    /// `a text`, `a list`, `a map` or `nothing`
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            YamlValue::Null => "nothing",
            YamlValue::Scalar(_) => "a text",
            YamlValue::List(_) => "a list",
            YamlValue::Map(_) => "a map",
        }
    }
}

/// The documents of a text.
///
/// # Errors
/// The first place that is not YAML, a key that a map has twice, an unknown anchor, or more than a million nodes.
pub(super) fn read(text: &str, file: FileId) -> Result<Vec<YamlNode>, YamlError> {
    let mut builder =
        TreeBuilder { file, text, open: Vec::new(), anchors: HashMap::new(), documents: Vec::new(), count: 0 };
    for event in Parser::new_from_str(text) {
        let (event, place) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
            YamlError { span: Span::new(file, at, at), message: error.info() }
        })?;
        let range = place.byte_range().unwrap_or(0..0);
        builder.event(event, Span::new(file, range.start, range.end))?;
    }
    Ok(builder.documents)
}

/// A list or a map of which more follows.
struct OpenNode {
    anchor: usize,
    span: Span,
    content: OpenContent,
}

enum OpenContent {
    List(Vec<YamlNode>),
    /// The entries, and the key whose value follows.
    Map(Vec<YamlEntry>, Option<(String, Span)>),
}

struct TreeBuilder<'t> {
    file: FileId,
    text: &'t str,
    open: Vec<OpenNode>,
    /// By the number of the anchor, with the number of nodes.
    anchors: HashMap<usize, (YamlNode, usize)>,
    documents: Vec<YamlNode>,
    count: usize,
}

impl TreeBuilder<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                let value = if is_null { YamlValue::Null } else { YamlValue::Scalar(text.into_owned()) };
                self.add(YamlNode { span, value }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open.push(OpenNode { anchor, span, content: OpenContent::List(Vec::new()) });
                Ok(())
            }
            Event::MappingStart(_, anchor, _) => {
                self.open.push(OpenNode { anchor, span, content: OpenContent::Map(Vec::new(), None) });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor) else {
                    return Err(YamlError { span, message: "this anchor is not complete here".to_owned() });
                };
                let (node, size) = (YamlNode { span, value: node.value.clone() }, *size);
                self.count += size;
                self.add(node, 0)
            }
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::Anchor(..)
            | Event::UnresolvedAlias(_)
            | _ => Ok(()),
        }
    }

    fn close(&mut self, end: Span) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let (value, last) = match open.content {
            OpenContent::List(elements) => {
                let last = elements.last().map(|element| element.span);
                (YamlValue::List(elements), last)
            }
            OpenContent::Map(entries, _) => {
                let last = entries.last().map(|entry| entry.value.span);
                (YamlValue::Map(merged(entries)), last)
            }
        };
        // The end of a block is where the next one begins.
        let is_flow = self.text.get(end.range()).is_some_and(|closer| matches!(closer, "]" | "}"));
        let last = if is_flow { Some(end) } else { last };
        let span = last.filter(|last| last.end >= open.span.start).map_or(open.span, |last| open.span.to(last));
        self.add(YamlNode { span, value }, open.anchor)
    }

    fn add(&mut self, node: YamlNode, anchor: usize) -> Result<(), YamlError> {
        self.count += 1;
        if self.count > MAX_NODES {
            let message = format!("more than {MAX_NODES} nodes, once aliases are resolved");
            return Err(YamlError { span: node.span, message });
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size(&node)));
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.documents.push(node),
            Some(OpenContent::List(elements)) => elements.push(node),
            Some(OpenContent::Map(entries, key)) => match key.take() {
                None => {
                    let name = match node.value {
                        YamlValue::Scalar(text) => text,
                        YamlValue::Null => "null".to_owned(),
                        YamlValue::List(_) | YamlValue::Map(_) => {
                            let message = "a key that is a list or a map; a value that begins with `{` needs quotes";
                            return Err(YamlError { span: node.span, message: message.to_owned() });
                        }
                    };
                    if name != "<<" && entries.iter().any(|entry| entry.key == name) {
                        return Err(YamlError {
                            span: node.span,
                            message: format!("the key `{name}` stands here twice"),
                        });
                    }
                    *key = Some((name, Span { file: self.file, ..node.span }));
                }
                Some((key, key_span)) => entries.push(YamlEntry { key, key_span, value: node }),
            },
        }
        Ok(())
    }
}

/// Puts what `<<` names among the entries, where they do not have the key.
fn merged(entries: Vec<YamlEntry>) -> Vec<YamlEntry> {
    if entries.iter().all(|entry| entry.key != "<<") {
        return entries;
    }
    let (merges, mut own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.key == "<<");
    for merge in merges {
        let maps = match &merge.value.value {
            YamlValue::List(maps) => maps.as_slice(),
            YamlValue::Null | YamlValue::Scalar(_) | YamlValue::Map(_) => std::slice::from_ref(&merge.value),
        };
        for entry in maps.iter().flat_map(YamlNode::entries) {
            if own.iter().all(|known| known.key != entry.key) {
                own.push(entry.clone());
            }
        }
    }
    own
}

/// How many nodes there are in a node.
fn size(node: &YamlNode) -> usize {
    let inner: usize = node.elements().iter().chain(node.entries().iter().map(|entry| &entry.value)).map(size).sum();
    inner + 1
}
