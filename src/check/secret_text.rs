//! Strings of parameters in which columns of a family or secrets stand.
//!
//! A column fills one segment of a path or an address, so that a row of a table never decides which host gets the alerts or
//! which folder is read. A string with a secret in it is a secret as a whole; only addresses and headers take one, because
//! everything else becomes part of a message, which the journal keeps and people read.

use crate::channel::{ParameterKind, ParameterSpec, TextForm, names_host};
use crate::check::context::LoweringContext;
use crate::check::parameter_value::is_secret;
use crate::check::{code, family, secret};
use crate::diagnostic::Diagnostic;
use crate::model::{ParameterValue, SecretTextPart};
use crate::source::Span;
use crate::syntax::tree::{Expression, ExpressionKind, Template, TemplatePart};
use crate::text::quoted;

/// Whether a string has a secret between its braces.
pub(super) fn has_secret(template: &Template) -> bool {
    template.values().any(names_secret)
}

/// Whether a secret stands in a value, alone or within something else.
fn names_secret(value: &Expression) -> bool {
    let mut found = is_secret(value);
    value.each_part(&mut |part| found = found || names_secret(part));
    found
}

/// Whether every value in a string is a column of the family.
pub(super) fn has_columns_alone(template: &Template, cx: &LoweringContext<'_>) -> bool {
    template.plain().is_none() && template.values().all(|value| column(value, cx).is_some())
}

/// The name of the column that a value is.
fn column<'t>(value: &'t Expression, cx: &LoweringContext<'_>) -> Option<&'t str> {
    let ExpressionKind::Name(name) = &value.kind else { return None };
    let columns = cx.columns.as_ref()?;
    columns.names().any(|column| *column == *name.text).then_some(&name.text)
}

/// A string in which columns are filled in.
pub(super) fn fill(what: &str, form: TextForm, template: &Template, cx: &mut LoweringContext<'_>) -> Option<Box<str>> {
    check_host(what, form, template, cx)?;
    let mut text = String::new();
    let mut is_complete = true;
    for part in &template.parts {
        match part {
            TemplatePart::Text(words) => text.push_str(words),
            TemplatePart::Value(value, _) => match cell(what, form, value, cx) {
                Some(cell) => text.push_str(&cell),
                None => is_complete = false,
            },
        }
    }
    is_complete.then(|| text.into())
}

/// A string with secrets in it.
pub(super) fn compose(
    parameter: &ParameterSpec,
    template: &Template,
    cx: &mut LoweringContext<'_>,
) -> Option<ParameterValue> {
    let form = parameter.text_form();
    if form != TextForm::Address && parameter.takes != ParameterKind::Headers {
        report_misplaced(parameter, template, cx);
        return None;
    }
    let what = format!("`{}`", parameter.name);
    check_host(&what, form, template, cx)?;
    let mut parts = Vec::with_capacity(template.parts.len());
    for part in &template.parts {
        match part {
            TemplatePart::Text(words) => parts.push(Some(SecretTextPart::Text(words.clone()))),
            TemplatePart::Value(value, _) if is_secret(value) => {
                parts.push(secret::read(value, cx).map(SecretTextPart::Secret));
            }
            TemplatePart::Value(value, _) if column(value, cx).is_some() => {
                parts.push(cell(&what, form, value, cx).map(SecretTextPart::Text));
            }
            TemplatePart::Value(value, _) => {
                report_other(&what, value, cx);
                parts.push(None);
            }
        }
    }
    parts.into_iter().collect::<Option<Vec<_>>>().map(|parts| ParameterValue::SecretText(parts.into()))
}

fn report_misplaced(parameter: &ParameterSpec, template: &Template, cx: &mut LoweringContext<'_>) {
    let Some(secret) = template.values().find(|value| names_secret(value)) else { return };
    let excerpt = cx.excerpt(secret.span);
    let message = format!("the secret `{excerpt}` cannot stand within the text of `{}`", parameter.name);
    let found = Diagnostic::new(&code::STRAY_SECRET, secret.span, message);
    let whole = matches!(parameter.takes, ParameterKind::Secret | ParameterKind::SecretOrText | ParameterKind::Secrets);
    cx.report(if whole {
        found.label("this parameter is a secret as a whole").help("let the secret hold the whole value")
    } else {
        found
            .label("is not kept secret here")
            .help("a secret stands within `url`, in its path or query, and within the values of `headers`")
    });
}

