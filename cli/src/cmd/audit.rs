//! `sampan audit`: an archived chain, executed again from its genesis.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use sampan_proto::archive::{Frame, LENGTH_BYTES, MAGIC};
use sampan_proto::audit::{Audit, Check, Fault};
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::{ChainId, HeaderHash, Height};
use sampan_proto::proof::{Ladder, Outcome};
use serde::Serialize;

use super::Context;
use crate::anchor;
use crate::args::Audit as Args;
use crate::failure::{Exit, Failure};
use crate::page::{Page, Tone};
use crate::printer::{Progress, write_ladder};
use crate::{files, text, time};

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    file: &'a Path,
    outcome: Outcome,
    network: &'a str,
    chain: ChainId,
    /// The last block that held.
    height: Height,
    block: HeaderHash,
    time: String,
    ladder: Ladder,
}

/// Executes the archive block by block. Nothing is written: it can be stopped at any time.
pub(super) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let mut archive = Archive::open(&args.file)?;
    let genesis = archive.genesis()?;
    let (network, chain) = (genesis.network.clone(), genesis.chain);
    compare_anchor(&genesis, context)?;
    let progress = context.printer.bar("auditing", archive.bytes);
    let mut audit = Audit::new(genesis);
    // The fault stands in the ladder, with its place.
    let _ = climb(&mut audit, &mut archive, &progress);
    drop(progress);
    let (ladder, tip) = (audit.ladder(), audit.tip());
    let report = Report {
        file: &args.file,
        outcome: ladder.outcome(),
        network: &network,
        chain,
        height: tip.height,
        block: tip.hash,
        time: time::utc(tip.time_ms),
        ladder,
    };
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(if report.outcome == Outcome::Valid { Exit::Done } else { Exit::Unproven })
}

/// The archive brings its genesis along; whether that is the right one, only an anchor from elsewhere says.
fn compare_anchor(genesis: &Genesis, context: &Context) -> Result<(), Failure> {
    match anchor::offline(&context.settings)? {
        Some(anchor) if anchor.chain() == genesis.chain => Ok(()),
        Some(anchor) => {
            let what = format!("the archive is of network `{}` ({})", genesis.network, genesis.chain);
            Err(Failure::unproven(what).hint(text::other_network(anchor.chain(), &anchor.origin)))
        }
        None => {
            context.printer.warn(text::anchor_from_archive(genesis));
            Ok(())
        }
    }
}

/// Every block, then the end, then nothing.
fn climb(audit: &mut Audit, archive: &mut Archive, progress: &Progress) -> Result<(), Fault> {
    loop {
        let frame = archive.frame().map_err(|why| audit.unreadable(Check::Order, why))?;
        progress.reach(archive.place);
        match frame {
            Some(Frame::Block(block)) => audit.block(&block)?,
            Some(Frame::End(end)) => {
                audit.end(&end)?;
                return match archive.frame() {
                    Ok(None) => Ok(()),
                    Ok(Some(_)) | Err(_) => Err(audit.unreadable(Check::End, archive.at("something after the end"))),
                };
            }
            Some(Frame::Genesis(_)) => return Err(audit.unreadable(Check::Order, archive.at("a second genesis"))),
            None => return Err(audit.unreadable(Check::End, archive.at("the file is cut short: it has no end"))),
        }
    }
}

/// An archive file being read.
struct Archive {
    file: BufReader<File>,
    /// Its size.
    bytes: u64,
    /// How much of it is read.
    place: u64,
}

impl Archive {
    fn open(path: &Path) -> Result<Self, Failure> {
        let file = files::open(path)?;
        let bytes = file.metadata().map_or(0, |meta| meta.len());
        let mut archive = Self { file: BufReader::new(file), bytes, place: 0 };
        let mut magic = [0; MAGIC.len()];
        if archive.fill(&mut magic).is_ok_and(|filled| filled == magic.len()) && magic == MAGIC {
            return Ok(archive);
        }
        let what = format!("`{}` is no archive of this version", path.display());
        Err(Failure::refused(what).hint("`sampand export --out FILE` writes one"))
    }

    fn genesis(&mut self) -> Result<Genesis, Failure> {
        let broken = |why: String| Failure::unproven("the archive does not begin with a genesis").why(why);
        match self.frame().map_err(broken)? {
            Some(Frame::Genesis(bytes)) => Genesis::from_bytes(&bytes).map_err(|error| broken(error.to_string())),
            Some(_) | None => Err(broken(self.at("another frame, or none"))),
        }
    }

    /// The next frame; none at the end of the file. What cannot be read is said with its place.
    fn frame(&mut self) -> Result<Option<Frame>, String> {
        let mut length = [0; LENGTH_BYTES];
        match self.fill(&mut length).map_err(|error| self.at(error))? {
            0 => return Ok(None),
            LENGTH_BYTES => {}
            _ => return Err(self.at("the file is cut short")),
        }
        let mut bytes = vec![0; Frame::length(length).map_err(|error| self.at(error))?];
        if self.fill(&mut bytes).map_err(|error| self.at(error))? < bytes.len() {
            return Err(self.at("the file is cut short"));
        }
        Frame::decode(&bytes).map(Some).map_err(|error| self.at(error))
    }

    /// Reads until the buffer is full or the file ends.
    fn fill(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read(&mut buffer[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        self.place += filled as u64;
        Ok(filled)
    }

    fn at(&self, what: impl std::fmt::Display) -> String {
        format!("{what}, before byte {}", self.place)
    }
}

fn write(report: &Report<'_>, page: &mut Page) {
    write_ladder(&report.ladder, page);
    page.end();
    let (file, Report { network, height, block, time, .. }) = (report.file.display(), report);
    match report.outcome {
        Outcome::Valid => {
            page.tagged(Tone::Good, "✓ holds", format!("`{file}`, network `{network}`, up to height {height}, {time}"));
            page.line(format!("  compare block {block} with what you know of this network from elsewhere"));
        }
        Outcome::Invalid => {
            page.tagged(Tone::Bad, "✗ does not hold", format!("`{file}`, network `{network}`, after height {height}"));
        }
    }
}
