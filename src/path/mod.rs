//! JSONPath (RFC 9535): parsed by jsonpath-rust, type-checked, lowered to segments of our own, and evaluated within a budget
//! of work.
//!
//! A text passes three stages. `parser` checks that it is a well-typed query, and explains to its author where and why it is
//! not. It also limits length and nesting, because the crate's parser is exponential on nested functions. The crate then
//! gives the tree, and `lowering` turns the tree into the `program`. The evaluator counts the nodes that it visits and never
//! reads a clock, so the same payload always ends at the same node.

mod comparison;
mod condition;
mod evaluation;
mod lowering;
mod parser;
mod program;
mod projection;

use crate::json::Value;
use evaluation::{EvaluationStop, PathEvaluation};
use lowering::LoweredPath;
use program::PathSegment;
pub(crate) use program::{
    ComparisonOperator, FilterCondition, FilterOperand, FilterPattern, FitScope, PathQuery, PathSelector, QueryStart,
};
pub use program::{SampleStep, SingularStep};
use smallvec::SmallVec;
use std::ops::Range;

/// What a path starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathRoot {
    /// `$`: the payload.
    Payload,
    /// `@`: the element of `each`.
    Element,
    /// A value that the rules name or make, as a let or a call.
    Value,
}

/// A compiled path.
#[derive(Debug)]
pub struct CompiledPath {
    text: String,
    /// How long the text is of what it starts from.
    start_length: usize,
    root: PathRoot,
    query: PathQuery,
    /// How many queries within filters start from `$` and are evaluated once.
    memos: usize,
    costly: Option<PathError>,
}

/// Why a text is not a path, or not one that a rule may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError {
    /// The offending bytes of the path's text.
    pub range: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// How to fix it, if that is known.
    pub help: Option<String>,
}

/// The work that the paths of one payload may do.
#[derive(Debug, Clone)]
pub struct PathBudget {
    /// Nodes that may still be visited.
    pub visits: usize,
    /// Nodes that may still be kept.
    pub kept: usize,
}

impl Default for PathBudget {
    /// 1,000,000 nodes visited and 500,000 kept for each payload. A body of thousands of alerts stays far below, even if rules
    /// read every label of each several times.
    fn default() -> Self {
        Self { visits: 1_000_000, kept: 500_000 }
    }
}

/// The nodes that a path found. Those of an ordinary batch of alerts need no heap allocation.
pub type NodeList<'v> = SmallVec<[&'v Value<'v>; 64]>;

/// The budget ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetExhausted;

impl CompiledPath {
    /// Reads a path that begins with `$` or `@`.
    ///
    /// # Errors
    /// If the text is not a well-typed RFC 9535 query, is longer than 1 KiB, or nests functions deeper than 3.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let root = if text.starts_with('@') { PathRoot::Element } else { PathRoot::Payload };
        Self::lowered(text, None, root)
    }

    /// Reads the segments that follow a value, which messages call `base`. Places in errors count from the first segment.
    ///
    /// # Errors
    /// As [`CompiledPath::parse`].
    pub fn parse_after(base: &str, segments: &str) -> Result<Self, PathError> {
        /// The parsers read whole queries, so `@` stands for the value.
        const ROOT: &str = "@";
        let shifted = |error: PathError| {
            let place = |at: usize| at.saturating_sub(ROOT.len());
            PathError { range: place(error.range.start)..place(error.range.end), ..error }
        };
        let read = Self::lowered(&format!("{ROOT}{segments}"), Some(base), PathRoot::Value).map_err(shifted)?;
        let costly = read.costly.map(shifted);
        Ok(Self { text: format!("{base}{segments}"), start_length: base.len(), costly, ..read })
    }

    fn lowered(text: &str, base: Option<&str>, root: PathRoot) -> Result<Self, PathError> {
        let analysis = parser::read(text, base)?;
        let LoweredPath { query, memos } = lowering::lower(text, &analysis)?;
        Ok(Self { text: text.to_owned(), start_length: 1, root, query, memos, costly: analysis.costly })
    }

    /// What it starts from.
    #[must_use]
    pub fn root(&self) -> PathRoot {
        self.root
    }

    /// Whether it has only names and indices.
    #[must_use]
    pub fn is_singular(&self) -> bool {
        self.query.is_singular()
    }

    /// Whether its text is `$` or `@` alone.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.query.segments.is_empty()
    }

    /// Whether its filters read the payload, by `$`.
    #[must_use]
    pub fn reads_payload_in_filters(&self) -> bool {
        self.memos > 0
    }

    /// The steps of a singular path; none if the path is not singular.
    #[must_use]
    pub fn steps(&self) -> &[SingularStep] {
        self.query.steps()
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of what it starts from: `$`, `@`, or a value.
    #[must_use]
    pub fn start_text(&self) -> &str {
        self.text.get(..self.start_length).unwrap_or(&self.text)
    }

    /// Steps to one of the nodes that it may choose: `$.alerts[?@.on].a` may choose the member `a` of some item of `$.alerts`.
    #[must_use]
    pub fn sample_steps(&self) -> Vec<SampleStep> {
        self.query.segments.iter().map(PathSegment::sample_step).collect()
    }

    /// What chooses the nodes that it finds: the selectors of its last segment.
    pub(crate) fn last_selectors(&self) -> &[PathSelector] {
        self.query.segments.last().map_or(&[], |segment| &segment.selectors)
    }

    /// Why it could cost too much: several descendant segments, a product of wildcards, a filter that reads `$` by a path that
    /// is not singular, or a regex taken from the document.
    #[must_use]
    pub fn costly(&self) -> Option<PathError> {
        self.costly.clone()
    }

    /// The node of a singular path; nothing if the path is not singular.
    #[must_use]
    pub fn get<'v>(&self, payload: &'v Value<'v>, element: &'v Value<'v>) -> Option<&'v Value<'v>> {
        self.query.single(self.start(payload, element))
    }

    /// All nodes, in the order of RFC 9535.
    ///
    /// # Errors
    /// If the budget runs out. The nodes found so far are lost.
    pub fn find<'v>(
        &self,
        payload: &'v Value<'v>,
        element: &'v Value<'v>,
        budget: &mut PathBudget,
    ) -> Result<NodeList<'v>, BudgetExhausted> {
        self.find_from(self.start(payload, element), payload, budget)
    }

    /// All nodes, in the order of RFC 9535, of a path that starts from `start`.
    ///
    /// # Errors
    /// As [`CompiledPath::find`].
    pub fn find_from<'v>(
        &self,
        start: &'v Value<'v>,
        payload: &'v Value<'v>,
        budget: &mut PathBudget,
    ) -> Result<NodeList<'v>, BudgetExhausted> {
        let mut nodes = NodeList::new();
        let kept = &mut budget.kept;
        let mut run = PathEvaluation::new(payload, self.memos, &mut budget.visits);
        let ended = run.walk(start, &self.query.segments, &mut |node| {
            *kept = kept.checked_sub(1).ok_or(EvaluationStop::Exhausted)?;
            nodes.push(node);
            Ok(())
        });
        match ended {
            Ok(()) | Err(EvaluationStop::Enough) => Ok(nodes),
            Err(EvaluationStop::Exhausted) => Err(BudgetExhausted),
        }
    }

    fn start<'v>(&self, payload: &'v Value<'v>, element: &'v Value<'v>) -> &'v Value<'v> {
        match self.root {
            PathRoot::Payload => payload,
            PathRoot::Element | PathRoot::Value => element,
        }
    }
}
