//! The bytes of rule files and tables as texts, and the limits of a rule set.

use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};
use std::path::Path;

/// The maximum size of a rule file or a table: 8 MiB.
pub const MAX_FILE_BYTES: u64 = 8 << 20;
/// The maximum size of all rule files together: 64 MiB.
pub const MAX_TOTAL_BYTES: u64 = 64 << 20;
/// The maximum number of rule files in a set.
pub const MAX_FILES: usize = 10_000;

crate::codes! {
    NOT_UTF8 = "E0156", "file that is not UTF-8";
    TOO_LARGE = "E0157", "file that is too large";
}

/// A file that was not read because it is larger than [`MAX_FILE_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OversizedFile {
    /// Its size in bytes.
    pub size: u64,
}

/// Adds the text of a rule file to the sources. Where it is not a text, or too large, the finding says so, and what can
/// be used of the file is added.
pub fn add_rule_file(
    sources: &mut Sources,
    path: &Path,
    content: Result<Vec<u8>, OversizedFile>,
) -> Option<Diagnostic> {
    let name = name(path);
    match content.map(String::from_utf8) {
        Ok(Ok(text)) => {
            sources.add(&name, &text);
            None
        }
        Ok(Err(error)) => {
            let good = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes());
            let file = sources.add(&name, text.get(..good).unwrap_or_default());
            Some(not_utf8(Span::new(file, good, good), error.as_bytes().get(good).copied()))
        }
        Err(OversizedFile { size }) => {
            let file = sources.add(&name, "");
            Some(too_large(Span::new(file, 0, 0), size))
        }
    }
}

/// The name of a file in messages.
#[must_use]
pub fn name(path: &Path) -> String {
    let name = path.display().to_string();
    name.strip_prefix("./").unwrap_or(&name).to_owned()
}

/// The text of a file that a rule names.
///
/// # Errors
/// If it is not UTF-8, in words.
pub fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8 after byte {}", error.utf8_error().valid_up_to()))
}

fn too_large(span: Span, size: u64) -> Diagnostic {
    let limit = MAX_FILE_BYTES >> 20;
    Diagnostic::new(&TOO_LARGE, span, format!("the file has {size} bytes; a rule file has at most {limit} MiB"))
        .help("split it into several files: all files of a set are one rule set")
}

fn not_utf8(span: Span, byte: Option<u8>) -> Diagnostic {
    let byte = byte.unwrap_or_default();
    Diagnostic::new(&NOT_UTF8, span, format!("the file is not UTF-8: byte 0x{byte:02X} stands here"))
        .label("what follows was not read")
        .help("save the file as UTF-8")
}
