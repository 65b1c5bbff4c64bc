//! The acts of the trade as typed: title, pledges, origin.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use sampan_proto::doc::{Currency, ItemNumber};
use sampan_proto::hash::Hash32;
use sampan_proto::ids::{MemberId, RecordId};
use sampan_proto::statement::Nonce;
use sampan_proto::text::Note;
use sampan_proto::title::Purpose;

pub(crate) use super::remark::Remark;
use super::{Signing, Subject};
use crate::time::parse_span;

/// The record acted on, and how to sign.
#[derive(Args, Debug)]
pub(crate) struct On {
    /// The record's id, or a bundle of it
    pub(crate) record: Subject,
    /// The record's seq as you know it; asked from the node or read from the bundle otherwise
    #[arg(long, value_name = "N")]
    pub(crate) seq: Option<u64>,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// `sampan title`.
#[derive(Debug, Subcommand)]
pub(crate) enum Title {
    /// Offer a bill: it moves when the other side accepts, or when a bank confirms the payment
    Offer(MakeOffer),
    /// Take a bill that is offered to you
    Accept(On),
    /// Turn down a bill that is offered to you
    Decline(On),
    /// Take back an offer of yours
    Withdraw(On),
    /// Confirm, as the bank that the offer names, that the payment is there: title moves
    ConfirmPayment(ConfirmPayment),
    /// Pass title to a member by name; possession stays where it is
    Endorse(Endorse),
    /// Endorse in blank: from then on possession is title
    EndorseBlank(On),
    /// Name the next title holder while somebody else possesses the bill
    Nominate(Towards),
    /// Carry out the title holder's nomination
    ExecuteNomination(On),
    /// Send back what came unasked, before any act of your own
    Reject(On),
    /// Show control to somebody who gave you a challenge
    ProveControl(ProveControl),
    /// As the carrier: accept a surrendered bill
    AcceptSurrender(On),
    /// As the carrier: give a surrendered bill back
    RejectSurrender(Reasoned),
    /// As the carrier: paper takes the place of the record
    SwitchToPaper(Printed),
    /// As the carrier: void a bill that never moved, or one that came back for amendment
    Void(Reasoned),
    /// As a customs agency: speak for freezing a bill
    Freeze(Reasoned),
    /// As a customs agency: speak for lifting a freeze
    Unfreeze(Reasoned),
    /// Leave a remark that only one member can read, or the digest of one that is kept elsewhere
    Remark(Remark),
}

/// `sampan pledge`.
#[derive(Debug, Subcommand)]
pub(crate) enum Pledge {
    /// Offer the goods to a bank as security
    Offer(PledgeOffer),
    /// As the bank: take the pledge
    Accept(On),
    /// Turn the pledge down, or take it back before the bank answered
    Decline(On),
    /// As the bank: agree that title goes to one member, the lien staying on the bill
    Consent(Towards),
    /// As the bank: the loan is paid
    Release(On),
}

/// `sampan origin`.
#[derive(Debug, Subcommand)]
pub(crate) enum Origin {
    /// Apply for a certificate: signs the exporter's part (box 11)
    Apply(Apply),
    /// As the authority: certify what was applied for (box 12)
    Certify(Certify),
    /// As the authority: refuse an application
    Refuse(Reasoned),
    /// Take an application back
    WithdrawApplication(On),
    /// Show a certificate to customs of the importing country
    Present(Present),
    /// As customs: give preference, for all that is left or for part of it
    Accept(Accept),
    /// As customs: give no preference
    Reject(Reasoned),
    /// A retroactive check: ask, answer, decide
    #[command(subcommand)]
    Check(Check),
    /// As the authority: take a certificate back
    Cancel(Reasoned),
    /// As the authority: certify a true copy of a lost certificate
    CertifyCopy(Digest),
}

/// `sampan origin check`.
#[derive(Debug, Subcommand)]
pub(crate) enum Check {
    /// As customs: ask the issuer; the dates for answer and decision are computed
    Open(Reasoned),
    /// As the issuer: answer
    Answer(Answer),
    /// As customs: decide
    Close(Close),
}

/// An act towards a member.
#[derive(Args, Debug)]
pub(crate) struct Towards {
    /// The member
    #[arg(long, value_name = "MEMBER")]
    pub(crate) to: MemberId,
    #[command(flatten)]
    pub(crate) on: On,
}

/// An act that needs a reason.
#[derive(Args, Debug)]
pub(crate) struct Reasoned {
    /// Why, in a line that everybody on the network reads
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Note,
    #[command(flatten)]
    pub(crate) on: On,
}

/// An act that names a file kept elsewhere by its digest.
#[derive(Args, Debug)]
pub(crate) struct Digest {
    /// The file whose SHA-256 goes onto the ledger
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) on: On,
}

