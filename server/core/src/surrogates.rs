//! Texts of programs that count in UTF-16: half a character of theirs is none of ours.

use memchr::memchr;

/// Returns JSON whose escapes of lone halves of surrogate pairs are replaced by U+FFFD; `None` if there are none.
/// JavaScript prints such halves where it cut a text. One unit stands for another, so no length changes.
pub fn without_lone_surrogates(json: &[u8]) -> Option<Vec<u8>> {
    let escape = |at: usize| {
        let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut fixed = None;
    let mut at = 0;
    while let Some(step) = json.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        at += step;
        at += match (escape(at), escape(at + 6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                let fixed = fixed.get_or_insert_with(|| json.to_vec());
                fixed.get_mut(at..at + 6)?.copy_from_slice(b"\\ufffd");
                6
            }
            (Some(_), _) => 6,
            (None, _) => 2,
        };
    }
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lone_halves_are_replaced() {
        assert_eq!(without_lone_surrogates(br#"{"a":"\ud83d\ude00 \\ud83d \n \u00e4"}"#), None);
        for (cut, fixed) in [
            (&br#""cut \ud83d""#[..], &br#""cut \ufffd""#[..]),
            (br#""\ude00\ud83dx\ud83d\ud83d\ude00""#, br#""\ufffd\ufffdx\ufffd\ud83d\ude00""#),
            (br"\ud83d\", br"\ufffd\"),
        ] {
            assert_eq!(without_lone_surrogates(cut).as_deref(), Some(fixed));
        }
        for hostile in [&b"\\"[..], b"\\u", b"\\ud8", "\\ä\\".as_bytes(), b"\\uD\xff3d"] {
            assert_eq!(without_lone_surrogates(hostile), None);
        }
    }
}
