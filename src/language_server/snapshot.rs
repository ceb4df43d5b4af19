//! What a check of a rule set found, for requests.

use super::positions::PositionMap;
use super::rule_sets::SetRoots;
use crate::diagnostic::Diagnostic;
use crate::ruleset::files::edited::EditedTexts;
use crate::ruleset::{LoadedRules, Proofs, RuleSet};
use crate::source::{ColumnUnit, EditorLines, FileId, SourceFile, Sources, Span};
use crate::suite::files::DiskFiles;
use crate::suite::{self, TestFiles};
use crate::time::Timestamp;
use lsp_types::Range;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A rule set as it was checked: its texts, findings and rules. It does not change.
#[derive(Debug)]
pub(super) struct RuleSetSnapshot {
    /// Which rule set it is.
    pub(super) roots: SetRoots,
    /// Which state of the set was checked.
    pub(super) revision: u64,
    /// Why the set could not be read, if it could not.
    pub(super) unreadable: Option<String>,
    sources: Sources,
    diagnostics: Vec<Diagnostic>,
    rules: Option<RuleSet>,
    texts: EditedTexts,
    lines: Vec<OnceLock<EditorLines>>,
    route_hits: OnceLock<BTreeMap<Box<str>, usize>>,
}

/// The state of a rule set that is to be checked.
#[derive(Debug, Clone)]
pub(super) struct CheckedState {
    pub(super) roots: SetRoots,
    pub(super) revision: u64,
    /// The texts of the editor.
    pub(super) texts: EditedTexts,
}

impl RuleSetSnapshot {
    /// Checks a rule set as `pointsman check` does. `proofs` is what the last check of the set knew.
    pub(super) fn check(state: CheckedState, proofs: &mut Proofs, now: Timestamp) -> Self {
        let CheckedState { roots, revision, texts } = state;
        let mut loaded = match RuleSet::load_edited(roots.paths(), &texts, Some(now)) {
            Ok(loaded) => loaded,
            Err(reason) => return Self::unreadable(roots, revision, reason.to_string()),
        };
        suite::complete_check(&mut loaded, proofs, &EditedFiles(&texts));
        let LoadedRules { sources, diagnostics, rules, left_out: _ } = loaded;
        let lines = sources.iter().map(|_| OnceLock::new()).collect();
        let unreadable = None;
        Self { roots, revision, unreadable, sources, diagnostics, rules, texts, lines, route_hits: OnceLock::new() }
    }

    /// A rule set that could not be checked, and why.
    pub(super) fn unreadable(roots: SetRoots, revision: u64, reason: String) -> Self {
        Self {
            roots,
            revision,
            unreadable: Some(reason),
            sources: Sources::default(),
            diagnostics: Vec::new(),
            rules: None,
            texts: EditedTexts::new(),
            lines: Vec::new(),
            route_hits: OnceLock::new(),
        }
    }

    /// The texts of its rule files.
    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The findings, in the order of files and places.
    pub(super) fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The rules, unless they hold an error.
    pub(super) fn rules(&self) -> Option<&RuleSet> {
        self.rules.as_ref()
    }

    /// The file at a path.
    pub(super) fn file(&self, path: &Path) -> Option<FileId> {
        self.sources.iter().find(|(_, file)| Path::new(file.name()) == path).map(|(id, _)| id)
    }

    /// The path of a file.
    pub(super) fn path(&self, file: FileId) -> Option<PathBuf> {
        self.sources.file(file).map(|file| PathBuf::from(file.name()))
    }

    /// Positions in a file.
    pub(super) fn positions(&self, file: FileId, unit: ColumnUnit) -> Option<PositionMap<'_>> {
        let place = self.sources.iter().position(|(id, _)| id == file)?;
        let text = self.sources.file(file).map(SourceFile::text)?;
        let lines = self.lines.get(place)?.get_or_init(|| EditorLines::new(text));
        Some(PositionMap { text, lines, unit })
    }

    /// The range of a span in its file.
    pub(super) fn range(&self, span: Span, unit: ColumnUnit) -> Range {
        self.positions(span.file, unit).map(|positions| positions.range(span.range())).unwrap_or_default()
    }

    /// How many cases of the tests hit each line of the routings, by path. The first call runs all tests, so only the thread
    /// that computes may make it.
    pub(super) fn route_hits(&self) -> &BTreeMap<Box<str>, usize> {
        self.route_hits.get_or_init(|| {
            let run = |rules| suite::route_hits(rules, &mut EditedFiles(&self.texts));
            self.rules.as_ref().map(run).unwrap_or_default()
        })
    }

    /// The files that tests name: those of the editor before those of the disk.
    pub(super) fn test_files(&self) -> EditedFiles<'_> {
        EditedFiles(&self.texts)
    }
}

/// The files of this machine, with the texts of the editor in their places. Nothing is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct EditedFiles<'t>(&'t EditedTexts);

impl TestFiles for EditedFiles<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.0.get(path).map_or_else(|| DiskFiles.read(path), |text| Ok(text.as_bytes().to_vec()))
    }

    fn write(&mut self, _path: &Path, _bytes: &[u8]) -> Result<(), String> {
        Err("the language server does not write files".to_owned())
    }
}