/// `sampan title switch-to-paper`.
#[derive(Args, Debug)]
pub(crate) struct Printed {
    /// The printed form as a file, with its statement of change
    #[arg(long, value_name = "FILE")]
    pub(crate) printed: PathBuf,
    #[command(flatten)]
    pub(crate) on: On,
}

/// `sampan title offer`.
#[derive(Args, Debug)]
pub(crate) struct MakeOffer {
    /// To whom
    #[arg(long, value_name = "MEMBER")]
    pub(crate) to: MemberId,
    /// Offer possession only, without title
    #[arg(long)]
    pub(crate) possession_only: bool,
    /// How long the offer stands
    #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = parse_span)]
    pub(crate) stands: Duration,
    /// Against payment: the bank whose confirmation moves title
    #[arg(long, value_name = "BANK", requires_all = ["amount", "currency", "reference"])]
    pub(crate) against: Option<MemberId>,
    #[command(flatten)]
    pub(crate) money: OfferedMoney,
    #[command(flatten)]
    pub(crate) on: On,
}

/// What an offer against payment asks for.
#[derive(Args, Debug)]
pub(crate) struct OfferedMoney {
    /// How much
    #[arg(long, value_name = "DECIMAL", requires = "against", value_parser = amount)]
    pub(crate) amount: Option<sampan_proto::doc::Amount>,
    /// In which currency (ISO 4217)
    #[arg(long, value_name = "CODE", requires = "against")]
    pub(crate) currency: Option<Currency>,
    /// The payment's end-to-end reference
    #[arg(long, value_name = "TEXT", requires = "against")]
    pub(crate) reference: Option<Note>,
}

/// `sampan title confirm-payment`.
#[derive(Args, Debug)]
pub(crate) struct ConfirmPayment {
    /// How much, exactly as the offer says
    #[arg(long, value_name = "DECIMAL", value_parser = amount)]
    pub(crate) amount: sampan_proto::doc::Amount,
    /// In which currency
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Currency,
    /// The payment's end-to-end reference
    #[arg(long, value_name = "TEXT")]
    pub(crate) reference: Note,
    #[command(flatten)]
    pub(crate) on: On,
}

/// `sampan title endorse`.
#[derive(Args, Debug)]
pub(crate) struct Endorse {
    /// The new title holder
    #[arg(long, value_name = "MEMBER")]
    pub(crate) to: MemberId,
    /// Let the new holder endorse it further
    #[arg(long)]
    pub(crate) to_order: bool,
    #[command(flatten)]
    pub(crate) on: On,
}

/// `sampan title prove-control`.
#[derive(Args, Debug)]
pub(crate) struct ProveControl {
    /// What the verifier chose: 32 hexadecimal digits
    #[arg(long, value_name = "HEX", value_parser = challenge)]
    pub(crate) challenge: Nonce,
    #[command(flatten)]
    pub(crate) on: On,
}

/// `sampan pledge offer`.
#[derive(Args, Debug)]
pub(crate) struct PledgeOffer {
    /// The bank
    #[arg(long, value_name = "MEMBER")]
    pub(crate) bank: MemberId,
    #[command(flatten)]
    pub(crate) goods: Cargo,
    #[command(flatten)]
    pub(crate) on: On,
}

