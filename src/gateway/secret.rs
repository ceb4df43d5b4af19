//! Secrets that rules name: read from the environment, or from files that lie below the folder of the rule file or below a
//! folder that is made for secrets: `/run/secrets`, `/var/run/secrets` and systemd's `$CREDENTIALS_DIRECTORY`.
//!
//! A link may lead around within such a folder, as Kubernetes' `..data` does, but not out of it: rule files cannot be used
//! to read what else the gateway may read, a pod's own token among it. No message holds any part of a secret.

#![expect(clippy::disallowed_methods, reason = "this is where secrets come in")]

use crate::check::model::Secret;
use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};
use zeroize::Zeroizing;

/// Bytes of a secret's file.
const MOST_BYTES: u64 = 64 << 10;
/// Folders that are made for secrets.
const MADE_FOR_SECRETS: [&str; 2] = ["/run/secrets", "/var/run/secrets"];
/// Where Kubernetes puts what belongs to the pod, below those.
const OF_THE_POD: &str = "kubernetes.io";

/// The text of a secret; `folder` is that of the rule file that names it. White space around a file's text is no part
/// of it.
///
/// # Errors
/// The reason in words, without the secret.
pub fn read(secret: &Secret, folder: &Path) -> Result<String, String> {
    let text = match secret {
        Secret::Environment(name) => match std::env::var(&**name) {
            Ok(text) => text,
            Err(std::env::VarError::NotPresent) => return Err(format!("the environment holds no `{name}`")),
            Err(std::env::VarError::NotUnicode(_)) => {
                return Err(format!("`{name}` in the environment is no text"));
            }
        },
        Secret::File(path) => read_file(path, folder)?,
    };
    if text.is_empty() { Err(format!("{} is empty", named(secret))) } else { Ok(text) }
}

fn named(secret: &Secret) -> String {
    match secret {
        Secret::Environment(name) => format!("`{name}` in the environment"),
        Secret::File(path) => format!("the secret file `{path}`"),
    }
}

