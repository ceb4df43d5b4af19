//! TLS of the push listener: a certificate chain and a key from PEM files, taken up anew when they change.
//!
//! A pair that does not fit never replaces one that does. Versions below TLS 1.2 are not spoken.

#![expect(clippy::disallowed_methods, reason = "certificates are read here")]

use arc_swap::ArcSwap;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// A certificate that can be replaced while it is served.
#[derive(Debug)]
pub struct ReloadableCertificate {
    paths: (PathBuf, PathBuf),
    current: ArcSwap<CertifiedKey>,
    last_read: Mutex<PemFiles>,
}

/// The bytes that were read last, good or bad, so that nothing is said twice.
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
    pub fn load(chain: &Path, key: &Path) -> Result<Arc<Self>, String> {
        let read = PemFiles::of(chain, key)?;
        let current = ArcSwap::from_pointee(read.certified(chain, key)?);
        let paths = (chain.to_owned(), key.to_owned());
        Ok(Arc::new(Self { paths, current, last_read: Mutex::new(read) }))
    }

    /// Reads the files again; whether another certificate is served from now on.
    ///
    /// # Errors
    /// What is wrong with files that changed; the certificate in use stays.
    pub fn refresh(&self) -> Result<bool, String> {
        let (chain, key) = &self.paths;
        let read = PemFiles::of(chain, key)?;
        let mut seen = self.last_read.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == read {
            return Ok(false);
        }
        let certified = read.certified(chain, key);
        *seen = read;
        self.current.store(Arc::new(certified?));
        Ok(true)
    }

    /// How a listener shows it.
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
    fn of(chain: &Path, key: &Path) -> Result<Self, String> {
        let words = |path: &Path, error: &io::Error| format!("cannot read `{}`: {error}", path.display());
        Ok(Self {
            chain: std::fs::read(chain).map_err(|error| words(chain, &error))?,
            key: Zeroizing::new(std::fs::read(key).map_err(|error| words(key, &error))?),
        })
    }

    fn certified(&self, chain: &Path, key: &Path) -> Result<CertifiedKey, String> {
        let shown = (chain.display(), key.display());
        let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&self.chain)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("`{}` holds no certificates in PEM: {error}", shown.0))?;
        if certificates.is_empty() {
            return Err(format!("`{}` holds no certificate in PEM", shown.0));
        }
        // The reason could quote the key.
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| format!("`{}` holds no private key in PEM", shown.1))?;
        CertifiedKey::from_der(certificates, key, &ring::default_provider())
            .map_err(|error| format!("`{}` and `{}` do not fit together: {error}", shown.0, shown.1))
    }
}
