//! Signatures of pushes, over the bytes as they were received.
//!
//! Every scheme fails closed: a header that is missing, repeated or unreadable is a wrong signature. Comparisons take the
//! same time wherever two values differ. Times are handed in.

use crate::channel::{Settings, integration};
use crate::text::from_hex;
use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The most signatures of one header that are tried.
const MAX_SIGNATURES: usize = 10;

/// Verifies the pushes of one integration.
pub(super) struct SignatureVerifier {
    scheme: Scheme,
    secret: Zeroizing<Vec<u8>>,
    /// The header that the rules name instead of the scheme's own.
    header: Option<HeaderName>,
    tolerance: i64,
}

enum Scheme {
    StandardWebhooks,
    GitHub,
    GitLab,
    Grafana,
    Stripe,
    Generic {
        algorithm: Algorithm,
        base64: bool,
        prefix: String,
    },
    /// The parameters are wrong: no signature is right.
    RejectAll,
}

#[derive(Clone, Copy)]
enum Algorithm {
    Sha256,
    Sha512,
    Sha1,
}

impl SignatureVerifier {
    /// The verifier that the parameters of an integration ask for, if any.
    #[must_use]
    pub(super) fn new(settings: &Settings) -> Option<Self> {
        let name = integration::SIGNATURE.read(settings)?;
        let written = integration::SECRET.read(settings).unwrap_or_default();
        let mut secret = Zeroizing::new(written.as_bytes().to_vec());
        let mut scheme = match name {
            "standard_webhooks" => Scheme::StandardWebhooks,
            "github" => Scheme::GitHub,
            "gitlab" => Scheme::GitLab,
            "grafana" => Scheme::Grafana,
            "stripe" => Scheme::Stripe,
            "generic" => generic(settings),
            _ => Scheme::RejectAll,
        };
        let header = integration::HEADER.read(settings).map(str::parse::<HeaderName>);
        if secret.is_empty() || matches!(header, Some(Err(_))) {
            scheme = Scheme::RejectAll;
        }
        if matches!(scheme, Scheme::StandardWebhooks) {
            // The specification writes secrets as `whsec_` and base64; one without the prefix is used as it is.
            if let Some(encoded) = written.strip_prefix("whsec_") {
                match STANDARD.decode(encoded) {
                    Ok(decoded) if !decoded.is_empty() => secret = Zeroizing::new(decoded),
                    _ => scheme = Scheme::RejectAll,
                }
            }
        }
        let tolerance = integration::TOLERANCE.read(settings);
        let tolerance = i64::try_from(tolerance.as_secs()).unwrap_or(i64::MAX);
        Some(Self { scheme, secret, header: header.and_then(Result::ok), tolerance })
    }

    /// Whether the signature of the body is right; `now` is in seconds since 1970.
    #[must_use]
    pub(super) fn verify(&self, headers: &HeaderMap, body: &[u8], now: i64) -> bool {
        self.check(headers, body, now).unwrap_or(false)
    }

    fn check(&self, headers: &HeaderMap, body: &[u8], now: i64) -> Option<bool> {
        match &self.scheme {
            Scheme::StandardWebhooks => self.standard_webhooks(headers, body, now),
            Scheme::GitHub => {
                let written = self.text(headers, "x-hub-signature-256")?.strip_prefix("sha256=")?;
                Some(self.is_mac(Algorithm::Sha256, &[body], &from_hex(written)?))
            }
            Scheme::GitLab => {
                let token = self.text(headers, "x-gitlab-token")?;
                Some(token.as_bytes().ct_eq(&self.secret).into())
            }
            Scheme::Grafana => self.grafana(headers, body, now),
            Scheme::Stripe => self.stripe(headers, body, now),
            Scheme::Generic { algorithm, base64, prefix } => {
                let written = self.text(headers, "x-signature")?.strip_prefix(prefix.as_str())?;
                let written = if *base64 { STANDARD.decode(written).ok()? } else { from_hex(written)? };
                Some(self.is_mac(*algorithm, &[body], &written))
            }
            Scheme::RejectAll => None,
        }
    }

    /// Standard Webhooks 1.0.0: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,… v1,…`.
    fn standard_webhooks(&self, headers: &HeaderMap, body: &[u8], now: i64) -> Option<bool> {
        let id = single(headers, "webhook-id")?;
        let timestamp = single(headers, "webhook-timestamp")?;
        let signatures = self.text(headers, "webhook-signature")?;
        if id.is_empty() || !self.is_recent(timestamp, now) {
            return None;
        }
        let signed: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
        let written = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
        Some(self.any(written.filter_map(|one| STANDARD.decode(one).ok()), &signed))
    }

