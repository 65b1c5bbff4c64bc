//! A record in packed form: every field of it, for its digest commits to every field.

use super::pack::{Malformed, Pack, Packer, Unpacker, packed, packed_as_borsh};
use crate::doc::{Amounts, DocKind, ItemNumber, Money, Quantity, Scheme, TitleForm};
use crate::member::Country;
use crate::origin::{Check, Origin};
use crate::record::{EntryRef, Record, Status};
use crate::title::{Freeze, Lien, OpenOffer, Payment, Pledge, Purpose, Title, Undo};

packed_as_borsh!(Country, DocKind, Purpose, Scheme, Status, TitleForm);

packed! {
    Record {
        id, kind, issuer, issued_to, reference, version, body, status, possessor, seq, issued_at, last, replaces,
        replaced_by, from_paper, title, origin,
    }
    EntryRef { index, leaf }
    Title {
        form, holder, may_endorse, nominee, offer, undo, pledge, lien, freeze, surrendered, printed, moved, quantity,
    }
    OpenOffer { to, title, until_ms, payment }
    Payment { bank, amount, reference }
    Money { value, currency }
    Undo { by, to, possessor, form, holder, may_endorse }
    Pledge { by, bank, goods }
    Lien { bank, goods, consent }
    Freeze { voices, in_force, lift }
    Quantity { packages, gross }
    Origin { scheme, issuing_country, importing_country, expires, account, certified, drawn, applicant, check, copy }
    Check { by, since_ms, reply_by_ms, close_by_ms, answer, closed }
}

impl Pack for Amounts {
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        Pack::unpack(from).map(Self)
    }
}

impl Pack for ItemNumber {
    fn pack(&self, out: &mut Packer) {
        self.0.pack(out);
    }
    fn unpack(from: &mut Unpacker<'_>) -> Result<Self, Malformed> {
        Pack::unpack(from).map(Self)
    }
}