fn read_file(path: &str, folder: &Path) -> Result<String, String> {
    let told = |error: &str| format!("the secret file `{path}` could not be read: {error}");
    let outside = || {
        told("it lies outside of the folder of the rule file and of `/run/secrets`; put it below one of them")
    };
    let file = open(Path::new(path), folder).map_err(|error| match error {
        Errno::XDEV => outside(),
        Errno::LOOP => told("its links lead in a circle"),
        error => told(&std::io::Error::from(error).to_string()),
    })?;
    let state = rustix::fs::fstat(&file).map_err(|error| told(&std::io::Error::from(error).to_string()))?;
    if FileType::from_raw_mode(state.st_mode) != FileType::RegularFile {
        return Err(told("it is no regular file"));
    }
    if state.st_mode & 0o004 != 0 {
        tracing::warn!(
            path,
            "a secret file may be read by everybody on this machine; take the right from others"
        );
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let read = File::from(file).take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| told(&error.to_string()))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(told("it is larger than 64 KiB"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| told("it is no UTF-8 text"))?;
    Ok(text.trim().to_owned())
}

/// Opens a file that lies below a folder, links followed only as long as they stay there.
fn open(path: &Path, folder: &Path) -> Result<OwnedFd, Errno> {
    let (folder, path) = root(path, folder)?;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let below = rustix::fs::openat(CWD, &folder, flags | OFlags::DIRECTORY, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(&below, &path, flags, Mode::empty(), resolve) {
        Err(Errno::NOSYS | Errno::PERM) => open_plainly(&path, &folder, flags),
        result => result,
    }
}

/// The folder that a path must stay in, and the path from there.
fn root(path: &Path, folder: &Path) -> Result<(PathBuf, PathBuf), Errno> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if path.is_relative() {
        return Ok((folder.to_owned(), path.to_owned()));
    }
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let roots = std::path::absolute(folder).into_iter().chain(credentials);
    let roots = roots.chain(MADE_FOR_SECRETS.map(PathBuf::from));
    let mut below = roots.filter_map(|root| Some((path.strip_prefix(&root).ok()?.to_owned(), root)));
    let (rest, root) = below.next().ok_or(Errno::XDEV)?;
    if rest.components().any(|part| part.as_os_str() == OF_THE_POD) {
        Err(Errno::XDEV)
    } else {
        Ok((root, rest))
    }
}

/// The same where the kernel or a sandbox has no `openat2`: the place is looked up first, and then opened.
fn open_plainly(path: &Path, folder: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let plain = |component| matches!(component, Component::Normal(_) | Component::CurDir);
    if !path.components().all(plain) {
        return Err(Errno::XDEV);
    }
    let canonical =
        |path: &Path| path.canonicalize().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO));
    let (root, file) = (canonical(folder)?, canonical(&folder.join(path))?);
    if !file.starts_with(root) {
        return Err(Errno::XDEV);
    }
    rustix::fs::openat(CWD, file, flags | OFlags::NOFOLLOW, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::{open_plainly, read};
    use crate::check::model::Secret;
    use rustix::fs::OFlags;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::{Path, PathBuf};

    fn folder(name: &str) -> PathBuf {
        let root = std::env::temp_dir().join(format!("pointsman-secret-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        fs::create_dir_all(root.join("rules")).unwrap();
        fs::write(root.join("outside"), "canary").unwrap();
        root.join("rules")
    }

    fn file(path: &str) -> Secret {
        Secret::File(path.into())
    }

    #[test]
    fn files_below_the_rules_are_read_whatever_links_lead_there() {
        let folder = folder("below");
        fs::create_dir(folder.join("..v1")).unwrap();
        fs::write(folder.join("..v1/key"), " canary-key\n").unwrap();
        symlink("..v1", folder.join("..data")).unwrap();
        symlink("..data/key", folder.join("key")).unwrap();
        assert_eq!(read(&file("key"), &folder), Ok("canary-key".to_owned()));
        assert_eq!(read(&file("./key"), &folder), Ok("canary-key".to_owned()));
        assert_eq!(read(&file(folder.join("key").to_str().unwrap()), &folder), Ok("canary-key".to_owned()));
        assert!(open_plainly(Path::new("key"), &folder, OFlags::RDONLY).is_ok());
    }

    #[test]
    fn nothing_leads_out_of_the_folder() {
        let folder = folder("out");
        symlink("../outside", folder.join("link")).unwrap();
        symlink(folder.parent().unwrap(), folder.join("up")).unwrap();
        for path in ["../outside", "/etc/passwd", "link", "up/outside", "/proc/self/environ"] {
            let error = read(&file(path), &folder).unwrap_err();
            assert!(error.contains("outside of the folder"), "{error}");
            assert!(open_plainly(Path::new(path), &folder, OFlags::RDONLY).is_err(), "{path}");
        }
    }

    #[test]
    fn folders_made_for_secrets_are_open_but_for_the_token_of_the_pod() {
        let of = |path: &str| super::root(Path::new(path), Path::new("rules"));
        let shop = of("/run/secrets/shop/key").unwrap();
        assert_eq!(shop, (PathBuf::from("/run/secrets"), PathBuf::from("shop/key")));
        assert!(of("/run/secrets/kubernetes.io/serviceaccount/token").is_err());
        assert!(of("/run/secretsother").is_err());
    }

    #[test]
    fn what_is_no_secret_is_refused_with_its_name_and_nothing_else() {
        let folder = folder("odd");
        fs::write(folder.join("large"), "canary".repeat(20_000)).unwrap();
        fs::write(folder.join("empty"), "\n").unwrap();
        fs::write(folder.join("binary"), b"canary\xff").unwrap();
        fs::create_dir(folder.join("folder")).unwrap();
        for (path, why) in [
            ("large", "larger than 64 KiB"),
            ("empty", "is empty"),
            ("binary", "no UTF-8"),
            ("folder", "no regular file"),
            ("absent", "No such file"),
        ] {
            let error = read(&file(path), &folder).unwrap_err();
            assert!(error.contains(why) && error.contains(path) && !error.contains("canary"), "{error}");
        }
        let unset = Secret::Environment("POINTSMAN_NO_SUCH_VARIABLE".into());
        assert_eq!(
            read(&unset, &folder).unwrap_err(),
            "the environment holds no `POINTSMAN_NO_SUCH_VARIABLE`"
        );
    }
}
