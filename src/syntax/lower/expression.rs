//! Values and conditions.

use super::pattern::ParsedComparator;
use super::strings::BraceMode;
use super::{Rule, RulePair, RulePairs, TreeBuilder, codes, is_noise, is_pattern_test};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::lex::DEEPEST;
use crate::syntax::tree::{
    Comparator, Comparison, ComparisonSubject, DurationRange, Expression, ExpressionKind, Match, NavigationSegment,
    NavigationStep, PathExpression, Quantifier, RegexLiteral, StringLiteral,
};

impl TreeBuilder<'_> {
    /// `a ?? b`, or a condition, or a list or an object of a channel's parameters: whatever may stand in the place of a
    /// value.
    pub(super) fn value(&mut self, pairs: &mut RulePairs<'_>) -> Option<Expression> {
        let start = self.start(pairs)?;
        self.value_from(start, pairs)
    }

    fn value_from(&mut self, start: Span, pairs: &mut RulePairs<'_>) -> Option<Expression> {
        let pair = self.next(pairs)?;
        let first = self.operand(pair)?;
        if self.peek(pairs) != Some(Rule::coalesce) {
            return Some(first);
        }
        let (mut operands, mut span) = (vec![first], start);
        while self.take(Rule::coalesce, pairs).is_some() {
            let pair = self.next(pairs)?;
            operands.push(self.operand(pair)?);
            span = self.until_bracket(start, pairs);
        }
        Some(Expression { kind: ExpressionKind::Coalesce(operands), span })
    }

    fn operand(&mut self, pair: RulePair<'_>) -> Option<Expression> {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::reference => return self.nested(span, |builder| builder.reference(pair)),
            Rule::condition => return self.nested(span, |builder| builder.condition(pair)),
            Rule::match_value => {
                let matched = self.nested(span, |builder| builder.match_value(pair))?;
                let span = matched.span;
                return Some(Expression { kind: ExpressionKind::Match(Box::new(matched)), span });
            }
            Rule::list => {
                ExpressionKind::List(self.nested(span, |builder| builder.all(&mut pair.into_inner(), Self::value))?)
            }
            Rule::object => {
                ExpressionKind::Object(self.nested(span, |builder| builder.all(&mut pair.into_inner(), Self::member))?)
            }
            Rule::template | Rule::raw | Rule::fixed => ExpressionKind::Template(self.words(&pair)),
            Rule::regex => ExpressionKind::Regex(self.regex(&pair)),
            Rule::path => ExpressionKind::Path(self.path(&pair)),
            Rule::durations => {
                let mut ends = pair.into_inner();
                let first = self.next_name(&mut ends)?;
                let last = self.next(&mut ends).map(|last| self.name(&last));
                ExpressionKind::Duration(DurationRange { first, last })
            }
            Rule::number => {
                self.leaf(&pair);
                ExpressionKind::Number(pair.as_str().into())
            }
            _ => {
                self.leaf(&pair);
                truth(pair.as_str())
            }
        };
        Some(Expression { kind, span: self.until_here(span) })
    }

    fn reference(&mut self, pair: RulePair<'_>) -> Option<Expression> {
        let mut parts = pair.into_inner();
        let name = self.next_name(&mut parts)?;
        let start = name.span;
        let kind = match self.take(Rule::arguments, &mut parts) {
            Some(arguments) => ExpressionKind::Call(name, self.all(&mut arguments.into_inner(), Self::value)?),
            None if name.text.starts_with(|first: char| first.is_ascii_uppercase()) => ExpressionKind::Constant(name),
            None => ExpressionKind::Name(name),
        };
        let base = Expression { kind, span: self.until_here(start) };
        let mut segments = Vec::new();
        while let Some(pair) = self.take(Rule::segment, &mut parts) {
            segments.push(self.segment(&pair));
        }
        if segments.is_empty() {
            return Some(base);
        }
        Some(Expression { kind: ExpressionKind::Navigate(Box::new(base), segments), span: self.until_here(start) })
    }

    fn segment(&mut self, pair: &RulePair<'_>) -> NavigationSegment {
        let span = self.leaf(pair);
        let text = pair.as_str();
        let inner = pair.clone().into_inner().next();
        if inner.as_ref().is_some_and(|inner| inner.as_rule() == Rule::selector) {
            return NavigationSegment { step: NavigationStep::Selector(text.into()), span };
        }
        if let Some(member) = text.strip_prefix('.') {
            return NavigationSegment { step: NavigationStep::Member(member.into()), span };
        }
        let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or_default().trim();
        if let Some(quoted) = inner {
            let member = self.text(&quoted, BraceMode::Plain);
            self.end = span.end;
            return NavigationSegment { step: NavigationStep::Member(member.value), span };
        }
        let index = inside.parse().unwrap_or_else(|_| {
            self.diagnostics.push(Diagnostic::new(&codes::NUMBER, span, format!("the index `{inside}` is too large")));
            0
        });
        NavigationSegment { step: NavigationStep::Index(index), span }
    }

    pub(super) fn regex(&mut self, pair: &RulePair<'_>) -> RegexLiteral {
        let span = self.leaf(pair);
        let (pattern, flags) = pair.as_str().rsplit_once('/').unwrap_or_default();
        let pattern = pattern.strip_prefix('/').unwrap_or_default();
        RegexLiteral { pattern: unescape_slashes(pattern).into(), flags: flags.into(), span }
    }

    /// A path's text; a hyphen outside brackets is reported, with the member in brackets.
    pub(super) fn path(&mut self, pair: &RulePair<'_>) -> PathExpression {
        let span = self.leaf(pair);
        let text = pair.as_str();
        if let Some(corrected) = super::names::bracket_hyphens(text) {
            let message = format!("a member whose name holds a hyphen is written in brackets, found `{text}`");
            let finding = Diagnostic::new(&codes::PATH_HYPHEN, span, message);
            self.diagnostics.push(finding.rewrite(span, corrected));
        }
        PathExpression { text: text.into(), span }
    }

    fn member(&mut self, pairs: &mut RulePairs<'_>) -> Option<(StringLiteral, Expression)> {
        let mut parts = self.next(pairs)?.into_inner();
        Some((self.next_key(&mut parts)?, self.value(&mut parts)?))
    }

    /// A bare word or a string as a key.
    pub(super) fn next_key(&mut self, pairs: &mut RulePairs<'_>) -> Option<StringLiteral> {
        let pair = self.next(pairs)?;
        Some(match pair.as_rule() {
            Rule::string => self.text(&pair, BraceMode::Plain),
            Rule::fixed => self.text(&pair, BraceMode::Doubled),
            _ => StringLiteral { value: pair.as_str().into(), span: self.leaf(&pair) },
        })
    }

    pub(super) fn match_value(&mut self, pair: RulePair<'_>) -> Option<Match<Expression>> {
        let start = self.span(&pair);
        let mut pairs = pair.into_inner();
        let (subjects, ignore_case) = self.match_head(&mut pairs)?;
        let arms = self.arms(&mut pairs);
        Some(Match { subjects, ignore_case, arms, span: self.until_here(start) })
    }

    pub(super) fn match_head(&mut self, pairs: &mut RulePairs<'_>) -> Option<(Vec<Expression>, Option<Span>)> {
        let mut subjects = Vec::new();
        while let Some(subject) = self.take(Rule::match_subject, pairs) {
            subjects.push(self.value(&mut subject.into_inner())?);
        }
        Some((subjects, self.ignore_case(pairs)))
    }

    pub(super) fn ignore_case(&mut self, pairs: &mut RulePairs<'_>) -> Option<Span> {
        let pair = self.take(Rule::ignore_case, pairs)?;
        let start = self.span(&pair);
        self.finish(&mut pair.into_inner());
        Some(self.until_here(start))
    }

    /// `a and not b == c`
    fn condition(&mut self, pair: RulePair<'_>) -> Option<Expression> {
        let mut pairs = pair.into_inner();
        let first = self.placed_term(&mut pairs)?;
        if !matches!(self.peek(&mut pairs), Some(Rule::k_and | Rule::k_or)) {
            return Some(first.term);
        }
        let mut groups = vec![vec![first]];
        let mut signs: [Option<Span>; 2] = [None, None];
        while let Some(operator) = self.next(&mut pairs) {
            let at = self.leaf(&operator);
            let either = operator.as_rule() == Rule::k_or;
            let term = self.placed_term(&mut pairs)?;
            // `x == "a" or "b"` is meant as one condition; `check` says how it is written.
            let term = match groups.last_mut().filter(|_| either) {
                Some(group) => match join_alternative(group, term) {
                    None => continue,
                    Some(term) => term,
                },
                None => term,
            };
            let [and, or] = &mut signs;
            if either { or } else { and }.get_or_insert(at);
            match groups.last_mut() {
                Some(group) if !either => group.push(term),
                _ => groups.push(vec![term]),
            }
        }
        if let [Some(and), Some(or)] = signs {
            self.diagnostics.push(codes::mixed_operators(and, or));
        }
        let alternatives = groups.into_iter().filter_map(|group| gather(group, ExpressionKind::And)).collect();
        Some(gather(alternatives, ExpressionKind::Or)?.term)
    }

    /// A term, with its brackets.
    fn placed_term(&mut self, pairs: &mut RulePairs<'_>) -> Option<PlacedTerm> {
        let start = self.start(pairs)?;
        let term = self.term(pairs)?;
        Some(PlacedTerm { term, span: self.until_bracket(start, pairs) })
    }

    /// Where the next pair begins, a bracket as well.
    fn start(&mut self, pairs: &mut RulePairs<'_>) -> Option<Span> {
        loop {
            let pair = pairs.peek()?;
            if pair.as_rule() == Rule::open_paren || !is_noise(pair.as_rule()) {
                return Some(self.span(&pair));
            }
            self.leaf(&pair);
            pairs.next();
        }
    }

    /// From the beginning of `start` to the brackets that close here.
    fn until_bracket(&mut self, start: Span, pairs: &mut RulePairs<'_>) -> Span {
        while let Some(bracket) = pairs.peek().filter(|pair| pair.as_rule() == Rule::close_paren) {
            self.leaf(&bracket);
            pairs.next();
        }
        self.until_here(start)
    }

    fn term(&mut self, pairs: &mut RulePairs<'_>) -> Option<Expression> {
        let mut negations = Vec::new();
        let mut start = self.start(pairs)?;
        while let Some(not) = self.take(Rule::k_not, pairs) {
            negations.push(self.leaf(&not));
            start = self.start(pairs)?;
        }
        if let Some(at) = negations.get(DEEPEST) {
            self.diagnostics.push(codes::too_deep(*at));
            negations.truncate(DEEPEST);
        }
        let mut term = self.tested(start, pairs)?;
        for at in negations.into_iter().rev() {
            let span = self.until_bracket(at, pairs);
            term = Expression { kind: ExpressionKind::Not(Box::new(term)), span };
        }
        Some(term)
    }

    /// A comparison, or a value alone.
    fn tested(&mut self, start: Span, pairs: &mut RulePairs<'_>) -> Option<Expression> {
        let (subject, start) = match self.peek(pairs)? {
            Rule::during => (ComparisonSubject::Now, self.span(&pairs.peek()?)),
            Rule::quantifier => {
                let pair = self.next(pairs)?;
                let start = self.leaf(&pair);
                (ComparisonSubject::Nodes(quantifier(pair.as_str()), self.value(pairs)?), start)
            }
            _ => {
                let value = self.value_from(start, pairs)?;
                if !self.peek(pairs).is_some_and(is_comparison) {
                    return Some(value);
                }
                (ComparisonSubject::Value(value), start)
            }
        };
        let tested = self.comparison(subject, pairs)?;
        Some(Expression { kind: ExpressionKind::Compare(Box::new(tested)), span: self.until_here(start) })
    }

    fn comparison(&mut self, subject: ComparisonSubject, pairs: &mut RulePairs<'_>) -> Option<Comparison> {
        let not = self.take(Rule::k_not, pairs).map(|not| self.leaf(&not));
        let pair = self.next(pairs)?;
        let sign = self.span(&pair);
        let unequal = pair.as_rule() == Rule::unequal;
        let ParsedComparator { test, operator, not: is_not } = self.comparator(pair)?;
        let negated = not.or(is_not).or_else(|| unequal.then_some(Span { end: sign.start + 2, ..sign }));
        let operator = not.map_or(operator, |not| not.to(operator));
        Some(Comparison { subject, negated, test, operator, ignore_case: self.ignore_case(pairs) })
    }
}

