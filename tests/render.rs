//! All formats of diagnostics, for spans that are hard to show. The snapshots are in `cases/render`.

use expect_test::expect_file;
use pointsman::diagnostic::{Diagnostic, DiagnosticCode, DiagnosticFormat, render, summary};
use pointsman::source::{FileId, Sources, Span};

static UNKNOWN: DiagnosticCode = DiagnosticCode {
    id: "E0031",
    title: "unknown channel",
    page: "# E0031: unknown channel\n\nA routing names a channel that no file declares.\n\n```rules fails\nedition 1\n```\n",
};
static TWICE: DiagnosticCode =
    DiagnosticCode { id: "E0030", title: "duplicate name", page: "# E0030: duplicate name\n\nTwo.\n" };
static UNUSED: DiagnosticCode =
    DiagnosticCode { id: "W0001", title: "unused", page: "# W0001: unused\n\nNothing uses it.\n" };

const ROUTES: &str = "\
edition 1

channel payments_page = stdout()

routing main {
\troute payments when labels.team == \"payments\" => payment_page
  else => payments_page
}
";

/// The span of the nth `word` of a text, from 0.
fn at(file: FileId, text: &str, word: &str, nth: usize) -> Span {
    let (start, _) = text.match_indices(word).nth(nth).expect("the word occurs");
    Span::new(file, start, start + word.len())
}

fn all(name: &str, diagnostics: &[Diagnostic], sources: &Sources) {
    let formats = [
        (DiagnosticFormat::Human, "human"),
        (DiagnosticFormat::Short, "short"),
        (DiagnosticFormat::Json, "json"),
        (DiagnosticFormat::Sarif, "sarif"),
    ];
    for (format, ending) in formats {
        let text = render(format, diagnostics, sources);
        expect_file![format!("cases/render/{name}.{ending}")].assert_eq(&text);
    }
}

fn human(name: &str, diagnostics: &[Diagnostic], sources: &Sources) {
    let text = render(DiagnosticFormat::Human, diagnostics, sources);
    expect_file![format!("cases/render/{name}.human")].assert_eq(&text);
}

#[test]
fn an_ordinary_finding_in_every_format() {
    let mut sources = Sources::default();
    let routes = sources.add("./rules/routes with blanks.rules", ROUTES);
    let other = "edition 1\nchannel payments_page = discard()\n";
    let channels = sources.add("rules/channels.rules", other);
    let wrong = at(routes, ROUTES, "payment_page", 0);
    let unknown = Diagnostic::new(&UNKNOWN, wrong, "no channel is called `payment_page`")
        .label("not declared")
        .related(at(routes, ROUTES, "payments_page", 0), "a channel of nearly that name is declared here")
        .note("channels are declared by `channel name = kind(…)` in any file of the rule set")
        .suggest("write `payments_page`", wrong, "payments_page")
        .help("or declare it:\nchannel payment_page = stdout()");
    let twice =
        Diagnostic::new(&TWICE, at(channels, other, "payments_page", 0), "two channels are called `payments_page`")
            .related(at(routes, ROUTES, "payments_page", 0), "first declared here");
    let unused = Diagnostic::new(&UNUSED, at(routes, ROUTES, "main", 0), "the routing `main` is used by nothing");
    let diagnostics = [unknown, twice, unused];
    all("ordinary", &diagnostics, &sources);
    assert_eq!(summary(&diagnostics), "2 errors, 1 warning");
    assert_eq!(summary(&[]), "no problems");
}

