//! String sets against the evaluator's own tests: on all short texts over a few characters, and on random patterns.

use super::walker::Walker;
use super::{
    LONGEST_COUNTED, SearchCharacters, SearchLimit, SearchLimits, SearchResult, StringSet, TextFunction, conflict,
    is_plain, search,
};
use crate::pattern::{Case, Glob, MatchScope, Network, PiecePosition, RegexPattern, address, fold};
use std::rc::Rc;

mod generator;

use generator::Generator;

/// A set, and the same test by the functions that the evaluator uses.
#[derive(Clone)]
struct Tested {
    name: String,
    set: StringSet,
    holds: Rc<dyn Fn(&str) -> bool>,
}

impl Tested {
    fn new(name: String, set: StringSet, holds: impl Fn(&str) -> bool + 'static) -> Self {
        Self { name, set, holds: Rc::new(holds) }
    }

    fn try_regex(pattern: &str, flags: &str, scope: MatchScope, case: Case) -> Option<Self> {
        let regex = RegexPattern::new(pattern, flags, case).ok()?;
        let set = StringSet::regex(&regex, scope);
        Some(Self::new(format!("{} /{pattern}/{flags} {case:?}", scope.operator()), set, move |text| {
            regex.fits(scope, text)
        }))
    }

    fn matches(pattern: &str) -> Self {
        Self::try_regex(pattern, "", MatchScope::Whole, Case::Sensitive).unwrap()
    }

    fn finds(pattern: &str) -> Self {
        Self::try_regex(pattern, "", MatchScope::Anywhere, Case::Sensitive).unwrap()
    }

    fn like(globs: &[&str], case: Case) -> Self {
        let real: Vec<Glob> = globs.iter().map(|text| Glob::new(text, case).unwrap()).collect();
        let set = StringSet::globs(globs.iter().copied(), case);
        Self::new(format!("like {globs:?} {case:?}"), set, move |text| real.iter().any(|glob| glob.fits(text)))
    }

    fn piece(position: PiecePosition, piece: &str, case: Case) -> Self {
        let set = StringSet::piece(position, piece, case);
        let owned = piece.to_owned();
        let holds = move |text: &str| position.fits(&case.fold(text), &case.fold(&owned));
        Self::new(format!("{} {piece:?} {case:?}", position.operator()), set, holds)
    }

    fn literals(literals: &[&str], case: Case) -> Self {
        let set = StringSet::literals(literals.iter().copied(), case);
        let folded: Vec<String> = literals.iter().map(|literal| case.fold(literal).into_owned()).collect();
        Self::new(format!("in {literals:?} {case:?}"), set, move |text| {
            folded.iter().any(|one| *one == case.fold(text))
        })
    }

    fn networks(networks: &[&str]) -> Self {
        let real: Vec<Network> = networks.iter().map(|network| Network::new(network).unwrap()).collect();
        let set = StringSet::networks(&real);
        Self::new(format!("in cidr {networks:?}"), set, move |text| {
            address(text).is_some_and(|address| real.iter().any(|network| network.holds(address)))
        })
    }

    fn length(min: u32, max: Option<u32>) -> Self {
        let set = StringSet::length(min, max).unwrap();
        let range = min as usize..=max.map_or(usize::MAX, |max| max as usize);
        Self::new(format!("len {min} {max:?}"), set, move |text| range.contains(&text.chars().count()))
    }

    fn after(&self, function: TextFunction) -> Self {
        let holds = Rc::clone(&self.holds);
        let name = format!("{} after {function:?}", self.name);
        Self::new(name, self.set.after(function), move |text| holds(&function.apply(text)))
    }
}

/// All texts up to a length over some characters, the short ones first.
fn texts(characters: &str, longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut from = 0;
    for _ in 0..longest {
        let to = all.len();
        for shorter in from..to {
            all.extend(characters.chars().map(|character| format!("{}{character}", all[shorter])).collect::<Vec<_>>());
        }
        from = to;
    }
    all
}

#[track_caller]
fn assert_same(tested: &Tested, texts: &[String]) {
    let mut walker = Walker::new(tested.set.automaton().unwrap()).unwrap();
    for text in texts {
        assert_eq!(walker.holds(text, usize::MAX), Ok((tested.holds)(text)), "{} on {text:?}", tested.name);
    }
}

fn sets<'t>(tested: &[&'t Tested]) -> Vec<&'t StringSet> {
    tested.iter().map(|one| &one.set).collect()
}