/// A part of a condition.
struct PlacedTerm {
    term: Expression,
    /// Where it stands, with its brackets.
    span: Span,
}

/// One expression as itself, several under their operator.
fn gather(mut terms: Vec<PlacedTerm>, kind: fn(Vec<Expression>) -> ExpressionKind) -> Option<PlacedTerm> {
    if terms.len() == 1 {
        return terms.pop();
    }
    let span = terms.first()?.span.to(terms.last()?.span);
    let terms = terms.into_iter().map(|placed| placed.term).collect();
    Some(PlacedTerm { term: Expression { kind: kind(terms), span }, span })
}

fn is_comparison(rule: Rule) -> bool {
    is_pattern_test(rule) || matches!(rule, Rule::k_not | Rule::equal | Rule::unequal | Rule::is | Rule::during)
}

fn truth(word: &str) -> ExpressionKind {
    match word {
        "null" => ExpressionKind::Null,
        "missing" => ExpressionKind::Missing,
        "true" => ExpressionKind::Boolean(true),
        _ => ExpressionKind::Boolean(false),
    }
}

fn quantifier(word: &str) -> Quantifier {
    match word {
        "all" => Quantifier::All,
        "none" => Quantifier::None,
        _ => Quantifier::Any,
    }
}

/// `\/` stands for `/`; every other escape belongs to the regular expression.
fn unescape_slashes(pattern: &str) -> String {
    let mut read = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            read.push(character);
            continue;
        }
        match characters.next() {
            Some('/') => read.push('/'),
            Some(other) => read.extend(['\\', other]),
            None => read.push('\\'),
        }
    }
    read
}

/// Adds a value alone to the comparison before it, as in `x == "a" or "b"`; gives the term back where it is another.
fn join_alternative(group: &mut [PlacedTerm], placed: PlacedTerm) -> Option<PlacedTerm> {
    let Some(last) = group.last_mut().filter(|_| placed.term.kind.is_literal()) else { return Some(placed) };
    let span = last.span.to(placed.span);
    if let ExpressionKind::Or(parts) = &mut last.term.kind {
        parts.push(placed.term);
    } else if matches!(&last.term.kind, ExpressionKind::Compare(one) if matches!(one.test, Comparator::Equal(_))) {
        let comparison = std::mem::replace(&mut last.term, Expression { kind: ExpressionKind::Null, span });
        last.term.kind = ExpressionKind::Or(vec![comparison, placed.term]);
    } else {
        return Some(placed);
    }
    (last.term.span, last.span) = (span, span);
    None
}
