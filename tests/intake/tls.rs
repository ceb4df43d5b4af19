//! TLS of the listener, with certificates that are replaced while it serves.

use super::host::{WATCHDOG, keys, start_with, version};
use super::{EVENT, RULES};
use crate::common::Folder;
use pointsman::gateway::config::ListenerLimits;
use pointsman::gateway::tls::{CertificateFiles, CertificateRefresh, ReloadableCertificate};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const FIRST: &str = "tests/delivery/tls/localhost";
const OTHER: &str = "tests/intake/tls/other";

fn copy(folder: &Folder, pair: &str, ending: &str) {
    fs::copy(format!("{pair}.{ending}"), folder.join(ending)).unwrap();
}

fn certificate(path: impl AsRef<Path>) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

/// Pushes over a connection of its own: the answer, and the certificate that was shown.
async fn push(port: u16) -> (String, CertificateDer<'static>) {
    let mut roots = RootCertStore::empty();
    for root in ["tests/delivery/tls/ca.pem", "tests/intake/tls/other.pem"] {
        roots.add(certificate(root)).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned();
    let head = format!(
        "POST /push/plain?integration_key=k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        EVENT.len()
    );
    stream.write_all(&[head.as_bytes(), EVENT].concat()).await.unwrap();
    let mut answer = Vec::new();
    // The answer counts even if the connection ends without a TLS close.
    let _ = tokio::time::timeout(WATCHDOG, stream.read_to_end(&mut answer)).await.expect("it closes");
    (String::from_utf8(answer).unwrap(), shown)
}

#[tokio::test]
async fn certificates_are_replaced_as_a_pair_that_matches_or_not_at_all() {
    let folder = Folder::new();
    copy(&folder, FIRST, "pem");
    copy(&folder, FIRST, "key");
    let pair =
        ReloadableCertificate::load(CertificateFiles { chain: folder.join("pem"), key: folder.join("key") }).unwrap();
    let rules = version(1, RULES, &[("plain", &[("keys", keys(&["k"]))])]);
    let running = start_with(rules, ListenerLimits::default(), Some(pair.server_config().unwrap()), &[]).await;
    let port = running.address.port();

    let (answer, shown) = push(port).await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    assert_eq!(shown, certificate(format!("{FIRST}.pem")));
    assert_eq!(running.pushes().len(), 1);
    let plain = running.raw(b"GET /-/ready HTTP/1.1\r\nHost: it\r\n\r\n").await;
    assert!(!plain.contains("HTTP"), "without TLS nothing is answered: {plain}");

    assert_eq!(pair.refresh(), Ok(CertificateRefresh::Unchanged));
    copy(&folder, OTHER, "pem");
    let wrong = pair.refresh().expect_err("the key is another's");
    assert!(wrong.contains("do not match"), "{wrong}");
    assert_eq!(push(port).await.1, certificate(format!("{FIRST}.pem")));
    assert_eq!(pair.refresh(), Ok(CertificateRefresh::Unchanged), "what is wrong is reported once");
    assert_eq!(pair.failure(), Some(wrong));
    fs::remove_file(folder.join("pem")).unwrap();
    assert!(pair.refresh().expect_err("it is gone").contains("cannot read"));
    assert_eq!(pair.refresh(), Ok(CertificateRefresh::Unchanged), "that is reported once as well");
    copy(&folder, OTHER, "pem");
    pair.refresh().unwrap_err();
    copy(&folder, OTHER, "key");
    assert_eq!(pair.refresh(), Ok(CertificateRefresh::Replaced));
    assert_eq!(pair.failure(), None);
    let (answer, shown) = push(port).await;
    assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    assert_eq!(shown, certificate(format!("{OTHER}.pem")));
    folder.write("key", "canary");
    let wrong = pair.refresh().expect_err("it is no key");
    assert!(wrong.contains("no private key") && !wrong.contains("canary"), "{wrong}");
}
