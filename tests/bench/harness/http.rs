//! HTTP/1.1 as far as it is needed: a client connection that is kept alive, and single requests that block. Hand-written
//! as it shares the cores with what it measures.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A connection; one request at a time.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects from an address of the loopback network, so that limits for a single address are spread.
    pub(crate) async fn open(from: Ipv4Addr, to: SocketAddr) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((from, 0)))?;
        let stream = socket.connect(to).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a whole request and reads the answer: its status. The body is in [`Self::body`] until the next one.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = Head::read(&self.buffer)
                && self.buffer.len() >= head.end + head.length
            {
                return Ok(head.first_number);
            }
        }
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        Head::read(&self.buffer).and_then(|head| self.buffer.get(head.end..)).unwrap_or_default()
    }
}

/// What the head of a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    /// Where the body begins.
    pub(crate) end: usize,
    /// How long the body is; 0 where it is not said.
    pub(crate) length: usize,
    /// The second word of the first line as a number: the status of an answer.
    pub(crate) first_number: u16,
}

impl Head {
    /// Reads a head, once it is complete.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let first_number = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        let length = header(head, "content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        Some(Self { end, length, first_number })
    }
}

/// The value of a header in a head.
pub(crate) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// A push as it goes over the wire.
pub(crate) fn push(integration: &str, key: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST /push/{integration}?integration_key={key} HTTP/1.1\r\nhost: gateway\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// One request on a connection of its own; status and body.
pub(crate) fn request(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(u16, Vec<u8>)> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let answer = raw(to, &[head.as_bytes(), body].concat(), Duration::from_secs(30))?;
    let head = Head::read(&answer).ok_or(Error::from(ErrorKind::UnexpectedEof))?;
    Ok((head.first_number, answer[head.end..].to_vec()))
}

/// Sends bytes and reads until the receiver closes or is silent for so long; what it said.
pub(crate) fn raw(to: SocketAddr, bytes: &[u8], patience: Duration) -> Result<Vec<u8>> {
    let mut stream = std::net::TcpStream::connect_timeout(&to, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => Err(error),
        _ => Ok(answer),
    }
}
