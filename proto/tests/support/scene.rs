//! One bill and one certificate in every situation of their lives, and one act of every kind.

use sampan_proto::doc::{Amounts, DocKind, ItemNumber, Money, Quantity, TitleForm};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{BodyCommitment, Height, MemberId, RecordId};
use sampan_proto::origin::{ItemAmounts, Origin, OriginAct};
use sampan_proto::record::{EntryRef, Record, Status};
use sampan_proto::reject::Reject;
use sampan_proto::statement::Nonce;
use sampan_proto::text::{Note, Sealed};
use sampan_proto::title::{self, Offer, Payment, Purpose, Title, TitleAct};

use super::{cast, digest};

/// When the acts happen, in Unix milliseconds.
pub(crate) const NOW: u64 = cast::BEGIN_MS;

/// Who may stand where in the life of a bill.
pub(crate) const SHIPPER: &str = "pump-works";
pub(crate) const BUYER: &str = "water-supplies";
pub(crate) const CARRIER: &str = "pearl-line";
pub(crate) const BANK: &str = "harbour-bank";
pub(crate) const OTHER_BANK: &str = "straits-bank";
pub(crate) const STRANGER: &str = "far-trading";
pub(crate) const AGENCY: &str = "cn-customs";
pub(crate) const SECOND_AGENCY: &str = "my-customs";

pub(crate) fn note(text: &str) -> Note {
    text.parse().expect("a note")
}

/// An actor; agencies are those whose handle says so.
pub(crate) fn actor(id: &MemberId, time_ms: u64) -> title::Actor<'_> {
    title::Actor { id, customs: id.as_str().ends_with("-customs"), freeze_quorum: 2, time_ms }
}

/// Does one act on a bill.
pub(crate) fn act(record: &Record, by: &str, act: &TitleAct) -> Result<Record, Reject> {
    title::act(record, act, &actor(&cast::id(by), NOW))
}

/// A bill as it is issued to the shipper.
pub(crate) fn bill(form: TitleForm, holder: Option<&str>) -> Record {
    let gross = Amounts([("KGM".parse().expect("unit"), "9840.5".parse().expect("amount"))].into());
    let title = Title::issued(form, holder.map(cast::id), Quantity { packages: 240, gross });
    Record { title: Some(title), possessor: Some(cast::id(SHIPPER)), ..record(DocKind::BillOfLading, CARRIER, SHIPPER) }
}

/// A certificate issued for the shipper.
pub(crate) fn certificate() -> Record {
    let claims = sampan_proto::doc::OriginClaims {
        scheme: sampan_proto::doc::Scheme::Acfta,
        issuing_country: "CN".parse().expect("country"),
        importing_country: "MY".parse().expect("country"),
        expires: "2027-11-19".parse().expect("day"),
        items: kilograms("9840.5"),
    };
    let origin = Some(Origin::issued(&claims, None));
    Record { origin, ..record(DocKind::CertificateOfOrigin, "ningbo-chamber", SHIPPER) }
}

/// A certificate that drew on others.
pub(crate) fn back_to_back() -> Record {
    let certificate = certificate();
    let (weight, pieces) = (kilograms("6000"), ItemAmounts::from([(ItemNumber(2), amounts(&[("146", "H87")]))]));
    let drawn = sampan_proto::origin::drawn(&Amounts::default(), [&weight, &pieces]).expect("few");
    let origin = certificate.origin.clone().map(|origin| Origin { drawn, ..origin });
    Record { origin, ..certificate }
}

pub(crate) fn amounts(all: &[(&str, &str)]) -> Amounts {
    let one = |(amount, unit): &(&str, &str)| (unit.parse().expect("unit"), amount.parse().expect("amount"));
    Amounts(all.iter().map(one).collect())
}

pub(crate) fn kilograms(amount: &str) -> ItemAmounts {
    let amounts = Amounts([("KGM".parse().expect("unit"), amount.parse().expect("amount"))].into());
    ItemAmounts::from([(ItemNumber(1), amounts)])
}

fn record(kind: DocKind, issuer: &str, to: &str) -> Record {
    Record {
        id: RecordId(digest(1)),
        kind,
        issuer: cast::id(issuer),
        issued_to: cast::id(to),
        reference: None,
        version: 1,
        body: BodyCommitment(digest(2)),
        status: Status::Issued,
        possessor: None,
        seq: 1,
        issued_at: Height(1),
        last: EntryRef { index: 1, leaf: digest(3) },
        replaces: Vec::new(),
        replaced_by: Vec::new(),
        from_paper: None,
        title: None,
        origin: None,
    }
}

fn after(record: &Record, acts: &[(&str, TitleAct)]) -> Record {
    acts.iter().fold(record.clone(), |record, (by, what)| act(&record, by, what).expect("lawful"))
}

pub(crate) fn usd(value: &str) -> Money {
    Money { value: value.parse().expect("amount"), currency: "USD".parse().expect("currency") }
}

pub(crate) fn offer(payment: bool) -> TitleAct {
    let payment =
        payment.then(|| Payment { bank: cast::id(BANK), amount: usd("31200"), reference: note("E2E-2611-07") });
    TitleAct::Offer(Offer { to: cast::id(BUYER), title: true, until_ms: NOW + 86_400_000, payment })
}

