//! Statements to prove.

use super::{Rule, RulePair, RulePairs, TreeBuilder};
use crate::syntax::tree::{Prove, ProveStatement, ProveStatementKind, TestStatementKind};

impl TreeBuilder<'_> {
    pub(super) fn prove(&mut self, pairs: &mut RulePairs<'_>) -> Option<Prove> {
        let name = self.next_text(pairs)?;
        Some(Prove { name, statements: self.readable(pairs, Self::prove_statement) })
    }

    fn prove_statement(&mut self, pair: RulePair<'_>) -> Option<ProveStatement> {
        if pair.as_rule() == Rule::prove_when {
            let start = self.span(&pair);
            let condition = self.value(&mut pair.into_inner())?;
            let kind = ProveStatementKind::When(Box::new(condition));
            return Some(ProveStatement { kind, span: self.until_here(start) });
        }
        let statement = self.test_statement(pair)?;
        let kind = match statement.kind {
            TestStatementKind::Subject(kind, name) => ProveStatementKind::Subject(kind, name),
            TestStatementKind::At(time) => ProveStatementKind::At(time),
            TestStatementKind::Expect(expectation) => ProveStatementKind::Expect(expectation),
            // The grammar lets no others stand here.
            TestStatementKind::Input(_)
            | TestStatementKind::InputFile(_)
            | TestStatementKind::Header(..)
            | TestStatementKind::PathSuffix(_)
            | TestStatementKind::Event(_)
            | TestStatementKind::Open(..)
            | TestStatementKind::Cases(_)
            | TestStatementKind::Times(..)
            | TestStatementKind::Silence(_)
            | TestStatementKind::SilenceEnd(_)
            | TestStatementKind::Restart(_)
            | TestStatementKind::Down(..)
            | TestStatementKind::Pause(_)
            | TestStatementKind::Resume(_) => return None,
        };
        Some(ProveStatement { kind, span: statement.span })
    }
}
