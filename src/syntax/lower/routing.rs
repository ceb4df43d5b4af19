//! Routings, and the destinations that integrations share with them.

use super::{Rule, RulePair, RulePairs, TreeBuilder};
use crate::event::member_name;
use crate::syntax::tree::{
    Block, Destination, Expression, Identifier, Line, LineBody, LineKind, Match, MemberReference, Routing, Target,
    TargetKind,
};

impl TreeBuilder<'_> {
    pub(super) fn routing(&mut self, pairs: &mut RulePairs<'_>) -> Option<Routing> {
        let name = self.next_name(pairs)?;
        let block = self.next(pairs)?;
        Some(Routing { name, block: self.block(block)? })
    }

    fn block(&mut self, pair: RulePair<'_>) -> Option<Block> {
        let start = self.span(&pair);
        let mut pairs = pair.into_inner();
        let lines = self.nested(start, |builder| Some(builder.lines(&mut pairs)))?;
        Some(Block { lines, span: self.until_here(start) })
    }

    fn lines(&mut self, pairs: &mut RulePairs<'_>) -> Vec<Line> {
        let lines = self.readable_with_allows(pairs, Self::line);
        self.second_else(lines.iter().filter(|line| line.kind == LineKind::Else).map(|line| line.head));
        lines
    }

    fn line(&mut self, pair: RulePair<'_>) -> Option<Line> {
        let start = self.span(&pair);
        let mut parts = pair.into_inner();
        let first = self.next(&mut parts)?;
        let (kind, name, when) = if first.as_rule() == Rule::head {
            self.head(&mut first.into_inner())?
        } else {
            self.leaf(&first);
            (LineKind::Else, None, None)
        };
        let head = self.until_here(start);
        let body = self.next(&mut parts)?;
        let body = match body.as_rule() {
            Rule::block => LineBody::Block(self.block(body)?),
            Rule::route_match => LineBody::Match(Box::new(self.route_match(body)?)),
            _ => LineBody::Target(self.target(body)?),
        };
        Some(Line { kind, name, when, body, head, span: self.until_here(start) })
    }

    fn head(&mut self, parts: &mut RulePairs<'_>) -> Option<(LineKind, Option<Identifier>, Option<Expression>)> {
        let kind = match self.next(parts)?.as_rule() {
            Rule::k_also => {
                self.next(parts)?;
                LineKind::AlsoRoute
            }
            Rule::k_always => LineKind::Always,
            _ => LineKind::Route,
        };
        let name = self.next_name(parts)?;
        let when = if self.peek(parts).is_some() { Some(self.value(parts)?) } else { None };
        Some((kind, Some(name), when))
    }

    fn route_match(&mut self, pair: RulePair<'_>) -> Option<Match<Target>> {
        let start = self.span(&pair);
        let mut pairs = pair.into_inner();
        let (subjects, ignore_case) = self.match_head(&mut pairs)?;
        let arms = self.readable(&mut pairs, |builder, arm| builder.arm(arm, Self::next_target));
        self.one_else(&arms);
        Some(Match { subjects, ignore_case, arms, span: self.until_here(start) })
    }

    fn next_target(&mut self, pairs: &mut RulePairs<'_>) -> Option<Target> {
        let pair = self.next(pairs)?;
        self.target(pair)
    }

    fn target(&mut self, pair: RulePair<'_>) -> Option<Target> {
        let start = self.span(&pair);
        let mut parts = pair.into_inner();
        let kind = match self.peek(&mut parts)? {
            Rule::template | Rule::raw => TargetKind::Nothing(self.next_words(&mut parts)?),
            Rule::k_decline => {
                self.finish(&mut parts);
                TargetKind::Decline
            }
            _ => TargetKind::Destinations(self.destinations(&mut parts)?),
        };
        Some(Target { kind, span: self.until_here(start) })
    }

    pub(super) fn destinations(&mut self, parts: &mut RulePairs<'_>) -> Option<Vec<Destination>> {
        // Nearly every target is one channel.
        let mut destinations = Vec::with_capacity(1);
        while let Some(pair) = self.next(parts) {
            let span = self.span(&pair);
            destinations.push(if pair.as_rule() == Rule::to_routing {
                let mut inner = pair.into_inner();
                self.take(Rule::k_routing, &mut inner);
                Destination::Routing(self.next_name(&mut inner)?, self.until_here(span))
            } else if pair.as_rule() == Rule::to_member {
                Destination::Member(self.member_reference(pair)?)
            } else {
                Destination::Channel(self.name(&pair))
            });
        }
        Some(destinations)
    }

    /// `family[value]`
    fn member_reference(&mut self, pair: RulePair<'_>) -> Option<MemberReference> {
        let start = self.span(&pair);
        let mut parts = pair.into_inner();
        let family = self.next_name(&mut parts)?;
        let mut inner = self.next(&mut parts)?.into_inner();
        let value = self.nested(start, |builder| builder.value(&mut inner))?;
        self.finish(&mut inner);
        Some(MemberReference { family, value, span: self.until_here(start) })
    }

    /// `family["member"]`, as the one name of a channel.
    pub(super) fn channel_name(&mut self, pair: RulePair<'_>) -> Option<Identifier> {
        if pair.as_rule() != Rule::channel_member {
            return Some(self.name(&pair));
        }
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let family = self.next_name(&mut parts)?;
        let member = self.next_text(&mut parts)?;
        self.end = span.end;
        Some(Identifier { text: member_name(&family.text, &member.value).into(), span })
    }
}
