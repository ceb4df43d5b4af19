//! Words and signs without grammar: how deep brackets nest before pest sees them, and what a message points at.
//!
//! The lexer never fails and never recurses. It agrees with `grammar/lexical.pest` on where strings, regular
//! expressions, paths and comments end; whatever else it meets is a token too.

/// The deepest nesting of brackets, blocks and `not` that a rule file may have.
pub(super) const DEEPEST: usize = 64;

/// The words that begin a declaration.
pub(super) const DECLARATIONS: &[&str] =
    &["mapping", "table", "define", "schedule", "channel", "routing", "integration", "test"];

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word,
    /// Anything that begins with a digit: a number, a date, a time.
    Number,
    String,
    /// A quote without its partner on the line.
    OpenString,
    /// A string in quotes that are none: `'…'`, `“…”`.
    ForeignString,
    Regex,
    Path,
    /// A path whose bracket is not closed on the line.
    OpenPath,
    /// `(`, `[`, `{`
    Open,
    /// `)`, `]`, `}`
    Close,
    /// `##` to the end of the line.
    Documentation,
    Sign,
    /// A character that no rule knows.
    Foreign,
    /// `// …` or `/* … */`
    ForeignComment,
}

impl TokenKind {
    /// How much deeper brackets nest behind the token.
    pub(super) fn depth_change(self) -> isize {
        match self {
            Self::Open => 1,
            Self::Close => -1,
            Self::Word
            | Self::Number
            | Self::String
            | Self::OpenString
            | Self::ForeignString
            | Self::Regex
            | Self::Path
            | Self::OpenPath
            | Self::Documentation
            | Self::Sign
            | Self::Foreign
            | Self::ForeignComment => 0,
        }
    }
}

/// A token: what it is and which bytes of the text it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether nothing but blanks stands before it on its line.
    pub(super) starts_line: bool,
}

/// Signs of more than one character; a longer one stands before its beginning.
const SIGNS: &[&str] =
    &["...", "..", "=>", "==", "!=", "<=", ">=", "??", "||", "&&", "->", "=~", "!~", "<>", ":="];

/// The tokens of a text in order.
pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
    at_line_start: bool,
    /// The deepest bracket within a path so far, which is part of its token.
    path_depth: usize,
    /// How many bytes were looked at for a closer that is not there: braces in strings, regexes, comments.
    wasted_bytes: usize,
}

/// How many bytes may be looked at in vain. Every opener without its closer is sought for to the end of its line, so that
/// a long line full of them would take as long as its square. Past the bound nothing is sought any more; the parser does not see
/// such a text.
const MOST_WASTED_BYTES: usize = 4 << 20;

/// Why the parser does not see a text, and the byte that is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LimitExceeded {
    /// Brackets nest too deep.
    Depth(usize),
    /// Too much is opened and not closed.
    Unclosed(usize),
}

/// Reads `text` from its beginning.
pub(super) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0, at_line_start: true, path_depth: 0, wasted_bytes: 0 }
}

/// The first place where a text is too much for the parser.
pub(super) fn check_limits(text: &str) -> Result<(), LimitExceeded> {
    let mut depth = 0_usize;
    let mut tokens = tokens(text);
    while let Some(token) = tokens.next() {
        // A declaration at the margin begins anew: what an earlier one left open is not its nesting.
        if token.kind == TokenKind::Word && token.starts_line && is_margin(text, token.start) {
            let word = text.get(token.start..token.end).unwrap_or_default();
            depth = if DECLARATIONS.contains(&word) { 0 } else { depth };
        }
        depth = depth.saturating_add_signed(token.kind.depth_change());
        if depth > DEEPEST || tokens.path_depth > DEEPEST {
            return Err(LimitExceeded::Depth(token.start));
        }
        if tokens.wasted_bytes > MOST_WASTED_BYTES {
            return Err(LimitExceeded::Unclosed(token.start));
        }
    }
    Ok(())
}

fn is_margin(text: &str, at: usize) -> bool {
    at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n')
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let (kind, length) = self.read(first, rest);
        let token = Token { kind, start: self.at, end: self.at + length, starts_line: self.at_line_start };
        self.at = token.end;
        self.at_line_start = false;
        Some(token)
    }
}

