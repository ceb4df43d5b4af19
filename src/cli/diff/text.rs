//! The report for people at a terminal, and the words that it shares with Markdown.

use super::DiffReport;
use super::recorded::{RecordedChange, RecordedDifference};
use crate::ruleset::{
    ChannelChangeEntry, DeclarationEdit, DeliveryChange, EventChange, LineEdit, PartEdit, PayloadChange,
    RoutingVerdict, SeveritySummary,
};
use crate::text::{backticked_list, excerpt, plural};
use std::fmt::Write as _;

/// How many changes of an edit are shown, unless all are wanted.
pub(super) const FEW_CHANGES: usize = 3;

/// How many lines of a long text are shown.
const MAX_TEXT_LINES: usize = 12;

/// How many edits without changes, and how many users of a declaration, are named.
pub(super) const MAX_NAMED: usize = 8;

/// How long a condition or a value may be.
const MAX_WORDS: usize = 200;

/// The report.
pub(super) fn render(report: &DiffReport, shown: usize) -> String {
    let difference = &report.difference;
    let mut text = String::new();
    for edit in difference.edits.iter().filter(|edit| !edit.changes.is_empty()) {
        text += &edit_text(edit, shown);
        text.push('\n');
    }
    section(&mut text, "By channel:", difference.channels.iter().map(channel_line));
    section(&mut text, "By severity:", difference.severities.iter().map(severity_line));
    section(&mut text, "Also changed:", difference.declarations.iter().map(declaration_text));
    section(&mut text, "Undecided:", difference.edits.iter().filter_map(undecided_line));
    if let Some(recorded) = &report.recorded {
        match &*recorded.kinds {
            [] => _ = write!(text, "{}\n\n", recorded_line(recorded)),
            kinds => {
                section(&mut text, &format!("{}:", recorded_line(recorded)), kinds.iter().map(recorded_change_line));
            }
        }
    }
    text + &conclusion(report) + "\n"
}

fn section(text: &mut String, head: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return;
    }
    text.push_str(head);
    text.push('\n');
    for line in lines {
        text.push_str("  ");
        text.push_str(&line.replace('\n', "\n  "));
        text.push('\n');
    }
    text.push('\n');
}

fn edit_text(edit: &LineEdit, shown: usize) -> String {
    let mut text = format!("{} `{}`{}\n", edit.edit, edit.path, edit_place(edit));
    text += &indented(&line_difference(edit));
    if !edit.uses.is_empty() {
        _ = writeln!(text, "  through {}", edit.uses.join(", "));
    }
    for condition in conditions(&edit.when) {
        _ = writeln!(text, "  for {condition}");
    }
    for change in edit.changes.iter().take(shown) {
        _ = writeln!(text, "  {}\n    {}", change_words(edit, change), event_words(edit, &change.event));
    }
    text += &more_words(edit, shown).map(|more| format!("  {more}\n")).unwrap_or_default();
    text
}

/// ` at shop.rules:12`, or both places.
pub(super) fn edit_place(edit: &LineEdit) -> String {
    match (&edit.old, &edit.new) {
        (Some(old), Some(new)) if line_number(&old.at) != line_number(&new.at) => {
            format!(" at {}, before at {}", new.at, old.at)
        }
        (_, Some(line)) | (Some(line), None) => format!(" at {}", line.at),
        (None, None) => String::new(),
    }
}

fn line_number(at: &str) -> Option<&str> {
    at.rsplit_once(':').map(|(_, line)| line)
}

/// The old and the new text with `-` and `+`; a line that says the same once.
pub(super) fn line_difference(edit: &LineEdit) -> String {
    let text = |sign: &str, text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        let margin = lines.iter().skip(1).filter(|line| !line.trim().is_empty());
        let margin = margin.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        let mut shown = String::new();
        for (at, line) in lines.iter().take(MAX_TEXT_LINES).enumerate() {
            let line = if at == 0 { line } else { line.get(margin..).unwrap_or_else(|| line.trim_start()) };
            _ = writeln!(shown, "{sign} {line}");
        }
        if lines.len() > MAX_TEXT_LINES {
            _ = writeln!(shown, "{sign} … {} more", plural(lines.len() - MAX_TEXT_LINES, "line"));
        }
        shown
    };
    match (&edit.old, &edit.new) {
        (Some(old), Some(new)) if old.text == new.text => text(" ", &new.text),
        (old, new) => {
            let old = old.as_ref().map(|old| text("-", &old.text)).unwrap_or_default();
            old + &new.as_ref().map(|new| text("+", &new.text)).unwrap_or_default()
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |mut all, line| {
        _ = writeln!(all, "  {line}");
        all
    })
}

