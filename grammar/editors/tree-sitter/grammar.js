// The rule language, edition 1, for editors. `grammar/*.pest` is what the program reads; this grammar accepts the same
// files and gives their parts names for the queries beside it. A test compares the two on every rule file.
//
// Three things differ from most grammars:
//
// - A string interpolates in values only. Where it is compared, and in the JSON of tests, it is plain text. So values
//   come in families that differ in what they may begin with: a template, a plain string, or `match`.
// - Segments of paths and parentheses of calls stand directly behind their value (`token.immediate`), so that a line never
//   runs on into the next.
// - Few words are reserved. Words that begin a statement may also be the name that is assigned there.

/// <reference types="tree-sitter-cli/dsl" />
// @ts-check

const RESERVED = [
  'all', 'also', 'always', 'and', 'any', 'contains', 'decline', 'during', 'else', 'false', 'finds', 'in', 'is', 'like',
  'match', 'matches', 'missing', 'none', 'not', 'nothing', 'null', 'or', 'route', 'routing', 'true', 'when',
];

const LETTER = 'A-Za-z0-9_';
const MEMBER_LETTER = `${LETTER}\\u{a1}-\\u{1fff}\\u{3040}-\\u{fefe}\\u{10000}-\\u{10ffff}`;
const PATH_TEXT = `[^\\[\\]()"'\\n\\r]`;

/** One or more, between commas. */
const list = rule => seq(rule, repeat(seq(',', rule)));
const any_list = rule => optional(list(rule));
const texts = $ => choice($._text, seq('[', any_list($._text), ']'));
/** Within a string: neither blanks nor comments are skipped. */
const inside = pattern => token.immediate(prec(1, pattern));
/** Any word, reserved or not. */
const word = $ => alias(reserved('none', $.name), $.word);
/** A name to which a value is assigned, where these words begin statements. */
const assignable = ($, ...words) => choice($.name, ...words.map(keyword => alias(keyword, $.name)));

