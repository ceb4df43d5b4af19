//! Text that looks like the template of another system: `{{ .Labels.x }}`, `{{ $labels.x }}`, `${x}`.

use super::VisitedNode;
use super::visit::TreeNode;
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::source::Span;
use crate::syntax::tree::{Declaration, Template, TemplatePart};

pub(crate) const CODE: DiagnosticCode = crate::code!("W0007", "text that looks like another system's template");

pub(crate) fn check_node(seen: &VisitedNode<'_>, diagnostics: &mut Findings) {
    if let TreeNode::Template(template) = seen.node {
        go_actions(seen, template, diagnostics);
        shell_names(template, diagnostics);
    }
}

/// `{{ … }}` as written, if its content begins like a Go template.
fn go_actions(seen: &VisitedNode<'_>, template: &Template, diagnostics: &mut Findings) {
    let in_mapping = matches!(seen.item.kind, Declaration::Mapping(_));
    let source = seen.environment.sources.text(template.span);
    let raw = source.starts_with('r');
    let mut from = 0;
    while let Some((start, end)) = next_action(source, from) {
        from = end;
        let Some(inside) = source.get(start + 2..end - 2).map(str::trim) else { continue };
        if !inside.starts_with(['.', '$']) || inside.len() < 2 {
            continue;
        }
        let base = template.span.start as usize;
        let span = Span::new(template.span.file, base + start, base + end);
        let finding = Diagnostic::new(&CODE, span, format!("`{{{{ {inside} }}}}` is not an interpolation here"))
            .label("stays in the text as it is, braces and all");
        diagnostics.push(match equivalent(inside, in_mapping) {
            Some(ours) if !raw => finding.suggest("values stand in single braces", span, format!("{{{ours}}}")),
            Some(ours) => finding.help(format!("write `{{{ours}}}` in a string without `r`")),
            None => finding.help("a value stands in single braces, as in `{title}`"),
        });
    }
}

fn next_action(source: &str, from: usize) -> Option<(usize, usize)> {
    let start = from + source.get(from..)?.find("{{")?;
    let end = start + source.get(start..)?.find("}}")? + 2;
    Some((start, end))
}

/// The same value in the notation of the rules, where it has one.
fn equivalent(action: &str, in_mapping: bool) -> Option<String> {
    let action = action.trim_start_matches('$').trim_start_matches('.');
    let (object, member) = action.split_once('.').unwrap_or((action, ""));
    let is_name =
        |text: &str| !text.is_empty() && text.chars().all(|letter| letter == '_' || letter.is_ascii_alphanumeric());
    let (of_payload, of_event) = match (object.to_ascii_lowercase().as_str(), member) {
        ("labels" | "commonlabels" | "grouplabels", name) if is_name(name) => {
            (format!("@.labels.{name}"), format!("labels.{name}"))
        }
        ("annotations" | "commonannotations", name) if is_name(name) => {
            (format!("@.annotations.{name}"), "description".to_owned())
        }
        ("status", "") => ("@.status".to_owned(), "status".to_owned()),
        ("startsat", "") => ("@.startsAt".to_owned(), "starts_at".to_owned()),
        ("generatorurl", "") => ("@.generatorURL".to_owned(), "link".to_owned()),
        _ => return None,
    };
    Some(if in_mapping { of_payload } else { of_event })
}

/// `${x}`: the value, with a stray `$` before it.
fn shell_names(template: &Template, diagnostics: &mut Findings) {
    for pair in template.parts.windows(2) {
        if let [TemplatePart::Text(text), TemplatePart::Value(_, braces)] = pair
            && text.ends_with('$')
        {
            let dollar = Span { start: braces.start.saturating_sub(1), end: braces.start, ..*braces };
            let finding = Diagnostic::new(&CODE, dollar.to(*braces), "`$` before `{` stays in the text");
            let finding = finding.label("a value needs no `$` here");
            diagnostics.push(finding.suggest("leave the `$` out", dollar, ""));
        }
    }
}
