//! Renaming: the edits of all files, or the reason why there are none. After the edits every word means what it meant before,
//! and `check` finds no new error; both are looked at before the edits are given.

use super::csv_place;
use super::name::{NameDeclaration, NameId, NameKind, NamePlace, NameUse, RuleNames, WordMeaning};
use super::name_walk::rule_names;
use crate::diagnostic::DiagnosticLevel;
use crate::function;
use crate::model::EventField;
use crate::ruleset::{ReadTable, RuleSet};
use crate::source::{FileId, SourceFile, Sources, Span};
use crate::syntax;
use crate::text::rule_string;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A place in a rule file, or in another file that rules name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilePlace {
    /// In a rule file.
    Rules(Span),
    /// Bytes of another file; the path is as the rules' own names and texts say.
    Other(PathBuf, Range<usize>),
}

/// A place and the text that replaces what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenameEdit {
    /// The place.
    pub place: FilePlace,
    /// The new text.
    pub text: String,
}

/// Why a name is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenameRefusal {
    /// Nothing that the rules declare stands there.
    #[error("there is no name that the rules declare")]
    NotDeclared,
    /// Names of this kind come from elsewhere.
    #[error("`{name}` is {reason}")]
    NotRenamable {
        /// The name.
        name: String,
        /// What it is, and why it stays.
        reason: &'static str,
    },
    /// The new name is not a name.
    #[error(
        "`{0}` is not a name: names consist of letters, digits, `_` and inner hyphens, and begin with a letter or `_`"
    )]
    NotAName(String),
    /// The new name is a word of the language.
    #[error("`{0}` is a word of the language")]
    Reserved(String),
    /// The new name is given already.
    #[error("there is already a {kind} named `{name}`, at {place}")]
    Taken {
        /// What bears it.
        kind: &'static str,
        /// The name.
        name: String,
        /// Where, as `file:line`.
        place: String,
    },
    /// The new name is that of something built in.
    #[error("`{name}` is {meaning}")]
    BuiltIn {
        /// The name.
        name: String,
        /// What bears it.
        meaning: &'static str,
    },
    /// A place that does not parse may use the name.
    #[error("`{name}` also stands at {place}, in rules that do not parse: fix these first")]
    Unparsed {
        /// The old name.
        name: String,
        /// Where, as `file:line`.
        place: String,
    },
    /// A word would no longer mean the same.
    #[error("with this name, the word at {place} would mean something else")]
    Captured {
        /// Where, as `file:line`.
        place: String,
    },
    /// `check` would find an error.
    #[error("with this name, {place} would be refused: {message}")]
    Refused {
        /// Where, as `file:line`.
        place: String,
        /// The finding.
        message: String,
    },
}

/// The place of the name that would be renamed at a byte of a file.
///
/// # Errors
/// If nothing stands there that can be renamed.
pub fn renamable_at(names: &RuleNames, file: FileId, offset: usize) -> Result<(Span, NameId), RenameRefusal> {
    let (id, declaration) = names.declared_at(file, offset).ok_or(RenameRefusal::NotDeclared)?;
    let refused = |reason| Err(RenameRefusal::NotRenamable { name: declaration.name.to_string(), reason });
    match declaration.kind {
        NameKind::Label => refused("a label: payloads and samples bring its name, too"),
        NameKind::Member => refused("a member of a family: events name it by its value"),
        NameKind::Mapping
        | NameKind::Let
        | NameKind::Table
        | NameKind::TableParameter
        | NameKind::Column
        | NameKind::Define
        | NameKind::Schedule
        | NameKind::Channel
        | NameKind::Routing
        | NameKind::Route
        | NameKind::Mute
        | NameKind::Heartbeat
        | NameKind::Integration
        | NameKind::Test
        | NameKind::Prove
        | NameKind::Hole => {
            let span = names.at(file, offset).map(|each| each.span).ok_or(RenameRefusal::NotDeclared)?;
            Ok((span, id))
        }
    }
}

/// A rule set in which a name is given another.
pub struct NameChange<'r> {
    /// Its files.
    pub sources: &'r Sources,
    /// Their names.
    pub names: &'r RuleNames,
    /// Reads the tables that they name.
    pub read: &'r ReadTable<'r>,
}

