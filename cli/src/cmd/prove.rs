//! `sampan prove`: one question about the state, its proof, and as of when. From a node, or offline from a saved proof.

use std::path::Path;

use sampan_proto::hash::Hash32;
use sampan_proto::ids::RecordId;
use sampan_proto::proof::{Bundle, Ladder, Verdict};
use sampan_proto::record::Record;
use serde::Serialize;

use super::{Context, goods, key_on_day, proof, record_bundle, write_bundle};
use crate::anchor::Anchor;
use crate::args::Subject;
use crate::args::prove::{On, Prove, Unpledged};
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::page::Tone;
use crate::proven::{self, AsOf};
use crate::{text, time};

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report<'a> {
    /// What is proven.
    pub(super) proven: String,
    /// What is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_proven: Option<&'a str>,
    pub(super) as_of: AsOf,
    pub(super) ladder: &'a Ladder,
}

impl Report<'_> {
    /// Tells it; always with the time.
    pub(super) fn tell(&self, context: &Context, file: Option<&Path>) -> Result<Exit, Failure> {
        context.printer.data(self, |page| {
            let AsOf { height, time, time_ms } = &self.as_of;
            let age = time::ago(*time_ms, time::now_ms());
            page.tagged(Tone::Good, "✓ proven", &self.proven);
            page.tagged(Tone::Faint, "as of", format!("height {height}, {time} ({age})"));
            if let Some(open) = self.not_proven {
                page.tagged(Tone::Faint, "not proven:", open);
            }
            if let Some(file) = file {
                page.tagged(Tone::Faint, "proof", file.display().to_string());
            }
        })?;
        Ok(Exit::Done)
    }
}

/// Runs a subcommand.
pub(super) fn run(command: &Prove, context: &Context) -> Result<Exit, Failure> {
    match command {
        Prove::Original(on) => Question::ask(on, context, record_bundle)?.original(),
        Prove::Unpledged(args) => unpledged(args, context),
        // A state needs no past, which a node with a small disk does not hold.
        Prove::Pledge(on) => Question::ask(on, context, |client, _, id| client.status(id))?.pledge(),
        Prove::Key(args) => key_on_day::run(args, context),
    }
}

fn unpledged(args: &Unpledged, context: &Context) -> Result<Exit, Failure> {
    let fingerprint = goods::named(&args.goods, context)?;
    let ask = |client: &Client, _: &Anchor, id: &RecordId| match &fingerprint {
        Some(goods) => client.status_of_goods(id, goods),
        None => client.status(id),
    };
    let mut question = Question::ask(&args.on, context, ask)?;
    if let Some(fingerprint) = fingerprint
        && question.bundle.goods.as_ref().is_none_or(|part| part.goods != fingerprint)
    {
        question.bundle = context.client()?.status_of_goods(&question.id, &fingerprint)?;
    }
    question.unpledged(fingerprint)
}

/// A record's proof, and who asks.
struct Question<'a> {
    on: &'a On,
    context: &'a Context,
    anchor: Anchor,
    bundle: Bundle,
    id: RecordId,
}

impl<'a> Question<'a> {
    /// Reads the bundle, or asks the node for one.
    fn ask(
        on: &'a On,
        context: &'a Context,
        ask: impl FnOnce(&Client, &Anchor, &RecordId) -> Result<Bundle, Failure>,
    ) -> Result<Self, Failure> {
        let (bundle, anchor) = proof(&on.record, context, ask)?;
        let id = match &on.record {
            Subject::Bundle(path) => {
                let none = || Failure::refused(format!("`{}` is about no record", path.display()));
                proven::subject(&bundle).ok_or_else(none)?
            }
            Subject::Record(id) => *id,
        };
        Ok(Self { on, context, anchor, bundle, id })
    }

    /// The record, proven, with every rung that the answer stands on.
    fn record(&self, needed: &[&str]) -> Result<(&Record, Ladder), Failure> {
        let (record, _) = proven::status(&self.bundle, &self.anchor, &self.id, self.on.max_age)?;
        let record = record.ok_or_else(|| proven::absent(&self.bundle, &self.id))?;
        Ok((record, proven::demand(&self.bundle, &self.anchor, needed, self.on.max_age)?))
    }

