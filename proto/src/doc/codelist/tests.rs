use super::*;
use crate::doc::tests::foreign;
use crate::doc::{CertificateForm, DocKind, check_against, template};
use crate::json::JsonError;

fn note(text: &str) -> Note {
    text.parse().expect("a note")
}

fn list(kind: ListKind, edition: &str, parts: &[&[u8]]) -> CodeList {
    read(kind, note(edition), parts).expect("a list")
}

fn lists(given: impl IntoIterator<Item = CodeList>) -> CodeLists {
    let mut lists = CodeLists::default();
    given.into_iter().for_each(|list| lists.add(list).expect("one of each"));
    lists
}

#[test]
fn a_list_is_read_with_its_edition_and_digest() {
    let csv = ",\"MY\",,\".MALAYSIA\"\r\n\"+\",\"MY\",\"PKG\",\"Port \"\"Klang\"\", W\"\r\n,\"VN\",\"SGN\",\"Ho Chi Minh City\"\r\n\"=\",\"PH\",\"\",\"A = B\"\r\n";
    let locode = list(ListKind::Locode, "2023-2", &[csv.as_bytes()]);
    assert_eq!((locode.list.title(), locode.edition.as_str()), ("UN/LOCODE", "2023-2"));
    assert_eq!(*locode.codes(), ["MYPKG", "VNSGN"].map(str::to_owned).into());
    assert_eq!(locode.sha256, Hash32(Sha256::digest("MYPKG\nVNSGN\n").into()));
    let smdg = list(ListKind::Smdg, "1", &[b"Name,Liner code\n\"Some, Line\",SPL\nOther,toolong\n"]);
    assert_eq!(smdg.codes, ["SPL".to_owned()].into());
    let hs = list(ListKind::Hs, "HS 2022", &[b"section,hscode\nI,01\nI,0101\nI,010121\n"]);
    assert_eq!(hs.codes, ["010121".to_owned()].into());
    let carriers = b"member,provider,code\nsampan-line,SMDG,SPL\nsampan-line,GSBN,SPL\nNo Member,SMDG,SPL\n";
    assert_eq!(list(ListKind::Carriers, "1", &[carriers]).codes, ["sampan-line SMDG:SPL".to_owned()].into());
}

/// The digest that the members decide on does not hang on how somebody's download was cut.
#[test]
fn parts_make_the_same_list_in_any_order() {
    let parts: [&[u8]; 3] = [b",MY,PKG,x\n,MY,TPP,x\n", b",CN,NGB,x\r\n", b",MY,PKG,again\n,VN,SGN,x"];
    let whole = list(ListKind::Locode, "2023-2", &parts);
    for order in [[0, 2, 1], [1, 0, 2], [2, 1, 0]] {
        assert_eq!(list(ListKind::Locode, "2023-2", &order.map(|part| parts[part])), whole);
    }
    let fewer = list(ListKind::Locode, "2023-2", &parts[..2]);
    assert_ne!(fewer.sha256, whole.sha256);
}

#[test]
fn what_is_withdrawn_does_not_count() {
    let currency = b"Entity,Currency,AlphabeticCode,NumericCode,MinorUnit,WithdrawalDate\nA,Mark,DEM,276,,2002-03\nB,Euro,EUR,978,2,\nB,Euro,EUR,978,2,2001-01\n";
    assert_eq!(list(ListKind::Currency, "1", &[currency]).codes, ["EUR".to_owned()].into());
    let unit = b"Status,CommonCode,Name\nX,05,lift\nD,08,heat lot\n,KGM,kilogram\n";
    assert_eq!(list(ListKind::Unit, "1", &[unit]).codes, ["08", "KGM"].map(str::to_owned).into());
}

#[test]
fn what_is_no_list_is_refused() {
    let refused = |kind, parts: &[&[u8]]| read(kind, note("1"), parts).expect_err("no list");
    assert_eq!(refused(ListKind::Hs, &[b"code\n010121\n"]), NotAList::NoColumn("hscode"));
    assert_eq!(refused(ListKind::Locode, &[b",\"MY\",\"PKG"]), NotAList::Unclosed(1));
    assert_eq!(refused(ListKind::Locode, &[b"nothing,to,see,here"]), NotAList::Empty);
    assert_eq!(refused(ListKind::Locode, &[]), NotAList::Empty);
    assert_eq!(recognise(b"nothing,to,see,here\n"), None);
}

