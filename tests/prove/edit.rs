//! Random edits of the text of a rule set.

use super::generator::{self, Random};

/// Words of rules, and others that may stand in their place.
const WORDS: [(&str, &str); 30] = [
    (" and ", " or "),
    (" or ", " and "),
    ("==", "!="),
    ("!=", "=="),
    (" >= ", " < "),
    (" < ", " >= "),
    (" ignore case", ""),
    ("not (", "("),
    ("not in", "in"),
    ("Critical", "Warning"),
    ("Warning", "Critical"),
    ("Firing", "Resolved"),
    ("also route", "route"),
    ("route ", "also route "),
    ("always", "also route"),
    ("=> decline", "=> c1"),
    ("=> c0", "=> c1"),
    ("=> c2", "=> decline"),
    ("=> c3", "=> c4"),
    ("=> fam[labels.a]", "=> fam[labels.b]"),
    ("labels.a", "labels.b"),
    ("labels.c", "labels.d"),
    ("\"pay\"", "\"x\""),
    ("\"x\"", "\"y\""),
    ("18:00", "19:00"),
    ("06:00", "05:00"),
    ("\"gold\"", "\"silver\""),
    ("[a-z]+", "[a-y]+"),
    ("starts with", "ends with"),
    ("is missing", "is empty"),
];

/// A text with one edit. It may be no rule set, and it may say the same.
pub(crate) fn edit(text: &str, random: &mut Random) -> String {
    match random.below(6) {
        0 => without_line(text, random),
        1 => with_line(text, random),
        2 => swapped(text, random),
        _ => with_other_word(text, random),
    }
}

fn with_other_word(text: &str, random: &mut Random) -> String {
    for _ in 0..50 {
        let (word, other) = *random.pick(&WORDS);
        let places: Vec<usize> = text.match_indices(word).map(|(at, _)| at).collect();
        if !places.is_empty() {
            let at = *random.pick(&places);
            return format!("{}{other}{}", &text[..at], &text[at + word.len()..]);
        }
    }
    text.to_owned()
}

/// The positions of lines of routings that end where they begin.
fn plain_lines(text: &str) -> Vec<usize> {
    let is_plain = |line: &str| {
        let line = line.trim_start();
        ["route ", "also route ", "always "].iter().any(|word| line.starts_with(word)) && !line.ends_with('{')
    };
    text.lines().enumerate().filter(|(_, line)| is_plain(line)).map(|(at, _)| at).collect()
}

fn without_line(text: &str, random: &mut Random) -> String {
    let plain = plain_lines(text);
    if plain.is_empty() {
        return text.to_owned();
    }
    let gone = *random.pick(&plain);
    let kept = text.lines().enumerate().filter(|(at, _)| *at != gone);
    kept.flat_map(|(_, line)| [line, "\n"]).collect()
}

/// A line of another set, before a line of this one.
fn with_line(text: &str, random: &mut Random) -> String {
    let other = generator::rules(random);
    let (from, to) = (plain_lines(&other), plain_lines(text));
    if from.is_empty() || to.is_empty() {
        return text.to_owned();
    }
    let line = other.lines().nth(*random.pick(&from)).unwrap_or_default().replace(" r", " added");
    let place = *random.pick(&to);
    text.lines()
        .enumerate()
        .map(|(at, old)| if at == place { format!("{line}\n{old}\n") } else { format!("{old}\n") })
        .collect()
}

fn swapped(text: &str, random: &mut Random) -> String {
    let plain = plain_lines(text);
    let pairs: Vec<usize> = plain.windows(2).filter(|pair| pair[0] + 1 == pair[1]).map(|pair| pair[0]).collect();
    if pairs.is_empty() {
        return text.to_owned();
    }
    let first = *random.pick(&pairs);
    let mut lines: Vec<&str> = text.lines().collect();
    lines.swap(first, first + 1);
    lines.into_iter().flat_map(|line| [line, "\n"]).collect()
}
