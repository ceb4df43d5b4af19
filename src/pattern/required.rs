//! Necessary conditions of patterns, by which an index finds the patterns that may match a text.

use super::MatchScope;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// A necessary condition of a pattern: the text equals, begins with or contains one of some texts. None of them is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredText {
    /// Where one of the texts must be.
    pub position: RequiredPosition,
    /// The alternatives.
    pub texts: Vec<String>,
}

/// Where in a text one of the alternatives must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequiredPosition {
    /// The text equals one of them, and the pattern matches each of them.
    Whole,
    /// The text begins with one of them.
    Prefix,
    /// The text contains one of them.
    Substring,
}

/// The largest number of alternatives in a condition.
const MAX_TEXTS: usize = 16;

/// A prefix of at least this many bytes is selective enough and is not extended.
const TELLING: usize = 3;

/// What is known about the texts that a part of a regex matches.
#[derive(Debug, Clone, Default)]
pub(super) struct TextRequirements {
    /// All texts that it matches, if they are few.
    exact: Option<Vec<String>>,
    /// Every match begins with one of these texts.
    prefix: Option<Vec<String>>,
    /// Every match contains one of these texts.
    substring: Option<Vec<String>>,
}

/// The necessary conditions of a regex.
#[derive(Debug)]
pub(super) struct RegexRequirements {
    texts: TextRequirements,
    /// Whether the regex has anchors or word boundaries, which may reject a text whose letters match.
    has_assertions: bool,
    /// Whether it matches only at the beginning of a text.
    at_start: bool,
}

impl RegexRequirements {
    pub(super) fn of(hir: &Hir) -> Self {
        let properties = hir.properties();
        let has_assertions = !properties.look_set().is_empty();
        let at_start = properties.look_set_prefix().contains(Look::Start);
        Self { texts: TextRequirements::of(hir), has_assertions, at_start }
    }

    /// Whether the regex matches the whole text, if the letters alone decide that.
    pub(super) fn decide(&self, text: &str) -> Option<bool> {
        let TextRequirements { exact, prefix: start, .. } = &self.texts;
        if let Some(exact) = exact {
            let is_one = exact.iter().any(|exact| exact == text);
            return (!is_one || !self.has_assertions).then_some(is_one);
        }
        let begins = start.as_ref()?.iter().any(|start| text.starts_with(start.as_str()));
        (!begins).then_some(false)
    }

    /// The conditions for a match of the whole text or anywhere in it, the strictest first.
    pub(super) fn all(&self, scope: MatchScope) -> Vec<RequiredText> {
        let TextRequirements { exact, prefix: start, substring: piece } = &self.texts;
        let is_whole = scope == MatchScope::Whole;
        let at_start = is_whole || self.at_start;
        let mut required = Vec::new();
        let mut add = |position, texts: &Option<Vec<String>>| {
            let usable = texts.as_ref().filter(|texts| is_usable(texts));
            required.extend(usable.map(|texts| RequiredText { position, texts: texts.clone() }));
        };
        if exact.as_deref().is_some_and(is_usable) {
            add(
                if !at_start {
                    RequiredPosition::Substring
                } else if !is_whole || self.has_assertions {
                    RequiredPosition::Prefix
                } else {
                    RequiredPosition::Whole
                },
                exact,
            );
            return required;
        }
        if at_start {
            add(RequiredPosition::Prefix, start);
        }
        add(RequiredPosition::Substring, piece);
        required
    }
}

/// Whether a list of alternatives is a useful condition.
fn is_usable(texts: &[String]) -> bool {
    !texts.is_empty() && texts.iter().all(|text| !text.is_empty())
}

/// The conditions of a glob. `segments` are the texts between its stars.
pub(super) fn of_glob(segments: &[&str]) -> Vec<RequiredText> {
    let one = |position, text: &str| RequiredText { position, texts: vec![text.to_owned()] };
    let certain = |segment: &&str| segment.split('?').next().unwrap_or_default().to_owned();
    let start = segments.first().map(certain).filter(|start| !start.is_empty());
    if let [whole] = segments
        && !whole.contains('?')
    {
        return start.map(|_| one(RequiredPosition::Whole, whole)).into_iter().collect();
    }
    let pieces = segments.iter().flat_map(|segment| segment.split('?'));
    let longest = pieces.max_by_key(|piece| piece.len()).filter(|piece| !piece.is_empty());
    let start = start.map(|start| one(RequiredPosition::Prefix, &start));
    start.into_iter().chain(longest.map(|piece| one(RequiredPosition::Substring, piece))).collect()
}