fn result(required: &[&Tested], excluded: &[&Tested], limits: &SearchLimits) -> SearchResult {
    let result = search(&sets(required), &sets(excluded), limits);
    if let SearchResult::Found(text) = &result {
        for one in required {
            assert!((one.holds)(text), "{} on {text:?}", one.name);
        }
        for one in excluded {
            assert!(!(one.holds)(text), "not {} on {text:?}", one.name);
        }
    }
    result
}

fn found(required: &[&Tested], excluded: &[&Tested]) -> Option<String> {
    match result(required, excluded, &SearchLimits::default()) {
        SearchResult::Found(text) => Some(text),
        SearchResult::Empty(_) => None,
        SearchResult::LimitReached(limit) => panic!("{limit:?}"),
    }
}

const CASES: [Case; 2] = [Case::Sensitive, Case::Ignored];
const POSITIONS: [PiecePosition; 3] = [PiecePosition::Start, PiecePosition::End, PiecePosition::Anywhere];
const FUNCTIONS: [TextFunction; 4] = [TextFunction::Lower, TextFunction::Upper, TextFunction::Trim, TextFunction::Fold];

#[test]
fn pieces_globs_and_literals_are_those_of_the_evaluator() {
    let texts = texts("abAéİςΣi\u{307}\n ", 4);
    for case in CASES {
        for piece in ["", "a", "ab", "İ", "i\u{307}", "aς", "Σ", "\n", "É", "aa"] {
            for position in POSITIONS {
                assert_same(&Tested::piece(position, piece, case), &texts);
            }
            assert_same(&Tested::literals(&[piece, "b", "AB"], case), &texts);
        }
        for glob in ["", "*", "?", "a*", "*a", "a?b", "*ς*", "?*?", "i?*", "İ*a", "*a*b*", "*??a"] {
            assert_same(&Tested::like(&[glob], case), &texts);
        }
        assert_same(&Tested::like(&["a*b", "?", "*İ"], case), &texts);
    }
    for (min, max) in [(0, None), (2, None), (0, Some(0)), (1, Some(2)), (3, Some(2)), (4, Some(4))] {
        assert_same(&Tested::length(min, max), &texts);
    }
}

#[test]
fn assertions_are_those_of_the_regex_crate() {
    let texts = texts("aé1_ \n\r-", 4);
    let assertions = [
        "^",
        "$",
        r"\A",
        r"\z",
        "(?m:^)",
        "(?m:$)",
        "(?mR:^)",
        "(?mR:$)",
        r"\b",
        r"\B",
        r"(?-u:\b)",
        r"\<",
        r"\>",
        r"\b{start-half}",
        r"\b{end-half}",
        r"(?-u:\b{start})",
        r"(?-u:\b{end-half})",
        r"(?-u:\B)",
    ];
    for assertion in assertions {
        for pattern in ["X", "aX", "Xa", ".X-", "(?s).X.", "(?s)X.*X", "(?:aX|Xé)+", r"(?s)(?:\w|X.)*", "(?:X|a){2}"] {
            let pattern = pattern.replace('X', assertion);
            for scope in [MatchScope::Whole, MatchScope::Anywhere] {
                if let Some(tested) = Tested::try_regex(&pattern, "", scope, Case::Sensitive) {
                    assert_same(&tested, &texts);
                }
            }
        }
    }
}

#[test]
fn changed_texts_are_those_of_the_standard_library() {
    let (short, texts) = (texts("aAβΣσς' İß", 3), texts("aAβΣσς' İß", 4));
    let inner = [
        Tested::literals(&["aς", "ας", "aσ", "ς", "σ", "i\u{307}", "SS", "ss", " a", "a"], Case::Sensitive),
        Tested::finds("[a-z]ς"),
        Tested::finds(r"\bς|σ$"),
        Tested::matches(".*σ.?"),
        Tested::finds("[^a-zß]"),
        Tested::matches(r"[\w ]+"),
        Tested::piece(PiecePosition::End, "SS", Case::Ignored),
        Tested::like(&["?i?*", " *", "* "], Case::Sensitive),
        Tested::length(2, Some(3)),
    ];
    for inner in &inner {
        for function in FUNCTIONS {
            let once = inner.after(function);
            assert_same(&once, &texts);
            assert_same(&once.after(TextFunction::Trim), &short);
            assert_same(&once.after(TextFunction::Lower), &short);
        }
    }
}

