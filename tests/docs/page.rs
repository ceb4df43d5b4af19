//! A page whose commands are run as a reader would run them, with the built program in the place of `cargo run` and of
//! the installed one.
//!
//! A block `sh background` starts a gateway, on free ports and a state directory of its own, which the commands after it
//! reach; a block `sh elsewhere` is for another machine and not run. Where the machine has no curl, its part is played.

use super::{blocks, read, root};
use crate::common::{Folder, PROGRAM};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Where pages say that a gateway listens.
const LISTEN: &str = "127.0.0.1:8480";
/// How long a gateway may take until what was pushed is settled, and to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs all commands of a page and compares what they print with what the page shows.
pub(super) fn run(page: &str) {
    let blocks = blocks(&read(page));
    let folder = Folder::new();
    let mut files: Vec<String> = Vec::new();
    let mut gateway: Option<Gateway> = None;
    let mut problems = String::new();
    for (index, block) in blocks.iter().enumerate() {
        if let [kind, file] = block.words.as_slice()
            && ["rules", "csv", "json"].contains(&kind.as_str())
        {
            folder.write(file, &block.text);
            files.push(file.clone());
        }
        if !block.is("sh") {
            continue;
        }
        match block.words.get(1).map(String::as_str) {
            Some("elsewhere") => continue,
            Some("background") => {
                gateway = Some(Gateway::start(block.text.trim(), &folder.join("state")));
                continue;
            }
            Some(word) => panic!("{page}:{}: no block of commands is `{word}`", block.line),
            None => {}
        }
        let beside = files.iter().any(|file| block.text.contains(file.as_str()));
        let place = if beside { folder.path().to_owned() } else { root() };
        let shown = blocks.get(index + 1).filter(|next| next.is("text") && next.follows);
        let wanted = shown.map_or("…\n", |shown| &shown.text);
        if let Err(output) = show(&block.text, &place, gateway.as_ref(), wanted) {
            let _ = writeln!(problems, "{page}:{}: shows\n{wanted}\nbut it is\n{output}", block.line);
        }
    }
    drop(gateway);
    assert!(problems.is_empty(), "{problems}");
}

