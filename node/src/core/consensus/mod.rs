//! Agreement: Malachite's Tendermint core behind one narrow door.
//!
//! [`Consensus::step`] takes one [`Input`] and appends [`Effect`]s, in order. It signs inside (the
//! library resumes a signing effect in the same coroutine), and does no I/O: the engine performs the
//! effects, and whatever it must remember across a crash it is told by [`Effect::Wal`] before anything
//! that depends on it is told by a publish or a decide.
//!
//! How we use the library, and why (see `SPEC.md` for the bytes that are signed):
//!
//! - Values are names of blocks (payload mode `ProposalAndParts`): the engine feeds [`Input::Value`] only
//!   when the contents are durable and executed, so a prevote for a block means both.
//! - Votes and proposals enter as `Verified`: the library's signature checks are answered from that type.
//!   Certificates are checked here in full.
//! - Crash recovery is [`Consensus::recover`]: the recorded inputs are stepped again, what they publish is
//!   published again with the recorded signatures, and what they would record is not recorded twice.

mod context;
mod convert;
mod io;
#[cfg(test)]
mod tests;

use std::convert::Infallible;

use futures::FutureExt as _;
use malachitebft_core_consensus::{
    self as mc, LivenessMsg, LocallyProposedValue, Params, ProposedValue, Resumable, Resume, SignedConsensusMsg, State,
    process,
};
use malachitebft_core_types::{
    self as mt, CertificateError, Round, SignedMessage, Validity, ValueOrigin, ValuePayload, VoteExtensionPolicy,
};
use malachitebft_metrics::Metrics;
use malachitebft_signing::{Error as SigningError, VerificationResult, Verifier, VerifierExt as _};
use sampan_proto::ids::{ChainId, Height};
use sampan_proto::keys::{PublicKey, SecretKey, Signature};
use sampan_proto::roster::Roster;
use sampan_proto::vote::Signed;

use context::{Address, BlockId, Context, MtHeight, MtProposal, MtVote, ValidatorSet};
pub use io::{Effect, Input, ProposedBlock, Step, Timeout, WalEntry};

use crate::fault::Fatal;

/// Inputs kept for heights that have not begun: two heights of a full roster's two votes and proposals.
const FUTURE_HEIGHTS: usize = 2;
const FUTURE_INPUTS: usize = 4 * sampan_proto::limits::VALIDATORS;

/// Who proposes at a height and round.
#[must_use]
pub fn proposer(roster: &Roster, height: Height, round: u32) -> PublicKey {
    roster.validators()[context::proposer_index(roster.validators().len(), height, round)].key
}

/// The consensus core of one validator.
pub struct Consensus {
    state: State<Context>,
    metrics: Metrics,
    context: Context,
    key: SecretKey,
    roster: Roster,
    /// What the write-ahead log holds already, while it is stepped through.
    recovering: Vec<WalEntry>,
}

impl Consensus {
    /// A core that has not begun any height; `height` is the first it will be started at.
    #[must_use]
    pub fn new(chain: ChainId, roster: Roster, key: SecretKey, height: Height) -> Self {
        let context = Context { chain };
        let params = Params {
            address: Address(key.public()),
            threshold_params: mc::ThresholdParams::default(),
            value_payload: ValuePayload::ProposalAndParts,
            enabled: true,
        };
        let set = ValidatorSet::from(&roster);
        let state = State::new(context, MtHeight(height), set, params, FUTURE_HEIGHTS, FUTURE_INPUTS);
        Self { state, metrics: Metrics::new(), context, key, roster, recovering: Vec::new() }
    }

    /// The height being agreed on, or the last decided one while the next has not begun.
    #[must_use]
    pub fn height(&self) -> Height {
        self.state.height().0
    }

    /// The round; none before the first.
    #[must_use]
    pub fn round(&self) -> Option<u32> {
        self.state.round().as_u32()
    }

    /// Takes one input and appends what the engine must do.
    ///
    /// # Errors
    /// Only what must stop the node: a core that contradicts itself or its record.
    pub fn step(&mut self, input: Input, effects: &mut Vec<Effect>) -> Result<(), Fatal> {
        let Some(input) = self.translate(input) else { return Ok(()) };
        let Self { state, metrics, context, key, roster, recovering } = self;
        let mut answer = Answer { context: *context, key, roster, recovering, effects };
        let result: Result<(), mc::Error<Context>> = process!(input: input, state: state, metrics: metrics, with: effect => Ok::<_, Infallible>(answer.perform(effect)));
        result.map_err(|error| Fatal::Consensus(error.to_string()))
    }