    /// The number leads to this record and no other, and the record is in force.
    fn original(&self) -> Result<Exit, Failure> {
        let (record, ladder) = self.record(&["status", "reference"])?;
        let same = self.bundle.reference.as_ref().is_some_and(|part| {
            part.record == Some(self.id) && part.issuer == record.issuer && Some(part.key) == record.reference
        });
        if !same {
            return Err(Failure::unproven(text::OFF_THE_POINT));
        }
        if record.status.is_ended() {
            let heirs: Vec<_> = record.replaced_by.iter().map(ToString::to_string).collect();
            let heirs = if heirs.is_empty() { String::new() } else { format!(", replaced by {}", heirs.join(", ")) };
            return Err(Failure::refused(format!("the record is no longer in force{heirs}")).proven(self.facts()));
        }
        let number = format!("its number of `{}`, version {}", record.issuer, record.version);
        self.answer(
            format!("record {} is the one original of {number}: {}", self.id.0.short(), text::record_state(record)),
            None,
            &ladder,
        )
    }

    /// No bank holds security on the bill; with `goods`, on these goods under whatever bill.
    fn unpledged(&self, goods: Option<Hash32>) -> Result<Exit, Failure> {
        let needed: &[&str] = if goods.is_some() { &["status", "goods"] } else { &["status"] };
        let (record, ladder) = self.record(needed)?;
        let title = title(record)?;
        let part = self.bundle.goods.as_ref().filter(|_| goods.is_some());
        // That other goods secure nothing is true of nearly all there are.
        if part.map(|part| part.goods) != goods {
            return Err(Failure::unproven(text::OFF_THE_POINT).ladder(ladder));
        }
        if let Some(bank) =
            title.lien.as_ref().map(|lien| &lien.bank).or(title.pledge.as_ref().map(|pledge| &pledge.bank))
        {
            return Err(Failure::refused(format!("the bill is pledged to `{bank}`")).proven(self.facts()));
        }
        if let Some(other) = part.and_then(|part| part.record) {
            return Err(
                Failure::refused(format!("the same goods are pledged under record {other}")).proven(self.facts())
            );
        }
        let bill = format!("record {} secures no loan", self.id.0.short());
        if goods.is_some() {
            return self.answer(format!("{bill}, and no bill of these goods does"), None, &ladder);
        }
        self.answer(
            bill,
            Some("that no other bill of the same goods does: `--goods`, or `--document` with `--goods-key`"),
            &ladder,
        )
    }

    /// A bank holds security on the bill, or is offered it.
    fn pledge(&self) -> Result<Exit, Failure> {
        let (record, ladder) = self.record(&["status"])?;
        let (title, id) = (title(record)?, self.id.0.short());
        match (&title.lien, &title.pledge) {
            (Some(lien), _) => self.answer(
                format!("record {id} secures a loan of `{}`, goods {}", lien.bank, lien.goods),
                None,
                &ladder,
            ),
            (None, Some(pledge)) => {
                let offered =
                    format!("record {id} is offered to `{}` as security, goods {}", pledge.bank, pledge.goods);
                self.answer(offered, Some("that the bank took it"), &ladder)
            }
            (None, None) => Err(Failure::refused("the bill is not pledged").proven(self.facts())),
        }
    }

    fn facts(&self) -> Vec<String> {
        let ladder = proven::climb(&self.bundle, &self.anchor, None, false);
        proven::facts(&self.bundle, &ladder)
    }

    fn answer(&self, proven: String, not_proven: Option<&str>, ladder: &Ladder) -> Result<Exit, Failure> {
        if let Some(path) = &self.on.output {
            write_bundle(path, &self.bundle, &self.context.printer)?;
        }
        for rung in ladder.rungs().iter().filter(|rung| rung.verdict == Verdict::Warn) {
            self.context.printer.warn(format!("{}: {}", rung.name, rung.detail));
        }
        let report = Report { proven, not_proven, as_of: AsOf::of(&self.bundle), ladder };
        report.tell(self.context, self.on.output.as_deref())
    }
}

fn title(record: &Record) -> Result<&sampan_proto::title::Title, Failure> {
    let none = || Failure::refused("only a bill of lading that is a document of title can be pledged");
    record.title.as_ref().ok_or_else(none)
}
