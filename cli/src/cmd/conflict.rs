//! `sampan evidence statements`: what two statements of one member show together, in a file that proves itself.

use std::path::{Path, PathBuf};

use sampan_proto::api::Submission;
use sampan_proto::evidence::{self, Evidence, Offence};
use sampan_proto::ids::{MemberId, OffenceId};
use sampan_proto::json::{self, JsonLimits};
use sampan_proto::limits::BUNDLE_BYTES;
use sampan_proto::proof::{BUNDLE_MEDIA_TYPE, Outcome};
use sampan_proto::statement::{DsseEnvelope, SignedStatement, VerifiedStatement};
use serde::Serialize;

use super::evidence::write_down;
use super::{Context, parse_bundle};
use crate::anchor::Anchor;
use crate::args::log::Statements;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::page::{Page, Tone};
use crate::proven;

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    evidence: PathBuf,
    id: OffenceId,
    members: Vec<MemberId>,
    proven: String,
    not_proven: &'static str,
}

/// Finds the two, asks the node whose keys signed them, and writes down what any reader will prove from it.
pub(super) fn run(args: &Statements, context: &Context) -> Result<Exit, Failure> {
    let client = context.client()?;
    let anchor = context.anchor(&client)?;
    let (ones, others) = (signed(&args.one, &anchor)?, signed(&args.other, &anchor)?);
    let mut pairs = ones.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
    let found = pairs.find_map(|(one, other)| Some((one, Offence::of_statements(one, other)?)));
    let (one, offence) = found.ok_or_else(|| {
        Failure::refused("no member hands one thing over twice in these two files")
            .why("the statements are of different members or of different places, or say the same")
            .hint("name two files that hold statements of one member about one seq of a record, or about one number")
    })?;
    let evidence = judged_by(&one.statement().member, offence, &client, &anchor)?;
    let (ladder, proven) = evidence::verify(&evidence, &anchor);
    let Some(proven) = proven.filter(|_| ladder.outcome() == Outcome::Valid) else {
        return Err(Failure::unproven("the two statements prove nothing").ladder(ladder));
    };
    let report = Report {
        evidence: write_down(&args.output, &evidence)?,
        id: evidence.offence.id(),
        members: proven.members,
        proven: proven.shows,
        not_proven: proven.leaves_open,
    };
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(Exit::Done)
}

/// The offence with the member's registry entry under the newest block.
fn judged_by(member: &MemberId, offence: Offence, client: &Client, anchor: &Anchor) -> Result<Evidence, Failure> {
    let registry = client.member(member)?;
    proven::demand(&registry, anchor, &["members"], None)?;
    let (head, member) = (Some(registry.head), registry.members.into_iter().next());
    Ok(Evidence { trust_path: registry.trust_path, head, member, ..Evidence::new(anchor.chain(), offence) })
}

/// The statements in a file that are signed for this network: of a bundle all, of a submission the one.
fn signed(path: &Path, anchor: &Anchor) -> Result<Vec<VerifiedStatement>, Failure> {
    let bytes = files::read(path, BUNDLE_BYTES)?;
    let is_bundle = bytes.windows(BUNDLE_MEDIA_TYPE.len()).any(|part| part == BUNDLE_MEDIA_TYPE.as_bytes());
    let envelopes: Vec<DsseEnvelope> = if is_bundle {
        let bundle = parse_bundle(path, &bytes)?;
        let history = bundle.history.into_iter().map(|act| act.statement);
        history.chain(bundle.receipt.map(|part| part.statement)).collect()
    } else {
        let limits = JsonLimits { max_bytes: BUNDLE_BYTES, max_depth: 8, integers_only: true };
        let none = |error| {
            let what = format!("`{}` holds no signed statement", path.display());
            Failure::json(what, &error).hint("name a bundle, or what `--sign-only` wrote")
        };
        vec![json::from_slice::<Submission>(&bytes, &limits).map_err(none)?.statement]
    };
    let verified = |envelope| SignedStatement::try_from(envelope)?.verify(anchor.chain());
    let all: Result<_, _> = envelopes.into_iter().map(verified).collect();
    all.map_err(|reject| {
        Failure::unproven(format!("a statement in `{}` does not hold", path.display())).reject(&reject)
    })
}

fn write(report: &Report, page: &mut Page) {
    page.tagged(Tone::Strong, "proven:", &report.proven);
    page.tagged(Tone::Faint, "not proven:", report.not_proven);
    let path = report.evidence.display();
    page.tagged(Tone::Faint, "evidence", path.to_string());
    page.tagged(Tone::Strong, "hint:", format!("`sampan verify evidence {path}` checks it offline"));
}
