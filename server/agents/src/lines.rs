//! Cuts a stream of bytes into lines, in memory that does not grow with the stream.
//!
//! Never knows what a line means. A line that lies whole in a chunk is handed on without a copy.

use memchr::memchr;

/// The longest line that is handed on whole, in bytes. The longest honest lines are tool results that carry an image
/// twice (5 MiB each, a third more in base64).
pub const LINE_LIMIT: usize = 16 << 20;

/// What is kept of a longer line, in bytes.
const CUT_HEAD: usize = 4 << 10;

/// The buffer that is kept between lines, in bytes.
const KEPT_BUFFER: usize = 1 << 20;

/// One line, without its line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// All of it; any bytes.
    Whole(&'a [u8]),
    /// The start of a line that is longer than the limit.
    Cut {
        /// The first bytes of the line.
        head: &'a [u8],
        /// The length of all of it, in bytes.
        length: u64,
    },
}

/// Yields lines out of chunks.
#[derive(Debug)]
pub struct Lines {
    limit: usize,
    held: Vec<u8>,
    /// Bytes of the current line that were thrown away; more than 0 only in a line beyond the limit.
    dropped: u64,
}

impl Default for Lines {
    fn default() -> Self {
        Self::with_limit(LINE_LIMIT)
    }
}

impl Lines {
    /// Takes lines of up to `limit` bytes whole.
    pub fn with_limit(limit: usize) -> Self {
        Self { limit, held: Vec::new(), dropped: 0 }
    }

    /// Takes the next bytes and hands on every line that they end.
    pub fn feed(&mut self, chunk: &[u8], mut sink: impl FnMut(Line<'_>)) {
        let mut rest = chunk;
        while let Some((line, after)) = memchr(b'\n', rest).and_then(|at| rest.split_at_checked(at)) {
            rest = after.get(1..).unwrap_or_default();
            let starts_here = self.held.is_empty() && self.dropped == 0;
            if starts_here && line.len() <= self.limit {
                sink(Line::Whole(without_return(line)));
                continue;
            }
            self.hold(line);
            self.release(&mut sink);
        }
        self.hold(rest);
    }

    /// Hands on the last line if no line break ended it.
    pub fn finish(&mut self, mut sink: impl FnMut(Line<'_>)) {
        if !self.held.is_empty() || self.dropped > 0 {
            self.release(&mut sink);
        }
    }

    fn hold(&mut self, bytes: &[u8]) {
        if self.dropped == 0 && self.held.len() + bytes.len() <= self.limit {
            self.held.extend_from_slice(bytes);
            return;
        }
        let length = self.held.len() as u64 + self.dropped + bytes.len() as u64;
        let head = CUT_HEAD.min(self.limit);
        let wanted = head.saturating_sub(self.held.len()).min(bytes.len());
        self.held.extend_from_slice(bytes.get(..wanted).unwrap_or_default());
        self.held.truncate(head);
        self.held.shrink_to(KEPT_BUFFER);
        self.dropped = length - self.held.len() as u64;
    }

    fn release(&mut self, sink: &mut impl FnMut(Line<'_>)) {
        match self.dropped {
            0 => sink(Line::Whole(without_return(&self.held))),
            dropped => sink(Line::Cut { head: &self.held, length: self.held.len() as u64 + dropped }),
        }
        self.dropped = 0;
        self.held.clear();
        self.held.shrink_to(KEPT_BUFFER);
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines_of<'a>(limit: usize, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<(Vec<u8>, Option<u64>)> {
        let mut lines = Lines::with_limit(limit);
        let mut seen = Vec::new();
        let mut keep = |line: Line<'_>| {
            seen.push(match line {
                Line::Whole(bytes) => (bytes.to_vec(), None),
                Line::Cut { head, length } => (head.to_vec(), Some(length)),
            });
        };
        for chunk in chunks {
            lines.feed(chunk, &mut keep);
        }
        lines.finish(&mut keep);
        seen
    }

    #[test]
    fn lines_end_at_line_breaks_and_at_the_end() {
        let seen = lines_of(100, [&b"a\nb"[..], b"c\r\n\n", b"last"]);
        let texts: Vec<_> = seen.iter().map(|(line, _)| line.as_slice()).collect();
        assert_eq!(texts, [&b"a"[..], b"bc", b"", b"last"]);
    }

    #[test]
    fn a_line_beyond_the_limit_is_cut_and_the_next_one_is_whole() {
        let seen = lines_of(4, [&b"1234\n12345\n12"[..], b"345", b"6\nok"]);
        assert_eq!(
            seen,
            [
                (b"1234".to_vec(), None),
                (b"1234".to_vec(), Some(5)),
                (b"1234".to_vec(), Some(6)),
                (b"ok".to_vec(), None)
            ]
        );
    }

    #[test]
    fn an_endless_line_does_not_grow_the_buffer() {
        let mut lines = Lines::with_limit(1 << 20);
        let chunk = vec![b'x'; 64 << 10];
        let mut largest = 0;
        for _ in 0..1000 {
            lines.feed(&chunk, |_| panic!("no line ended"));
            largest = largest.max(lines.held.capacity());
        }
        assert!(largest <= 2 << 20, "{largest}");
        assert!(lines.held.capacity() <= KEPT_BUFFER);
        let mut length = 0;
        lines.finish(|line| match line {
            Line::Cut { length: all, .. } => length = all,
            Line::Whole(_) => panic!("not cut"),
        });
        assert_eq!(length, 64_000 << 10);
    }

    proptest! {
        #[test]
        fn how_a_stream_is_chunked_does_not_change_its_lines(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..400),
            size in 1_usize..50,
            limit in 1_usize..40,
        ) {
            prop_assert_eq!(lines_of(limit, bytes.chunks(size)), lines_of(limit, [bytes.as_slice()]));
        }
    }
}