#[test]
fn a_file_is_read_back_and_a_changed_one_is_not() {
    let list = list(ListKind::Locode, "2023-2", &[b",MY,PKG,x\n,CN,NGB,x\n"]);
    let text = String::from_utf8(list.to_json()).expect("UTF-8");
    assert_eq!(CodeList::from_json(text.as_bytes()), Ok(list));
    let path = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let JsonError { path, .. } = CodeList::from_json(text.replace(from, to).as_bytes()).expect_err("refused");
        path
    };
    assert_eq!(path("CNNGB", "CNNGC"), "$.sha256");
    assert_eq!(path("CNNGB", "MYPKH"), "$.codes[1]");
    assert_eq!(path("CNNGB", "MYPKG"), "$.codes[1]");
    assert_eq!(path("CNNGB", "CNNG"), "$.codes[0]");
    assert_eq!(path("locode", "hs"), "$.codes[0]");
    assert_eq!(path("\"version\": 1", "\"version\": 2"), "$.version");
    assert_eq!(path("2023-2", " 2023-2"), "$.edition");
    assert_eq!(path("\"edition\"", "\"edition\": \"x\", \"editions\""), "$.editions");
}

#[test]
fn a_list_says_what_it_does_not_cover() {
    let lists = lists([list(ListKind::Locode, "2023-2", &[b",MY,PKG,Port Klang\n"])]);
    let place = |code| judge(Some(&lists), ListKind::Locode, code);
    assert_eq!(place("MYPKG"), Verdict::Listed);
    assert_eq!(place("MYXXX"), Verdict::Unlisted(LOCODE, "`MYXXX` is not in UN/LOCODE, edition 2023-2".to_owned()));
    assert!(matches!(place("CNNGB"), Verdict::NotCovered(_)));
    assert_eq!(judge(Some(&lists), ListKind::Hs, "841370"), Verdict::NoList);
    assert_eq!(lists.carrier("NMFTA", "SPLX"), Verdict::NoList);
}

#[test]
fn a_list_that_is_given_counts_instead_of_the_one_compiled_in() {
    let given = lists([list(ListKind::Currency, "2030-1", &[b"AlphabeticCode\nDEM\n"])]);
    assert_eq!(judge(Some(&given), ListKind::Currency, "DEM"), Verdict::Listed);
    let Verdict::Unlisted(rule, detail) = judge(Some(&given), ListKind::Currency, "USD") else { panic!("not on it") };
    assert_eq!((rule.code, rule.source, rule.severity), ("K2", "ISO 4217", Severity::Warn));
    assert_eq!(detail, "`USD` is not in ISO 4217, edition 2030-1");
    assert!(matches!(judge(None, ListKind::Currency, "DEM"), Verdict::Unlisted(rule, _) if rule == CURRENCY));
    assert_eq!(judge(None, ListKind::Currency, "USD"), Verdict::Listed);
    let again = list(ListKind::Currency, "2031-1", &[b"AlphabeticCode\nEUR\n"]);
    assert!(given.clone().add(again).is_err());
}

#[test]
fn an_issuer_speaks_for_the_carriers_that_the_members_list() {
    let carriers = list(ListKind::Carriers, "1", &[b"member,provider,code\nsampan-line,SMDG,SPL\n"]);
    let unknown = lists([carriers]);
    assert_eq!(unknown.speaker("SMDG", "SPL"), Verdict::NoList);
    let known = unknown.of_issuer("sampan-line".parse().expect("an id"));
    assert_eq!(known.speaker("SMDG", "SPL"), Verdict::Listed);
    for (provider, code) in [("SMDG", "MAE"), ("NMFTA", "SPL")] {
        assert!(matches!(known.speaker(provider, code), Verdict::Unlisted(rule, _) if rule == BOUND), "{provider}");
    }
    let other = known.of_issuer("other-line".parse().expect("an id"));
    assert!(matches!(other.speaker("SMDG", "SPL"), Verdict::Unlisted(rule, _) if rule == BOUND));
}

