//! The folder of the rule set to which a file belongs, where nobody says which files form a set.
//!
//! Other programs use files that end in `.rules` too. The first line, `edition 1`, tells which are meant.

#![expect(clippy::disallowed_methods, reason = "folders are searched here")]

use super::{is_ignored_name, is_rules};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How much of a file is read to find its first line, in bytes.
const MAX_HEAD_BYTES: u64 = 4096;

/// How many folders above a file are searched.
const MAX_ANCESTORS: usize = 32;

/// Whether a text is that of a rule file: its first line names the edition. Comments and empty lines may stand above.
#[must_use]
pub fn begins_with_edition(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().and_then(|line| line.split_whitespace().next()) == Some("edition")
}

/// Whether a folder holds a rule file that names its edition.
#[must_use]
pub fn holds_rules(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(|path| is_rules(path));
    paths.into_iter().any(|path| {
        let is_ignored = path.file_name().is_none_or(|name| is_ignored_name(&name.to_string_lossy()));
        !is_ignored && head(&path).is_some_and(|head| begins_with_edition(&head))
    })
}

/// The topmost folder above a file such that it and all folders between hold rule files; at least the folder of the file.
///
/// The search does not leave a folder of `within` that holds the file: a rule file that was left beside the folders of
/// projects does not join them.
#[must_use]
pub fn set_root(file: &Path, within: &[PathBuf]) -> Option<PathBuf> {
    let own = file.parent()?;
    let bound = within.iter().filter(|folder| file.starts_with(folder)).max_by_key(|folder| folder.as_os_str().len());
    let is_inside = |folder: &&Path| bound.is_none_or(|bound| folder.starts_with(bound));
    let above = own.ancestors().skip(1).take(MAX_ANCESTORS).take_while(is_inside);
    let above = above.take_while(|folder| holds_rules(folder));
    Some(above.last().unwrap_or(own).to_owned())
}

/// The beginning of a regular file.
fn head(path: &Path) -> Option<String> {
    // A pipe would make the search wait.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut head = Vec::new();
    File::open(path).ok()?.take(MAX_HEAD_BYTES).read_to_end(&mut head).ok()?;
    Some(String::from_utf8_lossy(&head).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{begins_with_edition, set_root};
    use std::fs;

    #[test]
    fn the_first_line_tells_rule_files_from_others() {
        for rules in ["edition 1\n", "\u{feff}edition 1", "# the shop\n\n  edition 1\n", "edition 2"] {
            assert!(begins_with_edition(rules), "{rules:?}");
        }
        for other in ["", "rules_version = '2';\n", "editions", "# edition 1\n"] {
            assert!(!begins_with_edition(other), "{other:?}");
        }
    }

    #[test]
    fn a_set_reaches_up_to_the_first_folder_without_rules() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("a/b/c/d")).unwrap();
        for name in ["a/top.rules", "a/b/c/low.rules", "a/b/c/d/lowest.rules"] {
            fs::write(path(name), "edition 1\n").unwrap();
        }
        let set_root = |file: &str| set_root(&path(file), &[]);
        assert_eq!(set_root("a/b/c/d/lowest.rules"), Some(path("a/b/c")), "`a/b` is a gap");
        fs::write(path("a/b/firestore.rules"), "rules_version = '2';\n").unwrap();
        assert_eq!(set_root("a/b/c/low.rules"), Some(path("a/b/c")), "other rules do not close it");
        fs::write(path("a/b/own.rules"), "edition 1\n").unwrap();
        assert_eq!(set_root("a/b/c/d/lowest.rules"), Some(path("a")));
        let bound = super::set_root(&path("a/b/c/d/lowest.rules"), &[path("a/b"), path("x")]);
        assert_eq!(bound, Some(path("a/b")), "what is above the workspace does not count");
    }
}
