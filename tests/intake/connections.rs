//! The limits of connections: silence, slowness, size and number.

use super::host::{Running, WATCHDOG};
use super::{EVENT, listener};
use pointsman::gateway::config::ListenerLimits;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const URL: &str = "/push/plain?integration_key=key-of-plain";

fn quick() -> ListenerLimits {
    ListenerLimits {
        header_time: Duration::from_millis(300),
        body_time: Duration::from_millis(300),
        idle_time: Duration::from_millis(1_500),
        ..ListenerLimits::default()
    }
}

/// Waits until the listener closes a connection; the bytes that it sent before.
async fn closed(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let _ = tokio::time::timeout(WATCHDOG, stream.read_to_end(&mut said)).await.expect("it is closed");
    String::from_utf8_lossy(&said).into_owned()
}

/// Sends one byte at a time until the listener closes the connection; how long that took.
async fn send_slowly(running: &Running, start: &str) -> Duration {
    let mut stream = running.connect().await;
    stream.write_all(start.as_bytes()).await.unwrap();
    let began = Instant::now();
    let mut said = [0; 512];
    while began.elapsed() < WATCHDOG {
        if stream.write_all(b"a").await.is_err() {
            break;
        }
        let wait = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut said)).await;
        if matches!(wait, Ok(Ok(0) | Err(_))) {
            break;
        }
    }
    began.elapsed()
}

#[tokio::test]
async fn silent_and_slow_connections_are_closed() {
    let running = listener(quick()).await;
    assert_eq!(closed(&mut running.connect().await).await, "");
    assert!(send_slowly(&running, "POST /push/plain HTTP/1.1\r\nX-A: ").await < WATCHDOG / 2);
    let body = format!("POST {URL} HTTP/1.1\r\nHost: it\r\nContent-Length: 100000\r\n\r\n{{");
    assert!(send_slowly(&running, &body).await < WATCHDOG / 2);
    let mut stream = running.connect().await;
    stream.write_all(body.as_bytes()).await.unwrap();
    assert!(closed(&mut stream).await.starts_with("HTTP/1.1 408 "));
}

#[tokio::test]
async fn a_connection_serves_several_pushes_and_may_be_idle_longer_than_headers_may_take() {
    let running = listener(quick()).await;
    let mut stream = running.connect().await;
    let head = format!("POST {URL} HTTP/1.1\r\nHost: it\r\nContent-Length: {}\r\n\r\n", EVENT.len());
    let request = [head.as_bytes(), EVENT].concat();
    for _ in 0..3 {
        stream.write_all(&request).await.unwrap();
        let mut said = [0; 4096];
        let count = tokio::time::timeout(WATCHDOG, stream.read(&mut said)).await.unwrap().unwrap();
        assert!(said[..count].starts_with(b"HTTP/1.1 202 "));
        // Longer than headers may take, shorter than a connection may be idle.
        tokio::time::sleep(Duration::from_millis(600)).await;
    }
    assert_eq!(closed(&mut stream).await, "");
    assert_eq!(running.pushes().len(), 3);
}

