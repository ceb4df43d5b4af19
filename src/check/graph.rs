//! Which declarations use which: an order from the bottom up, the cycles, and the chains that are too long.

use crate::check::code;
use crate::check::context::LoweringContext;
use crate::diagnostic::{Diagnostic, DiagnosticCode};
use crate::syntax::tree::Identifier;
use crate::text::backticked_list;

/// How many cycles are reported; more of them likely have one common cause.
const CYCLES_LIMIT: usize = 20;

/// How many defines may stand on one another, and how many routings: evaluation follows them one within the other, so
/// the depth of its stack is bounded by this and by how deep brackets and blocks nest.
const LONGEST_CHAIN: usize = 16;

/// How far the walk has come with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VisitState {
    New,
    Open,
    Done,
}

/// Which declarations use which.
pub(super) struct DependencyGraph {
    /// For each declaration the positions of those that it uses.
    edges: Vec<Vec<usize>>,
    /// Positions from the bottom up: each after those that it uses, as far as there is no cycle.
    pub(super) order: Vec<usize>,
    /// The cycles that were met.
    pub(super) cycles: Vec<Vec<usize>>,
}

/// What the reports of a graph say about its declarations.
pub(super) struct DependencyReport {
    pub(super) kind: &'static str,
    /// What a declaration does with another: `uses`.
    pub(super) verb: &'static str,
    pub(super) cycle: &'static DiagnosticCode,
    /// May be empty.
    pub(super) cycle_label: &'static str,
    pub(super) cycle_help: &'static str,
    pub(super) chain_help: &'static str,
}

/// A chain of declarations that is too long.
struct LongChain {
    first: usize,
    last: usize,
}

impl DependencyGraph {
    /// The graph of these edges.
    pub(super) fn new(edges: Vec<Vec<usize>>) -> Self {
        let (order, cycles) = order(&edges);
        Self { edges, order, cycles }
    }

    /// Reports the cycles between the declarations of these names; where there are none, the chains that are too long.
    pub(super) fn report(&self, names: &[&Identifier], report: &DependencyReport, cx: &mut LoweringContext<'_>) {
        let name = |position: &usize| names.get(*position).copied();
        for cycle in &self.cycles {
            let members: Vec<&Identifier> = cycle.iter().filter_map(name).collect();
            cx.diagnostics.extend(report.cycle(&members));
        }
        if self.cycles.is_empty() {
            let ends = |chain: LongChain| Some((name(&chain.first)?, name(&chain.last)?));
            cx.diagnostics.extend(long_chains(self).into_iter().filter_map(ends).map(|ends| report.long_chain(ends)));
        }
    }
}

impl DependencyReport {
    fn cycle(&self, members: &[&Identifier]) -> Option<Diagnostic> {
        let (first, others) = members.split_first()?;
        let mut message = format!("the {} `{}` {} itself", self.kind, first.text, self.verb);
        if !others.is_empty() {
            message.push_str(" through ");
            message.push_str(&backticked_list(others.iter().map(|name| &name.text)));
        }
        let diagnostic = Diagnostic::new(self.cycle, first.span, message).label(self.cycle_label).help(self.cycle_help);
        Some(others.iter().copied().take(5).fold(diagnostic, stands_here))
    }

    fn long_chain(&self, (first, last): (&Identifier, &Identifier)) -> Diagnostic {
        let message = format!(
            "the {}s from `{}` down to `{}` are a chain of more than {LONGEST_CHAIN}",
            self.kind, first.text, last.text
        );
        stands_here(Diagnostic::new(&code::LONG_CHAIN, first.span, message), last).help(self.chain_help)
    }
}

fn stands_here(diagnostic: Diagnostic, name: &Identifier) -> Diagnostic {
    diagnostic.related(name.span, format!("`{}` stands here", name.text))
}

/// An order from the bottom up, and the cycles. The walk keeps its own stack: chains may be long.
fn order(edges: &[Vec<usize>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut marks = vec![VisitState::New; edges.len()];
    let (mut order, mut cycles) = (Vec::with_capacity(edges.len()), Vec::new());
    for start in 0..edges.len() {
        let mut stack = vec![(start, 0)];
        if marks.get(start) != Some(&VisitState::New) {
            continue;
        }
        set(&mut marks, start, VisitState::Open);
        while let Some((at, next)) = stack.pop() {
            let Some(used) = edges.get(at).and_then(|targets| targets.get(next)).copied() else {
                set(&mut marks, at, VisitState::Done);
                order.push(at);
                continue;
            };
            stack.push((at, next + 1));
            match marks.get(used).copied().unwrap_or(VisitState::Done) {
                VisitState::Done => {}
                VisitState::New => {
                    set(&mut marks, used, VisitState::Open);
                    stack.push((used, 0));
                }
                VisitState::Open if cycles.len() >= CYCLES_LIMIT => {}
                VisitState::Open => {
                    let from = stack.iter().position(|(open, _)| *open == used).unwrap_or(0);
                    cycles.push(stack.iter().skip(from).map(|(open, _)| *open).collect());
                }
            }
        }
    }
    (order, cycles)
}

/// The ends of each chain of one more than [`LONGEST_CHAIN`].
fn long_chains(graph: &DependencyGraph) -> Vec<LongChain> {
    let mut longest: Vec<(usize, Option<usize>)> = vec![(0, None); graph.edges.len()];
    let mut found = Vec::new();
    for at in &graph.order {
        let used = graph.edges.get(*at).into_iter().flatten();
        let depth = |used: &usize| longest.get(*used).map_or(0, |(depth, _)| *depth);
        let next = used.copied().max_by_key(depth);
        let own = 1 + next.as_ref().map_or(0, depth);
        if let Some(slot) = longest.get_mut(*at) {
            *slot = (own, next);
        }
        if own == LONGEST_CHAIN + 1 {
            let follow = |at: &usize| longest.get(*at).and_then(|(_, next)| *next);
            let last = std::iter::successors(Some(*at), follow).take(own).last();
            found.push(LongChain { first: *at, last: last.unwrap_or(*at) });
        }
    }
    found.truncate(CYCLES_LIMIT);
    found
}

fn set(marks: &mut [VisitState], at: usize, mark: VisitState) {
    if let Some(slot) = marks.get_mut(at) {
        *slot = mark;
    }
}