fn report_other(what: &str, value: &Expression, cx: &mut LoweringContext<'_>) {
    let excerpt = cx.excerpt(value.span);
    let message = format!("{what} takes secrets between its braces, found `{excerpt}`");
    let found = Diagnostic::new(&code::INTERPOLATION, value.span, message);
    cx.report(if names_secret(value) {
        found.help("a secret stands alone between its braces: `{env(\"NAME\")}`")
    } else {
        found
            .help("an address or a header is the same for every event; what depends on the event belongs into the body")
    });
}

/// The host of an address is written out: what fills it in would decide who gets every alert.
fn check_host(what: &str, form: TextForm, template: &Template, cx: &mut LoweringContext<'_>) -> Option<()> {
    let Some(first) = template.values().next() else { return Some(()) };
    let begins = match template.parts.first() {
        Some(TemplatePart::Text(words)) => words,
        Some(TemplatePart::Value(..)) | None => "",
    };
    let (is_host, label) = match form {
        TextForm::Path | TextForm::Words => return Some(()),
        TextForm::Host => (true, "would decide which host gets every alert"),
        TextForm::Address if begins.contains('#') => (true, "what follows `#` is never sent"),
        TextForm::Address => (!names_host(begins), "would decide which host gets every alert"),
    };
    if !is_host {
        return Some(());
    }
    let excerpt = cx.excerpt(first.span);
    let message = format!("`{excerpt}` stands in {what} outside its path and query");
    let found = Diagnostic::new(&code::ADDRESS_PART, first.span, message).label(label);
    cx.report(match form {
        TextForm::Host => found.help("write the host out"),
        TextForm::Address | TextForm::Path | TextForm::Words => found.help(
            "write scheme and host out, as in `https://hooks.example.com/…`, or let one secret be the whole address",
        ),
    });
    None
}

/// The value of a column for the member, if it fits.
fn cell(what: &str, form: TextForm, value: &Expression, cx: &mut LoweringContext<'_>) -> Option<Box<str>> {
    let name: Box<str> = column(value, cx)?.into();
    if let Some(taken) = family::taken(&name, cx) {
        family::report_taken(&name, taken, value.span, cx);
        return None;
    }
    let columns = cx.columns.as_mut()?;
    columns.read(&name);
    let member = columns.member();
    let Some(cell) = columns.cell(&name).map(Box::<str>::from) else {
        let message = format!("{what} reads the column `{name}`, which is empty for {member}");
        columns.refuse(Diagnostic::new(&code::UNSAFE_CELL, value.span, message).help("fill in the cell"));
        return None;
    };
    if let Some(problem) = problem(form, &cell) {
        let shown = quoted(&cell);
        let message = format!("{what} cannot take `{name}` of {member}, {shown}: {problem}");
        columns.refuse(refused(form, value.span, message));
        return None;
    }
    Some(cell)
}

fn refused(form: TextForm, place: Span, message: String) -> Diagnostic {
    let found = Diagnostic::new(&code::UNSAFE_CELL, place, message);
    match form {
        TextForm::Address | TextForm::Path | TextForm::Host => {
            found.help("a column fills one segment of a path; write the rest of the path into the rules")
        }
        TextForm::Words => found.help("a cell is one line of text"),
    }
}

/// Why a cell does not fit, if so.
fn problem(form: TextForm, cell: &str) -> Option<String> {
    const SEPARATORS: [char; 5] = ['/', '\\', '?', '#', '@'];
    if cell.chars().any(char::is_control) {
        return Some("it holds a control character".to_owned());
    }
    let separators: &[char] = match form {
        TextForm::Words => return None,
        // An escape could hide a separator, and `&` begins another parameter of the query.
        TextForm::Address | TextForm::Host => &[SEPARATORS.as_slice(), &['%', '&']].concat(),
        TextForm::Path => &SEPARATORS,
    };
    let found = cell.chars().find(|letter| separators.contains(letter));
    match found {
        Some(letter) => Some(format!("it holds `{letter}`")),
        None if cell == "." || cell.contains("..") => Some("dots climb to another folder".to_owned()),
        None => None,
    }
}
