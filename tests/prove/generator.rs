//! Random rule sets and random events, for the campaign of proofs.

use pointsman::event::{AlertStatus, Severity};
use pointsman::model::EventField;
use pointsman::prove::Witness;
use pointsman::time::Timestamp;
use std::fmt::Write;

/// Numbers from a seed: the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        (self.next() % count.max(1) as u64) as usize
    }

    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub(crate) fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

const LABELS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Texts that labels have and rules name.
const TEXTS: [&str; 34] = [
    "",
    "x",
    "y",
    "pay",
    "pay-card",
    "pay-card-0",
    "PAY",
    "Pay",
    "İ",
    "i̇",
    "ς",
    "σ",
    "Σ",
    "ß",
    "K",
    "k",
    "10",
    "10.0",
    "1e1",
    " 10",
    "-3",
    "11",
    "9",
    "foo bar",
    "foo",
    "bar",
    "baz-qux",
    "node1",
    "a-node2-b",
    "10.1.2.3",
    "10.1.2.3:80",
    "xay",
    "foo\nbar",
    "\n",
];

const PIECES: [&str; 14] = ["x", "pay", "-", "card", "PAY", "σ", "i", "k", "foo", "bar", "node", "1", " ", "0"];

const GLOBS: [&str; 10] = ["pay*", "*-card*", "?", "*", "x*y", "*node?*", "foo?bar", "PAY*", "*σ", "10.*"];

const REGEXES: [&str; 24] = [
    "pay.*",
    "pay-card-[0-9]+",
    "[a-z]+",
    r"\\w+",
    "(foo|bar).*",
    r"\\bfoo\\b",
    "^x",
    "y$",
    r"\\d+",
    "(?i)pay",
    r"^(?:pay|foo)[^-]*$",
    r"\\Bay",
    "(?s)foo.bar",
    "(?m)^bar$",
    ".*-node1-.*",
    ".*node2.*",
    "[^x]*",
    "",
    r"σ+",
    r"x{1,3}",
    r"[[:upper:]]+",
    r"\\b{start}pay",
    r"1(e1)?",
    r"k|ß",
];

/// The text of a rule set.
pub(crate) fn rules(random: &mut Random) -> String {
    let mut text = String::from("edition 1\n\n");
    for channel in 0..6 {
        let _ = writeln!(text, "channel c{channel} = stdout()");
    }
    text.push_str("channel fam[team] in [\"x\", \"pay\", \"10\"] = stdout()\n");
    text.push_str(
        "schedule day in \"Asia/Shanghai\" { mon..fri 09:00..18:00 }\n\
         schedule night in \"Asia/Shanghai\" { 22:00..06:00 except sat, sun }\n\
         schedule berlin in \"Europe/Berlin\" { sat 01:00..03:30 2026-03-29 02:30..03:30 }\n\
         schedule gone in \"UTC\" { 2026-05-01..2026-05-03 }\n",
    );
    text.push_str(
        "table tier(service) ignore case { \"pay\" | \"pay-card\" => \"gold\"  like [\"foo*\", \"*σ\"] => \"silver\"  \
         starts with \"b\" => \"bronze\"  else => missing }\n\
         table both(one, two) { \"x\", _ => \"first\"  _, \"y\" => \"second\"  missing, missing => \"none\"  else => \"other\" }\n",
    );
    let mut set = SetGenerator { random, defines: 0, depth: 0 };
    for define in 0..3 {
        let condition = set.condition(2);
        let _ = writeln!(text, "define d{define} = {condition}");
        set.defines = define + 1;
    }
    for (routing, called) in [("main", &["second", "third"][..]), ("second", &["third"]), ("third", &[])] {
        let block = set.block(called, 0);
        let _ = writeln!(text, "routing {routing} {block}");
    }
    text
}

pub(super) struct SetGenerator<'r> {
    pub(super) random: &'r mut Random,
    /// How many defines there are.
    pub(super) defines: usize,
    pub(super) depth: usize,
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\n', "\\n"))
}

