//! Reading a file of documents: one, several one after another, printed over many lines, or one a line.

use super::document::{self, BYTE_ORDER_MARK};
use super::error::{self, JsonError};
use super::projection::WHOLE_VALUE;
use super::{Arena, Document, Projection};
use serde::de::IgnoredAny;
use std::iter;

/// Reads the documents of a file, each with the offset of its first byte.
///
/// Bytes that are not JSON give one [`JsonError`], with its place in the whole file, and reading continues. After a document
/// that broke on its first line it continues with the next line. After one of several lines it continues with the next line
/// that begins with `{` or `[`, because the lines between belong to the broken document. If a line is cut off and the next
/// line is a whole document, the first is the broken one, however far its reading went. A document that never closes can
/// swallow others only as far as the 127 levels of nesting allow, so the work is linear in the length of the file.
pub fn documents<'a>(
    bytes: &'a [u8],
    arena: &'a Arena,
) -> impl Iterator<Item = (usize, Result<Document<'a>, JsonError>)> {
    let mut part = DocumentChunk::first(bytes, false, &WHOLE_VALUE);
    iter::from_fn(move || part.next(arena))
}

/// The documents of the lines of a file that are read so far, as [`documents`] reads the whole file.
///
/// The last lines may belong to a document that continues. They are left, to be read again together with the lines that
/// follow.
pub struct DocumentChunk<'a> {
    stream: DocumentStream<'a>,
    /// Whether more lines follow.
    more: bool,
}

impl<'a> DocumentChunk<'a> {
    /// Reads the first lines of a file as [`DocumentChunk::new`] reads others. A byte order mark before them is skipped.
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

    /// Reads whole lines, including the end of the last one if `more` lines follow, and the projected parts of each document.
    #[must_use]
    pub fn new(bytes: &'a [u8], more: bool, reach: &'a Projection) -> Self {
        Self { stream: DocumentStream::new(bytes, reach), more }
    }

    /// The same if that many characters of the first line were read before.
    #[must_use]
    pub fn with_line_prefix(mut self, characters: usize) -> Self {
        self.stream.first_line_prefix = characters;
        self
    }

    /// How many bytes were read. The rest waits for more lines.
    #[must_use]
    pub fn consumed(&self) -> usize {
        self.stream.offset
    }

    /// How many lines end within the bytes that were read.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.stream.lines_to(self.stream.offset)
    }

    /// How many characters of its line are before the rest.
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

/// The position of the reader.
struct DocumentStream<'a> {
    bytes: &'a [u8],
    projection: &'a Projection,
    /// Where the first line begins, after a byte order mark.
    origin: usize,
    offset: usize,
    /// How many characters of the first line are before the bytes.
    first_line_prefix: usize,
    /// The offset up to which lines are counted, and how many end before it.
    counted: usize,
    lines: usize,
    /// Whether the last error is of a document that could continue.
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
            // A line holds no line end.
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

    /// The error at the current offset. Moves to the place where reading continues.
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

    /// How many characters are before the current offset on its line.
    fn line_prefix(&self) -> usize {
        let before = self.bytes.get(self.origin..self.offset).unwrap_or_default();
        match memchr::memrchr(b'\n', before) {
            Some(end) => error::characters(before.get(end + 1..).unwrap_or_default()),
            None => self.first_line_prefix + error::characters(before),
        }
    }
}

/// The document that is alone on the first line, and the length of that line. The lines that follow cannot change it.
fn single_line_document<'a>(
    rest: &'a [u8],
    reach: &Projection,
    arena: &'a Arena,
) -> Option<(usize, Document<'a>)> {
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..end)?;
    // The end of the first line mostly shows that a document has many lines.
    if matches!(line.trim_ascii_end(), [] | [.., b'{' | b'[' | b',' | b':']) {
        return None;
    }
    let document = document::read(str::from_utf8(line).ok()?, reach, arena).ok()?;
    Some((end, document))
}

/// The document that begins here, of any number of lines, and its length.
fn first_document<'a>(
    rest: &'a [u8],
    reach: &Projection,
    arena: &'a Arena,
) -> serde_json::Result<(usize, Document<'a>)> {
    let mut deserializer = serde_json::Deserializer::from_slice(rest);
    let document = document::read_from(&mut deserializer, rest, reach, arena)?;
    let length = deserializer.into_iter::<IgnoredAny>().byte_offset();
    // A bracket or a quote ends a value. A blank or the beginning of another value ends a number or a word.
    let shows_its_end = matches!(rest.first(), Some(b'{' | b'[' | b'"'));
    let ends = |byte: u8| is_blank(byte) || b"\"[]{},:".contains(&byte);
    match rest.get(length) {
        Some(byte) if !shows_its_end && !ends(*byte) => {
            serde_json::from_slice::<IgnoredAny>(rest).map(|_| (length, document))
        }
        Some(_) | None => Ok((length, document)),
    }
}

/// The first line and its error, if documents are one a line and this one is cut off.
///
/// In a document of several lines, a line with more than brackets is never followed by a line that is a whole document, or
/// the beginning of another one, from its first column on.
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

/// Whether the first line ends too early, and the line that shows whether the document is cut off is not read yet.
fn may_be_cut_off(rest: &[u8]) -> bool {
    let mut lines = lines(rest);
    let first = lines.next();
    let is_last = lines.all(|line| line.iter().all(|byte| is_blank(*byte)));
    is_last && first.and_then(syntax_error).is_some_and(|error| error.is_eof())
}

fn lines(rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    rest.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The error of a text that should be one document.
fn syntax_error(text: &[u8]) -> Option<serde_json::Error> {
    let arena = Arena::new();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = document::read_from(&mut deserializer, text, &WHOLE_VALUE, &arena).map(drop);
    read.and_then(|()| deserializer.end()).err()
}

/// How many bytes to skip after an error, up to the line on which reading continues.
fn resumption(rest: &[u8], over_lines: bool) -> usize {
    let opens = |at: usize| matches!(rest.get(at), Some(b'{' | b'['));
    let mut starts = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    starts.find(|start| !over_lines || opens(*start)).unwrap_or(rest.len())
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