    /// Begins `height` and steps through what the write-ahead log recorded of it before a crash.
    ///
    /// The effects hold what must be published again, the timers of the step reached, and a
    /// [`Effect::GetValue`] only if a proposal is still due.
    pub fn recover(&mut self, height: Height, entries: &[WalEntry], effects: &mut Vec<Effect>) -> Result<(), Fatal> {
        let inputs: Vec<Input> = entries.iter().cloned().filter_map(recorded).collect();
        let mut indexed = Vec::with_capacity(inputs.len());
        for input in &inputs {
            indexed.extend(self.translate(input.clone()));
        }
        self.state.index_wal_entries(&indexed);
        self.recovering = entries.to_vec();
        let mut replayed = Vec::new();
        self.step(Input::Start(height, self.roster.clone()), &mut replayed)?;
        for input in inputs {
            self.step(input, &mut replayed)?;
        }
        self.recovering.clear();
        self.state.reset_entries_index();
        // Replay makes the votes anew but not the proposals: the crash may have come before they left.
        let own = self.key.public();
        effects.extend(entries.iter().filter_map(|entry| match entry {
            WalEntry::Proposal(proposal) if proposal.message.proposer == own => {
                Some(Effect::PublishProposal(proposal.clone()))
            }
            _ => None,
        }));
        let proposing = self.state.driver.step_is_propose();
        let round = self.round();
        let due = |effect: &Effect| match effect {
            Effect::GetValue { round: asked, .. } => proposing && Some(*asked) == round,
            _ => true,
        };
        effects.extend(replayed.into_iter().filter(due));
        Ok(())
    }

    fn translate(&mut self, input: Input) -> Option<mc::Input<Context>> {
        Some(match input {
            Input::Start(height, roster) => {
                self.roster = roster;
                let set = ValidatorSet::from(&self.roster);
                // `is_restart` is false also after a crash: true would discard the buffered inputs.
                mc::Input::StartHeight(MtHeight(height), set, false, None, VoteExtensionPolicy::Disabled)
            }
            Input::Vote(vote) => mc::Input::Vote(convert::vote_in(&vote)),
            Input::Proposal(proposal) => mc::Input::Proposal(convert::proposal_in(&proposal)),
            Input::Polka(votes) => mc::Input::PolkaCertificate(convert::polka_in(self.context.chain, &votes)?),
            Input::Round(certificate) => {
                mc::Input::RoundCertificate(convert::round_certificate_in(self.context.chain, &certificate)?)
            }
            Input::Value(value) => mc::Input::ProposedValue(
                ProposedValue {
                    height: MtHeight(value.height),
                    round: Round::new(value.round),
                    valid_round: Round::Nil,
                    proposer: Address(value.proposer),
                    value: BlockId(value.block),
                    validity: Validity::from_bool(value.valid),
                },
                ValueOrigin::Consensus,
            ),
            Input::Propose { height, round, block } => {
                mc::Input::Propose(LocallyProposedValue::new(MtHeight(height), Round::new(round), BlockId(block)))
            }
            Input::Timeout(timeout) => mc::Input::TimeoutElapsed(convert::timeout_in(timeout)),
        })
    }
}

/// A recorded entry as the input it was. A signature that no longer verifies means a damaged record,
/// which the log's checksums have excluded; such an entry is left out rather than trusted.
fn recorded(entry: WalEntry) -> Option<Input> {
    Some(match entry {
        WalEntry::Vote(vote) => Input::Vote(vote.verified().ok()?),
        WalEntry::Proposal(proposal) => Input::Proposal(proposal.verified().ok()?),
        WalEntry::Polka(votes) => Input::Polka(votes),
        WalEntry::Value(value) => Input::Value(value),
        WalEntry::Timeout(timeout) => Input::Timeout(timeout),
    })
}

/// Answers the library's effects and collects ours.
struct Answer<'a> {
    context: Context,
    key: &'a SecretKey,
    roster: &'a Roster,
    recovering: &'a [WalEntry],
    effects: &'a mut Vec<Effect>,
}

