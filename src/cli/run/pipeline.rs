//! Blocks through as many threads as there are cores, and their outcomes out again in order.
//!
//! One thread reads, several evaluate, and the caller writes. At most a few blocks are under way, so an input of any size
//! takes little memory, and a slow reader of the output slows the reading of the input.

use super::blocks::{Block, Blocks};
use super::lines::{Evaluated, Evaluator};
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Bytes of a document that goes on, up to which it is tried again with every block that follows.
const SMALL: usize = 64 << 10;

/// What the caller of the threads hears of.
enum Happening {
    /// The input gave a block; nothing: it has ended.
    Read(io::Result<Option<Block>>),
    /// The block of this number was evaluated.
    Done(usize, Box<Evaluated>),
}

/// Evaluates an input, and shows what its blocks came to, in order, until `show` says that nobody is interested any more.
///
/// # Errors
/// Where the input cannot be read; what came before was shown.
pub(super) fn run(
    evaluator: &Evaluator<'_>,
    input: impl Read + Send + 'static,
    threads: usize,
    mut show: impl FnMut(&Evaluated) -> ControlFlow<()>,
) -> io::Result<()> {
    let (happen, happenings) = mpsc::channel();
    let (ask, asked) = mpsc::channel();
    let (give, given) = mpsc::channel();
    let given = Mutex::new(given);
    // Nobody waits for the reader: it may hang in a pipe long after the outputs were closed.
    let heard = happen.clone();
    thread::spawn(move || read(input, &asked, &heard));
    thread::scope(|scope| {
        for _ in 0..threads {
            let (given, happen) = (&given, happen.clone());
            scope.spawn(move || work(evaluator, given, &happen));
        }
        let mut order = Order::new(evaluator);
        for _ in 0..2 * threads {
            // The reader listens as long as it reads.
            let _ = ask.send(());
        }
        let result = order.keep(&happenings, &give, &ask, &mut show);
        drop(give);
        result
    })
}

/// Reads one block for each time that it is asked.
fn read(input: impl Read, asked: &Receiver<()>, heard: &Sender<Happening>) {
    let mut blocks = Blocks::new(input);
    while asked.recv().is_ok() {
        let block = blocks.next();
        let last = !matches!(block, Ok(Some(_)));
        if heard.send(Happening::Read(block)).is_err() || last {
            return;
        }
    }
}

/// Evaluates blocks until there are no more. Where in the input they stand is not known yet, and matters only where
/// something is wrong.
fn work(evaluator: &Evaluator<'_>, given: &Mutex<Receiver<(usize, Block)>>, heard: &Sender<Happening>) {
    loop {
        let job = given.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, block)) = job else { return };
        if heard.send(Happening::Done(number, Box::new(evaluator.block(block, 0)))).is_err() {
            return;
        }
    }
}

/// Puts what was evaluated into the order of the input.
struct Order<'r, 'e> {
    evaluator: &'e Evaluator<'r>,
    /// The number of the next block to give out, and of the next to show.
    given: usize,
    shown: usize,
    early: BTreeMap<usize, Evaluated>,
    /// Whole lines before what is shown next.
    lines: usize,
    /// Lines of a document that may go on, and with how many bytes it was last tried.
    open: Vec<u8>,
    tried: usize,
}

impl<'r, 'e> Order<'r, 'e> {
    fn new(evaluator: &'e Evaluator<'r>) -> Self {
        Self { evaluator, given: 0, shown: 0, early: BTreeMap::new(), lines: 0, open: Vec::new(), tried: 0 }
    }

    fn keep(
        &mut self,
        happenings: &Receiver<Happening>,
        give: &Sender<(usize, Block)>,
        ask: &Sender<()>,
        show: &mut impl FnMut(&Evaluated) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let mut ended = None;
        while ended.is_none() || self.shown < self.given {
            match happenings.recv() {
                Err(_) => break,
                Ok(Happening::Read(Ok(Some(block)))) => {
                    let _ = give.send((self.given, block));
                    self.given += 1;
                }
                Ok(Happening::Read(Ok(None))) => ended = Some(Ok(())),
                Ok(Happening::Read(Err(error))) => ended = Some(Err(error)),
                Ok(Happening::Done(number, evaluated)) => {
                    self.early.insert(number, *evaluated);
                }
            }
            while let Some(evaluated) = self.early.remove(&self.shown) {
                self.shown += 1;
                if self.next(evaluated, show).is_break() {
                    return Ok(());
                }
                // The reader may have ended.
                let _ = ask.send(());
            }
        }
        if !self.open.is_empty() {
            let last = Block { bytes: std::mem::take(&mut self.open), more: false };
            let _ = show(&self.evaluator.block(last, self.lines));
        }
        ended.unwrap_or(Ok(()))
    }

    /// Shows the next block, joined to what was left open before it.
    fn next(
        &mut self,
        evaluated: Evaluated,
        show: &mut impl FnMut(&Evaluated) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let whole = if self.open.is_empty() && (self.lines == 0 || evaluated.invalid.is_empty()) {
            evaluated
        } else {
            let Block { bytes, more } = evaluated.block;
            self.open.extend_from_slice(&bytes);
            // A document of many blocks is tried when it has doubled, so that it costs what its length is.
            if more && self.open.len() > SMALL && self.open.len() < 2 * self.tried {
                return ControlFlow::Continue(());
            }
            self.tried = self.open.len();
            self.evaluator.block(Block { bytes: std::mem::take(&mut self.open), more }, self.lines)
        };
        self.lines += whole.lines;
        self.open = whole.block.bytes.get(whole.judged..).unwrap_or_default().to_vec();
        if self.open.is_empty() {
            self.tried = 0;
        }
        show(&whole)
    }
}