impl NameChange<'_> {
    /// The edits that give the name at a byte of a file another, in the order of files and places.
    ///
    /// # Errors
    /// If the name cannot be changed to this one, the reason.
    pub fn edits(&self, file: FileId, offset: usize, new: &str) -> Result<Vec<RenameEdit>, RenameRefusal> {
        let (_, id) = renamable_at(self.names, file, offset)?;
        let declaration = self.names.declaration(id).ok_or(RenameRefusal::NotDeclared)?;
        let is_text = matches!(declaration.kind, NameKind::Test | NameKind::Prove);
        if !is_text {
            well_formed(new)?;
        }
        if &*declaration.name == new {
            return Ok(Vec::new());
        }
        self.free(id, declaration, new)?;
        self.parsed(id, declaration)?;
        let edits = self.replacements(file, offset, new)?;
        self.keeps_meanings(&edits)?;
        Ok(edits)
    }

    /// The edits of [`NameChange::edits`], without a look at what they do.
    ///
    /// # Errors
    /// If nothing stands there that can be renamed.
    pub fn replacements(&self, file: FileId, offset: usize, new: &str) -> Result<Vec<RenameEdit>, RenameRefusal> {
        let (_, id) = renamable_at(self.names, file, offset)?;
        let declaration = self.names.declaration(id).ok_or(RenameRefusal::NotDeclared)?;
        let is_text = matches!(declaration.kind, NameKind::Test | NameKind::Prove);
        let text = if is_text { escaped(new) } else { new.to_owned() };
        let uses = self.names.uses_of(WordMeaning::Declared(id));
        let edit = |place| RenameEdit { place, text: text.clone() };
        let mut edits: Vec<RenameEdit> = uses.map(|each| edit(FilePlace::Rules(each.span))).collect();
        if let NamePlace::Column(path) = &declaration.place
            && let Ok(table) = (self.read)(path)
            && let Some(range) = csv_place::header_cell(&table, &declaration.name)
        {
            edits.push(edit(FilePlace::Other(path.clone(), range)));
        }
        Ok(edits)
    }

    /// Whether no other declaration bears the new name where this one is known.
    fn free(&self, id: NameId, declaration: &NameDeclaration, new: &str) -> Result<(), RenameRefusal> {
        let kind = declaration.kind;
        let field = EventField::ALL.into_iter().any(|field| field.name() == new);
        let meaning = if field && matches!(kind, NameKind::Define | NameKind::Let | NameKind::Column) {
            Some("a field of the event")
        } else {
            (kind == NameKind::Table && function::find(new).is_some()).then_some("a built-in function")
        };
        if let Some(meaning) = meaning {
            return Err(RenameRefusal::BuiltIn { name: new.to_owned(), meaning });
        }
        let is_text = matches!(kind, NameKind::Test | NameKind::Prove);
        let shares = |other: &NameDeclaration| {
            let is_near = (kind != NameKind::Hole || other.item == declaration.item)
                && (kind != NameKind::Column || other.place == declaration.place);
            is_near && other.kind == kind && other.owner == declaration.owner && *other.name == *new
        };
        let mut others = self.names.declarations.iter().enumerate();
        match others.find(|(other, each)| *other != id && !is_text && shares(each)) {
            Some((_, other)) => {
                let place = self.place_text(&other.place);
                Err(RenameRefusal::Taken { kind: kind.word(), name: new.to_owned(), place })
            }
            None => Ok(()),
        }
    }

    fn place_text(&self, place: &NamePlace) -> String {
        match place {
            NamePlace::Rules(span) => self.sources.file_and_line(*span),
            NamePlace::Column(path) | NamePlace::Cell(path, _) => path.display().to_string(),
            NamePlace::Payload => "a payload".to_owned(),
        }
    }

    /// Whether every place of the name was understood.
    fn parsed(&self, id: NameId, declaration: &NameDeclaration) -> Result<(), RenameRefusal> {
        let known = |span: Span| self.names.uses.iter().any(|each| each.span.covers(span));
        for file in &self.names.broken_files {
            let text = self.sources.file(*file).map_or("", SourceFile::text);
            for token in syntax::classified_tokens(text) {
                let span = Span::new(*file, token.range.start, token.range.end);
                if text.get(token.range) == Some(&declaration.name) && !known(span) {
                    let (name, place) = (self.names.path(id).to_owned(), self.sources.file_and_line(span));
                    return Err(RenameRefusal::Unparsed { name, place });
                }
            }
        }
        Ok(())
    }

    /// Whether every word means the same after the edits, and `check` finds no new error.
    fn keeps_meanings(&self, edits: &[RenameEdit]) -> Result<(), RenameRefusal> {
        let sources = edited(self.sources, edits);
        let renamed = rule_names(&sources);
        let same = |(old, new): (&NameUse, &NameUse)| old.meaning == new.meaning && old.role == new.role;
        let mut pairs = self.names.uses.iter().zip(&renamed.uses);
        let differs = pairs.find(|pair| !same(*pair)).map(|(old, _)| old.span);
        let lost =
            || self.names.uses.last().filter(|_| self.names.uses.len() != renamed.uses.len()).map(|last| last.span);
        if let Some(span) = differs.or_else(lost) {
            return Err(RenameRefusal::Captured { place: self.sources.file_and_line(span) });
        }
        let read = |path: &Path| Ok(edited_table(path, (self.read)(path)?, edits));
        let after = errors(&sources, &read);
        let before = if after.is_empty() { BTreeMap::new() } else { errors(self.sources, self.read) };
        let added = after.iter().find(|(code, found)| before.get(*code).is_none_or(|known| known.len() < found.len()));
        match added.and_then(|(_, found)| found.first()) {
            Some((place, message)) => Err(RenameRefusal::Refused { place: place.clone(), message: message.clone() }),
            None => Ok(()),
        }
    }
}

