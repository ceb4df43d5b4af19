//! Tokens: how deep brackets nest before pest parses the text, and which text a message points at.
//!
//! The lexer never fails and never recurses. It agrees with `grammar/lexical.pest` on where strings, regular
//! expressions, paths and comments end; whatever else it meets is a token too.

use super::words::DECLARATIONS;

/// The deepest nesting of brackets, blocks and `not` that a rule file may have.
pub(super) const DEEPEST: usize = 64;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Word,
    /// Anything that begins with a digit: a number, a date, a time.
    Number,
    String,
    /// A quote without its partner on the line.
    OpenString,
    /// A string in quotes of another kind: `'…'`, `“…”`.
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

/// A token that was read, and how many bytes it takes.
#[derive(Debug, Clone, Copy)]
struct ReadToken {
    kind: TokenKind,
    length: usize,
}

impl ReadToken {
    fn new(kind: TokenKind, length: usize) -> Self {
        Self { kind, length }
    }
}

/// Signs of more than one character; a longer one stands before its beginning.
pub(super) const SIGNS: &[&str] =
    &["...", "..", "=>", "==", "!=", "<=", ">=", "??", "||", "&&", "->", "=~", "!~", "<>", ":="];

/// The tokens of a text in order.
pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
    at_line_start: bool,
    /// The end of the last token that a segment of a path may follow.
    value_end: Option<usize>,
    /// The deepest bracket within a path so far, which is part of its token.
    path_depth: usize,
    /// How many bytes were searched for a closing sign that is absent: of holes, regexes, comments and selectors.
    wasted_bytes: usize,
}

/// How many bytes may be searched in vain. For an opening sign without its partner, the rest of the line is searched,
/// so a long line full of them would take quadratic time. Past the limit nothing is searched, and the text is not
/// parsed.
const MAX_WASTED_BYTES: usize = 4 << 20;

/// Why a text is not parsed, and the byte at which it exceeds the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LimitExceeded {
    /// Brackets nest too deep.
    Depth(usize),
    /// Too many signs are opened and not closed.
    Unclosed(usize),
}

/// Reads `text` from its beginning.
pub(super) fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0, at_line_start: true, value_end: None, path_depth: 0, wasted_bytes: 0 }
}

/// The first place where a text exceeds a limit.
pub(super) fn check_limits(text: &str) -> Result<(), LimitExceeded> {
    let mut depth = 0_usize;
    let mut tokens = tokens(text);
    while let Some(token) = tokens.next() {
        // A declaration at the margin starts at depth 0: brackets that an earlier one left open do not count.
        if token.kind == TokenKind::Word && token.starts_line && is_margin(text, token.start) {
            let word = text.get(token.start..token.end).unwrap_or_default();
            depth = if DECLARATIONS.contains(&word) { 0 } else { depth };
        }
        depth = depth.saturating_add_signed(token.kind.depth_change());
        if depth > DEEPEST || tokens.path_depth > DEEPEST {
            return Err(LimitExceeded::Depth(token.start));
        }
        if tokens.wasted_bytes > MAX_WASTED_BYTES {
            return Err(LimitExceeded::Unclosed(token.start));
        }
    }
    Ok(())
}

