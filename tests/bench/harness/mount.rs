//! A filesystem of its own, to be filled or to lose its power: ext4 in a file, or a tmpfs. Needs root.

use std::io::{Read, Write};
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

    /// Takes the power away: what was not flushed is gone, and every write fails from now on. Returns the time just before.
    pub(crate) fn cut_power(&self) -> Result<u64, String> {
        // It waits for a byte, so that its own start lies before the cut.
        const SHUT_DOWN_WITHOUT_FLUSH: &str = "import fcntl, os, struct, sys\n\
            folder = os.open(sys.argv[1], os.O_RDONLY)\n\
            os.write(1, b'.')\n\
            os.read(0, 1)\n\
            fcntl.ioctl(folder, 0x8004587d, struct.pack('I', 2))";
        let failed = |error: std::io::Error| format!("python3: {error}");
        let mut cutter = Command::new("python3")
            .args(["-c".as_ref(), SHUT_DOWN_WITHOUT_FLUSH.as_ref(), self.path.as_os_str()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(stdout) = &mut cutter.stdout {
            stdout.read_exact(&mut [0]).map_err(failed)?;
        }
        let begun = super::micros();
        if let Some(stdin) = &mut cutter.stdin {
            stdin.write_all(b".").map_err(failed)?;
        }
        let status = cutter.wait().map_err(failed)?;
        if status.success() { Ok(begun) } else { Err("the filesystem cannot be shut down".to_owned()) }
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
