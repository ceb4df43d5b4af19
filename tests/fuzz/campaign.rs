//! A campaign without a fuzzer: seeds, mutated at random for a given time. The same seed gives the same inputs in the
//! same order. An input that takes too long is a failure, as one that panics is; both are printed before the end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest that one input may take in an unoptimised build.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest that an input grows.
const LONGEST: usize = 8192;

/// How many tokens of the seeds are kept to be put elsewhere.
const MOST_WORDS: usize = 4096;

/// The bytes that matter to one syntax or another.
const PUNCTUATION: &[u8] = b" \n\"'()[]{}<>.,:;=!?*&|$@#/\\-+_0a\xC3\xA9\xFF\0";

/// Runs a target on mutated seeds for the seconds and from the seed that the command line gives (10 and 1 if none).
pub fn run(target: fn(&[u8]), seeds: Vec<Vec<u8>>) {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().expect("a number"));
    let duration = Duration::from_secs(arguments.next().unwrap_or(10));
    let seed = arguments.next().unwrap_or(1);
    assert!(!seeds.is_empty(), "there are no seeds");
    let words = words(&seeds);
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let (start, mut inputs) = (Instant::now(), 0_u64);
    while start.elapsed() < duration {
        let input = random.mutated(&seeds, &words);
        let report = Report(&input);
        let began = Instant::now();
        target(&input);
        assert!(began.elapsed() < PATIENCE, "took {:?}", began.elapsed());
        std::mem::forget(report);
        inputs += 1;
    }
    println!("{inputs} inputs from {} seeds in {:?}, seed {seed}: no failure", seeds.len(), start.elapsed());
}

/// Prints the input if the target panics.
struct Report<'i>(&'i [u8]);

impl Drop for Report<'_> {
    fn drop(&mut self) {
        eprintln!("failed on: {:?}\nbytes: {:?}", String::from_utf8_lossy(self.0), self.0);
    }
}

/// The lines of the project's files with these endings, below a folder of the project.
pub fn lines(folder: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let files = files(folder, endings);
    files.iter().flat_map(|text| text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec)).collect()
}

/// The project's files with these endings, below a folder of the project.
pub fn files(folder: &str, endings: &[&str]) -> Vec<Vec<u8>> {
    let mut paths = Vec::new();
    gather(&project().join(folder), endings, &mut paths);
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// The project's folder.
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn gather(folder: &Path, endings: &[&str], paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, endings, paths);
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            paths.push(path);
        }
    }
}

/// A small generator (xorshift), so that a campaign needs no other crate.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or_default() % bound.max(1)
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let (one, other) = (self.below(length + 1), self.below(length + 1));
        let (start, end) = (one.min(other), one.max(other));
        start..end.min(start + 64)
    }

    fn mutated(&mut self, seeds: &[Vec<u8>], words: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].clone();
        if input.len() > LONGEST {
            // A part of a long seed: from one line to another.
            let start = self.below(input.len() - LONGEST);
            let start = input[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            input.drain(..start);
            input.truncate(LONGEST);
        }
        for _ in 0..self.below(6) {
            if self.below(4) == 0 {
                self.spoil(&mut input, seeds)
            } else {
                self.rewrite(&mut input, words)
            }
            input.truncate(LONGEST);
        }
        input
    }

    /// Changes bytes, wherever they stand.
    fn spoil(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.range(input.len());
        let put = match self.below(5) {
            0 => Vec::new(),
            1 => input[at.clone()].repeat(1 + self.below(40)),
            2 => vec![PUNCTUATION[self.below(PUNCTUATION.len())]],
            3 => vec![b' '; 1],
            _ => {
                let other = &seeds[self.below(seeds.len())];
                other[self.range(other.len())].to_vec()
            }
        };
        input.splice(at, put);
    }

    /// Changes whole tokens, lines and bracketed parts, so that most of what comes out still has the language's shape.
    fn rewrite(&mut self, input: &mut Vec<u8>, words: &[Vec<u8>]) {
        let tokens = tokens(input);
        if tokens.is_empty() {
            return;
        }
        let token = tokens[self.below(tokens.len())].clone();
        let other = tokens[self.below(tokens.len())].clone();
        let word = words[self.below(words.len())].clone();
        match self.below(8) {
            0 => drop(input.splice(token, word)),
            1 => drop(input.splice(token.start..token.start, [word, b" ".to_vec()].concat())),
            2 => drop(input.drain(token)),
            3 => {
                let copied = input[other].to_vec();
                input.splice(token, copied);
            }
            4 | 5 => {
                // A part with its brackets takes the place of another, or is wrapped once more, or goes.
                let part = bracketed(input, token.start);
                let put = match self.below(4) {
                    0 => Vec::new(),
                    1 => input[bracketed(input, other.start)].to_vec(),
                    2 => input[part.clone()].repeat(2),
                    _ => [b"(", &input[part.clone()], b")"].concat(),
                };
                input.splice(part, put);
            }
            6 => {
                let line = line(input, token.start);
                let copied = input[line.clone()].to_vec();
                let at = self::line(input, other.start).start;
                if self.below(2) == 0 {
                    input.drain(line);
                } else {
                    input.splice(at..at, copied);
                }
            }
            _ => {
                let number: &[u8] = match self.below(6) {
                    0 => b"18446744073709551617",
                    1 => b"-0.0",
                    2 => b"1e400",
                    3 => b"\"\\u0000\\ud83d\\ude00\"",
                    4 => b"null",
                    _ => b"9007199254740993",
                };
                input.splice(token, number.iter().copied());
            }
        }
    }
}

/// Words, numbers, strings and single signs of a text.
fn tokens(text: &[u8]) -> Vec<std::ops::Range<usize>> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let rest = &text[at..];
        let length = match byte {
            b'"' => string(rest),
            byte if is_word(byte) => rest.iter().take_while(|byte| is_word(byte)).count(),
            _ => 1,
        };
        if !byte.is_ascii_whitespace() {
            found.push(at..at + length);
        }
        at += length;
    }
    found
}

/// The length of the string that a text begins with; its first byte where it does not end on its line.
fn string(rest: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = rest.get(at).filter(|byte| **byte != b'\n') {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    1
}

/// From the next opening bracket to its partner; nothing where there is none.
fn bracketed(text: &[u8], from: usize) -> std::ops::Range<usize> {
    let Some(start) = text.iter().skip(from).position(|byte| b"([{".contains(byte)).map(|at| at + from) else {
        return from..from;
    };
    let mut depth = 0_usize;
    for (at, byte) in text.iter().enumerate().skip(start) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return start..at + 1;
        }
    }
    start..start
}

/// The line that holds a byte, with its end.
fn line(text: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let end = text[at..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |end| at + end + 1);
    start..end
}

/// The tokens of all seeds, each once.
fn words(seeds: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let all = seeds.iter().flat_map(|seed| tokens(seed).into_iter().map(|token| seed[token].to_vec()));
    let different: std::collections::BTreeSet<Vec<u8>> = all.collect();
    let step = different.len().div_ceil(MOST_WORDS).max(1);
    different.into_iter().step_by(step).collect()
}