#[tokio::test]
async fn headers_are_bounded_in_number_and_size() {
    let running = listener(ListenerLimits::default()).await;
    let many = "X-A: b\r\n".repeat(100);
    let large = format!("X-A: {}\r\n", "b".repeat(40_000));
    for headers in [many, large] {
        let request = format!("POST {URL} HTTP/1.1\r\nHost: it\r\n{headers}Content-Length: 2\r\n\r\n{{}}");
        let answer = running.raw(request.as_bytes()).await;
        // If the listener closes while bytes arrive, the reset may discard its answer.
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    assert_eq!(running.post(URL, &[], EVENT).await.status, 202);
}

#[tokio::test]
async fn requests_that_two_parsers_might_read_differently_are_refused() {
    let running = listener(ListenerLimits::default()).await;
    for trick in [
        "Content-Length: 3\r\nContent-Length: 2\r\n",
        "Content-Length: +2\r\n",
        "Content-Length: 0x2\r\n",
        "Content-Length : 2\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 2\r\nHost: it\r\n",
        "X-A: b\r\n c\r\n",
        "X\0A: b\r\n",
    ] {
        let request = format!("POST {URL} HTTP/1.1\r\nHost: it\r\nConnection: close\r\n{trick}\r\n{{}}");
        let answer = running.raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{trick:?}: {answer}");
    }
    for host in
        ["", "Host: \r\n", "Host: a b\r\n", "Host: it/\r\n", "Host: a@it\r\n", "Host: it:x\r\n", "Host: [::1\r\n"]
    {
        let request = format!("POST {URL} HTTP/1.1\r\n{host}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}");
        let answer = running.raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{host:?}: {answer}");
    }
    let preface = running.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(!preface.contains("200"), "{preface}");
    assert!(running.pushes().is_empty());
    assert_eq!(running.post(URL, &[], EVENT).await.status, 202);
}

/// The HTTP library takes such a body in chunks, leaves the length out, and ends the connection after the answer, as RFC 9112,
/// section 6.3, asks. So nothing that a proxy in front takes for the rest of the body is read as a request.
#[tokio::test]
async fn what_follows_a_body_with_a_length_and_chunks_is_no_request() {
    let running = listener(ListenerLimits::default()).await;
    let smuggled = format!("POST {URL} HTTP/1.1\r\nHost: it\r\nContent-Length: 2\r\n\r\n{{}}");
    let chunked = format!("{:x}\r\n{}\r\n0\r\n\r\n", EVENT.len(), String::from_utf8_lossy(EVENT));
    for headers in
        ["Content-Length: 4\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 4"]
    {
        let request = format!("POST {URL} HTTP/1.1\r\nHost: it\r\n{headers}\r\n\r\n{chunked}{smuggled}");
        let answer = running.raw(request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 202 ") && answer.contains("connection: close"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
}

#[tokio::test]
async fn a_wrong_length_does_no_harm() {
    let running = listener(quick()).await;
    let request = format!("POST {URL} HTTP/1.1\r\nHost: it\r\nContent-Length: 9223372036854775807\r\n\r\n{{}}");
    assert!(running.raw(request.as_bytes()).await.starts_with("HTTP/1.1 413 "));
    let mut stream = running.connect().await;
    let request = format!("POST {URL} HTTP/1.1\r\nHost: it\r\nContent-Length: 50\r\n\r\n{{}}");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    drop(closed(&mut stream).await);
    assert!(running.pushes().is_empty() && running.refused().is_empty());
}

#[tokio::test]
async fn connections_over_the_limit_are_closed_and_the_others_go_on() {
    let running = listener(ListenerLimits { connections_of_one: 3, ..ListenerLimits::default() }).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(running.connect().await);
    }
    for _ in 0..50 {
        assert_eq!(closed(&mut running.connect().await).await, "");
    }
    let request =
        format!("POST {URL} HTTP/1.1\r\nHost: it\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", EVENT.len());
    held[0].write_all(&[request.as_bytes(), EVENT].concat()).await.unwrap();
    assert!(closed(&mut held[0]).await.starts_with("HTTP/1.1 202 "));
}

#[tokio::test]
async fn requests_and_bytes_over_the_limit_are_refused() {
    let running = listener(ListenerLimits { requests: 1, ..ListenerLimits::default() }).await;
    let mut slow = running.connect().await;
    let head = format!("POST {URL} HTTP/1.1\r\nHost: it\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n");
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut said = [0; 25];
    slow.read_exact(&mut said).await.unwrap();
    let answer = running.post(URL, &[], EVENT).await;
    assert_eq!((answer.status, answer.headers.contains("retry-after: 1")), (503, true));

    let running = listener(ListenerLimits { body_bytes: 32 << 10, ..ListenerLimits::default() }).await;
    let large = format!("{{\"title\": \"{}\"}}", "t".repeat(60 << 10));
    assert_eq!(running.post(URL, &[], large.as_bytes()).await.status, 503);
    assert_eq!(running.post(URL, &[], EVENT).await.status, 202);
}

#[tokio::test]
async fn stopping_finishes_open_requests_and_closes_idle_connections() {
    let running = listener(ListenerLimits::default()).await;
    let mut idle = running.connect().await;
    let mut under_way = running.connect().await;
    let head =
        format!("POST {URL} HTTP/1.1\r\nHost: it\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n", EVENT.len());
    under_way.write_all(head.as_bytes()).await.unwrap();
    let mut said = [0; 25];
    under_way.read_exact(&mut said).await.unwrap();
    running.stop.send(true).unwrap();
    assert_eq!(closed(&mut idle).await, "");
    under_way.write_all(EVENT).await.unwrap();
    assert!(closed(&mut under_way).await.starts_with("HTTP/1.1 202 "));
    tokio::time::timeout(WATCHDOG, running.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}