impl Answer<'_> {
    fn perform(&mut self, effect: mc::Effect<Context>) -> Resume<Context> {
        use mc::Effect as E;
        match effect {
            E::CancelAllTimeouts(r) => self.emit(Some(Effect::CancelAll), r),
            E::CancelTimeout(t, r) => self.emit(convert::timeout_out(t).map(Effect::Cancel), r),
            E::ScheduleTimeout(t, r) => self.emit(convert::timeout_out(t).map(Effect::Schedule), r),
            E::StartRound(_, round, proposer, _, r) => {
                let started = Effect::RoundStarted { round: convert::round_out(round), proposer: proposer.0 };
                self.emit(Some(started), r)
            }
            E::PublishConsensusMsg(SignedConsensusMsg::Vote(vote), r) => {
                let vote = convert::vote_out(self.context.chain, &vote);
                self.emit(Some(Effect::PublishVote(vote)), r)
            }
            E::PublishConsensusMsg(SignedConsensusMsg::Proposal(proposal), r) => {
                let proposal = convert::proposal_out(self.context.chain, &proposal);
                self.emit(Some(Effect::PublishProposal(proposal)), r)
            }
            E::PublishLivenessMsg(message, r) => {
                let effect = match message {
                    LivenessMsg::Vote(vote) => Effect::PublishVote(convert::vote_out(self.context.chain, &vote)),
                    LivenessMsg::PolkaCertificate(polka) => {
                        Effect::PublishPolka(convert::polka_out(&self.context, &polka))
                    }
                    LivenessMsg::SkipRoundCertificate(certificate) => {
                        Effect::PublishRound(convert::round_certificate_out(&self.context, &certificate))
                    }
                };
                self.emit(Some(effect), r)
            }
            // Pushing the same bytes again reaches nobody; peers that lack something ask for it. A proposal
            // carries its header and payload at every publish, so there is nothing to restream either.
            E::RepublishVote(_, r) | E::RepublishRoundCertificate(_, r) | E::RestreamProposal(_, _, _, _, _, r) => {
                self.emit(None, r)
            }
            E::GetValue(height, round, _, r) => {
                let effect = Effect::GetValue { height: height.0, round: convert::round_out(round) };
                self.emit(Some(effect), r)
            }
            E::Decide(certificate, _, r) => {
                self.emit(Some(Effect::Decide(convert::certificate_out(self.roster, &certificate))), r)
            }
            E::Finalize(_, _, evidence, r) => {
                let offences = convert::offences_out(self.context.chain, &evidence);
                self.effects.extend(offences.into_iter().map(|offence| Effect::Equivocation(Box::new(offence))));
                r.resume_with(())
            }
            E::SignVote(vote, r) => r.resume_with(self.sign_vote(vote)),
            E::SignProposal(proposal, r) => r.resume_with(self.sign_proposal(proposal)),
            // Inputs are `Verified` by the key that the message names, which is the validator's address.
            E::VerifySignature(_, _, r) => r.resume_with(true),
            E::WalAppend(_, input, r) => {
                // A vote derived anew, for the crash came before its record, is recorded like any other.
                let entry = self.wal_entry(input).filter(|entry| !self.recovering.contains(entry));
                self.emit(entry.map(Effect::Wal), r)
            }
            E::ExtendVote(_, _, _, _, r) => r.resume_with(None),
            E::VerifyVoteExtension(_, _, _, _, _, _, r) => r.resume_with(Ok(())),
            other => self.check_certificate(other),
        }
    }

    fn emit(&mut self, effect: Option<Effect>, resume: impl Resumable<Context, Value = ()>) -> Resume<Context> {
        self.effects.extend(effect);
        resume.resume_with(())
    }

    /// The four effects that ask for a certificate to be checked; the checks run to completion at once.
    #[expect(clippy::result_large_err, reason = "the library's error holds the signature that fails")]
    fn check_certificate(&self, effect: mc::Effect<Context>) -> Resume<Context> {
        use mc::Effect as E;
        let checker = Checker { chain: self.context.chain };
        let context = &self.context;
        // The checker awaits nothing, so its futures are ready; an unready one counts as a failed check.
        let unready = || Err(CertificateError::VerificationError(None));
        match effect {
            E::VerifyCommitCertificate(c, set, threshold, r) => {
                let check = checker.verify_commit_certificate(context, &c, &set, threshold).now_or_never();
                r.resume_with(check.unwrap_or_else(unready))
            }
            E::VerifyExtendedCommitCertificate(c, set, threshold, policy, r) => {
                let check = checker.verify_extended_commit_certificate(context, &c, &set, threshold, policy);
                r.resume_with(check.now_or_never().unwrap_or_else(unready))
            }
            E::VerifyPolkaCertificate(c, set, threshold, r) => {
                let check = checker.verify_polka_certificate(context, &c, &set, threshold).now_or_never();
                r.resume_with(check.unwrap_or_else(unready))
            }
            E::VerifyRoundCertificate(c, set, threshold, r) => {
                let check = checker.verify_round_certificate(context, &c, &set, threshold).now_or_never();
                r.resume_with(check.unwrap_or_else(unready))
            }
            // Blocks are synchronised outside the core, so its own sync effects never occur; every other
            // effect is answered in `perform`.
            _ => Resume::Continue,
        }
    }

    fn sign_vote(&self, vote: MtVote) -> SignedMessage<Context, MtVote> {
        let signed = Signed::sign(convert::vote_message(self.context.chain, &vote), self.key);
        SignedMessage::new(vote, signed.signature)
    }

    fn sign_proposal(&self, proposal: MtProposal) -> SignedMessage<Context, MtProposal> {
        let signed = Signed::sign(convert::proposal_message(self.context.chain, &proposal), self.key);
        SignedMessage::new(proposal, signed.signature)
    }

    /// The inputs that the library asks to record; the others are rebuilt at every start.
    fn wal_entry(&self, input: mc::Input<Context>) -> Option<WalEntry> {
        let chain = self.context.chain;
        Some(match input {
            mc::Input::Vote(vote) => WalEntry::Vote(convert::vote_out(chain, &vote)),
            mc::Input::Proposal(proposal) => WalEntry::Proposal(convert::proposal_out(chain, &proposal)),
            mc::Input::PolkaCertificate(polka) => WalEntry::Polka(convert::polka_out(&self.context, &polka)),
            mc::Input::ProposedValue(value, _) => WalEntry::Value(ProposedBlock {
                height: value.height.0,
                round: convert::round_out(value.round),
                proposer: value.proposer.0,
                block: value.value.0,
                valid: value.validity.is_valid(),
            }),
            mc::Input::TimeoutElapsed(timeout) => WalEntry::Timeout(convert::timeout_out(timeout)?),
            mc::Input::StartHeight(..)
            | mc::Input::RoundCertificate(_)
            | mc::Input::Propose(_)
            | mc::Input::SyncValueResponse(_) => return None,
        })
    }
}

