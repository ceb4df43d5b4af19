//! Finds every name in the trees of a rule set, and what it stands for. Declarations that did not parse are left out.

mod declaration;
mod expression;
mod mapping;
mod routing;
mod test;

use super::name::{
    NameDeclaration, NameId, NameKind, NamePlace, NameRole, NameUse, NamedRuleFile, RuleNames, WordMeaning,
};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Sources, Span};
use crate::syntax::tree::{Declaration, DocumentedDeclaration, Identifier, RuleFile, StringLiteral};
use crate::{check, ruleset, syntax};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The names of all files.
#[must_use]
pub fn rule_names(sources: &Sources) -> RuleNames {
    let mut broken = Vec::new();
    let parse = |id: FileId| {
        let mut findings: Vec<Diagnostic> = Vec::new();
        let tree = syntax::parse(sources, id, &mut findings);
        broken.extend((!findings.is_empty()).then_some(id));
        tree
    };
    let files: Vec<RuleFile> = sources.iter().map(|(id, _)| id).map(parse).collect();
    let mut walker = NameWalker::new(sources);
    let items = || files.iter().flat_map(|file| &file.items);
    items().for_each(|item| walker.declare(item));
    items().for_each(|item| walker.walk(item));
    for allow in files.iter().flat_map(|file| &file.allows) {
        if let Some(code) = ruleset::codes().into_iter().find(|code| *code.id == *allow.code.text) {
            walker.add(allow.code.span, WordMeaning::Code(code), NameRole::Uses);
        }
    }
    let mut names = walker.finish();
    names.broken_files = broken;
    names
}

/// What an expression can name.
#[derive(Debug, Default, Clone)]
struct NameScope {
    /// Lets, parameters, columns of a list.
    locals: HashMap<Box<str>, NameId>,
    /// Whether it sees the event: its fields, its labels and the defines.
    event: bool,
    /// Whether it sees what a message says of its group.
    group: bool,
    /// The CSV file whose columns it sees.
    columns: Option<PathBuf>,
}

impl NameScope {
    fn event() -> Self {
        Self { event: true, ..Self::default() }
    }
}

struct NameWalker<'s> {
    sources: &'s Sources,
    names: RuleNames,
    /// The declarations that the whole set sees, by kind and name.
    declared: HashMap<(NameKind, Box<str>), NameId>,
    routes: HashMap<String, NameId>,
    columns: HashMap<(PathBuf, Box<str>), NameId>,
    members: HashMap<(NameId, Box<str>), NameId>,
    /// Where the members of a family come from, if that is a CSV file: the file and the column.
    family_cells: HashMap<NameId, (PathBuf, Box<str>)>,
    /// The mappings that set `source` themselves: their names are not sources.
    own_sources: HashSet<NameId>,
}

impl<'s> NameWalker<'s> {
    fn new(sources: &'s Sources) -> Self {
        Self {
            sources,
            names: RuleNames::default(),
            declared: HashMap::new(),
            routes: HashMap::new(),
            columns: HashMap::new(),
            members: HashMap::new(),
            family_cells: HashMap::new(),
            own_sources: HashSet::new(),
        }
    }

    fn finish(mut self) -> RuleNames {
        self.names.uses.sort_by_key(|each| (each.span.file, each.span.start, each.span.end));
        self.names.uses.dedup_by_key(|each| each.span);
        self.names.files.sort_by_key(|each| each.span);
        self.names
    }

    /// The declarations that the whole set sees, before any use is looked at.
    fn declare(&mut self, item: &DocumentedDeclaration) {
        let (kind, name) = match &item.kind {
            Declaration::Mapping(it) => (NameKind::Mapping, &it.name),
            Declaration::Table(it) => (NameKind::Table, &it.name),
            Declaration::Define(it) => (NameKind::Define, &it.name),
            Declaration::Schedule(it) => (NameKind::Schedule, &it.name),
            Declaration::Channel(it) => (NameKind::Channel, &it.name),
            Declaration::Routing(it) => (NameKind::Routing, &it.name),
            Declaration::Mute(it) => (NameKind::Mute, &it.name),
            Declaration::Heartbeat(it) => (NameKind::Heartbeat, &it.name),
            Declaration::Integration(it) => (NameKind::Integration, &it.name),
            Declaration::Test(it) => return self.declare_text(NameKind::Test, &it.name, item),
            Declaration::Prove(it) => return self.declare_text(NameKind::Prove, &it.name, item),
        };
        let id = self.declare_name(kind, name, Some(item.span), None);
        self.document(id, item);
        self.declared.entry((kind, name.text.clone())).or_insert(id);
        match &item.kind {
            Declaration::Mapping(it) => self.declare_mapping(id, it),
            Declaration::Channel(it) => self.declare_family(id, it),
            Declaration::Routing(it) => {
                self.routes.entry(it.name.text.to_string()).or_insert(id);
                self.declare_lines(id, &it.name.text, &it.block);
            }
            Declaration::Table(_)
            | Declaration::Define(_)
            | Declaration::Schedule(_)
            | Declaration::Mute(_)
            | Declaration::Heartbeat(_)
            | Declaration::Integration(_)
            | Declaration::Test(_)
            | Declaration::Prove(_) => {}
        }
    }

