//! Files: each fault in the words and with the exit code that fit it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sampan_proto::reject::{Code, Reject};

use crate::failure::Failure;

/// `-` stands for stdin and stdout.
pub(crate) const STDIO: &str = "-";

/// Reads a file (or stdin) of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells "too large" from "just fits".
    let most = limit as u64 + 1;
    let result = if path.as_os_str() == STDIO {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    result.map_err(|error| fault("read", path, &error))?;
    if bytes.len() > limit {
        let reject = Reject::new(Code::JsonTooLarge, "$", format!("more than {limit} bytes"));
        return Err(Failure::refused(format!("`{}` is too large", path.display())).reject(&reject));
    }
    Ok(bytes)
}

/// Opens a file that is too large to be read at once.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| fault("read", path, &error))
}

/// Writes a file whole or not at all, in place of what stood there. Others may read it if they could read that.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let private = path.exists() && !is_readable_by_others(path);
    swap(path, bytes, private)
}

/// The same for what its owner alone may read.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    swap(path, bytes, true)
}

fn swap(path: &Path, bytes: &[u8], private: bool) -> Result<(), Failure> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = create(&part, private).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)?;
        sync_folder(path)
    });
    written.map_err(|error| {
        // The unfinished file is of no use; if it cannot be removed either, the first fault is the one to tell.
        let _ = fs::remove_file(&part);
        fault("write", path, &error)
    })
}

/// Writes a new file; never over an old one. Private files can be read by their owner only.
pub(crate) fn write_new(path: &Path, bytes: &[u8], private: bool) -> Result<(), Failure> {
    let written = create(path, private).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| fault("write", path, &error))
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
    fs::remove_file(path).map_err(|error| fault("remove", path, &error))
}

/// Makes a folder and those above it.
pub(crate) fn folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path).map_err(|error| fault("create", path, &error))
}

/// After this a power loss no longer brings back what stood there before.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn create(path: &Path, private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    options.open(path)
}

/// Whether others than the owner can read the file.
pub(crate) fn is_readable_by_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

fn fault(verb: &str, path: &Path, error: &io::Error) -> Failure {
    use io::ErrorKind::{AlreadyExists, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    let what = format!("cannot {verb} `{}`", path.display());
    match error.kind() {
        AlreadyExists => Failure::refused(what).why("the file exists").hint("name another file with `-o`"),
        NotFound => Failure::refused(what).why("no such file or folder"),
        PermissionDenied | IsADirectory | NotADirectory => Failure::refused(what).why(error),
        _ => Failure::unexpected(what).why(error),
    }
}

/// A file name made from a document's number or a record's name.
pub(crate) fn named(stem: &str, ending: &str) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let stem: String = stem.chars().take(60).map(plain).collect();
    PathBuf::from(format!("{stem}.{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_the_folder() {
        assert_eq!(named("../E26/0001", "bundle.json"), PathBuf::from("---E26-0001.bundle.json"));
    }

    #[test]
    fn a_file_is_replaced_whole_and_never_created_twice() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join("x.json");
        write_new(&path, b"1", true).expect("new");
        assert!(!is_readable_by_others(&path));
        assert!(write_new(&path, b"2", true).is_err());
        replace(&path, b"3").expect("replaced");
        assert!(!is_readable_by_others(&path), "it was private");
        assert_eq!(read(&path, 1).expect("read"), b"3");
        assert!(read(&path, 0).is_err());
        assert_eq!(std::fs::read_dir(dir.path()).expect("list").count(), 1);
    }
}
