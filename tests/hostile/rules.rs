//! Rule files.

use super::{load, watched};
use pointsman::diagnostic::{Diagnostic, DiagnosticLevel, FindingCounts};
use std::fmt::Write as _;

const MANY: usize = 100_000;
/// Declarations, arms and findings of a kind; in an unoptimised build.
const SEVERAL: usize = 5_000;

const REST: &str = "severity = Critical\nstatus = Firing\nkey = \"k\"\n";

/// A mapping with these lines.
fn mapping(lines: &str) -> String {
    format!("edition 1\nmapping m {{\n{REST}{lines}\n}}\n")
}

/// A routing whose first condition is this.
fn routing(condition: &str) -> String {
    format!("edition 1\nchannel c = stdout()\nrouting r {{ route a when {condition} => c else => c }}\n")
}

fn each(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

/// Runs cases that an error must answer.
fn refused(cases: Vec<(&'static str, String)>) {
    for (name, text) in cases {
        let errors = watched(name, move || {
            load(&text).diagnostics.iter().filter(|finding| finding.level() == DiagnosticLevel::Error).count()
        });
        assert!(errors > 0, "{name}");
        println!("{name}: {errors}");
    }
}

/// Runs cases that may be errors or not.
fn survived(cases: Vec<(&'static str, String)>) {
    for (name, text) in cases {
        watched(name, move || drop(load(&text)));
    }
}

#[test]
fn nesting_is_refused() {
    let open = |bracket: &str| bracket.repeat(MANY);
    refused(vec![
        ("parentheses", routing(&format!("{}true{}", open("("), open(")")))),
        ("open parentheses", routing(&open("("))),
        ("brackets", routing(&format!("title in {}{}", open("["), open("]")))),
        ("objects", format!("edition 1\ntest \"x\" {{ mapping m input {}1{} }}", open("{\"a\":"), open("}"))),
        ("arrays", format!("edition 1\ntest \"x\" {{ mapping m input {}{} }}", open("["), open("]"))),
        ("blocks", format!("edition 1\nrouting r {{ {}", open("route r { "))),
        ("calls", mapping(&format!("title = {}\"x\"{}", open("lower("), open(")")))),
        ("negations", routing(&format!("{}true", open("not ")))),
        ("filters", mapping(&format!("title = $.a{}", open("[?@")))),
        ("indices", mapping(&format!("title = $.a{}", open("[0]")))),
        ("groups", routing(&format!("title finds /{}/", open("(")))),
        ("classes", routing(&format!("title finds /{}/", open("[")))),
        ("closers", format!("edition 1\n{}", open("}"))),
    ]);
}

#[test]
fn chains_are_no_nesting() {
    let chain = |what: &str| what.repeat(SEVERAL);
    survived(vec![
        ("or", routing(&format!("{}true", chain("true or ")))),
        ("coalesce", mapping(&format!("title = {}\"x\"", chain("$.a ?? ")))),
        ("templates", mapping(&format!("title = \"{}\"", chain("{$.a}")))),
    ]);
}

/// Thousands of mistakes are counted; the first of them are kept, errors before warnings.
#[test]
fn findings_are_counted_beyond_the_first_thousand() {
    let errors = each(SEVERAL, |number| format!("channel c{number} = nope()\n"));
    let warnings = each(SEVERAL, |number| format!("define d{number} = severity == Critical\n"));
    let loaded = watched("errors and warnings", move || load(&format!("edition 1\n{warnings}{errors}")));
    assert!(loaded.rules.is_none());
    assert_eq!(FindingCounts::of(&loaded.diagnostics), FindingCounts { errors: 1_000, warnings: 0 });
    assert_eq!(loaded.left_out.errors, SEVERAL - 1_000);
    let warnings = each(SEVERAL, |number| format!("define d{number} = severity == Critical\n"));
    let loaded = watched("warnings", move || {
        load(&format!("edition 1\n{warnings}channel c = stdout()\nrouting main {{ else => c }}\n"))
    });
    assert!(loaded.rules.is_some());
    assert_eq!(loaded.diagnostics.len(), 1_000);
    assert_eq!(loaded.left_out.errors, 0);
    assert!(loaded.left_out.warnings >= SEVERAL - 1_000, "{:?}", loaded.left_out);
}

/// Text that is not a rule is given up after some rounds of repair, however long it is.
#[test]
fn megabytes_of_garbage_are_given_up() {
    let lines = |line: &str| line.repeat((2 << 20) / line.len());
    refused(vec![
        ("brackets", format!("edition 1\n{}", lines("%$& ]] x ((\n"))),
        ("words in a mapping", mapping(&lines("garbage lorem ipsum dolor\n"))),
        ("signs of other scripts", format!("edition 1\n{}", lines("«»¿¡ ünï\n"))),
        ("open calls", format!("edition 1\n{}", lines("channel c = stdout(\n"))),
    ]);
}

/// An opener without its closer is sought for to the end of its line.
#[test]
fn what_is_not_closed_is_not_sought_forever() {
    let line = |piece: &str| piece.repeat(1_000_000 / piece.len());
    refused(vec![
        ("braces", mapping(&format!("title = \"{}\"", line("{$.a")))),
        ("braces and quotes", mapping(&format!("title = \"{}", line("{\"")))),
        ("braces alone", mapping(&format!("title = \"{}\"", line("{x")))),
        ("escaped slashes", mapping(&format!("title = {}", line("/\\")))),
        ("comments", format!("edition 1\n{}", line("/*\n"))),
        ("quotes", mapping(&format!("title = {}", line("\"")))),
        ("single quotes", mapping(&format!("title = {}", line("'a")))),
        ("raw strings", mapping(&format!("title = {}", line("r\"")))),
    ]);
}

#[test]
fn long_lines_are_refused() {
    let long = |piece: &str| piece.repeat(10_000_000 / piece.len());
    refused(vec![
        ("a name", format!("edition 1\nchannel {} = stdout()", long("a"))),
        ("a string", mapping(&format!("title = \"{}\"", long("a")))),
        ("blanks", format!("edition 1\n{}x", long(" "))),
        ("signs", format!("edition 1\n{}", long("!"))),
        ("wide characters", format!("edition 1\n{}", long("\u{3000}"))),
        ("many lines", format!("edition 1\n{}", long("!\n"))),
    ]);
}

#[test]
fn odd_bytes_are_refused_or_read() {
    let rules = "channel c = stdout()\nrouting r {\n  else => c\n}\n";
    refused(vec![
        ("NUL", "edition 1\n\0".to_owned()),
        ("many NUL", format!("edition 1\n{}", "\0".repeat(MANY))),
        ("replacement characters", format!("edition 1\n{}", "\u{fffd}".repeat(MANY))),
        ("a BOM within", "edition 1\nchannel \u{feff}c = stdout()\n".to_owned()),
        ("UTF-16 read as bytes", rules.chars().flat_map(|character| [character, '\0']).collect()),
        ("escape sequences", "edition 1\nchannel \u{1b}[31mc = stdout()\n".to_owned()),
        ("direction marks", "edition 1\nchannel \u{202e}c = stdout()\n".to_owned()),
    ]);
    for text in [format!("\u{feff}edition 1\n{rules}"), format!("edition 1\n{rules}").replace('\n', "\r\n")] {
        assert!(load(&text).diagnostics.is_empty(), "{text:?}");
    }
}

/// What is read on in a mended copy is reported at its place in the text: `（` is longer than the `(` that it becomes, and a
/// closing brace is put past the end.
#[test]
fn places_stand_within_the_text() {
    refused(vec![
        ("a wide bracket", "edition 1\nchannel c = dingtalk(url = env\u{ff08}\"X\"\nchannel d = stdout()\n".to_owned()),
        ("a wide bracket in a table", {
            let table = "table t(written) ignore case {\n  \"\" | \"null\" | ps = dingtalk(url = env\u{ff08}null)\n";
            format!("edition 1\nchannel main {{ else => ops }}\n{table}\nchannel main {{ else => ops }}\n")
        }),
        ("a table without its end", "edition 1\ntable t(a) {\n  \"x\" => 1".to_owned()),
    ]);
}

/// A mapping with so many lets, each made of the one before, of which the status and the key are made.
fn chain(count: usize, value: impl Fn(&str) -> String) -> String {
    let lets = each(count, |at| format!("let l{} = {}\n", at + 1, value(&format!("l{at}"))));
    let fields =
        format!("status = match l{count} {{ \"ok\" => Resolved else => Firing }}\nkey = key(\"k\", l{count}) ?? \"k\"");
    let integration = "channel c = stdout()\nintegration i { keys = [env(\"K\")] m => c }";
    format!(
        "edition 1\nmapping m {{\nseverity = Info\ntitle = \"t\"\nlet l0 = $.a\n{lets}{fields}\n}}\n{integration}\n"
    )
}

#[test]
fn very_many_of_everything() {
    let name = |number: usize| format!("n{number}x{}", number * 7919);
    let arms = |arm: &dyn Fn(usize) -> String| {
        let arms = each(SEVERAL, arm);
        mapping(&format!("title = match $.a {{\n{arms}else => \"x\" }}"))
    };
    survived(vec![
        ("channels", format!("edition 1\n{}", each(SEVERAL, |at| format!("channel {} = stdout()\n", name(at))))),
        ("defines", format!("edition 1\n{}", each(SEVERAL, |at| format!("define d{at} = title == \"x\"\n")))),
        ("lets", mapping(&(each(SEVERAL, |at| format!("let l{at} = $.a{at}\n")) + "title = \"t\""))),
        ("lets of lets", chain(MANY / 5, |before| format!("lower({before})"))),
        ("members of lets", chain(MANY / 5, |before| format!("{before}.x"))),
        ("members of calls of lets", chain(MANY / 5, |before| format!("parse_json({before}).x"))),
        ("lets that double", chain(60, |before| format!("{before}.x ?? {before}.y"))),
        ("lists of lets that double", chain(60, |before| format!("first({before}[?@.x].y) ?? first({before}.z[*])"))),
        ("labels", mapping(&format!("title = \"t\" labels {{ {} }}", each(SEVERAL, |at| format!("l{at} = $.a\n"))))),
        ("routes", {
            let routes = each(SEVERAL, |at| format!("route r{at} when title == \"{at}\" => c\n"));
            format!("edition 1\nchannel c = stdout()\nrouting r {{ {routes} else => c }}")
        }),
        ("arms of texts", arms(&|at| format!("\"a{at}\" => \"x\"\n"))),
        ("arms of numbers", arms(&|at| format!("< {at} => \"x\"\n"))),
        ("arms of globs", arms(&|at| format!("like \"a{at}*b\" => \"x\"\n"))),
        ("arms of beginnings", arms(&|at| format!("starts with \"a{at}x\" => \"x\"\n"))),
        ("the same arm", arms(&|_| "\"a\" => \"x\"\n".to_owned())),
        ("tables", format!("edition 1\n{}", each(SEVERAL, |at| format!("table t{at}(s) {{ else => 1 }}\n")))),
        ("tests", {
            let tests = each(SEVERAL, |at| format!("test \"{at}\" {{ mapping m input {{}} expect 1 event }}\n"));
            mapping("title = \"t\"") + &tests
        }),
        ("dates", {
            let dates = each(SEVERAL, |at| format!("{}-{:02}-{:02}\n", 2000 + at / 336, at / 28 % 12 + 1, at % 28 + 1));
            format!("edition 1\nschedule s in \"UTC\" {{ {dates} }}")
        }),
        ("one line of alternatives", {
            let words: Vec<String> = (0..SEVERAL).map(|at| format!("\"a{at}\"")).collect();
            mapping(&format!("title = match $.a {{ {} => \"x\" else => \"y\" }}", words.join(" | ")))
        }),
        ("defines of defines", {
            let chain = each(SEVERAL, |at| format!("define d{} = d{at} and d{at}\n", at + 1));
            format!("edition 1\ndefine d0 = title == \"x\"\n{chain}")
        }),
        ("routings of routings", {
            let chain = each(SEVERAL, |at| format!("routing r{at} {{ else => routing r{} }}\n", at + 1));
            format!("edition 1\nchannel c = stdout()\n{chain}routing r{SEVERAL} {{ else => c }}\n")
        }),
        ("a cycle of routings", {
            let chain = each(SEVERAL, |at| format!("routing r{at} {{ else => routing r{} }}\n", (at + 1) % SEVERAL));
            format!("edition 1\n{chain}")
        }),
    ]);
}

/// A family of 1,000 members with this beginning of its address.
fn family(address: &str) -> String {
    let members: Vec<String> = (0..1_000).map(|at| format!("\"m{at}\"")).collect();
    let channel =
        format!("channel f[m] in [{}]\n  = webhook(url = \"https://example.com/{address}{{m}}\")", members.join(", "));
    format!("edition 1\n{channel}\nrouting r {{ route a => f[labels.a]  else => f[\"m1\"] }}\n")
}

/// What is written once would be kept for every member.
#[test]
fn families_with_very_long_parameters_are_refused() {
    refused(vec![
        ("a long address", family(&"a".repeat(900_000))),
        ("a column very often", family(&"{m}".repeat(MANY))),
        ("a column very often, beside a secret", family(&format!("{{env(\"K\")}}{}", "{m}".repeat(MANY)))),
    ]);
}

/// What lines require decides where they are filed.
#[test]
fn lines_that_require_very_much() {
    survived(vec![
        ("defines that double", {
            let uses = |at: usize| vec![format!("d{at}"); 9].join(" or ");
            let chain = each(7, |at| format!("define d{} = {}\n", at + 1, uses(at)));
            let routes = each(20, |at| format!("route r{at} when d7 and title == \"{at}\" => c\n"));
            format!(
                "edition 1\nchannel c = stdout()\ndefine d0 = title == \"x\"\n{chain}routing r {{ {routes} else => c }}"
            )
        }),
        ("pieces of pieces", {
            let long = format!("route long when title contains \"{}\" => c\n", "a".repeat(400_000));
            let routes = each(500, |at| format!("route r{at} when title contains \"{}\" => c\n", "a".repeat(at + 1)));
            format!("edition 1\nchannel c = stdout()\nrouting r {{ {long} {routes} else => c }}")
        }),
        ("lists of each of very many labels", {
            let list = |label: usize, at: usize| {
                let texts: Vec<String> = (0..8).map(|text| format!("\"v{text}x{}\"", at % 2)).collect();
                format!("labels.l{label} in [{}]", texts.join(", "))
            };
            let routes = each(20, |at| {
                let lists: Vec<String> = (0..400).map(|label| list(label, at)).collect();
                format!("route r{at} when {} => c\n", lists.join(" and "))
            });
            format!("edition 1\nchannel c = stdout()\nrouting r {{ {routes} else => c }}")
        }),
    ]);
}

#[test]
fn very_many_mistakes() {
    refused(vec![
        ("unknown kinds", format!("edition 1\n{}", each(SEVERAL, |at| format!("channel c{at} = stdot()\n")))),
        ("unknown channels", {
            let routes = each(SEVERAL, |at| format!("route r{at} => nosuch{at}\n"));
            format!("edition 1\nrouting r {{ {routes} }}")
        }),
        ("one name", format!("edition 1\n{}", "channel c = stdout()\n".repeat(SEVERAL))),
        ("no language", format!("edition 1\n{}", "@@@ bad\n".repeat(SEVERAL))),
        ("words alone", format!("edition 1\n{}", "channel\n".repeat(SEVERAL))),
        ("broken statements", mapping(&"title = = 4\n".repeat(SEVERAL))),
        ("idle allows", format!("edition 1\n{}", "allow W0001 because \"x\"\n".repeat(SEVERAL))),
        ("a file in itself", "edition 1\nrouting r { else => c\n".repeat(SEVERAL)),
        ("names of 5,000 letters", {
            let long = "a".repeat(5000);
            let known = each(100, |at| format!("channel {long}{at} = stdout()\n"));
            let routes = each(100, |at| format!("route r{at} => {long}x{at}\n"));
            format!("edition 1\n{known}routing r {{ {routes} }}")
        }),
    ]);
}

/// A large regex is compiled to be measured: that is done for no more than some hundreds.
#[test]
fn large_regexes_are_few() {
    let mut routes = String::new();
    for at in 0..2_000 {
        let _ = writeln!(routes, "route r{at} when title finds /\\w{{200}}\\pL{{200}}{at}/ => c");
    }
    let text = format!("edition 1\nchannel c = stdout()\nrouting r {{ {routes} else => c }}");
    let few = watched("regexes", move || {
        let loaded = load(&text);
        let is_one = |finding: &&Diagnostic| finding.message.contains("large regexes");
        loaded.diagnostics.iter().filter(is_one).count() + loaded.left_out.errors
    });
    assert_eq!(few, 2_000 - pointsman::pattern::MAX_MEASURED);
}

/// Two small files at every byte, the others at every 211th: all bytes of all files are what the fuzz target `rules` does
/// with `truncations`, as an unoptimised build would take many minutes.
#[test]
fn shipped_files_cut_off_anywhere() {
    let mut files = Vec::new();
    gather(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), &mut files);
    files.sort_by_key(String::len);
    assert!(files.len() > 5);
    for (number, text) in files.into_iter().enumerate() {
        let step = if number < 2 { 1 } else { 211 };
        for end in (0..text.len()).step_by(step).filter(|end| text.is_char_boundary(*end)) {
            let cut = text[..end].to_owned();
            watched("a file cut off", move || drop(load(&cut)));
        }
    }
}

fn gather(folder: &std::path::Path, files: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rules") {
            files.push(std::fs::read_to_string(&path).unwrap());
        }
    }
}
