//! How helpful the messages are: single-token edits over the shipped rule sets, as a hurried author or one who comes from
//! another language makes them, and whether each message that follows shows a way out.
//!
//! `cargo bench --bench edits -- [COUNT] [SEED] [LEAST]`: makes COUNT edits (insert, delete, swap, replace by a word of YAML,
//! PromQL, CEL, Rego, VRL or Python), runs the parser and `check` after each, and groups by text the messages that show no way
//! out. Exit code 1 where fewer than LEAST percent of the edits that give errors are answered.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a campaign reads the shipped sets, prints, and may fail by a panic"
)]

use pointsman::check::{self, CheckEnvironment};
use pointsman::diagnostic::{Diagnostic, DiagnosticLevel, Findings};
use pointsman::source::Sources;
use pointsman::syntax;
use pointsman::time::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Words and signs that authors bring along.
const FOREIGN: &[&str] = &[
    // YAML and Alertmanager
    "-",
    ":",
    "receiver:",
    "continue",
    "yes",
    "~",
    "match_re",
    "group_by", // PromQL
    "by",
    "unless",
    "offset",
    "=~",
    "!~",
    "[5m]",
    "on",
    "rate", // CEL
    "&&",
    "||",
    "!",
    "?",
    "has",
    "size", // Rego
    ":=",
    "some",
    "every",
    "input",
    "package",
    "with",
    "default", // VRL
    ".",
    "string!",
    "exists",
    "abort",
    "del", // Python
    "if",
    "elif",
    "None",
    "True",
    "return",
    "def",
    "'x'",
    "f\"x\"",
    "pass",
    "===",
    "is",
    "in",
    "not",
    "and",
];

/// How many groups of messages are printed.
const SHOWN: usize = 100;

fn main() -> ExitCode {
    let words: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let count = words.first().copied().unwrap_or(5_000);
    let mut random = Random(words.get(1).copied().unwrap_or(1) | 1);
    let set = ShippedSet::read();
    let mut tally = Tally::default();
    for _ in 0..count {
        if let Some(edit) = Edit::choose(&set, &mut random) {
            tally.add(&edit, &set);
        }
    }
    tally.print();
    match words.get(2) {
        Some(least) if tally.share() < *least as f64 => ExitCode::FAILURE,
        Some(_) | None => ExitCode::SUCCESS,
    }
}

/// All shipped rule files: `check` reads them as one set.
struct ShippedSet {
    /// The path below `rules` and the text of each file.
    files: Vec<(String, String)>,
}

impl ShippedSet {
    fn read() -> Self {
        let sorted = |folder: &Path| {
            let mut paths: Vec<PathBuf> =
                std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            paths
        };
        let root = Self::root();
        let folders = sorted(&root).into_iter().filter(|path| path.is_dir());
        let paths = folders.flat_map(|folder| sorted(&folder));
        let rules = paths.filter(|path| path.extension().is_some_and(|extension| extension == "rules"));
        let file = |path: PathBuf| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        };
        Self { files: rules.map(file).collect() }
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
    }

    /// The findings of `check`, with one file replaced.
    fn check(&self, edited: usize, text: &str) -> Vec<Diagnostic> {
        let mut sources = Sources::default();
        let texts =
            self.files.iter().enumerate().map(|(at, (name, old))| (name, if at == edited { text } else { old }));
        let ids: Vec<_> = texts.map(|(name, text)| sources.add(name, text)).collect();
        let mut findings = Findings::default();
        let parse = |id| findings.add_with(|diagnostics| syntax::parse(&sources, id, diagnostics));
        let files: Vec<_> = ids.into_iter().map(parse).collect();
        let root = Self::root();
        let read = |path: &Path| std::fs::read_to_string(root.join(path)).map_err(|_| "no such file".to_owned());
        let at = Timestamp::read("2026-11-20T12:00:00Z");
        let (_, findings) = check::check(&files, &CheckEnvironment { sources: &sources, read: &read, at }, findings);
        findings.finish().0
    }
}

/// One edit of one token.
struct Edit {
    file: usize,
    text: String,
    /// What was done, and the line that it leaves.
    what: String,
}

impl Edit {
    fn choose(set: &ShippedSet, random: &mut Random) -> Option<Self> {
        let file = random.below(set.files.len());
        let text = &set.files[file].1;
        let tokens = tokens(text);
        let at = random.below(tokens.len());
        let (start, end) = *tokens.get(at)?;
        let word = FOREIGN[random.below(FOREIGN.len())];
        let old = &text[start..end];
        let (range, new, what) = match random.below(4) {
            0 => (start..start, format!("{word} "), format!("insert {word}")),
            1 => (start..end, String::new(), format!("delete {old}")),
            2 => {
                let (from, to) = *tokens.get(at + 1)?;
                let swapped = format!("{}{}{old}", &text[from..to], &text[end..from]);
                (start..to, swapped, format!("swap {old}, {}", &text[from..to]))
            }
            _ => (start..end, word.to_owned(), format!("replace {old} by {word}")),
        };
        let mut edited = text.clone();
        edited.replace_range(range, &new);
        let line_start = edited[..start].rfind('\n').map_or(0, |at| at + 1);
        let line = edited[line_start..].lines().next().unwrap_or_default().trim();
        let what = format!("{what}: {line}");
        (edited != *text).then_some(Self { file, text: edited, what })
    }
}

