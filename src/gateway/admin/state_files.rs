//! Three small files in the state directory, beside the journal.
//!
//! `admin.token` holds the token of the admin listener, `fingerprint.key` the key of the fingerprints of secret files; the
//! first start writes both, and only their owner can read them. `admin.json` holds the address by which the command line
//! finds a running gateway. It is removed when the gateway stops, but not after a crash.

#![expect(clippy::disallowed_methods, reason = "the token is kept in the state directory")]

use crate::channel::{Secret, StateFile};
use crate::gateway::keys;
use crate::reload::FingerprintKey;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use subtle::ConstantTimeEq as _;

/// The token of a state directory; made if there is none.
///
/// # Errors
/// In words, where it can neither be read nor made.
pub fn admin_token(state: &Path) -> Result<Secret, String> {
    read_or_make(&StateFile::AdminToken.path(state), "admin token")
}

/// The key of the fingerprints of secret files; made once for a state directory.
///
/// # Errors
/// In words, where it can neither be read nor made.
pub fn fingerprint_key(state: &Path) -> Result<FingerprintKey, String> {
    let secret = read_or_make(&StateFile::FingerprintKey.path(state), "fingerprint key")?;
    Ok(FingerprintKey::of(secret.expose()))
}

/// The same, if there is one already.
#[must_use]
pub fn known_fingerprint_key(state: &Path) -> Option<FingerprintKey> {
    read_token(&StateFile::FingerprintKey.path(state)).ok().map(|secret| FingerprintKey::of(secret.expose()))
}

fn read_or_make(path: &Path, what: &str) -> Result<Secret, String> {
    match read_token(path) {
        Ok(secret) => Ok(secret),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path, what),
        Err(error) => Err(format!("cannot read the {what} in `{}`: {error}", path.display())),
    }
}

/// The token in a file.
///
/// # Errors
/// Where the file cannot be read, holds no token, or can be read by anybody.
pub fn read_token(path: &Path) -> io::Result<Secret> {
    let text = std::fs::read_to_string(path)?;
    let token = text.trim();
    if token.len() < 16 {
        return Err(io::Error::other("a token has at least 16 characters"));
    }
    if std::fs::metadata(path)?.permissions().mode() & 0o007 != 0 {
        return Err(io::Error::other(format!("anybody may read it: run `chmod o= {}`", path.display())));
    }
    Ok(Secret::new(token.to_owned()))
}

fn make(path: &Path, what: &str) -> Result<Secret, String> {
    let failed = |error: io::Error| format!("cannot write the {what} to `{}`: {error}", path.display());
    let token = keys::new_key()?;
    // A kill between the two steps leaves no empty token.
    let fresh = path.with_extension("new");
    write_private(&fresh, &token).map_err(failed)?;
    std::fs::rename(&fresh, path).map_err(failed)?;
    Ok(Secret::new(token))
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

/// Writes the address of the admin listener.
///
/// # Errors
/// In words, where the file cannot be written.
pub fn write_address(state: &Path, admin: SocketAddr) -> Result<(), String> {
    let path = StateFile::AdminAddress.path(state);
    let text = serde_json::json!({ "url": format!("http://{}", reachable(admin)), "pid": std::process::id() });
    let fresh = path.with_extension("json.new");
    let written = write_private(&fresh, &text.to_string()).and_then(|()| std::fs::rename(&fresh, &path));
    written.map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

/// The address of a listener on all interfaces, as this machine reaches it.
fn reachable(admin: SocketAddr) -> SocketAddr {
    match admin {
        SocketAddr::V4(address) if address.ip().is_unspecified() => ([127, 0, 0, 1], address.port()).into(),
        SocketAddr::V6(address) if address.ip().is_unspecified() => {
            (std::net::Ipv6Addr::LOCALHOST, address.port()).into()
        }
        SocketAddr::V4(_) | SocketAddr::V6(_) => admin,
    }
}

/// Removes the address.
pub fn remove_address(state: &Path) {
    // If it cannot be removed, the next start overwrites it.
    let _ = std::fs::remove_file(StateFile::AdminAddress.path(state));
}

/// Whether an `Authorization` header has the token; takes the same time whichever of its characters are wrong.
#[must_use]
pub fn is_authorized(token: &Secret, authorization: Option<&[u8]>) -> bool {
    let given = authorization.and_then(|header| {
        let (scheme, rest) = header.split_at_checked(7)?;
        scheme.eq_ignore_ascii_case(b"bearer ").then(|| rest.trim_ascii())
    });
    given.is_some_and(|given| bool::from(given.ct_eq(token.expose().as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::{admin_token, is_authorized, write_address};
    use crate::channel::{Secret, StateFile};
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_token_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = admin_token(folder.path()).expect("made");
        assert_eq!(admin_token(folder.path()).expect("read"), first);
        let mode = fs::metadata(StateFile::AdminToken.path(folder.path())).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(first.expose().len() >= 43);
    }

    #[test]
    fn a_token_that_anybody_may_read_or_that_is_empty_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = StateFile::AdminToken.path(folder.path());
        fs::write(&path, "0123456789abcdef0123456789abcdef\n").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
        assert!(admin_token(folder.path()).expect_err("it is open").contains("anybody"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        assert!(admin_token(folder.path()).is_ok());
        fs::write(&path, "\n").expect("written");
        assert!(admin_token(folder.path()).is_err(), "an empty token would open to everybody");
    }

    #[test]
    fn only_the_whole_token_opens() {
        let token = Secret::new("0123456789abcdef".to_owned());
        let opens = |header: &str| is_authorized(&token, Some(header.as_bytes()));
        assert!(opens("Bearer 0123456789abcdef") && opens("bearer  0123456789abcdef "));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer 0123456789abcde",
            "Bearer 0123456789abcdef0",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
        ] {
            assert!(!opens(wrong), "{wrong}");
        }
        assert!(!super::is_authorized(&token, None));
    }

    #[test]
    fn a_listener_on_all_interfaces_is_reached_by_loopback() {
        let folder = tempfile::tempdir().expect("a folder");
        write_address(folder.path(), "0.0.0.0:8481".parse().expect("an address")).expect("written");
        let text = fs::read_to_string(StateFile::AdminAddress.path(folder.path())).expect("read");
        assert!(text.contains(r#""url":"http://127.0.0.1:8481""#), "{text}");
    }
}
