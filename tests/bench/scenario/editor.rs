//! The one who edits rule files while they are served, in the ways in which editors, tools and clusters do.

use crate::checker::Version;
use crate::harness::rules::{Flaw, files};
use crate::harness::{Random, micros};
use std::fs;
use std::io::Result;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a version gets to where it is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Technique {
    /// Each file truncated and written, with a pause after each of so many milliseconds.
    InPlace(u64),
    /// Each file truncated, then written in pieces.
    Pieces,
    /// Each file written beside and renamed over.
    Rename,
    /// Each file as vim writes it: a probe, the old one renamed away, a new one, the old one unlinked.
    Vim,
    /// Everything in place, but the last table without its last row, which follows 150 ms later: a valid prefix.
    Prefix,
    /// The folder removed, made anew after a pause of so many milliseconds, and filled.
    Recreate(u64),
    /// The folder moved away and a prepared one moved in.
    MoveIn,
    /// A mounted `ConfigMap`: the link `..data` renamed over.
    ConfigMap,
    /// A link to a folder, replaced by a link to another.
    Link,
    /// Each file through memory, which no event but the end of writing tells.
    Mapped,
    /// Each file in place by another name of it, in a folder that nobody watches.
    HardLink,
    /// The folder exchanged for another in one step.
    Exchange,
    /// A fresh filesystem mounted over the folder, and filled. Needs root; who uses it unmounts them all.
    MountOver,
}

/// How long an editor may be stalled between two files before a stable snapshot cannot tell any more.
const STALL: u64 = 90_000;
/// The same for the pause of a valid prefix.
const STALL_OF_PREFIX: u64 = 250_000;

/// An editor of one rule set.
pub(crate) struct Editor {
    root: PathBuf,
    workshop: PathBuf,
    port: u16,
    /// The last version that was written.
    pub(crate) number: u32,
    /// What was written.
    pub(crate) log: Vec<Version>,
    last_write: u64,
    longest_pause: u64,
}

impl Editor {
    /// Sets out version 0 for techniques of one kind.
    pub(crate) fn new(root: &Path, workshop: &Path, port: u16, first: Technique) -> Result<Self> {
        fs::create_dir_all(workshop)?;
        let mut editor = Self {
            root: root.to_owned(),
            workshop: workshop.to_owned(),
            port,
            number: 0,
            log: Vec::new(),
            last_write: 0,
            longest_pause: 0,
        };
        match first {
            Technique::ConfigMap => {
                fs::create_dir_all(root)?;
                editor.write(Technique::ConfigMap, Flaw::None)?;
                for (name, _) in files(0, port, Flaw::None) {
                    symlink(Path::new("..data").join(name), root.join(name))?;
                }
            }
            Technique::Link => editor.write(Technique::Link, Flaw::None)?,
            Technique::InPlace(_)
            | Technique::Pieces
            | Technique::Rename
            | Technique::Vim
            | Technique::Prefix
            | Technique::Recreate(_)
            | Technique::MoveIn
            | Technique::Mapped
            | Technique::Exchange
            | Technique::MountOver => {
                fs::create_dir_all(root)?;
                editor.write(Technique::InPlace(0), Flaw::None)?;
            }
            Technique::HardLink => {
                fs::create_dir_all(root)?;
                editor.write(Technique::InPlace(0), Flaw::None)?;
                for (name, _) in files(0, port, Flaw::None) {
                    fs::hard_link(root.join(name), workshop.join(name))?;
                }
            }
        }
        let zero =
            Version { number: 0, begun: 0, ended: 0, good: true, stalled: false, confirmed: Some(0), missed: None };
        editor.log.push(zero);
        Ok(editor)
    }

    /// Writes the next version.
    pub(crate) fn edit(&mut self, technique: Technique, flaw: Flaw) -> Result<&mut Version> {
        self.number += 1;
        let begun = micros();
        self.last_write = begun;
        self.longest_pause = 0;
        self.write(technique, flaw)?;
        let most = if technique == Technique::Prefix { STALL_OF_PREFIX } else { STALL };
        self.log.push(Version {
            number: self.number,
            begun,
            ended: micros(),
            good: flaw == Flaw::None,
            stalled: self.longest_pause > most,
            confirmed: None,
            missed: None,
        });
        let last = self.log.len() - 1;
        Ok(&mut self.log[last])
    }

