//! Invariants of title over random sequences of acts by everybody, against a model that knows only who has
//! what. Numbers in brackets are those of the paper on transferable records.

#![allow(clippy::expect_used, clippy::panic, reason = "helpers are part of the tests")]

mod support;

use proptest::prelude::*;
use sampan_proto::doc::TitleForm;
use sampan_proto::ids::MemberId;
use sampan_proto::record::{Record, Status};
use sampan_proto::reject::Code;
use sampan_proto::title::{Offer, Payment, Purpose, Title, TitleAct};
use support::cast;
use support::digest;
use support::scene::{self, AGENCY, BANK, BUYER, CARRIER, GOODS, NOW, OTHER_BANK, SECOND_AGENCY, SHIPPER, STRANGER};

const CAST: [&str; 8] = [SHIPPER, BUYER, CARRIER, BANK, OTHER_BANK, STRANGER, AGENCY, SECOND_AGENCY];

fn somebody() -> impl Strategy<Value = MemberId> {
    prop::sample::select(CAST.as_slice()).prop_map(cast::id)
}

fn deed() -> impl Strategy<Value = TitleAct> {
    let payment = || Payment { bank: cast::id(BANK), amount: scene::usd("31200"), reference: scene::note("E2E") };
    let offer = (somebody(), any::<bool>(), any::<bool>()).prop_map(move |(to, title, paid)| {
        TitleAct::Offer(Offer { to, title, until_ms: NOW + 1_000, payment: paid.then(payment) })
    });
    let purposes = [Purpose::Delivery, Purpose::Amendment, Purpose::SwitchToPaper];
    let surrender = prop::sample::select(purposes.to_vec())
        .prop_map(|purpose| TitleAct::Surrender { to: cast::id(CARRIER), purpose });
    prop_oneof![
        6 => somebody().prop_map(|to| TitleAct::Transfer { to }),
        4 => (somebody(), any::<bool>()).prop_map(|(to, to_order)| TitleAct::Endorse { to, to_order }),
        2 => somebody().prop_map(|to| TitleAct::Nominate { to }),
        3 => offer,
        2 => surrender,
        1 => somebody().prop_map(|bank| TitleAct::Pledge { bank, goods: GOODS }),
        2 => Just(TitleAct::AcceptPledge {}),
        1 => somebody().prop_map(|to| TitleAct::ConsentToTransfer { to }),
        1 => Just(TitleAct::ConsentToTransfer { to: cast::id(CARRIER) }),
        9 => prop::sample::select(scene::acts()),
    ]
}

/// Mostly those who can do something, so that sequences get somewhere.
fn choose(record: &Record, act: &TitleAct, dice: u8) -> MemberId {
    let title = record.title.as_ref().expect("a title");
    let able = [
        record.possessor.clone(),
        title.holder.clone(),
        title.offer.as_ref().map(|offer| offer.to.clone()),
        title.lien.as_ref().map(|lien| lien.bank.clone()),
        title.pledge.as_ref().map(|pledge| pledge.bank.clone()),
        matches!(act, TitleAct::AcceptSurrender {} | TitleAct::RejectSurrender { .. }).then(|| cast::id(CARRIER)),
    ];
    let able: Vec<MemberId> = able.into_iter().flatten().collect();
    match able.get(usize::from(dice) % (able.len() + 2)) {
        Some(id) => id.clone(),
        None => cast::id(CAST[usize::from(dice) % CAST.len()]),
    }
}