/// The conditions as readers see them.
pub(super) fn conditions(when: &[String]) -> Vec<String> {
    when.iter().map(|condition| excerpt(condition, MAX_WORDS)).collect()
}

/// ``Info, Warning: lost by `a`, gained by `b`, with 3 other lines``
pub(super) fn change_words(edit: &LineEdit, change: &ChannelChangeEntry) -> String {
    let mut parts = Vec::new();
    if !change.lost.is_empty() {
        parts.push(format!("lost by {}", backticked_list(&change.lost)));
    }
    if !change.gained.is_empty() {
        parts.push(format!("gained by {}", backticked_list(&change.gained)));
    }
    let severities = change.severities.join(", ");
    let preposition = match edit.edit {
        "added" => "from",
        "removed" => "to",
        _ => "with",
    };
    match (change.lines, change.has_more_lines) {
        (0, _) => {}
        (lines, true) => parts.push(format!("{preposition} {lines} other lines or more")),
        (lines, false) => parts.push(format!("{preposition} {}", plural(lines, "other line"))),
    }
    format!("{severities}: {}", parts.join(", "))
}

/// ``{ labels: { team: "db" } }: `page` → `chat` ``
pub(super) fn event_words(edit: &LineEdit, event: &EventChange) -> String {
    let at = event.at.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
    let own = edit.path.split('.').next();
    let routing = if own == Some(&*event.routing) { String::new() } else { format!(" in `{}`", event.routing) };
    format!("{}{at}{routing}: {} → {}", event.event, channels(&event.old), channels(&event.new))
}

fn channels(channels: &[Box<str>]) -> String {
    if channels.is_empty() { "nothing".to_owned() } else { channels.join(", ") }
}

/// What is not shown of an edit.
pub(super) fn more_words(edit: &LineEdit, shown: usize) -> Option<String> {
    let left = edit.changes.len().saturating_sub(shown);
    match (left, edit.has_more) {
        (0, false) => None,
        (0, true) => Some("there are more changes; `--all` lists them".to_owned()),
        (left, is_cut) => {
            let or_more = if is_cut { " or more" } else { "" };
            Some(format!("{left}{or_more} further changes; `--all` lists them"))
        }
    }
}

/// ``page loses Critical of `severity == Critical` ``
pub(super) fn channel_line(channel: &DeliveryChange) -> String {
    let DeliveryChange { channel, verb, severities, when } = channel;
    let conditions = conditions(when);
    let shown: Vec<&str> = conditions.iter().take(MAX_NAMED).map(String::as_str).collect();
    let more = match conditions.len() - shown.len() {
        0 => String::new(),
        more => format!(", and of {more} more"),
    };
    format!("`{channel}` {verb} {} of {}{more}", severities.join(", "), shown.join("; of "))
}

/// ``Critical: lost by `page`, gained by `chat`; 2 edits``
pub(super) fn severity_line(summary: &SeveritySummary) -> String {
    let SeveritySummary { severity, edits, lost, gained } = summary;
    let mut parts = vec![plural(*edits, "edit")];
    if !lost.is_empty() {
        parts.push(format!("lost by {}", backticked_list(lost)));
    }
    if !gained.is_empty() {
        parts.push(format!("gained by {}", backticked_list(gained)));
    }
    format!("{severity}: {}", parts.join(", "))
}

/// A declaration with its parts.
pub(super) fn declaration_text(declaration: &DeclarationEdit) -> String {
    let DeclarationEdit { kind, name, edit, at, parts, payloads, used_by } = declaration;
    let mut text = format!("{kind} `{name}` {edit} at {at}");
    if !used_by.is_empty() {
        _ = write!(text, ", used by {}", named(used_by));
    }
    for part in parts {
        _ = write!(text, "\n  {}", part_line(part));
    }
    for payload in payloads {
        _ = write!(text, "\n  {}", payload_line(payload));
    }
    if *kind == "mapping" && *edit == "changed" && payloads.is_empty() {
        text += "\n  accept, drop, severity and status are the same for every payload, which is proven";
    }
    text
}

