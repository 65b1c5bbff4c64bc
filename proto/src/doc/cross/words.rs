//! When two texts say the same: the spelling that comparison goes by.

use unicode_normalization::UnicodeNormalization;

/// Letters and digits in NFKC capitals; nothing else counts.
pub(super) fn plain(text: &str) -> String {
    text.nfkc().flat_map(char::to_uppercase).nfkc().filter(|c| c.is_alphanumeric()).collect()
}

/// As [`plain`], with the words for forms of companies in their short spelling.
pub(super) fn name(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation()).map(plain);
    words.map(|word| short(&word).map_or(word.clone(), str::to_owned)).collect()
}

fn short(word: &str) -> Option<&'static str> {
    Some(match word {
        "LIMITED" => "LTD",
        "COMPANY" => "CO",
        "CORPORATION" => "CORP",
        "INCORPORATED" => "INC",
        "PRIVATE" => "PTE",
        "SENDIRIAN" => "SDN",
        "BERHAD" => "BHD",
        "AND" => "",
        _ => return None,
    })
}

/// A vessel's name without the letters that say that it is one.
pub(super) fn vessel(text: &str) -> String {
    let text = text.trim();
    let titled = ["M/V", "M.V.", "MV", "M/S", "S/S"].iter().find_map(|title| {
        let rest = text.get(..title.len()).filter(|start| start.eq_ignore_ascii_case(title))?;
        text.get(rest.len()..).filter(|name| name.starts_with([' ', '.']))
    });
    plain(titled.unwrap_or(text))
}

/// Whether both can be compared letter by letter: one has Latin letters and the other none, they cannot.
pub(super) fn comparable(a: &str, b: &str) -> bool {
    let latin = |text: &str| text.chars().any(|c| c.is_ascii_alphabetic());
    latin(a) == latin(b)
}

/// Container numbers (four capitals, seven digits; ISO 6346) that a text speaks of.
pub(super) fn containers(text: &str) -> Vec<String> {
    let capitals: Vec<char> = text.nfkc().flat_map(char::to_uppercase).filter(|c| !matches!(c, ' ' | '-')).collect();
    let formed = |window: &[char]| {
        let (owner, serial) = window.split_at(4);
        owner.iter().all(char::is_ascii_uppercase)
            && matches!(owner.last(), Some('U' | 'J' | 'Z'))
            && serial.iter().all(char::is_ascii_digit)
    };
    let windows = capitals.windows(11).enumerate().filter(|(_, window)| formed(window));
    // A longer run of digits is some other number.
    let alone = windows.filter(|(at, _)| !capitals.get(at + 11).is_some_and(char::is_ascii_digit));
    alone.map(|(_, window)| window.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_people_read_them() {
        assert_eq!(name("Ningbo Pump Company Limited"), name("NINGBO PUMP CO., LTD."));
        assert_eq!(name("Pump & Valve"), name("Pump and Valve"));
        assert_eq!(name("Ｋlang Sendirian Berhad"), name("KLANG SDN. BHD."));
        assert_ne!(name("Klang Water"), name("Klang Waters"));
        assert_eq!(vessel("M/V Sampan Pearl"), vessel("SAMPAN PEARL"));
        assert_eq!(vessel("MV. Sampan-Pearl"), vessel("sampan pearl"));
        assert_ne!(vessel("MVP Star"), vessel("P Star"));
        assert!(comparable("宁波 Pump", "Ningbo") && !comparable("宁波", "Ningbo") && comparable("宁波", "海曙"));
    }

    #[test]
    fn containers_are_found_in_prose() {
        assert_eq!(containers("in splu 407261-3, sealed"), ["SPLU4072613"]);
        assert_eq!(containers("SPLU4072613/CSQU3054383"), ["SPLU4072613", "CSQU3054383"]);
        assert!(containers("SPLU40726134 ABCX1234567 1-240").is_empty());
    }
}
