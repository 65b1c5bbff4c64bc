//! Every protocol limit, with its reason, and the relations between them checked at compile time.

/// Statement payload (the JSON that is signed), in bytes. A full issue is about 800 bytes.
pub const STATEMENT_BYTES: usize = 8 * 1024;
/// Nesting of a statement's JSON; the deepest legal statement has five levels.
pub const STATEMENT_DEPTH: usize = 16;
/// Signatures on one statement: a certificate of origin carries two, the rest is room for countersigning.
pub const STATEMENT_SIGNATURES: usize = 4;
/// Body of a document, in bytes. A bill of lading with hundreds of containers stays below.
pub const BODY_BYTES: usize = 256 * 1024;
/// Nesting of a body's JSON.
pub const BODY_DEPTH: usize = 32;
/// Bodies up to this size travel with their statement; larger ones are fetched on request.
pub const GOSSIPED_BODY_BYTES: usize = 64 * 1024;
/// Statements in one block.
pub const BLOCK_STATEMENTS: usize = 2_000;
/// Statements and bodies in one block, in bytes.
pub const BLOCK_BYTES: usize = 4 * 1024 * 1024;
/// One message on the consensus topics, in bytes: a proposal names every statement by a 32-byte id.
pub const CONSENSUS_MESSAGE_BYTES: usize = 128 * 1024;
/// One message on the documents topic, in bytes.
pub const DOCS_MESSAGE_BYTES: usize = 256 * 1024;
/// Documents too large for gossip that one message offers.
pub const OFFERS: usize = 64;
/// One response page, in bytes: a whole block fits, with its entries, header, certificate and framing.
pub const PAGE_BYTES: usize = BLOCK_BYTES + 2 * 1024 * 1024;
/// One request, in bytes.
pub const REQUEST_BYTES: usize = 32 * BLOCK_STATEMENTS + 1024;
/// Validators in a roster.
pub const VALIDATORS: usize = 256;
/// Voting power of one validator; the sum over a full roster stays far below 2^63.
pub const VALIDATOR_POWER: u64 = 1_000_000;
/// Genesis file, in bytes.
pub const GENESIS_BYTES: usize = 4 * 1024 * 1024;
/// A bundle file, in bytes: two of the largest bodies in base64, the longest history, and proofs.
pub const BUNDLE_BYTES: usize = 8 * 1024 * 1024;
/// An anchor file, in bytes: a header, and a full roster twice: as keys and as signatures.
pub const PIN_BYTES: usize = 128 * 1024;
/// A signed checkpoint, in bytes: the certificate of a full roster in base64, and witnesses.
pub const CHECKPOINT_BYTES: usize = 64 * 1024;
/// Signatures under one checkpoint: the quorum's and those of witnesses.
pub const CHECKPOINT_SIGNATURES: usize = 64;
/// How far a fresh proposal's time may lie from a validator's own clock, in milliseconds.
pub const CLOCK_SKEW_MS: u64 = 10_000;
/// How far ahead a statement may set its expiry, in milliseconds (7 days): executed ids are kept that long.
pub const EXPIRY_HORIZON_MS: u64 = 7 * 24 * 3_600 * 1_000;
/// How far ahead an offer may stand, in milliseconds (180 days): longer than any voyage and its credit.
pub const OFFER_HORIZON_MS: u64 = 180 * 24 * 3_600 * 1_000;
/// How long a proposal may be voted on, in milliseconds (90 days).
pub const PROPOSAL_HORIZON_MS: u64 = 90 * 24 * 3_600 * 1_000;
/// How far from block time a validator may have said that it is ready, in milliseconds (a day).
pub const READY_MS: u64 = 24 * 3_600 * 1_000;
/// Blocks between the decision of a protocol version and its first block, at least: nodes judge messages of the next
/// two heights, so all must know a height's version by then; the time that people need to install software is theirs
/// to add.
pub const UPGRADE_LEAD: u64 = 50;
/// Changes of the roster that a bundle walks over: one a week for twenty years.
pub const HANDOVERS: usize = 1_024;
/// Items in one part of a snapshot, in bytes; what is more is handed over a level of the state tree further down.
pub const SNAPSHOT_PART_BYTES: usize = 1024 * 1024;
/// Nibbles of the longest path of which a snapshot hands over a page instead of what is below. So many keys with so
/// long a common beginning cannot be found.
pub const SNAPSHOT_DEPTH: u8 = 16;
/// Records that one document replaces, and certificates that it draws on.
pub const REPLACED_RECORDS: usize = 16;
/// Units of measure in which a certificate, with those that it replaces, draws on others.
pub const DRAWN_UNITS: usize = 64;
/// A member's handle, in characters.
pub const MEMBER_ID_CHARS: usize = 40;
/// An organisation's name, in characters.
pub const MEMBER_NAME_CHARS: usize = 140;
/// Keys of one purpose that a member has had, retired ones included.
pub const MEMBER_KEYS: usize = 64;
/// As many as a member comes to by turning over its own: whoever stole a key cannot use up the places that a recovery
/// needs.
pub const ROTATED_KEYS: usize = 48;
/// The largest integer a statement may hold: what every JSON reader represents exactly (2^53).
pub const JSON_INTEGER: u64 = 1 << 53;
/// One frame of an archive, in bytes: a block with its certificate, or the genesis file.
pub const ARCHIVE_FRAME_BYTES: usize = PAGE_BYTES;
/// Acts of a record's history that a bundle may list; a bill lives through a few dozen.
pub const HISTORY_ENTRIES: usize = 512;

const _: () = {
    assert!(32 * BLOCK_STATEMENTS + 4_096 <= CONSENSUS_MESSAGE_BYTES, "a proposal of a full block fits its message");
    assert!(GOSSIPED_BODY_BYTES + STATEMENT_BYTES + 1_024 <= DOCS_MESSAGE_BYTES, "one document fits the docs topic");
    assert!(BODY_BYTES + STATEMENT_BYTES <= BLOCK_BYTES, "the largest document fits a block");
    assert!(GENESIS_BYTES < ARCHIVE_FRAME_BYTES, "a genesis file fits a frame of an archive");
    assert!(
        2 * (BODY_BYTES * 4 / 3) + HISTORY_ENTRIES * (STATEMENT_BYTES * 4 / 3 + 2_048) + 256 * 1_024 <= BUNDLE_BYTES,
        "two bodies and the longest history fit a bundle in base64"
    );
    assert!(ROTATED_KEYS + 2 <= MEMBER_KEYS, "whoever has turned over all it may can still be recovered");
};
