//! An input in blocks of whole lines, as they arrive: a file in large ones, a pipe as fast as it is written.

use std::io::{self, ErrorKind, Read};

/// How much is asked for at once: enough that handing blocks around costs nothing, little enough that allocators give
/// back what blocks leave.
const READ: usize = 256 << 10;

/// Whole lines of an input.
pub(super) struct Block {
    /// The lines, up to and with the end of the last one, or the end of the input.
    pub(super) bytes: Vec<u8>,
    /// Whether more may follow.
    pub(super) more: bool,
}

/// Cuts what a reader brings into blocks.
pub(super) struct Blocks<R> {
    reader: R,
    /// The beginning of a line that is not complete yet.
    begun: Vec<u8>,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, begun: Vec::new(), ended: false }
    }

    /// The next block; nothing at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Block>> {
        while !self.ended {
            let held = self.begun.len();
            self.begun.resize(held + READ, 0);
            let read = match self.reader.read(self.begun.get_mut(held..).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => 0,
                Ok(0) => {
                    self.ended = true;
                    0
                }
                Ok(read) => read,
                Err(error) => return Err(error),
            };
            self.begun.truncate(held + read);
            // What was held has no line end, so only what is new is searched.
            let new = self.begun.get(held..).unwrap_or_default();
            if let Some(end) = boundary(new) {
                let rest = self.begun.split_off(held + end);
                return Ok(Some(Block { bytes: std::mem::replace(&mut self.begun, rest), more: true }));
            }
        }
        let bytes = std::mem::take(&mut self.begun);
        Ok((!bytes.is_empty()).then_some(Block { bytes, more: false }))
    }
}

/// Behind which line a block ends: before a line that opens a document, if there is one, as then no document is likely to
/// be cut.
fn boundary(bytes: &[u8]) -> Option<usize> {
    let last = bytes.iter().rposition(|byte| *byte == b'\n')? + 1;
    if last == bytes.len() {
        return Some(last);
    }
    let opening = bytes.windows(2).rposition(|pair| matches!(pair, [b'\n', b'{' | b'[']));
    Some(opening.map_or(last, |at| at + 1))
}

#[cfg(test)]
mod tests {
    use super::Blocks;
    use std::io::{self, Read};

    /// Gives its pieces one by one, as a pipe does.
    struct Pieces(Vec<&'static str>);

    impl Read for Pieces {
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
        let mut blocks = Blocks::new(Pieces(pieces.to_vec()));
        let next = || blocks.next().unwrap();
        std::iter::from_fn(next).map(|block| (String::from_utf8(block.bytes).unwrap(), block.more)).collect()
    }

    #[test]
    fn a_block_ends_with_a_line() {
        let of = |text: &str, more| (text.to_owned(), more);
        assert_eq!(blocks(&["1\n2\n", "3"]), [of("1\n2\n", true), of("3", false)]);
        assert_eq!(blocks(&["{\"a", "\":1}\n{", "}"]), [of("{\"a\":1}\n", true), of("{}", false)]);
        assert_eq!(blocks(&["{\n}\n{\n  1"]), [of("{\n}\n", true), of("{\n  1", false)]);
        assert_eq!(blocks(&[]), []);
    }
}