/// The goods of a bill, by their fingerprint.
#[derive(Args, Debug)]
pub(crate) struct Cargo {
    /// The bill's document, from which the goods are fingerprinted
    #[arg(long, value_name = "FILE", requires = "goods_key")]
    pub(crate) document: Option<PathBuf>,
    /// The network's goods key, as its members hold it: 64 hexadecimal digits in a file
    #[arg(long, value_name = "FILE")]
    pub(crate) goods_key: Option<PathBuf>,
    /// The fingerprint itself, instead of a document
    #[arg(long, value_name = "HEX", conflicts_with = "document")]
    pub(crate) goods: Option<Hash32>,
}

/// `sampan origin apply`.
#[derive(Args, Debug)]
pub(crate) struct Apply {
    /// The certificate's document, `-` for stdin
    pub(crate) file: PathBuf,
    /// The issuing authority
    #[arg(long, value_name = "MEMBER")]
    pub(crate) to: MemberId,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// `sampan origin certify`.
#[derive(Args, Debug)]
pub(crate) struct Certify {
    /// The application's record, or a bundle of it with the document
    pub(crate) application: Subject,
    /// The member the certificate is issued to: the exporter or the importer
    #[arg(long, value_name = "MEMBER")]
    pub(crate) to: MemberId,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// `sampan origin present`.
#[derive(Args, Debug)]
pub(crate) struct Present {
    /// Customs of the importing country
    #[arg(long, value_name = "MEMBER")]
    pub(crate) to: MemberId,
    /// Why it comes after its last day
    #[arg(long, value_name = "TEXT")]
    pub(crate) late: Option<Note>,
    #[command(flatten)]
    pub(crate) on: On,
}

/// `sampan origin accept`.
#[derive(Args, Debug)]
pub(crate) struct Accept {
    /// For so much only: item, amount and unit, such as `1=4000KGM`; may be given several times
    #[arg(long = "use", value_name = "ITEM=AMOUNT+UNIT")]
    pub(crate) uses: Vec<Use>,
    #[command(flatten)]
    pub(crate) on: On,
}

/// `sampan origin check answer`.
#[derive(Args, Debug)]
pub(crate) struct Answer {
    /// Whether you stand by the certificate
    #[arg(long, value_enum)]
    pub(crate) genuine: YesNo,
    /// The answer in words
    #[arg(long = "answer", value_name = "TEXT")]
    pub(crate) words: Note,
    #[command(flatten)]
    pub(crate) on: On,
}

/// `sampan origin check close`.
#[derive(Args, Debug)]
pub(crate) struct Close {
    /// Whether the certificate stands
    #[arg(long, value_enum)]
    pub(crate) upheld: YesNo,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Note,
    #[command(flatten)]
    pub(crate) on: On,
}

/// `sampan finding`.
#[derive(Args, Debug)]
pub(crate) struct Finding {
    /// The record
    pub(crate) record: RecordId,
    /// The rule, as cross-checks name it
    #[arg(long, value_name = "TEXT")]
    pub(crate) rule: Note,
    /// What was found
    #[arg(long, value_name = "TEXT")]
    pub(crate) says: Note,
    /// The other record, when two disagree
    #[arg(long, value_name = "RECORD")]
    pub(crate) other: Option<RecordId>,
    #[command(flatten)]
    pub(crate) signing: Signing,
}

/// Options of an issue that comes in the place of others, or on the strength of them.
#[derive(Args, Debug)]
#[command(next_help_heading = "In the place of others")]
pub(crate) struct Predecessors {
    /// The title holder of a bill: the consignee of a straight one, the endorsee of a named one
    #[arg(long, value_name = "MEMBER")]
    pub(crate) holder: Option<MemberId>,
    /// A record that it replaces; may be given several times
    #[arg(long, value_name = "RECORD", requires = "how")]
    pub(crate) replaces: Vec<RecordId>,
    /// How it replaces them
    #[arg(long, value_enum, requires = "replaces")]
    pub(crate) how: Option<How>,
    /// The number's version: one above the version that an amendment replaces
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) version: u32,
    /// What a back-to-back certificate draws from an original, such as `RECORD:1=4000KGM`; given once for each unit of
    /// each item
    #[arg(long = "draw", value_name = "RECORD:ITEM=AMOUNT+UNIT")]
    pub(crate) draws: Vec<Draw>,
    /// The paper original that was shown destroyed, as a file
    #[arg(long, value_name = "FILE")]
    pub(crate) from_paper: Option<PathBuf>,
}

/// How a document replaces others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum How {
    /// One for one, its text changed.
    Amendment,
    /// One of several for one.
    Split,
    /// One for several.
    Combination,
}