impl<'t> Tokens<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Skips blanks and comments.
    fn skip(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\n' => {
                    self.at += 1;
                    self.at_line_start = true;
                }
                b'#' if !(self.at_line_start && self.rest().starts_with("##")) => {
                    self.at += line_length(self.rest())
                }
                _ => return,
            }
        }
    }

    fn read(&mut self, first: char, rest: &str) -> (TokenKind, usize) {
        match first {
            'r' if rest.starts_with("r\"") => raw(rest),
            'a'..='z' | 'A'..='Z' | '_' => (TokenKind::Word, word_length(rest)),
            '0'..='9' => (TokenKind::Number, number_length(rest)),
            '-' if rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => {
                (TokenKind::Number, number_length(rest))
            }
            '"' => {
                let (kind, length, in_vain) = string(rest, self.wasted_bytes);
                self.wasted_bytes = in_vain;
                (kind, length)
            }
            '\'' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{ff02}' => {
                foreign_string(first, rest)
            }
            '(' | '[' | '{' => (TokenKind::Open, 1),
            ')' | ']' | '}' => (TokenKind::Close, 1),
            '#' => (TokenKind::Documentation, line_length(rest)),
            '$' | '@' => {
                let (kind, length, depth) = path(rest);
                self.path_depth = self.path_depth.max(depth);
                (kind, length)
            }
            '/' if rest.starts_with("//") => (TokenKind::ForeignComment, line_length(rest)),
            '/' => self.slash(rest),
            '!'..='~' => (TokenKind::Sign, sign_length(rest)),
            _ => (TokenKind::Foreign, foreign_length(rest)),
        }
    }

    /// A comment of another language, or a regex.
    fn slash(&mut self, rest: &str) -> (TokenKind, usize) {
        let seeks = self.wasted_bytes <= MOST_WASTED_BYTES;
        if rest.starts_with("/*") {
            let end = if seeks { rest.find("*/") } else { None };
            self.wasted_bytes += if seeks && end.is_none() { rest.len() } else { 0 };
            return (TokenKind::ForeignComment, end.map_or(line_length(rest), |end| end + 2));
        }
        let (kind, length) = if seeks { regex(rest) } else { (TokenKind::Sign, 1) };
        self.wasted_bytes += if seeks && kind == TokenKind::Sign { line_length(rest) } else { 0 };
        (kind, length)
    }
}

/// A character that no rule knows, or all letters of a word of them.
fn foreign_length(rest: &str) -> usize {
    let letters = rest.find(|next: char| next.is_ascii() || !next.is_alphanumeric()).unwrap_or(rest.len());
    if letters > 0 { letters } else { rest.chars().next().map_or(0, char::len_utf8) }
}

fn line_length(rest: &str) -> usize {
    rest.bytes().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len())
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn word_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let joins = *byte == b'-' && bytes.get(at + 1).is_some_and(|next| is_letter(*next));
        if !is_letter(*byte) && !joins {
            break;
        }
        at += 1;
    }
    at.max(1)
}

/// A number, a date, a time: up to a blank or a sign, and not into `..`.
fn number_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        let goes_on = match byte {
            b'.' | b':' | b'-' | b'+' => next.is_ascii_alphanumeric(),
            _ => is_letter(*byte),
        };
        if !goes_on {
            break;
        }
        at += 1;
    }
    at
}

fn raw(rest: &str) -> (TokenKind, usize) {
    let end = rest.bytes().skip(2).position(|byte| matches!(byte, b'"' | b'\n' | b'\r')).map(|at| at + 2);
    match end {
        Some(end) if rest.as_bytes().get(end) == Some(&b'"') => (TokenKind::String, end + 1),
        Some(end) => (TokenKind::OpenString, end),
        None => (TokenKind::OpenString, rest.len()),
    }
}

/// A string, its length, and how many bytes were looked at in vain until its end.
fn string(rest: &str, before: usize) -> (TokenKind, usize, usize) {
    let bytes = rest.as_bytes();
    let mut at = 1;
    let mut in_vain = before;
    loop {
        match bytes.get(at) {
            None | Some(b'\n' | b'\r') => return (TokenKind::OpenString, at.min(bytes.len()), in_vain),
            Some(b'"') => return (TokenKind::String, at + 1, in_vain),
            Some(b'\\') if !matches!(bytes.get(at + 1), None | Some(b'\n' | b'\r')) => at += 2,
            Some(b'{') if bytes.get(at + 1) == Some(&b'{') => at += 2,
            Some(b'{') if in_vain <= MOST_WASTED_BYTES => {
                let hole = rest.get(at..).and_then(hole);
                in_vain += if hole.is_none() { line_length(rest.get(at..).unwrap_or_default()) } else { 0 };
                at += hole.unwrap_or(1);
            }
            Some(_) => at += 1,
        }
    }
}

