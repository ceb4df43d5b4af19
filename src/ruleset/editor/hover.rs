//! What stands at a place, for people: a name with its declaration, a word of the language with what it does, a pattern with a
//! text that it matches.

use super::description::{self, WordContext};
use super::name::{NameDeclaration, NameId, NameKind, NamePlace, NameRole, WordMeaning};
use super::view::{EditorView, TokenView};
use crate::model::Model;
use crate::pattern::{Case, Glob, RegexPattern};
use crate::source::{FileId, Span};
use crate::syntax::TokenClass;
use crate::text::{backticked_list, plural};
use crate::value::ValueType;

/// How many lines of a declaration are shown.
const MAX_LINES: usize = 8;

/// How many values of a label are shown.
const MAX_VALUES: usize = 8;

/// What stands at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoverText {
    /// The word that it is about.
    pub span: Span,
    /// What it is, in Markdown.
    pub markdown: String,
}

impl EditorView<'_> {
    /// What stands at a byte of a file.
    #[must_use]
    pub fn hover(&self, file: FileId, offset: usize) -> Option<HoverText> {
        if let Some(found) = self.names.at(file, offset) {
            let markdown = match found.meaning {
                WordMeaning::Declared(id) => self.declared(id)?,
                meaning @ (WordMeaning::Field(_)
                | WordMeaning::GroupField(_)
                | WordMeaning::Function(_)
                | WordMeaning::Call(_)
                | WordMeaning::ChannelKind(_)
                | WordMeaning::Parameter(_)
                | WordMeaning::Constant(_)
                | WordMeaning::Code(_)) => description::built_in(meaning)?.markdown(),
            };
            return Some(HoverText { span: found.span, markdown });
        }
        let tokens = TokenView::new(self.text(file));
        let index = tokens.at(offset)?;
        let markdown = token(&tokens, index)?;
        Some(HoverText { span: tokens.span(file, index)?, markdown })
    }

    /// A declared name.
    fn declared(&self, id: NameId) -> Option<String> {
        let declaration = self.names.declaration(id)?;
        let mut parts = vec![format!("```rules\n{}\n```", self.shown(id, declaration))];
        parts.extend((!declaration.documentation.is_empty()).then(|| declaration.documentation.join("\n")));
        parts.extend(self.facts(id, declaration));
        parts.push(self.whereabouts(id, declaration));
        Some(parts.join("\n\n"))
    }

    /// The declaration as it is written, cut after some lines.
    fn shown(&self, id: NameId, declaration: &NameDeclaration) -> String {
        let written = declaration.item.filter(|_| declaration.kind != NameKind::Hole);
        let Some(item) = written else { return format!("{} {}", declaration.kind.word(), self.names.path(id)) };
        let text = self.sources.text(item);
        let mut lines: Vec<&str> = text.lines().take(MAX_LINES).collect();
        let indent = lines.iter().skip(1).filter(|line| !line.trim().is_empty());
        let indent = indent.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
        let shift = if text.trim_end().ends_with('}') { indent.saturating_sub(2) } else { indent.saturating_sub(4) };
        for line in lines.iter_mut().skip(1) {
            *line = line.get(shift.min(line.len() - line.trim_start().len())..).unwrap_or_default();
        }
        let rest = if text.lines().count() > MAX_LINES { "\n  …" } else { "" };
        format!("{}{rest}", lines.join("\n"))
    }

    /// What is known of it besides its text.
    fn facts(&self, id: NameId, declaration: &NameDeclaration) -> Vec<String> {
        let model = self.sound.map(|rules| &rules.model);
        match declaration.kind {
            NameKind::Define | NameKind::Let | NameKind::Table => {
                let types = model.and_then(|model| self.types(model, declaration));
                types.map(|types| format!("Type: {types}")).into_iter().collect()
            }
            NameKind::Schedule => model.and_then(|model| self.schedule(model, declaration)).into_iter().collect(),
            NameKind::Route => self.route(id),
            NameKind::Label => self.label(id, declaration),
            NameKind::Column | NameKind::Member => match &declaration.place {
                NamePlace::Column(path) => vec![format!("A column of `{}`.", path.display())],
                NamePlace::Cell(path, column) => vec![format!("A cell of column `{column}` in `{}`.", path.display())],
                NamePlace::Rules(_) | NamePlace::Payload => Vec::new(),
            },
            NameKind::Mapping
            | NameKind::TableParameter
            | NameKind::Channel
            | NameKind::Routing
            | NameKind::Mute
            | NameKind::Heartbeat
            | NameKind::Integration
            | NameKind::Test
            | NameKind::Prove
            | NameKind::Hole => Vec::new(),
        }
    }

    /// The type of a value in the last rules without errors.
    fn types(&self, model: &Model, declaration: &NameDeclaration) -> Option<ValueType> {
        let name = &declaration.name;
        if declaration.kind == NameKind::Define {
            return model.defines.iter().find(|each| each.name == *name).map(|each| each.value.types);
        }
        if declaration.kind == NameKind::Table {
            return model.tables.iter().find(|each| each.name == *name).map(|each| each.types);
        }
        let owner = self.names.declaration(declaration.owner?)?;
        let mapping = model.mappings.iter().find(|each| each.name == owner.name)?;
        mapping.lets.iter().find(|each| each.name == *name).map(|each| each.value.types)
    }

    /// Whether a schedule holds now, and until when.
    fn schedule(&self, model: &Model, declaration: &NameDeclaration) -> Option<String> {
        let schedule = model.schedules.iter().find(|each| each.name == declaration.name)?;
        let state = if schedule.windows.holds(self.now) { "It holds now" } else { "It does not hold now" };
        let next = schedule.windows.next_change(self.now);
        Some(match next.map(|next| schedule.windows.local_time(next)) {
            Some(until) => format!("{state}, until {until}."),
            None => format!("{state}, and this never changes."),
        })
    }

    fn route(&self, id: NameId) -> Vec<String> {
        let mut facts = vec![format!("Path: `{}`", self.names.path(id))];
        let Some(known) = self.route_facts(id) else { return facts };
        facts.extend(known.hits.map(|hits| match hits {
            0 => "No test hits it.".to_owned(),
            hits => format!("{} hit it.", plural(hits, "case")),
        }));
        facts.extend(known.verdict.clone());
        facts
    }

    fn label(&self, id: NameId, declaration: &NameDeclaration) -> Vec<String> {
        let sets = self.names.uses_of(WordMeaning::Declared(id)).filter(|each| each.role == NameRole::Declares);
        let places: Vec<String> = sets.map(|each| self.sources.file_and_line(each.span)).collect();
        let mut facts = vec![match places.as_slice() {
            [] => "No mapping sets it by this name: payloads bring it.".to_owned(),
            places => format!("Set at {}.", backticked_list(places.iter().take(MAX_VALUES))),
        }];
        let values = self.label_values(&declaration.name);
        let shown: Vec<&str> = values.iter().take(MAX_VALUES).map(|(value, _)| value.as_str()).collect();
        if !shown.is_empty() {
            let more = if values.len() > shown.len() { ", …" } else { "" };
            facts.push(format!("Known values: {}{more}", backticked_list(shown)));
        }
        facts
    }

    /// Where it is declared, and how often it is used.
    fn whereabouts(&self, id: NameId, declaration: &NameDeclaration) -> String {
        let uses = self.names.uses_of(WordMeaning::Declared(id)).filter(|each| each.role == NameRole::Uses).count();
        let count = match uses {
            0 => "not used".to_owned(),
            1 => "used once".to_owned(),
            uses => format!("used {uses} times"),
        };
        match &declaration.place {
            NamePlace::Rules(span) => format!("`{}`, {count}", self.sources.file_and_line(*span)),
            NamePlace::Column(path) | NamePlace::Cell(path, _) => format!("`{}`, {count}", path.display()),
            NamePlace::Payload => count,
        }
    }
}