impl TextRequirements {
    fn exactly(texts: Vec<String>) -> Self {
        Self { exact: Some(texts), ..Self::default() }
    }

    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::exactly(vec![String::new()]),
            HirKind::Literal(literal) => {
                String::from_utf8(literal.0.to_vec()).map_or(Self::default(), |text| Self::exactly(vec![text]))
            }
            HirKind::Class(class) => letters(class).map_or(Self::default(), Self::exactly),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Repetition(repetition) if repetition.min == 0 => Self::default(),
            HirKind::Repetition(repetition) => {
                let once = Self::of(&repetition.sub);
                Self { exact: None, prefix: once.prefix().cloned(), substring: once.substring() }
            }
            HirKind::Concat(parts) => Self::of_sequence(parts),
            HirKind::Alternation(branches) => Self::of_branches(branches),
        }
    }

    fn prefix(&self) -> Option<&Vec<String>> {
        self.exact.as_ref().or(self.prefix.as_ref())
    }

    /// The best list of texts of which every match contains one.
    fn substring(self) -> Option<Vec<String>> {
        better(better(self.exact, self.prefix), self.substring)
    }

    fn of_sequence(parts: &[Hir]) -> Self {
        let (mut start, mut piece) = (None, None);
        let mut run = vec![String::new()];
        let mut is_exact = true;
        for part in parts {
            let needed = Self::of(part);
            if let Some(longer) = needed.exact.as_ref().and_then(|texts| product(&run, texts)) {
                run = longer;
                continue;
            }
            if is_exact {
                let longer = needed.prefix().filter(|_| run.iter().any(|text| text.len() < TELLING));
                start = longer.and_then(|texts| product(&run, texts)).or_else(|| Some(run.clone()));
            }
            is_exact = false;
            let run = std::mem::replace(&mut run, vec![String::new()]);
            piece = better(better(piece, Some(run)), needed.substring());
        }
        if is_exact {
            return Self::exactly(run);
        }
        Self { exact: None, prefix: start.filter(|texts| is_usable(texts)), substring: better(piece, Some(run)) }
    }

    fn of_branches(branches: &[Hir]) -> Self {
        let branches: Vec<Self> = branches.iter().map(Self::of).collect();
        let of_all = |texts: Vec<Option<Vec<String>>>| {
            let texts: Option<Vec<Vec<String>>> = texts.into_iter().collect();
            texts.map(|texts| texts.concat()).filter(|texts| texts.len() <= MAX_TEXTS)
        };
        if let Some(exact) = of_all(branches.iter().map(|branch| branch.exact.clone()).collect()) {
            return Self::exactly(exact);
        }
        let start = of_all(branches.iter().map(|branch| branch.prefix().cloned()).collect());
        Self {
            exact: None,
            prefix: start.filter(|texts| is_usable(texts)),
            substring: of_all(branches.into_iter().map(Self::substring).collect()),
        }
    }
}

/// The list whose shortest text is longer. A list with an empty text is not usable.
fn better(left: Option<Vec<String>>, right: Option<Vec<String>>) -> Option<Vec<String>> {
    let score =
        |texts: &Option<Vec<String>>| texts.as_ref().and_then(|texts| texts.iter().map(String::len).min()).unwrap_or(0);
    let best = if score(&right) > score(&left) { right } else { left };
    best.filter(|texts| is_usable(texts))
}

fn product(left: &[String], right: &[String]) -> Option<Vec<String>> {
    if left.len() * right.len() > MAX_TEXTS {
        return None;
    }
    Some(left.iter().flat_map(|first| right.iter().map(move |second| format!("{first}{second}"))).collect())
}

