use super::*;
use crate::doc::tests::foreign;
use crate::doc::{CertificateForm, DocKind, check_against, template};

#[test]
fn a_list_is_read_with_its_edition_and_digest() {
    let csv = ",\"MY\",,\".MALAYSIA\"\r\n\"+\",\"MY\",\"PKG\",\"Port \"\"Klang\"\", W\"\r\n,\"VN\",\"SGN\",\"Ho Chi Minh City\"\r\n\"=\",\"PH\",\"\",\"A = B\"\r\n";
    let list = read(ListKind::Locode, "2023-2", &[csv.as_bytes()]).expect("a list");
    assert_eq!((list.name.as_str(), list.edition.as_str()), ("UN/LOCODE", "2023-2"));
    assert_eq!(list.codes, ["MYPKG", "VNSGN"].map(str::to_owned).into());
    let in_parts = read(ListKind::Locode, "2023-2", &[&csv.as_bytes()[..20], &csv.as_bytes()[20..]]);
    assert_eq!(in_parts.expect("a list").sha256, list.sha256);
    let smdg = read(ListKind::Smdg, "1", &[b"Name,Liner code\n\"Some, Line\",SPL\nOther,toolong\n"]).expect("a list");
    assert_eq!(smdg.codes, ["SPL".to_owned()].into());
    let hs = read(ListKind::Hs, "HS 2022", &[b"section,hscode\nI,01\nI,0101\nI,010121\n"]).expect("a list");
    assert_eq!(hs.codes, ["010121".to_owned()].into());
}

#[test]
fn what_is_no_list_is_refused() {
    assert_eq!(read(ListKind::Hs, "", &[b"code\n010121\n"]), Err(NotAList::NoColumn("hscode")));
    assert_eq!(read(ListKind::Locode, "", &[b",\"MY\",\"PKG"]), Err(NotAList::Unclosed(1)));
    assert_eq!(read(ListKind::Locode, "", &[b"nothing,to,see,here"]), Err(NotAList::Empty));
    assert_eq!(read(ListKind::Locode, "", &[]), Err(NotAList::Empty));
}

#[test]
fn a_list_says_what_it_does_not_cover() {
    let lists = CodeLists {
        locode: Some(read(ListKind::Locode, "2023-2", &[b",MY,PKG,Port Klang\n"]).expect("a list")),
        ..CodeLists::default()
    };
    assert_eq!(lists.place("MYPKG"), Verdict::Listed);
    let unlisted = "`MYXXX` is not in UN/LOCODE, edition 2023-2".to_owned();
    assert_eq!(lists.place("MYXXX"), Verdict::Unlisted(unlisted));
    assert!(matches!(lists.place("CNNGB"), Verdict::NotCovered(_)));
    assert_eq!(lists.subheading("841370"), Verdict::NoList);
    assert_eq!(lists.carrier("NMFTA", "SPLX"), Verdict::NoList);
}

#[test]
fn compiled_lists_have_the_codes_of_the_trade() {
    for (known, there, absent) in [
        (Known::Country, ["CN", "VN", "TL", "ZZ"], "XX"),
        (Known::Currency, ["CNY", "USD", "VND", "IDR"], "DEM"),
        (Known::Package, ["CT", "PX", "BX", "VY"], "!!"),
        (Known::Unit, ["KGM", "LBR", "MTQ", "H87"], "ZZX"),
    ] {
        assert!(there.iter().all(|code| known.has(code)), "{known:?}");
        assert!(!known.has(absent), "{known:?}");
    }
}

/// What we wrote names places, units and subheadings that there are.
#[test]
fn the_examples_are_right_by_the_official_lists() {
    let files = [
        "codelists/unlocode-2023-2/CodeListPart2.csv",
        "codelists/unlocode-2023-2/CodeListPart3.csv",
        "codelists/unlocode-by-country/CN.csv",
    ];
    let Some(parts) = files.iter().map(|path| std::fs::read(foreign(path)?).ok()).collect::<Option<Vec<_>>>() else {
        return;
    };
    let Some(hs) = foreign("codelists/harmonized-system.csv").and_then(|path| std::fs::read(path).ok()) else { return };
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let lists = CodeLists {
        locode: Some(read(ListKind::Locode, "2023-2", &parts).expect("a list")),
        hs: Some(read(ListKind::Hs, "HS 2022", &[&hs]).expect("a list")),
        ..CodeLists::default()
    };
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
    let read_all = |kind, edition, paths: &[&str]| {
        let files: Option<Vec<Vec<u8>>> =
            paths.iter().map(|path| Some(std::fs::read(foreign(path)?).expect("readable"))).collect();
        let files = files?;
        let parts: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        Some(read(kind, edition, &parts).expect("a list"))
    };
    let parts = ["codelists/unlocode-2023-2/CodeListPart2.csv", "codelists/unlocode-2023-2/CodeListPart3.csv"];
    let Some(locode) = read_all(ListKind::Locode, "2023-2", &parts) else { return };
    assert!(locode.codes.len() > 61_000, "{}", locode.codes.len());
    assert!(["MYPKG", "VNSGN", "THLCH", "SGSIN", "IDJKT"].iter().all(|place| locode.has(place)));
    assert!(!locode.covers("CN") && !locode.has("MYXXX"));
    let Some(china) = read_all(ListKind::Locode, "2023-2", &["codelists/unlocode-by-country/CN.csv"]) else { return };
    assert!(china.has("CNNGB") && china.covers("CN"));
    let Some(hs) = read_all(ListKind::Hs, "HS 2022", &["codelists/harmonized-system.csv"]) else { return };
    assert_eq!(hs.codes.len(), 5_613);
    assert!(hs.has("841370"));
    println!("{} places, {} Chinese, {} subheadings", locode.codes.len(), china.codes.len(), hs.codes.len());
}