pub(crate) const GOODS: Hash32 = Hash32([7; 32]);

/// A bill in every situation that the law tells apart.
pub(crate) fn situations() -> Vec<(&'static str, Record)> {
    let (to, transfer) = (|| cast::id(BUYER), |to: &str| TitleAct::Transfer { to: cast::id(to) });
    let blank = bill(TitleForm::Blank, None);
    let named = bill(TitleForm::Named, Some(SHIPPER));
    let apart = after(&named, &[(SHIPPER, TitleAct::Endorse { to: to(), to_order: true })]);
    let surrender = |purpose| (SHIPPER, TitleAct::Surrender { to: cast::id(CARRIER), purpose });
    let accept = || (CARRIER, TitleAct::AcceptSurrender {});
    let pledge = || (SHIPPER, TitleAct::Pledge { bank: cast::id(BANK), goods: GOODS });
    let freeze = |by| (by, TitleAct::Freeze { reason: note("court order 12/2026") });
    vec![
        ("straight", bill(TitleForm::Straight, Some(BUYER))),
        ("in blank", blank.clone()),
        ("named", named.clone()),
        ("named, title with the buyer", apart.clone()),
        (
            "named, not to order",
            after(&named, &[(SHIPPER, TitleAct::Endorse { to: to(), to_order: false }), (SHIPPER, transfer(BUYER))]),
        ),
        ("nominated", after(&apart, &[(BUYER, TitleAct::Nominate { to: cast::id(STRANGER) })])),
        ("handed to the buyer", after(&blank, &[(SHIPPER, transfer(BUYER))])),
        ("offered", after(&named, &[(SHIPPER, offer(false))])),
        ("offered against payment", after(&named, &[(SHIPPER, offer(true))])),
        ("pledge offered", after(&named, &[pledge()])),
        ("pledged", after(&named, &[pledge(), (BANK, TitleAct::AcceptPledge {})])),
        ("frozen", after(&named, &[freeze(AGENCY), freeze(SECOND_AGENCY)])),
        ("surrendered for delivery, pending", after(&blank, &[surrender(Purpose::Delivery)])),
        ("surrendered for amendment, pending", after(&blank, &[surrender(Purpose::Amendment)])),
        ("surrendered for amendment", after(&blank, &[surrender(Purpose::Amendment), accept()])),
        ("surrendered for paper", after(&blank, &[surrender(Purpose::SwitchToPaper), accept()])),
        ("over", after(&blank, &[surrender(Purpose::Delivery), accept()])),
    ]
}

/// One act of every kind.
pub(crate) fn acts() -> Vec<TitleAct> {
    vec![
        TitleAct::Transfer { to: cast::id(STRANGER) },
        offer(false),
        TitleAct::AcceptOffer {},
        TitleAct::DeclineOffer {},
        TitleAct::WithdrawOffer {},
        TitleAct::ConfirmPayment { amount: usd("31200"), reference: note("E2E-2611-07") },
        TitleAct::Endorse { to: cast::id(STRANGER), to_order: true },
        TitleAct::EndorseInBlank {},
        TitleAct::Nominate { to: cast::id(STRANGER) },
        TitleAct::ExecuteNomination {},
        TitleAct::RejectTransfer {},
        TitleAct::ProveControl { challenge: Nonce([5; 16]) },
        TitleAct::Surrender { to: cast::id(CARRIER), purpose: Purpose::Delivery },
        TitleAct::AcceptSurrender {},
        TitleAct::RejectSurrender { reason: note("charges unpaid") },
        TitleAct::SwitchToPaper { printed: digest(9) },
        TitleAct::Void { reason: note("issued by mistake") },
        TitleAct::Pledge { bank: cast::id(BANK), goods: GOODS },
        TitleAct::AcceptPledge {},
        TitleAct::DeclinePledge {},
        TitleAct::ConsentToTransfer { to: cast::id(STRANGER) },
        TitleAct::ReleasePledge {},
        TitleAct::Freeze { reason: note("court order 13/2026") },
        TitleAct::Unfreeze { reason: note("lifted") },
        TitleAct::Remark(Sealed::Sha256(digest(8))),
    ]
}

/// One act of every kind on a certificate.
pub(crate) fn origin_acts() -> Vec<OriginAct> {
    vec![
        OriginAct::RefuseApplication { reason: note("no cost statement") },
        OriginAct::WithdrawApplication {},
        OriginAct::Present { to: cast::id(SECOND_AGENCY), late: None },
        OriginAct::Accept { used: Some(kilograms("4000")) },
        OriginAct::Accept { used: None },
        OriginAct::Reject { reason: note("criterion not met") },
        OriginAct::OpenCheck { reason: note("stamp in doubt") },
        OriginAct::AnswerCheck { genuine: true, answer: note("issued by us") },
        OriginAct::CloseCheck { upheld: true, reason: note("confirmed") },
        OriginAct::Cancel { reason: note("goods returned") },
        OriginAct::CertifyCopy { copy: digest(6) },
    ]
}