impl SetGenerator<'_> {
    fn block(&mut self, called: &[&str], depth: usize) -> String {
        let mut text = String::from("{\n");
        let count = 1 + self.random.below(if depth == 0 { 7 } else { 4 });
        for line in 0..count {
            let kind = *self.random.pick(&["route", "route", "route", "also route", "always"]);
            let when = if self.random.one_in(14) && kind != "route" {
                String::new()
            } else {
                format!(" when {}", self.condition(2))
            };
            let body = self.body(called, depth, kind);
            let _ = writeln!(text, "{}{kind} r{line}{when} {body}", "  ".repeat(depth + 1));
        }
        let last =
            if depth > 0 && self.random.one_in(2) { "=> decline".to_owned() } else { self.target(called, "else") };
        let _ = writeln!(text, "{}else {last}\n{}}}", "  ".repeat(depth + 1), "  ".repeat(depth));
        text
    }

    fn body(&mut self, called: &[&str], depth: usize, kind: &str) -> String {
        if depth < 3 && self.random.one_in(3) {
            return self.block(called, depth + 1);
        }
        if self.random.one_in(5) {
            let label = *self.random.pick(&LABELS);
            let mut arms = String::new();
            for _ in 0..=self.random.below(3) {
                let pattern = self.pattern();
                let target = self.arm_target(called, kind);
                let _ = write!(arms, "{pattern} {target}  ");
            }
            let target = self.arm_target(called, kind);
            return format!("match labels.{label} {{ {arms} else {target} }}");
        }
        self.target(called, kind)
    }

    fn arm_target(&mut self, called: &[&str], kind: &str) -> String {
        if self.random.one_in(3) { "=> decline".to_owned() } else { self.target(called, kind) }
    }

    fn target(&mut self, called: &[&str], kind: &str) -> String {
        if !called.is_empty() && self.random.one_in(4) {
            return format!("=> routing {}", self.random.pick(called));
        }
        if self.random.one_in(12) && kind == "route" {
            return "=> nothing because \"no\"".to_owned();
        }
        if self.random.one_in(9) && kind != "else" {
            return format!("=> fam[labels.{}]", self.random.pick(&LABELS));
        }
        format!("=> c{}", self.random.below(6))
    }

    fn pattern(&mut self) -> String {
        match self.random.below(5) {
            0 => quoted(self.word(&TEXTS)),
            1 => format!("like {}", quoted(self.word(&GLOBS))),
            2 => format!("starts with {}", quoted(self.word(&PIECES))),
            3 => format!("matches /{}/", regex(self.word(&REGEXES))),
            _ => "missing".to_owned(),
        }
    }

    pub(super) fn condition(&mut self, depth: usize) -> String {
        if depth > 0 && self.random.one_in(2) {
            let word = *self.random.pick(&[" and ", " or "]);
            let parts: Vec<String> = (0..2 + self.random.below(2)).map(|_| self.part(depth - 1)).collect();
            return parts.join(word);
        }
        self.leaf()
    }

    fn part(&mut self, depth: usize) -> String {
        match self.random.below(4) {
            0 => format!("not ({})", self.condition(depth)),
            1 if depth > 0 => format!("({})", self.condition(depth)),
            _ => self.leaf(),
        }
    }

    fn value(&mut self) -> String {
        let label = format!("labels.{}", self.random.pick(&LABELS));
        match self.random.below(16) {
            0 => "title".to_owned(),
            1 => "description".to_owned(),
            2 => format!("lower({label})"),
            3 => format!("upper({label})"),
            4 => format!("trim({label})"),
            5 => format!("({label} ?? labels.{})", self.random.pick(&LABELS)),
            6 => format!("tier({label})"),
            7 => format!("both({label}, labels.{})", self.random.pick(&LABELS)),
            8 => format!("present({label})"),
            _ => label,
        }
    }

    pub(super) fn leaf(&mut self) -> String {
        let value = self.value();
        let case = if self.random.one_in(4) { " ignore case" } else { "" };
        let label = format!("labels.{}", self.random.pick(&LABELS));
        match self.random.below(27) {
            0..=3 => format!("{value} == {}{case}", quoted(self.word(&TEXTS))),
            4 => format!("{value} != {}{case}", quoted(self.word(&TEXTS))),
            5 | 6 => {
                let words: Vec<String> = (0..3).map(|_| quoted(self.word(&TEXTS))).collect();
                let not = if self.random.one_in(3) { "not " } else { "" };
                format!("{value} {not}in [{}]{case}", words.join(", "))
            }
            7 => format!("{value} like {}{case}", quoted(self.word(&GLOBS))),
            8 => format!("{value} starts with {}{case}", quoted(self.word(&PIECES))),
            9 => format!("{value} ends with {}{case}", quoted(self.word(&PIECES))),
            10 => format!("{value} contains {}{case}", quoted(self.word(&PIECES))),
            11 | 12 => format!("{value} matches /{}/{}", regex(self.word(&REGEXES)), self.flags()),
            13 => format!("{value} finds /{}/{}", regex(self.word(&REGEXES)), self.flags()),
            14 => format!("{label} is missing"),
            15 => format!("{value} is empty"),
            16 => format!(
                "severity {} {}",
                self.random.pick(&["==", "!=", ">=", "<"]),
                self.random.pick(&["Critical", "Warning"])
            ),
            17 => format!("status == {}", self.random.pick(&["Firing", "Resolved"])),
            18 | 19 => format!(
                "number({label}) {} {}",
                self.random.pick(&["==", "<", ">=", ">"]),
                self.random.pick(&["10", "9", "11.5", "-3", "0"])
            ),
            20 => format!("len({label}) {} {}", self.random.pick(&["==", "<", ">="]), self.random.below(5)),
            21 => format!("{label} {} labels.{}", self.random.pick(&["==", "!="]), self.random.pick(&LABELS)),
            22 => format!("during {}", self.random.pick(&["day", "night", "berlin", "gone"])),
            23 => format!("starts_at during {}", self.random.pick(&["day", "night", "berlin", "gone"])),
            24 if self.defines > 0 => format!("d{}", self.random.below(self.defines)),
            25 => format!("{label} in cidr \"10.1.0.0/16\""),
            _ => self.rare(&label),
        }
    }

    fn rare(&mut self, label: &str) -> String {
        self.depth += 1;
        let count = if std::env::var_os("FOLLOWED").is_some() { 3 } else { 4 };
        match self.random.below(count) {
            0 if self.random.one_in(2) => "labels is empty".to_owned(),
            0 => format!("len(labels) {} {}", self.word(&["==", "!=", "<", "<=", ">", ">="]), self.random.below(6)),
            2 => "starts_at > time(\"2026-05-02T00:00:00Z\")".to_owned(),
            1 => format!("{label} is not missing"),
            _ => format!("slice({label}, 0, 3) == \"pay\""),
        }
    }

    fn word(&mut self, all: &[&'static str]) -> &'static str {
        all[self.random.below(all.len())]
    }

    fn flags(&mut self) -> &'static str {
        self.word(&["", "", "i", "s", "m"])
    }
}

