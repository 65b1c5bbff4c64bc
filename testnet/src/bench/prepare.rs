//! Statements signed and written as JSON before any clock starts, on all cores.

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use sampan_proto::doc::DocKind;
use sampan_proto::ids::{ChainId, MemberId, StatementId};

use super::documents::document;
use crate::cluster::person::Person;

/// A signed statement as it will be sent.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The statement's name.
    pub id: StatementId,
    /// The submission as JSON.
    pub json: String,
}

/// What makes documents and signs them, each with a number that was not used before.
#[derive(Debug)]
pub struct Press {
    chain: ChainId,
    kind: DocKind,
    size: usize,
    issuers: Vec<Person>,
    to: MemberId,
    next: u64,
}

impl Press {
    /// A press for documents of one kind and size, by these issuers in turn, all issued to one member.
    ///
    /// # Errors
    /// When there is no issuer.
    pub fn new(chain: ChainId, kind: DocKind, size: usize, issuers: Vec<Person>, to: MemberId) -> Result<Self> {
        issuers.first().context("nobody issues")?;
        Ok(Self { chain, kind, size, issuers, to, next: 0 })
    }

    /// `count` signed statements.
    ///
    /// # Errors
    /// When a document is refused.
    pub fn print(&mut self, count: usize) -> Result<Vec<Prepared>> {
        let first = self.next;
        self.next += count as u64;
        let bar = bar(count as u64, "signing");
        let prepared: Result<Vec<_>> = (first..self.next)
            .into_par_iter()
            .map(|i| {
                bar.inc(1);
                self.one(i)
            })
            .collect();
        bar.finish_and_clear();
        prepared
    }

    /// An issuer and a recipient such as the load has.
    ///
    /// # Errors
    /// When nobody issues.
    pub fn sample(&self) -> Result<(&Person, &MemberId)> {
        Ok((self.issuers.first().context("nobody issues")?, &self.to))
    }

    fn one(&self, i: u64) -> Result<Prepared> {
        let turn = usize::try_from(i).unwrap_or_default() % self.issuers.len();
        let issuer = self.issuers.get(turn).context("nobody issues")?;
        let signed = issuer.issue(self.chain, self.kind, document(self.kind, i, self.size)?, &self.to)?;
        Ok(Prepared { id: signed.id, json: serde_json::to_string(&signed.submission)? })
    }
}

/// A progress bar, drawn on a terminal only.
#[must_use]
pub fn bar(length: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(what);
    // The template is a constant; the default style serves if it were wrong.
    if let Ok(style) = ProgressStyle::with_template("{msg:<10} {bar:40} {pos}/{len} {per_sec}") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sampan_proto::api::Submission;
    use sampan_proto::hash::Hash32;
    use sampan_proto::statement::SignedStatement;

    use super::*;
    use crate::cluster::person::tests::somebody;

    #[test]
    fn what_is_prepared_verifies_and_no_statement_comes_twice() {
        let chain = ChainId(Hash32([5; 32]));
        let (a, b) = (somebody("issuer-001"), somebody("issuer-002"));
        let to = "klang-import".parse().expect("a handle");
        let mut press = Press::new(chain, DocKind::CertificateOfOrigin, 1_024, vec![a, b], to).expect("a press");
        let mut all = press.print(5).expect("prints");
        all.extend(press.print(5).expect("prints"));
        let mut members = BTreeSet::new();
        for prepared in &all {
            let submission: Submission = serde_json::from_str(&prepared.json).expect("a submission");
            let verified = SignedStatement::try_from(submission.statement).expect("an envelope").verify(chain);
            let verified = verified.expect("verifies");
            assert_eq!(verified.id(), prepared.id);
            members.insert(verified.statement().member.clone());
        }
        let ids: BTreeSet<_> = all.iter().map(|prepared| prepared.id).collect();
        assert_eq!((ids.len(), members.len()), (10, 2));
    }
}
