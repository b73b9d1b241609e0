//! What a command printed, in bounded memory: the beginning and the end, without what only a terminal understands.

use std::collections::VecDeque;

/// How much of the beginning is kept: where compilers say what is wrong first. Bytes.
const HEAD: usize = 64 << 10;

/// How much of the end is kept: where test runners sum up. Bytes.
const TAIL: usize = 192 << 10;

/// A growing output of which only the ends are kept.
#[derive(Debug, Default)]
pub(super) struct Excerpt {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

impl Excerpt {
    /// Appends what was printed.
    pub(super) fn push(&mut self, printed: &[u8]) {
        let room = HEAD - self.head.len();
        let (head, rest) = printed.split_at(room.min(printed.len()));
        self.head.extend_from_slice(head);
        // Of a chunk larger than the tail only its end could stay.
        let (skipped, rest) = rest.split_at(rest.len().saturating_sub(TAIL));
        let excess = (self.tail.len() + rest.len()).saturating_sub(TAIL);
        self.tail.drain(..excess);
        self.tail.extend(rest);
        self.left_out += (skipped.len() + excess) as u64;
    }

    /// Returns it as text: what is left out named where it was, what is no UTF-8 replaced.
    pub(super) fn into_text(self) -> String {
        let mut bytes = self.head;
        if self.left_out > 0 {
            bytes.extend_from_slice(format!("\n[… {} bytes left out …]\n", self.left_out).as_bytes());
        }
        bytes.extend(self.tail);
        plain(&String::from_utf8_lossy(&bytes))
    }
}

/// Takes colours, cursor movements and other control characters out. A line that was overwritten after a carriage
/// return is only what it was last.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut line_start = 0;
    let mut overwrite = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\n' => {
                overwrite = false;
                out.push('\n');
                line_start = out.len();
            }
            '\r' => overwrite = true,
            '\t' => out.push('\t'),
            c if c.is_control() => {}
            c => {
                if std::mem::take(&mut overwrite) {
                    out.truncate(line_start);
                }
                out.push(c);
            }
        }
    }
    out
}

/// Skips the rest of an escape sequence (ECMA-48), which never goes past its line.
fn skip_escape(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let mut next =
        |wanted: &dyn Fn(char) -> bool| chars.next_if(|&c| c != '\n' && c != '\u{1b}' && wanted(c));
    match next(&|_| true) {
        // CSI: parameters, then one final byte.
        Some('[') => {
            while next(&|c| (' '..='?').contains(&c)).is_some() {}
            next(&|c| ('@'..='~').contains(&c));
        }
        // OSC and other strings: up to BEL, or to ESC \, whose ESC is the next escape.
        Some(']' | 'P' | 'X' | '^' | '_') => while next(&|c| c != '\u{7}').is_some() {},
        // A character set: one more byte.
        Some('(' | ')' | '*' | '+') => {
            next(&|_| true);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn excerpt(chunks: &[&[u8]]) -> Excerpt {
        let mut excerpt = Excerpt::default();
        for chunk in chunks {
            excerpt.push(chunk);
        }
        excerpt
    }

    #[test]
    fn a_short_output_is_kept_whole() {
        assert_eq!(excerpt(&[b"a\n", b"", b"b"]).into_text(), "a\nb");
    }

    #[test]
    fn a_long_output_keeps_its_ends_and_says_how_much_is_missing() {
        let middle = vec![b'm'; 1 << 20];
        let text = excerpt(&[b"first\n", &middle, b"\nlast"]).into_text();
        assert!(text.starts_with("first\nmmm"));
        assert!(text.ends_with("mmm\nlast"));
        let left_out = 6 + (1 << 20) + 5 - HEAD - TAIL;
        assert!(text.contains(&format!("m\n[… {left_out} bytes left out …]\nm")));
        assert!(text.len() < HEAD + TAIL + 100);
    }

    #[test]
    fn colours_links_and_overwritten_lines_go() {
        for (printed, text) in [
            ("\u{1b}[1;31merror\u{1b}[0m: x", "error: x"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{7}!", "link!"),
            ("10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
            ("a\u{0}b\u{8}\tc", "ab\tc"),
            ("\u{1b}(Bplain\u{1b}", "plain"),
            ("\u{1b}]never ended\nnext", "\nnext"),
            ("\u{1b}[38;5;", ""),
        ] {
            assert_eq!(plain(printed), text, "{printed:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_does_not_depend_on_how_it_came(sizes in prop::collection::vec(0usize..200_000, 0..6)) {
            let whole: Vec<u8> = (0..sizes.iter().sum()).map(|i: usize| b'a' + u8::try_from(i % 23).unwrap()).collect();
            let mut parts = Excerpt::default();
            let mut rest = whole.as_slice();
            for size in sizes {
                let (part, other) = rest.split_at(size);
                parts.push(part);
                rest = other;
            }
            prop_assert_eq!(parts.into_text(), excerpt(&[&whole]).into_text());
        }

        #[test]
        fn plain_text_has_no_control_characters(text in any::<String>()) {
            prop_assert!(!plain(&text).contains(|c: char| c.is_control() && c != '\n' && c != '\t'));
        }
    }
}
