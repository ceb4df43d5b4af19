//! Diagnostics for people: the code, source lines with carets, related spans, reasons, and help. An edit is shown as the
//! line that it would give. Only this file uses annotate-snippets.

use super::excerpt::{Excerpt, excerpts, marked, spans_many_lines};
use super::visible::{visible, visible_line};
use super::{Diagnostic, DiagnosticLevel, Suggestion};
use crate::source::{FileId, Sources, Span};
use crate::text::plural;
use annotate_snippets::{AnnotationKind, Group, Level as Heading, Origin, Patch, Renderer, Snippet};
use std::fmt::Write;

/// The most findings that are shown in one run.
pub const MAX_SHOWN: usize = 100;
/// The most bytes of a replacement that is shown as a patch.
const LONGEST_EDIT: usize = 2_000;
/// The width of the renderer, in columns. Excerpts are cut to less, so the renderer cuts nothing.
const TERMINAL: usize = 1_000;

/// The first findings. If there are too many, errors have precedence over warnings.
pub(super) fn plain(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    render(Renderer::plain(), diagnostics, sources)
}

/// The same text with ANSI colours.
pub(super) fn colored(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    render(Renderer::styled(), diagnostics, sources)
}

fn render(renderer: Renderer, diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let renderer = renderer.term_width(TERMINAL);
    let chosen = shown_findings(diagnostics);
    let mut text = String::new();
    for diagnostic in &chosen {
        let report = renderer.render(&report(diagnostic, sources));
        text.extend(report.split_inclusive('\n').filter(|line| !is_empty_origin(line)));
        text.push_str("\n\n");
    }
    let more = diagnostics.len() - chosen.len();
    if more > 0 {
        // Writing to a string cannot fail.
        let more = plural(more, "more problem");
        let _ = writeln!(text, "not shown: {more}; `pointsman check` shows them\n");
    }
    text
}

/// The first [`MAX_SHOWN`] findings, in their order. Warnings get the places that errors leave.
fn shown_findings(diagnostics: &[Diagnostic]) -> Vec<&Diagnostic> {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.level() == DiagnosticLevel::Error).count();
    let mut errors_left = errors.min(MAX_SHOWN);
    let mut warnings_left = MAX_SHOWN - errors_left;
    let mut fits = |level: DiagnosticLevel| {
        let left = match level {
            DiagnosticLevel::Error => &mut errors_left,
            DiagnosticLevel::Warning => &mut warnings_left,
        };
        let fits = *left > 0;
        *left = left.saturating_sub(1);
        fits
    };
    diagnostics.iter().filter(|diagnostic| fits(diagnostic.level())).collect()
}

/// Whether a line is `:::` alone, apart from colours. The renderer writes such a line above an excerpt without a path.
fn is_empty_origin(line: &str) -> bool {
    let mut parts = line.split('\x1b');
    let before = parts.next().unwrap_or_default();
    // The rest of a colour sequence ends in `m`.
    let after: String = parts.filter_map(|part| part.split_once('m')).map(|(_, text)| text).collect();
    [before, &after].concat().trim() == ":::"
}

/// The finding with its places and reasons, then a group for every edit.
fn report<'d>(diagnostic: &'d Diagnostic, sources: &'d Sources) -> Vec<Group<'d>> {
    let heading = match diagnostic.level() {
        DiagnosticLevel::Error => Heading::ERROR,
        DiagnosticLevel::Warning => Heading::WARNING,
    };
    let title = heading.primary_title(visible_line(&diagnostic.message)).id(diagnostic.code.id);
    let mut finding = Group::with_title(title);
    for file in files(diagnostic) {
        finding = add_excerpts(finding, diagnostic, file, sources);
    }
    for note in &diagnostic.notes {
        finding = finding.element(Heading::NOTE.message(visible(note).into_owned()));
    }
    let mut edits = Vec::new();
    for help in &diagnostic.help {
        match patch(help, sources) {
            Some(group) => edits.push(group),
            None => finding = finding.element(Heading::HELP.message(visible(&help.text).into_owned())),
        }
    }
    std::iter::once(finding).chain(edits).collect()
}

/// The files of a finding's spans, the file of its own span first.
fn files(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files = vec![diagnostic.span.file];
    for (span, _) in &diagnostic.related {
        if !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    files
}

/// Adds the excerpts of one file with their carets.
fn add_excerpts<'d>(mut group: Group<'d>, diagnostic: &'d Diagnostic, id: FileId, sources: &'d Sources) -> Group<'d> {
    let Some(file) = sources.file(id) else { return group };
    let own = (diagnostic.span, diagnostic.label.as_str(), AnnotationKind::Primary);
    let related = diagnostic.related.iter().map(|(span, label)| (*span, label.as_str(), AnnotationKind::Context));
    let marks: Vec<(Span, &str, AnnotationKind)> =
        std::iter::once(own).chain(related).filter(|(span, ..)| span.file == id).collect();
    let ranges: Vec<_> = marks.iter().map(|(span, ..)| marked(file.text(), &span.range())).collect();
    for Excerpt { text, first_line, keeps_columns, ranges: shown } in excerpts(file, &ranges) {
        let Some((first, ..)) = shown.iter().map(|(index, _)| index).min().and_then(|index| marks.get(*index)) else {
            continue;
        };
        let position = sources.position(*first);
        let name = visible_line(file.name());
        let annotations = shown.into_iter().filter_map(|(index, range)| {
            let (_, label, kind) = marks.get(index)?;
            let label = (!label.is_empty()).then(|| visible_line(label));
            Some(kind.span(range).label(label))
        });
        let snippet = Snippet::source(text).line_start(first_line).annotations(annotations.collect::<Vec<_>>());
        // In lines that were changed, the renderer would count a wrong column.
        group = if keeps_columns {
            group.element(snippet.path(name))
        } else {
            group.element(Origin::path(name).line(position.line).char_column(position.column)).element(snippet)
        };
    }
    group
}

/// A help with the lines that its edit would give, or none if it has no edit or the edit is too long to show.
fn patch<'d>(help: &'d Suggestion, sources: &'d Sources) -> Option<Group<'d>> {
    let (span, replacement) = help.edit.as_ref()?;
    let file = sources.file(span.file)?;
    let old = file.text().get(span.range())?;
    if old == replacement || replacement.len() > LONGEST_EDIT || spans_many_lines(old) || old.len() > LONGEST_EDIT {
        return None;
    }
    let Excerpt { text, first_line, ranges, .. } = excerpts(file, &[span.range()]).into_iter().next()?;
    let (_, range) = ranges.into_iter().next()?;
    let snippet = Snippet::source(text).line_start(first_line);
    let snippet = snippet.patch(Patch::new(range, visible(&replacement.replace("\r\n", "\n")).into_owned()));
    Some(Heading::HELP.secondary_title(visible(&help.text).into_owned()).element(snippet))
}
