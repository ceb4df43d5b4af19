//! Reading a file of documents: one, several one after another, printed over many lines, or one a line.

use super::Document;
use super::document::BYTE_ORDER_MARK;
use super::refusal::{self, Invalid};
use std::iter;

/// Reads the documents of a file, each with the offset of its first byte.
///
/// What is no JSON is one [`Invalid`], with its place in the whole file, and reading goes on: after a document that broke
/// on its own first line with the next line, after one that ran over several lines with the next line that begins with
/// `{` or `[`, because the lines between are its own. Where a line is cut off and a document stands alone on the next, it
/// is the first that is broken, however far into the others its reading went. A document that never closes can swallow
/// the next only as far as the 127 levels of nesting allow, so the work is linear in the length of the file.
pub fn documents(bytes: &[u8]) -> impl Iterator<Item = (usize, Result<Document<'_>, Invalid>)> {
    let offset = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    let mut stream = Stream { bytes, offset, line: 1, line_start: offset };
    iter::from_fn(move || stream.next())
}

/// Where reading stands.
struct Stream<'a> {
    bytes: &'a [u8],
    offset: usize,
    /// The number of the line that holds `offset`, and where it starts.
    line: usize,
    line_start: usize,
}

impl<'a> Stream<'a> {
    fn next(&mut self) -> Option<(usize, Result<Document<'a>, Invalid>)> {
        let rest = self.rest(self.offset);
        let blank = rest.iter().take_while(|byte| is_blank(**byte)).count();
        if blank == rest.len() {
            return None;
        }
        self.advance(self.offset + blank);
        let start = self.offset;
        let rest = self.rest(start);
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter();
        match values.next()? {
            Ok(document) => {
                self.advance(start + values.byte_offset());
                Some((start, Ok(document)))
            }
            Err(error) => Some((start, Err(self.refuse(&error)))),
        }
    }

    /// Says what is wrong at the current offset, and moves to where reading goes on.
    fn refuse(&mut self, error: &serde_json::Error) -> Invalid {
        let rest = self.rest(self.offset);
        let cut = cut_off(rest);
        let (rest, error) = cut.as_ref().map_or((rest, error), |(line, error)| (*line, error));
        let lead = self.bytes.get(self.line_start..self.offset).unwrap_or_default();
        let mut invalid = refusal::of(rest, error);
        let over_lines = invalid.line > 1;
        if !over_lines {
            invalid.column += refusal::characters(lead);
        }
        invalid.line += self.line - 1;
        self.advance(self.offset + resumption(rest, over_lines));
        invalid
    }

    fn rest(&self, from: usize) -> &'a [u8] {
        self.bytes.get(from..).unwrap_or_default()
    }

    fn advance(&mut self, to: usize) {
        let passed = self.bytes.get(self.offset..to).unwrap_or_default();
        if let Some(last) = passed.iter().rposition(|byte| *byte == b'\n') {
            self.line += refusal::line_breaks(passed);
            self.line_start = self.offset + last + 1;
        }
        self.offset = to;
    }
}

/// The first line, and how it ends too early, where documents stand one a line and this one is cut off.
///
/// In a document that is printed over lines, a line with more on it than brackets is not followed by one that is a whole
/// document, or the beginning of another, from its first column on.
fn cut_off(rest: &[u8]) -> Option<(&[u8], serde_json::Error)> {
    let mut lines = rest.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = lines.next()?;
    if first.iter().all(|byte| is_blank(*byte) || matches!(byte, b'{' | b'[')) {
        return None;
    }
    let next = lines.find(|line| !line.iter().all(|byte| is_blank(*byte)))?;
    if !matches!(next, [b'{' | b'[', ..]) || refused(next).is_some_and(|error| !error.is_eof()) {
        return None;
    }
    let error = refused(first)?;
    error.is_eof().then_some((first, error))
}

/// What is wrong with a text that should be one document.
fn refused(text: &[u8]) -> Option<serde_json::Error> {
    serde_json::from_slice::<Document<'_>>(text).err()
}

/// How many bytes to pass over after a refusal, up to the line on which reading goes on.
fn resumption(rest: &[u8], over_lines: bool) -> usize {
    let opens = |at: usize| matches!(rest.get(at), Some(b'{' | b'['));
    let mut starts = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    starts.find(|start| !over_lines || opens(*start)).unwrap_or(rest.len())
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