#[test]
fn compiled_lists_have_the_codes_of_the_trade() {
    for (kind, there, absent) in [
        (ListKind::Country, ["CN", "VN", "TL", "ZZ"], "XX"),
        (ListKind::Currency, ["CNY", "USD", "VND", "IDR"], "DEM"),
        (ListKind::Package, ["CT", "PX", "BX", "VY"], "!!"),
        (ListKind::Unit, ["KGM", "LBR", "MTQ", "H87"], "ZZX"),
    ] {
        assert!(there.iter().all(|code| judge(None, kind, code) == Verdict::Listed), "{kind}");
        assert!(matches!(judge(None, kind, absent), Verdict::Unlisted(..)), "{kind}");
    }
}

/// An official file, or several, if they are at hand; read as the list that they are recognised as.
fn official(kind: ListKind, edition: &str, paths: &[&str]) -> Option<CodeList> {
    let files: Option<Vec<Vec<u8>>> = paths
        .iter()
        .map(|path| Some(std::fs::read(foreign(&format!("codelists/{path}"))?).expect("readable")))
        .collect();
    let files = files?;
    let parts: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    assert!(parts.iter().all(|part| recognise(part) == Some(kind)), "{kind}");
    Some(list(kind, edition, &parts))
}

/// What we wrote names places, units and subheadings that there are.
#[test]
fn the_examples_are_right_by_the_official_lists() {
    let places =
        ["unlocode-2023-2/CodeListPart2.csv", "unlocode-2023-2/CodeListPart3.csv", "unlocode-by-country/CN.csv"];
    let Some(locode) = official(ListKind::Locode, "2023-2", &places) else { return };
    let Some(hs) = official(ListKind::Hs, "HS 2022", &["harmonized-system.csv"]) else { return };
    let lists = lists([locode, hs]);
    let bill =
        check_against(DocKind::BillOfLading, template(DocKind::BillOfLading).as_bytes(), &lists).expect("accepted");
    assert!(bill.findings.iter().all(|finding| finding.rule == "K0" && finding.path == "$.carrierCode"), "{bill:?}");
    for form in CertificateForm::ALL {
        let checked = check_against(DocKind::CertificateOfOrigin, form.example().as_bytes(), &lists).expect("accepted");
        assert_eq!(checked.findings, [], "{form}");
    }
}

#[test]
fn official_files_are_read() {
    let parts = ["unlocode-2023-2/CodeListPart2.csv", "unlocode-2023-2/CodeListPart3.csv"];
    let Some(locode) = official(ListKind::Locode, "2023-2", &parts) else { return };
    assert!(locode.codes.len() > 61_000, "{}", locode.codes.len());
    assert!(["MYPKG", "VNSGN", "THLCH", "SGSIN", "IDJKT"].iter().all(|place| locode.has(place)));
    assert!(!locode.covers("CN") && !locode.has("MYXXX"));
    assert_eq!(CodeList::from_json(&locode.to_json()), Ok(locode));
    let Some(china) = official(ListKind::Locode, "2023-2", &["unlocode-by-country/CN.csv"]) else { return };
    assert!(china.has("CNNGB") && china.covers("CN"));
    let Some(hs) = official(ListKind::Hs, "HS 2022", &["harmonized-system.csv"]) else { return };
    assert_eq!(hs.codes.len(), 5_613);
    assert!(hs.has("841370"));
}

/// What is compiled in is what the official files say.
#[test]
fn compiled_lists_are_the_official_ones() {
    for (kind, path) in [
        (ListKind::Country, "country-codes.csv"),
        (ListKind::Currency, "currency-codes.csv"),
        (ListKind::Package, "unece-package-codes.csv"),
        (ListKind::Unit, "units-of-measure.csv"),
    ] {
        let Some(list) = official(kind, "2026-11", &[path]) else { return };
        let compiled: BTreeSet<String> =
            kind.compiled().expect("compiled in").iter().map(|code| (*code).to_owned()).collect();
        assert_eq!(list.codes, compiled, "{kind}");
    }
}
