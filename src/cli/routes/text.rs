//! Trees as indented lines.

use super::{LineFacts, LineProof};
use crate::cli::terminal::OutputStream;
use crate::diagnostic::visible_text;
use crate::ruleset::{RouteTarget, RouteTreeLine, RoutingTree};
use crate::text::{plural, shorten};
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// The columns where nothing says how many there are.
const WIDTH: usize = 120;
/// The fewest columns of a line's own text.
const MIN_TEXT: usize = 24;

/// How trees are drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct TreeStyle {
    width: usize,
    /// Whether lines join what belongs together; otherwise blanks indent it.
    has_rails: bool,
}

impl TreeStyle {
    pub(super) fn of(output: &OutputStream) -> Self {
        Self { width: output.width().unwrap_or(WIDTH), has_rails: output.is_terminal() }
    }
}

pub(super) fn render(trees: &[RoutingTree], facts: &LineFacts, style: TreeStyle) -> String {
    let mut drawing = TreeDrawing { facts, style, out: String::new() };
    for (number, tree) in trees.iter().enumerate() {
        drawing.out.push_str(if number == 0 { "" } else { "\n" });
        let from = match &*tree.entered_from {
            [] => String::new(),
            from => format!("  from {}", from.join(", ")),
        };
        _ = writeln!(drawing.out, "routing {}  {}{from}", tree.routing, visible_text(&tree.at));
        drawing.lines(&tree.lines, "");
    }
    drawing.out
}

struct TreeDrawing<'f> {
    facts: &'f LineFacts,
    style: TreeStyle,
    out: String,
}

impl TreeDrawing<'_> {
    fn lines(&mut self, lines: &[RouteTreeLine], margin: &str) {
        for (number, line) in lines.iter().enumerate() {
            let (branch, below) = self.rails(number + 1 == lines.len());
            let to = line.target.as_ref().map(target).unwrap_or_default();
            self.line(&format!("{margin}{branch}"), &text(line), &to, &self.remark(line));
            let margin = format!("{margin}{below}");
            for (number, arm) in line.arms.iter().enumerate() {
                let (branch, _) = self.rails(number + 1 == line.arms.len());
                self.line(&format!("{margin}{branch}"), &arm.pattern, &target(&arm.target), "");
            }
            self.lines(&line.lines, &margin);
        }
    }

    /// What stands before a line, and before those in it.
    fn rails(&self, is_last: bool) -> (&'static str, &'static str) {
        match (self.style.has_rails, is_last) {
            (false, _) => ("  ", "  "),
            (true, false) => ("├─ ", "│  "),
            (true, true) => ("└─ ", "   "),
        }
    }

    fn line(&mut self, margin: &str, asked: &str, target: &str, remark: &str) {
        let room = self.style.width.saturating_sub(margin.width() + remark.width() + 2).max(MIN_TEXT);
        let shown = fitted(&visible_text(asked), &visible_text(target), room);
        let blanks = if remark.is_empty() { 0 } else { room.saturating_sub(shown.width()) + 2 };
        _ = writeln!(self.out, "{margin}{shown}{}{remark}", " ".repeat(blanks));
    }

    /// Tests, proofs, and whether the event came here.
    fn remark(&self, line: &RouteTreeLine) -> String {
        let tests = match self.facts.tests.get(&line.path) {
            Some(tests) => plural(*tests, "test"),
            None => "no test".to_owned(),
        };
        let proof = match self.facts.proofs.get(&line.path) {
            Some(LineProof::Unreachable) => ", unreachable",
            Some(LineProof::Undecided(_)) => ", undecided",
            Some(LineProof::Event(_)) | None => "",
        };
        let way = match &self.facts.way {
            Some(way) if way.contains(&*line.path) => "  <- the event",
            Some(_) => "              ",
            None => "",
        };
        format!("{tests}{proof}{way}").trim_end().to_owned()
    }
}

/// What is asked and where it leads, in so many columns: who gets an alert is what readers look for, so a long condition gives way
/// first.
fn fitted(asked: &str, target: &str, room: usize) -> String {
    let asked = shortened(asked, room.saturating_sub(target.width()).max(room / 2));
    shortened(&format!("{asked}{target}"), room)
}

fn shortened(text: &str, columns: usize) -> String {
    if text.width() > columns { shorten(text, columns.saturating_sub(1)) } else { text.to_owned() }
}

/// `route page when severity == Critical`
fn text(line: &RouteTreeLine) -> String {
    let mut text = line.kind.to_owned();
    if line.kind != "else" {
        text = format!("{text} {}", line.name());
    }
    if !line.head.is_empty() {
        text = format!("{text} {}", line.head);
    }
    text
}

/// ` => pay_page`
fn target(to: &RouteTarget) -> String {
    match &to.next {
        Some(next) => format!(" => {}, then {next}", to.text),
        None => format!(" => {}", to.text),
    }
}
