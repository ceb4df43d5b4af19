//! What a regular expression says in plainer words: a list of texts, or of globs.

/// The values that a regular expression admits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ValueForm {
    /// One of these texts.
    Words(Vec<String>),
    /// One of these globs. `.` does not match a line break, which a glob does.
    Globs(Vec<String>),
    /// Only the expression itself says it.
    Regex,
}

/// How many texts an expression may stand for.
const MAX_FORMS: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Letter(char),
    /// `.`
    One,
    /// `.*`
    Any,
}

/// Reads the whole of an expression.
pub(super) fn read(regex: &str) -> ValueForm {
    let letters: Vec<char> = regex.chars().collect();
    let mut reader = FormReader { letters: &letters, at: 0 };
    let Some(forms) = reader.alternatives(0).filter(|_| reader.at == letters.len()) else { return ValueForm::Regex };
    let is_word = |form: &Vec<Piece>| form.iter().all(|piece| matches!(piece, Piece::Letter(_)));
    let has_wildcard_letter = |form: &Vec<Piece>| form.iter().any(|piece| matches!(piece, Piece::Letter('*' | '?')));
    let mut texts: Vec<String> = Vec::new();
    for form in &forms {
        let text: String = form.iter().map(|piece| piece.glob()).collect();
        let text = text.replace("**", "*");
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    if forms.iter().all(is_word) {
        ValueForm::Words(texts)
    } else if forms.iter().any(has_wildcard_letter) {
        ValueForm::Regex
    } else {
        ValueForm::Globs(texts)
    }
}

impl Piece {
    fn glob(self) -> char {
        match self {
            Self::Letter(letter) => letter,
            Self::One => '?',
            Self::Any => '*',
        }
    }
}

struct FormReader<'l> {
    letters: &'l [char],
    at: usize,
}

impl FormReader<'_> {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_next = self.peek() == Some(wanted);
        self.at += usize::from(is_next);
        is_next
    }

    /// `a|b`, up to the end or a closing parenthesis.
    fn alternatives(&mut self, depth: usize) -> Option<Vec<Vec<Piece>>> {
        let mut forms = self.sequence(depth)?;
        while self.take('|') {
            forms.extend(self.sequence(depth)?);
        }
        (forms.len() <= MAX_FORMS).then_some(forms)
    }

    fn sequence(&mut self, depth: usize) -> Option<Vec<Vec<Piece>>> {
        let mut forms = vec![Vec::new()];
        while let Some(letter) = self.peek().filter(|letter| !matches!(letter, '|' | ')')) {
            if letter == '^' && self.is_start() || letter == '$' && self.is_end() {
                self.at += 1;
                continue;
            }
            let mut atoms = self.atom(letter, depth)?;
            if self.take('?') {
                atoms.push(Vec::new());
            }
            if matches!(self.peek(), Some('*' | '+' | '?' | '{')) || forms.len() * atoms.len() > MAX_FORMS {
                return None;
            }
            let joined = |form: &Vec<Piece>| -> Vec<Vec<Piece>> {
                atoms.iter().map(|atom| form.iter().chain(atom).copied().collect()).collect()
            };
            forms = forms.iter().flat_map(joined).collect();
        }
        Some(forms)
    }

    fn atom(&mut self, letter: char, depth: usize) -> Option<Vec<Vec<Piece>>> {
        self.at += 1;
        let one = |piece| Some(vec![vec![piece]]);
        match letter {
            '.' if self.take('*') => one(Piece::Any),
            '.' if self.take('+') => Some(vec![vec![Piece::One, Piece::Any]]),
            '.' => one(Piece::One),
            '(' if depth < 8 => {
                if self.take('?') && !self.take(':') {
                    return None;
                }
                let inner = self.alternatives(depth + 1)?;
                self.take(')').then_some(inner)
            }
            '\\' => {
                let escaped = self.peek().filter(char::is_ascii_punctuation)?;
                self.at += 1;
                one(Piece::Letter(escaped))
            }
            '(' | '[' | ']' | '{' | '}' | '*' | '+' | '?' | '^' | '$' => None,
            plain => one(Piece::Letter(plain)),
        }
    }

    /// Whether nothing but parentheses, anchors and a `|` outside of parentheses stands before.
    fn is_start(&self) -> bool {
        let before = self.letters.get(..self.at).unwrap_or_default();
        before.iter().all(|letter| matches!(letter, '(' | '?' | ':' | '^'))
            || before.last() == Some(&'|') && !before.contains(&'(')
    }

    /// Whether nothing but parentheses and anchors, or a `|` outside of parentheses, comes after.
    fn is_end(&self) -> bool {
        let after = self.letters.get(self.at + 1..).unwrap_or_default();
        after.iter().all(|letter| matches!(letter, ')' | '$'))
            || after.first() == Some(&'|') && !self.letters.contains(&'(')
    }
}
