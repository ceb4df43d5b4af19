//! Random conditions. Those of a theme look at the same few things, so that a block of them fills one part of the index.

use super::dice::Dice;

/// What most lines of a block require.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Theme {
    /// Texts that labels and fields are, begin with, end with or hold.
    Texts,
    /// Two or three labels of few values, so that a text alone is shared by very many lines.
    Pairs,
    /// Numbers above or below a bound.
    Bounds,
    /// Regexes of which no literal is known.
    Regexes,
    /// Conditions that many lines share, more than a guard can name.
    Shared,
    /// Bodies that decline what they do not look for.
    Bodies,
}

impl Theme {
    pub(super) const ALL: [Self; 6] =
        [Self::Texts, Self::Pairs, Self::Bounds, Self::Regexes, Self::Shared, Self::Bodies];
}

/// How many conditions the lines of a block share; a guard names 48 of them.
const COMMON: usize = 60;

/// Defines by name, each with what it stands for.
pub(super) fn defines(dice: &mut Dice) -> String {
    let mut all = vec![
        ("shared", dice.text()),
        ("both", format!("{} and {}", dice.text(), dice.text())),
        ("three", format!("both and {}", dice.other())),
        ("either", format!("{} or {}", dice.text(), dice.text())),
        ("again", "both".to_owned()),
        ("urgent", dice.combination(1)),
        ("mixed", format!("urgent and ({} or {})", dice.text(), dice.combination(0))),
        ("team", "labels.team ?? labels.env".to_owned()),
        ("level", "match labels.env { \"a\" | \"ab\" => Critical  else => Warning }".to_owned()),
        ("chosen", "match labels.team { \"a\" | \"web\" => true  else => false }".to_owned()),
        // These nest deeper than is looked into.
        ("deep", (0..10).fold(dice.text(), |inner, _| format!("({} or ({} and {inner}))", dice.text(), dice.text()))),
        ("sunk", (0..17 + dice.roll(2)).fold(dice.combination(0), |inner, _| format!("not ({inner})"))),
    ];
    all.extend([("bounded", dice.bound()), ("fitting", dice.regex())]);
    let lines: Vec<_> = all.into_iter().map(|(name, value)| format!("define {name} = {value}\n")).collect();
    lines.concat()
}

