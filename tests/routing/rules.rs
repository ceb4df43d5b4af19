//! Random rule sets: routings of one theme each, which call those before them.

use super::conditions::{self, Theme};
use super::dice::Dice;

/// What the arms of a `match` begin with: each with another letter, as an arm that can never be chosen is an error.
pub(super) const LETTERS: [&str; 10] = ["a", "b", "w", "k", "7", "1", "ä", "x", "y", "ß"];

/// A rule set that can be made smaller: what stands before the routings, and the lines of each.
#[derive(Clone)]
pub(super) struct Rules {
    head: String,
    pub(super) routings: Vec<Vec<String>>,
}

impl Rules {
    pub(super) fn text(&self) -> String {
        let mut text = self.head.clone();
        for (number, lines) in self.routings.iter().enumerate() {
            text += &format!("routing q{number} {{\n{}}}\n", lines.concat());
        }
        text
    }
}

/// What a block is made of.
#[derive(Clone, Copy)]
struct Block<'c> {
    theme: Theme,
    /// The conditions that its lines share.
    common: &'c [String],
    /// How many routings there are before this one.
    callable: usize,
    /// How deep blocks may still nest.
    depth: usize,
    /// Whether it is a routing's own, which must not decline.
    is_top: bool,
}

impl Dice {
    pub(super) fn rules(&mut self) -> Rules {
        let mut head = String::from("edition 1\nschedule office in \"Asia/Shanghai\" { mon..fri 09:00..18:00 }\n");
        for channel in 0..6 {
            head += &format!("channel c{channel} = discard()\n");
        }
        head += "channel f[site] in [\"west\", \"WEST\"] = discard()\n";
        head += &conditions::defines(self);
        let small = self.routing(Theme::Texts, 6, 0);
        let middle = self.routing(Theme::Bodies, 18, 1);
        let mut routings = vec![small, middle];
        for _ in 0..2 {
            let theme = Theme::ALL[self.roll(Theme::ALL.len())];
            let lines = self.size(theme);
            routings.push(self.routing(theme, lines, routings.len()));
        }
        Rules { head, routings }
    }

    /// How many lines fill the part of an index that is meant.
    fn size(&mut self, theme: Theme) -> usize {
        match theme {
            Theme::Texts => 50,
            Theme::Pairs => 70,
            Theme::Bounds => 40,
            // More than are tried at once.
            Theme::Regexes if self.one_in(3) => 130,
            Theme::Regexes => 24,
            Theme::Shared => 100,
            Theme::Bodies => 30,
        }
    }

    fn routing(&mut self, theme: Theme, lines: usize, callable: usize) -> Vec<String> {
        let common = conditions::common(self);
        let block = Block { theme, common: &common, callable, depth: 2, is_top: true };
        self.block(block, lines)
    }

    /// The lines of a block. Most lines only add, so that one which hits hides none of those below it.
    fn block(&mut self, block: Block<'_>, count: usize) -> Vec<String> {
        let kinds: &[&str] = if self.one_in(3) {
            &["route", "route", "also route", "always"]
        } else {
            &["also route", "also route", "also route", "also route", "also route", "route", "always"]
        };
        let mut lines: Vec<String> = (0..count)
            .map(|number| {
                let kind = self.of(kinds);
                self.line(block, kind, number)
            })
            .collect();
        lines.push(self.otherwise(block));
        lines
    }

    fn line(&mut self, block: Block<'_>, kind: &str, number: usize) -> String {
        let bodies = if block.theme == Theme::Bodies { 2 } else { 10 };
        let (body, declines) = if self.one_in(bodies) {
            self.body(block, kind)
        } else {
            (format!(" => {}", self.target(block, kind)), false)
        };
        // A `route` that takes everything would hide what follows it.
        let is_bare = if declines { self.one_in(2) } else { kind != "route" && self.one_in(30) };
        let when =
            if is_bare { String::new() } else { format!(" when {}", self.condition(block.theme, block.common, 1)) };
        format!("{kind} r{number}{when}{body}\n")
    }