fn regex(text: &str) -> String {
    text.replace("\\\\", "\\")
}

/// A random event, with texts that the rules name more often than others.
pub(crate) fn event(random: &mut Random) -> Witness {
    let mut event = Witness {
        severity: *random.pick(&Severity::ALL),
        status: *random.pick(&AlertStatus::ALL),
        ..Witness::default()
    };
    let chance = 1 + random.below(5);
    for label in LABELS {
        if !random.one_in(chance + 1) && !random.one_in(3) {
            event.labels.insert(label.to_owned(), text(random));
        }
    }
    for field in [EventField::Title, EventField::Description] {
        if random.one_in(2) {
            event.texts.insert(field, text(random));
        }
    }
    let start = Timestamp::read("2026-01-01T00:00:00Z").unwrap().epoch_milliseconds();
    let mut time = || {
        let seconds = i64::try_from(random.below(31_536_000)).unwrap();
        Timestamp::from_epoch_milliseconds(start + 1_000 * seconds)
    };
    let (at, began) = (time(), time());
    event.at = Some(at);
    event.starts_at = random.one_in(2).then_some(began);
    event
}

fn text(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!("{}{}", random.pick(&TEXTS), random.pick(&TEXTS)),
        1 => format!("{}{}", random.pick(&PIECES), random.pick(&TEXTS)),
        2 => (*random.pick(&PIECES)).to_owned(),
        _ => (*random.pick(&TEXTS)).to_owned(),
    }
}