/// The errors of a rule set by code: the place and the message of each.
fn errors(sources: &Sources, read: &ReadTable<'_>) -> BTreeMap<&'static str, Vec<(String, String)>> {
    let loaded = RuleSet::from_sources(sources.clone(), read, None);
    let mut errors: BTreeMap<&'static str, Vec<(String, String)>> = BTreeMap::new();
    for finding in loaded.diagnostics.iter().filter(|finding| finding.level() == DiagnosticLevel::Error) {
        let place = sources.file_and_line(finding.span);
        errors.entry(finding.code.id).or_default().push((place, finding.message.clone()));
    }
    errors
}

/// The rule files with edits applied.
#[must_use]
pub fn edited(sources: &Sources, edits: &[RenameEdit]) -> Sources {
    let mut by_file: BTreeMap<FileId, Vec<(Span, &str)>> = BTreeMap::new();
    for RenameEdit { place, text } in edits {
        if let FilePlace::Rules(span) = place {
            by_file.entry(span.file).or_default().push((*span, text));
        }
    }
    let mut changed = sources.clone();
    for (file, mut edits) in by_file {
        let mut text = sources.file(file).map_or("", SourceFile::text).to_owned();
        edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        for (span, new) in edits {
            text.replace_range(span.range(), new);
        }
        changed = changed.with_text(file, &text);
    }
    changed
}

/// The text of a table with edits applied.
fn edited_table(path: &Path, mut text: String, edits: &[RenameEdit]) -> String {
    for RenameEdit { place, text: new } in edits {
        if let FilePlace::Other(file, range) = place
            && file == path
            && text.get(range.clone()).is_some()
        {
            text.replace_range(range.clone(), new);
        }
    }
    text
}

/// Whether a text is a name.
fn well_formed(name: &str) -> Result<(), RenameRefusal> {
    if syntax::is_reserved(name) {
        return Err(RenameRefusal::Reserved(name.to_owned()));
    }
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let parts = name.split('-').all(|part| !part.is_empty() && part.chars().all(is_letter));
    if begins && parts { Ok(()) } else { Err(RenameRefusal::NotAName(name.to_owned())) }
}

/// A text as it stands between the quotes of a string.
fn escaped(text: &str) -> String {
    let quoted = rule_string(text);
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or(text).replace("{{", "{").replace("}}", "}")
}
