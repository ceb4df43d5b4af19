//! A snapshot as bytes: gzip of a JSON document of names and texts, with the version of its format.
//!
//! An archive comes from a disk that may have been torn or tampered with: reading it is bounded, and never fails but by
//! words.

use super::Snapshot;
use crate::ruleset::files::{MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES};
use crate::source::Sources;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use std::io::{BufReader, Read as _};

/// The only format so far.
const FORMAT: u32 = 1;
/// How large an archive may be once it is unpacked: rules and tables, and what JSON escapes.
pub(super) const MAX_UNPACKED_BYTES: u64 = 4 * MAX_TOTAL_BYTES;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchiveDocument {
    format: u32,
    rules: Vec<(String, String)>,
    tables: Vec<(String, String)>,
}

pub(super) fn write<'s>(sources: &Sources, tables: impl Iterator<Item = (String, &'s str)>) -> Vec<u8> {
    let rules = sources.iter().map(|(_, file)| (file.name().to_owned(), file.text().to_owned())).collect();
    let tables = tables.map(|(path, text)| (path, text.to_owned())).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail; if it did, the archive would not be read back, and that is said there.
    let _ = serde_json::to_writer(&mut encoder, &ArchiveDocument { format: FORMAT, rules, tables });
    encoder.finish().unwrap_or_default()
}

pub(super) fn read(bytes: &[u8]) -> Result<Snapshot, String> {
    let unpacked = BufReader::new(GzDecoder::new(bytes).take(MAX_UNPACKED_BYTES));
    let document: ArchiveDocument = serde_json::from_reader(unpacked)
        .map_err(|error| format!("it is no archive of a rule set: {error}"))?;
    if document.format != FORMAT {
        return Err(format!("its format is {}, and this program reads {FORMAT}", document.format));
    }
    for texts in [&document.rules, &document.tables] {
        let sizes = || texts.iter().map(|(_, text)| text.len() as u64);
        let largest = sizes().max().unwrap_or_default();
        if texts.len() > MAX_FILES || largest > MAX_FILE_BYTES || sizes().sum::<u64>() > MAX_TOTAL_BYTES {
            return Err("it holds more than a rule set may".to_owned());
        }
    }
    Ok(Snapshot::of_texts(document.rules, document.tables))
}

#[cfg(test)]
mod tests {
    use super::{GzEncoder, Snapshot};
    use flate2::Compression;
    use std::io::Write as _;
    use std::path::Path;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let rules = vec![("a.rules".to_owned(), "edition 1\n".to_owned())];
        let snapshot = Snapshot::of_texts(rules, vec![("t.csv".to_owned(), "a,b\n".to_owned())]);
        assert_eq!(snapshot.read(Path::new("t.csv")).unwrap(), "a,b\n");
        let again = Snapshot::from_archive(&snapshot.archive()).unwrap();
        assert_eq!(again.sources().iter().next().unwrap().1.text(), "edition 1\n");
        assert_eq!(again.read(Path::new("t.csv")).unwrap(), "a,b\n");
        assert_eq!(again.hash(), snapshot.hash());
        assert_eq!(again.read(Path::new("/etc/passwd")), Err("it is not in the archive".to_owned()));
    }

    #[test]
    fn garbage_is_refused() {
        let archive = Snapshot::default().archive();
        for bytes in [b"".as_slice(), b"garbage", &packed(b"{"), &packed("[".repeat(100_000).as_bytes())] {
            Snapshot::from_archive(bytes).unwrap_err();
        }
        for cut in 0..archive.len() - 8 {
            Snapshot::from_archive(&archive[..cut]).unwrap_err();
        }
        let future = packed(br#"{"format":2,"rules":[],"tables":[]}"#);
        assert!(Snapshot::from_archive(&future).unwrap_err().contains("format is 2"));
    }

    #[test]
    fn bombs_are_refused() {
        let mut text = br#"{"format":1,"rules":[["a.rules",""#.to_vec();
        text.resize((8 << 20) + 100, b'a');
        text.extend(br#""]],"tables":[]}"#);
        assert!(Snapshot::from_archive(&packed(&text)).unwrap_err().contains("more than"));
    }
}
