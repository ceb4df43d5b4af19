//! Manifests: lines of `sha256sum` for the files of a set, which make a change of several files atomic.
//!
//! A set that does not match its manifest is in the middle of a change, and is not loaded. Every listed file must exist
//! with that content, and every rule file and table below the folder of the manifest must be listed.

use super::digest::ContentDigest;
use crate::text::hex;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The name of a manifest in a root.
pub(super) const FILE_NAME: &str = "MANIFEST.sha256";

/// The files that a manifest lists.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Manifest {
    path: PathBuf,
    folder: PathBuf,
    files: BTreeMap<PathBuf, String>,
}

impl Manifest {
    /// Reads the lines `sha256  path`; the path is below the manifest's folder.
    ///
    /// # Errors
    /// The first invalid line, in words.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, String> {
        let folder = lexical(path.parent().unwrap_or(Path::new("")));
        let mut files = BTreeMap::new();
        for (line, words) in (1..).zip(text.lines()).filter(|(_, words)| !words.is_empty()) {
            let parts = words.split_once([' ']).map(|(sum, rest)| (sum, rest.strip_prefix([' ', '*'])));
            let Some((sum, Some(name))) = parts.filter(|(sum, _)| is_sha256(sum)) else {
                let path = path.display();
                return Err(format!("`{path}`, line {line}, is not a line of `sha256sum`: a sum, two blanks, a path"));
            };
            files.insert(lexical(&folder.join(name)), sum.to_ascii_lowercase());
        }
        Ok(Self { path: path.to_owned(), folder, files })
    }

    /// Checks files that were read against the list. `read` returns the digest of a listed file that was not read.
    ///
    /// # Errors
    /// The first file that does not match, in words.
    pub(super) fn check(
        &self,
        found: &BTreeMap<PathBuf, ContentDigest>,
        read: &dyn Fn(&Path) -> Result<ContentDigest, String>,
    ) -> Result<(), String> {
        let manifest = self.path.display();
        let found: BTreeMap<_, _> = found.iter().map(|(path, digest)| (lexical(path), digest)).collect();
        for path in found.keys().filter(|path| path.starts_with(&self.folder)) {
            if !self.files.contains_key(path) {
                return Err(format!("`{}` is not listed in the manifest `{manifest}`", self.display_path(path)));
            }
        }
        for (path, sum) in &self.files {
            let shown = self.display_path(path);
            let digest = found.get(path).map_or_else(|| read(path), |digest| Ok(**digest));
            let digest = digest.map_err(|reason| {
                format!("`{shown}` is listed in the manifest `{manifest}`, and cannot be read: {reason}")
            })?;
            if hex(&digest) != *sum {
                return Err(format!("`{shown}` does not match the manifest `{manifest}`"));
            }
        }
        Ok(())
    }

    fn display_path<'p>(&self, path: &'p Path) -> std::path::Display<'p> {
        path.strip_prefix(&self.folder).unwrap_or(path).display()
    }
}

fn is_sha256(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The absolute path without `.` and `..`, without reading links.
fn lexical(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut plain = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(component),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Manifest, hex};
    use crate::reload::digest;
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    fn check(lines: &[(&str, &str)], found: &[(&str, &str)]) -> Result<(), String> {
        let line = |(text, name): &(&str, &str)| format!("{}  {name}\n", hex(&digest::of(text.as_bytes())));
        let text: String = lines.iter().map(line).collect();
        let found: BTreeMap<_, _> =
            found.iter().map(|(text, name)| (PathBuf::from(name), digest::of(text.as_bytes()))).collect();
        let manifest = Manifest::parse(Path::new("/r/MANIFEST.sha256"), &text)?;
        manifest.check(&found, &|_| Err("there is no such file".to_owned()))
    }

    #[test]
    fn a_set_matches_or_does_not() {
        assert_eq!(check(&[("one", "a.rules")], &[("one", "/r/a.rules")]), Ok(()));
        assert_eq!(check(&[("one", "./b/../a.rules")], &[("one", "/r/a.rules")]), Ok(()));
        let changed = check(&[("one", "a.rules")], &[("two", "/r/a.rules")]).unwrap_err();
        assert_eq!(changed, "`a.rules` does not match the manifest `/r/MANIFEST.sha256`");
        let unlisted = check(&[], &[("two", "/r/a.rules")]).unwrap_err();
        assert_eq!(unlisted, "`a.rules` is not listed in the manifest `/r/MANIFEST.sha256`");
        let missing = check(&[("one", "a.rules")], &[]).unwrap_err();
        assert!(missing.contains("cannot be read: there is no such file"), "{missing}");
        assert_eq!(check(&[], &[("elsewhere", "/other/a.rules")]), Ok(()));
    }

    #[test]
    fn lines_are_those_of_sha256sum() {
        let sum = "a".repeat(64);
        let parse = |text: &str| Manifest::parse(Path::new("/r/M"), text);
        assert!(parse(&format!("{sum}  a b.rules\n\n{sum} *c.rules\n")).is_ok());
        for line in ["nonsense", &sum, &format!("{sum} a"), &format!("\\{sum}  a"), "  a"] {
            assert!(parse(line).unwrap_err().contains("line 1"), "{line}");
        }
    }
}