/// A word or a pattern that is not a name.
fn token(tokens: &TokenView<'_>, index: usize) -> Option<String> {
    let word = tokens.word(index);
    match tokens.class(index)? {
        TokenClass::Keyword | TokenClass::Sign | TokenClass::Constant | TokenClass::Number | TokenClass::Name => {
            word_of_language(tokens, index, word)
        }
        TokenClass::Regex => regex(word),
        TokenClass::String => glob(tokens, index, word),
        TokenClass::Member
        | TokenClass::Path
        | TokenClass::Punctuation
        | TokenClass::Comment
        | TokenClass::Documentation
        | TokenClass::Unknown => None,
    }
}

fn word_of_language(tokens: &TokenView<'_>, index: usize, word: &str) -> Option<String> {
    let context = match tokens.context(index) {
        // The word that begins a declaration is described where declarations are.
        context if WordContext::of(word) == context => WordContext::File,
        context => context,
    };
    description::keyword(word, context, &tokens.beside(index)).map(|found| found.markdown())
}

/// A text that a regex matches.
fn regex(written: &str) -> Option<String> {
    let inside = written.strip_prefix('/')?;
    let end = inside.rfind('/')?;
    let pattern = inside.get(..end)?.replace("\\/", "/");
    let regex = RegexPattern::new(&pattern, inside.get(end + 1..)?, Case::Sensitive).ok()?;
    regex.sample().map(|sample| format!("Matches, for example, `{sample}`"))
}

/// A text that a glob matches: a string behind `like`.
fn glob(tokens: &TokenView<'_>, index: usize, written: &str) -> Option<String> {
    let before = (0..index).rev().map(|before| tokens.word(before));
    let mut before = before.skip_while(|word| word.starts_with('"') || matches!(*word, "," | "["));
    if !matches!(before.next()?, "like" | "except") {
        return None;
    }
    let glob = Glob::new(written.trim_matches('"'), Case::Sensitive).ok()?;
    let sample = glob.text().replace('*', "abc").replace('?', "a");
    glob.fits(&sample).then(|| format!("Matches, for example, `{sample}`"))
}
