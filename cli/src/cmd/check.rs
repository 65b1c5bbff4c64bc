//! `sampan check`: a document against its schema and the rules of the trade, and two against each other, offline.

use std::path::Path;

use sampan_proto::doc::codelist;
use sampan_proto::doc::cross::{self, Bill, CrossFinding, Origin};
use sampan_proto::doc::{self, Checked, Claims, CodeLists, DocKind, Finding, Reference, Refusal, Severity};
use sampan_proto::limits::BODY_BYTES;
use serde::Serialize;

use super::codes::Known;
use super::{Context, codes};
use crate::args::Check;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::page::{Page, Tone};

/// The answer.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
    kind: DocKind,
    accepted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<&'a Claims>,
    findings: &'a [Finding],
    /// The code lists that it was checked against, beyond those compiled in.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    codes: &'a [Known],
}

/// What documents are checked against.
struct Measure {
    lists: Option<CodeLists>,
    known: Vec<Known>,
}

impl Measure {
    fn load(args: &Check, context: &Context) -> Result<Self, Failure> {
        let Some((lists, known)) = codes::load(&args.codes.against.files, context)? else {
            return Ok(Self { lists: None, known: Vec::new() });
        };
        let lists = match &args.codes.issuer {
            Some(issuer) => lists.of_issuer(issuer.clone()),
            None => lists,
        };
        Ok(Self { lists: Some(lists), known })
    }
}

/// The answer about two documents.
#[derive(Serialize)]
struct Comparison<'a> {
    documents: [Report<'a>; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    cross: Option<Vec<CrossFinding>>,
}

/// Checks a document, or two and what they say of each other; refused is exit 1, with every finding as data.
pub(super) fn run(args: &Check, context: &Context) -> Result<Exit, Failure> {
    let bytes = files::read(&args.file, BODY_BYTES)?;
    let kind = kind_of(args.kind, &bytes, &args.file)?;
    let measure = Measure::load(args, context)?;
    let result = judge(kind, &bytes, measure.lists.as_ref());
    let report = report(&args.file, kind, &result, &measure);
    let Some(other) = &args.other else {
        context.printer.data(&report, |page| write(&report, page))?;
        return Ok(if report.accepted { Exit::Done } else { Exit::Refused });
    };
    compare(report, &bytes, other, &measure, context)
}

fn judge(kind: DocKind, bytes: &[u8], lists: Option<&CodeLists>) -> Result<Checked, Refusal> {
    lists.map_or_else(|| doc::check(kind, bytes), |lists| doc::check_against(kind, bytes, lists))
}

fn compare(
    first: Report<'_>,
    bytes: &[u8],
    other: &Path,
    measure: &Measure,
    context: &Context,
) -> Result<Exit, Failure> {
    let other_bytes = files::read(other, BODY_BYTES)?;
    let kind = kind_of(None, &other_bytes, other)?;
    let (bill, origin) = match (first.kind, kind) {
        (DocKind::BillOfLading, DocKind::CertificateOfOrigin) => (bytes, &*other_bytes),
        (DocKind::CertificateOfOrigin, DocKind::BillOfLading) => (&*other_bytes, bytes),
        _ => {
            return Err(Failure::refused(format!("both documents are a {kind}"))
                .hint("a bill of lading is compared with a certificate of origin"));
        }
    };
    let result = judge(kind, &other_bytes, measure.lists.as_ref());
    let papers = Bill::open(bill).ok().zip(Origin::open(origin).ok());
    let cross = papers.map(|(bill, origin)| cross::pair(&bill, &origin));
    let comparison = Comparison { documents: [first, report(other, kind, &result, measure)], cross };
    context.printer.data(&comparison, |page| {
        comparison.documents.iter().for_each(|report| write(report, page));
        if let Some(cross) = &comparison.cross {
            write_cross(cross, page);
        }
    })?;
    Ok(if comparison.cross.is_some() { Exit::Done } else { Exit::Refused })
}

fn report<'a>(file: &'a Path, kind: DocKind, result: &'a Result<Checked, Refusal>, measure: &'a Measure) -> Report<'a> {
    let checked = result.as_ref().ok();
    Report {
        file,
        kind,
        accepted: checked.is_some(),
        reference: checked.map(|checked| &checked.reference),
        claims: checked.map(|checked| &checked.claims),
        findings: match result {
            Ok(checked) => &checked.findings,
            Err(refusal) => refusal.findings(),
        },
        codes: &measure.known,
    }
}

