//! Rust text without its comments, strings and characters, so that words in them are not taken for code.

/// The text with comments and the insides of strings and character literals blanked out, line breaks kept.
pub(super) fn code_only(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < characters.len() {
        let end = match (characters[at], characters.get(at + 1)) {
            ('/', Some('/')) => line_end(&characters, at),
            ('/', Some('*')) => block_end(&characters, at),
            ('r' | 'b', Some('"' | '#' | 'r')) if !word_before(&characters, at) => raw_end(&characters, at),
            ('"', _) => string_end(&characters, at),
            ('\'', _) => character_end(&characters, at),
            _ => at,
        };
        if end == at {
            out.push(characters[at]);
            at += 1;
        } else {
            out.extend(characters[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

fn word_before(characters: &[char], at: usize) -> bool {
    at > 0 && (characters[at - 1].is_alphanumeric() || characters[at - 1] == '_')
}

fn line_end(characters: &[char], from: usize) -> usize {
    (from..characters.len()).find(|at| characters[*at] == '\n').unwrap_or(characters.len())
}

fn block_end(characters: &[char], from: usize) -> usize {
    let mut depth = 0;
    for at in from..characters.len() - 1 {
        match (characters[at], characters[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at + 2;
        }
    }
    characters.len()
}

fn raw_end(characters: &[char], from: usize) -> usize {
    let mut at = from + 1;
    if characters[from] == 'b' && characters.get(at) == Some(&'r') {
        at += 1;
    } else if characters[from] == 'b' {
        return if characters.get(at) == Some(&'"') { string_end(characters, at) } else { from };
    }
    let hashes = characters[at..].iter().take_while(|c| **c == '#').count();
    at += hashes;
    if characters.get(at) != Some(&'"') {
        return from;
    }
    let closes = |at: &usize| {
        characters[*at] == '"' && characters[at + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    (at + 1..characters.len()).find(closes).map_or(characters.len(), |at| at + 1 + hashes)
}

fn string_end(characters: &[char], from: usize) -> usize {
    let mut at = from + 1;
    while at < characters.len() && characters[at] != '"' {
        at += if characters[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(characters.len())
}

/// A character literal; a lifetime is none.
fn character_end(characters: &[char], from: usize) -> usize {
    match (characters.get(from + 1), characters.get(from + 2)) {
        (Some('\\'), _) => {
            let close = (from + 3..characters.len()).find(|at| characters[*at] == '\'');
            close.map_or(from, |at| at + 1)
        }
        (Some(_), Some('\'')) => from + 3,
        _ => from,
    }
}