/// Whether a line of the text begins at a byte.
pub(super) fn is_margin(text: &str, at: usize) -> bool {
    at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n')
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip();
        let rest = self.rest();
        let first = rest.chars().next()?;
        let ReadToken { kind, length } = self.read(first, rest);
        let token = Token { kind, start: self.at, end: self.at + length, starts_line: self.at_line_start };
        self.at = token.end;
        self.at_line_start = false;
        self.value_end = matches!(kind, TokenKind::Word | TokenKind::Close | TokenKind::Path).then_some(token.end);
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
                    self.at += line_length(self.rest());
                }
                _ => return,
            }
        }
    }

    fn read(&mut self, first: char, rest: &str) -> ReadToken {
        match first {
            'r' if rest.starts_with("r\"") => raw(rest),
            'a'..='z' | 'A'..='Z' | '_' => ReadToken::new(TokenKind::Word, word_length(rest)),
            '0'..='9' => ReadToken::new(TokenKind::Number, number_length(rest)),
            '-' if rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => {
                ReadToken::new(TokenKind::Number, number_length(rest))
            }
            '"' => string(rest, &mut self.wasted_bytes),
            '\'' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{ff02}' => foreign_string(first, rest),
            '[' if self.value_end == Some(self.at) => self.selector(rest),
            '(' | '[' | '{' => ReadToken::new(TokenKind::Open, 1),
            ')' | ']' | '}' => ReadToken::new(TokenKind::Close, 1),
            '#' => ReadToken::new(TokenKind::Documentation, line_length(rest)),
            '$' | '@' => path(rest, &mut self.path_depth),
            '/' if rest.starts_with("//") => ReadToken::new(TokenKind::ForeignComment, line_length(rest)),
            '/' => self.slash(rest),
            '!'..='~' => ReadToken::new(TokenKind::Sign, sign_length(rest)),
            _ => ReadToken::new(TokenKind::Foreign, foreign_length(rest)),
        }
    }

    /// A bracket directly behind a value. If it can be nothing but a segment of a path, whose signs are those of paths,
    /// it is one token.
    fn selector(&mut self, rest: &str) -> ReadToken {
        let inside = rest.strip_prefix('[').unwrap_or(rest).trim_start_matches(' ');
        if !inside.starts_with(['?', '*', '\'', ':']) || self.wasted_bytes > MAX_WASTED_BYTES {
            return ReadToken::new(TokenKind::Open, 1);
        }
        let (end, depth) = brackets(rest.as_bytes(), 0);
        self.path_depth = self.path_depth.max(depth);
        let Some(end) = end else {
            let length = line_length(rest);
            self.wasted_bytes += length;
            let is_filter = inside.starts_with('?');
            return if is_filter {
                ReadToken::new(TokenKind::OpenPath, length)
            } else {
                ReadToken::new(TokenKind::Open, 1)
            };
        };
        ReadToken::new(TokenKind::Path, end)
    }

    /// A comment of another language, or a regex.
    fn slash(&mut self, rest: &str) -> ReadToken {
        let seeks = self.wasted_bytes <= MAX_WASTED_BYTES;
        if rest.starts_with("/*") {
            let end = if seeks { rest.find("*/") } else { None };
            self.wasted_bytes += if seeks && end.is_none() { rest.len() } else { 0 };
            return ReadToken::new(TokenKind::ForeignComment, end.map_or(line_length(rest), |end| end + 2));
        }
        let token = if seeks { regex(rest) } else { ReadToken::new(TokenKind::Sign, 1) };
        self.wasted_bytes += if seeks && token.kind == TokenKind::Sign { line_length(rest) } else { 0 };
        token
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

fn raw(rest: &str) -> ReadToken {
    let end = rest.bytes().skip(2).position(|byte| matches!(byte, b'"' | b'\n' | b'\r')).map(|at| at + 2);
    match end {
        Some(end) if rest.as_bytes().get(end) == Some(&b'"') => ReadToken::new(TokenKind::String, end + 1),
        Some(end) => ReadToken::new(TokenKind::OpenString, end),
        None => ReadToken::new(TokenKind::OpenString, rest.len()),
    }
}

/// A string; `wasted_bytes` counts what is looked at for a closing brace that is not there.
fn string(rest: &str, wasted_bytes: &mut usize) -> ReadToken {
    let bytes = rest.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at) {
            None | Some(b'\n' | b'\r') => return ReadToken::new(TokenKind::OpenString, at.min(bytes.len())),
            Some(b'"') => return ReadToken::new(TokenKind::String, at + 1),
            Some(b'\\') if !matches!(bytes.get(at + 1), None | Some(b'\n' | b'\r')) => at += 2,
            Some(b'{') if bytes.get(at + 1) == Some(&b'{') => at += 2,
            Some(b'{') if *wasted_bytes <= MAX_WASTED_BYTES => {
                let hole = rest.get(at..).and_then(hole);
                *wasted_bytes += if hole.is_none() { line_length(rest.get(at..).unwrap_or_default()) } else { 0 };
                at += hole.unwrap_or(1);
            }
            Some(_) => at += 1,
        }
    }
}

fn foreign_string(first: char, rest: &str) -> ReadToken {
    let closers: &[char] = match first {
        '\'' => &['\''],
        '\u{2018}' | '\u{2019}' => &['\u{2018}', '\u{2019}', '\''],
        _ => &['\u{201c}', '\u{201d}', '\u{ff02}', '"'],
    };
    let inside = rest.get(first.len_utf8()..).unwrap_or_default();
    let ends = |character: &char| closers.contains(character) || matches!(character, '\n' | '\r');
    match inside.char_indices().find(|(_, character)| ends(character)) {
        Some((at, closer)) if closers.contains(&closer) => {
            ReadToken::new(TokenKind::ForeignString, first.len_utf8() + at + closer.len_utf8())
        }
        Some(_) | None => ReadToken::new(TokenKind::Foreign, first.len_utf8()),
    }
}

fn regex(rest: &str) -> ReadToken {
    let bytes = rest.as_bytes();
    let mut at = 1;
    loop {
        match bytes.get(at) {
            None | Some(b'\n' | b'\r') => return ReadToken::new(TokenKind::Sign, 1),
            Some(b'/') => break,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
    let flags = bytes.iter().skip(at + 1).take_while(|byte| byte.is_ascii_alphabetic()).count();
    ReadToken::new(TokenKind::Regex, at + 1 + flags)
}

/// A path; `deepest` becomes how deep its brackets nest, if that is deeper.
fn path(rest: &str, deepest: &mut usize) -> ReadToken {
    let bytes = rest.as_bytes();
    let mut at = 1;
    loop {
        let dots = bytes.iter().skip(at).take(2).take_while(|byte| **byte == b'.').count();
        match bytes.get(at + dots) {
            Some(b'[') if dots != 1 => {
                let (end, depth) = brackets(bytes, at + dots);
                *deepest = (*deepest).max(depth);
                match end {
                    Some(end) => at = end,
                    None => return ReadToken::new(TokenKind::OpenPath, line_length(rest)),
                }
            }
            Some(b'*') if dots > 0 => at += dots + 1,
            Some(_) if dots > 0 && member_length(rest, at + dots) > 0 => {
                at += dots + member_length(rest, at + dots);
            }
            _ => return ReadToken::new(TokenKind::Path, at),
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