#[test]
fn networks_are_those_of_the_evaluator() {
    let networks: [&[&str]; 14] = [
        &["10.0.0.0/8"],
        &["0.0.0.0/0"],
        &["10.1.2.0/23"],
        &["10.1.2.3"],
        &["10.1.2.128/25", "192.168.0.0/16"],
        &["::/0"],
        &["2001:db8::/32"],
        &["::fffe:0:0/95"],
        &["::1"],
        &["fe80::/10"],
        &["::ffff:0:0/96"],
        &["8000::/1"],
        &["::/90"],
        &["2001:db8::/29", "10.0.0.0/9"],
    ];
    let mut generator = Generator::new(1);
    let mut texts: Vec<String> = (0..4_000).flat_map(|_| generator.addresses()).collect();
    texts.extend(
        ["", ":", "::", "[::]", "[]", "1:", "%", "::%", "[::%a]b]", "1.2.3.4:65536", "1.2.3.4:00080"]
            .map(str::to_owned),
    );
    let mut held = 0;
    for networks in networks {
        let tested = Tested::networks(networks);
        assert_same(&tested, &texts);
        held += texts.iter().filter(|text| (tested.holds)(text)).count();
        let excluded = Tested::finds("[^0-9.]");
        let is_dotted = found(&[&tested], &[&excluded]).is_some();
        assert_eq!(is_dotted, networks.iter().any(|network| network.contains('.') || network.contains("/96")));
    }
    assert!(held > 5_000, "{held}");
    assert_eq!(found(&[&Tested::networks(&["10.0.0.0/8"])], &[]).as_deref(), Some("10.0.0.0"));
    let many: Vec<String> = (0..200).map(|third| format!("10.{}.{third}.0/24", third % 7)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_same(&Tested::networks(&many), &texts[..2_000]);
    assert_eq!(found(&[&Tested::networks(&many[1..])], &[]).as_deref(), Some("10.0.7.0"));
}

#[test]
fn a_search_finds_a_short_and_plain_text() {
    let ignored = |position, piece| Tested::piece(position, piece, Case::Ignored);
    let cases: [(&[&Tested], &[&Tested], Option<&str>); 18] = [
        (&[], &[], Some("")),
        (&[], &[&Tested::literals(&["", "a", "b"], Case::Sensitive)], Some("c")),
        (&[&Tested::matches("pay-card-[0-9]+")], &[], Some("pay-card-0")),
        (&[&Tested::matches("pay-card-[0-9]+")], &[&Tested::like(&["pay-*"], Case::Sensitive)], None),
        (&[&Tested::finds(r"\bdisk\b")], &[&Tested::matches("disk")], Some("disk-")),
        (&[&Tested::matches("Disk7Full.*")], &[&Tested::matches("Disk7Full")], Some("Disk7Fulla")),
        (&[&Tested::like(&["Disk7FullX*"], Case::Sensitive)], &[&Tested::matches("Disk7Full.*")], Some("Disk7FullX\n")),
        (&[&Tested::matches("[^a-z]")], &[], Some("A")),
        (&[&Tested::matches("[^ -~]")], &[], Some("é")),
        (&[&Tested::matches(r"\n|abc")], &[], Some("abc")),
        (&[&ignored(PiecePosition::Start, "I\u{307}")], &[&Tested::finds("[^\\p{Lu}]")], Some("İ")),
        (&[&Tested::literals(&["Σ"], Case::Ignored)], &[&Tested::literals(&["σ"], Case::Sensitive)], Some("ς")),
        (&[&Tested::matches(r"\w{4}-(?-u:\w){20}")], &[], Some("aaaa-aaaaaaaaaaaaaaaaaaaa")),
        (&[&Tested::literals(&["x", "db"], Case::Sensitive), &Tested::finds("b")], &[], Some("db")),
        (&[&Tested::literals(&["x", "db"], Case::Sensitive), &Tested::finds("c")], &[], None),
        (&[&Tested::finds("(?m)^b$")], &[&Tested::finds("^b"), &Tested::finds("b$")], Some("\nb\n")),
        (&[&Tested::matches(r"a\bb")], &[], None),
        (&[&Tested::matches(r"[\u{d7ff}-\u{e000}]"), &Tested::length(1, None)], &[], Some("\u{d7ff}")),
    ];
    for (required, excluded, expected) in cases {
        let names: Vec<&str> = required.iter().chain(excluded).map(|tested| tested.name.as_str()).collect();
        assert_eq!(found(required, excluded).as_deref(), expected, "{names:?}");
    }
}

#[test]
fn a_search_may_forbid_control_characters() {
    let plain = SearchLimits { allowed: SearchCharacters::Plain, ..SearchLimits::default() };
    let (disk, all) = (Tested::like(&["Disk7FullX*"], Case::Sensitive), Tested::matches("Disk7Full.*"));
    assert!(matches!(result(&[&disk], &[&all], &plain), SearchResult::Empty(_)));
    let lines = Tested::literals(&["a\nb", "a\u{2028}b"], Case::Sensitive);
    assert!(matches!(result(&[&lines], &[], &plain), SearchResult::Empty(_)));
    assert_eq!(found(&[&lines], &[]).as_deref(), Some("a\nb"));
    assert!(is_plain("aé ") && !is_plain("a\t") && !is_plain("\u{85}"));
}

#[test]
fn limits_are_reached_with_a_reason() {
    let limits = SearchLimits::default();
    let together: Vec<Tested> = [7, 11, 13, 17].map(|length| Tested::matches(&format!("(?:a{{{length}}})+"))).to_vec();
    let together: Vec<&Tested> = together.iter().collect();
    assert_eq!(result(&together, &[], &limits), SearchResult::LimitReached(SearchLimit::Characters(4_096)));
    let few = SearchLimits { states: 100, ..limits.clone() };
    let hard = [Tested::matches("(?:a|b)*a(?:a|b){12}"), Tested::matches("(?:a|b)*b(?:a|b){12}")];
    assert_eq!(result(&[&hard[0], &hard[1]], &[], &few), SearchResult::LimitReached(SearchLimit::States(100)));
    let steps = SearchLimits { steps: 100, ..limits.clone() };
    assert_eq!(result(&[&hard[0]], &[], &steps), SearchResult::LimitReached(SearchLimit::Steps(100)));
    let words = SearchLimits { words: 1, ..limits.clone() };
    let lists = (Tested::literals(&["a", "b"], Case::Sensitive), Tested::finds("b"));
    assert_eq!(result(&[&lists.0, &lists.1], &[], &words), SearchResult::LimitReached(SearchLimit::Words(1)));
    assert!(StringSet::length(LONGEST_COUNTED + 1, None).is_none());
    let long = [Tested::length(LONGEST_COUNTED, None), Tested::matches("[ab]*")];
    assert_eq!(found(&[&long[0], &long[1]], &[]).map(|text| text.len()), Some(4_096));
}

#[test]
fn many_overlapping_regexes_are_searched_together() {
    let nodes: Vec<Tested> = (0..16).map(|node| Tested::matches(&format!(".*-node{node}-.*"))).collect();
    let all: Vec<&Tested> = nodes.iter().collect();
    assert!(found(&all, &[]).is_some());
    assert!(found(&all[1..], &all[..1]).is_some());
    for (position, node) in nodes.iter().enumerate() {
        let others: Vec<&Tested> =
            nodes.iter().enumerate().filter(|(other, _)| *other != position).map(|one| one.1).collect();
        assert_eq!(found(&[node], &others), Some(format!("-node{position}-")));
    }
    let literals: Vec<Tested> =
        (0..300).map(|one| Tested::literals(&[&format!("host{one}"), "x"], CASES[one % 2])).collect();
    let literals: Vec<&Tested> = literals.iter().collect();
    let hosts = Tested::matches("host(?:[0-9]|[1-9][0-9])");
    assert_eq!(found(&[&hosts], &literals[..100]), None);
    assert_eq!(found(&[&hosts], &literals[1..]).as_deref(), Some("host0"));
    let SearchResult::Empty(smallest) = search(&sets(&[&hosts]), &sets(&literals), &SearchLimits::default()) else {
        panic!()
    };
    assert_eq!((smallest.required.len(), smallest.excluded.len()), (1, 100));
}

#[test]
fn a_conflict_has_no_more_sets_than_it_needs() {
    let limits = SearchLimits::default();
    let required = [&Tested::finds("a"), &Tested::like(&["api-*"], Case::Sensitive), &Tested::length(3, None)];
    let excluded =
        [&Tested::finds("z"), &Tested::piece(PiecePosition::Start, "ap", Case::Sensitive), &Tested::finds("q")];
    let smallest = conflict(&sets(&required), &sets(&excluded), &limits).unwrap();
    assert_eq!((smallest.required, smallest.excluded), (vec![1], vec![1]));
    let same = conflict(&sets(&[required[1]]), &sets(&[excluded[0], required[1]]), &limits).unwrap();
    assert_eq!((same.required, same.excluded), (vec![0], vec![1]));
    assert_eq!(conflict(&sets(&required), &[], &limits), None);
}

#[test]
fn sets_are_equal_by_what_they_were_made_of() {
    let set = |pattern, flags, case| {
        let regex = RegexPattern::new(pattern, flags, case).unwrap();
        StringSet::regex(&regex, MatchScope::Whole)
    };
    assert_eq!(set("a", "i", Case::Sensitive), set("a", "", Case::Ignored));
    assert_ne!(set("a", "", Case::Sensitive), set("a", "", Case::Ignored));
    let literals = |literals: &[&str], case| StringSet::literals(literals.iter().copied(), case);
    assert_eq!(literals(&["b", "a", "b"], Case::Sensitive), literals(&["a", "b"], Case::Sensitive));
    assert_eq!(literals(&["Ä"], Case::Ignored), literals(&["ä"], Case::Ignored));
    assert_eq!(fold("Ä"), "ä");
}

/// How many random questions are asked. `LANGUAGE_CASES` and `LANGUAGE_SEED` make a long campaign.
#[expect(clippy::disallowed_methods, reason = "the size of a campaign is not a part of the core")]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn random_questions_have_right_answers() {
    let short = texts(generator::CHARACTERS, 3);
    let mut answers = AnswerCounts::default();
    for case in 0..setting("LANGUAGE_CASES", 200) {
        let mut generator = Generator::new(setting("LANGUAGE_SEED", 7).wrapping_mul(1_000_003).wrapping_add(case));
        let tested: Vec<Tested> = (0..4).filter_map(|_| generator.tested()).collect();
        let longer: Vec<String> = (0..200).map(|_| generator.text()).collect();
        for one in &tested {
            assert_same(one, &short);
            assert_same(one, &longer);
        }
        let all: Vec<&Tested> = tested.iter().collect();
        for split in 0..=all.len() {
            let (required, excluded) = all.split_at(split);
            let fits = |text: &&String| {
                required.iter().all(|one| (one.holds)(text)) && !excluded.iter().any(|one| (one.holds)(text))
            };
            check_answer(required, excluded, short.iter().chain(&longer).find(fits), &mut answers);
        }
    }
    println!("{answers:?}");
    assert!(answers.empty * 20 > answers.found && answers.limited * 50 <= answers.found, "{answers:?}");
}

