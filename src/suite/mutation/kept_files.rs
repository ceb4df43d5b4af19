//! The files that tests name, each read once and never written.

use crate::suite::test_files::TestFiles;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

type ReadFiles = BTreeMap<PathBuf, Result<Vec<u8>, String>>;

/// The files that were read, and where they come from.
#[derive(Clone)]
pub(super) struct KeptFiles<'f> {
    source: &'f dyn TestFiles,
    kept: Rc<RefCell<ReadFiles>>,
}

impl<'f> KeptFiles<'f> {
    pub(super) fn new(source: &'f dyn TestFiles) -> Self {
        Self { source, kept: Rc::default() }
    }
}

impl TestFiles for KeptFiles<'_> {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let mut kept = self.kept.borrow_mut();
        kept.entry(path.to_owned()).or_insert_with(|| self.source.read(path)).clone()
    }

    fn write(&mut self, _path: &Path, _bytes: &[u8]) -> Result<(), String> {
        Err("nothing is written while rules are changed".to_owned())
    }
}
