//! A header or a path suffix that decides whether a signed push becomes events, and that its signature does not cover:
//! who can repeat a push can change it.

use super::LintInput;
use crate::channel::integration::{HEADER, SIGNATURE, signed_headers};
use crate::diagnostic::{Diagnostic, DiagnosticCode, Findings};
use crate::model::{Integration, Literal, ParameterValue, RequestPart, RequestRead};
use std::collections::HashSet;

pub(crate) const CODE: DiagnosticCode = crate::code!("W0020", "condition on a part of a request that is not signed");

pub(crate) fn run(input: &LintInput<'_>, diagnostics: &mut Findings) {
    // A mapping of several integrations is reported once.
    let mut reported = HashSet::new();
    for integration in &input.model.integrations {
        let Some(scheme) = scheme(integration) else { continue };
        for mapping in integration.mappings.iter().filter_map(|id| input.model.mappings.get(*id)) {
            for RequestRead { part, span } in mapping.deciding_request_reads() {
                if !is_signed(part, scheme) && !is_own(part, integration) && reported.insert(span) {
                    let what = match part {
                        RequestPart::Header(name) => format!("the header `{name}`"),
                        RequestPart::PathSuffix => "the path suffix".to_owned(),
                    };
                    let message = format!("{what} decides what happens to a push, and its signature does not cover it");
                    diagnostics.push(
                        Diagnostic::new(&CODE, span, message)
                            .label("who records a push can send it again with another value here")
                            .related(
                                integration.span,
                                format!("`{}` takes pushes signed as `{scheme}`", integration.name),
                            )
                            .help("decide by a member of the body, which is signed"),
                    );
                }
            }
        }
    }
}

fn scheme(integration: &Integration) -> Option<&str> {
    let (_, value) = integration.parameters.iter().find(|(name, _)| &**name == SIGNATURE.spec.name)?;
    if let ParameterValue::Literal(Literal::Text(scheme)) = value { Some(scheme) } else { None }
}

/// Whether it is the header of the signature itself, which is an error.
fn is_own(part: &RequestPart, integration: &Integration) -> bool {
    let own = integration.parameters.iter().find(|(name, _)| &**name == HEADER.spec.name);
    let Some((_, ParameterValue::Literal(Literal::Text(own)))) = own else { return false };
    matches!(part, RequestPart::Header(name) if own.eq_ignore_ascii_case(name))
}

fn is_signed(part: &RequestPart, scheme: &str) -> bool {
    match part {
        RequestPart::Header(name) => signed_headers(scheme).contains(&&**name),
        RequestPart::PathSuffix => false,
    }
}