/// The characters of a small class.
fn letters(class: &Class) -> Option<Vec<String>> {
    let Class::Unicode(class) = class else { return None };
    let count: usize = class.ranges().iter().map(regex_syntax::hir::ClassUnicodeRange::len).sum();
    let letters = class.ranges().iter().flat_map(|range| range.start()..=range.end());
    (count <= MAX_TEXTS).then(|| letters.map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use super::RequiredPosition::{self, Prefix, Substring, Whole};
    use crate::pattern::{Case, Glob, MatchScope, RegexPattern};

    type FoundRequirements = Vec<(RequiredPosition, Vec<String>)>;

    fn regex(pattern: &str, scope: MatchScope) -> FoundRequirements {
        let all = RegexPattern::new(pattern, "", Case::Sensitive).unwrap().required(scope);
        all.into_iter().map(|required| (required.position, required.texts)).collect()
    }

    fn expected(all: &[(RequiredPosition, &[&str])]) -> FoundRequirements {
        all.iter().map(|(position, texts)| (*position, texts.iter().map(|&text| text.to_owned()).collect())).collect()
    }

    #[test]
    fn regexes_need_their_literals() {
        let disk = expected(&[(Prefix, &["Disk7Full"]), (Substring, &["Disk7Full"])]);
        assert_eq!(regex("Disk7Full.*", MatchScope::Whole), disk);
        assert_eq!(regex("^Disk7Full.*", MatchScope::Anywhere), disk);
        assert_eq!(regex("Disk7Full.*", MatchScope::Anywhere), expected(&[(Substring, &["Disk7Full"])]));
        assert_eq!(regex("(?m)^a.*", MatchScope::Anywhere), expected(&[(Substring, &["a"])]));
        assert_eq!(regex("(api|web|db)-7", MatchScope::Whole), expected(&[(Whole, &["api-7", "web-7", "db-7"])]));
        assert_eq!(
            regex("(api|web|db)-7", MatchScope::Anywhere),
            expected(&[(Substring, &["api-7", "web-7", "db-7"])])
        );
        let host = expected(&[(Prefix, &["host-7-"]), (Substring, &["host-7-"])]);
        assert_eq!(regex("host-7-[0-9]+(:[0-9]+)?", MatchScope::Whole), host);
        assert_eq!(regex(".*-node7-.*", MatchScope::Whole), expected(&[(Substring, &["-node7-"])]));
        assert_eq!(
            regex("(ab|cd.*)+x?", MatchScope::Whole),
            expected(&[(Prefix, &["ab", "cd"]), (Substring, &["ab", "cd"])])
        );
        assert_eq!(
            regex("a(b|cd*)[0-9]{40}long", MatchScope::Whole),
            expected(&[(Prefix, &["ab", "ac"]), (Substring, &["long"])])
        );
        assert_eq!(regex("^a$", MatchScope::Whole), expected(&[(Prefix, &["a"])]));
        assert_eq!(regex(r"\ba", MatchScope::Anywhere), expected(&[(Substring, &["a"])]));
        assert_eq!(regex("[a-c]x", MatchScope::Whole), expected(&[(Whole, &["ax", "bx", "cx"])]));
        for nothing in ["a?", "|a", ".*", "(^a|b)?c*"] {
            assert_eq!(regex(nothing, MatchScope::Whole), [], "{nothing}");
        }
    }

    #[test]
    fn globs_need_their_beginning_and_their_longest_run() {
        let glob = |text, case| {
            let all = Glob::new(text, case).unwrap().required();
            all.into_iter().map(|required| (required.position, required.texts)).collect::<FoundRequirements>()
        };
        assert_eq!(glob("mysql-*", Case::Sensitive), expected(&[(Prefix, &["mysql-"]), (Substring, &["mysql-"])]));
        assert_eq!(glob("a*long?er*b", Case::Sensitive), expected(&[(Prefix, &["a"]), (Substring, &["long"])]));
        assert_eq!(glob("*.local", Case::Sensitive), expected(&[(Substring, &[".local"])]));
        assert_eq!(glob("a?", Case::Sensitive), expected(&[(Prefix, &["a"]), (Substring, &["a"])]));
        assert_eq!(glob("mysql", Case::Sensitive), expected(&[(Whole, &["mysql"])]));
        assert_eq!(glob("MySQL", Case::Ignored), expected(&[(Whole, &["mysql"])]));
        for nothing in ["*", "?", ""] {
            assert_eq!(glob(nothing, Case::Sensitive), [], "{nothing}");
        }
    }
}
