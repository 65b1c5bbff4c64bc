//! Ed25519 against the vectors of others: RFC 8032 (inline, they are short) and Wycheproof (from outside the
//! repository, when it is there).

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

use std::collections::BTreeSet;
use std::path::Path;

use data_encoding::HEXLOWER_PERMISSIVE;
use sampan_proto::keys::{PublicKey, SecretKey, Signature};
use serde::Deserialize;

/// Where foreign vectors lie, seen from this crate.
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors/wycheproof/ed25519_test.json");

/// Vectors on which our verdict differs, with the reason. The strict equation refuses more than RFC 8032 asks
/// (keys and nonces of small order), but no vector that Wycheproof calls valid uses one.
const DIFFERENCES: &[(u32, &str)] = &[];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    number_of_tests: usize,
    test_groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    public_key: Key,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Key {
    pk: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    tc_id: u32,
    comment: String,
    flags: BTreeSet<String>,
    msg: String,
    sig: String,
    result: String,
}

fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).expect("hexadecimal")
}

fn public(hex: &str) -> PublicKey {
    format!("ed25519:{hex}").parse().expect("a public key")
}

/// A signature of any other length has no form here: it is refused before it is verified.
fn accepts(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let Ok(signature) = signature.try_into() else { return false };
    key.verify(message, &Signature::Ed25519(signature)).is_ok()
}

#[test]
fn every_wycheproof_vector_gets_its_verdict() {
    if !Path::new(VECTORS).exists() {
        println!("SKIPPED: {VECTORS} is not here");
        return;
    }
    let text = std::fs::read_to_string(VECTORS).expect("readable");
    let file: File = serde_json::from_str(&text).expect("the schema of Wycheproof");
    let mut differences = BTreeSet::new();
    let (mut valid, mut invalid) = (0, 0);
    for group in &file.test_groups {
        let key = public(&group.public_key.pk);
        for test in &group.tests {
            let expected = match test.result.as_str() {
                "valid" => true,
                "invalid" => false,
                other => panic!("vector {}: result `{other}`", test.tc_id),
            };
            *(if expected { &mut valid } else { &mut invalid }) += 1;
            if accepts(&key, &bytes(&test.msg), &bytes(&test.sig)) == expected {
                continue;
            }
            println!("vector {} ({}, {:?}) differs", test.tc_id, test.comment, test.flags);
            assert!(expected, "vector {}: accepting what others refuse is never strictness", test.tc_id);
            differences.insert(test.tc_id);
        }
    }
    assert_eq!(valid + invalid, file.number_of_tests, "the file says how many vectors it has");
    assert!(valid >= 80 && invalid >= 60, "a file that was cut short proves little: {valid} and {invalid}");
    assert_eq!(differences, DIFFERENCES.iter().map(|(id, _)| *id).collect(), "exactly the differences in the table");
}

/// RFC 8032 section 7.1: name, seed, public key, message, signature.
const RFC_8032: [[&str; 5]; 4] = [
    [
        "TEST 1",
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
        "TEST 2",
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
        "TEST 3",
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
    [
        "TEST SHA(abc)",
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ],
];

#[test]
fn we_sign_and_verify_as_rfc_8032_does() {
    for [name, seed, key, message, signature] in RFC_8032 {
        let secret = SecretKey::from_seed(bytes(seed).try_into().expect("32 bytes"));
        let (message, signature) = (bytes(message), bytes(signature));
        assert_eq!(secret.public(), public(key), "{name}");
        assert_eq!(
            secret.sign(&message),
            Signature::Ed25519(signature.clone().try_into().expect("64 bytes")),
            "{name}"
        );
        assert!(accepts(&public(key), &message, &signature), "{name}");
        assert!(!accepts(&public(key), &[message.as_slice(), b"."].concat(), &signature), "{name}: another message");
    }
}

/// The order of the group, little-endian: S and S + L sign the same, so only S < L may pass.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn a_signature_has_one_spelling() {
    let key = SecretKey::from_seed([5; 32]);
    let Signature::Ed25519(good) = key.sign(b"bill");
    let mut larger = good;
    let mut carry = 0_u16;
    for (byte, order) in larger[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert_eq!(carry, 0, "S + L fits 256 bits");
    assert!(accepts(&key.public(), b"bill", &good));
    assert!(!accepts(&key.public(), b"bill", &larger), "S + L");
}

#[test]
fn signatures_that_hold_for_every_message_are_refused() {
    // The identity as key and as nonce, S = 0: the bare equation holds whatever is signed.
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    assert!(!accepts(&PublicKey::Ed25519(identity), b"anything", &signature));
    assert!(!accepts(&PublicKey::Ed25519([0; 32]), b"anything", &signature), "a point of order four");
}
