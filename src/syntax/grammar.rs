//! The parser that pest generates from the three grammar files.

/// The grammar of a rule file.
#[derive(pest_derive::Parser)]
#[grammar = "../grammar/lexical.pest"]
#[grammar = "../grammar/expression.pest"]
#[grammar = "../grammar/rules.pest"]
pub(super) struct Grammar;

pub(super) type RulePair<'i> = pest::iterators::Pair<'i, Rule>;
pub(super) type RulePairs<'i> = pest::iterators::Pairs<'i, Rule>;

/// Tests that stand behind a value in a condition and alone in a pattern.
pub(super) fn is_pattern_test(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::order
            | Rule::within
            | Rule::like
            | Rule::matches
            | Rule::finds
            | Rule::contains
            | Rule::starts_with
            | Rule::ends_with
    )
}

/// Keywords and signs that add nothing to the node around them.
pub(super) fn is_noise(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::arrow
            | Rule::assign
            | Rule::close_brace
            | Rule::close_bracket
            | Rule::close_paren
            | Rule::colon
            | Rule::column_arrow
            | Rule::open_brace
            | Rule::open_bracket
            | Rule::open_paren
            | Rule::k_accept
            | Rule::k_after
            | Rule::k_allow
            | Rule::k_answer
            | Rule::k_as
            | Rule::k_at
            | Rule::k_because
            | Rule::k_body
            | Rule::k_by
            | Rule::k_case
            | Rule::k_cases
            | Rule::k_cidr
            | Rule::k_contains
            | Rule::k_define
            | Rule::k_down
            | Rule::k_drop
            | Rule::k_dropped
            | Rule::k_during
            | Rule::k_each
            | Rule::k_edition
            | Rule::k_end
            | Rule::k_ends
            | Rule::k_event
            | Rule::k_events
            | Rule::k_every
            | Rule::k_exactly
            | Rule::k_expect
            | Rule::k_file
            | Rule::k_finds
            | Rule::k_for
            | Rule::k_from
            | Rule::k_header
            | Rule::k_heartbeat
            | Rule::k_held
            | Rule::k_ignore
            | Rule::k_in
            | Rule::k_input
            | Rule::k_is
            | Rule::k_key
            | Rule::k_labels
            | Rule::k_let
            | Rule::k_like
            | Rule::k_match
            | Rule::k_matches
            | Rule::k_mute
            | Rule::k_note
            | Rule::k_nothing
            | Rule::k_notified
            | Rule::k_open
            | Rule::k_outcome
            | Rule::k_path_suffix
            | Rule::k_pause
            | Rule::k_prove
            | Rule::k_restart
            | Rule::k_resume
            | Rule::k_same
            | Rule::k_schedule
            | Rule::k_sent
            | Rule::k_silence
            | Rule::k_snapshot
            | Rule::k_starts
            | Rule::k_table
            | Rule::k_test
            | Rule::k_timeout
            | Rule::k_times
            | Rule::k_until
            | Rule::k_via
            | Rule::k_waits
            | Rule::k_when
            | Rule::k_while
            | Rule::k_with
            | Rule::EOI
    )
}