/// Runs the lines of a block. What asks a gateway is asked again until it shows what it should: deliveries are settled
/// after the push is answered. Nothing is pushed twice.
fn show(text: &str, place: &Path, gateway: Option<&Gateway>, wanted: &str) -> Result<(), String> {
    let end = Instant::now() + PATIENCE;
    loop {
        let output: String = text.lines().map(|line| run_line(line, place, gateway)).collect();
        if shows(&output, wanted) {
            return Ok(());
        }
        if gateway.is_none() || text.contains("curl ") || Instant::now() > end {
            return Err(output);
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// What a line prints; nothing where it builds or installs.
fn run_line(line: &str, place: &Path, gateway: Option<&Gateway>) -> String {
    let here = gateway.map_or_else(|| line.to_owned(), |gateway| line.replace(LISTEN, &gateway.listen));
    if here.starts_with("curl ") {
        return curl(&here, place);
    }
    let Some(script) = ours(&here) else {
        assert!(line.starts_with("cargo test"), "`{line}` is none of our commands: mark the block `elsewhere`");
        return String::new();
    };
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(place).env("NO_COLOR", "1");
    if let Some(gateway) = gateway {
        command.env("POINTSMAN_STATE", &gateway.state);
    }
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(0 | 1)), "`{line}` ends with {}: {err}", output.status);
    format!("{out}{err}")
}

/// The line with the built program.
fn ours(line: &str) -> Option<String> {
    for name in ["cargo run --release --quiet -- ", "cargo run --release -- ", "pointsman "] {
        if let Some(at) = line.find(name)
            && line[..at].split_whitespace().all(|word| word.contains('='))
        {
            return Some(format!("{}'{PROGRAM}' {}", &line[..at], &line[at + name.len()..]));
        }
    }
    None
}

/// What curl prints for a line; where there is none, for `-i`, `-H`, `--data-binary @FILE` and a URL, the same request is
/// made here.
fn curl(line: &str, place: &Path) -> String {
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok() {
        let output = Command::new("sh").args(["-c", line]).current_dir(place).output().unwrap();
        assert!(output.status.success(), "`{line}`: {}", String::from_utf8_lossy(&output.stderr));
        return String::from_utf8_lossy(&output.stdout).replace('\r', "") + "\n";
    }
    let words = quoted(line);
    let mut headers = String::new();
    let (mut body, mut url) = (Vec::new(), String::new());
    for pair in words.windows(2) {
        match pair[0].as_str() {
            "-H" => headers += &format!("{}\r\n", pair[1]),
            "--data-binary" => {
                body = pair[1]
                    .strip_prefix('@')
                    .map_or_else(|| pair[1].clone().into_bytes(), |file| fs::read(place.join(file)).unwrap());
            }
            _ if pair[1].starts_with("http://") => url.clone_from(&pair[1]),
            _ => {}
        }
    }
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!("POST /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}");
    write!(stream, "{head}\r\n{headers}\r\n").unwrap();
    stream.write_all(&body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let answer = answer.replace('\r', "");
    let whole = words.iter().any(|word| word == "-i");
    if whole { answer + "\n" } else { answer.split_once("\n\n").unwrap().1.to_owned() + "\n" }
}

/// The words of a shell line with single quotes.
fn quoted(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (part, text) in line.split('\'').enumerate() {
        match part % 2 {
            0 => words.extend(text.split_whitespace().map(str::to_owned)),
            _ => words.push(text.to_owned()),
        }
    }
    words
}

/// Whether the output is the shown text. A line `…` in it stands for any number of lines, a `…` within a line for any
/// part of one.
fn shows(output: &str, shown: &str) -> bool {
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let shown: Vec<&str> = shown.trim_end().lines().collect();
    follow(&lines, &shown)
}

fn follow(lines: &[&str], shown: &[&str]) -> bool {
    match (lines, shown) {
        (rest, []) => rest.is_empty(),
        (rest, ["…", after @ ..]) => (0..=rest.len()).any(|skipped| follow(&rest[skipped..], after)),
        ([], _) => false,
        ([line, lines @ ..], [wanted, shown @ ..]) => is_like(line, wanted) && follow(lines, shown),
    }
}

fn is_like(line: &str, wanted: &str) -> bool {
    let Some((start, rest)) = wanted.split_once('…') else { return line.trim_end() == wanted.trim_end() };
    let Some(line) = line.strip_prefix(start) else { return false };
    let places = line.char_indices().map(|(at, _)| at).chain([line.len()]);
    places.into_iter().any(|at| is_like(&line[at..], rest))
}

/// A gateway that a page started.
struct Gateway {
    child: Child,
    listen: String,
    state: PathBuf,
}

impl Gateway {
    fn start(line: &str, state: &Path) -> Self {
        let script = ours(line).unwrap_or_else(|| panic!("`{line}` starts no gateway"));
        // The shell becomes the gateway, so that it is the gateway that is ended.
        let (settings, program) = script.split_at(script.find('\'').unwrap());
        let mut child = Command::new("sh")
            .args(["-c", &format!("{settings} exec {program}")])
            .current_dir(root())
            .env("POINTSMAN_STATE", state)
            .env("POINTSMAN_LISTEN", "127.0.0.1:0")
            .env("POINTSMAN_ADMIN", "127.0.0.1:0")
            .env("POINTSMAN_LEAST_FREE", "1MiB")
            .env("NO_COLOR", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap());
        let mut gateway = Self { child, listen: String::new(), state: state.to_owned() };
        let mut line = String::new();
        while gateway.listen.is_empty() {
            line.clear();
            assert!(told.read_line(&mut line).unwrap() > 0, "`{script}` does not start");
            if let Some((_, rest)) = line.split_once("ready listen=") {
                rest.split_whitespace().next().unwrap().clone_into(&mut gateway.listen);
            }
        }
        // What it logs from here on is nobody's, but must have somewhere to go.
        thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
        gateway
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
