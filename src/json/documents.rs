//! Reading a file of documents: one, several one after another, printed over many lines, or one a line.

use super::document::{self, BYTE_ORDER_MARK};
use super::error::{self, JsonError};
use super::projection::WHOLE_VALUE;
use super::{Arena, Document, Projection};
use serde::de::IgnoredAny;
use std::iter;

/// Reads the documents of a file, each with the offset of its first byte.
///
/// What is no JSON is one [`JsonError`], with its place in the whole file, and reading goes on: after a document that broke
/// on its own first line with the next line, after one that ran over several lines with the next line that begins with
/// `{` or `[`, because the lines between are its own. Where a line is cut off and a document stands alone on the next, it
/// is the first that is broken, however far into the others its reading went. A document that never closes can swallow
/// the next only as far as the 127 levels of nesting allow, so the work is linear in the length of the file.
pub fn documents<'a>(
    bytes: &'a [u8],
    arena: &'a Arena,
) -> impl Iterator<Item = (usize, Result<Document<'a>, JsonError>)> {
    let mut part = DocumentChunk::first(bytes, false, &WHOLE_VALUE);
    iter::from_fn(move || part.next(arena))
}

/// The documents of the lines of a file that were read so far, as [`documents`] reads the whole.
///
/// Lines that cannot be judged yet, because what follows them may belong to their document, are left to be read again
/// together with what follows.
pub struct DocumentChunk<'a> {
    stream: DocumentStream<'a>,
    /// Whether more lines follow.
    more: bool,
}

impl<'a> DocumentChunk<'a> {
    /// Reads the first lines of a file as [`DocumentChunk::new`] reads others. A byte order mark before them is passed over.
    #[must_use]
    pub fn first(bytes: &'a [u8], more: bool, reach: &'a Projection) -> Self {
        let offset = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Self {
            stream: DocumentStream {
                origin: offset,
                offset,
                counted: offset,
                ..DocumentStream::new(bytes, reach)
            },
            more,
        }
    }

    /// Reads whole lines, the last one's end included where `more` of them follow, and of each document what is looked at.
    #[must_use]
    pub fn new(bytes: &'a [u8], more: bool, reach: &'a Projection) -> Self {
        Self { stream: DocumentStream::new(bytes, reach), more }
    }

    /// The same where so many characters of the first line were judged before.
    #[must_use]
    pub fn with_line_prefix(mut self, characters: usize) -> Self {
        self.stream.first_line_prefix = characters;
        self
    }

    /// How many bytes were judged; the rest waits for what follows.
    #[must_use]
    pub fn consumed(&self) -> usize {
        self.stream.offset
    }

    /// How many lines end within what was judged.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.stream.lines_to(self.stream.offset)
    }

    /// How many characters of its line stand before what waits.
    #[must_use]
    pub fn line_prefix(&self) -> usize {
        self.stream.line_prefix()
    }

    /// The next document, and the offset of its first byte.
    pub fn next<'d>(&mut self, arena: &'d Arena) -> Option<(usize, Result<Document<'d>, JsonError>)>
    where
        'a: 'd,
    {
        let found = self.stream.next(arena)?;
        if self.more && self.stream.may_continue && found.1.is_err() {
            self.more = false;
            self.stream.offset = found.0;
            self.stream.bytes = self.stream.bytes.get(..found.0).unwrap_or_default();
            return None;
        }
        Some(found)
    }
}

/// Where reading stands.
struct DocumentStream<'a> {
    bytes: &'a [u8],
    projection: &'a Projection,
    /// Where the first line begins, behind a byte order mark.
    origin: usize,
    offset: usize,
    /// How many characters of the first line stand before the bytes.
    first_line_prefix: usize,
    /// Up to where lines were counted, and how many end before that.
    counted: usize,
    lines: usize,
    /// Whether the last refusal was of a document that might have gone on.
    may_continue: bool,
}

impl<'a> DocumentStream<'a> {
    fn new(bytes: &'a [u8], projection: &'a Projection) -> Self {
        Self {
            bytes,
            projection,
            origin: 0,
            offset: 0,
            first_line_prefix: 0,
            counted: 0,
            lines: 0,
            may_continue: false,
        }
    }

