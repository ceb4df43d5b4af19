//! What random rules seldom come to.

use super::dice::Dice;
use super::{Hits, load};
use crate::arena;
use pointsman::evaluate::{EvaluationContext, SilentObserver, route};
use pointsman::event::{Event, Labels, RoutingDecision};
use pointsman::program::Destination;
use pointsman::ruleset::RuleSet;
use pointsman::time::Timestamp;

/// A routing of these lines; what hits none of them goes to `c0`.
fn loaded(lines: &str) -> RuleSet {
    let channels: Vec<_> = (0..6).map(|channel| format!("channel c{channel} = discard()\n")).collect();
    let text = format!("edition 1\n{}routing main {{\n{lines}else => c0\n}}\n", channels.concat());
    load(&text).unwrap_or_else(|said| panic!("{said}"))
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

fn event(labels: &[(&'static str, &'static str)]) -> &'static Event<'static> {
    let labels = Labels::of(labels.iter().copied(), arena());
    arena().alloc(Event { labels, ..Dice::new(1).event(arena()) })
}

/// What becomes of an event, by the index and line by line.
fn decisions<'a>(rules: &'a RuleSet, event: &'static Event<'static>) -> [RoutingDecision<'a>; 2] {
    let context = EvaluationContext::at(Timestamp::read("2026-11-20T12:00:00Z").unwrap());
    let to = Destination::Routing(0);
    [
        route(&rules.program, to, event, &context, arena(), &mut SilentObserver),
        route(&rules.program, to, event, &context, arena(), &mut Hits::<true>::of(0)),
    ]
}

#[test]
fn a_line_that_names_one_text_several_times_is_tried_once() {
    let conditions = [
        "labels.a matches /(x|x)-.*/",
        "labels.a in [\"x-1\", \"X-1\"] ignore case",
        "labels.a like [\"x-*\", \"x-*\"]",
        "(labels.a contains \"-1\" or labels.a contains \"-1\")",
        "labels.a finds /x-(1|1)?/",
    ];
    let others = lines(20, |at| format!("route o{at} when labels.a == \"o{at}\" => c1\n"));
    let tried = lines(conditions.len(), |at| {
        format!("always r{at} when {} {{ route q => nothing because \"q{at}\" }}\n", conditions[at])
    });
    let rules = loaded(&(others + &tried));
    let [found, _] = decisions(&rules, event(&[("a", "x-1")]));
    let reasons: Vec<&str> = found.reasons.iter().map(|reason| reason.reason).collect();
    assert_eq!(reasons, ["q0", "q1", "q2", "q3", "q4"]);
}

#[test]
fn a_long_label_is_read_within_the_same_budget_by_who_listens_and_who_does_not() {
    let routes = lines(12, |at| {
        let finds: Vec<_> = (0..5).map(|part| format!("labels.a finds /q{at}{part}[^0-9]/")).collect();
        format!("route r{at} when {} => c1\n", finds.join(" or "))
    });
    let rules = loaded(&(routes + "route last when labels.a contains \"xx\" => c1\n"));
    for (length, channel) in [(1 << 20, "c1"), (3 << 20, "c0")] {
        let [found, walked] = decisions(&rules, event(&[("a", arena().text(&"x".repeat(length)))]));
        assert_eq!((found.channels, &found), (&[channel][..], &walked));
    }
}

/// What finding lines reads is not missing where they are tried.
#[test]
fn an_index_reads_within_an_allowance_of_its_own() {
    let regexes = lines(300, |at| format!("route r{at} when labels.a matches /[a-z0-9]{{1,{}}}[A-Z]/ => c2\n", at + 1));
    let rules = loaded(&("route first when labels.a contains \"xx\" => c1\n".to_owned() + &regexes));
    let [found, _] = decisions(&rules, event(&[("a", arena().text(&"x".repeat(40 << 20)))]));
    assert_eq!(found.channels, ["c1"]);
}

/// Where rules look at very many labels, it is those of the event that are looked up, and the fields beside them.
#[test]
fn rules_may_look_at_very_many_labels() {
    let conditions = ["== \"x\"", "starts with \"x-\"", "contains \"y\" ignore case", "matches /[a-z0-9]{1,3}/"];
    let routes = lines(400, |at| {
        let (label, condition) = (at / 4, conditions[at % 4]);
        format!("also route r{at} when labels.l{label} {condition} => c{}\n", (label + at) % 6)
    });
    let fields = lines(conditions.len(), |at| format!("also route f{at} when title {} => c{at}\n", conditions[at]));
    let rules = loaded(&(routes + &fields));
    let mut dice = Dice::new(7);
    for _ in 0..200 {
        let mut labels = Vec::new();
        for _ in 0..dice.roll(5) {
            let name = arena().text(&format!("l{}", dice.roll(120)));
            labels.push((name, dice.of(&["x", "x-1", "yY", "Y", "ab", "-"])));
        }
        let title = dice.of(&["x", "x-1", "yY", "-"]);
        let event = arena().alloc(Event { title, ..*event(&labels) });
        let [found, walked] = decisions(&rules, event);
        assert_eq!(found, walked, "{title} {labels:?}");
    }
}