/// The tokens of a text: strings, numbers, words, signs. Comments and blanks are left out.
fn tokens(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'@');
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let length = match byte {
            b'#' => {
                at += line;
                continue;
            }
            b'"' => rest[1..line].iter().position(|byte| *byte == b'"').map_or(line, |close| close + 2),
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            byte if is_word(byte) => rest.iter().position(|byte| !is_word(byte)).unwrap_or(rest.len()),
            _ if ["=>", "==", "!=", "<=", ">=", "??", "..", "->"]
                .iter()
                .any(|sign| rest.starts_with(sign.as_bytes())) =>
            {
                2
            }
            byte if byte.is_ascii() => 1,
            _ => text[at..].chars().next().map_or(1, char::len_utf8),
        };
        tokens.push((at, at + length));
        at += length;
    }
    tokens
}

/// What the edits gave.
#[derive(Default)]
struct Tally {
    edits: usize,
    /// Edits after which the set still holds no error.
    accepted: usize,
    /// Edits each of whose errors shows a way out.
    answered: usize,
    /// Edits each of whose errors has a fix that an editor can apply.
    fixed: usize,
    /// Edits that give more errors than one.
    several: usize,
    /// Messages without a way out, with how often each was given, and the first edits that gave it.
    silent: BTreeMap<String, (usize, Vec<String>)>,
}

impl Tally {
    fn add(&mut self, edit: &Edit, set: &ShippedSet) {
        let mut found = set.check(edit.file, &edit.text);
        found.retain(|finding| finding.level() == DiagnosticLevel::Error);
        self.edits += 1;
        self.accepted += usize::from(found.is_empty());
        self.several += usize::from(found.len() > 1);
        let silent: Vec<&Diagnostic> = found.iter().filter(|finding| !shows_way_out(finding)).collect();
        self.answered += usize::from(!found.is_empty() && silent.is_empty());
        let has_fix = |finding: &Diagnostic| finding.help.iter().any(|help| help.edit.is_some());
        self.fixed += usize::from(!found.is_empty() && found.iter().all(has_fix));
        for finding in silent {
            let group = format!("{} {}", finding.code.id, without_names(&finding.message));
            let (count, examples) = self.silent.entry(group).or_default();
            *count += 1;
            if examples.len() < 3 {
                examples.push(format!("{}\n        {}", edit.what, finding.message));
            }
        }
    }

    /// How many of a hundred edits that give errors are answered.
    fn share(&self) -> f64 {
        100.0 * self.answered as f64 / (self.edits - self.accepted).max(1) as f64
    }

    fn print(&self) {
        let mut groups: Vec<_> = self.silent.iter().collect();
        groups.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        for (message, (count, examples)) in groups.iter().take(SHOWN) {
            println!("{count:5} {message}");
            for example in examples {
                println!("      {example}");
            }
        }
        let wrong = self.edits - self.accepted;
        println!("{} edits, {} without an error, {wrong} with errors", self.edits, self.accepted);
        println!(
            "{} of them answered ({:.1} %), {} give more than one error",
            self.answered,
            self.share(),
            self.several
        );
        println!("{} of them with a fix that an editor can apply", self.fixed);
        println!("{} messages without a way out", groups.len());
    }
}

/// A help, a suggestion, or an `expected` that names one thing as it is written.
fn shows_way_out(finding: &Diagnostic) -> bool {
    let expected = finding.message.split_once("expected ").map_or("", |(_, rest)| rest);
    let expected = expected.split(", found").next().unwrap_or_default();
    let expected = expected.split(" after `").next().unwrap_or_default();
    let one = expected.contains('`') && !expected.contains(" or ") && !expected.contains("one of");
    !finding.help.is_empty() || one
}

/// A message whose quoted words are left out, those after `expected` apart.
fn without_names(message: &str) -> String {
    let (kept, rest) = match message.find("expected ") {
        Some(_) => {
            let end = message.find(", found").or(message.find(" after `")).unwrap_or(message.len());
            message.split_at(end)
        }
        None => ("", message),
    };
    let parts = rest.split('`').enumerate().map(|(at, part)| if at % 2 == 1 { "`…`" } else { part });
    format!("{kept}{}", parts.collect::<String>())
}

/// Numbers that a seed repeats.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }
}
