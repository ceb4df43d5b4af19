//! File systems that are reached over a network or through a program. Changes made elsewhere cause no events on this
//! system, and their locks and their fsync are unreliable.

use std::io;
use std::path::Path;

/// The remote file system of a path; nothing for a local one.
///
/// # Errors
/// Those of the system, for example if the path does not exist.
#[cfg(target_os = "linux")]
pub fn remote_file_system(path: &Path) -> io::Result<Option<&'static str>> {
    Ok(name(i128::from(rustix::fs::statfs(path)?.f_type)))
}

/// Always nothing: the numbers of file systems are known on Linux only.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn remote_file_system(_path: &Path) -> io::Result<Option<&'static str>> {
    Ok(None)
}

/// From `linux/magic.h` and the sources of the file systems.
const REMOTE: [(i128, &str); 9] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x6573_5546, "FUSE or virtiofs"),
    (0x0102_1997, "9p"),
    (0x786f_4256, "vboxsf"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
];

/// The number has 32 bits; it is negative if it was widened with its sign.
fn name(kind: i128) -> Option<&'static str> {
    REMOTE.iter().find(|(number, _)| *number == kind & 0xffff_ffff).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn remote_file_systems_are_known_by_their_numbers() {
        assert_eq!(name(0x6969), Some("NFS"));
        assert_eq!(name(0xff53_4d42), Some("CIFS"));
        assert_eq!(name(-11_317_950), Some("CIFS"));
        assert_eq!(name(0xef53), None, "ext4");
        assert_eq!(name(0x0102_1994), None, "tmpfs");
    }
}
