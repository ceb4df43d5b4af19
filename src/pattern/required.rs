//! What a text must be or hold for a pattern to fit it, so that many patterns can be looked up at once.

use regex_syntax::hir::{Class, Hir, HirKind};

/// A necessary condition of a pattern: one of these texts, as the whole or as a piece. None of them is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Required {
    /// The text is one of these, and each of them fits.
    Whole(Vec<String>),
    /// The text holds one of these.
    Piece(Vec<String>),
}

/// More alternatives than this are not written out.
const MOST: usize = 16;

/// What the parts of a regex come to.
struct Needed {
    /// All texts that it fits, where they are few.
    exact: Option<Vec<String>>,
    /// Texts of which every fitting one holds some.
    best: Option<Vec<String>>,
}

/// The condition that a parsed regex sets: for the whole text, or for a fit anywhere in it.
pub(super) fn of_regex(hir: &Hir, whole: bool) -> Option<Required> {
    let needed = Needed::of(hir);
    let usable = |texts: &Vec<String>| !texts.is_empty() && texts.iter().all(|text| !text.is_empty());
    match needed.exact.filter(usable) {
        Some(texts) if whole && !has_looks(hir) => Some(Required::Whole(texts)),
        Some(texts) => Some(Required::Piece(texts)),
        None => needed.best.filter(usable).map(Required::Piece),
    }
}

/// An anchor or a word boundary may refuse a text that the letters alone would fit.
fn has_looks(hir: &Hir) -> bool {
    !hir.properties().look_set().is_empty()
}

/// The condition that a glob sets; `runs` is what stands between its stars.
pub(super) fn of_glob<'r>(runs: impl Iterator<Item = &'r str>, is_whole: bool) -> Option<Required> {
    if is_whole {
        let text: String = runs.collect();
        return (!text.is_empty() && !text.contains('?')).then(|| Required::Whole(vec![text]));
    }
    let pieces = runs.flat_map(|run| run.split('?'));
    let longest = pieces.max_by_key(|piece| piece.len()).filter(|piece| !piece.is_empty())?;
    Some(Required::Piece(vec![longest.to_owned()]))
}

impl Needed {
    const NOTHING: Self = Self { exact: None, best: None };

    fn exactly(texts: Vec<String>) -> Self {
        Self { exact: Some(texts), best: None }
    }

    fn of(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::exactly(vec![String::new()]),
            HirKind::Literal(literal) => {
                String::from_utf8(literal.0.to_vec()).map_or(Self::NOTHING, |text| Self::exactly(vec![text]))
            }
            HirKind::Class(class) => letters(class).map_or(Self::NOTHING, Self::exactly),
            HirKind::Capture(capture) => Self::of(&capture.sub),
            HirKind::Repetition(repetition) if repetition.min == 0 => Self::NOTHING,
            HirKind::Repetition(repetition) => Self { exact: None, best: Self::of(&repetition.sub).any() },
            HirKind::Concat(parts) => Self::of_sequence(parts),
            HirKind::Alternation(branches) => Self::of_branches(branches),
        }
    }

    /// The better of what is known: all texts, or pieces of them.
    fn any(self) -> Option<Vec<String>> {
        better(self.exact, self.best)
    }

    fn of_sequence(parts: &[Hir]) -> Self {
        let mut best = None;
        let mut run = vec![String::new()];
        let mut is_exact = true;
        for part in parts {
            let needed = Self::of(part);
            if let Some(longer) = needed.exact.as_ref().and_then(|texts| product(&run, texts)) {
                run = longer;
                continue;
            }
            is_exact = false;
            let run = std::mem::replace(&mut run, vec![String::new()]);
            best = better(better(best, Some(run)), needed.any());
        }
        if is_exact { Self::exactly(run) } else { Self { exact: None, best: better(best, Some(run)) } }
    }

    fn of_branches(branches: &[Hir]) -> Self {
        let branches: Vec<Self> = branches.iter().map(Self::of).collect();
        let all = |texts: Vec<Option<Vec<String>>>| {
            let texts: Option<Vec<Vec<String>>> = texts.into_iter().collect();
            texts.map(|texts| texts.concat()).filter(|texts| texts.len() <= MOST)
        };
        if let Some(exact) = all(branches.iter().map(|branch| branch.exact.clone()).collect()) {
            return Self::exactly(exact);
        }
        Self { exact: None, best: all(branches.into_iter().map(Self::any).collect()) }
    }
}

/// The alternative whose shortest text is longer; sets with an empty text say nothing.
fn better(left: Option<Vec<String>>, right: Option<Vec<String>>) -> Option<Vec<String>> {
    let score = |texts: &Option<Vec<String>>| {
        texts.as_ref().and_then(|texts| texts.iter().map(String::len).min()).unwrap_or(0)
    };
    let best = if score(&right) > score(&left) { right } else { left };
    best.filter(|texts| texts.iter().all(|text| !text.is_empty()))
}

fn product(left: &[String], right: &[String]) -> Option<Vec<String>> {
    if left.len() * right.len() > MOST {
        return None;
    }
    Some(left.iter().flat_map(|first| right.iter().map(move |second| format!("{first}{second}"))).collect())
}

/// The characters of a small class.
fn letters(class: &Class) -> Option<Vec<String>> {
    let Class::Unicode(class) = class else { return None };
    let count: usize = class.ranges().iter().map(regex_syntax::hir::ClassUnicodeRange::len).sum();
    let letters = class.ranges().iter().flat_map(|range| range.start()..=range.end());
    (count <= MOST).then(|| letters.map(String::from).collect())
}

#[cfg(test)]
mod tests {
    use super::Required;
    use crate::pattern::{Glob, Regex};

    fn regex(pattern: &str, whole: bool) -> Option<Required> {
        Regex::new(pattern, "", false).unwrap().required(whole)
    }

    fn piece(texts: &[&str]) -> Required {
        Required::Piece(texts.iter().map(|&text| text.to_owned()).collect())
    }

    fn whole(texts: &[&str]) -> Required {
        Required::Whole(texts.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn regexes_need_their_longest_literals() {
        assert_eq!(regex("Disk7Full.*", true), Some(piece(&["Disk7Full"])));
        assert_eq!(regex("(api|web|db)-7", true), Some(whole(&["api-7", "web-7", "db-7"])));
        assert_eq!(regex("(api|web|db)-7", false), Some(piece(&["api-7", "web-7", "db-7"])));
        assert_eq!(regex("host-7-[0-9]+(:[0-9]+)?", true), Some(piece(&["host-7-"])));
        assert_eq!(regex(".*-node7-.*", true), Some(piece(&["-node7-"])));
        assert_eq!(regex("(ab|cd.*)+x?", true), Some(piece(&["ab", "cd"])));
        assert_eq!(regex("^a$", true), Some(piece(&["a"])));
        assert_eq!(regex("a?", true), None);
        assert_eq!(regex("|a", true), None);
        assert_eq!(regex(".*", true), None);
        assert_eq!(regex("[a-c]x", true), Some(whole(&["ax", "bx", "cx"])));
    }

    #[test]
    fn globs_need_their_longest_run() {
        let glob = |text| Glob::new(text, false).unwrap().required();
        assert_eq!(glob("mysql-*"), Some(piece(&["mysql-"])));
        assert_eq!(glob("a*long?er*b"), Some(piece(&["long"])));
        assert_eq!(glob("mysql"), Some(whole(&["mysql"])));
        assert_eq!(glob("*"), None);
        assert_eq!(glob("?"), None);
        assert_eq!(Glob::new("MySQL-*", true).unwrap().required(), Some(piece(&["mysql-"])));
    }
}
