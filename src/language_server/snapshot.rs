//! What a check of a rule set found, for requests.

use super::positions::PositionMap;
use super::rule_sets::SetRoots;
use crate::diagnostic::Diagnostic;
use crate::prove::Reachability;
use crate::ruleset::editor::{RuleNames, rule_names};
use crate::ruleset::files::edited::EditedTexts;
use crate::ruleset::{LoadedRules, Proofs, RuleSet, SampleFile};
use crate::source::{ColumnUnit, EditorLines, FileId, SourceFile, Sources, Span};
use crate::suite::files::DiskFiles;
use crate::suite::{self, TestFiles};
use crate::time::Timestamp;
use lsp_types::Range;
use std::collections::{BTreeMap, BTreeSet};
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
    names: OnceLock<RuleNames>,
    sample_labels: OnceLock<SampleLabels>,
    verdicts: OnceLock<BTreeMap<Box<str>, String>>,
}

/// The values of labels in the payloads that tests name, by the labels' names.
pub(super) type SampleLabels = BTreeMap<Box<str>, BTreeSet<Box<str>>>;

/// How many payloads that tests name are read for values of labels.
const MAX_SAMPLES: usize = 200;

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
        Self { sources, diagnostics, rules, texts, lines, ..Self::empty(roots, revision) }
    }

    /// A rule set that could not be checked, and why.
    pub(super) fn unreadable(roots: SetRoots, revision: u64, reason: String) -> Self {
        Self { unreadable: Some(reason), ..Self::empty(roots, revision) }
    }

    fn empty(roots: SetRoots, revision: u64) -> Self {
        Self {
            roots,
            revision,
            unreadable: None,
            sources: Sources::default(),
            diagnostics: Vec::new(),
            rules: None,
            texts: EditedTexts::new(),
            lines: Vec::new(),
            route_hits: OnceLock::new(),
            names: OnceLock::new(),
            sample_labels: OnceLock::new(),
            verdicts: OnceLock::new(),
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

    /// The names of its rules. The first call parses all texts.
    pub(super) fn names(&self) -> &RuleNames {
        self.names.get_or_init(|| rule_names(&self.sources))
    }

    /// The values of labels in the events of the payloads that tests name.
    pub(super) fn sample_labels(&self, now: Timestamp) -> &SampleLabels {
        self.sample_labels.get_or_init(|| {
            let Some(rules) = &self.rules else { return SampleLabels::new() };
            let paths: BTreeSet<&Path> = self.names().files.iter().map(|file| &*file.path).collect();
            let payloads = paths.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "json"));
            let read = |path: &Path| {
                let bytes = self.test_files().read(path).ok()?;
                Some(SampleFile { name: path.display().to_string(), bytes })
            };
            let samples: Vec<SampleFile> = payloads.take(MAX_SAMPLES).filter_map(read).collect();
            rules.sample_labels(&samples, now)
        })
    }

    /// For each line of the routings an event that reaches it, or that there is none. The first call runs proofs, so only the
    /// thread that computes may make it.
    pub(super) fn verdicts(&self) -> &BTreeMap<Box<str>, String> {
        self.verdicts.get_or_init(|| {
            let Some(rules) = &self.rules else { return BTreeMap::new() };
            let proofs = rules.prove_lines();
            proofs.lines().map(|(path, verdict)| (path.into(), verdict_text(verdict))).collect()
        })
    }

    /// Reads a table that rules name: the text of the editor before the file on the disk.
    pub(super) fn table(&self, path: &Path) -> Result<String, String> {
        let bytes = self.test_files().read(path)?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }

    /// The files that tests name: those of the editor before those of the disk.
    pub(super) fn test_files(&self) -> EditedFiles<'_> {
        EditedFiles(&self.texts)
    }
}

/// What proofs know of a line.
fn verdict_text(verdict: &Reachability) -> String {
    match verdict {
        Reachability::Reachable(event) => format!("This event reaches it: {event}"),
        Reachability::Unreachable(_) | Reachability::WithinUnreachable => "No event reaches it.".to_owned(),
        Reachability::Undecided(reason) => format!("It is not known whether an event reaches it: {reason}"),
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
