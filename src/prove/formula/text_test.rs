//! Tests of texts: patterns, pieces and networks.

use super::{Formula, FormulaBuilder, Parameters, Term, ValueCase, key};
use crate::model::{Literal, TextTest};
use crate::pattern::language::StringSet;
use crate::pattern::{self, Case, Glob, PiecePosition};
use crate::value::ValueType;

impl<'m> FormulaBuilder<'m> {
    /// The events for which a test of a text holds for a value.
    pub(super) fn text_cases(
        &mut self,
        subject: &[ValueCase],
        test: &'m TextTest,
        case: Case,
        parameters: &Parameters,
    ) -> Formula {
        match test {
            TextTest::Piece(position, piece) => {
                let pieces = self.cases(piece, parameters);
                self.any_case(subject, |builder, text| {
                    builder.any_case(&pieces, |builder, piece| builder.piece(text, *position, piece, case))
                })
            }
            TextTest::Cidr(networks) => {
                let holds = |text: &str| {
                    pattern::address(text).is_some_and(|address| networks.iter().any(|network| network.holds(address)))
                };
                self.any_case(subject, |builder, term| {
                    builder.pattern_test(term, &holds, || StringSet::networks(networks), || format!("{networks:?}"))
                })
            }
            TextTest::Like(globs) => {
                let holds = |text: &str| globs.iter().any(|glob| glob.fits(text));
                let set = || StringSet::globs(globs.iter().map(Glob::text), case);
                self.any_case(subject, |builder, term| {
                    builder.pattern_test(term, &holds, set, || {
                        let globs: Vec<&str> = globs.iter().map(Glob::text).collect();
                        format!("like {globs:?} {case:?}")
                    })
                })
            }
            TextTest::Regex(scope, regex) => {
                let holds = |text: &str| regex.fits(*scope, text);
                self.any_case(subject, |builder, term| {
                    builder.pattern_test(
                        term,
                        &holds,
                        || StringSet::regex(regex, *scope),
                        || format!("{scope:?} {}", regex.identity()),
                    )
                })
            }
        }
    }

    fn pattern_test(
        &mut self,
        term: &Term,
        holds: &dyn Fn(&str) -> bool,
        set: impl FnOnce() -> StringSet,
        name: impl FnOnce() -> String,
    ) -> Formula {
        match term {
            Term::Constant(Literal::Text(text)) => Formula::constant(holds(text)),
            Term::Text(variable, functions) => self.in_set(*variable, functions, set()),
            Term::Node(variable) => self.in_set(*variable, &[], set()),
            Term::Opaque(key, types) if types.overlaps(ValueType::TEXT | ValueType::UNKNOWN) => {
                self.statement(format!("{key} {}", name()))
            }
            Term::Opaque(..)
            | Term::Constant(_)
            | Term::Severity
            | Term::Status
            | Term::Number(..)
            | Term::NodeNumber(_)
            | Term::Length(..)
            | Term::Time(_)
            | Term::AllLabels => Formula::FALSE,
        }
    }

    fn piece(&mut self, text: &Term, position: PiecePosition, piece: &Term, case: Case) -> Formula {
        match (text, piece) {
            (Term::Constant(Literal::Text(text)), Term::Constant(Literal::Text(piece))) => {
                Formula::constant(position.fits(&case.fold(text), &case.fold(piece)))
            }
            (Term::Text(variable, functions), Term::Constant(Literal::Text(piece))) => {
                self.in_set(*variable, functions, StringSet::piece(position, piece, case))
            }
            (Term::Node(variable), Term::Constant(Literal::Text(piece))) => {
                self.in_set(*variable, &[], StringSet::piece(position, piece, case))
            }
            (
                Term::Constant(Literal::Text(_)) | Term::Text(..) | Term::Node(_) | Term::Opaque(..),
                Term::Constant(Literal::Text(_)) | Term::Text(..) | Term::Node(_) | Term::Opaque(..),
            ) => {
                let (text, piece) = (key::of_term(text), key::of_term(piece));
                self.statement(format!("{text} {position:?} {piece} {case:?}"))
            }
            (
                Term::Constant(_)
                | Term::Severity
                | Term::Status
                | Term::Text(..)
                | Term::Number(..)
                | Term::Node(_)
                | Term::NodeNumber(_)
                | Term::Length(..)
                | Term::Time(_)
                | Term::AllLabels
                | Term::Opaque(..),
                _,
            ) => Formula::FALSE,
        }
    }
}
