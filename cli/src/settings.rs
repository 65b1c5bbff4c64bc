//! Settings: flags over environment over `cli.toml`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::args::Global;
use crate::failure::Failure;
use crate::files;

const LARGEST: usize = 64 * 1024;

/// `cli.toml` as written. Paths are relative to the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// The node to ask.
    node: Option<String>,
    /// The genesis file to check proofs with.
    genesis: Option<PathBuf>,
    /// The key file to sign with.
    key: Option<PathBuf>,
}

/// What applies to this run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The node to ask: `http://` or `https://`, without a trailing slash.
    pub(crate) node: Option<String>,
    /// The genesis file to check proofs with.
    pub(crate) genesis: Option<PathBuf>,
    /// The key file to sign with, unless a command names another.
    pub(crate) key: Option<PathBuf>,
    /// Where `cli.toml` and the pinned anchors live; none on a machine without a home.
    pub(crate) folder: Option<PathBuf>,
}

impl Settings {
    /// Reads `cli.toml`, if there is one, below what flags and environment say.
    pub(crate) fn load(global: &Global) -> Result<Self, Failure> {
        let folder = folder();
        let written = folder.as_deref().map(written).transpose()?.unwrap_or_default();
        let beside = |path: PathBuf| folder.as_ref().map_or(path.clone(), |folder| folder.join(path));
        let given = |path: &Option<PathBuf>| path.clone().filter(|path| !path.as_os_str().is_empty());
        let node = global.node.clone().filter(|node| !node.is_empty()).or(written.node);
        Ok(Self {
            node: node.as_deref().map(node_url).transpose()?,
            genesis: given(&global.genesis).or(written.genesis.map(beside)),
            key: written.key.map(beside),
            folder,
        })
    }

    /// The node to ask, or what to do about it.
    pub(crate) fn node(&self) -> Result<&str, Failure> {
        self.node.as_deref().ok_or_else(|| {
            Failure::refused("no node to ask")
                .hint("pass `--node URL`, set SAMPAN_NODE, or write `node = \"URL\"` in ~/.config/sampan/cli.toml")
        })
    }
}

fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| std::env::home_dir().map(|home| home.join(".config"))).map(|config| config.join("sampan"))
}

fn written(folder: &Path) -> Result<Written, Failure> {
    let path = folder.join("cli.toml");
    if !path.exists() {
        return Ok(Written::default());
    }
    let what = || format!("cannot use the settings in `{}`", path.display());
    let text = String::from_utf8(files::read(&path, LARGEST)?).map_err(|e| Failure::refused(what()).why(e))?;
    toml::from_str(&text)
        .map_err(|error| Failure::refused(what()).why(error.message()).hint("it may hold `node`, `genesis` and `key`"))
}

/// The address of a node as the client wants it.
pub(crate) fn node_url(text: &str) -> Result<String, Failure> {
    let url = text.trim_end_matches('/');
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(url.to_owned());
    }
    Err(Failure::refused(format!("`{text}` is not the address of a node"))
        .hint("write it as `http://HOST:PORT` or `https://HOST`"))
}
