//! The shape of a block: names, `else`, lines that are never reached, `decline` and `nothing` where they may stand.
//!
//! A block ends in `else`, as its last line; `always` lines may stand anywhere above it. After an unconditional `route`
//! there may be `always` lines only, since they run whenever the block is entered.

use crate::check::code;
use crate::check::context::LoweringContext;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{
    Block, Destination, Identifier, Line, LineBody, LineKind, MemberReference, Target, TargetKind,
};
use std::collections::HashMap;

/// Where a block stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockContext<'p> {
    /// The path of the line that holds it; of a routing's own block, the routing's name.
    pub(super) path: &'p str,
    /// Whether events that hit no line of it go on to another line.
    pub(super) may_decline: bool,
    /// Whether part of the routing did not parse; then nothing is reported as absent.
    pub(super) is_broken: bool,
}

/// Reports mistakes in the lines of a block as a whole.
pub(super) fn check(block: &Block, place: BlockContext<'_>, cx: &mut LoweringContext<'_>) {
    unique_names(block, cx);
    let mut end: Option<&Line> = None;
    let mut is_total = false;
    let mut is_told = false;
    for line in &block.lines {
        if let Some(end) = end {
            is_told = is_told || after_end(line, end, cx);
        } else if line.kind == LineKind::Else || takes_all(line, LineKind::Route) && !cx.is_reported(line.span) {
            end = Some(line);
        }
        is_total |= takes_all(line, LineKind::AlsoRoute);
    }
    if end.is_none() && !is_total && !place.is_broken {
        no_else(block, place, cx);
    }
}

fn unique_names(block: &Block, cx: &mut LoweringContext<'_>) {
    let mut seen: HashMap<&str, &Identifier> = HashMap::with_capacity(block.lines.len());
    for name in block.lines.iter().filter_map(|line| line.name.as_ref()) {
        if let Some(first) = seen.get(&*name.text) {
            let message = format!("this block has a route named `{}` already", name.text);
            cx.report(
                Diagnostic::new(&code::DUPLICATE_ROUTE, name.span, message)
                    .label("named again here")
                    .related(first.span, "first named here")
                    .note("tests and metrics tell routes apart by their names"),
            );
        } else {
            seen.insert(&name.text, name);
        }
    }
}

/// Whether a line of that kind hits for every event that reaches it.
fn takes_all(line: &Line, kind: LineKind) -> bool {
    line.kind == kind && line.when.is_none() && !may_decline(&line.body)
}

/// Whether the body of a line may leave an event to the lines that follow.
fn may_decline(body: &LineBody) -> bool {
    match body {
        LineBody::Target(target) => target_may_decline(target),
        LineBody::Match(it) => it.arms.iter().any(|arm| target_may_decline(&arm.result)),
        LineBody::Block(block) => block.lines.iter().any(|line| line.kind == LineKind::Else && may_decline(&line.body)),
    }
}

fn is_decline(target: &Target) -> bool {
    matches!(target.kind, TargetKind::Decline)
}

/// The first destination that is a member of a family which a value chooses: there may be no such member.
fn chosen_member(target: &Target) -> Option<&MemberReference> {
    let TargetKind::Destinations(destinations) = &target.kind else { return None };
    destinations.iter().find_map(|destination| match destination {
        Destination::Member(reference) if reference.constant().is_none() => Some(reference),
        Destination::Member(_) | Destination::Channel(_) | Destination::Routing(..) => None,
    })
}

/// Whether a target may leave an event to the lines that follow.
fn target_may_decline(target: &Target) -> bool {
    is_decline(target) || chosen_member(target).is_some()
}

