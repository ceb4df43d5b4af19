//! Reads anything as a stream of documents: it gives the same in one piece and in pieces that end at any line, and what is
//! passed over is refused as what is read.
#![cfg_attr(fuzzing, no_main)]

use pointsman::json::{self, Arena, DocumentChunk, JsonError, Projection, Remaining, ToJson};

/// A document, or why it is none.
type Read = Result<String, JsonError>;

fn target(bytes: &[u8]) {
    let arena = Arena::new();
    let whole: Vec<Read> = json::documents(bytes, &arena).map(|next| text(next.document)).collect();
    for size in [1, 64, 1_000] {
        assert_eq!(whole, pieces(bytes, size, &Projection::whole(), &arena), "in pieces of {size} bytes");
    }
    let refused = |read: &[Read]| read.iter().map(|read| read.clone().err()).collect::<Vec<_>>();
    let mut reach = Projection::default();
    reach.member("alerts").every().member("labels").select_all();
    for reach in [Projection::default(), reach] {
        assert_eq!(refused(&whole), refused(&pieces(bytes, 64, &reach, &arena)));
    }
}

/// The documents of a text that comes in whole lines of at least so many bytes.
fn pieces(bytes: &[u8], size: usize, reach: &Projection, arena: &Arena) -> Vec<Read> {
    let (mut found, mut from, mut to, mut lines, mut lead) = (Vec::new(), 0, 0, 0, 0);
    while to < bytes.len() {
        let line = bytes.iter().skip(to + size).position(|byte| *byte == b'\n');
        to = line.map_or(bytes.len(), |line| to + size + line + 1);
        let read = if lines + from == 0 { DocumentChunk::first } else { DocumentChunk::new };
        let remaining = if to < bytes.len() { Remaining::More } else { Remaining::Last };
        let mut part = read(&bytes[from..to], remaining, reach).with_line_prefix(lead);
        while let Some(next) = part.next(arena) {
            found.push(text(next.document).map_err(|wrong| JsonError { line: wrong.line + lines, ..wrong }));
        }
        (from, lines, lead) = (from + part.consumed(), lines + part.lines(), part.line_prefix());
    }
    found
}

fn text(read: Result<json::Document<'_>, JsonError>) -> Read {
    read.map(|document| document.root.to_json())
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target(bytes));

#[cfg(not(fuzzing))]
fn main() {
    let mut seeds = pointsman_fuzz::files("rules", &[".json"]);
    seeds.push(b"{\"alerts\":[{\"labels\":{\"a\":1}}]}\n{\"a\":\n1}\n\n{} {\n\"b\"\n[1,\n2]\n".to_vec());
    seeds.push(b"\xEF\xBB\xBF{\"a\":\"\\ud83d\\ude00\"}\r\n{\"a\":\"\\ud800\"}\r\n1 2\n\"x\"\n".to_vec());
    pointsman_fuzz::run(target, seeds);
}