#[derive(Debug, Default)]
struct AnswerCounts {
    found: usize,
    empty: usize,
    limited: usize,
}

/// Compares the answer to a question with a text that is known to be right, the shortest one of few characters if there is one.
fn check_answer(required: &[&Tested], excluded: &[&Tested], sample: Option<&String>, answers: &mut AnswerCounts) {
    let limits = SearchLimits::default();
    let name = |one: &&Tested| one.name.clone();
    let names: (Vec<String>, Vec<String>) = (required.iter().map(name).collect(), excluded.iter().map(name).collect());
    match result(required, excluded, &limits) {
        SearchResult::Empty(needed) => {
            answers.empty += 1;
            assert_eq!(sample, None, "{names:?} need {needed:?}");
            let some: Vec<&Tested> = needed.required.iter().map(|place| required[*place]).collect();
            let others: Vec<&Tested> = needed.excluded.iter().map(|place| excluded[*place]).collect();
            assert!(matches!(result(&some, &others, &limits), SearchResult::Empty(_)), "{names:?} need {needed:?}");
            let smallest = conflict(&sets(required), &sets(excluded), &limits).unwrap();
            for without in 0..smallest.required.len() {
                let mut some = smallest.required.clone();
                some.remove(without);
                let some: Vec<&Tested> = some.into_iter().map(|place| required[place]).collect();
                let others: Vec<&Tested> = smallest.excluded.iter().map(|place| excluded[*place]).collect();
                assert!(!matches!(result(&some, &others, &limits), SearchResult::Empty(_)), "{names:?}: {smallest:?}");
            }
        }
        SearchResult::Found(text) => {
            answers.found += 1;
            if let Some(sample) = sample.filter(|sample| sample.is_ascii() && is_plain(sample)) {
                assert!(text.is_ascii() && is_plain(&text), "{text:?} instead of {sample:?}: {names:?}");
                assert!(text.len() <= sample.len(), "{text:?} instead of {sample:?}: {names:?}");
            }
            assert!(is_plain(&text) || !sample.is_some_and(|sample| is_plain(sample)), "{text:?}: {names:?}");
        }
        SearchResult::LimitReached(_) => answers.limited += 1,
    }
}