    fn walk(&mut self, item: &DocumentedDeclaration) {
        match &item.kind {
            Declaration::Mapping(it) => self.mapping(it),
            Declaration::Table(it) => self.table(it),
            Declaration::Define(it) => self.expression(&it.value, &NameScope::event()),
            Declaration::Schedule(_) => {}
            Declaration::Channel(it) => self.channel(it),
            Declaration::Routing(it) => self.block(&it.block),
            Declaration::Mute(it) => self.mute(it),
            Declaration::Heartbeat(it) => self.heartbeat(it),
            Declaration::Integration(it) => self.integration(it),
            Declaration::Test(it) => self.test(it, item.span),
            Declaration::Prove(it) => self.prove(it),
        }
    }

    /// A test or a statement, whose name is a string.
    fn declare_text(&mut self, kind: NameKind, name: &StringLiteral, item: &DocumentedDeclaration) {
        let name = Identifier { text: name.value.clone(), span: self.inside(name.span) };
        let id = self.declare_name(kind, &name, Some(item.span), None);
        self.document(id, item);
    }

    fn document(&mut self, id: NameId, item: &DocumentedDeclaration) {
        if let Some(declaration) = self.names.declarations.get_mut(id) {
            declaration.documentation.clone_from(&item.docs);
        }
    }

    /// Adds a declaration and the place of its name.
    fn declare_name(&mut self, kind: NameKind, name: &Identifier, item: Option<Span>, owner: Option<NameId>) -> NameId {
        let id = self.declare_at(kind, &name.text, NamePlace::Rules(name.span), item, owner);
        self.add(name.span, WordMeaning::Declared(id), NameRole::Declares);
        id
    }

    fn declare_at(
        &mut self,
        kind: NameKind,
        name: &str,
        place: NamePlace,
        item: Option<Span>,
        owner: Option<NameId>,
    ) -> NameId {
        let documentation = Vec::new();
        let declaration = NameDeclaration { kind, name: name.into(), place, item, documentation, owner };
        self.names.declarations.push(declaration);
        self.names.declarations.len() - 1
    }

    fn add(&mut self, span: Span, meaning: WordMeaning, role: NameRole) {
        self.names.uses.push(NameUse { span, meaning, role });
    }

    /// The use of a name that the whole set sees; nothing if it is not declared.
    fn refer(&mut self, kind: NameKind, name: &str, span: Span) -> Option<NameId> {
        let id = *self.declared.get(&(kind, name.into()))?;
        self.add(span, WordMeaning::Declared(id), NameRole::Uses);
        Some(id)
    }

    fn refer_to(&mut self, kind: NameKind, name: &Identifier) -> Option<NameId> {
        self.refer(kind, &name.text, name.span)
    }

    /// A label, where it is set or read.
    fn label(&mut self, name: &str, span: Span, role: NameRole) {
        let key = (NameKind::Label, name.into());
        let id = if let Some(id) = self.declared.get(&key) {
            *id
        } else {
            let id = self.declare_at(NameKind::Label, name, NamePlace::Payload, None, None);
            self.declared.insert(key, id);
            id
        };
        let declaration = self.names.declarations.get_mut(id);
        if let Some(declaration) =
            declaration.filter(|each| role == NameRole::Declares && each.place == NamePlace::Payload)
        {
            declaration.place = NamePlace::Rules(span);
        }
        self.add(span, WordMeaning::Declared(id), role);
    }

    /// The column of a CSV file.
    fn column(&mut self, file: &Path, name: &Identifier) -> NameId {
        let key = (file.to_path_buf(), name.text.clone());
        let id = if let Some(id) = self.columns.get(&key) {
            *id
        } else {
            let place = NamePlace::Column(file.to_path_buf());
            let id = self.declare_at(NameKind::Column, &name.text, place, None, None);
            self.columns.insert(key, id);
            id
        };
        self.add(name.span, WordMeaning::Declared(id), NameRole::Uses);
        id
    }

    /// A file beside the rule file that names it.
    fn file(&mut self, name: &StringLiteral) -> PathBuf {
        let folder = Path::new(self.sources.name(name.span)).parent().unwrap_or(Path::new(""));
        // A path that leads out of its folder is refused by `check`, so that no table is read there.
        if !check::stays_below(&name.value) {
            return PathBuf::new();
        }
        let path = folder.join(&*name.value);
        self.names.files.push(NamedRuleFile { span: name.span, path: path.clone() });
        path
    }

    /// What stands between the quotes of a string; a bare word is itself.
    fn inside(&self, span: Span) -> Span {
        let text = self.sources.text(span);
        let before = text.find('"').map_or(0, |at| at + 1);
        let length = text.trim_end_matches('"').len().max(before);
        let range = span.range();
        Span::new(span.file, range.start + before, range.start + length)
    }

    /// The place between the quotes, if the string holds exactly this text as written.
    fn written(&self, span: Span, text: &str) -> Option<Span> {
        let inside = self.inside(span);
        (self.sources.text(inside) == text).then_some(inside)
    }
}
