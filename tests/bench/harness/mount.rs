//! A filesystem of its own, to be filled or to lose its power: ext4 in a file, or a tmpfs. Needs root.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted filesystem; it is unmounted when dropped.
pub(crate) struct Mount {
    /// Where it is mounted.
    pub(crate) path: PathBuf,
    image: Option<PathBuf>,
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}

impl Mount {
    /// Makes ext4 in a file of the folder and mounts it.
    pub(crate) fn ext4(folder: &Path, megabytes: u64) -> Result<Self, String> {
        let image = folder.join("image");
        let file = std::fs::File::create(&image).map_err(|error| error.to_string())?;
        file.set_len(megabytes << 20).map_err(|error| error.to_string())?;
        let path = folder.join("mount");
        std::fs::create_dir_all(&path).map_err(|error| error.to_string())?;
        run("mkfs.ext4", &["-q", "-F", &image.to_string_lossy()])?;
        let mount = Self { path, image: Some(image) };
        mount.attach()?;
        Ok(mount)
    }

    /// Mounts a tmpfs below the folder.
    pub(crate) fn tmpfs(folder: &Path, megabytes: u64) -> Result<Self, String> {
        let path = folder.join("mount");
        std::fs::create_dir_all(&path).map_err(|error| error.to_string())?;
        let size = format!("size={megabytes}m");
        run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &path.to_string_lossy()])?;
        Ok(Self { path, image: None })
    }

    fn attach(&self) -> Result<(), String> {
        let Some(image) = &self.image else { return Ok(()) };
        run("mount", &["-o", "loop", &image.to_string_lossy(), &self.path.to_string_lossy()])
    }

    /// Takes the power away: what was not flushed is gone, and every write fails from now on.
    pub(crate) fn cut_power(&self) -> Result<(), String> {
        const SHUT_DOWN_WITHOUT_FLUSH: &str = "import fcntl, os, struct, sys\n\
            fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";
        run("python3", &["-c", SHUT_DOWN_WITHOUT_FLUSH, &self.path.to_string_lossy()])
    }

    /// Mounts it again after the power was cut; nothing may use it any more.
    pub(crate) fn power_on(&self) -> Result<(), String> {
        run("umount", &[&self.path.to_string_lossy()])?;
        self.attach()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let path = self.path.to_string_lossy();
        if run("umount", &[&path]).is_err() {
            let _ = run("umount", &["-l", &path]);
        }
    }
}
