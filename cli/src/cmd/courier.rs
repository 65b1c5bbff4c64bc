//! From a signed statement to its proof on disk: send, wait, check, write.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use sampan_proto::api::StatementStatus;
use sampan_proto::body::Body;
use sampan_proto::proof::{Binary, Bundle, DisclosedBody, Outcome, Verdict};
use sampan_proto::reject::Code;

use super::parcel::{Delivered, Parcel};
use super::{Context, bundle_json};
use crate::anchor::Anchor;
use crate::args::Waiting;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::{files, proven, text, time};

/// One long poll.
const WAIT: Duration = Duration::from_secs(20);
/// How long after its expiry a statement may still turn out to have been executed, in milliseconds.
const GRACE_MS: u64 = 30_000;
/// How often in a row the node may be unreachable, or a forgotten statement be sent again.
const PATIENCE: u32 = 5;

/// Takes statements to a node and brings their proofs back.
pub(super) struct Courier<'a> {
    pub(super) context: &'a Context,
    pub(super) client: &'a Client,
    pub(super) anchor: &'a Anchor,
    pub(super) waiting: &'a Waiting,
}

impl Courier<'_> {
    /// Sends, waits, checks the receipt, and writes the bundle.
    pub(super) fn deliver(&self, parcel: &Parcel, with_body: bool) -> Result<Delivered, Failure> {
        self.send(parcel)?;
        if self.waiting.no_wait {
            self.context.printer.note(text::ask_again(&parcel.statement));
            return Ok(parcel.accepted());
        }
        self.wait(parcel)?;
        let receipt = self.client.receipt(&parcel.statement)?;
        let (act, ladder) = proven::receipt(&receipt, self.anchor, &parcel.statement)?;
        for rung in ladder.rungs().iter().filter(|rung| rung.verdict == Verdict::Warn) {
            self.context.printer.warn(format!("{}: {}", rung.name, rung.detail));
        }
        let file = self.write_bundle(parcel, &receipt, with_body)?;
        Ok(parcel.executed(act, file))
    }

    /// Hands the statement in. That it was executed before is as good as done.
    fn send(&self, parcel: &Parcel) -> Result<(), Failure> {
        match self.client.submit(&parcel.submission) {
            Err(failure) if !failure.is(Code::StatementAlreadyExecuted) => Err(self.explain(parcel, failure)),
            _ => Ok(()),
        }
    }

    fn wait(&self, parcel: &Parcel) -> Result<(), Failure> {
        let _progress = self.context.printer.progress("waiting until the network has decided");
        let (mut unreachable, mut forgotten) = (0, 0);
        while time::now_ms() < parcel.not_after_ms + GRACE_MS {
            match self.client.statement(&parcel.statement, WAIT) {
                Ok(StatementStatus::Final { .. }) => return Ok(()),
                Ok(StatementStatus::Pending { .. }) => unreachable = 0,
                Ok(StatementStatus::Dropped { problem }) => {
                    return Err(self.explain(parcel, Failure::dropped(*problem)));
                }
                Ok(StatementStatus::Unknown) if forgotten == PATIENCE => {
                    return Err(Failure::unexpected(text::lost(&parcel.statement)));
                }
                Ok(StatementStatus::Unknown) => {
                    forgotten += 1;
                    self.send(parcel)?;
                }
                Err(failure) if failure.exit() != Exit::Unexpected || unreachable == PATIENCE => {
                    return Err(failure.hint(text::ask_again(&parcel.statement)));
                }
                Err(_) => unreachable += 1,
            }
            // A node that answers at once instead of waiting is not to be hammered.
            sleep(Duration::from_millis(200 + 800 * u64::from(unreachable + forgotten)));
        }
        Err(Failure::refused(text::expired(&parcel.statement)).hint("sign it again with a later `--valid-for`"))
    }

    /// Fetches all there is to prove about the record, and writes it down once it is proven. An act of governance
    /// is on no record: its receipt is all.
    fn write_bundle(&self, parcel: &Parcel, receipt: &Bundle, with_body: bool) -> Result<Option<PathBuf>, Failure> {
        let path = match &self.waiting.bundle {
            Some(path) if path.as_os_str() == files::STDIO => return Ok(None),
            Some(path) => path.clone(),
            None => files::named(&parcel.stem(), "bundle.json"),
        };
        if parcel.governs {
            files::replace(&path, &bundle_json(receipt)?)?;
            return Ok(Some(path));
        }
        let mut bundle = self.client.record(&parcel.record)?;
        if let Some(body) = parcel.submission.body.clone().filter(|_| with_body) {
            bundle.body = Some(DisclosedBody(Binary(Body::from(body))));
        }
        let (record, ladder) = proven::record(&bundle, self.anchor, &parcel.record)?;
        let acts = proven::acts(&bundle, &ladder);
        if proven::has_history(record) && !acts.iter().any(|act| act.statement == parcel.statement) {
            return Err(Failure::unproven(text::OFF_THE_POINT));
        }
        files::replace(&path, &bundle_json(&bundle)?)?;
        if bundle.body.is_some() {
            self.context.printer.warn(text::holds_the_document(&path));
        }
        Ok(Some(path))
    }

    /// A refusal may come with the proof of what stands in the way: checked, it is said; false, it is told.
    fn explain(&self, parcel: &Parcel, mut failure: Failure) -> Failure {
        let Some(proof) = failure.take_proof() else { return failure };
        let ladder = proven::climb(&proof, self.anchor, None, false);
        if ladder.outcome() == Outcome::Invalid {
            return Failure::unproven(text::REFUSED_WITH_A_FALSE_PROOF).why(&failure.parts().what).ladder(ladder);
        }
        if !parcel.is_concerned_by(&proof) {
            return failure.hint(text::OFF_THE_POINT);
        }
        let failure = failure.proven(proven::facts(&proof, &ladder)).proven(self.rival(&proof));
        match self.waiting.bundle.as_deref().filter(|path| path.as_os_str() != files::STDIO) {
            Some(path) => save_proof(failure, path, &proof),
            None => failure.hint("`--bundle OUT` saves the proof"),
        }
    }

    /// What became of the number that stands in the way: asked for the user's sake, and told only if it is proven.
    fn rival(&self, proof: &Bundle) -> Vec<String> {
        let Some(id) = proof.reference.as_ref().and_then(|part| part.record) else { return Vec::new() };
        let Ok(bundle) = self.client.status(&id) else { return Vec::new() };
        match proven::status(&bundle, self.anchor, &id, None) {
            Ok((_, ladder)) => proven::facts(&bundle, &ladder),
            Err(_) => Vec::new(),
        }
    }
}

fn save_proof(failure: Failure, path: &Path, proof: &Bundle) -> Failure {
    match bundle_json(proof).and_then(|bytes| files::replace(path, &bytes)) {
        Ok(()) => failure.hint(format!("the proof is in `{}`", path.display())),
        Err(other) => failure.hint(format!("the proof could not be saved: {}", other.parts().what)),
    }
}
