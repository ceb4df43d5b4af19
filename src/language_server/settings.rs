//! The settings of the server: `pointsman.sets`.

use super::uri;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The settings, as a client sends them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct EditorSettings {
    /// The paths of each rule set, relative to a folder of the workspace. Empty where the files decide.
    pub(super) sets: Vec<Vec<PathBuf>>,
}

impl EditorSettings {
    /// Reads settings, with or without `pointsman` around them. None if `sets` is not among them.
    ///
    /// A set is a list of paths, or one path.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let sets = value.pointer("/pointsman/sets").or_else(|| value.get("sets"))?;
        let path = |value: &Value| value.as_str().map(PathBuf::from);
        let set = |value: &Value| {
            let single = std::slice::from_ref(value);
            value.as_array().map_or(single, Vec::as_slice).iter().filter_map(path).collect::<Vec<_>>()
        };
        let sets: Vec<Vec<PathBuf>> = sets.as_array().map_or_else(Vec::new, |sets| sets.iter().map(set).collect());
        Some(Self { sets: sets.into_iter().filter(|set| !set.is_empty()).collect() })
    }

    /// The roots of each set in a folder of the workspace.
    pub(super) fn roots_in(&self, folder: &Path) -> impl Iterator<Item = Vec<PathBuf>> {
        let absolute = |path: &PathBuf| uri::without_dots(&folder.join(path));
        self.sets.iter().map(move |set| set.iter().map(absolute).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::EditorSettings;
    use serde_json::json;
    use std::path::{Path, PathBuf};

    #[test]
    fn sets_are_lists_of_paths() {
        let settings =
            EditorSettings::read(&json!({"pointsman": {"sets": [["rules", "../more/a.rules"], "b", [], 7]}}));
        let roots: Vec<Vec<PathBuf>> = settings.unwrap().roots_in(Path::new("/w")).collect();
        let expected: [&[&str]; 2] = [&["/w/rules", "/more/a.rules"], &["/w/b"]];
        assert_eq!(roots, expected.map(|set| set.iter().map(PathBuf::from).collect::<Vec<_>>()));
        assert_eq!(EditorSettings::read(&json!({"sets": null})), Some(EditorSettings::default()));
        assert_eq!(EditorSettings::read(&json!({"other": 1})), None);
        assert_eq!(EditorSettings::read(&json!(null)), None);
    }
}
