//! Export: the whole chain into an archive file, as of one moment.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use sampan_proto::archive::{End, Frame, MAGIC};
use sampan_proto::ids::Height;

use super::Reader;
use crate::fault::Fatal;

impl Reader<'_> {
    /// Writes an archive to `path`, with the bodies that this node holds or without any; the file is there whole or
    /// not at all. `reached` hears of every block.
    ///
    /// # Errors
    /// [`Fatal::File`] when it cannot be written, [`Fatal::Damaged`] when a block cannot be read.
    pub fn export(&self, genesis: &[u8], path: &Path, bodies: bool, reached: impl FnMut(Height)) -> Result<End, Fatal> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = Path::new(&part);
        let written = self.write_archive(genesis, part, bodies, reached).and_then(|end| {
            // Only a file that is whole, and on the disk, gets the name.
            std::fs::rename(part, path).map_err(|source| Fatal::File { path: path.to_owned(), source })?;
            Ok(end)
        });
        if written.is_err() {
            // Of no use to anybody; if it cannot be removed either, the first fault is the one to tell.
            let _ = std::fs::remove_file(part);
        }
        written
    }

    fn write_archive(
        &self,
        genesis: &[u8],
        part: &Path,
        bodies: bool,
        mut reached: impl FnMut(Height),
    ) -> Result<End, Fatal> {
        let fault = |source| Fatal::File { path: part.to_owned(), source };
        let mut out = BufWriter::new(File::create(part).map_err(fault)?);
        out.write_all(MAGIC).map_err(fault)?;
        out.write_all(&encode(&Frame::Genesis(genesis.to_vec()))?).map_err(fault)?;
        let tip = self.tip()?;
        let mut end = End { height: tip.height, block: tip.hash, bodies: 0 };
        for height in (1..=tip.height.0).map(Height) {
            let block = self.block(height)?;
            let mut block = block.ok_or_else(|| Fatal::Damaged(format!("block {height} is not there")))?;
            if !bodies {
                block.bodies.fill(None);
            }
            end.bodies += block.bodies.iter().flatten().count() as u64;
            out.write_all(&encode(&Frame::Block(Box::new(block)))?).map_err(fault)?;
            reached(height);
        }
        out.write_all(&encode(&Frame::End(end))?).map_err(fault)?;
        let file = out.into_inner().map_err(|error| fault(io::IntoInnerError::into_error(error)))?;
        file.sync_all().map_err(fault)?;
        Ok(end)
    }
}

fn encode(frame: &Frame) -> Result<Vec<u8>, Fatal> {
    // Blocks and genesis files of any size that the protocol allows fit a frame.
    frame.encode().ok_or_else(|| Fatal::Damaged("a block is larger than the protocol allows".to_owned()))
}
