//! Names that are what they look like.
//!
//! A name is read by people and compared by machines; one that looks like another and is not it lets goods
//! be had by the wrong party. So a name is in Unicode's composed form, hides nothing, and no word mixes
//! alphabets whose letters look alike. Names in any script, and Latin words beside others, are lawful.

use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_script::{Script, UnicodeScript};

use super::finding::{Findings, Rule, Severity};
use super::kind::is_invisible;

pub(super) const NFC: Rule = Rule {
    code: "N1",
    severity: Severity::Refuse,
    source: "Unicode Annex 15",
    says: "a name is in the composed form NFC, so that equal names are equal bytes",
};
pub(super) const HIDDEN: Rule = Rule {
    code: "N2",
    severity: Severity::Refuse,
    source: "Unicode Annex 9, Technical Standard 39",
    says: "a name has no control, invisible or direction-turning characters",
};
pub(super) const MIXED: Rule = Rule {
    code: "N3",
    severity: Severity::Refuse,
    source: "Unicode Technical Standard 39",
    says: "no word of a name mixes alphabets whose letters look alike, nor dresses letters up as symbols",
};

/// What is wrong with a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Not in NFC.
    #[error("the name is not in Unicode NFC")]
    NotComposed,
    /// A character that shows nothing or turns the direction of writing.
    #[error("the name has the invisible character U+{0:04X}")]
    Hidden(u32),
    /// Letters that look alike, from alphabets that do not go together.
    #[error("the word `{0}` mixes letters of {1} and {2}, which look alike")]
    Mixed(String, &'static str, &'static str),
    /// A letter in the guise of a symbol, such as 𝐀.
    #[error("`{0}` is a symbol that looks like a letter")]
    Symbol(char),
}

/// Checks that a name is what it looks like. Its length is for the caller to judge.
///
/// # Errors
/// The first fault in the name.
pub fn check_name(name: &str) -> Result<(), BadName> {
    if let Some(hidden) = name.chars().find(|c| c.is_control() || is_invisible(*c)) {
        return Err(BadName::Hidden(hidden.into()));
    }
    if !is_nfc(name) {
        return Err(BadName::NotComposed);
    }
    if name.is_ascii() {
        return Ok(());
    }
    if let Some(symbol) = name.chars().find(|c| is_dressed_up(*c)) {
        return Err(BadName::Symbol(symbol));
    }
    words(name).try_for_each(one_alphabet)
}

/// The name's findings, at the path that `path` writes.
pub(super) fn check(name: &str, path: impl FnOnce() -> String, findings: &mut Findings) {
    let Err(bad) = check_name(name) else { return };
    let rule = match bad {
        BadName::NotComposed => &NFC,
        BadName::Hidden(_) => &HIDDEN,
        BadName::Mixed(..) | BadName::Symbol(_) => &MIXED,
    };
    findings.breach(rule, path(), bad.to_string());
}

/// A letter or digit of the ASCII range under another code point that no writing system needs (`№`, which is
/// two letters, is written). Full-width
/// letters are not meant: Chinese and Japanese names are written with them.
fn is_dressed_up(c: char) -> bool {
    let plain = |c: char| c.nfkc().count() == 1 && c.nfkc().all(|plain| plain.is_ascii_alphanumeric());
    matches!(c, '\u{2100}'..='\u{214f}' | '\u{2460}'..='\u{24ff}' | '\u{1d400}'..='\u{1d7ff}' | '\u{1f100}'..='\u{1f1ff}')
        && plain(c)
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation()).filter(|word| !word.is_empty())
}

/// Alphabets with letters that pass for those of another one.
const LOOK_ALIKES: &[Script] = &[
    Script::Latin,
    Script::Cyrillic,
    Script::Greek,
    Script::Armenian,
    Script::Coptic,
    Script::Cherokee,
    Script::Lisu,
    Script::Georgian,
];

fn one_alphabet(word: &str) -> Result<(), BadName> {
    let mut first: Option<Script> = None;
    for script in word.chars().map(|c| c.script()).filter(|script| LOOK_ALIKES.contains(script)) {
        match first {
            Some(before) if before != script => {
                return Err(BadName::Mixed(word.to_owned(), before.full_name(), script.full_name()));
            }
            _ => first = Some(script),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_region_are_lawful() {
        for name in [
            "Ningbo Haishu Pump Works Co., Ltd.",
            "宁波海曙水泵厂有限公司",
            "宁波海曙水泵（集团）股份有限公司 Ningbo Pump (Group)",
            "中远SINO海运CO.,LTD.",
            "บริษัท ท่าเรือแหลมฉบัง จำกัด (มหาชน)",
            "Công ty Cổ phần Thép Hòa Phát Dung Quất",
            "Nguyễn Thị Ánh Tuyết",
            "Syarikat Perkapalan Pulau Pinang Sdn. Bhd.",
            "ＡＢＣ貿易株式会社",
            "ООО «Восток Порт» Vladivostok",
            "Ελληνικά Πλοία S.A.",
            "បណ្ដាញពាណិជ្ជកម្ម",
            "ລາວ ການຄ້າ",
            "မြန်မာ့ဆိပ်ကမ်း",
            "대한해운 KOREA LINE",
            "O'Brien & Söhne-Łódź",
            "№ 7 Trading",
        ] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_imitate_others_are_refused() {
        let mixed = |word: &str, a, b| Err(BadName::Mixed(word.to_owned(), a, b));
        // Cyrillic а, Cyrillic Т, Greek Ο, Armenian օ.
        assert_eq!(check_name("Klаng Water"), mixed("Klаng", "Latin", "Cyrillic"));
        assert_eq!(check_name("ТEO Shipping"), mixed("ТEO", "Cyrillic", "Latin"));
        assert_eq!(check_name("CΟSCO"), mixed("CΟSCO", "Latin", "Greek"));
        assert_eq!(check_name("Cօsco 宁波"), mixed("Cօsco", "Latin", "Armenian"));
        assert_eq!(check_name("𝐂osco"), Err(BadName::Symbol('𝐂')));
        assert_eq!(check_name("Ⓒosco"), Err(BadName::Symbol('Ⓒ')));
    }

    #[test]
    fn nothing_is_hidden_in_a_name() {
        for hidden in ['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{ad}', '\u{7}', '\u{61c}'] {
            assert_eq!(check_name(&format!("Kl{hidden}ang")), Err(BadName::Hidden(hidden.into())));
        }
        assert_eq!(check_name("Nguye\u{302}\u{303}n"), Err(BadName::NotComposed));
    }
}
