//! Names and path members that the grammar accepts and that would not mean what was intended.

use super::{TreeBuilder, codes};
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::Identifier;

impl TreeBuilder<'_> {
    /// Channels, defines, lets and tables begin in lower case: a capitalised word would be a constant.
    pub(super) fn lower_case(&mut self, name: &Identifier, kind: &str) {
        if !name.text.starts_with(|first: char| first.is_ascii_uppercase()) {
            return;
        }
        let corrected = lowered(&name.text);
        let message = format!("the name of a {kind} begins in lower case, found `{}`", name.text);
        let finding = Diagnostic::new(&codes::CAPITAL, name.span, message)
            .note("a capitalised word is a constant, such as `Critical`")
            .rewrite(name.span, corrected);
        self.diagnostics.push(finding);
    }
}

/// `PaymentsPage` as `payments_page`.
fn lowered(name: &str) -> String {
    let mut lowered = String::new();
    let mut after_lower = false;
    for character in name.chars() {
        if character.is_ascii_uppercase() && after_lower {
            lowered.push('_');
        }
        after_lower = character.is_ascii_lowercase() || character.is_ascii_digit();
        lowered.push(character.to_ascii_lowercase());
    }
    lowered
}

/// The path with every hyphenated member in brackets, if it has any.
pub(super) fn bracket_hyphens(path: &str) -> Option<String> {
    let mut corrected = String::with_capacity(path.len() + 8);
    let mut rest = path;
    let mut found = false;
    while let Some(first) = rest.chars().next() {
        if first == '[' {
            let end = bracket_end(rest);
            corrected.push_str(rest.get(..end).unwrap_or(rest));
            rest = rest.get(end..).unwrap_or_default();
            continue;
        }
        let end =
            rest.char_indices().skip(1).find(|(_, next)| matches!(next, '.' | '[')).map_or(rest.len(), |(at, _)| at);
        let step = rest.get(..end).unwrap_or(rest);
        rest = rest.get(end..).unwrap_or_default();
        match step.strip_prefix('.').filter(|member| member.contains('-')) {
            Some(member) => {
                found = true;
                let descends = corrected.ends_with('.');
                corrected.push_str(if descends { ".[\"" } else { "[\"" });
                corrected.push_str(member);
                corrected.push_str("\"]");
            }
            None => corrected.push_str(step),
        }
    }
    found.then_some(corrected)
}

/// Where the bracket that the text begins with is closed; brackets in quotes do not count.
fn bracket_end(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        if let Some(open) = quote {
            quote = if character == open && !escaped { None } else { quote };
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '"' | '\'' => quote = Some(character),
            '[' => depth += 1,
            ']' if depth <= 1 => return at + 1,
            ']' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}
