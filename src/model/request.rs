//! What the expressions of a mapping read of a request besides its body.

use super::{Expression, ExpressionKind, Mapping, RequestPart};
use crate::source::Span;

/// A place where an expression reads a part of a request.
#[derive(Debug, Clone, Copy)]
pub struct RequestRead<'m> {
    /// What it reads.
    pub part: &'m RequestPart,
    /// Where.
    pub span: Span,
}

impl Mapping {
    /// Everything that the mapping reads of a request besides its body, in text order but for `accept`, which comes first.
    #[must_use]
    pub fn request_reads(&self) -> Vec<RequestRead<'_>> {
        let mut reads = Vec::new();
        self.each_accept(&mut |value| collect(value, &mut reads));
        self.each_value(&mut |value| collect(value, &mut reads));
        reads
    }

    /// What decides whether a payload becomes events: what `accept` and `drop` read, directly and through lets.
    #[must_use]
    pub fn deciding_request_reads(&self) -> Vec<RequestRead<'_>> {
        let mut reads = Vec::new();
        let mut lets = vec![false; self.lets.len()];
        let conditions = self.accept.iter().map(|accept| &accept.when).chain(self.drops.iter().map(|drop| &drop.when));
        for condition in conditions {
            self.follow(condition, &mut lets, &mut reads);
        }
        reads
    }

    fn follow<'m>(&'m self, value: &'m Expression, followed: &mut [bool], reads: &mut Vec<RequestRead<'m>>) {
        collect_own(value, reads);
        if let ExpressionKind::Let(id) = value.kind
            && let (Some(seen), Some(binding)) = (followed.get_mut(id), self.lets.get(id))
            && !std::mem::replace(seen, true)
        {
            self.follow(&binding.value, followed, reads);
        }
        value.each_part(&mut |part| self.follow(part, followed, reads));
    }
}

fn collect<'m>(value: &'m Expression, reads: &mut Vec<RequestRead<'m>>) {
    collect_own(value, reads);
    value.each_part(&mut |part| collect(part, reads));
}

fn collect_own<'m>(value: &'m Expression, reads: &mut Vec<RequestRead<'m>>) {
    if let ExpressionKind::Request(part) = &value.kind {
        reads.push(RequestRead { part, span: value.span });
    }
}
