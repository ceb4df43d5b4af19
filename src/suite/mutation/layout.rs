//! Places in the text of rules around what the syntax tree keeps: parentheses, words between operands.

use crate::source::{Sources, Span};

/// Words that a parenthesis may follow at once without being an argument list.
const WORDS_BEFORE_PARENTHESES: [&str; 9] = ["and", "any", "in", "match", "none", "not", "or", "when", "with"];

/// The place with the parentheses around it.
pub(super) fn with_parentheses(sources: &Sources, place: Span) -> Span {
    let text = sources.file(place.file).map_or("", |file| file.text());
    let mut widened = place;
    loop {
        let before = text.get(..widened.start as usize).unwrap_or_default().trim_end();
        let after = text.get(widened.end as usize..).unwrap_or_default();
        let Some(outside) = before.strip_suffix('(').filter(|outside| !ends_with_name(outside)) else { return widened };
        if !after.trim_start().starts_with(')') {
            return widened;
        }
        let blanks = after.len() - after.trim_start().len();
        let end = widened.end as usize + blanks + 1;
        widened = Span::new(place.file, outside.len(), end);
    }
}

/// Whether a parenthesis behind this text begins arguments.
fn ends_with_name(text: &str) -> bool {
    let is_letter = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    let rest = text.trim_end_matches(is_letter);
    let word = text.get(rest.len()..).unwrap_or_default();
    !word.is_empty() && !WORDS_BEFORE_PARENTHESES.contains(&word)
}

/// The place of a word in a place, outside of comments.
pub(super) fn find_word(sources: &Sources, place: Span, word: &str) -> Option<Span> {
    let mut start = place.start as usize;
    for line in sources.text(place).split_inclusive('\n') {
        let code = line.split('#').next().unwrap_or_default();
        if let Some(at) = code.find(word) {
            return Some(Span::new(place.file, start + at, start + at + word.len()));
        }
        start += line.len();
    }
    None
}

/// The place with the blanks before it, as long as they are on its line.
pub(super) fn with_blanks_before(sources: &Sources, place: Span) -> Span {
    let text = sources.file(place.file).map_or("", |file| file.text());
    let before = text.get(..place.start as usize).unwrap_or_default();
    let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
    Span::new(place.file, place.start as usize - blanks, place.end as usize)
}

#[cfg(test)]
mod tests {
    use super::{find_word, with_parentheses};
    use crate::source::{Sources, Span};

    fn widened(text: &str, part: &str) -> String {
        let mut sources = Sources::default();
        let file = sources.add("a.rules", text);
        let at = text.find(part).expect("the part is in the text");
        sources.text(with_parentheses(&sources, Span::new(file, at, at + part.len()))).to_owned()
    }

    #[test]
    fn parentheses_of_arguments_do_not_belong_to_the_argument() {
        assert_eq!(widened("a and ( (b or c) ) and d", "b or c"), "( (b or c) )");
        assert_eq!(widened("trim(a)", "a"), "a");
        assert_eq!(widened("not(a == b)", "a == b"), "(a == b)");
        assert_eq!(widened("(a or b) and c", "a or b"), "(a or b)");
        assert_eq!(widened("(a and b)", "a"), "a");
    }

    #[test]
    fn words_of_comments_are_not_found() {
        let mut sources = Sources::default();
        let text = " # this and that\n and ";
        let file = sources.add("a.rules", text);
        let found = find_word(&sources, Span::new(file, 0, text.len()), "and");
        assert_eq!(found, Some(Span::new(file, 18, 21)));
    }
}
