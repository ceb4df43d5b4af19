//! The program as people start it. A case is a transcript in `cases/cli`: a line `$ pointsman …` is run in a folder of its
//! own, and what follows must be what it says: its output, the standard error behind `!`, its exit code behind `=`.

use crate::common::{Folder, Run};
use expect_test::{expect, expect_file};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The lines of a transcript that are not output. Output stands directly behind its command, and ends with the exit code.
fn commands(transcript: &str) -> impl Iterator<Item = &str> {
    let (mut is_behind_command, mut is_output) = (false, false);
    transcript.lines().filter(move |line| {
        is_output |= is_behind_command && !line.is_empty();
        let is_own = !is_output && line.starts_with(['$', '#', '>']);
        is_output &= !line.starts_with("= ");
        is_behind_command = is_own && line.starts_with('$');
        is_own
    })
}

/// Runs the commands of a transcript, and compares.
fn transcript(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cases/cli/{name}.transcript"));
    let written = fs::read_to_string(&path).expect("the transcript");
    let folder = Folder::new();
    let mut run = String::new();
    for line in commands(&written) {
        writeln!(run, "{line}").expect("a string");
        match line.split_at(1) {
            ("$", words) => run.push_str(&answer(words, &folder)),
            (">", rest) => {
                let (file, text) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
                let file = folder.join(file);
                fs::create_dir_all(file.parent().expect("a folder")).expect("made");
                let mut file = File::options().create(true).append(true).open(file).expect("a file");
                writeln!(file, "{text}").expect("written");
            }
            _ => {}
        }
    }
    expect_file![path].assert_eq(&run);
}

/// What a command writes. `< file` at its end feeds it.
fn answer(words: &str, folder: &Folder) -> String {
    let (words, input) = words.split_once(" < ").map_or((words, None), |(words, file)| (words, Some(file)));
    let mut words = words.split_whitespace();
    assert_eq!(words.next(), Some("pointsman"));
    let mut run = folder.pointsman(words);
    if let Some(file) = input {
        run = run.stdin(fs::read(folder.join(file)).expect("the input"));
    }
    let finished = run.finish();
    let mut text = finished.stdout;
    for line in finished.stderr.lines() {
        writeln!(text, "!{}{line}", if line.is_empty() { "" } else { " " }).expect("a string");
    }
    let code = finished.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
    text + &format!("= {code}\n\n")
}

/// Starts a program whose streams the test holds.
fn start(run: Run, stderr: Stdio) -> Child {
    run.command().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr).spawn().expect("starts")
}

#[test]
fn help_teaches() {
    transcript("help");
}

#[test]
fn configurations_are_imported_with_a_certificate() {
    transcript("import");
}

#[test]
fn proofs_stop_checks_and_tests() {
    transcript("proofs");
}

#[test]
fn help_fits_eighty_columns_and_lists_exit_codes() {
    let folder = Folder::new();
    let commands = [
        "",
        "init",
        "check",
        "run",
        "send",
        "test",
        "explain",
        "diff",
        "events",
        "dead",
        "dead list",
        "dead retry",
        "dead drop",
        "quarantine",
        "quarantine list",
        "quarantine show",
        "quarantine replay",
        "rehearse",
        "replay",
        "watch",
        "serve",
        "status",
        "keys",
        "keys new",
        "completions",
        "man",
    ];
    for command in commands {
        let help = folder.pointsman(command.split_whitespace().chain(["--help"])).env("COLUMNS", "80").finish().stdout;
        assert!(help.contains("Exit codes:"), "{command}: {help}");
        let lines: Vec<&str> = help.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{command}: {help}");
        // A short line in the middle of a paragraph was broken by hand.
        let after = lines.iter().rposition(|line| line.starts_with("  -h, --help")).expect("the help");
        let broken = lines[after..].windows(2).find(|pair| {
            let next = pair[1].split(' ').next().unwrap_or_default();
            let continues = next.starts_with(|first: char| first.is_ascii_lowercase() || first == '`');
            continues && pair[0].starts_with(char::is_alphabetic) && pair[0].len() + next.len() < 79
        });
        assert_eq!(broken, None, "{command}");
        // An indented line that does not fit goes on without its indentation.
        let wrapped = lines[after..]
            .windows(2)
            .find(|pair| pair[0].starts_with("  ") && pair[1].starts_with(|first| first != ' '));
        assert_eq!(wrapped, None, "{command}");
    }
}