module.exports = grammar({
  name: 'pointsman',

  word: $ => $.name,
  extras: $ => [/[ \t\r\n]/, $.comment],
  reserved: { global: _ => RESERVED, none: _ => [] },
  // `sat 09:00..18:00` and `fri 22:00..mon 06:00` differ behind the dots only.
  conflicts: $ => [[$.day_range, $.span]],
  supertypes: $ => [$.declaration],

  rules: {
    rule_file: $ => seq(optional($.edition), repeat(choice($.allow, $.declaration))),

    comment: _ => /#[^\n\r]*/,
    edition: $ => seq('edition', $.integer),
    allow: $ => seq('allow', field('code', word($)), 'because', $.string),

    declaration: $ => choice(
      $.mapping, $.table, $.define, $.schedule, $.channel, $.routing, $.mute, $.heartbeat, $.integration, $.test, $.prove,
    ),

    // ------------------------------------------------------------ mapping

    mapping: $ => seq('mapping', field('name', $.name), field('body', $.mapping_block)),
    mapping_block: $ => seq(
      '{', repeat(choice($.allow, $.accept, $.each, $.drop, $.let, $.labels, $.field)), '}',
    ),
    accept: $ => seq('accept', 'when', $._condition, optional($._reason)),
    _reason: $ => seq('because', $._words),
    each: $ => seq('each', choice($.path, $.reference)),
    drop: $ => seq('drop', 'when', $._condition, $._reason),
    let: $ => seq('let', field('name', $.name), '=', $._bound),
    field: $ => seq(
      field('name', assignable($, 'accept', 'allow', 'drop', 'each', 'labels', 'let')), '=', field('value', $._value),
    ),
    labels: $ => seq('labels', '{', repeat(choice($.spread, $.label)), '}'),
    spread: $ => seq('...', $._value, optional(seq('except', texts($)))),
    label: $ => seq(field('name', choice($._label_name, $.string)), '=', field('value', $._value)),
    // Reserved words one by one: behind a value, a set of reserved words of its own would not be in force yet.
    _label_name: $ => choice(alias($.name, $.word), ...RESERVED.map(keyword => alias(keyword, $.word))),

    // ------------------------------------------------------------ table, define, schedule

    table: $ => seq(
      'table', field('name', $.name), field('parameters', $.parameters), optional($.ignore_case),
      choice(field('body', $.arms), $.csv),
    ),
    parameters: $ => seq('(', any_list($.name), ')'),
    csv: $ => seq('->', field('column', word($)), optional(seq(':', field('type', word($)))), 'from', $.string),

    define: $ => seq('define', field('name', $.name), '=', $._bound),

    schedule: $ => seq(
      'schedule', field('name', $.name), 'in', field('zone', $.string), '{', repeat($.schedule_line), '}',
    ),
    schedule_line: $ => prec.right(seq(
      optional(choice('except', 'also')), choice(list($.span), seq($._days, optional($._times)), $._times),
    )),
    _days: $ => list($.day_range),
    _times: $ => list($.time_range),
    day_range: $ => seq($._day, optional(seq('..', $._day))),
    time_range: $ => seq($.clock, '..', $.clock),
    span: $ => seq($._day, $.clock, '..', $._day, $.clock),
    _day: $ => choice($.date, alias(reserved('none', $.name), $.day)),

    // ------------------------------------------------------------ channel

    channel: $ => seq(
      'channel', field('name', $.name), optional($.family), '=', field('kind', word($)), field('settings', $.settings),
    ),
    // One channel for each value of a column.
    family: $ => seq(
      token.immediate('['), field('parameter', $.name), ']',
      choice(seq('from', $.string), seq('in', '[', any_list($.string), ']')),
    ),
    settings: $ => seq('(', any_list($.setting), ')'),
    setting: $ => seq(field('name', word($)), '=', field('value', choice($.duration, $.duration_range, $._setting_value))),
    duration_range: $ => seq($.duration, '..', $.duration),
    _setting_value: $ => choice($.list, $.object, $._bound),
    list: $ => seq('[', any_list($._setting_value), ']'),
    object: $ => seq('{', any_list($.member), '}'),
    member: $ => seq(field('key', choice($.string, word($))), ':', field('value', $._setting_value)),

    // ------------------------------------------------------------ routing

    routing: $ => seq('routing', field('name', $.name), field('body', $.block)),
    block: $ => seq('{', repeat(choice($.allow, $.route, $.otherwise)), '}'),
    route: $ => seq(
      choice(seq(optional('also'), 'route'), 'always'), field('name', $.name), optional(seq('when', $._condition)),
      $._destiny,
    ),
    otherwise: $ => seq('else', $._destiny),
    _destiny: $ => choice(field('body', $.block), $.route_match, seq('=>', $._target)),
    route_match: $ => seq($._match_head, '{', repeat($.route_arm), '}'),
    route_arm: $ => seq(choice('else', $._columns), '=>', $._target, optional($.note)),

    _target: $ => choice($.nothing, $.decline, $._destinations),
    nothing: $ => seq('nothing', $._reason),
    decline: _ => 'decline',
    _destinations: $ => list($._destination),
    _destination: $ => choice($.to_routing, $.to_member, $.name),
    to_routing: $ => seq('routing', $.name),
    // A member of a family, which a value chooses.
    to_member: $ => seq($.name, token.immediate('['), $._value, ']'),

    // ------------------------------------------------------------ mute, heartbeat, integration

    mute: $ => seq(
      'mute', field('name', $.name), optional(seq('in', list(choice($.to_member, $.name)))), 'when', $._condition,
      optional($.mute_source), $._reason,
    ),
    mute_source: $ => seq(
      'while', $._condition, 'same', list($._value), optional(seq('until', $.duration, 'after')),
    ),

    heartbeat: $ => seq('heartbeat', field('name', $.name), field('body', $.heartbeat_block)),
    heartbeat_block: $ => seq(
      '{',
      repeat(choice(
        $.allow, $.beat_when, $.beat_by, $.beat_timeout, $.beat_target, $.labels,
        alias($.heartbeat_field, $.field),
      )),
      '}',
    ),
    beat_when: $ => seq('when', $._condition),
    beat_by: $ => seq('by', list($._value)),
    beat_timeout: $ => seq('timeout', $.duration),
    beat_target: $ => seq('=>', $._destinations),
    heartbeat_field: $ => seq(
      field('name', assignable($, 'allow', 'by', 'labels', 'timeout')), '=', field('value', $._value),
    ),

    integration: $ => seq('integration', field('name', $.name), field('body', $.integration_block)),
    integration_block: $ => seq('{', repeat(choice($.allow, alias($.parameter, $.setting), $.reading)), '}'),
    parameter: $ => seq(
      field('name', $.name), '=', field('value', choice($.duration, $.duration_range, $._setting_value)),
    ),
    reading: $ => seq(list($.name), '=>', $._destinations),

    // ------------------------------------------------------------ test, prove

    test: $ => seq('test', field('name', $.string), field('body', $.test_block)),
    test_block: $ => seq(
      '{', repeat(choice($.timed_step, $._step, $.cases, $.header, $.path_suffix, $.at, $.open, $.subject)), '}',
    ),
    // What happens at moments. A step without any belongs to the moment before.
    timed_step: $ => seq($.moments, choice($._step, $.open)),
    moments: $ => seq($.moment, optional(seq('..', $.moment, 'every', $.duration))),
    moment: $ => seq('+', alias(token.immediate(/([0-9]+[dhms])+/), $.duration)),
    _step: $ => choice(
      $.expect, $.input, $.event, $.repeated_event, $.restart, $.down, $.pause, $.resume, $.silence, $.silence_end,
    ),
    repeated_event: $ => seq('times', $.integer, $.event),
    restart: $ => seq('restart', $.duration),
    down: $ => seq('down', $._channel_name, 'for', $.duration),
    pause: $ => seq('pause', $._channel_name),
    resume: $ => seq('resume', $._channel_name),
    silence: $ => seq(
      'silence', $._condition, 'for', $.duration, optional(seq('in', list($._channel_name))), 'because', $.string,
    ),
    silence_end: $ => seq('end', 'silence', $.string),

    subject: $ => seq(choice('mapping', 'routing', 'integration', 'channel'), $._channel_name),
    input: $ => seq('input', choice(seq('file', $.string), $._json)),
    event: $ => seq('event', $._json),
    header: $ => seq('header', $.string, ':', $._json),
    path_suffix: $ => seq('path_suffix', $._json),
    at: $ => seq('at', choice($.timestamp, $.name)),
    open: $ => seq('open', $.names),
    names: $ => seq('[', any_list($._channel_name), ']'),
    _channel_name: $ => choice($.channel_member, $.name),
    channel_member: $ => seq($.name, token.immediate('['), $.string, ']'),

    cases: $ => seq(
      'cases',
      choice(
        seq('from', $.string, '=>', field('field', word($))),
        seq($._holes, '=>', field('field', word($)), field('body', $.case_rows)),
      ),
    ),
    _holes: $ => choice(seq('{', list($.name), '}'), list($.name)),
    case_rows: $ => seq('{', repeat($.case_row), '}'),
    case_row: $ => seq(list($.case_value), '=>', $._json),
    case_value: $ => seq($._json, repeat(seq('|', $._json))),

    expect: $ => seq('expect', choice($._count, seq(optional(seq('outcome', $.integer)), $._expectation))),
    _count: $ => seq($.integer, choice('event', 'events'), optional(seq(',', $.integer, 'dropped'))),
    _expectation: $ => choice(
      seq('exactly', $._json),
      seq('not', 'dropped'),
      seq('not', 'held', optional(seq('in', $._channel_name))),
      seq('dropped', optional($.string)),
      'empty', 'unaccepted', 'invalid',
      seq('sent', optional(choice(seq('includes', optional('any')), 'excludes')), $.names),
      seq('via', list($.route_path)),
      seq('nothing', optional($.string)),
      seq('note', $.string),
      seq('same', 'key', 'as', 'file', $.string),
      seq('snapshot', $.string),
      seq('body', $._json),
      seq('answer', $._json),
      seq('notified', $._channel_name, choice('nothing', $.json_array, $.json_object)),
      seq('held', optional(seq('for', $.string)), optional(seq('in', $._channel_name))),
      seq('waits', optional(seq('in', $._channel_name)), 'until', $.moment),
      $.json_object,
    ),
    route_path: $ => seq(word($), repeat(seq(token.immediate('.'), $._path_word))),
    _path_word: $ => alias(token.immediate(/[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*/), $.word),

    prove: $ => seq('prove', field('name', $.string), field('body', $.prove_block)),
    prove_block: $ => seq('{', repeat(choice(alias($.beat_when, $.prove_when), $.expect, $.at, $.subject)), '}'),

    // JSON as tests write it: plain strings, bare words for holes, constants and `missing`.
    _json: $ => choice($.json_object, $.json_array, $.string, $.raw_string, $.number, $.channel_member, $.json_word),
    json_word: $ => reserved('none', $.name),
    json_object: $ => seq('{', any_list($.json_member), '}'),
    json_array: $ => seq('[', any_list($._json), ']'),
    json_member: $ => seq(field('key', choice($.string, word($))), ':', field('value', $._json)),

    // ------------------------------------------------------------ conditions

    _condition: $ => choice($._term, $.conjunction, $.disjunction),
    conjunction: $ => seq($._term, repeat1(seq('and', $._term))),
    disjunction: $ => seq($._term, repeat1(seq('or', $._term))),
    _term: $ => choice($.negation, $._plain_term),
    negation: $ => seq('not', $._term),
    _plain_term: $ => choice($.quantified, alias($.lone_during, $.during), $.comparison, $._subject),
    quantified: $ => seq(field('quantifier', choice('any', 'all', 'none')), $._value, $._comparison),
    lone_during: $ => seq('during', $.name),
    comparison: $ => seq($._subject, $._comparison),

    _comparison: $ => seq(
      choice($.equal, $.order, $.is, seq(optional('not'), choice($._comparator, $.during))), optional($.ignore_case),
    ),
    equal: $ => seq(choice('==', '!='), $._compared),
    order: $ => seq(choice('<=', '>=', '<', '>'), $._compared),
    is: $ => seq('is', optional('not'), alias(reserved('none', $.name), $.kind)),
    during: $ => seq('during', $.name),
    ignore_case: _ => seq('ignore', 'case'),

    _comparator: $ => choice($.within, $.like, $.matches, $.contains, $.starts_with, $.ends_with),
    within: $ => seq('in', choice(seq('cidr', texts($)), seq('[', any_list($._compared), ']'))),
    like: $ => seq('like', texts($)),
    matches: $ => seq(choice('matches', 'finds'), $.regex),
    contains: $ => seq('contains', $._compared),
    starts_with: $ => seq('starts', 'with', $._compared),
    ends_with: $ => seq('ends', 'with', $._compared),

    _text: $ => choice($.string, $.raw_string),

    // ------------------------------------------------------------ patterns and `match`

    match: $ => seq($._match_head, field('body', $.arms)),
    _match_head: $ => seq('match', list($._value), optional($.ignore_case)),
    arms: $ => seq('{', repeat($.arm), '}'),
    arm: $ => seq(choice('else', $._columns), '=>', field('value', $._value), optional($.note)),
    note: $ => seq('note', $._words),
    _columns: $ => list($.column),
    column: $ => seq($._pattern, repeat(seq('|', $._pattern))),
    _pattern: $ => choice($.wildcard, $.order, $._comparator, $._compared),
    wildcard: _ => '_',
    _words: $ => choice($.template, $.raw_string),

    // ------------------------------------------------------------ values

    _value: $ => choice($._operand, $.coalesce),
    coalesce: $ => prec.left(seq($._value, '??', $._operand)),
    _operand: $ => choice($.template, $.match, $._primary),

    // What is compared: a string is plain text.
    _compared: $ => choice($.string, $.match, $._primary, alias($.compared_coalesce, $.coalesce)),
    compared_coalesce: $ => prec.left(seq($._compared, '??', $._operand)),

    // What a condition begins with: not `match`.
    _subject: $ => choice($.template, $._primary, alias($.subject_coalesce, $.coalesce)),
    subject_coalesce: $ => prec.left(seq($._subject, '??', $._operand)),

    // A value or a condition, told apart by the first word.
    _bound: $ => choice($._condition, $.match, alias($.match_coalesce, $.coalesce)),
    match_coalesce: $ => prec.left(seq(choice($.match, alias($.match_coalesce, $.coalesce)), '??', $._operand)),

    _primary: $ => choice($.raw_string, $.reference, $.path, $.number, $.truth, $.parenthesized),
    parenthesized: $ => seq('(', $._bound, ')'),
    truth: _ => choice('null', 'missing', 'true', 'false'),

    reference: $ => seq($.name, optional($.arguments), repeat(choice($._segment, $.selector))),
    arguments: $ => seq(token.immediate('('), any_list(choice($.regex, $._value)), ')'),
    path: $ => seq($.root, repeat(choice($._segment, $.bracket))),
    root: _ => choice('$', '@'),

    _segment: $ => choice(
      seq(token.immediate('.'), $.segment), seq(token.immediate('..'), choice($.segment, $.bracket)),
    ),
    segment: _ => token.immediate(new RegExp(`\\*|[${MEMBER_LETTER}]+(-[${MEMBER_LETTER}]+)*`, 'u')),
    // Behind a name, a bracket is a segment only if it begins like one.
    selector: $ => seq(
      token.immediate('['), optional(inside(/ +/)),
      choice(
        seq($.index, optional(seq(alias($._behind_index, $.path_text), repeat($._in_bracket)))),
        seq(choice($.path_string, alias($._sign, $.path_text)), repeat($._in_bracket)),
      ),
      token.immediate(']'),
    ),
    index: _ => inside(/-?[0-9]+/),
    _behind_index: _ => inside(new RegExp(`[^\\[\\]()"'\\n\\r${LETTER}]${PATH_TEXT}*`)),
    _sign: _ => inside(new RegExp(`[*?:]${PATH_TEXT}*`)),
    bracket: $ => seq(token.immediate('['), repeat($._in_bracket), token.immediate(']')),
    _in_bracket: $ => choice(
      $.path_string, $.path_text, $._nested_bracket,
      seq(token.immediate('('), repeat($._in_bracket), token.immediate(')')),
    ),
    _nested_bracket: $ => seq(token.immediate('['), repeat($._in_bracket), token.immediate(']')),
    path_text: _ => inside(new RegExp(`${PATH_TEXT}+`)),
    path_string: _ => choice(inside(/"([^"\\\n\r]|\\[^\n\r])*"/), inside(/'([^'\\\n\r]|\\[^\n\r])*'/)),

    // ------------------------------------------------------------ literals

    name: _ => /[A-Za-z_][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*/,
    integer: _ => /[0-9]+/,
    number: _ => /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/,
    duration: _ => /([0-9]+[dhms])+/,
    date: _ => /[0-9]+-[0-9]+-[0-9]+/,
    clock: _ => /[0-9]+:[0-9]+/,
    timestamp: _ => /[0-9][A-Za-z0-9_:+.\-]*/,

    // Braces are braces here.
    string: $ => seq(
      '"', repeat(choice(alias(inside(/[^"\\\n\r]+/), $.text), $.escape)), token.immediate('"'),
    ),
    template: $ => seq(
      '"',
      repeat(choice(alias(inside(/[^"\\{}\n\r]+/), $.text), $.escape, $.brace, $.interpolation)),
      token.immediate('"'),
    ),
    raw_string: _ => /r"[^"\n\r]*"/,
    escape: _ => inside(/\\[^\n\r]/),
    brace: _ => choice(inside('{{'), inside('}}')),
    interpolation: $ => seq(token.immediate('{'), $._value, '}'),

    regex: $ => seq(
      '/', optional(alias(inside(/([^\/\\\n\r]|\\[^\n\r])+/), $.pattern)), token.immediate('/'),
      optional(alias(token.immediate(/[A-Za-z]+/), $.flags)),
    ),
  },
});
