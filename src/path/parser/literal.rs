//! Strings and numbers.

use super::{ParseResult, PathParser, advised, refused};

impl PathParser<'_> {
    /// Reads a quoted string.
    pub(super) fn text_literal(&mut self) -> ParseResult<()> {
        let open = self.at;
        let Some(quote) = self.peek() else { return Err(self.unexpected("a string")) };
        self.bump();
        loop {
            match self.peek() {
                None => {
                    return Err(refused(open..self.at, format!("the string is not closed by `{quote}`")));
                }
                Some(character) if character == quote => {
                    self.bump();
                    return Ok(());
                }
                Some('\\') => self.escape(quote)?,
                Some(character) if character < ' ' => {
                    let code = u32::from(character);
                    let message = format!("a string holds the control character U+{code:04X}");
                    return Err(advised(self.here(), message, format!("write `\\u{code:04x}`")));
                }
                Some(_) => self.bump(),
            }
        }
    }

    fn escape(&mut self, quote: char) -> ParseResult<()> {
        let start = self.at;
        self.bump();
        match self.peek() {
            Some('b' | 'f' | 'n' | 'r' | 't' | '/' | '\\') => self.bump(),
            Some(character) if character == quote => self.bump(),
            Some('u') => {
                self.bump();
                return self.unicode_escape(start);
            }
            Some(other @ ('"' | '\'')) => {
                let message = format!("`{other}` needs no backslash between `{quote}`");
                return Err(refused(start..self.at + 1, message));
            }
            _ => {
                self.bump();
                let message = format!("`{}` is not an escape", self.slice(start..self.at));
                let help = format!("there are `\\{quote} \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX`; a backslash is `\\\\`");
                return Err(advised(start..self.at, message, help));
            }
        }
        Ok(())
    }

    /// Reads the digits after `\u`, both halves of a surrogate pair together.
    fn unicode_escape(&mut self, start: usize) -> ParseResult<()> {
        let first = self.four_digits(start)?;
        if !(0xD800..0xE000).contains(&first) {
            return Ok(());
        }
        let second = if first < 0xDC00 && self.eat("\\u") { self.four_digits(start)? } else { 0 };
        if (0xDC00..0xE000).contains(&second) {
            return Ok(());
        }
        Err(refused(start..self.at, "an escape of half a surrogate pair; write both halves together"))
    }

    fn four_digits(&mut self, start: usize) -> ParseResult<u32> {
        let digits = self.run(|character| character.is_ascii_hexdigit());
        let digits = digits.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(code) = digits else {
            return Err(refused(start..self.at, "`\\u` needs four hexadecimal digits"));
        };
        self.at += 4;
        Ok(code)
    }

    /// Reads a number in a filter and notes it.
    pub(super) fn number_literal(&mut self) -> ParseResult<()> {
        let start = self.at;
        let mut end = start;
        let mut previous = ' ';
        for character in self.rest().chars() {
            let sign = matches!(character, '+' | '-') && (end == start || matches!(previous, 'e' | 'E'));
            if !(sign || character.is_ascii_alphanumeric() || character == '.') {
                break;
            }
            end += character.len_utf8();
            previous = character;
        }
        self.at = end;
        let text = self.slice(start..end);
        let Ok(number) = text.parse() else {
            let message = format!("`{text}` is not a number");
            return Err(advised(start..end, message, "numbers are written as in JSON: `0.5`, `-1`, `1e6`"));
        };
        self.analysis.numbers.push((start..end, number));
        Ok(())
    }
}