    /// Grafana Alerting: hex in its header; if the contact point sends a time as well, `time:body` is signed.
    fn grafana(&self, headers: &HeaderMap, body: &[u8], now: i64) -> Option<bool> {
        const TIMESTAMP: &str = "x-grafana-alerting-timestamp";
        let written = from_hex(self.text(headers, "x-grafana-alerting-signature")?)?;
        if !headers.contains_key(TIMESTAMP) {
            // The signature of a body with a time is also the signature of the text `time:body`. No body begins so.
            if begins_with_time(body) {
                return None;
            }
            return Some(self.is_mac(Algorithm::Sha256, &[body], &written));
        }
        let timestamp = single(headers, TIMESTAMP)?;
        if !self.is_recent(timestamp, now) {
            return None;
        }
        Some(self.is_mac(Algorithm::Sha256, &[timestamp.as_bytes(), b":", body], &written))
    }

    /// Stripe: `t=…,v1=…,v1=…`, over `t.body`.
    fn stripe(&self, headers: &HeaderMap, body: &[u8], now: i64) -> Option<bool> {
        let written = self.text(headers, "stripe-signature")?;
        let parts = || written.split(',').filter_map(|part| part.trim().split_once('='));
        let timestamp = parts().find(|(name, _)| *name == "t")?.1;
        if !self.is_recent(timestamp, now) {
            return None;
        }
        let signatures = parts().filter(|(name, _)| *name == "v1").filter_map(|(_, value)| from_hex(value));
        Some(self.any(signatures, &[timestamp.as_bytes(), b".", body]))
    }

    /// The header of the scheme, or the one that the rules name.
    fn text<'h>(&self, headers: &'h HeaderMap, own: &'static str) -> Option<&'h str> {
        match &self.header {
            Some(name) => single(headers, name),
            None => single(headers, own),
        }
    }

    fn is_recent(&self, seconds: &str, now: i64) -> bool {
        let digits = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
        digits && seconds.parse::<i64>().is_ok_and(|at| at.abs_diff(now) <= self.tolerance.unsigned_abs())
    }

    fn any(&self, written: impl Iterator<Item = Vec<u8>>, signed: &[&[u8]]) -> bool {
        written.take(MAX_SIGNATURES).fold(false, |right, one| right | self.is_mac(Algorithm::Sha256, signed, &one))
    }

    fn is_mac(&self, algorithm: Algorithm, signed: &[&[u8]], written: &[u8]) -> bool {
        match algorithm {
            Algorithm::Sha256 => is_mac(Hmac::<Sha256>::new_from_slice(&self.secret).ok(), signed, written),
            Algorithm::Sha512 => is_mac(Hmac::<Sha512>::new_from_slice(&self.secret).ok(), signed, written),
            Algorithm::Sha1 => is_mac(Hmac::<Sha1>::new_from_slice(&self.secret).ok(), signed, written),
        }
    }
}

fn generic(settings: &Settings) -> Scheme {
    let algorithm = match integration::ALGORITHM.read(settings) {
        "sha256" => Algorithm::Sha256,
        "sha512" => Algorithm::Sha512,
        "sha1" => Algorithm::Sha1,
        _ => return Scheme::RejectAll,
    };
    let base64 = match integration::ENCODING.read(settings) {
        "hex" => false,
        "base64" => true,
        _ => return Scheme::RejectAll,
    };
    if integration::HEADER.read(settings).is_none() {
        return Scheme::RejectAll;
    }
    Scheme::Generic { algorithm, base64, prefix: integration::PREFIX.read(settings).to_owned() }
}

fn is_mac<M: Mac>(mac: Option<M>, signed: &[&[u8]], written: &[u8]) -> bool {
    let Some(mut mac) = mac else { return false };
    for part in signed {
        mac.update(part);
    }
    mac.verify_slice(written).is_ok()
}

/// Whether a text begins with digits and a colon.
fn begins_with_time(body: &[u8]) -> bool {
    let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && body.get(digits) == Some(&b':')
}

/// The value of a header that comes once.
fn single(headers: &HeaderMap, name: impl axum::http::header::AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
