//! `sampan origin`: the life of a certificate of origin. `sampan finding`: what customs found.

use sampan_proto::doc::{Amounts, DocKind};
use sampan_proto::limits::BODY_BYTES;
use sampan_proto::origin::{ItemAmounts, OriginAct};
use sampan_proto::proof::Bundle;
use sampan_proto::statement::{Action, Finding as Found};

use super::check::insist;
use super::desk::Desk;
use super::title::digest;
use super::{Context, read_bundle, record_id};
use crate::args::Subject;
use crate::args::trade::{Apply, Certify, Check, Finding, On, Origin, Use, YesNo};
use crate::failure::{Exit, Failure};
use crate::files;

/// `sampan origin`.
pub(super) fn run(command: &Origin, context: &Context) -> Result<Exit, Failure> {
    let (on, act) = match command {
        Origin::Apply(args) => return apply(args, context),
        Origin::Certify(args) => return certify(args, context),
        Origin::Refuse(args) => (&args.on, OriginAct::RefuseApplication { reason: args.reason.clone() }),
        Origin::WithdrawApplication(on) => (on, OriginAct::WithdrawApplication {}),
        Origin::Present(args) => (&args.on, OriginAct::Present { to: args.to.clone(), late: args.late.clone() }),
        Origin::Accept(args) => (&args.on, OriginAct::Accept { used: used(&args.uses)? }),
        Origin::Reject(args) => (&args.on, OriginAct::Reject { reason: args.reason.clone() }),
        Origin::Check(check) => checked(check),
        Origin::Cancel(args) => (&args.on, OriginAct::Cancel { reason: args.reason.clone() }),
        Origin::CertifyCopy(args) => (&args.on, OriginAct::CertifyCopy { copy: digest(&args.file)? }),
    };
    let desk = Desk::open(context, &on.signing)?;
    let (record, seq) = desk.place(on)?;
    desk.act(Action::origin(record, seq, act))
}

fn checked(check: &Check) -> (&On, OriginAct) {
    match check {
        Check::Open(args) => (&args.on, OriginAct::OpenCheck { reason: args.reason.clone() }),
        Check::Answer(args) => {
            let genuine = args.genuine == YesNo::Yes;
            (&args.on, OriginAct::AnswerCheck { genuine, answer: args.words.clone() })
        }
        Check::Close(args) => {
            let upheld = args.upheld == YesNo::Yes;
            (&args.on, OriginAct::CloseCheck { upheld, reason: args.reason.clone() })
        }
    }
}

/// Uses by item, several units of one item together; none is for all that is left.
pub(super) fn used(uses: &[Use]) -> Result<Option<ItemAmounts>, Failure> {
    let mut items = ItemAmounts::new();
    for Use { item, amounts } in uses {
        let place: &mut Amounts = items.entry(*item).or_default();
        *place = place.plus(amounts).ok_or_else(|| Failure::refused("an amount has too many digits"))?;
    }
    Ok((!items.is_empty()).then_some(items))
}

/// The exporter's signature under the whole document.
fn apply(args: &Apply, context: &Context) -> Result<Exit, Failure> {
    let bytes = files::read(&args.file, BODY_BYTES)?;
    let checked = insist(DocKind::CertificateOfOrigin, &bytes, &args.file, context)?;
    let desk = Desk::open(context, &args.signing)?;
    let chain = desk.anchor.chain();
    let submission = desk.signer.apply(chain, checked, bytes, args.to.clone(), args.signing.valid_for)?;
    desk.finish(submission, false)
}

/// The authority's signature under the very document that was applied for.
fn certify(args: &Certify, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let id = record_id(&args.application)?;
    let bundle: Bundle = match &args.application {
        Subject::Bundle(path) => read_bundle(path)?,
        Subject::Record(_) => desk.record_with_body(&id)?,
    };
    let (_, _) = crate::proven::record(&bundle, &desk.anchor, &id)?;
    let body = bundle.body.map(|disclosed| disclosed.0.0).ok_or_else(|| {
        Failure::refused("the application's document is not at hand")
            .hint("ask the exporter for a bundle with the document: `sampan bundle RECORD --with-body`")
    })?;
    let checked = insist(DocKind::CertificateOfOrigin, &body.bytes, std::path::Path::new("the application"), context)?;
    let submission = desk.signer.certify(&desk.anchor, checked, body, id, args)?;
    desk.finish(submission, false)
}

/// `sampan finding`.
pub(super) fn run_finding(args: &Finding, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.signing)?;
    let Finding { record, rule, says, other, .. } = args;
    let found = Found { record: *record, rule: rule.clone(), says: says.clone(), other: *other };
    desk.act(Action::Finding(found))
}