#[test]
fn the_coloured_text_is_the_same() {
    let mut sources = Sources::default();
    let file = sources.add("a.rules", ROUTES);
    let finding = [Diagnostic::new(&UNKNOWN, at(file, ROUTES, "main", 0), "no")];
    let (plain, colored) = (
        render(DiagnosticFormat::Human, &finding, &sources),
        render(DiagnosticFormat::HumanInColor, &finding, &sources),
    );
    assert!(!plain.contains('\u{1b}'));
    assert!(colored.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn unusual_spans() {
    let text = "edition 1\r\nrouting main {\r\n  else => a\r\n}\r\nchannel 报警渠道 = stdout()\r\n";
    let mut sources = Sources::default();
    let file = sources.add("odd.rules", text);
    let empty = sources.add("empty.rules", "");
    let whole = Span::new(file, 11, text.find("}\r\n").expect("brace") + 3);
    let diagnostics =
        [
            Diagnostic::new(&UNKNOWN, Span::new(file, text.len(), text.len()), "an empty span at the end of the file")
                .label("here"),
            Diagnostic::new(&UNKNOWN, Span::new(empty, 0, 0), "an empty file").label("nothing"),
            Diagnostic::new(&UNKNOWN, whole, "several lines").label("all of this"),
            Diagnostic::new(&UNKNOWN, at(file, text, "报警渠道", 0), "wide characters")
                .label("names are ASCII")
                .suggest("name it", at(file, text, "报警渠道", 0), "page"),
            Diagnostic::new(&UNKNOWN, Span::new(file, 53, 54), "within a character, and past the end")
                .related(Span::new(file, 5_000, 6_000), "past"),
            Diagnostic::new(&UNKNOWN, at(file, text, "else", 0), "an edit that takes a whole line")
                .suggest("remove the line", Span::new(file, 27, 40), "")
                .suggest("add a line", Span::new(file, 27, 27), "  route x => a\r\n"),
        ];
    all("odd", &diagnostics, &sources);
}

#[test]
fn control_characters_of_users_are_escaped() {
    let text = "edition 1\nchannel \u{1b}[31mred\u{9b}2J\u{202e}\0\u{feff} = stdout()\r\nlone\rreturn\n";
    let mut sources = Sources::default();
    let file = sources.add("evil\u{1b}]0;name\u{7}.rules", text);
    let evil = "\u{1b}[2J\u{202e}\u{9b}31m\r\0";
    let finding = Diagnostic::new(&UNKNOWN, at(file, text, "red", 0), format!("message {evil}"))
        .label(format!("label {evil}"))
        .related(at(file, text, "return", 0), format!("related {evil}"))
        .note(format!("note {evil}"))
        .help(format!("help {evil}"))
        .suggest(format!("edit {evil}"), at(file, text, "red", 0), format!("text {evil}"));
    for format in [DiagnosticFormat::Human, DiagnosticFormat::Short, DiagnosticFormat::Json, DiagnosticFormat::Sarif] {
        let shown = render(format, std::slice::from_ref(&finding), &sources);
        let raw = shown.chars().find(|character| {
            *character != '\n' && (character.is_control() || ['\u{202e}', '\u{feff}'].contains(character))
        });
        assert_eq!(raw, None, "{format:?}\n{shown}");
    }
    human("escapes", &[finding], &sources);
}

#[test]
fn distant_spans_of_one_file_are_shown_separately() {
    let text = format!("edition 1\n# first\n{}# last\n", "# between, a line that nobody needs\n".repeat(500));
    let mut sources = Sources::default();
    let file = sources.add("far.rules", &text);
    let finding = Diagnostic::new(&TWICE, at(file, &text, "last", 0), "two of them")
        .label("again here")
        .related(at(file, &text, "first", 0), "first here")
        .related(at(file, &text, "nobody", 250), "seen here");
    let long = Diagnostic::new(&UNKNOWN, Span::new(file, 10, text.len()), "five hundred lines")
        .label("from here")
        .suggest("remove them", Span::new(file, 10, text.len()), "");
    human("far", &[finding, long], &sources);
}

#[test]
fn a_line_of_ten_megabytes_is_cut() {
    let filler = "报警 \"x\" ".repeat(300_000);
    let text = format!("edition 1\n{filler}wrong{filler}right{filler}\n");
    let mut sources = Sources::default();
    let file = sources.add("long.rules", &text);
    let wrong = at(file, &text, "wrong", 0);
    let finding = Diagnostic::new(&UNKNOWN, wrong, "this is wrong")
        .label("here")
        .related(at(file, &text, "right", 0), "far away in the same line")
        .suggest("write `good`", wrong, "good");
    let start = std::time::Instant::now();
    all("long", std::slice::from_ref(&finding), &sources);
    let whole = Diagnostic::new(&UNKNOWN, Span::new(file, 0, text.len()), "x".repeat(1 << 20));
    assert!(render(DiagnosticFormat::Human, &[whole], &sources).len() < 10_000);
    let near = |number: usize| Span::new(file, wrong.range().start - 11 * number, wrong.range().start);
    let many: Vec<Diagnostic> = (0..5_000).map(|number| Diagnostic::new(&UNKNOWN, near(number), "near")).collect();
    for format in [DiagnosticFormat::Short, DiagnosticFormat::Json] {
        assert_eq!(render(format, &many, &sources).lines().count(), 5_000);
    }
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn the_human_format_shows_a_hundred_findings_and_others_all() {
    let mut sources = Sources::default();
    let file = sources.add("many.rules", ROUTES);
    let place = at(file, ROUTES, "main", 0);
    let warnings = (0..150).map(|number| Diagnostic::new(&UNUSED, place, format!("unused {number}")));
    let error = Diagnostic::new(&UNKNOWN, place, "the one that matters");
    let diagnostics: Vec<Diagnostic> = warnings.chain([error]).collect();
    let shown = render(DiagnosticFormat::Human, &diagnostics, &sources);
    assert!(shown.contains("the one that matters"));
    assert_eq!(shown.matches("warning[W0001]").count(), 99);
    assert!(shown.ends_with("not shown: 51 more problems; `pointsman check` shows them\n\n"), "{shown}");
    assert_eq!(render(DiagnosticFormat::Short, &diagnostics, &sources).lines().count(), 151);
}
