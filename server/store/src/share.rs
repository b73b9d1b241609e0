//! What kind of file system a path lies on, where that explains what a lock or a disk does.

use std::path::Path;

/// The kind of network share that a path lies on; `None` on a local disk, or where it is not known.
pub(super) fn network_share(path: &Path) -> Option<&'static str> {
    let folder = path.ancestors().find(|folder| folder.exists())?;
    share_of(folder)
}

#[cfg(target_os = "linux")]
fn share_of(folder: &Path) -> Option<&'static str> {
    // The numbers of `statfs(2)`.
    match rustix::fs::statfs(folder).ok()?.f_type & 0xffff_ffff {
        0x6969 => Some("a network share (NFS)"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("a network share (SMB)"),
        0x0102_1997 => Some("a shared folder of another system (9P)"),
        0x6573_5546 => Some("a file system of a program (FUSE)"),
        0x5346_414f | 0x6b41_4653 => Some("a network share (AFS)"),
        0x00c3_6400 => Some("a network share (Ceph)"),
        0x786f_4256 => Some("a shared folder of another system (VirtualBox)"),
        _ => None,
    }
}

#[cfg(not(target_os = "linux"))]
fn share_of(folder: &Path) -> Option<&'static str> {
    let found = rustix::fs::statfs(folder).ok()?;
    let name: Vec<u8> = found.f_fstypename.iter().map(|&byte| byte.cast_unsigned()).collect();
    [
        (b"nfs".as_slice(), "a network share (NFS)"),
        (b"smbfs", "a network share (SMB)"),
        (b"afpfs", "a network share (AFP)"),
        (b"webdav", "a network share (WebDAV)"),
        (b"macfuse", "a file system of a program (FUSE)"),
    ]
    .into_iter()
    .find(|(kind, _)| name.starts_with(kind))
    .map(|(_, share)| share)
}
