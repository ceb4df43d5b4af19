//! TLS of the push listener: a certificate chain and a key from PEM files, reloaded when they change.
//!
//! A pair that does not match never replaces one that does. Versions below TLS 1.2 are refused.

#![expect(clippy::disallowed_methods, reason = "certificates are read here")]

use arc_swap::ArcSwap;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Where a certificate is read from, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The file of the certificate chain.
    pub chain: PathBuf,
    /// The file of the private key.
    pub key: PathBuf,
}

/// Whether a refresh found another certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateRefresh {
    /// The files are those that were read last.
    Unchanged,
    /// Another certificate is served from now on.
    Replaced,
}

/// A certificate that can be replaced while it is served.
#[derive(Debug)]
pub struct ReloadableCertificate {
    files: CertificateFiles,
    current: ArcSwap<CertifiedKey>,
    last_read: Mutex<LastRead>,
}

/// What was read last, good or bad, so that nothing is reported twice.
#[derive(Debug)]
struct LastRead {
    /// The files, or why they cannot be read.
    files: Result<PemFiles, String>,
    /// Why they are not served.
    failure: Option<String>,
}

/// The bytes of the files.
#[derive(PartialEq, Eq)]
struct PemFiles {
    chain: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for PemFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<files>")
    }
}

impl ReloadableCertificate {
    /// Reads a certificate chain and its key.
    ///
    /// # Errors
    /// What is wrong with the files, in words.
    pub fn load(files: CertificateFiles) -> Result<Arc<Self>, String> {
        let read = PemFiles::read(&files)?;
        let current = ArcSwap::from_pointee(read.certified_key(&files)?);
        let last_read = Mutex::new(LastRead { files: Ok(read), failure: None });
        Ok(Arc::new(Self { files, current, last_read }))
    }

    /// Reads the files again.
    ///
    /// # Errors
    /// What is wrong with files that changed; the certificate in use stays.
    pub fn refresh(&self) -> Result<CertificateRefresh, String> {
        let read = PemFiles::read(&self.files);
        let mut last = self.last_read.lock().unwrap_or_else(PoisonError::into_inner);
        if last.files == read {
            return Ok(CertificateRefresh::Unchanged);
        }
        let certified = read.as_ref().map_err(Clone::clone).and_then(|read| read.certified_key(&self.files));
        *last = LastRead { files: read, failure: certified.as_ref().err().cloned() };
        self.current.store(Arc::new(certified?));
        Ok(CertificateRefresh::Replaced)
    }

    /// Why the files are not what is served, if so.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.last_read.lock().unwrap_or_else(PoisonError::into_inner).failure.clone()
    }

    /// The configuration of a listener that serves it.
    ///
    /// # Errors
    /// Where the provider lacks what TLS needs.
    pub fn server_config(self: &Arc<Self>) -> Result<Arc<rustls::ServerConfig>, String> {
        let builder = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::clone(self) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for ReloadableCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

impl PemFiles {
    fn read(files: &CertificateFiles) -> Result<Self, String> {
        let read =
            |path: &Path| std::fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()));
        Ok(Self { chain: read(&files.chain)?, key: Zeroizing::new(read(&files.key)?) })
    }

    fn certified_key(&self, files: &CertificateFiles) -> Result<CertifiedKey, String> {
        let (chain, key) = (files.chain.display(), files.key.display());
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.chain)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("`{chain}` holds no certificates in PEM: {error}"))?;
        if certificates.is_empty() {
            return Err(format!("`{chain}` holds no certificate in PEM"));
        }
        // The reason could quote the key.
        let private_key =
            PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| format!("`{key}` holds no private key in PEM"))?;
        CertifiedKey::from_der(certificates, private_key, &ring::default_provider())
            .map_err(|error| format!("`{chain}` and `{key}` do not match: {error}"))
    }
}
