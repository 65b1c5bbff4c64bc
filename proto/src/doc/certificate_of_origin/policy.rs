//! What the schemes say, as dated data with its source: parties, editions of a form, origin criteria,
//! days of grace. Treaties change and some points reached us only through practice, so nothing here
//! refuses a document; it makes warnings.

use super::CertificateForm;

/// Whether a criterion is stated with a percentage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Percent {
    Never,
    Needed,
    Allowed,
}

/// An origin criterion of one edition of a form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Criterion {
    pub(super) code: &'static str,
    pub(super) percent: Percent,
    /// Least percentage that the general rule asks for.
    pub(super) least: u64,
    /// Greatest percentage that makes sense.
    pub(super) most: u64,
}

/// When the FOB value is stated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fob {
    /// On every line.
    Always,
    /// Where regional value content is the criterion, in trade with these countries; all, if none is named.
    WithValueContent(&'static [&'static str]),
    /// As the parties like.
    Free,
}

/// An edition of a form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edition {
    pub(super) name: &'static str,
    /// First day on which it is issued, `YYYY-MM-DD`.
    pub(super) since: &'static str,
    pub(super) criteria: &'static [Criterion],
    pub(super) fob: Fob,
    pub(super) source: &'static str,
}

/// A country for which an agreement is in force.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accession {
    pub(super) country: &'static str,
    /// Since when, `YYYY-MM-DD`; none when that could not be found.
    pub(super) since: Option<&'static str>,
}

const fn plain(code: &'static str) -> Criterion {
    Criterion { code, percent: Percent::Never, least: 0, most: 100 }
}

const fn by_value(code: &'static str, percent: Percent, least: u64, most: u64) -> Criterion {
    Criterion { code, percent, least, most }
}

const ACFTA_CRITERIA: &[Criterion] =
    &[plain("WO"), plain("PE"), by_value("RVC", Percent::Needed, 40, 100), plain("CTH"), plain("PSR")];

const FORM_E: &[Edition] = &[
    Edition {
        name: "2010",
        since: "2010-01-01",
        criteria: ACFTA_CRITERIA,
        fob: Fob::Always,
        source: "Form E as printed until 2019",
    },
    Edition {
        name: "2019",
        since: "2019-08-01",
        criteria: ACFTA_CRITERIA,
        fob: Fob::WithValueContent(&[]),
        source: "Form E as revised in 2019 (China Customs notice 136/2019)",
    },
];

const FORM_D: &[Edition] = &[Edition {
    name: "2021",
    since: "2010-05-17",
    criteria: &[
        plain("WO"),
        by_value("RVC", Percent::Needed, 40, 100),
        by_value("CC", Percent::Allowed, 0, 100),
        by_value("CTH", Percent::Allowed, 0, 100),
        by_value("CTSH", Percent::Allowed, 0, 100),
        plain("SP"),
        by_value("PC", Percent::Needed, 20, 39),
    ],
    fob: Fob::WithValueContent(&["ID", "KH", "LA"]),
    source: "ATIGA Annexes 6 to 8, procedures of 8 September 2021",
}];

const RCEP: &[Edition] = &[Edition {
    name: "2022",
    since: "2022-01-01",
    criteria: &[plain("WO"), plain("PE"), plain("CTC"), by_value("RVC", Percent::Allowed, 40, 100), plain("CR")],
    fob: Fob::WithValueContent(&[]),
    source: "RCEP chapter 3, certificate of origin and overleaf notes",
}];

const NON_PREFERENTIAL: &[Edition] =
    &[Edition { name: "any", since: "0000-01-01", criteria: &[], fob: Fob::Free, source: "practice of chambers" }];

/// The edition of a form on a day of issue, `YYYY-MM-DD`; days before the first edition get the first.
pub(super) fn edition(form: CertificateForm, issued: &str) -> &'static Edition {
    let (first, later) = match form {
        CertificateForm::FormE => (&FORM_E[0], &FORM_E[1..]),
        CertificateForm::FormD => (&FORM_D[0], &FORM_D[1..]),
        CertificateForm::Rcep => (&RCEP[0], &RCEP[1..]),
        CertificateForm::NonPreferential => (&NON_PREFERENTIAL[0], &NON_PREFERENTIAL[1..]),
    };
    // Dates of one form sort as text does.
    later.iter().rev().find(|edition| edition.since <= issued).unwrap_or(first)
}

const fn since(country: &'static str, day: &'static str) -> Accession {
    Accession { country, since: Some(day) }
}

/// Agreement on Trade in Goods, in force 1 January 2005.
const ACFTA_PARTIES: &[Accession] = &[
    since("BN", "2005-01-01"),
    since("CN", "2005-01-01"),
    since("ID", "2005-01-01"),
    since("KH", "2005-01-01"),
    since("LA", "2005-01-01"),
    since("MM", "2005-01-01"),
    since("MY", "2005-01-01"),
    since("PH", "2005-01-01"),
    since("SG", "2005-01-01"),
    since("TH", "2005-01-01"),
    since("VN", "2005-01-01"),
];

/// In force 17 May 2010. Timor-Leste joined ASEAN on 26 October 2025; since when it applies the agreement
/// could not be found.
const ATIGA_PARTIES: &[Accession] = &[
    since("BN", "2010-05-17"),
    since("ID", "2010-05-17"),
    since("KH", "2010-05-17"),
    since("LA", "2010-05-17"),
    since("MM", "2010-05-17"),
    since("MY", "2010-05-17"),
    since("PH", "2010-05-17"),
    since("SG", "2010-05-17"),
    since("TH", "2010-05-17"),
    Accession { country: "TL", since: None },
    since("VN", "2010-05-17"),
];

const RCEP_PARTIES: &[Accession] = &[
    since("AU", "2022-01-01"),
    since("BN", "2022-01-01"),
    since("CN", "2022-01-01"),
    since("ID", "2023-01-02"),
    since("JP", "2022-01-01"),
    since("KH", "2022-01-01"),
    since("KR", "2022-02-01"),
    since("LA", "2022-01-01"),
    // With the parties that accepted its instrument.
    since("MM", "2022-05-01"),
    since("MY", "2022-03-18"),
    since("NZ", "2022-01-01"),
    since("PH", "2023-06-02"),
    since("SG", "2022-01-01"),
    since("TH", "2022-01-01"),
    since("VN", "2022-01-01"),
];

/// The parties to the form's agreement; none for a certificate without preference.
pub(super) const fn parties(form: CertificateForm) -> &'static [Accession] {
    match form {
        CertificateForm::FormE => ACFTA_PARTIES,
        CertificateForm::FormD => ATIGA_PARTIES,
        CertificateForm::Rcep => RCEP_PARTIES,
        CertificateForm::NonPreferential => &[],
    }
}

/// Days after shipment within which issue is not yet retroactive: three by the practice of customs under
/// ACFTA and ATIGA rule 10, none by RCEP article 3.17.8. A certificate without preference has no such box.
pub(in crate::doc) const fn grace_days(form: CertificateForm) -> Option<i64> {
    match form {
        CertificateForm::FormE | CertificateForm::FormD => Some(3),
        CertificateForm::Rcep => Some(0),
        CertificateForm::NonPreferential => None,
    }
}

/// The FOB value in US dollars up to which no proof of origin is asked for (ATIGA rule 15, RCEP article 3.22.3).
pub(super) const fn exempt_usd(form: CertificateForm) -> Option<u64> {
    match form {
        CertificateForm::FormD | CertificateForm::Rcep => Some(200),
        CertificateForm::FormE | CertificateForm::NonPreferential => None,
    }
}