#[test]
fn completions_and_pages_name_every_command() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = folder.pointsman(["completions", shell]).finish();
        assert_eq!(script.code, Some(0), "{shell}: {}", script.stderr);
        for word in ["quarantine", "keep-for", "deny-warnings"] {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
    let pages = folder.pointsman(["man", "share/man1"]).finish();
    assert_eq!(pages.code, Some(0), "{}", pages.stderr);
    for (page, words) in
        [("pointsman", "pointsman\\-check"), ("pointsman-dead-retry", "EXTRA"), ("pointsman-run", "samples")]
    {
        let text = fs::read_to_string(folder.join(format!("share/man1/{page}.1"))).expect(page);
        assert!(text.contains(words), "{page}: {text}");
    }
}

#[test]
fn wrong_usage_is_told_apart() {
    transcript("usage");
}

#[test]
fn init_overwrites_nothing() {
    transcript("init");
}

#[test]
fn the_starter_rules_pass_their_own_checks() {
    transcript("starter");
}

#[test]
fn statements_about_all_events() {
    transcript("prove");
}

#[test]
fn families_of_channels() {
    transcript("families");
}

#[test]
fn rules_that_cannot_be_read() {
    transcript("unreadable");
}

#[test]
fn a_file_that_is_not_utf8_has_one_finding() {
    let folder = Folder::new();
    let rules =
        b"edition 1\nchannel a = stdout()\nrouting main {\n  route x when labels.a == \"\xff\" => a\n  else => b\n}\n";
    fs::write(folder.join("a.rules"), rules).expect("written");
    fs::write(folder.join("b.rules"), "edition 1\nrouting other { else => declared_after_the_byte }\n")
        .expect("written");
    let finished = folder.pointsman(["check", "--format", "short"]).finish();
    let expected =
        "a.rules:4:29: error[E0156]: the file is not UTF-8: byte 0xFF stands here; help: save the file as UTF-8\n";
    assert_eq!((finished.code, &*finished.stdout), (Some(1), expected));
}

#[test]
fn a_key_is_for_the_variable_that_the_rules_name() {
    let folder = Folder::new();
    let keys = ["keys", "new", "--integration", "demo"];
    let told = folder.pointsman(keys).finish().stdout;
    let unknown = "write     it to the variable that `keys` of `demo` names; `--rules PATH` shows which\n";
    assert!(told.contains(unknown), "{told}");
    let rules = "edition 1\nmapping m { title = \"a\"  severity = Info  status = Firing  key = \"a\" }\n\
                 channel a = stdout()\nintegration demo { keys = [env(\"OTHER\")]  m => a }\n";
    fs::write(folder.join("a.rules"), rules).expect("written");
    let told = folder.pointsman(keys.into_iter().chain(["--rules", "a.rules"])).finish().stdout;
    assert!(told.contains("write     OTHER="), "{told}");
}

#[test]
fn check_says_what_is_wrong() {
    transcript("check");
}

#[test]
fn tests_are_suggested_for_what_no_test_reaches() {
    transcript("suggest");
}

#[test]
fn test_changes_rules_and_says_what_no_test_notices() {
    transcript("mutate");
}

#[test]
fn files_are_formatted() {
    transcript("format");
}

#[test]
fn routings_are_shown_as_trees() {
    transcript("routes");
}

#[test]
fn an_option_of_a_question_says_one_thing() {
    let rules = "edition 1\nchannel page = stdout()\nrouting main { else => page }\n";
    let folder = Folder::new().file("shop.rules", rules);
    let refused = |words: [&str; 4]| {
        let finished = folder.pointsman(["prove", "--routing"]).args(words).finish();
        assert_eq!((finished.code, &*finished.stdout), (Some(2), ""), "{words:?}: {}", finished.stderr);
    };
    refused(["main", "--when", "severity == Critical expect sent []", "--expect=not dropped"]);
    refused(["main when severity == Info", "--when", "severity == Critical", "--expect=not dropped"]);
    refused([
        "main",
        "--expect",
        "not dropped } channel more = stdout() prove \"y\" { routing main expect not dropped",
        "--color=never",
    ]);
    refused(["main", "--expect", "not dropped expect nothing", "--color=never"]);
    folder.pointsman(["prove", "--routing", "main", "--when", "severity == Critical # urgent"]).run();
}

#[test]
fn check_compares_rules_with_samples() {
    transcript("samples");
}

