//! What became of the changes of rules, for people: the changes that no test noticed, each with a test to paste.

use super::text::{BAD, FAINT, GOOD, PLAIN, STRONG};
use crate::diagnostic::visible_text;
use crate::suite::mutation::{ChangeText, MutationReport, ReportedChange, SurvivingChange};
use crate::text::{plural, shorten};
use std::fmt::Write;

/// How much of a text is shown.
const MAX_TEXT: usize = 160;

/// The survivors by file and place, then the changes that change nothing, then the score.
#[must_use]
pub fn render(report: &MutationReport) -> String {
    let mut out = String::new();
    let mut file = "";
    for survivor in &report.survivors {
        if survivor.change.location.file != file {
            file = &survivor.change.location.file;
            let _ = writeln!(out, "{STRONG}{file}{PLAIN}\n");
        }
        out.push_str(&survived(survivor));
    }
    if !report.equivalent.is_empty() {
        out.push_str("these changes change nothing, and are not counted\n");
        let line = |change: &ReportedChange| format!("  {FAINT}{}{PLAIN}  {}\n", change.location.short(), said(change));
        out.extend(report.equivalent.iter().map(line));
        out.push('\n');
    }
    out.push_str(&summary(report));
    out
}

fn survived(survivor: &SurvivingChange) -> String {
    let SurvivingChange { change, cases, test, reason } = survivor;
    let reached = match cases {
        0 => "no test reaches it".to_owned(),
        1 => "1 test reaches it and passes all the same".to_owned(),
        cases => format!("{cases} tests reach it and pass all the same"),
    };
    let mut out = format!("  {FAINT}{}{PLAIN}  {BAD}{}{PLAIN}\n", change.location.short(), said(change));
    let _ = writeln!(out, "    {reached}");
    out.extend(reason.iter().map(|reason| format!("    {reason}\n")));
    for line in test.iter().flat_map(|test| test.lines()) {
        let _ = writeln!(out, "    {GOOD}{}{PLAIN}", visible_text(line));
    }
    out.push('\n');
    out
}

/// The declaration or line, and what is changed: ``main.page: `severity >= Warning` becomes `severity > Warning` ``.
#[must_use]
pub fn said(change: &ReportedChange) -> String {
    let text = |text: &str| format!("`{}`", visible_text(&shorten(text, MAX_TEXT)));
    let change_text = match &change.text {
        ChangeText::Becomes { old, new } => format!("{} becomes {}", text(old), text(new)),
        ChangeText::Removed { old } => format!("{} is gone", text(old)),
        ChangeText::Swapped { first, second } => format!("{} comes after {}", text(first), text(second)),
    };
    format!("{}: {change_text}", change.owner)
}

fn summary(report: &MutationReport) -> String {
    let counted = report.counted();
    let (killed, survived) = (report.killed, report.survivors.len());
    let style = if survived == 0 { GOOD } else { BAD };
    let mut out = format!("{style}{}{PLAIN}: {killed} noticed, {survived} not\n", plural(counted, "change"));
    let (equivalent, rejected) = (report.equivalent.len(), report.rejected);
    let _ = writeln!(out, "not counted: {equivalent} that change nothing, {rejected} that `check` refuses");
    if report.left_out > 0 {
        let _ = writeln!(out, "not tried: {} beyond the limit", plural(report.left_out, "change"));
    }
    let _ = writeln!(out, "score {:.1} %", report.score());
    out
}
