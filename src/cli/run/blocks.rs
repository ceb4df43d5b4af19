//! An input in blocks of whole lines, as they arrive: a file in blocks of one size, a pipe as fast as it is written.

use std::io::{self, ErrorKind, Read};

/// The size of one read: large enough that the overhead of a block is small, small enough that a block and its outcomes
/// stay in the cache of a processor.
const READ_SIZE: usize = 128 << 10;

/// Whole lines of an input, in a buffer that is reused, so that its memory is faulted in once.
#[derive(Default)]
pub(super) struct InputBlock {
    buffer: Vec<u8>,
    /// Where the part that is not evaluated yet begins.
    start: usize,
    length: usize,
    /// Whether it is the first block of the input.
    pub(super) first: bool,
    /// Whether more may follow.
    pub(super) more: bool,
}

impl InputBlock {
    /// The lines, up to and with the end of the last one, or the end of the input.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.get(self.start..self.length).unwrap_or_default()
    }

    /// Exchanges its buffer for other lines.
    pub(super) fn replace(&mut self, lines: &mut Vec<u8>) {
        std::mem::swap(&mut self.buffer, lines);
        (self.start, self.length) = (0, self.buffer.len());
        self.first = false;
        lines.clear();
    }

    /// Marks this many bytes as evaluated.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.start += bytes;
        self.first = false;
    }

    /// Whether a long document made the buffer larger than other blocks need.
    pub(super) fn is_large(&self) -> bool {
        self.buffer.len() > 4 * READ_SIZE
    }

    /// Copies the beginning of a line to the front of the buffer.
    fn prepend(&mut self, bytes: &[u8]) {
        self.buffer.resize(self.buffer.len().max(bytes.len()), 0);
        if let Some(front) = self.buffer.get_mut(..bytes.len()) {
            front.copy_from_slice(bytes);
        }
    }

    /// Free space after this many bytes.
    fn free_space(&mut self, held: usize) -> &mut [u8] {
        if self.buffer.len() < held + READ_SIZE {
            self.buffer.resize(held + READ_SIZE, 0);
        }
        self.buffer.get_mut(held..held + READ_SIZE).unwrap_or_default()
    }
}

/// Splits the bytes of a reader into blocks.
pub(super) struct BlockReader<R> {
    reader: R,
    /// The beginning of a line that is not complete yet.
    partial_line: Vec<u8>,
    /// The maximum size of a line.
    max_line_bytes: usize,
    ended: bool,
}

impl<R: Read> BlockReader<R> {
    pub(super) fn new(reader: R, max_line_bytes: usize) -> Self {
        Self { reader, partial_line: Vec::new(), max_line_bytes, ended: false }
    }

    /// Reads the next block into a buffer; false at the end of the input.
    ///
    /// # Errors
    /// Those of the reader, and [`ErrorKind::FileTooLarge`] if a line is too long.
    pub(super) fn next(&mut self, block: &mut InputBlock) -> io::Result<bool> {
        block.start = 0;
        let mut held = self.partial_line.len();
        if held > 0 {
            block.prepend(&self.partial_line);
            self.partial_line.clear();
        }
        while !self.ended {
            let read = self.read(block.free_space(held))?;
            // Only the new bytes can contain a line end.
            let new = block.buffer.get(held..held + read).unwrap_or_default();
            if let Some(end) = boundary(new) {
                self.partial_line.extend_from_slice(new.get(end..).unwrap_or_default());
                (block.length, block.more) = (held + end, true);
                return Ok(true);
            }
            held += read;
            if held > self.max_line_bytes {
                return Err(ErrorKind::FileTooLarge.into());
            }
        }
        (block.length, block.more) = (held, false);
        Ok(held > 0)
    }

    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self.reader.read(room) {
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            Ok(0) => {
                self.ended = true;
                Ok(0)
            }
            result => result,
        }
    }
}

/// The offset at which a block ends: before the last line that opens a document, if there is one, so that documents are
/// rarely cut.
fn boundary(bytes: &[u8]) -> Option<usize> {
    let mut starts = memchr::memrchr_iter(b'\n', bytes).map(|end| end + 1);
    let last = starts.next()?;
    let opens = |start: &usize| matches!(bytes.get(*start), Some(b'{' | b'['));
    if last == bytes.len() || opens(&last) {
        return Some(last);
    }
    starts.find(opens).or(Some(last))
}

#[cfg(test)]
mod tests {
    use super::{BlockReader, InputBlock};
    use std::io::{self, ErrorKind, Read};

    /// Returns its pieces one by one, like a pipe.
    struct ChunkedReader(Vec<&'static str>);

    impl Read for ChunkedReader {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            let piece = self.0.remove(0).as_bytes();
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    fn blocks(pieces: &[&'static str]) -> Vec<(String, bool)> {
        let mut blocks = BlockReader::new(ChunkedReader(pieces.to_vec()), 100);
        let mut block = InputBlock::default();
        let next = || {
            let read = blocks.next(&mut block).unwrap();
            read.then(|| (String::from_utf8(block.bytes().to_vec()).unwrap(), block.more))
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_block_ends_with_a_line() {
        let of = |text: &str, more| (text.to_owned(), more);
        assert_eq!(blocks(&["1\n2\n", "3"]), [of("1\n2\n", true), of("3", false)]);
        assert_eq!(blocks(&["{\"a", "\":1}\n{", "}"]), [of("{\"a\":1}\n", true), of("{}", false)]);
        assert_eq!(blocks(&["{\n}\n{\n  1"]), [of("{\n}\n", true), of("{\n  1", false)]);
        assert_eq!(blocks(&["1\n", "2", "2\n", "3\n"]), [of("1\n", true), of("22\n", true), of("3\n", true)]);
        assert_eq!(blocks(&[]), []);
    }

    #[test]
    fn a_line_has_a_longest_length() {
        let read = |pieces: &[&'static str]| {
            let mut blocks = BlockReader::new(ChunkedReader(pieces.to_vec()), 4);
            blocks.next(&mut InputBlock::default()).map_err(|error| error.kind())
        };
        assert_eq!(read(&["12", "34", "\n"]), Ok(true));
        assert_eq!(read(&["12", "345"]), Err(ErrorKind::FileTooLarge));
    }
}