    fn next<'d>(&mut self, arena: &'d Arena) -> Option<(usize, Result<Document<'d>, JsonError>)>
    where
        'a: 'd,
    {
        let rest = self.rest(self.offset);
        let blank = rest.iter().take_while(|byte| is_blank(**byte)).count();
        self.offset += blank;
        if blank == rest.len() {
            return None;
        }
        let start = self.offset;
        let rest = self.rest(start);
        if let Some((length, document)) = single_line_document(rest, self.projection, arena) {
            self.offset = start + length;
            // No line ends within a line.
            (self.lines, self.counted) = (self.lines_to(start), self.offset);
            return Some((start, Ok(document)));
        }
        match first_document(rest, self.projection, arena) {
            Ok((length, document)) => {
                self.offset = start + length;
                Some((start, Ok(document)))
            }
            Err(error) => Some((start, Err(self.refuse(&error)))),
        }
    }

    /// Says what is wrong at the current offset, and moves to where reading goes on.
    fn refuse(&mut self, error: &serde_json::Error) -> JsonError {
        let rest = self.rest(self.offset);
        let cut = cut_off(rest);
        let goes_on = error.is_eof() || (cut.is_none() && may_be_cut_off(rest));
        let (rest, error) = cut.as_ref().map_or((rest, error), |(line, error)| (*line, error));
        (self.lines, self.counted) = (self.lines_to(self.offset), self.offset);
        let mut invalid = error::from_serde(rest, error);
        let over_lines = invalid.line > 1;
        if !over_lines {
            invalid.column += self.line_prefix();
        }
        invalid.line += self.lines;
        let passed = resumption(rest, over_lines);
        let ends = self.offset + passed == self.bytes.len();
        self.may_continue = goes_on || (over_lines && ends);
        self.offset += passed;
        invalid
    }

    fn rest(&self, from: usize) -> &'a [u8] {
        self.bytes.get(from..).unwrap_or_default()
    }

    /// How many lines end before a later offset.
    fn lines_to(&self, offset: usize) -> usize {
        self.lines + error::line_breaks(self.bytes.get(self.counted..offset).unwrap_or_default())
    }

    /// How many characters stand before the current offset on its line.
    fn line_prefix(&self) -> usize {
        let before = self.bytes.get(self.origin..self.offset).unwrap_or_default();
        match memchr::memrchr(b'\n', before) {
            Some(end) => error::characters(before.get(end + 1..).unwrap_or_default()),
            None => self.first_line_prefix + error::characters(before),
        }
    }
}

/// The document that stands alone on the first line, and the length of that line. It is the one that reading on from here
/// would give, since what follows the line cannot change it.
fn single_line_document<'a>(
    rest: &'a [u8],
    reach: &Projection,
    arena: &'a Arena,
) -> Option<(usize, Document<'a>)> {
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..end)?;
    // Most documents over many lines show it by how the first line ends.
    if matches!(line.trim_ascii_end(), [] | [.., b'{' | b'[' | b',' | b':']) {
        return None;
    }
    let document = document::read(str::from_utf8(line).ok()?, reach, arena).ok()?;
    Some((end, document))
}

/// The document that begins here, over however many lines, and its length.
fn first_document<'a>(
    rest: &'a [u8],
    reach: &Projection,
    arena: &'a Arena,
) -> serde_json::Result<(usize, Document<'a>)> {
    let mut deserializer = serde_json::Deserializer::from_slice(rest);
    let document = document::read_from(&mut deserializer, rest, reach, arena)?;
    let length = deserializer.into_iter::<IgnoredAny>().byte_offset();
    // Brackets and quotes say where a value ends, a blank or the beginning of another value where a number or a word does.
    let shows_its_end = matches!(rest.first(), Some(b'{' | b'[' | b'"'));
    let ends = |byte: u8| is_blank(byte) || b"\"[]{},:".contains(&byte);
    match rest.get(length) {
        Some(byte) if !shows_its_end && !ends(*byte) => {
            serde_json::from_slice::<IgnoredAny>(rest).map(|_| (length, document))
        }
        Some(_) | None => Ok((length, document)),
    }
}

/// The first line, and how it ends too early, where documents stand one a line and this one is cut off.
///
/// In a document that is printed over lines, a line with more on it than brackets is not followed by one that is a whole
/// document, or the beginning of another, from its first column on.
fn cut_off(rest: &[u8]) -> Option<(&[u8], serde_json::Error)> {
    let mut lines = lines(rest);
    let first = lines.next()?;
    if first.iter().all(|byte| is_blank(*byte) || matches!(byte, b'{' | b'[')) {
        return None;
    }
    let next = lines.find(|line| !line.iter().all(|byte| is_blank(*byte)))?;
    if !matches!(next, [b'{' | b'[', ..]) || syntax_error(next).is_some_and(|error| !error.is_eof()) {
        return None;
    }
    let error = syntax_error(first)?;
    error.is_eof().then_some((first, error))
}

/// Whether the first line ends too early and the line that tells whether a document was cut off there is still to come.
fn may_be_cut_off(rest: &[u8]) -> bool {
    let mut lines = lines(rest);
    let first = lines.next();
    let is_last = lines.all(|line| line.iter().all(|byte| is_blank(*byte)));
    is_last && first.and_then(syntax_error).is_some_and(|error| error.is_eof())
}

fn lines(rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    rest.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// What is wrong with a text that should be one document.
fn syntax_error(text: &[u8]) -> Option<serde_json::Error> {
    let arena = Arena::new();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = document::read_from(&mut deserializer, text, &WHOLE_VALUE, &arena).map(drop);
    read.and_then(|()| deserializer.end()).err()
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
