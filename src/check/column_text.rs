//! Strings of parameters in which columns of a family stand.
//!
//! A column fills one segment of a path or an address, so that a row of a table never decides which host gets the alerts or
//! which folder is read.

use crate::channel::{TextForm, names_host};
use crate::check::code;
use crate::check::column_name;
use crate::check::context::LoweringContext;
use crate::check::family_columns::FillBudget;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{Expression, ExpressionKind, Template, TemplatePart};
use crate::text::quoted;

/// Whether every value in a string is a column of the family.
pub(super) fn has_columns_alone(template: &Template, cx: &LoweringContext<'_>) -> bool {
    template.plain().is_none() && template.values().all(|value| column(value, cx).is_some())
}

/// The name of the column that a value is.
pub(super) fn column<'t>(value: &'t Expression, cx: &LoweringContext<'_>) -> Option<&'t str> {
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

/// The host of an address is written out: what fills it in would decide who gets every alert.
pub(super) fn check_host(what: &str, form: TextForm, template: &Template, cx: &mut LoweringContext<'_>) -> Option<()> {
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
    let message = match form {
        TextForm::Host => format!("`{excerpt}` cannot stand in {what}"),
        TextForm::Address | TextForm::Path | TextForm::Words => {
            format!("`{excerpt}` stands in {what} outside its path and query")
        }
    };
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
pub(super) fn cell(what: &str, form: TextForm, value: &Expression, cx: &mut LoweringContext<'_>) -> Option<Box<str>> {
    let name: Box<str> = column(value, cx)?.into();
    if let Some(taken) = column_name::taken(&name, cx) {
        column_name::report(&name, taken, value.span, cx);
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
    match columns.fill(cell.len()) {
        FillBudget::Left => Some(cell),
        FillBudget::Spent => None,
        FillBudget::Exceeded => {
            let message = format!("the cells that {what} and other parameters of the family take are too long");
            let found = Diagnostic::new(&code::TOO_MANY_CHANNELS, value.span, message);
            cx.report(found.help("shorten them: those of all members have at most 16 MiB"));
            None
        }
    }
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