    fn write(&mut self, technique: Technique, flaw: Flaw) -> Result<()> {
        let texts = files(self.number, self.port, flaw);
        let root = self.root.clone();
        match technique {
            Technique::InPlace(pause) => {
                for (name, text) in &texts {
                    self.put(&root.join(name), text)?;
                    std::thread::sleep(Duration::from_millis(pause));
                }
            }
            Technique::Pieces => {
                for (name, text) in &texts {
                    self.pieces(&root.join(name), text)?;
                }
            }
            Technique::Rename => {
                for (name, text) in &texts {
                    let beside = root.join(format!(".{name}.tmp"));
                    self.put(&beside, text)?;
                    fs::rename(beside, root.join(name))?;
                }
            }
            Technique::Vim => {
                for (name, text) in &texts {
                    self.as_vim(&root, name, text)?;
                }
            }
            Technique::Prefix => self.prefix(&root, &texts)?,
            Technique::Recreate(pause) => {
                fs::remove_dir_all(&root)?;
                std::thread::sleep(Duration::from_millis(pause));
                self.last_write = micros();
                self.fill(&root, &texts)?;
            }
            Technique::MoveIn => {
                let fresh = self.workshop.join(format!("in-{}", self.number));
                self.fill(&fresh, &texts)?;
                fs::rename(&root, self.workshop.join(format!("out-{}", self.number)))?;
                fs::rename(fresh, &root)?;
            }
            Technique::ConfigMap => {
                let name = format!("..v{}", self.number);
                self.fill(&root.join(&name), &texts)?;
                symlink(&name, root.join("..data_tmp"))?;
                let before = fs::read_link(root.join("..data"));
                fs::rename(root.join("..data_tmp"), root.join("..data"))?;
                if let Ok(before) = before {
                    fs::remove_dir_all(root.join(before))?;
                }
            }
            Technique::Link => {
                let fresh = self.workshop.join(format!("tree-{}", self.number));
                self.fill(&fresh, &texts)?;
                let link = self.workshop.join("link");
                symlink(&fresh, &link)?;
                let before = fs::read_link(&root);
                fs::rename(&link, &root)?;
                if let Ok(before) = before {
                    fs::remove_dir_all(before)?;
                }
            }
            Technique::Mapped => self.through_memory(&root, &texts)?,
            Technique::HardLink => {
                let workshop = self.workshop.clone();
                texts.iter().try_for_each(|(name, text)| self.put(&workshop.join(name), text))?;
            }
            Technique::Exchange => {
                use rustix::fs::{CWD, RenameFlags, renameat_with};
                let fresh = self.workshop.join("exchanged");
                self.fill(&fresh, &texts)?;
                renameat_with(CWD, &fresh, CWD, &root, RenameFlags::EXCHANGE)?;
                fs::remove_dir_all(fresh)?;
            }
            Technique::MountOver => {
                mount(&["-t", "tmpfs", "tmpfs", &root.to_string_lossy()])?;
                self.last_write = micros();
                self.fill(&root, &texts)?;
            }
        }
        Ok(())
    }

    /// By one process for all files, as its start takes longer than the writing.
    fn through_memory(&mut self, root: &Path, texts: &[(&str, String)]) -> Result<()> {
        const WRITE: &str = "import mmap, os, sys\n\
            for name in os.listdir(sys.argv[1]):\n    \
            text = open(os.path.join(sys.argv[1], name), 'rb').read()\n    \
            file = open(os.path.join(sys.argv[2], name), 'r+b')\n    \
            if os.fstat(file.fileno()).st_size != len(text): file.truncate(len(text))\n    \
            memory = mmap.mmap(file.fileno(), len(text))\n    \
            memory[:] = text\n    \
            memory.close()\n    \
            file.close()\n";
        let prepared = self.workshop.join("mapped");
        let _ = fs::remove_dir_all(&prepared);
        self.fill(&prepared, texts)?;
        let status = std::process::Command::new("python3")
            .args(["-c".as_ref(), WRITE.as_ref(), prepared.as_os_str(), root.as_os_str()])
            .status()?;
        let now = micros();
        // How long the process stalled between two files nobody knows: not longer than it took.
        self.longest_pause = self.longest_pause.max((now - self.last_write).saturating_sub(100_000));
        self.last_write = now;
        if status.success() { Ok(()) } else { Err(std::io::Error::other("python3 failed")) }
    }

    fn put(&mut self, path: &Path, text: &str) -> Result<()> {
        fs::write(path, text)?;
        let now = micros();
        self.longest_pause = self.longest_pause.max(now - self.last_write);
        self.last_write = now;
        Ok(())
    }

    fn fill(&mut self, folder: &Path, texts: &[(&str, String)]) -> Result<()> {
        fs::create_dir_all(folder)?;
        texts.iter().try_for_each(|(name, text)| self.put(&folder.join(name), text))
    }

    fn pieces(&mut self, path: &Path, text: &str) -> Result<()> {
        let step = (text.len() / 4).max(1);
        for end in (0..text.len()).step_by(step).chain([text.len()]) {
            self.put(path, &text[..end])?;
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn as_vim(&mut self, root: &Path, name: &str, text: &str) -> Result<()> {
        fs::write(root.join("4913"), "")?;
        fs::remove_file(root.join("4913"))?;
        let backup = root.join(format!("{name}~"));
        fs::rename(root.join(name), &backup)?;
        self.put(&root.join(name), text)?;
        fs::remove_file(backup)
    }

    fn prefix(&mut self, root: &Path, texts: &[(&str, String)]) -> Result<()> {
        for (name, text) in texts {
            let shortened = text.rsplit_once("tail,").map(|(head, _)| head.to_owned());
            self.put(&root.join(name), shortened.as_ref().unwrap_or(text))?;
        }
        std::thread::sleep(Duration::from_millis(150));
        for (name, text) in texts.iter().filter(|(_, text)| text.contains("tail,")) {
            self.put(&root.join(name), text)?;
        }
        Ok(())
    }
}

/// Runs `mount`.
pub(crate) fn mount(arguments: &[&str]) -> Result<()> {
    let status = std::process::Command::new("mount").args(arguments).status()?;
    if status.success() { Ok(()) } else { Err(std::io::Error::other("mount failed")) }
}

/// One of some.
pub(crate) fn pick<T: Copy>(random: &mut Random, from: &[T]) -> T {
    from[random.below(from.len() as u64) as usize]
}
