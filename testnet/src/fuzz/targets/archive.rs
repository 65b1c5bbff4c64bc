//! Archives. One that holds to its end is the honest chain, or a beginning of it: the same blocks, the same state. Anything
//! else ends with a fault and its place, and with nothing VALID that comes after it.

use anyhow::Result;
use sampan_proto::archive::{End, Frame, LENGTH_BYTES, MAGIC};
use sampan_proto::audit::{Audit, Check, Fault};
use sampan_proto::genesis::Genesis;
use sampan_proto::ids::Height;
use sampan_proto::proof::{Outcome, Verdict};

use super::{Target, canonical};
use crate::sim::Alone;

pub(super) struct Archives {
    alone: Alone,
    whole: Vec<u8>,
    /// Without the documents.
    bare: Vec<u8>,
}

impl Archives {
    pub(super) fn open() -> Result<Self> {
        let alone = Alone::live()?;
        let (whole, bare) = (alone.archive(true)?, alone.archive(false)?);
        Ok(Self { alone, whole, bare })
    }
}

impl Target for Archives {
    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![self.whole.clone(), self.bare.clone()]
    }

    fn take(&self, bytes: &[u8]) {
        let Some(mut rest) = bytes.strip_prefix(MAGIC) else { return };
        let Some(Frame::Genesis(genesis)) = frame(&mut rest) else { return };
        let Ok(genesis) = Genesis::from_bytes(&genesis) else { return };
        if genesis.chain != self.alone.genesis.chain {
            return;
        }
        let mut audit = Audit::new(genesis);
        let climbed = climb(&mut audit, &mut rest);
        let (ladder, tip) = (audit.ladder(), audit.tip());
        if let Ok(end) = &climbed {
            assert_eq!((end.height, end.block), (tip.height, tip.hash), "it ends elsewhere than it says");
        }
        let fault = climbed.err();
        assert_eq!(fault.is_some(), ladder.outcome() == Outcome::Invalid, "the ladder says otherwise");
        if let Some(fault) = fault {
            assert_eq!(ladder.verdict(fault.check.as_str()), Some(Verdict::Invalid), "a fault without its rung");
        }
        // What held before the fault is the honest chain, too.
        if tip.height > Height::GENESIS {
            let header = self.alone.store().and_then(|store| Ok(store.reader().header(tip.height)?));
            let header = header.expect("the store can be read").map(|(header, _)| (header.hash(), header.state_root));
            assert_eq!(header, Some((tip.hash, tip.state_root)), "a chain that nobody decided");
        }
    }
}

/// The next frame, if the bytes go on with one.
fn frame(rest: &mut &[u8]) -> Option<Frame> {
    let (length, more) = rest.split_first_chunk::<LENGTH_BYTES>()?;
    let (bytes, more) = more.split_at_checked(Frame::length(*length).ok()?)?;
    *rest = more;
    canonical(bytes, sampan_proto::limits::ARCHIVE_FRAME_BYTES)
}

/// Every block, then the end, then nothing.
fn climb(audit: &mut Audit, rest: &mut &[u8]) -> std::result::Result<End, Fault> {
    loop {
        match frame(rest) {
            Some(Frame::Block(block)) => audit.block(&block)?,
            Some(Frame::End(end)) => {
                audit.end(&end)?;
                return if rest.is_empty() {
                    Ok(end)
                } else {
                    Err(audit.unreadable(Check::End, "more behind the end"))
                };
            }
            Some(Frame::Genesis(_)) => return Err(audit.unreadable(Check::Order, "a second genesis")),
            None => return Err(audit.unreadable(Check::Order, "no frame")),
        }
    }
}