/// The kind that the user names, or the one that the document shows by its fields.
pub(super) fn kind_of(given: Option<DocKind>, bytes: &[u8], file: &Path) -> Result<DocKind, Failure> {
    if let Some(kind) = given {
        return Ok(kind);
    }
    // Only a glance: what is wrong with the JSON is for the check of its kind to say, strictly.
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| {
        Failure::refused(format!("`{}` is not JSON", file.display()))
            .why(error)
            .hint("a document is one JSON object in UTF-8")
    })?;
    let has = |keys: &[&str]| keys.iter().any(|key| value.get(key).is_some());
    if has(&["transportDocumentReference", "transportDocumentTypeCode", "carrierCode"]) {
        Ok(DocKind::BillOfLading)
    } else if has(&["form", "box1Exporter", "box12Certification"]) {
        Ok(DocKind::CertificateOfOrigin)
    } else {
        Err(Failure::refused(format!("`{}` does not show of what kind it is", file.display()))
            .hint("pass `--kind bill-of-lading` or `--kind certificate-of-origin`"))
    }
}

/// Checks a document that is about to be issued: findings become a failure or warnings.
pub(super) fn insist(kind: DocKind, bytes: &[u8], file: &Path, context: &Context) -> Result<Checked, Failure> {
    insist_against(kind, bytes, file, None, context)
}

/// The same against code lists.
pub(super) fn insist_against(
    kind: DocKind,
    bytes: &[u8],
    file: &Path,
    lists: Option<&CodeLists>,
    context: &Context,
) -> Result<Checked, Failure> {
    let checked = judge(kind, bytes, lists).map_err(|refusal| {
        Failure::refused(format!("`{}` is refused as a {kind}", file.display()))
            .reject(&refusal.reject())
            .findings(refusal.findings().to_vec())
    })?;
    warn(&checked.findings, context);
    Ok(checked)
}

/// Once it is known who signs: whether that member speaks for the carrier. The document was accepted before.
pub(super) fn warn_of_carrier(kind: DocKind, bytes: &[u8], lists: &CodeLists, context: &Context) {
    let findings = judge(kind, bytes, Some(lists)).map(|checked| checked.findings).unwrap_or_default();
    let of_carrier: Vec<Finding> =
        findings.into_iter().filter(|finding| finding.rule == codelist::BOUND.code).collect();
    warn(&of_carrier, context);
}

fn warn(findings: &[Finding], context: &Context) {
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Warn) {
        context.printer.warn(format!("{} at {}: {}", finding.rule, finding.path, finding.detail));
    }
}

fn write(report: &Report<'_>, page: &mut Page) {
    for finding in report.findings {
        write_finding(finding, page);
    }
    let file = report.file.display();
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    if let Some(reference) = report.reference {
        let warnings = match count(Severity::Warn) {
            0 => String::new(),
            n => format!(", {n} to look at"),
        };
        page.tagged(Tone::Good, "accepted", format!("`{file}`, {} {}{warnings}", report.kind, reference.number));
    } else {
        let refusals = count(Severity::Refuse);
        page.tagged(Tone::Bad, "refused", format!("`{file}`, {}: {refusals} to correct", report.kind));
    }
}

/// What two documents say of each other: severity, rule, why; then both values with their places.
pub(super) fn write_cross(cross: &[CrossFinding], page: &mut Page) {
    for finding in cross {
        let tone = tone(finding.severity);
        page.push(tone, finding.severity.as_str()).push(Tone::Plain, " ").push(Tone::Strong, &finding.rule);
        page.push(Tone::Plain, ": ").push(Tone::Plain, &finding.detail).end();
        for side in [&finding.left, &finding.right] {
            page.push(Tone::Plain, "  ").push(Tone::Plain, &side.value);
            page.push(Tone::Faint, " in ").push(Tone::Faint, &side.document);
            page.push(Tone::Faint, " at ").push(Tone::Faint, &side.path).end();
        }
        page.push(Tone::Plain, "  ").push(Tone::Faint, "source: ").push(Tone::Faint, &finding.source).end();
    }
    match cross.iter().filter(|finding| finding.severity == Severity::Warn).count() {
        0 => page.tagged(Tone::Good, "agree", "the two documents say the same of one shipment"),
        n => page.tagged(Tone::Care, "differ", format!("{n} to look at")),
    }
}

const fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Info => Tone::Faint,
        Severity::Warn => Tone::Care,
        Severity::Refuse => Tone::Bad,
    }
}

/// A finding: severity, rule, place; then why, and by whose rule.
pub(crate) fn write_finding(finding: &Finding, page: &mut Page) {
    let tone = tone(finding.severity);
    page.push(tone, finding.severity.as_str()).push(Tone::Plain, " ").push(Tone::Strong, &finding.rule);
    page.push(Tone::Plain, " at ").push(Tone::Plain, &finding.path).end();
    page.push(Tone::Plain, "  ").push(Tone::Plain, &finding.detail).end();
    page.push(Tone::Plain, "  ").push(Tone::Faint, "source: ").push(Tone::Faint, &finding.source).end();
}