/// A payload of which a mapping makes something else.
fn payload_line(change: &PayloadChange) -> String {
    let PayloadChange { part, payload, while_open, old, new, lost: _, undecided } = change;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    if let Some(reason) = undecided {
        return format!("{part} is undecided: {reason}");
    }
    let open = if *while_open { " while its firing is open" } else { "" };
    format!("`{}`{open}: {} → {}", text(payload), text(old), text(new))
}

/// The first names, and how many more there are.
pub(super) fn named(names: &[Box<str>]) -> String {
    let more = match names.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    backticked_list(names.iter().take(MAX_NAMED)) + &more
}

/// `severity: Warning → Critical`
pub(super) fn part_line(part: &PartEdit) -> String {
    let text = |text: &Option<String>| text.as_ref().map(|text| excerpt(text, MAX_WORDS));
    match (text(&part.old), text(&part.new)) {
        (None, None) => part.part.clone(),
        (None, Some(new)) => format!("{}: now {new}", part.part),
        (Some(old), None) => format!("{}: no longer {old}", part.part),
        (Some(old), Some(new)) if old == new => part.part.clone(),
        (Some(old), Some(new)) => format!("{}: {old} → {new}", part.part),
    }
}

/// An edit of which something is not known.
pub(super) fn undecided_line(edit: &LineEdit) -> Option<String> {
    let reason = edit.undecided.as_ref()?;
    Some(format!("{} `{}`{}: {reason}", edit.edit, edit.path, edit_place(edit)))
}

/// `12 of 340 recorded events change`
pub(super) fn recorded_line(recorded: &RecordedDifference) -> String {
    let RecordedDifference { documents, changed, kinds: _ } = recorded;
    let verb = if *changed == 1 { "changes" } else { "change" };
    format!("{changed} of {} {verb}", plural(*documents, "recorded document"))
}

/// A change of recorded events, with the first of them.
pub(super) fn recorded_change_line(change: &RecordedChange) -> String {
    let RecordedChange { old_severity, new_severity, lost, gained, count, first } = change;
    let severity = match (old_severity, new_severity) {
        (Some(old), Some(new)) if old == new => (*old).to_owned(),
        (old, new) => format!("{} → {}", old.unwrap_or("no event"), new.unwrap_or("no event")),
    };
    let mut parts = vec![plural(*count, "event")];
    if !lost.is_empty() {
        parts.push(format!("lost by {}", backticked_list(lost)));
    }
    if !gained.is_empty() {
        parts.push(format!("gained by {}", backticked_list(gained)));
    }
    format!("{severity}: {}; the first is {first}", parts.join(", "))
}

/// The last line.
pub(super) fn conclusion(report: &DiffReport) -> String {
    let difference = &report.difference;
    let edits = &difference.edits;
    let count = |is: &dyn Fn(&LineEdit) -> bool| edits.iter().filter(|edit| is(edit)).count();
    let mut parts = Vec::new();
    if difference.routing == RoutingVerdict::Equal {
        parts.push("every event that enters a routing goes to the same channels, which is proven".to_owned());
    } else {
        let same = count(&|edit| edit.changes.is_empty() && edit.undecided.is_none());
        for (number, words) in [
            (count(&|edit| !edit.changes.is_empty()), "change where events go"),
            (same, "change no channel"),
            (count(&|edit| edit.undecided.is_some()), "undecided"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {words}"));
            }
        }
    }
    if !difference.other_entries.is_empty() {
        parts.push(format!(
            "not compared, because only one of the rule sets has them: {}",
            named(&difference.other_entries)
        ));
    }
    let mappings = |is: &dyn Fn(&PayloadChange) -> bool| {
        difference.declarations.iter().filter(|each| each.payloads.iter().any(is)).count()
    };
    let changed = mappings(&|change| change.undecided.is_none());
    if changed > 0 {
        parts.push(format!("payloads of {} become other events", plural(changed, "mapping")));
    }
    let undecided = mappings(&|change| change.undecided.is_some());
    if undecided > 0 {
        parts.push(format!("undecided for payloads of {}", plural(undecided, "mapping")));
    }
    if !difference.declarations.is_empty() {
        parts.push(format!("{} changed", plural(difference.declarations.len(), "other declaration")));
    }
    format!("{}: {}", plural(edits.len(), "edited line"), parts.join("; "))
}
