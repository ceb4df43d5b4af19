//! Paths over values: members, items and every other segment of a path behind a let, a field or a call.

use crate::check::code;
use crate::check::scope::{ExpressionLowering, broken, is_known, make};
use crate::diagnostic::Diagnostic;
use crate::model::{EventField, Expression, ExpressionKind, NodesPath};
use crate::path::{CompiledPath, PathError};
use crate::source::Span;
use crate::syntax::tree::{self, NavigationSegment, NavigationStep};
use crate::text::quoted;
use crate::value::ValueType;
use std::ops::Range;
use std::sync::Arc;

impl ExpressionLowering<'_, '_> {
    /// A singular path over a value; `labels.name` is a label.
    pub(super) fn navigate(
        &mut self,
        base: &tree::Expression,
        segments: &[NavigationSegment],
        span: Span,
    ) -> Expression {
        let found = self.navigated(base, segments, span);
        if found.types.overlaps(ValueType::NODES) { self.list_as_value(span) } else { found }
    }

    /// A path over a value: one value, or many nodes.
    pub(super) fn navigated(
        &mut self,
        base: &tree::Expression,
        segments: &[NavigationSegment],
        span: Span,
    ) -> Expression {
        if let Some(field) = self.group_field(base, segments, span) {
            return field;
        }
        let value = self.value_or_labels(base);
        if value.types.overlaps(ValueType::LABELS) {
            return self.label(&value, segments, span);
        }
        self.path_into(value, segments, span)
    }

    /// A path into a value: one value, or many nodes.
    pub(super) fn path_into(&mut self, value: Expression, segments: &[NavigationSegment], span: Span) -> Expression {
        let Some(path) = self.path_over(&value, segments) else { return broken(span) };
        let start = Box::new(value);
        if path.is_singular() {
            return make(ExpressionKind::Navigate(start, path), ValueType::JSON, span);
        }
        make(ExpressionKind::Nodes(NodesPath { start: Some(start), path }), ValueType::NODES, span)
    }

    /// A path of many nodes over a value; `what` names the operator or function that takes it.
    pub(super) fn nodes_over(
        &mut self,
        base: &tree::Expression,
        segments: &[NavigationSegment],
        span: Span,
        what: &str,
    ) -> Option<NodesPath> {
        let found = self.navigated(base, segments, span);
        if let ExpressionKind::Nodes(nodes) = found.kind {
            return Some(nodes);
        }
        if let ExpressionKind::Label(_) = found.kind {
            self.not_a_path(span, what);
        } else if is_known(found.types) {
            self.report_singular(span, what);
        }
        None
    }

    /// The path that the segments are, if the value can have such parts.
    fn path_over(&mut self, value: &Expression, segments: &[NavigationSegment]) -> Option<Arc<CompiledPath>> {
        let first = segments.first()?;
        if !is_known(value.types) {
            return None;
        }
        let (needed, what) = match &first.step {
            NavigationStep::Member(_) => (ValueType::OBJECT, "members"),
            NavigationStep::Index(_) => (ValueType::ARRAY, "items"),
            NavigationStep::Selector(_) => (ValueType::ARRAY | ValueType::OBJECT, "items or members"),
        };
        let base = self.cx.excerpt(value.span);
        if !value.types.overlaps(needed) {
            let message = format!("`{base}` is {}, which has no {what}", value.types);
            let found = Diagnostic::new(&code::NO_PARTS, first.span, message).label("nothing to take out");
            self.cx.report(if value.types.overlaps(ValueType::TEXT) && value.literal().is_none() {
                found.help(format!("if the string holds JSON, parse it: `parse_json({base})`"))
            } else {
                found
            });
            return None;
        }
        let path = self.compiled(&base, segments)?;
        (!path.reads_payload_in_filters() || self.may_read_payload_in(segments)).then_some(path)
    }

    fn compiled(&mut self, base: &str, segments: &[NavigationSegment]) -> Option<Arc<CompiledPath>> {
        let WrittenSegments { text, starts } = WrittenSegments::of(segments);
        let whole = format!("{base}{text}");
        if let Some(known) = self.cx.paths.get(&*whole) {
            return Some(Arc::clone(known));
        }
        let (code, error) = match CompiledPath::parse_after(base, &text) {
            Ok(path) => match path.costly() {
                None => {
                    let path = Arc::new(path);
                    self.cx.paths.insert(whole.into(), Arc::clone(&path));
                    return Some(path);
                }
                Some(error) => (&code::COSTLY_PATH, error),
            },
            Err(error) => (&code::BAD_PATH, error),
        };
        let PathError { range, message, help } = error;
        let place = place_of(segments, &starts, &range)?;
        self.refuse(code, place, &message, help);
        None
    }