    /// A block or a `match`, and whether it leaves some events to the lines that follow.
    fn body(&mut self, block: Block<'_>, kind: &str) -> (String, bool) {
        if block.depth > 0 && self.one_in(2) { self.nested(block) } else { self.arms(block, kind) }
    }

    fn nested(&mut self, block: Block<'_>) -> (String, bool) {
        // Small ones mostly; the others have an index of their own.
        let count = if self.one_in(5) { 16 + self.roll(8) } else { self.roll(4) };
        let theme = if self.one_in(3) { Theme::ALL[self.roll(Theme::ALL.len())] } else { Theme::Bodies };
        let lines = self.block(Block { theme, depth: block.depth - 1, is_top: false, ..block }, count);
        let declines = lines.last().is_some_and(|last| last.contains("decline"));
        (format!(" {{\n{} }}", lines.concat()), declines)
    }

    fn otherwise(&mut self, block: Block<'_>) -> String {
        let arm = self.of(&LETTERS);
        match self.roll(6) {
            0 => "else => c0\n".to_owned(),
            1 => "else => nothing because \"quiet\"\n".to_owned(),
            _ if block.is_top => format!("else => c1, {}\n", self.target(block, "else")),
            2 => format!("else match labels.env {{ \"{arm}\" => c1  else => decline }}\n"),
            _ => "else => decline\n".to_owned(),
        }
    }

    fn target(&mut self, block: Block<'_>, kind: &str) -> String {
        match self.roll(8) {
            0 if kind == "route" => "nothing because \"quiet {labels.team}\"".to_owned(),
            1 | 2 if block.callable > 0 => {
                let called = self.roll(block.callable);
                format!("{}routing q{called}", self.of(&["", "c2, "]))
            }
            3 => "c4, c5".to_owned(),
            // A routing's own `else` chooses no member, since there may be none.
            4 if kind != "else" => format!("{}f[labels.site]", self.of(&["", "c3, "])),
            _ => format!("c{}", self.roll(6)),
        }
    }

    /// A `match`; those of one label or field have arms enough for an index of their own now and then.
    fn arms(&mut self, block: Block<'_>, kind: &str) -> (String, bool) {
        let mut arms = match self.roll(8) {
            0 => " match severity {\n Critical => TARGET\n Warning => TARGET\n".to_owned(),
            1 => " match status {\n Resolved => TARGET\n".to_owned(),
            2 => " match number(labels.size) {\n < 3 => TARGET\n >= 8 => TARGET\n".to_owned(),
            3 => {
                " match labels.team, severity {\n \"a\", Critical => TARGET\n \"b\" | \"ab\", _ => TARGET\n".to_owned()
            }
            _ => self.many_arms(),
        };
        while arms.contains("TARGET") {
            arms = arms.replacen("TARGET", &self.target(block, kind), 1);
        }
        let declines = self.roll(4) > 0;
        let rest = if declines { "decline".to_owned() } else { self.target(block, kind) };
        (format!("{arms} else => {rest}\n }}"), declines)
    }

    fn many_arms(&mut self) -> String {
        let subject = self.of(&["labels.team", "labels.team", "labels.env", "title"]);
        let case = self.of(&["", " ignore case"]);
        let mut arms = format!(" match {subject}{case} {{\n");
        let count = 1 + self.roll(LETTERS.len());
        for letter in self.some(&LETTERS, count) {
            let pattern = match self.roll(8) {
                0 => format!("starts with \"{letter}{letter}\""),
                1 => format!("like \"{letter}?\""),
                2 => format!("matches /{letter}[ab]{{2}}/ | finds /^{letter}7/"),
                3 => format!("ends with \"{letter}7\""),
                _ => format!("\"{letter}\" | \"{letter}b\" | \"{letter}-7\""),
            };
            let result = if self.one_in(8) { "decline" } else { "TARGET" };
            arms += &format!(" {pattern} => {result}\n");
        }
        if self.one_in(4) && subject != "title" {
            arms += " missing => TARGET\n";
        }
        arms
    }
}
