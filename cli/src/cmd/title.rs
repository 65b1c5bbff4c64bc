//! `sampan title` and `sampan pledge`: what may be done with a bill of lading.

use std::path::Path;

use sampan_proto::doc::{Amount, Currency, Money};
use sampan_proto::hash::Hash32;
use sampan_proto::statement::{Action, OnRecord};
use sampan_proto::text::{Note, Sealed};
use sampan_proto::title::{Offer, Payment, TitleAct};
use sha2::{Digest as _, Sha256};

use super::desk::Desk;
use super::{Context, goods, record_id};
use crate::args::trade::{ConfirmPayment, MakeOffer, On, Pledge, PledgeOffer, Remark, Title};
use crate::failure::{Exit, Failure};
use crate::remark::{Place, seal};
use crate::{files, time};

/// A file whose digest goes onto the ledger, in bytes.
const DIGESTED_BYTES: usize = 64 * 1024 * 1024;

/// `sampan title`.
pub(super) fn run(command: &Title, context: &Context) -> Result<Exit, Failure> {
    let (on, act) = match command {
        Title::Offer(args) => (&args.on, TitleAct::Offer(offer(args))),
        Title::Accept(on) => (on, TitleAct::AcceptOffer {}),
        Title::Decline(on) => (on, TitleAct::DeclineOffer {}),
        Title::Withdraw(on) => (on, TitleAct::WithdrawOffer {}),
        Title::ConfirmPayment(args) => (&args.on, confirm_payment(args)),
        Title::Endorse(args) => (&args.on, TitleAct::Endorse { to: args.to.clone(), to_order: args.to_order }),
        Title::EndorseBlank(on) => (on, TitleAct::EndorseInBlank {}),
        Title::Nominate(args) => (&args.on, TitleAct::Nominate { to: args.to.clone() }),
        Title::ExecuteNomination(on) => (on, TitleAct::ExecuteNomination {}),
        Title::Reject(on) => (on, TitleAct::RejectTransfer {}),
        Title::ProveControl(args) => (&args.on, TitleAct::ProveControl { challenge: args.challenge }),
        Title::AcceptSurrender(on) => (on, TitleAct::AcceptSurrender {}),
        Title::RejectSurrender(args) => (&args.on, TitleAct::RejectSurrender { reason: args.reason.clone() }),
        Title::SwitchToPaper(args) => (&args.on, TitleAct::SwitchToPaper { printed: digest(&args.printed)? }),
        Title::Void(args) => (&args.on, TitleAct::Void { reason: args.reason.clone() }),
        Title::Freeze(args) => (&args.on, TitleAct::Freeze { reason: args.reason.clone() }),
        Title::Unfreeze(args) => (&args.on, TitleAct::Unfreeze { reason: args.reason.clone() }),
        Title::Remark(args) => return remark(args, context),
    };
    act_on(on, act, context)
}

/// `sampan pledge`.
pub(super) fn run_pledge(command: &Pledge, context: &Context) -> Result<Exit, Failure> {
    let (on, act) = match command {
        Pledge::Offer(args) => (&args.on, TitleAct::Pledge { bank: args.bank.clone(), goods: pledged(args, context)? }),
        Pledge::Accept(on) => (on, TitleAct::AcceptPledge {}),
        Pledge::Decline(on) => (on, TitleAct::DeclinePledge {}),
        Pledge::Consent(args) => (&args.on, TitleAct::ConsentToTransfer { to: args.to.clone() }),
        Pledge::Release(on) => (on, TitleAct::ReleasePledge {}),
    };
    act_on(on, act, context)
}

/// Signs an act at the seq that the user knows, or that is proven. A freeze names none: nobody outruns it.
pub(super) fn act_on(on: &On, act: TitleAct, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &on.signing)?;
    let action = if act.outruns() {
        Action::Title(OnRecord { record: record_id(&on.record)?, seq: None, act })
    } else {
        let (record, seq) = desk.place(on)?;
        Action::title(record, seq, act)
    };
    desk.act(action)
}

/// A remark by its digest, or sealed to the newest statement key of its reader, as the registry proves it.
fn remark(args: &Remark, context: &Context) -> Result<Exit, Failure> {
    let desk = Desk::open(context, &args.on.signing)?;
    let (record, seq) = desk.place(&args.on)?;
    let sealed = match (&args.file, &args.reader, &args.text) {
        (Some(file), ..) => Sealed::Sha256(digest(file)?),
        (None, Some(reader), Some(text)) => {
            let place = Place { chain: desk.anchor.chain(), record };
            Sealed::Encrypted(seal(text, &desk.statement_key(reader)?, place)?)
        }
        // The command line demands a file, or a reader with a text.
        _ => return Err(Failure::refused("there is no remark").hint("pass `--file`, or `--remark-for` and `--text`")),
    };
    desk.act(Action::title(record, seq, TitleAct::Remark(sealed)))
}

fn offer(args: &MakeOffer) -> Offer {
    let money = &args.money;
    let asked = (&args.against, money.amount, &money.currency, &money.reference);
    let payment = match asked {
        (Some(bank), Some(amount), Some(currency), Some(reference)) => {
            Some(payment(bank.clone(), amount, currency, reference))
        }
        // The command line demands all four or none.
        _ => None,
    };
    let until_ms = time::now_ms().saturating_add(time::millis(args.stands));
    Offer { to: args.to.clone(), title: !args.possession_only, until_ms, payment }
}

fn payment(bank: sampan_proto::ids::MemberId, value: Amount, currency: &Currency, reference: &Note) -> Payment {
    Payment { bank, amount: Money { value, currency: currency.clone() }, reference: reference.clone() }
}

fn confirm_payment(args: &ConfirmPayment) -> TitleAct {
    let amount = Money { value: args.amount, currency: args.currency.clone() };
    TitleAct::ConfirmPayment { amount, reference: args.reference.clone() }
}

/// The goods that are offered.
fn pledged(args: &PledgeOffer, context: &Context) -> Result<Hash32, Failure> {
    let unnamed = || Failure::refused("the goods are not named").hint("pass `--document` and `--goods-key`");
    goods::named(&args.goods, context)?.ok_or_else(unnamed)
}

/// SHA-256 of a file.
pub(super) fn digest(path: &Path) -> Result<Hash32, Failure> {
    Ok(Hash32(Sha256::digest(files::read(path, DIGESTED_BYTES)?).into()))
}
