//! Reading a file with any number of documents, each on one line or over several lines.

use super::document::{self, BYTE_ORDER_MARK};
use super::error::{self, JsonError};
use super::projection::WHOLE_VALUE;
use super::{Arena, Document, Projection};
use serde::de::IgnoredAny;
use std::iter;

/// Reads the documents of a file.
///
/// Text that is not JSON gives one [`JsonError`], with its position in the whole file, and reading continues. If the document
/// broke on its first line, reading continues on the next line. If it broke on a later line, reading continues on the
/// next line that begins with `{` or `[`, because the lines before that are its own. If a line is cut off and the next line
/// is a document, the error is on the first of the two. A document that never closes can include later documents only up
/// to 127 levels of nesting, so the work is linear in the length of the file.
pub fn documents<'a>(bytes: &'a [u8], arena: &'a Arena) -> impl Iterator<Item = LocatedDocument<'a>> {
    let mut chunk = DocumentChunk::first(bytes, Remaining::Last, &WHOLE_VALUE);
    iter::from_fn(move || chunk.next(arena))
}

/// A document of a file, or the reason why there is none.
pub struct LocatedDocument<'a> {
    /// The offset of the first byte.
    pub offset: usize,
    /// The document.
    pub document: Result<Document<'a>, JsonError>,
}

/// What follows a chunk of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remaining {
    /// More lines follow.
    More,
    /// The file ends with the chunk.
    Last,
}

/// The documents in some lines of a file, read as [`documents`] reads the whole file.
///
/// The last document may continue in the lines that follow. Its lines are not consumed; the caller passes them again
/// at the beginning of the next chunk.
pub struct DocumentChunk<'a> {
    stream: DocumentStream<'a>,
    remaining: Remaining,
}

impl<'a> DocumentChunk<'a> {
    /// The first lines of a file. A byte order mark before them is skipped; otherwise as [`DocumentChunk::new`].
    #[must_use]
    pub fn first(bytes: &'a [u8], remaining: Remaining, projection: &'a Projection) -> Self {
        let offset = if bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        Self {
            stream: DocumentStream {
                origin: offset,
                offset,
                counted: offset,
                ..DocumentStream::new(bytes, projection)
            },
            remaining,
        }
    }

    /// Whole lines of a file, from whose documents the selected parts are read. If more lines follow, the last line must
    /// include its line end.
    #[must_use]
    pub fn new(bytes: &'a [u8], remaining: Remaining, projection: &'a Projection) -> Self {
        Self { stream: DocumentStream::new(bytes, projection), remaining }
    }

    /// Sets how many characters of the first line were consumed before this chunk.
    #[must_use]
    pub fn with_line_prefix(mut self, characters: usize) -> Self {
        self.stream.first_line_prefix = characters;
        self
    }

    /// The number of bytes that were consumed. The rest must be passed again with the lines that follow.
    #[must_use]
    pub fn consumed(&self) -> usize {
        self.stream.offset
    }

    /// The number of lines that end within the consumed bytes.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.stream.lines_to(self.stream.offset)
    }

    /// The number of consumed characters on the line where the rest begins.
    #[must_use]
    pub fn line_prefix(&self) -> usize {
        self.stream.line_prefix()
    }

    /// The next document.
    pub fn next<'d>(&mut self, arena: &'d Arena) -> Option<LocatedDocument<'d>>
    where
        'a: 'd,
    {
        let found = self.stream.next(arena)?;
        if self.remaining == Remaining::More && self.stream.may_continue && found.document.is_err() {
            self.remaining = Remaining::Last;
            self.stream.offset = found.offset;
            self.stream.bytes = self.stream.bytes.get(..found.offset).unwrap_or_default();
            return None;
        }
        Some(found)
    }
}

