//! A snapshot as bytes: gzip of a JSON document of names and texts, with the version of its format.
//!
//! An archive comes from a disk, and may be damaged or forged: reading it is bounded, and fails with an error only.

use super::Snapshot;
use crate::ruleset::source_text::{MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES};
use crate::source::{SourceFile, Sources};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize, Serializer};
use std::io::{BufReader, Read as _};

/// The only format so far.
const FORMAT: u32 = 1;
/// The maximum size of an unpacked archive: rules and tables, and the escapes of JSON.
pub(super) const MAX_UNPACKED_BYTES: u64 = 4 * MAX_TOTAL_BYTES;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchiveDocument {
    format: u32,
    rules: Vec<NamedText>,
    tables: Vec<NamedText>,
}

/// A text and the name of its file; `["name", "text"]` in JSON.
#[derive(Debug, Deserialize)]
pub(super) struct NamedText {
    pub(super) name: String,
    pub(super) text: String,
}

impl Serialize for NamedText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.name, &self.text).serialize(serializer)
    }
}

pub(super) fn write(sources: &Sources, tables: Vec<NamedText>) -> Vec<u8> {
    let rule = |file: &SourceFile| NamedText { name: file.name().to_owned(), text: file.text().to_owned() };
    let rules = sources.iter().map(|(_, file)| rule(file)).collect();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail; if it did, reading the archive would report it.
    let _ = serde_json::to_writer(&mut encoder, &ArchiveDocument { format: FORMAT, rules, tables });
    encoder.finish().unwrap_or_default()
}

pub(super) fn read(bytes: &[u8]) -> Result<Snapshot, String> {
    let unpacked = BufReader::new(GzDecoder::new(bytes).take(MAX_UNPACKED_BYTES));
    let document: ArchiveDocument =
        serde_json::from_reader(unpacked).map_err(|error| format!("it is not an archive of a rule set: {error}"))?;
    if document.format != FORMAT {
        return Err(format!("its format is {}, and this program reads {FORMAT}", document.format));
    }
    for texts in [&document.rules, &document.tables] {
        let sizes = || texts.iter().map(|named| named.text.len() as u64);
        let largest = sizes().max().unwrap_or_default();
        if texts.len() > MAX_FILES || largest > MAX_FILE_BYTES || sizes().sum::<u64>() > MAX_TOTAL_BYTES {
            return Err("it holds more than the limits of a rule set allow".to_owned());
        }
    }
    Ok(Snapshot::of_texts(document.rules, document.tables))
}

#[cfg(test)]
mod tests {
    use super::{GzEncoder, NamedText, Snapshot};
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
        let named = |name: &str, text: &str| vec![NamedText { name: name.to_owned(), text: text.to_owned() }];
        let snapshot = Snapshot::of_texts(named("a.rules", "edition 1\n"), named("t.csv", "a,b\n"));
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
