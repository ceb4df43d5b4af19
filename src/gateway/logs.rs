//! Structured logs of this program, to the standard error.
//!
//! Libraries log nothing at any level: an HTTP client may log URLs, and the URLs of channels are secrets.

#![expect(clippy::disallowed_methods, reason = "logs go to the standard error")]

use super::log_pipe::LogPipe;
use super::metrics::stage_name;
use crate::diagnostic::{self, Diagnostic, DiagnosticLevel};
use crate::reload::LoadRejection;
use std::io::IsTerminal;
use std::str::FromStr;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogOptions {
    /// For people or for machines.
    pub format: LogFormat,
    /// The lowest level that is written.
    pub level: LogLevel,
}

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Time, level, message, `name=value`.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The level of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogLevel {
    /// An operator has to act.
    Error,
    /// An operator should look at it.
    Warn,
    /// Starts, loads, dead letters.
    #[default]
    Info,
    /// Every push and attempt.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];
        all.into_iter()
            .find(|level| level.name() == text)
            .ok_or_else(|| "expected `error`, `warn`, `info`, `debug` or `trace`".to_owned())
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("expected `text` or `json`".to_owned()),
        }
    }
}

impl LogFormat {
    /// The line that says how many lines were lost.
    fn lost_notice(self) -> fn(u64) -> String {
        match self {
            Self::Text => |count| format!("{count} log lines are missing here: they were not read in time\n"),
            Self::Json => |count| {
                let message = format!("{count} log lines are missing here: they were not read in time");
                format!("{{\"level\":\"WARN\",\"message\":\"{message}\",\"lost\":{count}}}\n")
            },
        }
    }
}

/// Keeps the log running; dropping it writes the lines that wait, if anybody reads them.
#[must_use]
pub struct LogGuard(Option<LogPipe>);

/// Sends logs to the standard error from now on; does nothing if that was done before.
pub fn start(options: LogOptions) -> LogGuard {
    let color = std::io::stderr().is_terminal();
    let Ok(pipe) = LogPipe::to(std::io::stderr(), options.format.lost_notice()) else {
        drop(tracing::subscriber::set_global_default(subscriber(options, color, std::io::stderr)));
        return LogGuard(None);
    };
    let writer = pipe.clone();
    let chosen = tracing::subscriber::set_global_default(subscriber(options, color, move || writer.clone()));
    LogGuard(chosen.is_ok().then_some(pipe))
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        if let Some(pipe) = &self.0 {
            pipe.finish();
        }
    }
}

/// Writes the logs of this program to a writer.
fn subscriber<W>(options: LogOptions, color: bool, writer: W) -> Box<dyn tracing::Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::new(format!("off,pointsman={}", options.level.name()));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(writer);
    match options.format {
        LogFormat::Text => Box::new(builder.with_ansi(color).finish()),
        LogFormat::Json => Box::new(builder.json().flatten_event(true).finish()),
    }
}

/// Logs a failed load: one line, and one for each finding. `kept` is the generation that stays in force; 0 at the start.
pub fn log_rejection(rejection: &LoadRejection, kept: u64) {
    let stage = stage_name(rejection.stage);
    match kept {
        0 => tracing::error!(stage, "load failed: {}", rejection.message),
        kept => tracing::error!(stage, "reload failed, keeping generation {kept}: {}", rejection.message),
    }
    for line in findings(rejection) {
        tracing::error!(stage, "{line}");
    }
}

/// Logs that a request found a failure that was logged before: one line.
pub fn log_rejection_again(rejection: &LoadRejection, kept: u64) {
    let stage = stage_name(rejection.stage);
    tracing::error!(stage, "reload failed as before, keeping generation {kept}: {}", rejection.message);
}

/// The errors of a rejection, one line each.
#[must_use]
pub fn findings(rejection: &LoadRejection) -> Vec<String> {
    let errors: Vec<Diagnostic> =
        rejection.diagnostics.iter().filter(|each| each.level() == DiagnosticLevel::Error).cloned().collect();
    let text = diagnostic::render(diagnostic::DiagnosticFormat::Short, &errors, &rejection.sources);
    text.lines().take(MAX_FINDINGS).map(str::to_owned).collect()
}

/// How many findings of one load are logged and shown in the status; `pointsman check` shows all.
const MAX_FINDINGS: usize = 50;

#[cfg(test)]
mod tests {
    use super::{LogFormat, LogLevel, LogOptions, subscriber};
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct LogBuffer(Arc<Mutex<Vec<u8>>>);

    impl Write for LogBuffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(options: LogOptions, write: impl FnOnce()) -> String {
        let kept = LogBuffer::default();
        let writer = kept.clone();
        tracing::subscriber::with_default(subscriber(options, false, move || writer.clone()), write);
        let bytes = kept.0.lock().expect("no panic").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn logs_of_libraries_are_left_out() {
        let options = LogOptions { format: LogFormat::Text, level: LogLevel::Trace };
        let text = logged(options, || {
            tracing::error!(target: "hyper_util::client", "connecting to https://hooks.example.com/canary");
            tracing::info!(integration = "shop_arms", "a push was accepted");
        });
        assert!(text.contains("a push was accepted") && text.contains("shop_arms"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn json_is_one_object_per_line() {
        let options = LogOptions { format: LogFormat::Json, level: LogLevel::Info };
        let text = logged(options, || {
            tracing::info!(generation = 3, "line one\nline two");
            tracing::debug!("not this");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(line["generation"], 3);
        assert_eq!(line["message"], "line one\nline two");
    }
}