/// The state of reading.
struct DocumentStream<'a> {
    bytes: &'a [u8],
    projection: &'a Projection,
    /// The offset of the first line, behind a byte order mark.
    origin: usize,
    offset: usize,
    /// The number of characters of the first line that precede the bytes.
    first_line_prefix: usize,
    /// The offset up to which lines were counted.
    counted: usize,
    /// The number of lines that end before `counted`.
    lines: usize,
    /// Whether the document of the last error might continue after the bytes.
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

    fn next<'d>(&mut self, arena: &'d Arena) -> Option<LocatedDocument<'d>>
    where
        'a: 'd,
    {
        let rest = self.rest(self.offset);
        let blank = rest.iter().take_while(|byte| is_blank(**byte)).count();
        self.offset += blank;
        if blank == rest.len() {
            return None;
        }
        let offset = self.offset;
        let rest = self.rest(offset);
        if let Some((length, document)) = single_line_document(rest, self.projection, arena) {
            self.offset = offset + length;
            // No line ends within the document.
            (self.lines, self.counted) = (self.lines_to(offset), self.offset);
            return Some(LocatedDocument { offset, document: Ok(document) });
        }
        let document = match first_document(rest, self.projection, arena) {
            Ok((length, document)) => {
                self.offset = offset + length;
                Ok(document)
            }
            Err(error) => Err(self.refuse(&error)),
        };
        Some(LocatedDocument { offset, document })
    }

    /// The error at the current offset. Moves the offset to where reading continues.
    fn refuse(&mut self, error: &serde_json::Error) -> JsonError {
        let rest = self.rest(self.offset);
        let cut = cut_off(rest);
        let continues = error.is_eof() || (cut.is_none() && may_be_cut_off(rest));
        let (rest, error) = cut.as_ref().map_or((rest, error), |(line, error)| (*line, error));
        (self.lines, self.counted) = (self.lines_to(self.offset), self.offset);
        let mut invalid = error::from_serde(rest, error);
        let spans_lines = invalid.line > 1;
        if !spans_lines {
            invalid.column += self.line_prefix();
        }
        invalid.line += self.lines;
        let skipped = resumption(rest, spans_lines);
        let ends = self.offset + skipped == self.bytes.len();
        self.may_continue = continues || (spans_lines && ends);
        self.offset += skipped;
        invalid
    }

    fn rest(&self, from: usize) -> &'a [u8] {
        self.bytes.get(from..).unwrap_or_default()
    }

    /// The number of lines that end before a later offset.
    fn lines_to(&self, offset: usize) -> usize {
        self.lines + error::line_breaks(self.bytes.get(self.counted..offset).unwrap_or_default())
    }

    /// The number of characters before the current offset on its line.
    fn line_prefix(&self) -> usize {
        let before = self.bytes.get(self.origin..self.offset).unwrap_or_default();
        match memchr::memrchr(b'\n', before) {
            Some(end) => error::characters(before.get(end + 1..).unwrap_or_default()),
            None => self.first_line_prefix + error::characters(before),
        }
    }
}

/// The document that is alone on the first line, and the length of that line. The text after the line cannot change it.
fn single_line_document<'a>(
    rest: &'a [u8],
    projection: &Projection,
    arena: &'a Arena,
) -> Option<(usize, Document<'a>)> {
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest.get(..end)?;
    // A document over several lines usually has a first line that ends like this.
    if matches!(line.trim_ascii_end(), [] | [.., b'{' | b'[' | b',' | b':']) {
        return None;
    }
    let document = document::read(str::from_utf8(line).ok()?, projection, arena).ok()?;
    Some((end, document))
}

/// The document that begins here, over any number of lines, and its length.
fn first_document<'a>(
    rest: &'a [u8],
    projection: &Projection,
    arena: &'a Arena,
) -> serde_json::Result<(usize, Document<'a>)> {
    let mut deserializer = serde_json::Deserializer::from_slice(rest);
    let document = document::read_from(&mut deserializer, rest, projection, arena)?;
    let length = deserializer.into_iter::<IgnoredAny>().byte_offset();
    // An array, object or string ends with its own sign. A number or word must be followed by a blank, a bracket or a
    // sign, or else it is invalid.
    let has_end_sign = matches!(rest.first(), Some(b'{' | b'[' | b'"'));
    let ends = |byte: u8| is_blank(byte) || b"\"[]{},:".contains(&byte);
    match rest.get(length) {
        Some(byte) if !has_end_sign && !ends(*byte) => {
            serde_json::from_slice::<IgnoredAny>(rest).map(|_| (length, document))
        }
        Some(_) | None => Ok((length, document)),
    }
}

/// The first line and its error, if it is a document that is cut off and the next line begins another document.
///
/// Within one document over several lines this does not occur: after a line with more than brackets, no line begins with a
/// document in its first column.
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

/// Whether the first line ends too early, and only a line that is not read yet can show whether it is cut off.
fn may_be_cut_off(rest: &[u8]) -> bool {
    let mut lines = lines(rest);
    let first = lines.next();
    let is_last = lines.all(|line| line.iter().all(|byte| is_blank(*byte)));
    is_last && first.and_then(syntax_error).is_some_and(|error| error.is_eof())
}

fn lines(rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    rest.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The error of a text that must be one document.
fn syntax_error(text: &[u8]) -> Option<serde_json::Error> {
    let arena = Arena::new();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let read = document::read_from(&mut deserializer, text, &WHOLE_VALUE, &arena).map(drop);
    read.and_then(|()| deserializer.end()).err()
}

/// The number of bytes to skip after an error, up to the line on which reading continues.
fn resumption(rest: &[u8], spans_lines: bool) -> usize {
    let opens = |at: usize| matches!(rest.get(at), Some(b'{' | b'['));
    let mut starts = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    starts.find(|start| !spans_lines || opens(*start)).unwrap_or(rest.len())
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
