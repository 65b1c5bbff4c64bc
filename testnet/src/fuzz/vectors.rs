//! The fixtures that `proto` freezes, as seeds: what the honest parties of its test network signed, and what must be refused.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use sampan_proto::genesis::Genesis;
use serde_json::Value;

fn proto() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../proto"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| path.display().to_string())
}

/// A frozen file, by its path below `proto`.
pub(super) fn file(path: &str) -> Result<Vec<u8>> {
    read(&proto().join(path))
}

/// Every frozen file of a folder below `proto`, in order of their names.
pub(super) fn files(folder: &str) -> Result<Vec<Vec<u8>>> {
    let folder = proto().join(folder);
    let listed = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut paths = listed.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

/// The genesis of the network whose vectors these are.
pub(super) fn genesis() -> Result<Genesis> {
    Ok(Genesis::from_bytes(&file("vectors/genesis.json")?)?)
}

/// A column of a list of cases.
pub(super) fn column(sheet: &str, list: &str, column: &str) -> Result<Vec<String>> {
    let sheet: Value = serde_json::from_slice(&file(&format!("vectors/{sheet}"))?)?;
    let cases = sheet.get(list).and_then(Value::as_array).with_context(|| format!("no list `{list}`"))?;
    let text = |case: &Value| case.get(column)?.as_str().map(str::to_owned);
    Ok(cases.iter().filter_map(text).collect())
}

/// The same, of bytes in hexadecimal.
pub(super) fn bytes(sheet: &str, list: &str, column: &str) -> Result<Vec<Vec<u8>>> {
    let texts = self::column(sheet, list, column)?;
    texts.iter().map(|text| Ok(HEXLOWER.decode(text.as_bytes())?)).collect()
}
