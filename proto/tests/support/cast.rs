//! Who takes part, and the genesis file that they sign.

use std::collections::BTreeSet;

use sampan_proto::body::pepper_commitment;
use sampan_proto::genesis::{Genesis, GenesisEntry, GenesisFile, Parameters};
use sampan_proto::ids::MemberId;
use sampan_proto::keys::SecretKey;
use sampan_proto::member::{Member, MemberKey, Purpose, Role, Standing};

/// When the network begins, in Unix milliseconds.
pub(crate) const BEGIN_MS: u64 = 1_790_000_000_000;

/// The validators in roster order, with unequal power: any three are a quorum, no two are.
pub(crate) const VALIDATORS: [(&str, &str, u64); 4] =
    [("cn-customs", "CN", 10), ("my-customs", "MY", 10), ("sg-customs", "SG", 10), ("th-customs", "TH", 7)];

/// Issues bills of lading.
pub(crate) const CARRIER: &str = "pearl-line";
/// Issues certificates of origin.
pub(crate) const CHAMBER: &str = "ningbo-chamber";
/// Exports.
pub(crate) const TRADER: &str = "pump-works";
/// Finances.
pub(crate) const BANK: &str = "harbour-bank";
/// Imports.
pub(crate) const BUYER: &str = "water-supplies";

/// A member's handle.
pub(crate) fn id(text: &str) -> MemberId {
    text.parse().expect("a member id")
}

/// A member's key of one purpose.
pub(crate) fn key(member: &str, purpose: Purpose) -> SecretKey {
    let name = match purpose {
        Purpose::Statement => "statement",
        Purpose::Consensus => "consensus",
        Purpose::Network => "network",
        Purpose::Governance => "governance",
    };
    SecretKey::from_seed(seed(&format!("{member} {name}")))
}

/// 32 bytes that stand for a name.
pub(crate) fn seed(name: &str) -> [u8; 32] {
    blake3::derive_key("sampan test seed", name.as_bytes())
}

/// The pepper of a member that issues documents.
pub(crate) fn pepper(member: &str) -> [u8; 32] {
    seed(&format!("{member} pepper"))
}

/// A member with one key of each purpose.
pub(crate) fn member(handle: &str, name: &str, country: &str, role: Role) -> Member {
    let purposes = match role {
        Role::Customs => vec![Purpose::Statement, Purpose::Consensus, Purpose::Network, Purpose::Governance],
        _ => vec![Purpose::Statement, Purpose::Governance],
    };
    let issues = matches!(role, Role::Carrier | Role::IssuingAuthority);
    Member {
        id: id(handle),
        name: name.to_owned(),
        country: country.parse().expect("a country"),
        roles: BTreeSet::from([role]),
        standing: Standing::Active,
        keys: purposes.into_iter().map(|p| MemberKey::from_genesis(p, key(handle, p).public())).collect(),
        pepper: issues.then(|| pepper_commitment(&pepper(handle))),
    }
}

/// An entry that its own governance key signed.
pub(crate) fn entry(member: Member, power: Option<u64>) -> GenesisEntry {
    let digest = GenesisEntry::signing_digest(&member, power);
    let signature = key(member.id.as_str(), Purpose::Governance).sign(digest.as_bytes());
    GenesisEntry { member, power, signature }
}

/// The file of the test network, before it is written.
pub(crate) fn genesis_file() -> GenesisFile {
    let mut members: Vec<_> = VALIDATORS
        .iter()
        .map(|(handle, country, power)| {
            entry(member(handle, &format!("Customs of {country}"), country, Role::Customs), Some(*power))
        })
        .collect();
    let mut bank = member(BANK, "Harbour Bank Berhad", "MY", Role::Bank);
    bank.roles.insert(Role::Verifier);
    members.push(entry(bank, None));
    members.push(entry(member(CHAMBER, "Ningbo Chamber of Commerce", "CN", Role::IssuingAuthority), None));
    members.push(entry(member(CARRIER, "Sampan Pearl Line", "SG", Role::Carrier), None));
    members.push(entry(member(TRADER, "宁波海曙水泵厂 Pump Works", "CN", Role::Trader), None));
    members.push(entry(member(BUYER, "Klang Water Supplies Sdn. Bhd.", "MY", Role::Trader), None));
    members.sort_by(|a, b| a.member.id.cmp(&b.member.id));
    GenesisFile {
        version: 1,
        network: "test-strait".to_owned(),
        time_ms: BEGIN_MS,
        parameters: Parameters::default(),
        members,
    }
}

/// The file's bytes.
pub(crate) fn written(file: &GenesisFile) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(file).expect("JSON");
    bytes.push(b'\n');
    bytes
}

/// The test network.
pub(crate) fn genesis() -> Genesis {
    Genesis::from_bytes(&written(&genesis_file())).expect("a genesis file")
}

/// The consensus keys in roster order.
pub(crate) fn consensus_keys() -> Vec<SecretKey> {
    VALIDATORS.iter().map(|(handle, ..)| key(handle, Purpose::Consensus)).collect()
}