#[test]
fn samples_that_are_not_read_are_named() {
    let rules = "edition 1\nmapping m { severity = Info  status = Firing  title = \"x\"  key = \"k\" }\n";
    let folder = Folder::new().file("shop.rules", rules).file("many/large.json", "");
    let large = File::options().write(true).open(folder.join("many/large.json")).expect("a file");
    large.set_len(32 * 1024 * 1024 + 1).expect("a hole");
    for number in 0..10_001 {
        fs::write(folder.join(format!("many/z{number}.json")), "{}").expect("written");
    }
    symlink(".", folder.join("many/again")).expect("a circle");
    let fifo = Command::new("mkfifo").arg(folder.join("many/pipe.json")).status();
    assert!(fifo.is_ok_and(|status| status.success()), "a pipe");
    let finished = folder.pointsman(["check", "shop.rules", "--samples", "many"]).finish();
    expect![[r"
        warning: only 10000 samples are read: 1 file left out
        warning: only 32 MiB of samples are read: `many/large.json` left out
        help: take a part of a large file, as `head -n 1000` does for NDJSON
    "]]
    .assert_eq(&finished.stderr);
    assert!(finished.stdout.contains("compared with 10000 payloads of 10000 files"), "{}", finished.stdout);
    symlink("nowhere", folder.join("many/gone.json")).expect("a link");
    let failed = folder.pointsman(["check", "shop.rules", "--samples", "many"]).code(3).run().stderr;
    assert!(failed.contains("cannot read `many/gone.json`"), "{failed}");
}

#[test]
fn run_goes_on_after_a_bad_document() {
    transcript("run");
}

#[test]
fn headers_and_the_path_of_a_request_are_inputs() {
    transcript("requests");
}

#[test]
fn run_reads_events_that_it_wrote() {
    transcript("events");
}

#[test]
fn send_shows_request_and_answer() {
    transcript("send");
}

#[test]
fn explain_tells_why() {
    transcript("explain");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::new();
    let mut child = start(folder.pointsman(["--help"]), Stdio::piped());
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code().is_some() && !told.contains("panicked"), "{told}");
}

#[test]
fn a_run_whose_reader_goes_away_ends_quietly() {
    let folder = Folder::new();
    folder.pointsman(["init", "rules"]).run();
    let payload = r#"{"alerts":[{"status":"firing","labels":{"alertname":"DiskFull","severity":"critical"}}]}"#;
    folder.write("many.json", format!("{payload}\n").repeat(20_000));
    let mut child = start(folder.pointsman(["run", "--rules", "rules", "many.json"]), Stdio::piped());
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
    let output = child.wait_with_output().expect("ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(first.starts_with(r#"{"outcome":"sent""#), "{first}");
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(!told.contains("panicked") && !told.contains("error"), "{told}");
}

#[test]
fn a_run_is_the_same_on_any_number_of_threads() {
    let folder = Folder::new();
    folder.pointsman(["init", "rules"]).run();
    let mut input = String::new();
    for number in 0..4_000 {
        input += &format!(r#"{{"alerts":[{{"labels":{{"alertname":"n{number}"}}}}]}}"#);
        input += match number % 500 {
            0 => "\n{\"cut\":\n",
            1 => "\n{\n  \"alerts\": [\n  ]\n}\n",
            2 => "\n{\n  \"alerts\": [\n",
            _ => "\n",
        };
    }
    // A document that is longer than several blocks.
    let element = format!(" {{\"labels\": {{\"alertname\": \"{}\"}}}}", "x".repeat(200));
    input += &format!("{{\n\"alerts\": [\n{}{element}\n]\n}}\n", format!("{element},\n").repeat(9_000));
    input += "{\"alerts\":[]}\nthe end";
    folder.write("many.json", input);
    let run = |threads: &str| {
        let arguments = ["run", "--rules", "rules", "--at", "2026-03-07", "--threads", threads, "many.json"];
        folder.pointsman(arguments).code(1).run()
    };
    let (one, three) = (run("1"), run("3"));
    assert!(one == three, "{}{}", one.stderr, three.stderr);
    assert!(one.stderr.ends_with("13001 sent, 9 empty, 17 invalid\n"), "{}", one.stderr);
}

/// A byte order mark counts at the beginning of an input alone, and what was judged before on a line counts as columns.
/// Outcomes are shown before a block that has very much to say was judged to its end.
#[test]
fn a_run_that_says_much_says_all_of_it() {
    let folder = Folder::new();
    let rules = format!(
        "edition 1\nmapping m {{\nseverity = Info\nstatus = Firing\ntitle = \"{}\"\nkey = \"k\"\n}}\n",
        "{$.a}".repeat(40)
    );
    folder.write("m.rules", rules);
    let line = |number: usize| match number % 50 {
        0 => "{\"a\":,}\n".to_owned(),
        _ => format!("{{\"a\":\"{number}{}\"}}\n", "x".repeat(1_000)),
    };
    let input: Vec<_> = (1..=1_000).map(line).collect();
    folder.write("in.json", input.concat());
    let run = |threads: &str| {
        let arguments = ["run", "--rules", "m.rules", "--mapping", "m", "--threads", threads, "in.json"];
        folder.pointsman(arguments).code(1).run()
    };
    let one = run("1");
    assert!(one == run("3"));
    let (outcomes, errors) = (one.stdout, one.stderr);
    for (outcome, number) in outcomes.lines().zip(1..) {
        let begins = if number % 50 == 0 { format!("\"line\":{number},") } else { format!("\"title\":\"{number}x") };
        assert!(outcome.contains(&begins), "{number}: {}", &outcome[..200]);
    }
    assert_eq!(outcomes.lines().count(), 1_000);
    assert_eq!(errors.lines().filter(|line| line.contains("in.json:") && line.contains("50:6: ")).count(), 10);
    assert!(errors.ends_with("980 events, 20 invalid\n"), "{errors}");
}

#[test]
fn places_are_those_of_the_whole_input() {
    let folder = Folder::new();
    let rules = "edition 1\nchannel c = stdout()\nrouting main { else => c }\n";
    folder.write("it.rules", rules);
    let events = "\u{feff}{\"title\":1}\n{} {\"title\":\n2}\n\u{feff}{}\n";
    folder.write("events.json", events);
    let arguments = ["run", "--rules", "it.rules", "--events", "--routing", "main", "events.json"];
    let said = folder.pointsman(arguments).code(1).run().stderr;
    for place in ["events.json:1:1: ", "events.json:2:1: ", "events.json:2:4: ", "events.json:4:1: expected a value"] {
        assert!(said.contains(place), "{place}{said}");
    }
}

#[test]
fn a_run_answers_while_its_input_goes_on() {
    let folder = Folder::new();
    folder.pointsman(["init", "rules"]).run();
    let mut child = start(folder.pointsman(["run", "--rules", "rules"]), Stdio::null());
    let mut input = child.stdin.take().expect("piped");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    for expected in ["empty", "unaccepted", "invalid"] {
        let text = match expected {
            "empty" => "{\"alerts\":\n[]\n}\n",
            "unaccepted" => "{}\n",
            _ => "nonsense\n",
        };
        for line in text.split_inclusive('\n') {
            input.write_all(line.as_bytes()).expect("written");
            input.flush().expect("written");
        }
        let mut line = String::new();
        output.read_line(&mut line).expect("a line");
        assert!(line.starts_with(&format!("{{\"outcome\":\"{expected}\"")), "{line}");
    }
    drop(input);
    assert_eq!(child.wait().expect("ends").code(), Some(1));
}

#[test]
fn a_run_whose_reader_goes_away_does_not_wait_for_its_input() {
    let folder = Folder::new();
    folder.pointsman(["init", "rules"]).run();
    for threads in ["1", "3"] {
        let arguments = ["run", "--rules", "rules", "--threads", threads];
        let mut child = start(folder.pointsman(arguments), Stdio::null());
        let mut input = child.stdin.take().expect("piped");
        input.write_all(b"{\"alerts\":[]}\n").expect("written");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
        assert!(line.starts_with("{\"outcome\":\"empty\""), "{line}");
        // The next outcome finds nobody; the input stays open.
        input.write_all(b"{\"alerts\":[]}\n").expect("written");
        assert_eq!(child.wait().expect("ends").code(), Some(0));
        drop(input);
    }
}

#[test]
fn colour_only_where_it_is_asked_for() {
    let folder = Folder::new();
    let errors = |arguments: &[&str], environment: &[(&str, &str)]| {
        let run = folder.pointsman(arguments).env_remove("NO_COLOR").env("TERM", "xterm");
        environment.iter().fold(run, |run, (name, value)| run.env(name, value)).finish().stderr
    };
    assert!(!errors(&["explain", "E9999"], &[]).contains('\u{1b}'));
    assert!(!errors(&["explain", "E9999", "--color", "auto"], &[("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!errors(&["explain", "E9999", "--color", "never"], &[("CLICOLOR_FORCE", "1")]).contains('\u{1b}'));
    assert!(errors(&["--color", "always", "explain", "E9999"], &[("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!errors(&["explain", "E9999\u{1b}[2J"], &[]).contains('\u{1b}'));
}
