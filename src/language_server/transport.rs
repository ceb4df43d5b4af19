//! Messages over the standard input and output.
//!
//! The frames are read here, because `lsp_server` ends a session at the first message that it cannot read, and takes any
//! length that a header names.

#![expect(clippy::disallowed_methods, reason = "the standard streams are read and written here")]

use lsp_server::{Connection, Message};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::io::{self, BufRead, Read as _, Write};
use std::thread::{self, JoinHandle};

/// The largest message that is read, in bytes.
const MAX_MESSAGE_BYTES: u64 = 256 << 20;

/// The longest line of a header, in bytes.
const MAX_HEADER_BYTES: u64 = 8 << 10;

/// A connection over the standard streams, and the thread that writes. It ends once the connection is dropped.
///
/// # Errors
/// If a thread cannot be started.
pub fn stdio() -> io::Result<(Connection, JoinHandle<()>)> {
    let (server, client) = Connection::memory();
    let Connection { sender, receiver } = client;
    let read = move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(frame)) = frame(&mut input) {
            match frame {
                Frame::Message(message) => {
                    if sender.send(*message).is_err() {
                        return;
                    }
                }
                // If nobody reads, the session ends in any case.
                Frame::Unreadable(answer) => _ = write_frame(&mut io::stdout().lock(), &answer.to_string()),
            }
        }
    };
    thread::Builder::new().name("lsp-read".to_owned()).spawn(read)?;
    let write = move || {
        for message in receiver {
            if message.write(&mut io::stdout().lock()).is_err() {
                return;
            }
        }
    };
    let writer = thread::Builder::new().name("lsp-write".to_owned()).spawn(write)?;
    Ok((server, writer))
}

/// A frame of the input.
enum Frame {
    Message(Box<Message>),
    /// It is no message: what is answered.
    Unreadable(Value),
}

/// Reads a frame. None at the end of the input.
fn frame(input: &mut impl BufRead) -> io::Result<Option<Frame>> {
    let Some(length) = length(input)? else { return Ok(None) };
    if length > MAX_MESSAGE_BYTES {
        io::copy(&mut input.take(length), &mut io::sink())?;
        return Ok(Some(unreadable(&Value::Null, "the message is too large")));
    }
    let mut bytes = Vec::new();
    input.take(length).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Ok(None);
    }
    match serde_json::from_slice(&bytes) {
        // A request whose id is not understood reads as a notification, and would never be answered.
        Ok(Message::Notification(_)) if has_id(&bytes) => {}
        Ok(message) => return Ok(Some(Frame::Message(Box::new(message)))),
        Err(_) => {}
    }
    let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let id = value.get("id").filter(|id| id.is_number() || id.is_string()).cloned();
    Ok(Some(unreadable(&id.unwrap_or_default(), "this is no message of the protocol")))
}

fn has_id(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Request {
        #[serde(rename = "id")]
        _id: IgnoredAny,
    }
    serde_json::from_slice::<Request>(bytes).is_ok()
}

fn unreadable(id: &Value, reason: &str) -> Frame {
    let code = lsp_server::ErrorCode::ParseError as i32;
    Frame::Unreadable(json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": reason}}))
}

/// Reads the header of a frame. Lines that are not understood are passed over.
fn length(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        if input.take(MAX_HEADER_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            if length.is_some() {
                return Ok(length);
            }
            continue;
        }
        let value = line.split_once(':').filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-length"));
        length = value.and_then(|(_, value)| value.trim().parse().ok()).or(length);
    }
}

fn write_frame(output: &mut impl Write, text: &str) -> io::Result<()> {
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::{Frame, frame};

    #[test]
    fn a_broken_message_does_not_end_the_session() {
        let bodies = ["{", r#"{"jsonrpc":"2.0","id":5000000000,"method":"x"}"#, r#"{"jsonrpc":"2.0","method":"exit"}"#];
        let frames = bodies.map(|body| format!("Content-Type: x\r\ncontent-length:{}\r\n\r\n{body}", body.len()));
        let input = format!("nonsense\r\n\r\n{}", frames.concat());
        let mut input = input.as_bytes();
        let mut read = Vec::new();
        while let Some(frame) = frame(&mut input).unwrap() {
            read.push(match frame {
                Frame::Message(_) => "message".to_owned(),
                Frame::Unreadable(answer) => answer["id"].to_string(),
            });
        }
        assert_eq!(read, ["null", "5000000000", "message"]);
    }
}
