//! `sampan keys`: make and inspect key files. Secrets go into the file and nowhere else.

use std::path::{Path, PathBuf};

use sampan_proto::body::pepper_commitment;
use sampan_proto::hash::Hash32;
use sampan_proto::ids::MemberId;
use sampan_proto::keyfile::KeyFile;
use sampan_proto::keys::{PublicKey, SecretKey};
use sampan_proto::member::Purpose;
use serde::Serialize;

use super::Context;
use crate::args::{KeysNew, KeysShow};
use crate::draft::{self, random};
use crate::failure::{Exit, Failure};
use crate::files;
use crate::page::{Cell, Page, Tone};

/// What may be known of a key file.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
    member: Option<&'a MemberId>,
    purpose: Purpose,
    public: PublicKey,
    /// The pepper's commitment, as the registry holds it.
    pepper: Option<Hash32>,
}

impl<'a> Report<'a> {
    fn of(file: &'a Path, key: &'a KeyFile) -> Self {
        let pepper = key.pepper.as_ref().map(pepper_commitment);
        Self { file, member: key.member.as_ref(), purpose: key.purpose, public: key.secret.public(), pepper }
    }
}

/// Makes a key.
pub(super) fn new(args: &KeysNew, context: &Context) -> Result<Exit, Failure> {
    if args.pepper && args.purpose != Purpose::Statement {
        return Err(Failure::refused("a pepper stands beside a statement key only"));
    }
    let key = KeyFile {
        member: args.member.clone(),
        purpose: args.purpose,
        secret: SecretKey::from_seed(random()?),
        pepper: if args.pepper { Some(random()?) } else { None },
    };
    let path = args.output.clone().unwrap_or_else(|| default_path(args));
    files::write_new(&path, &key.to_json(), true)?;
    let report = Report::of(&path, &key);
    context.printer.data(&report, |page| write(&report, page))?;
    context
        .printer
        .note("the file is the secret: keep a copy in a safe place, and give nobody more than the public half");
    Ok(Exit::Done)
}

/// Shows a key file.
pub(super) fn show(args: &KeysShow, context: &Context) -> Result<Exit, Failure> {
    let key = draft::key_file(&args.file, &context.printer)?;
    let report = Report::of(&args.file, &key);
    context.printer.data(&report, |page| write(&report, page))?;
    Ok(Exit::Done)
}

fn default_path(args: &KeysNew) -> PathBuf {
    let purpose = purpose_word(args.purpose);
    match (&args.member, args.purpose) {
        (Some(member), Purpose::Statement) => files::named(member.as_str(), "key.json"),
        (Some(member), _) => files::named(member.as_str(), &format!("{purpose}.key.json")),
        (None, _) => files::named(purpose, "key.json"),
    }
}

const fn purpose_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Statement => "statement",
        Purpose::Consensus => "consensus",
        Purpose::Network => "network",
        Purpose::Governance => "governance",
    }
}

fn write(report: &Report<'_>, page: &mut Page) {
    let mut pairs = vec![("file", Cell::from(report.file.display().to_string()))];
    if let Some(member) = report.member {
        pairs.push(("member", member.as_str().into()));
    }
    pairs.push(("purpose", purpose_word(report.purpose).into()));
    pairs.push(("public key", Cell::new(report.public.to_string(), Tone::Strong)));
    if let Some(pepper) = &report.pepper {
        pairs.push(("pepper commitment", pepper.to_string().into()));
    }
    page.pairs(&pairs);
}
