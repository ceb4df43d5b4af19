//! A campaign without a fuzzer: seeds, mutated at random for a given time. The same seed gives the same inputs in the
//! same order. An input that takes too long is a failure, as one that panics is; both are printed before the end.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest that one input may take in an unoptimised build.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest that an input grows.
const LONGEST: usize = 4096;

/// The bytes that matter to one syntax or another.
const PUNCTUATION: &[u8] = b" \n\"'()[]{}<>.,:;=!?*&|$@#/\\-+_0a\xC3\xA9\xFF\0";

/// Runs a target on mutated seeds for the seconds and from the seed that the command line gives (10 and 1 if none).
pub fn run(target: fn(&[u8]), seeds: Vec<Vec<u8>>) {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>().expect("a number"));
    let duration = Duration::from_secs(arguments.next().unwrap_or(10));
    let seed = arguments.next().unwrap_or(1);
    assert!(!seeds.is_empty(), "there are no seeds");
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let (start, mut inputs) = (Instant::now(), 0_u64);
    while start.elapsed() < duration {
        let input = random.mutated(&seeds);
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

    fn mutated(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].clone();
        for _ in 0..self.below(5) {
            let at = self.range(input.len());
            let put = match self.below(6) {
                0 => Vec::new(),
                1 => input[at.clone()].repeat(2),
                2 => input[at.clone()].repeat(1 + self.below(40)),
                3 => vec![PUNCTUATION[self.below(PUNCTUATION.len())]],
                4 => seeds[self.below(seeds.len())].clone(),
                _ => {
                    let other = &seeds[self.below(seeds.len())];
                    other[self.range(other.len())].to_vec()
                }
            };
            input.splice(at, put);
            input.truncate(LONGEST);
        }
        input
    }
}
