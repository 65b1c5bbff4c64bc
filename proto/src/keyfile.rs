//! The key file that tools and nodes share: small JSON, one key each. Reading and writing it is the
//! caller's; so is keeping it unreadable for others.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::hash::Hash32;
use crate::ids::MemberId;
use crate::json::{self, JsonError, JsonLimits};
use crate::keys::{PublicKey, SecretKey};
use crate::member::Purpose;
use crate::reject::Code;

/// Largest key file, in bytes.
pub const KEY_FILE_BYTES: usize = 4 * 1024;

/// A secret key with what it is for.
#[derive(Clone)]
pub struct KeyFile {
    /// Whose key it is, once the member has a handle.
    pub member: Option<MemberId>,
    /// What it signs.
    pub purpose: Purpose,
    /// The key.
    pub secret: SecretKey,
    /// The member's pepper, kept beside the statement key of a member that issues documents.
    pub pepper: Option<[u8; 32]>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Format {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<MemberId>,
    purpose: Purpose,
    public: PublicKey,
    secret: Hash32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pepper: Option<Hash32>,
}

impl KeyFile {
    /// Reads a key file's bytes.
    ///
    /// # Errors
    /// The JSON fault with its path; a public key that is not the secret's counts as one.
    pub fn from_json(bytes: &[u8]) -> Result<Self, JsonError> {
        let limits = JsonLimits { max_bytes: KEY_FILE_BYTES, max_depth: 2, integers_only: true };
        let format: Format = json::from_slice(bytes, &limits)?;
        let wrong = |path: &str, detail: &str| JsonError {
            code: Code::JsonType,
            path: path.to_owned(),
            detail: detail.to_owned(),
        };
        if format.version != 1 {
            return Err(wrong("$.version", "this software reads version 1 of key files"));
        }
        let secret = SecretKey::from_seed(format.secret.0);
        if secret.public() != format.public {
            return Err(wrong("$.public", "not the public half of the secret: the file is damaged"));
        }
        let pepper = format.pepper.map(|pepper| pepper.0);
        Ok(Self { member: format.member, purpose: format.purpose, secret, pepper })
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let format = Format {
            version: 1,
            member: self.member.clone(),
            purpose: self.purpose,
            public: self.secret.public(),
            secret: Hash32(*self.secret.seed()),
            pepper: self.pepper.map(Hash32),
        };
        // A struct of strings always has a JSON form.
        Zeroizing::new(serde_json::to_vec_pretty(&format).unwrap_or_default())
    }
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFile").field("member", &self.member).field("key", &self.secret).finish_non_exhaustive()
    }
}
