//! Mappings: conditions of acceptance, `each`, lets, drops, labels; `field` checks the fields.

use crate::check::context::LoweringContext;
use crate::check::names::{duplicate, field_name, field_named, fields, is_field};
use crate::check::scope::{ExpressionLowering, ExpressionScope, LetScope, PayloadReader, is_known};
use crate::check::{code, names};
use crate::diagnostic::Diagnostic;
use crate::model::{self, LetStage};
use crate::pattern::Case;
use crate::source::Span;
use crate::syntax::tree::{
    self, DocumentedDeclaration, Identifier, LabelEntry, MappingStatement, MappingStatementKind,
};
use crate::value::ValueType;
use std::collections::HashMap;

/// A mapping of the model.
pub(super) fn lower(
    item: &DocumentedDeclaration,
    mapping: &tree::Mapping,
    cx: &mut LoweringContext<'_>,
) -> model::Mapping {
    let mut lowered = model::Mapping {
        name: mapping.name.text.clone(),
        span: mapping.name.span,
        accept: Vec::new(),
        each: None,
        lets: Vec::new(),
        drops: Vec::new(),
        fields: Vec::new(),
        labels: Vec::new(),
    };
    let mut lets = declare_lets(mapping, cx);
    let mut places = StatementSpans::default();
    let order = StatementOrder::of(mapping);
    for (position, statement) in mapping.statements.iter().enumerate() {
        if let MappingStatementKind::Let(name, value) = &statement.kind {
            lowered.lets.push(let_binding(name, value, order.at(position), &mut lets, cx));
        } else {
            self::statement(statement, &mut lowered, &mut lets, &mut places, cx);
        }
    }
    if !item.broken {
        places.fields.extend(places.meant);
        super::field::require(mapping, &places.fields, cx);
    }
    lowered
}

/// The places of statements that a mapping may have once.
#[derive(Debug, Default)]
struct StatementSpans {
    each: Option<Span>,
    fields: HashMap<Box<str>, Span>,
    /// Fields whose name is misspelt.
    meant: Vec<(Box<str>, Span)>,
}

/// Where the last lines stand that read the payload before there is an element.
struct StatementOrder {
    each: Option<usize>,
    accept: Option<usize>,
}

/// What stands below a let.
#[derive(Debug, Clone, Copy)]
enum LetPosition {
    /// `each`: there is no element yet.
    AboveEach,
    /// An `accept`, which may read it.
    AboveAccept,
    /// Neither.
    Below,
}

impl StatementOrder {
    fn of(mapping: &tree::Mapping) -> Self {
        let last = |is: fn(&MappingStatementKind) -> bool| {
            mapping.statements.iter().rposition(|statement| is(&statement.kind))
        };
        Self {
            each: last(|kind| matches!(kind, MappingStatementKind::Each(_))),
            accept: last(|kind| matches!(kind, MappingStatementKind::Accept(..))),
        }
    }

    fn at(&self, position: usize) -> LetPosition {
        if self.each.is_some_and(|each| position < each) {
            LetPosition::AboveEach
        } else if self.accept.is_some_and(|accept| position < accept) {
            LetPosition::AboveAccept
        } else {
            LetPosition::Below
        }
    }
}

/// A let that stands above `each` or `accept` and reads `$` alone gets its value once for a payload.
fn let_binding(
    name: &Identifier,
    value: &tree::Expression,
    position: LetPosition,
    lets: &mut LetScope,
    cx: &mut LoweringContext<'_>,
) -> model::LetBinding {
    let scope = match position {
        LetPosition::AboveEach => ExpressionScope::Payload(PayloadReader::Let, lets),
        LetPosition::AboveAccept | LetPosition::Below => ExpressionScope::Element(lets),
    };
    let value = ExpressionLowering { cx, scope }.value(value);
    let stage = match position {
        LetPosition::AboveEach => LetStage::Payload,
        LetPosition::AboveAccept if !lets.reads_element(&value) => LetStage::Payload,
        LetPosition::AboveAccept | LetPosition::Below => LetStage::Element,
    };
    lets.add(&name.text, &value, stage);
    model::LetBinding { name: name.text.clone(), value, stage }
}

/// Collects the names of all lets before the first is read, and reports names that are taken.
fn declare_lets(mapping: &tree::Mapping, cx: &mut LoweringContext<'_>) -> LetScope {
    let mut lets = LetScope::default();
    for statement in &mapping.statements {
        let MappingStatementKind::Let(name, _) = &statement.kind else { continue };
        if is_field(&name.text) {
            cx.report(field_name("let", name));
        } else if let Some(place) = cx.names.defines.place(&name.text) {
            cx.report(names::duplicate("define", name, place));
        }
        if let Some(first) = lets.declare(name) {
            cx.report(duplicate("let", name, first));
        }
    }
    lets
}

