//! What the answers about names and words are made from: the snapshot of the text, and the last one without errors.

use super::features::AnswerContext;
use super::snapshot::RuleSetSnapshot;
use crate::ruleset::SystemClock;
use crate::ruleset::editor::{EditorView, FilePlace, RouteFacts};
use crate::source::FileId;
use crate::time::Clock as _;
use lsp_types::{Location, MarkupContent, MarkupKind, Range};
use std::collections::BTreeMap;
use std::path::Path;

/// The facts about routes that a view shows, by their paths.
pub(super) type RouteFactsByPath = BTreeMap<Box<str>, RouteFacts>;

/// Makes an answer about the text that the request names; nothing if it is not a rule file.
pub(super) fn with_view<T>(
    context: &AnswerContext,
    routes: &RouteFactsByPath,
    answer: impl FnOnce(&EditorView<'_>, &RuleSetSnapshot, FileId) -> Option<T>,
) -> Option<T> {
    let (snapshot, file) = context.checked()?;
    let now = SystemClock.now();
    let sound = context.sound.as_deref().unwrap_or(snapshot);
    let read = |path: &Path| snapshot.table(path);
    let view = EditorView {
        sources: snapshot.sources(),
        names: snapshot.names(),
        sound: sound.rules(),
        routes,
        samples: sound.sample_labels(now),
        read: &read,
        now,
    };
    answer(&view, snapshot, file)
}

/// A place in any file.
pub(super) fn location(context: &AnswerContext, snapshot: &RuleSetSnapshot, place: &FilePlace) -> Option<Location> {
    match place {
        FilePlace::Rules(span) => context.location(snapshot, *span),
        FilePlace::Other(path, bytes) => {
            let uri = context.documents.uri(path)?;
            let text = if bytes.is_empty() { String::new() } else { snapshot.table(path).ok()? };
            Some(Location { uri, range: range(&text, bytes.clone(), context) })
        }
    }
}

/// The range of bytes of a text that is not a rule file.
pub(super) fn range(text: &str, bytes: std::ops::Range<usize>, context: &AnswerContext) -> Range {
    let lines = crate::source::EditorLines::new(text);
    super::positions::PositionMap { text, lines: &lines, unit: context.client.unit }.range(bytes)
}

/// A text in Markdown, or without its marks where the client shows none.
pub(super) fn markup(context: &AnswerContext, markdown: &str) -> MarkupContent {
    if context.client.markdown {
        return MarkupContent { kind: MarkupKind::Markdown, value: markdown.to_owned() };
    }
    let lines = markdown.lines().filter(|line| !line.starts_with("```"));
    MarkupContent { kind: MarkupKind::PlainText, value: lines.collect::<Vec<_>>().join("\n") }
}
