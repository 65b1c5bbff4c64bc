//! Hash domains and signatures.

use sampan_proto::hash::{Domain, Hash32};
use sampan_proto::keys::{PublicKey, SecretKey, Signature};
use sampan_proto::merkle::{log, state};

use crate::sheet::{Json, hex, object, settle, text};
use crate::support::digest;

#[test]
fn hashes() {
    let keys: Vec<_> = Domain::ALL
        .iter()
        .map(|domain| object([("domain", domain.tag().into()), ("key", hex(domain.key()))]))
        .collect();
    let long: Vec<u8> = (0..=u8::MAX).cycle().take(3_000).collect();
    let inputs = [b"".as_slice(), b"abc", &[0; 64], &long];
    let hash = |(domain, input): (Domain, &[u8])| {
        object([("domain", domain.tag().into()), ("input", hex(input)), ("digest", text(domain.hash(input)))])
    };
    let domains = [Domain::LogLeaf, Domain::Statement, Domain::Body];
    let hashes: Vec<_> = domains.iter().flat_map(|domain| inputs.map(|input| (*domain, input))).map(hash).collect();
    let named = |(name, value): (&str, Hash32)| object([("name", name.into()), ("digest", text(value))]);
    let constants = [
        ("empty log", log::empty()),
        ("empty state", state::empty()),
        ("state leaf of 32 x 01 and 32 x 02", state::leaf(&digest(1), &digest(2))),
        ("state node of 32 x 01 and 32 x 02", state::node(&digest(1), &digest(2))),
    ];
    settle("hashes.json", &[("keys", keys), ("hashes", hashes), ("constants", constants.map(named).to_vec())]);
}

/// Signatures on which verifiers are known to differ: name, key, message, signature, our verdict. Made outside of
/// this library, with its secret key of 32 bytes of 07.
const SIGNATURES: [(&str, &str, &str, &str, bool); 14] = [
    (
        "a good signature",
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "sampan",
        "7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572\
         260eab63f34372095f85bd9c0588ae4df3ad85e871c20bc15d44dd88714d8109",
        true,
    ),
    (
        "S is not below L",
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "sampan",
        "7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572\
         13e2a0c00da784613522b53fe4818d62f3ad85e871c20bc15d44dd88714d8119",
        false,
    ),
    (
        "R is the neutral point",
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "sampan",
        "0100000000000000000000000000000000000000000000000000000000000000\
         3af10d58b7cbcb9916a541a3a0f34c6b9824f47a06b3907f87a66775c3781f0f",
        false,
    ),
    (
        "R is the neutral point, its y not below p",
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "sampan",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f\
         64f91117221907302e60c74b06312eb1cabc3307dd26785ca8b2897c9d8a0300",
        false,
    ),
    (
        "R is the neutral point, with a sign",
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "sampan",
        "0100000000000000000000000000000000000000000000000000000000000080\
         a452353903edc64565e832eb19a3087b44a12882060dc30edc6319c2ca4d6301",
        false,
    ),
    (
        "the key is the neutral point",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "sampan 0",
        "7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572\
         d20a1feb8ca954ab000000000000000000000000000000000000000000000000",
        false,
    ),
    (
        "the key is of order 2",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "sampan 1",
        "7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572\
         d20a1feb8ca954ab000000000000000000000000000000000000000000000000",
        false,
    ),
    (
        "the key is of order 4",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "sampan 3",
        "7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572\
         d20a1feb8ca954ab000000000000000000000000000000000000000000000000",
        false,
    ),
    (
        "the key is of order 8",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "sampan 1",
        "7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572\
         d20a1feb8ca954ab000000000000000000000000000000000000000000000000",
        false,
    ),
    (
        "the key has a torsion part that k cancels",
        "1f4f580e73ac208f06760190e9edc6f5916775dabd9c1cdca393175c2d6d1083",
        "sampan 8",
        "7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572\
         58ad20c421ad08be076868bff4a26de472a04bc512d1bb0c90b4fb590ec3310e",
        true,
    ),
    (
        "valid with a cofactor only: the key has a torsion part",
        "1f4f580e73ac208f06760190e9edc6f5916775dabd9c1cdca393175c2d6d1083",
        "sampan 0",
        "7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572\
         55c3d43f6450f242912cb91476fead5ca45a65540c397a041e4c25975da3f903",
        false,
    ),
    (
        "valid with a cofactor only: R has a torsion part",
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "sampan",
        "6a84d583f06569edb3f5ed77df65544b27d6948b4f0b2cb76f33dd8413b20719\
         4bfebc3a01b5997df68b2bf880b5c0d1bc50a8bfc5509fdce63bed409926200a",
        false,
    ),
    (
        "R is no point",
        "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        "sampan",
        "0200000000000000000000000000000000000000000000000000000000000000\
         260eab63f34372095f85bd9c0588ae4df3ad85e871c20bc15d44dd88714d8109",
        false,
    ),
    (
        "the key is no point",
        "0200000000000000000000000000000000000000000000000000000000000000",
        "sampan",
        "7767a3242dc9b58bbc68488c1265cc6cc5f26c6f3c88a5d55e901b0734dca572\
         260eab63f34372095f85bd9c0588ae4df3ad85e871c20bc15d44dd88714d8109",
        false,
    ),
];

/// Keys that the registry refuses, and why.
const REFUSED_KEYS: [(&str, &str); 7] = [
    ("no point", "0200000000000000000000000000000000000000000000000000000000000000"),
    ("y is not below p", "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ("the neutral point", "0100000000000000000000000000000000000000000000000000000000000000"),
    ("the neutral point, with a sign", "0100000000000000000000000000000000000000000000000000000000000080"),
    ("the neutral point, its y not below p", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    ("of order 8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    ("with a torsion part", "1f4f580e73ac208f06760190e9edc6f5916775dabd9c1cdca393175c2d6d1083"),
];

fn public(digits: &str) -> PublicKey {
    format!("ed25519:{digits}").parse().expect("a public key")
}

fn bytes(digits: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(digits.as_bytes()).expect("hexadecimal")
}

#[test]
fn ed25519() {
    let key = SecretKey::from_seed([7; 32]);
    let ours = key.sign(b"bill of lading");
    assert_eq!(key.public().verify(b"bill of lading", &ours), Ok(()));
    let case = |name: &str, key: &PublicKey, message: &[u8], signature: &[u8], valid: bool| -> Json {
        let signature: [u8; 64] = signature.try_into().expect("64 bytes");
        let verdict = key.verify(message, &Signature::Ed25519(signature)).is_ok();
        assert_eq!(verdict, valid, "{name}");
        object([
            ("name", name.into()),
            ("key", text(key)),
            ("message", hex(message)),
            ("signature", hex(signature)),
            ("valid", valid.into()),
        ])
    };
    let Signature::Ed25519(signed) = ours;
    let mut signatures = vec![case("signed by this library", &key.public(), b"bill of lading", &signed, true)];
    for (name, digits, message, signature, valid) in SIGNATURES {
        signatures.push(case(name, &public(digits), message.as_bytes(), &bytes(signature), valid));
    }
    let admitted = |name: &str, key: PublicKey, admissible: bool| {
        assert_eq!(key.check_admissible().is_ok(), admissible, "{name}");
        object([("name", name.into()), ("key", text(key)), ("admissible", admissible.into())])
    };
    let mut keys = vec![admitted("a good key", key.public(), true)];
    keys.extend(REFUSED_KEYS.map(|(name, digits)| admitted(name, public(digits), false)));
    settle("ed25519.json", &[("signatures", signatures), ("registry", keys)]);
}