/// Yes or no, said in so many words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum YesNo {
    /// Yes.
    Yes,
    /// No.
    No,
}

/// So much of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// The item.
    pub(crate) item: ItemNumber,
    /// How much of it.
    pub(crate) amounts: sampan_proto::doc::Amounts,
}

impl std::str::FromStr for Use {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected item, amount and unit, such as `1=4000KGM`".to_owned();
        let (item, amount) = text.split_once('=').ok_or_else(wrong)?;
        let unit = amount.find(|c: char| c.is_ascii_uppercase()).ok_or_else(wrong)?;
        let (amount, unit) = amount.split_at(unit);
        let amount = sampan_proto::doc::Amount::read(amount).map_err(|error| error.to_string())?;
        let unit = unit.parse().map_err(|error: sampan_proto::doc::NotAUnit| error.to_string())?;
        let item = ItemNumber(item.parse().map_err(|_| wrong())?);
        Ok(Self { item, amounts: sampan_proto::doc::Amounts([(unit, amount)].into()) })
    }
}

/// So much of an item of an original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draw {
    /// The original's record.
    pub(crate) original: RecordId,
    /// How much of which item.
    pub(crate) used: Use,
}

impl std::str::FromStr for Draw {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected record, item, amount and unit, such as `RECORD:1=4000KGM`".to_owned();
        let (original, used) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Self { original: original.parse().map_err(|_| wrong())?, used: used.parse()? })
    }
}

/// What a bill is surrendered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum For {
    /// The goods.
    Delivery,
    /// A change of its text, a split or a combination.
    Amendment,
    /// Another destination.
    ChangeOfDestination,
    /// A switch bill.
    SwitchBill,
    /// Paper from here on.
    SwitchToPaper,
}

impl From<For> for Purpose {
    fn from(what: For) -> Self {
        match what {
            For::Delivery => Self::Delivery,
            For::Amendment => Self::Amendment,
            For::ChangeOfDestination => Self::ChangeOfDestination,
            For::SwitchBill => Self::SwitchBill,
            For::SwitchToPaper => Self::SwitchToPaper,
        }
    }
}

fn amount(text: &str) -> Result<sampan_proto::doc::Amount, String> {
    sampan_proto::doc::Amount::read(text).map_err(|error| error.to_string())
}

fn challenge(text: &str) -> Result<Nonce, String> {
    text.parse().map_err(|_| "expected 32 lowercase hexadecimal digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_and_draws_are_read_as_written() {
        let used: Use = "1=4000.50KGM".parse().expect("a use");
        assert_eq!((used.item, used.amounts.to_string().as_str()), (ItemNumber(1), "4000.5 KGM"));
        for bad in ["", "1", "1=", "1=KGM", "1=4000", "x=1KGM", "1=1kgm", "1=1KGMS"] {
            assert!(bad.parse::<Use>().is_err(), "{bad}");
        }
        let record = "0".repeat(64);
        let draw: Draw = format!("{record}:2=7PCE").parse().expect("a draw");
        assert_eq!((draw.original.to_string(), draw.used.item), (record, ItemNumber(2)));
        assert!("1=7PCE".parse::<Draw>().is_err());
    }
}
