//! One load: readings until two agree, a build, and a last reading of what the build asked for first.

use super::digest::FingerprintKey;
use super::manifest::{self, Manifest};
use super::signals::Signals;
use super::view::{Named, Use, View};
use super::watcher::{self, Watcher};
use super::{Build, Hash, Options, Rejection, Snapshot, Stage};
use crate::mutant::Mutant;
use crate::ruleset::Unreadable;
use crate::ruleset::disk::Reach;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How often files are read again until they hold still.
const MOST_READINGS: usize = 10;

/// The files that a build named.
pub(super) type Closure = BTreeSet<(Use, PathBuf)>;

/// What reads and builds.
pub(super) struct Loader<T> {
    pub(super) options: Options,
    pub(super) build: Box<Build<T>>,
    pub(super) signals: Arc<Signals>,
    pub(super) watcher: Watcher,
    /// What the version in force was made of.
    pub(super) in_force: Option<(Hash, Closure)>,
    /// What the last build named, whatever came of it.
    pub(super) named: Closure,
    /// What the first reading of the last load found.
    pub(super) found: Option<Found>,
}

/// What a reading came to, for telling whether the next differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found(Result<Option<Hash>, String>);

/// A value that is ready to be published, and what it was built from.
pub(super) struct Candidate<T> {
    pub(super) value: T,
    pub(super) snapshot: Snapshot,
}

impl<T> Loader<T> {
    /// What a snapshot becomes. Files on which the program itself founders are refused like any others that cannot be
    /// served: those in force stay, and reloading goes on.
    pub(super) fn build(&self, snapshot: &Snapshot) -> Result<T, Rejection> {
        let built = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.build)(snapshot)));
        built.unwrap_or_else(|_| {
            Err(Rejection {
                stage: Stage::Check,
                message: "the program foundered on these files, which is its own fault: please report them"
                    .to_owned(),
                diagnostics: Vec::new(),
                sources: snapshot.sources().clone(),
            })
        })
    }

    /// The files as a candidate; nothing where they are those in force. Further signs draw it out until then at most.
    pub(super) fn load(&mut self, until: Duration) -> Result<Option<Candidate<T>>, Rejection> {
        let first = self.look();
        if self.is_in_force(&first) {
            return Ok(None);
        }
        let mut last = first;
        for _ in 0..MOST_READINGS {
            if !Mutant::NoSecondScan.is_on() {
                self.signals.settle(self.options.settle, until);
                let next = self.look();
                let agrees = next.agrees(&last);
                last = next;
                if !agrees {
                    continue;
                }
            }
            if self.signals.is_stopped() {
                return Err(Rejection::read("reloading has ended"));
            }
            if self.is_in_force(&last) {
                return Ok(None);
            }
            let snapshot = self.sound(&last)?;
            let built = self.build(&snapshot);
            let named = snapshot.named();
            let is_new = |key: &(Use, PathBuf)| !last.named.contains_key(key);
            let is_more = named.keys().any(is_new);
            let differs =
                named.iter().any(|(key, read)| last.named.get(key).is_some_and(|seen| seen != read));
            self.named = named.keys().cloned().collect();
            self.arm(last.folders.union(&snapshot.folders()).cloned().collect(), &last);
            if is_more && !Mutant::NoSecondScan.is_on() {
                self.signals.settle(self.options.settle, until);
                let next = self.look();
                let same = next.scan_agrees(&last)
                    && named.iter().all(|(key, read)| next.named.get(key) == Some(read));
                last = next;
                if !same {
                    continue;
                }
            } else if differs {
                continue;
            }
            let value = built?;
            self.listed(&snapshot, &last)?;
            return Ok(Some(Candidate { value, snapshot }));
        }
        // What the last reading found is not what was refused.
        self.found = None;
        Err(Rejection::read(format!(
            "unstable: the files changed between each two of {MOST_READINGS} readings"
        )))
    }

    /// Whether the files are as the last load found them.
    pub(super) fn is_as_before(&mut self) -> bool {
        let before = self.found.clone();
        self.look();
        before.is_some() && before == self.found
    }

    fn wanted(&self) -> Closure {
        let manifests = self.manifests().into_iter().map(|path| (Use::Sample, path));
        let in_force = self.in_force.iter().flat_map(|(_, closure)| closure.iter().cloned());
        self.named.iter().cloned().chain(in_force).chain(manifests).collect()
    }

    fn look(&mut self) -> View {
        let wanted = self.wanted();
        let view = View::read(&self.options.roots, &wanted, &self.options.fingerprints);
        self.found = Some(Found(view.scan.as_ref().map(|_| view.hash_of(&wanted)).map_err(Clone::clone)));
        self.arm(view.folders.clone(), &view);
        view
    }

    fn arm(&mut self, folders: BTreeSet<PathBuf>, view: &View) {
        let files = view.scan.iter().flat_map(|scan| scan.files.iter().map(|file| file.path.clone()));
        if self.watcher.arm(watcher::mutated(folders, files)) {
            // What changed there after it was read and before it was watched shows at the next reading.
            self.signals.note();
        }
    }

    fn is_in_force(&self, view: &View) -> bool {
        self.in_force.as_ref().is_some_and(|(hash, closure)| view.hash_of(closure) == Some(*hash))
    }

    fn sound(&self, view: &View) -> Result<Snapshot, Rejection> {
        let scan = view.scan.as_ref().map_err(Rejection::unreadable)?;
        if scan.files.is_empty() && !self.options.allow_empty {
            return Err(Rejection::unreadable(Unreadable::NoRules { paths: self.options.roots.clone() }));
        }
        let snapshot = Snapshot::new(view.clone(), self.options.fingerprints);
        self.listed(&snapshot, view)?;
        snapshot.sound()?;
        Ok(snapshot)
    }

    fn manifests(&self) -> Vec<PathBuf> {
        let within = self.options.roots.iter().map(|root| root.join(manifest::NAME));
        within.chain(self.options.manifest.clone()).collect()
    }

    /// Holds a snapshot against the manifests, and what it named so far.
    fn listed(&self, snapshot: &Snapshot, view: &View) -> Result<(), Rejection> {
        let named = snapshot.named();
        let tables = named.iter().filter(|((used, _), _)| *used == Use::Table);
        let mut found = snapshot.rules().clone();
        found.extend(tables.map(|((_, path), named)| (path.clone(), named.digest)));
        for path in self.manifests() {
            let Some(read) = view.named.get(&(Use::Sample, path.clone())) else { continue };
            let text = match &read.content {
                Ok(bytes) => String::from_utf8_lossy(bytes),
                Err(reason) if self.options.manifest.as_ref() == Some(&path) || !is_absent(reason) => {
                    let path = path.display();
                    return Err(Rejection::read(format!("cannot read the manifest `{path}`: {reason}")));
                }
                Err(_) => continue,
            };
            let checked =
                Manifest::parse(&path, &text).and_then(|manifest| manifest.check(&found, &digest_at));
            checked.map_err(Rejection::read)?;
        }
        Ok(())
    }
}

/// The digest of a file that a manifest lists beside the rules: a payload, a page.
fn digest_at(path: &Path) -> Result<super::digest::Digest, String> {
    let (reach, key) = (Reach::default(), FingerprintKey::default());
    let (named, content) = Named::read(Use::Sample, path, &reach, &key, &mut BTreeSet::new());
    content.map(|_| named.digest)
}

fn is_absent(reason: &str) -> bool {
    use rustix::io::Errno;
    [Errno::NOENT, Errno::NOTDIR].into_iter().any(|errno| std::io::Error::from(errno).to_string() == reason)
}