/// Reports a line below the end of its block, if it may not stand there. The lines below it have the same cause.
fn after_end(line: &Line, end: &Line, cx: &mut LoweringContext<'_>) -> bool {
    if end.kind == LineKind::Else {
        if line.kind == LineKind::Else {
            return true; // the parser has reported the second `else`
        }
        cx.report(
            Diagnostic::new(&code::ELSE_NOT_LAST, line.head, "`else` is the last line of its block")
                .label("stands below it")
                .related(end.head, "`else` stands here")
                .help("move this line above `else`"),
        );
        return true;
    }
    if line.kind == LineKind::Always {
        return false;
    }
    let taker = end.name.as_ref().map_or("else", |name| &*name.text);
    cx.report(
        Diagnostic::new(&code::UNREACHABLE_LINE, line.head, "no event ever reaches this line")
            .label("comes too late")
            .related(end.head, format!("`{taker}` has no condition, so it takes every event"))
            .help(format!("move it above `{taker}`, or give `{taker}` a condition: `when …`")),
    );
    true
}

fn no_else(block: &Block, place: BlockContext<'_>, cx: &mut LoweringContext<'_>) {
    let end = Span { start: block.span.end.saturating_sub(1).max(block.span.start), ..block.span };
    let lead = if place.may_decline { "else => decline\n" } else { "else => nothing because \"…\"\n" };
    let diagnostic = Diagnostic::new(&code::NO_ELSE, end, format!("the block of `{}` has no `else`", place.path))
        .label("an event that nothing above takes would be lost here");
    cx.report(if place.may_decline {
        diagnostic
            .suggest("go on with the lines that follow the block", end.before(), lead)
            .help("or name a channel: `else => …`")
    } else {
        diagnostic.help("name the channel that gets what is left: `else => …`").suggest(
            "or say that it is meant to go nowhere",
            end.before(),
            lead,
        )
    });
}

/// Checks the target of a line.
pub(super) fn check_target(target: &Target, line: &Line, place: BlockContext<'_>, cx: &mut LoweringContext<'_>) {
    if is_decline(target) && line.kind != LineKind::Else {
        cx.report(
            Diagnostic::new(&code::DECLINE, target.span, "`decline` stands in an `else` or in an arm of a `match`")
                .label("this line would do nothing")
                .help("leave the line out, or turn its condition round and name a channel"),
        );
    } else {
        check_arm(target, line, place, cx);
    }
}

/// Checks a target in an arm of a line's `match`, or in an `else`; `place` says whether it may decline.
pub(super) fn check_arm(target: &Target, line: &Line, place: BlockContext<'_>, cx: &mut LoweringContext<'_>) {
    match target.kind {
        TargetKind::Nothing(_) => check_nothing(target, line, cx),
        TargetKind::Decline if !place.may_decline => top_decline(target.span, cx),
        TargetKind::Destinations(_) if line.kind == LineKind::Else && !place.may_decline => {
            if let Some(reference) = chosen_member(target) {
                top_choice(reference, cx);
            }
        }
        TargetKind::Decline | TargetKind::Destinations(_) => {}
    }
}

fn top_choice(reference: &MemberReference, cx: &mut LoweringContext<'_>) {
    let message = "a routing's own `else` cannot choose a member by a value";
    let written = cx.excerpt(reference.span);
    cx.report(
        Diagnostic::new(&code::DECLINE, reference.span, message)
            .label(format!("an event for which `{}` has no such member would be lost", reference.family.text))
            .help(format!("choose it in a line above, `route by_member => {written}`, and name a channel here")),
    );
}

fn top_decline(place: Span, cx: &mut LoweringContext<'_>) {
    cx.report(
        Diagnostic::new(&code::DECLINE, place, "a routing's own `else` cannot `decline`")
            .label("nothing follows that could take the event")
            .help("name a channel, or say `nothing because \"…\"`"),
    );
}

fn check_nothing(target: &Target, line: &Line, cx: &mut LoweringContext<'_>) {
    let (words, help) = match line.kind {
        LineKind::Route | LineKind::Else => return,
        LineKind::AlsoRoute => ("also route", "to stop here, write `route` in the place of `also route`"),
        LineKind::Always => ("always", "leave the line out; to stop here, write `route` in the place of `always`"),
    };
    cx.report(
        Diagnostic::new(&code::NOTHING, target.span, format!("`{words}` goes on, so it cannot end in `nothing`"))
            .label("takes nothing back")
            .help(help),
    );
}
