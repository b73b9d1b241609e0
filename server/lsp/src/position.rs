//! Places in a text, as a client counts them: lines, and units of the encoding that was agreed on in a line.

use crate::protocol::lsp_types::{Position, PositionEncodingKind, Range};
use alfine_core::text::Span;

/// What a client counts in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Positions count bytes.
    Utf8,
    /// UTF-16 code units; what every client can.
    #[default]
    Utf16,
    /// Positions count characters.
    Utf32,
}

impl Encoding {
    /// The first of the client's encodings that is known here; UTF-16 for a client that names none.
    pub(crate) fn agreed(offered: Option<&[PositionEncodingKind]>) -> Self {
        let known = |kind: &PositionEncodingKind| match kind.as_str() {
            "utf-8" => Some(Self::Utf8),
            "utf-16" => Some(Self::Utf16),
            "utf-32" => Some(Self::Utf32),
            _ => None,
        };
        offered.unwrap_or_default().iter().find_map(known).unwrap_or_default()
    }

    /// The name of the encoding in the protocol.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf32 => PositionEncodingKind::UTF32,
        }
    }

    /// How many units a text has.
    pub(crate) fn units(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.chars().map(char::len_utf16).sum(),
            Self::Utf32 => text.chars().count(),
        }
    }

    /// The byte after so many units of a line; never in the middle of a character, never past the end.
    fn bytes(self, line: &str, units: usize) -> usize {
        if self == Self::Utf8 {
            return line.floor_char_boundary(units);
        }
        let mut left = units;
        for (at, c) in line.char_indices() {
            let width = if self == Self::Utf16 { c.len_utf16() } else { 1 };
            if left < width {
                return at;
            }
            left -= width;
        }
        line.len()
    }
}

/// Where the lines of a text begin. A line ends with `\n`, `\r\n` or `\r`, as the protocol has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// Indexes a text.
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let ends = memchr::memchr2_iter(b'\n', b'\r', bytes)
            .filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'))
            .map(|at| at + 1);
        Self { starts: std::iter::once(0).chain(ends).collect() }
    }

    /// How many lines there are, at least one.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// A line without its end; empty past the last one.
    pub fn line<'t>(&self, text: &'t str, line: usize) -> &'t str {
        let Some(&start) = self.starts.get(line) else { return "" };
        let end = self.starts.get(line + 1).copied().unwrap_or(text.len());
        text.get(start..end).unwrap_or_default().trim_end_matches(['\n', '\r'])
    }

    /// The byte a position names. A position past the end of its line is that end; one past the last line the end of
    /// the text.
    pub fn offset(&self, text: &str, position: Position, encoding: Encoding) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(&start) = self.starts.get(line) else { return text.len() };
        let units = usize::try_from(position.character).unwrap_or(usize::MAX);
        start + encoding.bytes(self.line(text, line), units)
    }

    /// The bytes a range names; an upside-down range is turned.
    pub fn span(&self, text: &str, range: Range, encoding: Encoding) -> Span {
        let (a, b) = (self.offset(text, range.start, encoding), self.offset(text, range.end, encoding));
        Span::new(a.min(b), a.max(b))
    }

    /// The position of a byte; of the end for one past it.
    pub fn position(&self, text: &str, offset: usize, encoding: Encoding) -> Position {
        let offset = text.floor_char_boundary(offset);
        let line = self.starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = text.get(start..offset).unwrap_or_default();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position::new(number(line), number(encoding.units(before)))
    }

    /// The range of a span.
    pub(crate) fn range(&self, text: &str, span: Span, encoding: Encoding) -> Range {
        Range::new(self.position(text, span.start, encoding), self.position(text, span.end, encoding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_client_without_a_word_on_it_counts_utf_16() {
        assert_eq!(Encoding::agreed(None), Encoding::Utf16);
        let offered = ["ucs-2".to_owned().into(), PositionEncodingKind::UTF8, PositionEncodingKind::UTF16];
        assert_eq!(Encoding::agreed(Some(&offered)), Encoding::Utf8);
    }

    #[test]
    fn each_encoding_counts_its_own_units() {
        let text = "a\r\nä𝄞z\rlast";
        let lines = Lines::new(text);
        assert_eq!((lines.count(), lines.line(text, 1), lines.line(text, 9)), (3, "ä𝄞z", ""));
        let z = text.find('z').unwrap();
        for (encoding, character) in [(Encoding::Utf8, 6), (Encoding::Utf16, 3), (Encoding::Utf32, 2)] {
            assert_eq!(lines.position(text, z, encoding), Position::new(1, character));
            assert_eq!(lines.offset(text, Position::new(1, character), encoding), z);
        }
        // In the middle of the surrogate pair: before it.
        assert_eq!(lines.offset(text, Position::new(1, 2), Encoding::Utf16), text.find('𝄞').unwrap());
    }

    #[test]
    fn what_lies_past_the_end_is_the_end() {
        let text = "ab\ncd";
        let lines = Lines::new(text);
        assert_eq!(lines.offset(text, Position::new(0, 99), Encoding::Utf16), 2);
        assert_eq!(lines.offset(text, Position::new(u32::MAX, u32::MAX), Encoding::Utf16), 5);
        assert_eq!(lines.position(text, 99, Encoding::Utf8), Position::new(1, 2));
        let upside_down = Range::new(Position::new(1, 1), Position::new(0, 1));
        assert_eq!(lines.span(text, upside_down, Encoding::Utf8), Span::new(1, 4));
    }

    proptest! {
        #[test]
        fn a_position_leads_back_to_its_byte(text in "[a-zä𝄞€\r\n]{0,40}", at in 0usize..80) {
            let lines = Lines::new(&text);
            let at = text.floor_char_boundary(at);
            for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32] {
                let there = lines.position(&text, at, encoding);
                // Between `\r` and `\n` there is no place of its own.
                if text.get(..at).is_some_and(|before| before.ends_with('\r'))
                    && text.get(at..).is_some_and(|after| after.starts_with('\n'))
                {
                    continue;
                }
                prop_assert_eq!(lines.offset(&text, there, encoding), at);
            }
        }
    }
}
