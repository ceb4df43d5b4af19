//! A thread that writes log lines, so that a blocked reader of the log delays no push and no delivery.
//!
//! The queue is bounded. Lines beyond it are lost and counted, and the log says how many as soon as it is read again.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// The most lines in the queue.
const MAX_LINES: usize = 4_096;
/// How long the end waits for the lines in the queue.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// Writes the line that says how many lines were lost.
type LostNotice = fn(u64) -> String;

enum LogPipeMessage {
    Line(Vec<u8>),
    /// Write everything before it, then answer.
    Finish(SyncSender<()>),
}

/// Accepts lines; clones share the queue.
#[derive(Clone)]
pub(super) struct LogPipe {
    sender: SyncSender<LogPipeMessage>,
    lost: Arc<AtomicU64>,
}

impl LogPipe {
    /// A pipe to a writer, which may block. `lost_notice` writes the line that says how many lines were lost.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub(super) fn to(writer: impl Write + Send + 'static, lost_notice: LostNotice) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(MAX_LINES);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        let thread = std::thread::Builder::new().name("logs".to_owned());
        thread.spawn(move || write_lines(&receiver, &counted, writer, lost_notice))?;
        Ok(Self { sender, lost })
    }

    /// Waits until all lines before it are written, for at most a second.
    pub(super) fn finish(&self) {
        let (done, written) = sync_channel(1);
        if self.sender.try_send(LogPipeMessage::Finish(done)).is_ok() {
            // If nobody reads the log, the end does not wait.
            let _ = written.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

impl Write for LogPipe {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.sender.try_send(LogPipeMessage::Line(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_lines(receiver: &Receiver<LogPipeMessage>, lost: &AtomicU64, mut writer: impl Write, lost_notice: LostNotice) {
    while let Ok(message) = receiver.recv() {
        // An error of the log cannot be logged.
        match message {
            LogPipeMessage::Line(line) => drop(writer.write_all(&line)),
            LogPipeMessage::Finish(done) => {
                drop(writer.flush());
                let _ = done.try_send(());
            }
        }
        let count = lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            drop(writer.write_all(lost_notice(count).as_bytes()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LogPipe, MAX_LINES};
    use std::io::{self, Write};
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Writes nothing until it may.
    struct BlockedWriter {
        may: Receiver<()>,
        free: bool,
        written: Sender<Vec<u8>>,
    }

    impl Write for BlockedWriter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.free {
                self.may.recv().expect("somebody says so");
                self.free = true;
            }
            self.written.send(bytes.to_vec()).expect("somebody reads");
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_log_that_nobody_reads_delays_nobody_and_says_what_it_lost() {
        let ((go, may), (written, read)) = (channel(), channel());
        let stuck = BlockedWriter { may, free: false, written };
        let mut pipe = LogPipe::to(stuck, |count| format!("{count} lines are missing\n")).expect("a thread");
        let all = MAX_LINES + 1_000;
        for number in 0..all {
            pipe.write_all(format!("{number}\n").as_bytes()).expect("it never fails");
        }
        go.send(()).expect("it waits");
        pipe.finish();
        drop(pipe);
        let text = String::from_utf8(read.iter().flatten().collect()).expect("text");
        let (gaps, lines): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.contains("missing"));
        assert_eq!(lines.first(), Some(&"0"));
        let lost: usize = gaps.iter().map(|gap| gap.split(' ').next().unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(lines.len() + lost, all, "{gaps:?}");
        assert!(lost >= 999 && lines.len() >= MAX_LINES, "{gaps:?}");
    }
}