/// Who had to sign for title to go from `before` to `after` [I4].
fn title_moved_rightly(before: &Record, after: &Record, act: &TitleAct, by: &MemberId) -> bool {
    let (old, new) = (before.title.as_ref().expect("title"), after.title.as_ref().expect("title"));
    let had = |who: &MemberId| old.holder.as_ref() == Some(who) || old.form == TitleForm::Blank;
    match act {
        TitleAct::Endorse { .. } | TitleAct::EndorseInBlank {} => had(by) && before.possessor.as_ref() == Some(by),
        TitleAct::ExecuteNomination {} => before.possessor.as_ref() == Some(by) && old.nominee == new.holder,
        TitleAct::AcceptOffer {} => old.offer.as_ref().is_some_and(|offer| offer.to == *by && offer.payment.is_none()),
        TitleAct::ConfirmPayment { .. } => {
            let payment = old.offer.as_ref().and_then(|offer| offer.payment.as_ref());
            payment.is_some_and(|payment| payment.bank == *by)
        }
        TitleAct::RejectTransfer {} => {
            old.undo.as_ref().is_some_and(|undo| undo.to == *by && undo.holder == new.holder)
        }
        TitleAct::AcceptSurrender {} | TitleAct::Void { .. } | TitleAct::SwitchToPaper { .. } => {
            *by == before.issuer && after.status.is_ended()
        }
        _ => false,
    }
}

fn check_step(before: &Record, after: &Record, act: &TitleAct, by: &MemberId) -> Result<(), TestCaseError> {
    let (old, new) = (before.title.as_ref().expect("title"), after.title.as_ref().expect("title"));
    prop_assert_eq!(after.seq, before.seq + 1, "[I2]");
    prop_assert_eq!(after.possessor.is_some(), !after.status.is_ended(), "[I1] one possessor, until it is over");
    prop_assert!(!before.status.is_ended(), "[I3]");
    prop_assert_eq!((after.body, after.id, &after.issuer), (before.body, before.id, &before.issuer), "[I5]");
    prop_assert_eq!(&new.quantity, &old.quantity, "no act but a re-issue takes goods away");
    if (&new.holder, new.form) != (&old.holder, old.form) {
        prop_assert!(title_moved_rightly(before, after, act, by), "[I4] {act:?} by {by} on {before:?}");
    }
    prop_assert!(new.holder.is_none() || new.form != TitleForm::Blank, "nobody is named on a bill in blank");
    if let Some(lien) = &old.lien {
        let lender_spoke = *by == lien.bank || lien.consent.is_some();
        let title_stays = (&new.holder, new.form) == (&old.holder, old.form);
        let undone = matches!(act, TitleAct::RejectTransfer {});
        let delivered = after.status == Status::SurrenderedForDelivery;
        prop_assert!(title_stays || lender_spoke || undone || delivered, "a lien holds title: {act:?}");
        prop_assert!(
            new.lien.is_some() || *by == lien.bank || delivered,
            "only the bank lets go, or the goods are out"
        );
        let changing = matches!(after.status, Status::PendingSurrenderForAmendment | Status::SurrenderedForAmendment);
        prop_assert!(!changing, "no other bill comes in the place of one that is pledged: {act:?}");
    }
    if old.freeze.in_force {
        prop_assert_eq!((&after.possessor, &new.holder), (&before.possessor, &old.holder), "a frozen bill stands");
    }
    Ok(())
}

