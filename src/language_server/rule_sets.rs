//! Which rule set a text belongs to.

use super::documents::OpenDocument;
use super::settings::EditorSettings;
use crate::ruleset::files::edited::is_read_below;
use crate::ruleset::files::set_root::{begins_with_edition, holds_rules, set_root};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The paths of a rule set, which tell it from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SetRoots(Arc<[PathBuf]>);

impl SetRoots {
    /// The set of these paths.
    pub(super) fn new(roots: Vec<PathBuf>) -> Self {
        Self(roots.into())
    }

    /// The paths.
    pub(super) fn paths(&self) -> &[PathBuf] {
        &self.0
    }
}

/// The folders that are open in the editor, and its settings.
#[derive(Debug, Clone, Default)]
pub(super) struct Workspace {
    pub(super) folders: Vec<PathBuf>,
    pub(super) settings: EditorSettings,
}

impl Workspace {
    /// The rule sets of a text: those of the settings that hold it, or else the one of its folder. None if it is no rule file.
    pub(super) fn sets_of(&self, document: &OpenDocument) -> Vec<SetRoots> {
        let Some(path) = &document.path else { return Vec::new() };
        let all = self.folders.iter().flat_map(|folder| self.settings.roots_in(folder));
        let holds = |roots: &Vec<PathBuf>| roots.iter().any(|root| is_read_below(root, path));
        let mut configured: Vec<SetRoots> = all.filter(holds).map(SetRoots::new).collect();
        configured.dedup();
        if !configured.is_empty() {
            return configured;
        }
        if is_rule_text(document) || has_ending(path) && path.parent().is_some_and(holds_rules) {
            let root = if has_ending(path) { set_root(path, &self.folders) } else { Some(path.clone()) };
            return root.into_iter().map(|root| SetRoots::new(vec![root])).collect();
        }
        Vec::new()
    }

    /// Whether nobody said which files form the rule set.
    pub(super) fn is_found(&self, roots: &SetRoots) -> bool {
        let mut all = self.folders.iter().flat_map(|folder| self.settings.roots_in(folder));
        !all.any(|set| set == roots.paths())
    }
}

/// Whether a text says that it is one of ours, or the editor does.
pub(super) fn is_rule_text(document: &OpenDocument) -> bool {
    document.language.starts_with("pointsman") || begins_with_edition(&document.text)
}

fn has_ending(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rules")
}
