//! Where the programs are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::usage::Unusable;

/// The programs that a network and its people use.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The node.
    pub sampand: PathBuf,
    /// The tool for people.
    pub sampan: PathBuf,
}

impl Binaries {
    /// Finds them in `dir`, or else beside the running program. A test runs in a directory below the
    /// one where Cargo puts binaries, so the directory above is looked at too.
    ///
    /// # Errors
    /// Where they were looked for, and how to build them.
    pub fn find(dir: Option<&Path>) -> Result<Self> {
        let here = std::env::current_exe().context("where is this program?")?;
        let places: Vec<PathBuf> = match dir {
            Some(dir) => vec![dir.to_owned()],
            None => here.ancestors().skip(1).take(2).map(Path::to_owned).collect(),
        };
        let complete = |place: &&PathBuf| place.join("sampand").is_file() && place.join("sampan").is_file();
        let Some(place) = places.iter().find(complete) else {
            let looked: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
            let why = format!(
                "no `sampand` and `sampan` in {}: build them with `cargo build --bins` (add `--release` for the \
                 benchmark), or say where they are with `--bin-dir`",
                looked.join(" or ")
            );
            return Err(Unusable::because(why).into());
        };
        let place = place.canonicalize().with_context(|| place.display().to_string())?;
        Ok(Self { sampand: place.join("sampand"), sampan: place.join("sampan") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_programs_must_be_there() {
        let dir = tempfile::tempdir().expect("a directory");
        let missing = Binaries::find(Some(dir.path())).expect_err("empty");
        assert!(missing.to_string().contains("--bin-dir"), "{missing}");
        for name in ["sampand", "sampan"] {
            std::fs::write(dir.path().join(name), "").expect("a file");
        }
        let found = Binaries::find(Some(dir.path())).expect("both are there");
        assert!(found.sampan.is_absolute() && found.sampand.ends_with("sampand"));
    }
}
