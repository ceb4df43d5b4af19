//! Variants of a rule set: its rules with a few texts replaced, checked and compiled as if someone had written them so.

use super::{ReadTable, RuleSet};
use crate::check::{self, CheckEnvironment};
use crate::compile;
use crate::diagnostic::{Diagnostic, Findings};
use crate::model::Model;
use crate::prove::ProofEffort;
use crate::source::{SourceFile, Sources, Span};
use crate::syntax::{self, tree};

/// A place of the rules, and the text that stands there in a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextEdit {
    /// The place. Edits of one variant are in one file, in order, and do not overlap.
    pub place: Span,
    /// The new text.
    pub text: String,
}

/// Builds variants of a rule set. Its tests are no part of them.
pub struct VariantBuilder<'r> {
    sources: &'r Sources,
    read: &'r ReadTable<'r>,
    /// The files without their tests.
    files: Vec<tree::RuleFile>,
}

impl<'r> VariantBuilder<'r> {
    /// Parses the files again; `read` reads the tables that they name.
    #[must_use]
    pub fn new(rules: &'r RuleSet, read: &'r ReadTable<'r>) -> Self {
        let sources = &rules.sources;
        let files = sources.iter().map(|(id, _)| without_tests(syntax::parse(sources, id, &mut Vec::new()))).collect();
        Self { sources, read, files }
    }

    /// The syntax trees of the files, without tests.
    #[must_use]
    pub fn files(&self) -> &[tree::RuleFile] {
        &self.files
    }

    /// The rules with texts replaced. Lines keep their numbers as long as each new text has as many lines as what it
    /// replaces.
    ///
    /// # Errors
    /// The findings of `check`, if some are errors.
    pub fn build(&self, edits: &[TextEdit]) -> Result<RuleSet, Vec<Diagnostic>> {
        let Some(file) = edits.first().map(|edit| edit.place.file) else { return Err(Vec::new()) };
        let mut text = self.sources.file(file).map_or("", SourceFile::text).to_owned();
        for edit in edits.iter().rev() {
            text.replace_range(edit.place.range(), &edit.text);
        }
        let sources = self.sources.with_text(file, &text);
        let mut findings = Findings::default();
        let edited = findings.add_with(|diagnostics| syntax::parse(&sources, file, diagnostics));
        let mut edited = Some(without_tests(edited));
        let files: Vec<tree::RuleFile> = self
            .files
            .iter()
            .filter_map(|each| if each.id == file { edited.take() } else { Some(each.clone()) })
            .collect();
        let (model, findings) = self.check(&files, &sources, findings);
        if findings.has_errors() {
            return Err(findings.finish().0);
        }
        let program = compile::compile(&model, sources.clone());
        Ok(RuleSet { sources, model, program, effort: ProofEffort::default() })
    }
}

impl VariantBuilder<'_> {
    /// The model of the rules as they are.
    #[must_use]
    pub fn model(&self) -> Model {
        self.check(&self.files, self.sources, Findings::default()).0
    }

    fn check(&self, files: &[tree::RuleFile], sources: &Sources, findings: Findings) -> (Model, Findings) {
        let environment = CheckEnvironment { sources, read: self.read, at: None };
        check::check(files, &environment, findings)
    }
}

fn without_tests(mut file: tree::RuleFile) -> tree::RuleFile {
    file.items.retain(|item| !matches!(item.kind, tree::Declaration::Test(_)));
    file
}
