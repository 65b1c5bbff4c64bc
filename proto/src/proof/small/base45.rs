//! Base45 (RFC 9285): two bytes to three characters of QR's alphanumeric mode, a last odd byte to two.

const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// The text of some bytes.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for chunk in bytes.chunks(2) {
        let mut value = chunk.iter().fold(0, |value, byte| value << 8 | usize::from(*byte));
        for _ in 0..=chunk.len() {
            text.push(char::from(ALPHABET[value % 45]));
            value /= 45;
        }
    }
    text
}

/// The bytes of a text; none when it is not what [`encode`] writes.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |c: &u8| ALPHABET.iter().position(|known| known == c);
    let digits = text.as_bytes().iter().map(digit).collect::<Option<Vec<_>>>()?;
    let mut bytes = Vec::with_capacity(digits.len().div_ceil(3) * 2);
    for chunk in digits.chunks(3) {
        let value = chunk.iter().rev().fold(0, |value, digit| value * 45 + digit);
        match chunk.len() {
            3 => bytes.extend_from_slice(&u16::try_from(value).ok()?.to_be_bytes()),
            2 => bytes.push(u8::try_from(value).ok()?),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        for (bytes, text) in [("AB", "BB8"), ("Hello!!", "%69 VD92EX0"), ("base-45", "UJCLQE7W581"), ("", "")] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(decode("QED8WEX0").as_deref(), Some(b"ietf!".as_slice()));
    }

    #[test]
    fn what_nobody_encodes_is_refused() {
        for text in ["GGW", ":::", "::", "A", "AAAA", "bb8", "BB\n"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
