//! The bound: a node checks every signature once, strictly, and this machine can do only so many.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result};
use sampan_proto::doc::DocKind;
use sampan_proto::ids::{ChainId, MemberId};
use sampan_proto::statement::{PAYLOAD_TYPE, SignedStatement, pae};

use super::documents::document;
use crate::clock;
use crate::cluster::person::Person;

/// How long the rate is measured.
const MEASURE: Duration = Duration::from_secs(1);
/// Different statements that are verified in turn.
const STATEMENTS: u64 = 64;

/// Strict verifications per second on one core, of statements such as the load has. Counted in processor
/// time of this thread, so that it is the machine's figure even while others use the machine.
///
/// # Errors
/// When a statement cannot be signed.
pub fn verify_rate(chain: ChainId, kind: DocKind, size: usize, (issuer, to): (&Person, &MemberId)) -> Result<f64> {
    let message = |i| -> Result<_> {
        let signed = issuer.issue(chain, kind, document(kind, i, size)?, to)?;
        let signed = SignedStatement::try_from(signed.submission.statement)?;
        let signature = signed.signatures.first().context("no signature")?.clone();
        Ok((pae(PAYLOAD_TYPE, &signed.payload), signature))
    };
    // Numbers that the load will not use; nothing is sent.
    let messages: Vec<_> = (0..STATEMENTS).map(|i| message(u64::from(u32::MAX) + i)).collect::<Result<_>>()?;
    let end = clock::now() + MEASURE;
    let start = clock::thread_cpu();
    let mut count = 0_u32;
    while clock::now() < end {
        for (message, signed) in &messages {
            black_box(signed.key.verify(black_box(message), &signed.signature))?;
            count += 1;
        }
    }
    let spent = clock::thread_cpu().saturating_sub(start);
    Ok(f64::from(count) / spent.as_secs_f64())
}

/// Documents per second that `cores` could finalise if they did nothing but verify each statement once on
/// each of `nodes`.
#[must_use]
pub fn documents_per_second(verify_rate: f64, cores: u32, nodes: u32) -> f64 {
    verify_rate * f64::from(cores) / f64::from(nodes.max(1))
}

#[cfg(test)]
mod tests {
    use sampan_proto::hash::Hash32;

    use super::*;
    use crate::cluster::person::tests::somebody;

    #[test]
    fn the_bound_shares_the_cores_among_the_nodes() {
        assert!((documents_per_second(30_000.0, 2, 4) - 15_000.0).abs() < f64::EPSILON);
        let to = "klang-import".parse().expect("a handle");
        let sample = (&somebody("issuer-001"), &to);
        let rate = verify_rate(ChainId(Hash32([5; 32])), DocKind::CertificateOfOrigin, 1_024, sample);
        assert!(rate.expect("measures") > 100.0);
    }
}
