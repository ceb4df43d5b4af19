//! `header("…")` and `path_suffix()`: where they may be read, and which headers.

use crate::channel::integration::HEADER;
use crate::channel::request_header::{HeaderRefusal, MAX_HEADERS_READ, header_refusal};
use crate::check::code;
use crate::check::context::LoweringContext;
use crate::check::scope::{ExpressionLowering, ExpressionScope, broken, make};
use crate::diagnostic::Diagnostic;
use crate::model::{Expression, ExpressionKind, Literal, Mapping, MappingId, ParameterValue, RequestPart, RequestRead};
use crate::source::Span;
use crate::syntax::tree::{self, Identifier};
use crate::value::ValueType;
use std::collections::BTreeSet;

impl ExpressionLowering<'_, '_> {
    /// `header("x-github-event")`, `path_suffix()`
    pub(super) fn request(&mut self, name: &Identifier, arguments: &[tree::Expression], span: Span) -> Expression {
        if !self.can_read_request(name, span) {
            return broken(span);
        }
        let part = match (&*name.text, arguments) {
            ("header", [argument]) => self.header_name(argument).map(RequestPart::Header),
            ("path_suffix", []) => Some(RequestPart::PathSuffix),
            _ => {
                self.wrong_request_arguments(name, arguments.len(), span);
                None
            }
        };
        let Some(part) = part else { return broken(span) };
        make(ExpressionKind::Request(part), ValueType::TEXT | ValueType::MISSING, span)
    }

    fn can_read_request(&mut self, name: &Identifier, span: Span) -> bool {
        let (message, help) = match self.scope {
            ExpressionScope::Payload(..) | ExpressionScope::Element(_) => return true,
            ExpressionScope::Parameters(..) => {
                ("a table sees its parameters alone, not the request", "pass the value where the table is called")
            }
            ExpressionScope::Answer => (
                "an answer repeats members of the payload alone, no header and no path",
                "read a member of the payload: `$.sessionId`",
            ),
            ExpressionScope::Event | ExpressionScope::Body => (
                "the request is read by mappings alone; here there is the event",
                "keep the value in a label of the mapping, and read `labels.name` here",
            ),
        };
        let diagnostic = Diagnostic::new(&code::REQUEST_OUTSIDE_MAPPING, span, message);
        self.cx.report(diagnostic.label(format!("`{}` is not known here", name.text)).help(help));
        false
    }

    fn wrong_request_arguments(&mut self, name: &Identifier, count: usize, span: Span) {
        let (wanted, form) = match &*name.text {
            "header" => ("1 argument", "header(\"x-github-event\")"),
            _ => ("no argument", "path_suffix()"),
        };
        let message = format!("`{}` takes {wanted}, found {count}", name.text);
        self.cx.report(Diagnostic::new(&code::ARGUMENT_COUNT, span, message).help(format!("its form is `{form}`")));
    }

    /// The name of a header in lower case, if rules may read it.
    fn header_name(&mut self, argument: &tree::Expression) -> Option<Box<str>> {
        let tree::ExpressionKind::Template(template) = &argument.kind else {
            let excerpt = self.cx.excerpt(argument.span);
            let message = format!("the name of a header is a string that is written out, found `{excerpt}`");
            self.cx.report(
                Diagnostic::new(&code::NOT_WRITTEN_OUT, argument.span, message)
                    .help("write the name in quotes: `header(\"x-github-event\")`"),
            );
            return None;
        };
        let name = self.plain_text(template, "the name of a header")?;
        if let Some(refusal) = header_refusal(&name) {
            self.cx.report(refused_header(&name, argument.span, refusal));
            return None;
        }
        Some(name.to_ascii_lowercase().into())
    }
}

/// Reports a header that rules may not read.
pub(super) fn refused_header(name: &str, span: Span, refusal: HeaderRefusal) -> Diagnostic {
    match refusal {
        HeaderRefusal::NotAName => {
            Diagnostic::new(&code::HEADER_REFUSED, span, format!("`{name}` is not the name of a header"))
                .help("a name holds letters, digits and `-`, as `X-GitHub-Event`")
        }
        HeaderRefusal::Credential(word) => {
            Diagnostic::new(&code::HEADER_REFUSED, span, format!("rules cannot read the header `{name}`"))
                .label(format!("a header with `{word}` in its name may hold a credential"))
                .note("what rules read is stored with the payload, and may become part of an event")
                .help("the gateway itself verifies keys and signatures: `keys = […]`, `signature = \"…\"`")
        }
    }
}

/// Checks what the mappings of an integration read of its requests: not too many headers, and not the one that holds its
/// signature.
pub(super) fn check_reads(
    integration: &tree::Integration,
    parameters: &[(Box<str>, ParameterValue)],
    mappings: &[MappingId],
    all: &[Mapping],
    cx: &mut LoweringContext<'_>,
) {
    let reads: Vec<RequestRead<'_>> =
        mappings.iter().filter_map(|id| all.get(*id)).flat_map(Mapping::request_reads).collect();
    let own = parameters.iter().find(|(name, _)| &**name == HEADER.spec.name);
    let mut names = BTreeSet::new();
    for RequestRead { part, span } in reads {
        let RequestPart::Header(name) = part else { continue };
        if let Some((_, ParameterValue::Literal(Literal::Text(own)))) = own
            && own.eq_ignore_ascii_case(name)
        {
            let message = format!("rules cannot read the header `{name}`");
            cx.report(
                Diagnostic::new(&code::HEADER_REFUSED, span, message)
                    .label("holds the signature of a push")
                    .related(integration.name.span, "this integration names it as its `header`"),
            );
        }
        if names.insert(name) && names.len() == MAX_HEADERS_READ + 1 {
            let message = format!("the mappings of `{}` read more than 16 headers", integration.name.text);
            cx.report(
                Diagnostic::new(&code::MANY_HEADERS, integration.name.span, message)
                    .related(span, "the first beyond the limit is read here")
                    .help("a request is stored with the headers that mappings read: read fewer, or declare a second integration"),
            );
        }
    }
}