    /// Whether `$` in a filter is the payload here. Where there is no payload, it is reported.
    fn may_read_payload_in(&mut self, segments: &[NavigationSegment]) -> bool {
        let reads = |segment: &&NavigationSegment| match &segment.step {
            NavigationStep::Selector(text) => text.contains('$'),
            NavigationStep::Member(_) | NavigationStep::Index(_) => false,
        };
        let Some(place) = segments.iter().find(reads).map(|segment| segment.span) else { return true };
        self.can_read_payload("$", place)
    }

    fn label(&mut self, labels: &Expression, segments: &[tree::NavigationSegment], span: Span) -> Expression {
        if !matches!(labels.kind, ExpressionKind::Field(EventField::Labels)) {
            self.refuse_labels(labels.span);
            return broken(span);
        }
        if segments.iter().any(|segment| matches!(segment.step, NavigationStep::Selector(_))) {
            self.refuse_path_over_labels(segments);
            return broken(span);
        }
        match segments {
            [NavigationSegment { step: NavigationStep::Member(name), .. }] => {
                make(ExpressionKind::Label(name.clone()), ValueType::TEXT | ValueType::MISSING, span)
            }
            [NavigationSegment { step: NavigationStep::Member(_), .. }, further, ..] => {
                let joined = segments
                    .iter()
                    .map(|segment| match &segment.step {
                        NavigationStep::Member(name) => name.to_string(),
                        NavigationStep::Index(index) => index.to_string(),
                        NavigationStep::Selector(text) => text.to_string(),
                    })
                    .collect::<Vec<String>>()
                    .join(".");
                let corrected = format!("labels[\"{joined}\"]");
                self.cx.report(
                    Diagnostic::new(&code::NO_PARTS, further.span, "a label is a string, which has no members")
                        .label("nothing to take out")
                        .suggest(format!("a label whose name holds a dot is `{corrected}`"), span, corrected),
                );
                broken(span)
            }
            [] | [NavigationSegment { step: NavigationStep::Index(_) | NavigationStep::Selector(_), .. }, ..] => {
                let place = segments.first().map_or(span, |segment| segment.span);
                self.cx.report(
                    Diagnostic::new(&code::NO_PARTS, place, "labels are found by name, not by number")
                        .help("write `labels.name` or `labels[\"name\"]`"),
                );
                broken(span)
            }
        }
    }

    /// The labels of an event are strings by name, so no other segment leads into them.
    fn refuse_path_over_labels(&mut self, segments: &[NavigationSegment]) {
        let Some((first, last)) = segments.first().zip(segments.last()) else { return };
        let place = first.span.to(last.span);
        let diagnostic = Diagnostic::new(&code::NOT_A_PATH, place, "no path leads over the labels of an event")
            .label("labels are strings, found by name");
        self.cx.report(match segments {
            [NavigationSegment { step: NavigationStep::Selector(text), .. }] if single_quoted(text).is_some() => {
                let name = single_quoted(text).unwrap_or_default();
                diagnostic.suggest("a name stands in double quotes", place, format!("[{}]", quoted(name)))
            }
            _ => diagnostic
                .help("compare one label, `labels.team == \"web\"`, or write them as text: `label_lines(labels, …)`"),
        });
    }
}

/// The name in `['name']`.
fn single_quoted(selector: &str) -> Option<&str> {
    let name = selector.strip_prefix('[')?.strip_suffix(']')?.trim().strip_prefix('\'')?.strip_suffix('\'')?;
    (!name.contains(['\'', '\\', '"'])).then_some(name)
}

/// Segments as the text of a path: a member that is a word stands after a dot, however it was written.
struct WrittenSegments {
    text: String,
    /// Where each segment begins in the text.
    starts: Vec<usize>,
}

impl WrittenSegments {
    fn of(segments: &[NavigationSegment]) -> Self {
        let mut written = Self { text: String::new(), starts: Vec::with_capacity(segments.len()) };
        for segment in segments {
            written.starts.push(written.text.len());
            match &segment.step {
                NavigationStep::Member(name) if is_word(name) => written.text.extend([".", name]),
                NavigationStep::Member(name) => written.text.extend(["[", &quoted(name), "]"]),
                NavigationStep::Index(index) => written.text.extend(["[", &index.to_string(), "]"]),
                NavigationStep::Selector(text) => written.text.push_str(text),
            }
        }
        written
    }
}

/// The place of some bytes of the segments' text: within a segment that is written as it was read, and else the whole
/// segment.
fn place_of(segments: &[NavigationSegment], starts: &[usize], range: &Range<usize>) -> Option<Span> {
    let position = starts.partition_point(|start| *start <= range.start).saturating_sub(1);
    let (segment, start) = segments.get(position).zip(starts.get(position))?;
    Some(match &segment.step {
        NavigationStep::Member(_) | NavigationStep::Index(_) => segment.span,
        NavigationStep::Selector(text) if range.end > start + text.len() => {
            segments.first()?.span.to(segments.last()?.span)
        }
        NavigationStep::Selector(_) => {
            let at = |byte: usize| segment.span.start as usize + byte.saturating_sub(*start);
            Span::new(segment.span.file, at(range.start), at(range.end))
        }
    })
}

fn is_word(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
