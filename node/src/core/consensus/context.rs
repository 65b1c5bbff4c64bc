//! Malachite's `Context` on our types. Nothing outside this room sees these wrappers.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use malachitebft_core_types::{
    self as mt, LinearTimeouts, NilOrVal, Round, SignedExtension, SigningScheme, VotingPower,
};
use sampan_proto::ids::{ChainId, HeaderHash, Height};
use sampan_proto::keys::{PublicKey, SecretKey, Signature};
use sampan_proto::roster::Roster;

/// The one context there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    /// Part of everything that is signed.
    pub chain: ChainId,
}

/// A validator's address is its consensus key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Address(pub PublicKey);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.short())
    }
}

impl mt::Address for Address {}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct MtHeight(pub Height);

impl fmt::Display for MtHeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl mt::Height for MtHeight {
    const ZERO: Self = Self(Height::GENESIS);
    const INITIAL: Self = Self(Height(1));

    fn increment_by(&self, n: u64) -> Self {
        Self(Height(self.0.0.saturating_add(n)))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.0.checked_sub(n).map(|height| Self(Height(height)))
    }

    fn as_u64(&self) -> u64 {
        self.0.0
    }
}

/// The consensus value is only the block's name; its contents travel and are kept beside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct BlockId(pub HeaderHash);

impl fmt::Display for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.0.short())
    }
}

impl mt::Value for BlockId {
    type Id = Self;

    fn id(&self) -> Self {
        *self
    }
}

/// Never made: contents are fetched by name, not streamed in parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoPart {}

impl mt::ProposalPart<Context> for NoPart {
    fn is_first(&self) -> bool {
        match *self {}
    }

    fn is_last(&self) -> bool {
        match *self {}
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MtProposal {
    pub height: MtHeight,
    pub round: Round,
    pub value: BlockId,
    pub pol_round: Round,
    pub address: Address,
}

impl mt::Proposal<Context> for MtProposal {
    fn height(&self) -> MtHeight {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &BlockId {
        &self.value
    }

    fn take_value(self) -> BlockId {
        self.value
    }

    fn pol_round(&self) -> Round {
        self.pol_round
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MtVote {
    pub vote_type: mt::VoteType,
    pub height: MtHeight,
    pub round: Round,
    pub value: NilOrVal<BlockId>,
    pub address: Address,
}

impl mt::Vote<Context> for MtVote {
    fn height(&self) -> MtHeight {
        self.height
    }

    fn round(&self) -> Round {
        self.round
    }

    fn value(&self) -> &NilOrVal<BlockId> {
        &self.value
    }

    fn take_value(self) -> NilOrVal<BlockId> {
        self.value
    }

    fn vote_type(&self) -> mt::VoteType {
        self.vote_type
    }

    fn validator_address(&self) -> &Address {
        &self.address
    }

    // Vote extensions are disabled at every height, so these three are never asked in earnest.
    fn extension(&self) -> Option<&SignedExtension<Context>> {
        None
    }

    fn take_extension(&mut self) -> Option<SignedExtension<Context>> {
        None
    }

    fn extend(self, _: SignedExtension<Context>) -> Self {
        self
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MtValidator {
    pub address: Address,
    pub power: VotingPower,
}

impl mt::Validator<Context> for MtValidator {
    fn address(&self) -> &Address {
        &self.address
    }

    fn public_key(&self) -> &PublicKey {
        &self.address.0
    }

    fn voting_power(&self) -> VotingPower {
        self.power
    }
}

/// The roster, in roster order: the order decides who proposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ValidatorSet(Arc<Vec<MtValidator>>);

impl From<&Roster> for ValidatorSet {
    fn from(roster: &Roster) -> Self {
        let validator = |v: &sampan_proto::roster::Validator| MtValidator { address: Address(v.key), power: v.power };
        Self(Arc::new(roster.validators().iter().map(validator).collect()))
    }
}

impl mt::ValidatorSet<Context> for ValidatorSet {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn total_voting_power(&self) -> VotingPower {
        self.0.iter().map(|v| v.power).sum()
    }

    fn get_by_address(&self, address: &Address) -> Option<&MtValidator> {
        self.0.iter().find(|v| v.address == *address)
    }

    fn get_by_index(&self, index: usize) -> Option<&MtValidator> {
        self.0.get(index)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Suite;

impl SigningScheme for Suite {
    type DecodingError = Infallible;
    type Signature = Signature;
    type PublicKey = PublicKey;
    type PrivateKey = SecretKey;

    // The library's own codecs are not compiled in: keys and signatures are encoded by `proto` alone.
    fn decode_signature(bytes: &[u8]) -> Result<Signature, Infallible> {
        Ok(Signature::Ed25519(<[u8; 64]>::try_from(bytes).unwrap_or([0; 64])))
    }

    fn encode_signature(signature: &Signature) -> Vec<u8> {
        sampan_proto::codec::encode(signature)
    }

    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, Infallible> {
        Ok(PublicKey::Ed25519(<[u8; 32]>::try_from(bytes).unwrap_or([0; 32])))
    }

    fn encode_public_key(key: &PublicKey) -> Vec<u8> {
        sampan_proto::codec::encode(key)
    }
}

impl mt::Context for Context {
    type Address = Address;
    type Height = MtHeight;
    type ProposalPart = NoPart;
    type Proposal = MtProposal;
    type Validator = MtValidator;
    type ValidatorSet = ValidatorSet;
    type Timeouts = LinearTimeouts;
    type Value = BlockId;
    type Vote = MtVote;
    type Extension = ();
    type SigningScheme = Suite;

    fn select_proposer<'a>(&self, set: &'a ValidatorSet, height: MtHeight, round: Round) -> &'a MtValidator {
        &set.0[proposer_index(set.0.len(), height.0, round.as_u32().unwrap_or(0))]
    }

    fn new_proposal(
        &self,
        height: MtHeight,
        round: Round,
        value: BlockId,
        pol_round: Round,
        address: Address,
    ) -> MtProposal {
        MtProposal { height, round, value, pol_round, address }
    }

    fn new_prevote(&self, height: MtHeight, round: Round, value: NilOrVal<BlockId>, address: Address) -> MtVote {
        MtVote { vote_type: mt::VoteType::Prevote, height, round, value, address }
    }

    fn new_precommit(&self, height: MtHeight, round: Round, value: NilOrVal<BlockId>, address: Address) -> MtVote {
        MtVote { vote_type: mt::VoteType::Precommit, height, round, value, address }
    }
}

/// Round robin over the roster: each height starts one further, each round moves one further.
pub(super) fn proposer_index(count: usize, height: Height, round: u32) -> usize {
    let turn = height.0.wrapping_add(u64::from(round)) % count.max(1) as u64;
    // Smaller than `count`, which is a usize.
    usize::try_from(turn).unwrap_or(0)
}
