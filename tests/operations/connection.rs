//! How commands reach a gateway that is named by `--admin`: through a proxy, and with certificates of one's own.

use super::{TOKEN, hear};
use crate::common::{Finished, Folder};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

const NOTHING: &str = "HTTP/1.1 200 X\r\ncontent-length: 12\r\nconnection: close\r\n\r\n{\"items\":[]}";

fn certificates(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/delivery/tls").join(name)
}

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

fn dead_list(words: &[&str], code: i32) -> Finished {
    let folder = Folder::new();
    folder.pointsman(["dead", "list"]).args(words).env("POINTSMAN_ADMIN_TOKEN", TOKEN).code(code).run()
}

#[test]
fn a_gateway_is_asked_through_a_proxy() {
    let (listener, port) = listen();
    let proxy = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a connection");
        let request = hear(&stream).expect("a request");
        (&stream).write_all(NOTHING.as_bytes()).expect("answered");
        request
    });
    let gateway = ["--admin", "http://gateway.invalid:8481", "--proxy", &format!("http://127.0.0.1:{port}")];
    dead_list(&gateway, 0);
    let heard = proxy.join().expect("it ended");
    assert!(heard.starts_with("GET http://gateway.invalid:8481/api/v1/dead?"), "{heard}");

    let told = dead_list(&gateway, 3).stderr;
    assert!(told.contains("`http://gateway.invalid:8481/`: Connection refused"), "{told}");
    assert!(told.contains("see whether the proxy runs"), "{told}");
    let told = dead_list(&["--admin", "http://gateway.invalid:8481", "--proxy", "no-url:secret"], 3).stderr;
    assert!(told.contains("expected `http://host:port`") && !told.contains("secret"), "{told}");
    assert!(dead_list(&["--proxy", "http://127.0.0.1:1"], 2).stderr.contains("--admin <URL>"));
}

#[test]
fn a_gateway_with_a_certificate_of_ones_own_is_trusted_by_its_authority() {
    let chain = CertificateDer::pem_file_iter(certificates("localhost.pem")).expect("a file");
    let key = PrivateKeyDer::from_pem_file(certificates("localhost.key")).expect("a key");
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("certificates");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).expect("a certificate"));
    let (listener, port) = listen();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that does not trust the certificate breaks off.
            let _ = answer_securely(stream, &config);
        }
    });
    let admin = format!("https://localhost:{port}");
    let authority = certificates("ca.pem");
    dead_list(&["--admin", &admin, "--ca-file", authority.to_str().expect("text")], 0);

    let told = dead_list(&["--admin", &admin], 3).stderr;
    assert!(told.contains("invalid peer certificate") && told.contains("`--ca-file FILE`"), "{told}");
    assert!(!told.contains("pointsman serve"), "{told}");
    assert!(dead_list(&["--admin", &admin, "--ca-file", "absent"], 3).stderr.contains("`absent`"));
}

fn answer_securely(stream: TcpStream, config: &Arc<ServerConfig>) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.extend(byte);
    }
    stream.write_all(NOTHING.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}
