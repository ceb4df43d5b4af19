//! The report as a comment on a pull request.

use super::DiffReport;
use super::text::{
    change_words, channel_line, conclusion, conditions, declaration_text, edit_place, event_words, line_difference,
    more_words, recorded_change_line, recorded_line, severity_line, undecided_line,
};
use crate::ruleset::{LineEdit, RoutingVerdict};
use std::fmt::Write as _;

/// How many edits have their details. A comment has a limit.
const MAX_DETAILS: usize = 50;

/// The report.
pub(super) fn render(report: &DiffReport, shown: usize) -> String {
    let difference = &report.difference;
    let mut text = format!("### {}\n\n", title(report));
    _ = write!(text, "{}.\n\n", conclusion(report));
    list(&mut text, "", difference.severities.iter().map(severity_line));
    list(&mut text, "**Channels**", difference.channels.iter().map(channel_line));
    let changing: Vec<&LineEdit> = difference.edits.iter().filter(|edit| !edit.changes.is_empty()).collect();
    for edit in changing.iter().take(MAX_DETAILS) {
        text += &details(edit, shown);
    }
    if changing.len() > MAX_DETAILS {
        _ = write!(text, "{} more edits change where events go.\n\n", changing.len() - MAX_DETAILS);
    }
    list(&mut text, "**Undecided**", difference.edits.iter().filter_map(undecided_line));
    list(&mut text, "**Also changed**", difference.declarations.iter().map(declaration_text));
    if let Some(recorded) = &report.recorded {
        _ = write!(text, "**{}**\n\n", recorded_line(recorded));
        list(&mut text, "", recorded.kinds.iter().map(recorded_change_line));
    }
    text.trim_end().to_owned() + "\n"
}

fn title(report: &DiffReport) -> &'static str {
    let changes = || report.difference.declarations.iter().flat_map(|each| &each.payloads);
    match report.difference.routing {
        RoutingVerdict::Equal if changes().any(|change| change.undecided.is_none()) => {
            "Some payloads become other events"
        }
        RoutingVerdict::Equal if changes().next().is_some() => "It is not proven that payloads become the same events",
        RoutingVerdict::Equal => "Every event goes to the same channels",
        RoutingVerdict::Different => "Some events go to other channels",
        RoutingVerdict::Undecided => "It is not proven that every event goes to the same channels",
    }
}

/// A list under a head; nothing where it is empty.
fn list(text: &mut String, head: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    if !head.is_empty() {
        text.push_str(head);
        text.push_str("\n\n");
    }
    for line in lines {
        let mut parts = line.lines();
        _ = writeln!(text, "- {}", escaped(parts.next().unwrap_or_default()));
        for part in parts {
            _ = writeln!(text, "  - {}", escaped(part.trim_start()));
        }
    }
    text.push('\n');
}

/// An edit, collapsed.
fn details(edit: &LineEdit, shown: usize) -> String {
    let first = edit.changes.first().map(|change| change_words(edit, change)).unwrap_or_default();
    let summary = format!("{} <code>{}</code>: {}", edit.edit, html(&edit.path), html(&first.replace('`', "")));
    let mut text = format!("<details><summary>{summary}</summary>\n\n");
    _ = write!(text, "{}\n\n", escaped(edit_place(edit).trim_start()));
    text += &fenced("diff", &line_difference(edit));
    if !edit.uses.is_empty() {
        _ = write!(text, "Through {}.\n\n", edit.uses.join(", "));
    }
    let conditions = conditions(&edit.when).join("\n");
    if !conditions.is_empty() {
        _ = write!(text, "Events that change:\n\n{}", fenced("", &conditions));
    }
    for change in edit.changes.iter().take(shown) {
        _ = write!(text, "{}\n\n", escaped(&change_words(edit, change)));
        text += &fenced("", &event_words(edit, &change.event));
    }
    text += &more_words(edit, shown).map(|more| format!("{more}\n\n")).unwrap_or_default();
    text + "</details>\n\n"
}

/// A block of code. Its fence is longer than every row of backticks in it.
fn fenced(language: &str, text: &str) -> String {
    let mut fence = String::from("```");
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{language}\n{}\n{fence}\n\n", text.trim_end())
}

/// Words between which only backticks are Markdown.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    let mut is_code = false;
    for character in text.chars() {
        match character {
            '`' => is_code = !is_code,
            '\\' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '@' if !is_code => escaped.push('\\'),
            '<' if !is_code => {
                escaped.push_str("&lt;");
                continue;
            }
            _ => {}
        }
        escaped.push(character);
    }
    escaped
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