/// Strict verification for the library's certificate checks.
struct Checker {
    chain: ChainId,
}

impl Checker {
    fn verdict<T: sampan_proto::vote::Signable>(
        message: T,
        signature: Signature,
        key: &PublicKey,
    ) -> VerificationResult {
        let signed = Signed { message, signature };
        VerificationResult::from_bool(signed.message.signer() == key && signed.verify().is_ok())
    }
}

#[async_trait::async_trait]
impl Verifier<Context> for Checker {
    async fn verify_signed_vote(
        &self,
        vote: &MtVote,
        signature: &Signature,
        key: &PublicKey,
    ) -> Result<VerificationResult, SigningError> {
        Ok(Self::verdict(convert::vote_message(self.chain, vote), *signature, key))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &MtProposal,
        signature: &Signature,
        key: &PublicKey,
    ) -> Result<VerificationResult, SigningError> {
        Ok(Self::verdict(convert::proposal_message(self.chain, proposal), *signature, key))
    }

    // Neither extensions nor validator proofs exist here: nothing of the kind is valid.
    async fn verify_signed_vote_extension(
        &self,
        _: &mt::VoteExtensionScope<Context>,
        (): &(),
        _: &Signature,
        _: &PublicKey,
    ) -> Result<VerificationResult, SigningError> {
        Ok(VerificationResult::Invalid)
    }

    async fn verify_validator_proof(
        &self,
        _: &mt::ValidatorProof<Context>,
    ) -> Result<VerificationResult, SigningError> {
        Ok(VerificationResult::Invalid)
    }
}