fn foreign_string(first: char, rest: &str) -> (TokenKind, usize) {
    let closers: &[char] = match first {
        '\'' => &['\''],
        '\u{2018}' | '\u{2019}' => &['\u{2018}', '\u{2019}', '\''],
        _ => &['\u{201c}', '\u{201d}', '\u{ff02}', '"'],
    };
    let inside = rest.get(first.len_utf8()..).unwrap_or_default();
    let ends = |character: &char| closers.contains(character) || matches!(character, '\n' | '\r');
    match inside.char_indices().find(|(_, character)| ends(character)) {
        Some((at, closer)) if closers.contains(&closer) => {
            (TokenKind::ForeignString, first.len_utf8() + at + closer.len_utf8())
        }
        Some(_) | None => (TokenKind::Foreign, first.len_utf8()),
    }
}

fn regex(rest: &str) -> (TokenKind, usize) {
    let bytes = rest.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at) {
            None | Some(b'\n' | b'\r') => return (TokenKind::Sign, 1),
            Some(b'/') => break,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
    let flags = bytes.iter().skip(at + 1).take_while(|byte| byte.is_ascii_alphabetic()).count();
    (TokenKind::Regex, at + 1 + flags)
}

/// A path, its length, and how deep its brackets nest.
fn path(rest: &str) -> (TokenKind, usize, usize) {
    let bytes = rest.as_bytes();
    let mut at = 1;
    let mut deepest = 0;
    loop {
        let dots = bytes.iter().skip(at).take(2).take_while(|byte| **byte == b'.').count();
        match bytes.get(at + dots) {
            Some(b'[') if dots != 1 => {
                let (end, depth) = brackets(bytes, at + dots);
                deepest = deepest.max(depth);
                match end {
                    Some(end) => at = end,
                    None => return (TokenKind::OpenPath, line_length(rest), deepest),
                }
            }
            Some(b'*') if dots > 0 => at += dots + 1,
            Some(_) if dots > 0 && member_length(rest, at + dots) > 0 => {
                at += dots + member_length(rest, at + dots);
            }
            _ => return (TokenKind::Path, at, deepest),
        }
    }
}

/// The length of the member's name at `start`.
fn member_length(rest: &str, start: usize) -> usize {
    let member = rest.get(start..).unwrap_or_default();
    let mut characters = member.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let joins = character == '-' && at > 0 && characters.peek().is_some_and(|(_, next)| is_member(*next));
        if !is_member(character) && !joins {
            return at;
        }
    }
    member.len()
}

/// The grammar's rule `path_letter` says the same.
fn is_member(character: char) -> bool {
    matches!(character, '0'..='9' | 'a'..='z' | 'A'..='Z' | '_' | '\u{a1}'..='\u{1fff}' | '\u{3040}'..='\u{fefe}' | '\u{10000}'..='\u{10ffff}')
}

/// The byte after the bracket that closes the one at `start`, if it is on this line, and the depth within.
fn brackets(bytes: &[u8], start: usize) -> (Option<usize>, usize) {
    let mut depth = 0_usize;
    let mut deepest = 0;
    let mut quote = None;
    let mut at = start;
    while let Some(byte) = bytes.get(at).filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        at += 1;
        if let Some(open) = quote {
            at += usize::from(*byte == b'\\');
            quote = if byte == open { None } else { quote };
            continue;
        }
        match byte {
            b'"' | b'\'' => quote = Some(byte),
            b'[' | b'(' => depth += 1,
            b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
        if depth == 0 {
            return (Some(at), deepest);
        }
    }
    (None, deepest)
}

fn sign_length(rest: &str) -> usize {
    SIGNS.iter().find(|sign| rest.starts_with(**sign)).map_or(1, |sign| sign.len())
}

/// The length of the `{…}` that the text begins with. The grammar's rule `hole` says the same.
pub(super) fn hole(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'{') || bytes.get(1) == Some(&b'{') {
        return None;
    }
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'}' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'"' => at = string_end(bytes, at)?,
            _ => at += 1,
        }
    }
}

/// The byte after the closing quote of the string that begins at `start`.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' | b'\r' => return None,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
