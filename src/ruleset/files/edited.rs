//! Rule sets with texts that are not saved yet: an editor checks what its author sees.

use super::named;
use super::source_text::{self, MAX_FILE_BYTES, MAX_FILES, OversizedFile};
use super::{
    DeniedFiles, MAX_TOTAL_BYTES, RuleFileError, RuleFileScan, ScanLimits, WatchedFolders, is_ignored_name, is_rules,
    scan,
};
use crate::diagnostic::Findings;
use crate::ruleset::{LoadedRules, RuleSet, TestErrors};
use crate::source::Sources;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Texts that stand in the place of files, by path. A path is spelled as the roots of the rule set are.
pub type EditedTexts = BTreeMap<PathBuf, Arc<str>>;

/// The content of a rule file.
type FileBytes = Result<Vec<u8>, OversizedFile>;

impl RuleSet {
    /// As [`RuleSet::load`], with texts in the place of the files at their paths. A text below a root is read although no
    /// file is there, unless a file of its name would be ignored.
    ///
    /// # Errors
    /// As for [`RuleSet::load`].
    pub fn load_edited(
        roots: &[PathBuf],
        texts: &EditedTexts,
        at: Option<Timestamp>,
    ) -> Result<LoadedRules, RuleFileError> {
        let limits = ScanLimits { max_bytes: MAX_TOTAL_BYTES, denied: &DeniedFiles::default() };
        let RuleFileScan { files, reach } = scan(roots, &limits, &mut WatchedFolders::default())?;
        let saved = files.into_iter().map(|file| (file.path, file.content)).collect();
        let (sources, unread) = sources(with_texts(saved, roots, texts)?);
        if sources.iter().next().is_none() {
            return Err(RuleFileError::NoRules { paths: roots.to_vec() });
        }
        let read = |path: &Path| {
            if let Some(text) = texts.get(path) {
                return Ok(text.to_string());
            }
            let mut folders = WatchedFolders::default();
            let file = named::read_named(path, MAX_FILE_BYTES, Some(&reach), limits.denied, &mut folders);
            source_text::text(file.map_err(|error| error.to_string())?.bytes)
        };
        Ok(Self::build(sources, &read, at, unread, TestErrors::Refuse))
    }
}

/// The files with the texts in their places. The limits are those of a scan.
fn with_texts(
    mut files: BTreeMap<PathBuf, FileBytes>,
    roots: &[PathBuf],
    texts: &EditedTexts,
) -> Result<BTreeMap<PathBuf, FileBytes>, RuleFileError> {
    for (path, text) in texts {
        if files.contains_key(path) || roots.iter().any(|root| is_read_below(root, path)) {
            let size = text.len() as u64;
            let content =
                if size > MAX_FILE_BYTES { Err(OversizedFile { size }) } else { Ok(text.as_bytes().to_vec()) };
            files.insert(path.clone(), content);
        }
    }
    let bytes: usize = files.values().flatten().map(Vec::len).sum();
    if bytes as u64 > MAX_TOTAL_BYTES {
        return Err(RuleFileError::TooLarge { max_bytes: MAX_TOTAL_BYTES });
    }
    if files.len() > MAX_FILES { Err(RuleFileError::TooManyFiles) } else { Ok(files) }
}

/// Whether a scan of the root would read a file at the path.
#[must_use]
pub fn is_read_below(root: &Path, path: &Path) -> bool {
    let Ok(below) = path.strip_prefix(root) else { return false };
    below.as_os_str().is_empty() || is_rules(path) && !below.iter().any(|part| is_ignored_name(&part.to_string_lossy()))
}

fn sources(files: BTreeMap<PathBuf, FileBytes>) -> (Sources, Findings) {
    let mut sources = Sources::default();
    let mut unread = Findings::default();
    for (path, content) in files {
        unread.extend(source_text::add_rule_file(&mut sources, &path, content));
    }
    (sources, unread)
}
