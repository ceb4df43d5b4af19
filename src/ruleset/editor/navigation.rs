//! Where names are declared and used.

use super::csv_place;
use super::name::{NameDeclaration, NamePlace, NameUse, RuleNames, WordMeaning};
use super::rename::FilePlace;
use crate::ruleset::ReadTable;
use crate::source::FileId;
use std::path::Path;

impl RuleNames {
    /// Where what stands at a byte of a file is declared: the name in a rule file, the cell in a CSV file, or the beginning of
    /// a file that a string names. Places that a `read` does not give are at the beginning of their file.
    #[must_use]
    pub fn definition(&self, file: FileId, offset: usize, read: &ReadTable<'_>) -> Option<FilePlace> {
        if let Some((_, declaration)) = self.declared_at(file, offset) {
            return declared_place(declaration, read);
        }
        let named = self.file_at(file, offset)?;
        Some(FilePlace::Other(named.path.clone(), 0..0))
    }

    /// Every place of what stands at a byte of a file.
    pub fn references(&self, file: FileId, offset: usize) -> impl Iterator<Item = &NameUse> {
        let meaning: Option<WordMeaning> = self.at(file, offset).map(|found| found.meaning);
        self.uses.iter().filter(move |each| Some(each.meaning) == meaning)
    }
}

/// Where a name is declared; nothing for a label that payloads bring.
#[must_use]
pub fn declared_place(declaration: &NameDeclaration, read: &ReadTable<'_>) -> Option<FilePlace> {
    let in_table = |path: &Path, find: &dyn Fn(&str) -> Option<std::ops::Range<usize>>| {
        let range = read(path).ok().and_then(|text| find(&text)).unwrap_or(0..0);
        Some(FilePlace::Other(path.to_path_buf(), range))
    };
    match &declaration.place {
        NamePlace::Rules(span) => Some(FilePlace::Rules(*span)),
        NamePlace::Column(path) => in_table(path, &|text| csv_place::header_cell(text, &declaration.name)),
        NamePlace::Cell(path, column) => in_table(path, &|text| csv_place::value_cell(text, column, &declaration.name)),
        NamePlace::Payload => None,
    }
}