fn forms() -> impl Strategy<Value = Record> {
    prop_oneof![
        Just(scene::bill(TitleForm::Blank, None)),
        Just(scene::bill(TitleForm::Named, Some(SHIPPER))),
        Just(scene::bill(TitleForm::Straight, Some(BUYER))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn whatever_is_tried_the_invariants_hold(first in forms(), tries in prop::collection::vec((deed(), any::<u8>()), 1..120)) {
        let mut record = first.clone();
        let mut twin = first;
        for (act, dice) in tries {
            let by = choose(&record, &act, dice);
            let answer = sampan_proto::title::act(&record, &act, &scene::actor(&by, NOW));
            let again = sampan_proto::title::act(&twin, &act, &scene::actor(&by, NOW));
            prop_assert_eq!(&answer, &again, "[I9] the same acts give the same record");
            match answer {
                Ok(next) => {
                    check_step(&record, &next, &act, &by)?;
                    record = next.clone();
                    twin = next;
                }
                Err(reject) if record.status.is_ended() => prop_assert_eq!(reject.code, Code::RecordEnded, "[I3]"),
                Err(_) => {}
            }
        }
    }

    #[test]
    fn once_a_bill_is_handed_on_its_giver_controls_nothing(first in forms(), act in deed()) {
        let to = cast::id(STRANGER);
        let handed = scene::act(&first, SHIPPER, &TitleAct::Transfer { to: to.clone() }).expect("lawful");
        let answer = scene::act(&handed, SHIPPER, &act);
        if let Ok(next) = answer {
            prop_assert_eq!(next.possessor, Some(to), "[I10]");
        }
    }
}

#[test]
fn what_came_unasked_goes_back_whole_and_once() {
    let named = scene::bill(TitleForm::Named, Some(SHIPPER));
    let to = || cast::id(BUYER);
    let endorsed = scene::act(&named, SHIPPER, &TitleAct::Endorse { to: to(), to_order: false }).expect("lawful");
    let given = scene::act(&endorsed, SHIPPER, &TitleAct::Transfer { to: to() }).expect("lawful");
    let back = scene::act(&given, BUYER, &TitleAct::RejectTransfer {}).expect("lawful");
    let facts = |record: &Record| {
        let Title { form, holder, may_endorse, .. } = record.title.clone().expect("title");
        (record.possessor.clone(), form, holder, may_endorse)
    };
    assert_eq!(facts(&back), facts(&named), "possession and title go back together");
    let again = scene::act(&back, BUYER, &TitleAct::RejectTransfer {});
    assert_eq!(again.map_err(|reject| reject.code), Err(Code::NothingToReject));
    let kept = scene::act(&given, BUYER, &TitleAct::Pledge { bank: cast::id(BANK), goods: GOODS }).expect("lawful");
    let late = scene::act(&kept, BUYER, &TitleAct::RejectTransfer {});
    assert_eq!(late.map_err(|reject| reject.code), Err(Code::NothingToReject), "an act of one's own is acceptance");
}

#[test]
fn a_bill_moves_against_exactly_the_payment_and_in_time() {
    let offered =
        scene::act(&scene::bill(TitleForm::Named, Some(SHIPPER)), SHIPPER, &scene::offer(true)).expect("lawful");
    let confirm = |amount: &str, reference: &str| TitleAct::ConfirmPayment {
        amount: scene::usd(amount),
        reference: scene::note(reference),
    };
    let code = |by: &str, act: &TitleAct| scene::act(&offered, by, act).map_err(|reject| reject.code);
    assert_eq!(code(BANK, &confirm("31199.99", "E2E-2611-07")), Err(Code::PaymentMismatch));
    assert_eq!(code(BANK, &confirm("31200", "E2E-2611-08")), Err(Code::PaymentMismatch));
    assert_eq!(code(OTHER_BANK, &confirm("31200", "E2E-2611-07")), Err(Code::NotTheBank));
    assert_eq!(code(BUYER, &TitleAct::AcceptOffer {}), Err(Code::PaymentAwaited), "the bank's word alone moves it");
    assert_eq!(code(SHIPPER, &TitleAct::WithdrawOffer {}), Err(Code::PaymentAwaited), "somebody may be paying");
    let pledge = TitleAct::Pledge { bank: cast::id(OTHER_BANK), goods: GOODS };
    assert_eq!(code(SHIPPER, &pledge), Err(Code::PaymentAwaited), "nor is title tied up meanwhile");
    let void = TitleAct::Void { reason: scene::note("issued by mistake") };
    assert_eq!(code(CARRIER, &void), Err(Code::PaymentAwaited), "nor the bill voided");
    let paid = scene::act(&offered, BANK, &confirm("31200", "E2E-2611-07")).expect("paid");
    let holder = paid.title.as_ref().and_then(|title| title.holder.clone());
    assert_eq!((paid.possessor, holder), (Some(cast::id(BUYER)), Some(cast::id(BUYER))));
    let late = |by: &str, act: &TitleAct| {
        sampan_proto::title::act(&offered, act, &scene::actor(&cast::id(by), NOW + 86_400_001))
    };
    assert_eq!(late(BANK, &confirm("31200", "E2E-2611-07")).map_err(|reject| reject.code), Err(Code::OfferExpired));
    let moved = late(SHIPPER, &TitleAct::Transfer { to: cast::id(STRANGER) }).expect("the offer lapsed");
    assert_eq!(moved.possessor, Some(cast::id(STRANGER)));
}

#[test]
fn two_agencies_freeze_and_two_lift() {
    let bill = scene::bill(TitleForm::Blank, None);
    let freeze = TitleAct::Freeze { reason: scene::note("court order") };
    let lift = TitleAct::Unfreeze { reason: scene::note("lifted") };
    let one = scene::act(&bill, AGENCY, &freeze).expect("a voice");
    assert_eq!(scene::act(&one, AGENCY, &freeze).map_err(|reject| reject.code), Err(Code::AlreadySpoken));
    let frozen = scene::act(&one, SECOND_AGENCY, &freeze).expect("a second voice");
    let transfer = TitleAct::Transfer { to: cast::id(BUYER) };
    assert_eq!(scene::act(&frozen, SHIPPER, &transfer).map_err(|reject| reject.code), Err(Code::RecordFrozen));
    let half = scene::act(&frozen, AGENCY, &lift).expect("a voice");
    assert_eq!(scene::act(&half, SHIPPER, &transfer).map_err(|reject| reject.code), Err(Code::RecordFrozen));
    let free = scene::act(&half, SECOND_AGENCY, &lift).expect("a second voice");
    assert!(scene::act(&free, SHIPPER, &transfer).is_ok());
}

#[test]
fn paper_takes_the_place_only_when_it_was_asked_for() {
    let surrender = |purpose| {
        let act = TitleAct::Surrender { to: cast::id(CARRIER), purpose };
        let pending = scene::act(&scene::bill(TitleForm::Blank, None), SHIPPER, &act).expect("lawful");
        scene::act(&pending, CARRIER, &TitleAct::AcceptSurrender {}).expect("lawful")
    };
    let print = TitleAct::SwitchToPaper { printed: digest(9) };
    let printed = scene::act(&surrender(Purpose::SwitchToPaper), CARRIER, &print).expect("printed");
    assert_eq!((printed.status, printed.possessor), (Status::SwitchedToPaper, None));
    assert_eq!(printed.title.and_then(|title| title.printed), Some(digest(9)));
    let other = scene::act(&surrender(Purpose::ChangeOfDestination), CARRIER, &print);
    assert_eq!(other.map_err(|reject| reject.code), Err(Code::NoSurrender));
}

#[test]
fn nobody_makes_a_lender_the_owner_of_what_it_lent_on() {
    let pledged = |form, holder| {
        let pledge = TitleAct::Pledge { bank: cast::id(BANK), goods: GOODS };
        let offered = scene::act(&scene::bill(form, holder), SHIPPER, &pledge).expect("lawful");
        scene::act(&offered, BANK, &TitleAct::AcceptPledge {}).expect("the bank lends")
    };
    let endorse = TitleAct::Endorse { to: cast::id(BANK), to_order: false };
    let hand = TitleAct::Transfer { to: cast::id(BANK) };
    let code = |record: &Record, act: &TitleAct| scene::act(record, SHIPPER, act).map_err(|reject| reject.code);
    let (blank, named) = (pledged(TitleForm::Blank, None), pledged(TitleForm::Named, Some(SHIPPER)));
    assert_eq!(code(&blank, &endorse), Err(Code::Pledged));
    assert_eq!(code(&blank, &hand), Err(Code::Pledged), "in blank, possession is title");
    assert_eq!(code(&named, &endorse), Err(Code::Pledged));
    assert!(code(&named, &hand).is_ok(), "the bank may keep the bill of somebody else's goods");
    let offer = Offer { to: cast::id(BANK), title: true, until_ms: NOW + 1_000, payment: None };
    let offered = scene::act(&named, SHIPPER, &TitleAct::Offer(offer)).expect("it may be asked");
    let taken = scene::act(&offered, BANK, &TitleAct::AcceptOffer {}).expect("and may agree");
    assert_eq!(taken.title.and_then(|title| title.holder), Some(cast::id(BANK)));
}

/// A named bill of the shipper's, pledged to the bank.
fn pledged() -> Record {
    let pledge = TitleAct::Pledge { bank: cast::id(BANK), goods: GOODS };
    let offered = scene::act(&scene::bill(TitleForm::Named, Some(SHIPPER)), SHIPPER, &pledge).expect("lawful");
    scene::act(&offered, BANK, &TitleAct::AcceptPledge {}).expect("the bank lends")
}

fn consent(to: &str) -> TitleAct {
    TitleAct::ConsentToTransfer { to: cast::id(to) }
}

#[test]
fn no_security_is_lost_by_another_bill_in_its_place() {
    let agreed = scene::act(&pledged(), BANK, &consent(CARRIER)).expect("lawful");
    let surrender =
        |record: &Record, purpose| scene::act(record, SHIPPER, &TitleAct::Surrender { to: cast::id(CARRIER), purpose });
    let changes = [Purpose::Amendment, Purpose::ChangeOfDestination, Purpose::SwitchBill, Purpose::SwitchToPaper];
    for purpose in changes {
        let refused = surrender(&agreed, purpose).expect_err("whatever the bank said of the carrier");
        assert_eq!((refused.code, refused.path.as_str()), (Code::Pledged, "$.purpose"), "{purpose:?}");
    }
    let delivering = surrender(&agreed, Purpose::Delivery).expect("with the bank's consent");
    let back = scene::act(&delivering, CARRIER, &TitleAct::RejectSurrender { reason: scene::note("charges unpaid") });
    assert!(back.expect("lawful").title.is_some_and(|title| title.lien.is_some()), "given back, it is still pledged");
    let free = scene::act(&agreed, BANK, &TitleAct::ReleasePledge {}).expect("paid");
    assert!(changes.into_iter().all(|purpose| surrender(&free, purpose).is_ok()));
}

#[test]
fn a_lender_stands_by_its_consent_while_somebody_may_be_paying() {
    let agreed = scene::act(&pledged(), BANK, &consent(BUYER)).expect("lawful");
    let offered = scene::act(&agreed, SHIPPER, &scene::offer(true)).expect("lawful");
    let elsewhere = scene::act(&offered, BANK, &consent(STRANGER)).map_err(|reject| reject.code);
    assert_eq!(elsewhere.map(drop), Err(Code::PaymentAwaited));
    assert!(scene::act(&offered, BANK, &consent(BUYER)).is_ok(), "to say it again is no harm");
    let pay = TitleAct::ConfirmPayment { amount: scene::usd("31200"), reference: scene::note("E2E-2611-07") };
    let paid = scene::act(&offered, BANK, &pay).expect("title moves against the money");
    assert_eq!(paid.title.and_then(|title| title.holder), Some(cast::id(BUYER)));
    let (bank, late) = (cast::id(BANK), NOW + 86_400_001);
    let after = sampan_proto::title::act(&offered, &consent(STRANGER), &scene::actor(&bank, late));
    assert!(after.is_ok(), "the offer lapsed, and nobody pays any more");
    let unpaid = scene::act(&agreed, SHIPPER, &scene::offer(false)).expect("lawful");
    assert!(scene::act(&unpaid, BANK, &consent(STRANGER)).is_ok(), "no money waits for this one");
}
