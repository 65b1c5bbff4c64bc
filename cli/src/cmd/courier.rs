//! From a signed statement to its proof on disk: send, wait, check, write.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use sampan_proto::api::StatementStatus;
use sampan_proto::body::Body;
use sampan_proto::proof::{Binary, Bundle, DisclosedBody, Outcome, Verdict};
use sampan_proto::reject::Code;

use super::parcel::{Delivered, Parcel};
use super::{Context, write_bundle};
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
        let receipt = patiently(|| self.client.receipt(&parcel.statement))
            .map_err(|failure| failure.hint(text::ask_again(&parcel.statement)))?;
        let (act, ladder) = proven::receipt(&receipt, self.anchor, &parcel.statement)?;
        for rung in ladder.rungs().iter().filter(|rung| rung.verdict == Verdict::Warn) {
            self.context.printer.warn(format!("{}: {}", rung.name, rung.detail));
        }
        let file = self.write_down(parcel, &receipt, with_body)?;
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
        let (mut silent, mut forgotten) = (0, 0);
        // "Not now" is no answer, and ends when the time that the statement has ends.
        let mut excuse = None;
        while time::now_ms() < parcel.not_after_ms + GRACE_MS {
            match self.client.statement(&parcel.statement, WAIT) {
                Ok(StatementStatus::Final { .. }) => return Ok(()),
                Ok(StatementStatus::Pending { .. }) => (silent, excuse) = (0, None),
                Ok(StatementStatus::Dropped { problem }) => {
                    return Err(self.explain(parcel, Failure::dropped(*problem)));
                }
                Ok(StatementStatus::Unknown) if forgotten == PATIENCE => {
                    return Err(Failure::unexpected(text::lost(&parcel.statement)));
                }
                Ok(StatementStatus::Unknown) => match self.send(parcel) {
                    Err(failure) if failure.is_busy() => excuse = Some(failure),
                    sent => forgotten += sent.map(|()| 1)?,
                },
                Err(failure) if failure.is_busy() => excuse = Some(failure),
                Err(failure) if failure.exit() != Exit::Unexpected || silent == PATIENCE => {
                    return Err(failure.hint(text::ask_again(&parcel.statement)));
                }
                Err(_) => silent += 1,
            }
            // A node that answers at once instead of waiting is not to be hammered.
            let troubles = silent + forgotten + u32::from(excuse.is_some());
            sleep(Duration::from_millis(200 + 800 * u64::from(troubles)));
        }
        Err(match excuse {
            Some(failure) => failure.hint(text::ask_again(&parcel.statement)),
            None => Failure::refused(text::expired(&parcel.statement)).hint("sign it again with a later `--valid-for`"),
        })
    }

    /// Writes down all there is to prove about the record. What is final stays so whatever the node answers now: if it
    /// does not hold the past, or is gone, the receipt is written, which is proven already.
    fn write_down(&self, parcel: &Parcel, receipt: &Bundle, with_body: bool) -> Result<Option<PathBuf>, Failure> {
        let path = match &self.waiting.bundle {
            Some(path) if path.as_os_str() == files::STDIO => return Ok(None),
            Some(path) => path.clone(),
            None => files::named(&parcel.stem(), "bundle.json"),
        };
        let printer = &self.context.printer;
        let body = parcel.submission.body.clone().filter(|_| with_body);
        let body = body.map(|body| DisclosedBody(Binary(Body::from(body))));
        // An act of governance is on no record: its receipt is all.
        let bundle = if parcel.governs { Ok(receipt.clone()) } else { self.record(parcel, body.clone()) };
        let failure = match bundle {
            Ok(bundle) => return write_bundle(&path, &bundle, printer).map(|()| Some(path)),
            Err(failure) => failure,
        };
        // It says less than a bundle that may stand there: under a name of its own, unless the user gave one.
        let path = self.waiting.bundle.clone().unwrap_or_else(|| files::named(&parcel.stem(), "receipt.json"));
        write_bundle(&path, &Bundle { body, ..receipt.clone() }, printer)?;
        if failure.exit() == Exit::Unproven {
            return Err(failure.hint(text::has_the_receipt(&path)));
        }
        let parts = failure.parts();
        printer.warn(parts.why.as_ref().map_or_else(|| parts.what.clone(), |why| format!("{}: {why}", parts.what)));
        printer.warn(text::has_the_receipt(&path));
        Ok(Some(path))
    }

    /// All there is to prove about the record, proven, with this act in its history.
    fn record(&self, parcel: &Parcel, body: Option<DisclosedBody>) -> Result<Bundle, Failure> {
        let bundle = Bundle { body, ..patiently(|| self.client.record(&parcel.record))? };
        let (record, ladder) = proven::record(&bundle, self.anchor, &parcel.record)?;
        let acts = proven::acts(&bundle, &ladder);
        if proven::has_history(record) && !acts.iter().any(|act| act.statement == parcel.statement) {
            return Err(Failure::unproven(text::OFF_THE_POINT));
        }
        Ok(bundle)
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
            Some(path) => self.save_proof(failure, path, &proof),
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

    fn save_proof(&self, failure: Failure, path: &Path, proof: &Bundle) -> Failure {
        match write_bundle(path, proof, &self.context.printer) {
            Ok(()) => failure.hint(format!("the proof is in `{}`", path.display())),
            Err(other) => failure.hint(format!("the proof could not be saved: {}", other.parts().what)),
        }
    }
}

/// Asks again while nobody is there, or says "not now".
fn patiently<T>(ask: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
    for pause in 1..PATIENCE {
        match ask() {
            Err(failure) if failure.may_pass() => sleep(Duration::from_secs(pause.into())),
            answer => return answer,
        }
    }
    ask()
}