/// The conditions that the lines of one block share.
pub(super) fn common(dice: &mut Dice) -> Vec<String> {
    let mut all = Vec::new();
    while all.len() < COMMON {
        let one = if dice.one_in(4) { dice.text() } else { dice.other() };
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

impl Dice {
    /// A condition of a theme, mostly with nothing else to ask.
    pub(super) fn condition(&mut self, theme: Theme, common: &[String], depth: usize) -> String {
        let mut parts = match theme {
            Theme::Pairs => self.pair(),
            Theme::Texts => vec![self.text()],
            Theme::Bounds => vec![self.bound()],
            Theme::Regexes => vec![self.regex()],
            Theme::Shared => self.shared(common),
            Theme::Bodies => vec![self.positive_text()],
        };
        match self.roll(if depth == 0 { 6 } else { 12 }) {
            0..=4 => {}
            5 => parts.push(self.combination(2)),
            6 => parts.push(self.any(1)),
            7 => parts.push(self.other()),
            8 => parts.push(format!("not ({})", self.condition(theme, common, 0))),
            9 => {
                let (one, other) = (self.condition(theme, common, depth - 1), self.condition(theme, common, 0));
                parts = vec![format!("(({one}) or ({other}))")];
            }
            10 => parts.push(self.of(&["shared", "both", "three", "either", "again"]).to_owned()),
            _ => parts.push(self.of(&["urgent", "mixed", "sunk", "bounded", "fitting"]).to_owned()),
        }
        if self.one_in(2) {
            parts.reverse();
        }
        parts.join(" and ")
    }

    /// A condition of whatever theme.
    pub(super) fn any(&mut self, depth: usize) -> String {
        match self.roll(if depth == 0 { 6 } else { 10 }) {
            0 | 1 => self.text(),
            2 => self.bound(),
            3 => self.regex(),
            4 => self.combination(0),
            5 => self.other(),
            6 | 7 => format!("({} and {})", self.any(depth - 1), self.any(depth - 1)),
            8 => format!("({} or {})", self.any(depth - 1), self.any(depth - 1)),
            _ => format!("not ({})", self.any(depth - 1)),
        }
    }

    fn source(&mut self) -> &'static str {
        let labels = ["labels.team", "labels[\"team\"]", "labels.env", "labels[\"app.name\"]", "labels.host"];
        let fields = ["title", "description", "link", "source", "integration", "key"];
        if self.one_in(4) { self.of(&fields) } else { self.of(&labels) }
    }

    fn text(&mut self) -> String {
        if self.one_in(6) { self.negated_text() } else { self.positive_text() }
    }

    fn negated_text(&mut self) -> String {
        let (source, word, other) = (self.source(), self.word(), self.word());
        let case = self.of(&["", " ignore case"]);
        match self.roll(7) {
            0 => format!("{source} != \"{word}\"{case}"),
            1 => format!("{source} not in [\"{word}\", \"{other}\"]{case}"),
            2 => format!("{source} not like [\"{word}*\", \"*{other}\"]{case}"),
            3 => format!("{source} not matches /{word}.*/"),
            4 => format!("{source} not contains \"{word}\"{case}"),
            5 => format!("{source} not starts with \"{word}\"{case}"),
            _ => format!("{source} not ends with \"{word}\"{case}"),
        }
    }

    fn positive_text(&mut self) -> String {
        let (source, word, other) = (self.source(), self.word(), self.word());
        let case = self.of(&["", "", " ignore case"]);
        match self.roll(20) {
            0..=3 => format!("{source} == \"{word}\"{case}"),
            4 | 5 => format!("{source} in [\"{word}\", \"{other}\", \"{word}b\"]{case}"),
            6 => format!("{source} like \"{word}\"{case}"),
            7 => format!("{source} like [\"{word}*\", \"*{other}*b\"]{case}"),
            8 => format!("{source} like \"{word}{}{other}*\"{case}", self.of(&["?", "?*", "*"])),
            9 => format!("{source} matches /({word}|{other}).*/"),
            10 => format!("{source} matches /{word}({other}|b)/i"),
            // Two ways to the same text.
            11 => format!("{source} matches /{word}(|{other})(|{other})/"),
            12 => format!("{source} finds /{word}[ab]?{other}/i"),
            13 => format!("{source} finds /^{word}/"),
            14 if self.one_in(2) => format!("{source} matches /{word}\\b{other}/"),
            14 => format!("{source} finds /{word}{other}$/"),
            15 | 16 => format!("{source} contains \"{word}\"{case}"),
            17 => format!("{source} starts with \"{word}\"{case}"),
            18 if self.one_in(2) => self.list(source, case),
            18 => format!("{source} ends with \"{word}\"{case}"),
            _ => format!("({source} == \"{word}\" or {source} == \"{other}\"{case})"),
        }
    }

    /// Lists around the length from which on they are not written out.
    fn list(&mut self, source: &str, case: &str) -> String {
        let count = [30, 40, 60, 64, 65, 70][self.roll(6)];
        let word = |number: usize| if number.is_multiple_of(4) { self.word() } else { number.to_string() };
        let words: Vec<String> = (0..count).map(word).map(|word| format!("\"{word}\"")).collect();
        format!("{source} in [{}]{case}", words.join(", "))
    }

    /// Conditions on two or three labels, each of which has to be one of very few texts.
    fn pair(&mut self) -> Vec<String> {
        let count = 2 + self.roll(4) / 3;
        let labels = self.some(&["labels.site", "labels.tier", "labels.zone"], count);
        labels.into_iter().map(|label| self.one_of_few(label)).collect()
    }

    fn one_of_few(&mut self, label: &str) -> String {
        let value = self.of(&["west", "ÄB"]);
        let case = self.of(&["", " ignore case"]);
        match self.roll(8) {
            0 => format!("{label} in [\"west\", \"ÄB\"]{case}"),
            1 => format!("{label} matches /(west|ÄB)/"),
            2 => format!("{label} like \"{value}\"{case}"),
            // These do not say all of a text.
            3 if self.one_in(2) => format!("({label} == \"{value}\" or {label} starts with \"w\")"),
            3 => format!("({label} == \"{value}\" or labels.env ends with \"b\")"),
            _ => format!("{label} == \"{value}\"{case}"),
        }
    }

    fn bound(&mut self) -> String {
        let number = ["number(labels.size)", "number(labels.size)", "number(labels.load)", "len(labels.team)"];
        let (subject, sign) = (self.of(&number), self.of(&["<", "<=", ">", ">="]));
        let odd = ["2.5", "3.0", "-3", "-0.0", "1e1", "9007199254740992", "9007199254740993", "1e30"];
        let bound = if self.one_in(3) { self.of(&odd).to_owned() } else { self.roll(12).to_string() };
        format!("{subject} {sign} {bound}")
    }

    /// A regex without a literal: its classes have too many letters to be written out.
    fn regex(&mut self) -> String {
        let source = self.of(&["labels.host", "labels.host", "labels.host", "labels.host", "title"]);
        let how = self.of(&["matches", "matches", "finds"]);
        let flags = self.of(&["", "", "i", "s", "m", "x", "U"]);
        let class = self.of(&["[a-z]", "[A-Z]", "[^a]", "[^0-9]", ".", "[a-zß]"]);
        let count = self.of(&["", "?", "+", "*", "{2}", "{3}", "{2,4}?"]);
        let word = self.of(&["a", "b", "web", "7", "-"]);
        let end = self.of(&["", "[0-9]?", "$", "(-7)?", "[a-z]{0,2}"]);
        match self.roll(6) {
            0 => format!("{source} {how} /({word})?{class}{count}/{flags}"),
            1 => format!("{source} {how} /(|{word})(|{end})/{flags}"),
            2 => format!("{source} {how} /^{class}{count}$/{flags}"),
            _ => format!("{source} {how} /{class}{count}{end}/{flags}"),
        }
    }

    /// Some of the conditions that the block shares, so that each is shared by several lines.
    fn shared(&mut self, common: &[String]) -> Vec<String> {
        let common: Vec<&str> = common.iter().map(String::as_str).collect();
        let count = 1 + self.roll(3);
        self.some(&common, count).into_iter().map(str::to_owned).collect()
    }

    /// A condition on severity and status alone.
    pub(super) fn combination(&mut self, depth: usize) -> String {
        let severity = self.of(&["Info", "Warning", "Critical"]);
        match self.roll(if depth == 0 { 6 } else { 10 }) {
            0 => format!("severity {} {severity}", self.of(&["==", "!=", "<", "<=", ">", ">="])),
            1 => format!("severity {} [Info, {severity}]", self.of(&["in", "not in"])),
            2 | 3 => format!("status {} {}", self.of(&["==", "!="]), self.of(&["Firing", "Resolved"])),
            4 => format!("status in [{}]", self.of(&["Firing", "Resolved", "Firing, Resolved"])),
            5 => format!("severity >= {severity}"),
            6 => format!("({} and {})", self.combination(depth - 1), self.combination(depth - 1)),
            7 | 8 => format!("({} or {})", self.combination(depth - 1), self.combination(depth - 1)),
            _ => format!("not ({})", self.combination(depth - 1)),
        }
    }

    /// A condition of which nothing may be looked up.
    fn other(&mut self) -> String {
        let label = self.of(&["labels.team", "labels.env", "labels.site", "labels.size", "labels.host"]);
        let other = self.of(&["labels.env", "title", "labels.tier", "team"]);
        match self.roll(14) {
            0 => format!("{label} is {}missing", self.of(&["", "not "])),
            1 => format!("{label} is {}empty", self.of(&["", "not "])),
            2 | 3 => format!("{label} {} {other}", self.of(&["==", "!=", "contains", "starts with", "not ends with"])),
            4 => format!("{label} in [{other}, \"{}\"]", self.word()),
            5 => self.of(&["during office", "not during office", "starts_at during office"]).to_owned(),
            6 => format!("starts_at {} time(\"2026-11-20T02:30:00Z\")", self.of(&["<", "<=", ">", ">="])),
            7 => format!("len(labels) == {}", self.roll(9)),
            8 => format!("number(labels.size) {} number(labels.load)", self.of(&["<", ">=", "=="])),
            9 => format!("severity {} level", self.of(&["==", "<", ">="])),
            10 => format!("{} == \"{}\"", self.of(&["team", "lower(labels.team)"]), self.word()),
            11 => self.of(&["chosen", "deep"]).to_owned(),
            _ => self.negated_text(),
        }
    }
}