fn statement(
    statement: &MappingStatement,
    lowered: &mut model::Mapping,
    lets: &mut LetScope,
    places: &mut StatementSpans,
    cx: &mut LoweringContext<'_>,
) {
    match &statement.kind {
        MappingStatementKind::Accept(when, because) => {
            let mut lowering = ExpressionLowering { cx, scope: ExpressionScope::Payload(PayloadReader::Accept, lets) };
            let when = lowering.condition(when);
            let because = because.as_ref().map(|because| lowering.template(because));
            lowered.accept.push(model::AcceptCondition { lets_above: lets.count(), when, because });
        }
        MappingStatementKind::Each(path) => {
            if let Some(first) = places.each.replace(statement.span) {
                each_twice(statement.span, first, cx);
            } else {
                let scope = ExpressionScope::Payload(PayloadReader::Each, lets);
                lowered.each = each(path, ExpressionLowering { cx, scope });
            }
        }
        // Read by `lower`, which knows what stands below.
        MappingStatementKind::Let(..) => {}
        MappingStatementKind::Field(name, value) => set(name, value, lowered, lets, places, cx),
        MappingStatementKind::Labels(entries) => {
            for entry in entries {
                lowered.labels.extend(label(entry, lets, cx));
            }
        }
        MappingStatementKind::Drop(when, because) => {
            let mut lowering = ExpressionLowering { cx, scope: ExpressionScope::Element(lets) };
            let (when, because) = (lowering.condition(when), lowering.template(because));
            lowered.drops.push(model::DropCondition { when, because, span: statement.span });
        }
    }
}

fn each_twice(second: Span, first: Span, cx: &mut LoweringContext<'_>) {
    cx.report(
        Diagnostic::new(&code::EACH_TWICE, second, "a mapping has one `each`")
            .label("the second")
            .related(first, "the first")
            .help("one path can go down several levels: `$.groups[*].alerts[*]`"),
    );
}

/// The path that chooses the elements.
fn each(chooses: &tree::Expression, mut lowering: ExpressionLowering<'_, '_>) -> Option<model::NodesPath> {
    if let tree::ExpressionKind::Path(path) = &chooses.kind
        && &*path.text == "$"
    {
        lowering.cx.report(
            Diagnostic::new(&code::SINGULAR_AS_LIST, path.span, "without `each` a payload is one element already")
                .label("the payload itself")
                .help("leave `each` out; or choose the items of an array payload with `$[*]`"),
        );
        return None;
    }
    lowering.nodes(chooses, "`each`")
}

fn set(
    name: &Identifier,
    value: &tree::Expression,
    lowered: &mut model::Mapping,
    lets: &mut LetScope,
    places: &mut StatementSpans,
    cx: &mut LoweringContext<'_>,
) {
    let value = ExpressionLowering { cx, scope: ExpressionScope::Element(lets) }.value(value);
    let Some(field) = field_named(&name.text) else {
        let settable = fields().filter(|field| !matches!(*field, "labels" | "notes" | "integration"));
        let near = cx.nearest(&name.text, settable);
        let message = format!("an event has no field `{}`", name.text);
        let diagnostic = Diagnostic::new(&code::UNKNOWN_FIELD, name.span, message);
        // Uses of the name below, and the absence of the field that was meant, are not reported again.
        lets.mark_reported(&name.text);
        if let Some(near) = &near {
            places.meant.push((near.as_str().into(), name.span));
        }
        cx.report(match near {
            Some(near) => diagnostic.did_you_mean(name.span, near),
            None => diagnostic
                .suggest("to name a value for use below, write `let`", name.span.before(), "let ")
                .help(format!("to keep it on the event, make it a label: `labels {{ {} = … }}`", name.text)),
        });
        return;
    };
    if !super::field::is_settable(field, name, cx) {
        return;
    }
    if let Some(first) = places.fields.insert(name.text.clone(), name.span) {
        cx.report(
            Diagnostic::new(&code::FIELD_TWICE, name.span, format!("`{}` is set twice", name.text))
                .label("set again here")
                .related(first, "first set here")
                .help("take the first that is there: `a ?? b`"),
        );
        return;
    }
    super::field::check(field, name, &value, lets, cx);
    lowered.fields.push((field, value));
}

fn label(entry: &LabelEntry, lets: &LetScope, cx: &mut LoweringContext<'_>) -> Option<model::LabelEntry> {
    let mut lowering = ExpressionLowering { cx, scope: ExpressionScope::Element(lets) };
    match entry {
        LabelEntry::Set(name, value) => {
            let value = lowering.value(value);
            super::field::check_text(&format!("the label `{}`", name.value), &value, cx);
            Some(model::LabelEntry::Set(name.value.clone(), value))
        }
        LabelEntry::Spread { value, except, .. } => {
            let value = lowering.value_or_nodes(value);
            let except = lowering.globs(except, Case::Sensitive)?;
            if is_known(value.types) && !value.types.overlaps(ValueType::OBJECT) {
                report_not_labels(&value, cx);
                return None;
            }
            Some(model::LabelEntry::Spread(value, except))
        }
    }
}

/// `...$.tags[*]`, `...split($.tags, ",")`, `...upper($.name)`
fn report_not_labels(value: &model::Expression, cx: &mut LoweringContext<'_>) {
    let written = cx.text(value.span);
    let message = format!("labels come from an object, and `{written}` is {}", value.types);
    let found = Diagnostic::new(&code::NOT_LABELS, value.span, message);
    cx.report(if value.types.overlaps(ValueType::ARRAY | ValueType::NODES) {
        let found = if value.types.overlaps(ValueType::NODES) {
            found.suggest("of the first object", value.span, format!("first({written})"))
        } else {
            found
        };
        found
            .help(format!("of objects with a name and a value: `...pairs({written}, \"name\", \"value\")`"))
            .help(format!("of strings such as `team:web`: `...pairs({written}, \":\")`"))
    } else {
        found.help("set a single label by its name: `name = …`")
    });
}
