//! Frames: a block of headers, then as many bytes as it says. Knows nothing of what the bytes mean.
//!
//! A frame that cannot be read costs the reader nothing but itself: it searches on for the next
//! `Content-Length` line. Such a line, with its raw line break, never occurs inside a JSON text, so
//! what is found is the head of a frame.

use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;

/// Bytes asked of the input at a time.
const CHUNK: usize = 64 * 1024;
/// The longest header line that is read as one, in bytes.
const LONGEST_LINE: usize = 8 * 1024;
/// The longest `Content-Length` line that a search recognizes, in bytes.
const LONGEST_MARK: usize = 128;
/// How far a search goes for the next frame when its place is unknown.
const ANYWHERE: u64 = u64::MAX;

/// What the input holds next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The bytes of a message; [`Frames::body`] has them until the next call of [`Frames::next`].
    Body,
    /// Bytes that are not a frame. They are skipped.
    Malformed(Fault),
}

/// Why bytes are no frame.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("the header has no Content-Length")]
    NoLength,
    #[error("the header's Content-Length is not a number of bytes")]
    BadLength,
    #[error("the bytes between two messages are not a header")]
    NotAHeader,
    #[error("the message of {length} bytes is longer than the {longest} bytes that are read")]
    TooLong { length: u64, longest: u64 },
}

enum Line {
    Is(Range<usize>),
    TooLong,
    EndOfInput,
}

/// The frames of an input.
pub(super) struct Frames<R> {
    input: R,
    buffer: Vec<u8>,
    /// Where in `buffer` the next unread byte stands.
    at: usize,
    body: Range<usize>,
    /// How many bytes to pass over, at most, up to the next frame.
    skip: u64,
    longest: u64,
}

impl<R: Read> Frames<R> {
    /// Reads frames whose bodies have at most `longest` bytes.
    pub(super) fn new(input: R, longest: u64) -> Self {
        Self { input, buffer: Vec::new(), at: 0, body: 0..0, skip: 0, longest }
    }

    /// Reads on to the next frame; `None` at the end of the input.
    pub(super) fn next(&mut self) -> io::Result<Option<Frame>> {
        if self.skip > 0 && !self.pass_over()? {
            return Ok(None);
        }
        let mut length = None;
        let mut lines = 0;
        loop {
            let line = match self.line()? {
                Line::Is(line) => line,
                Line::TooLong => return Ok(self.lose_step(Fault::NotAHeader)),
                Line::EndOfInput => return Ok(None),
            };
            let start = line.start;
            let text = self.buffer.get(line).unwrap_or_default().trim_ascii_end();
            match (text.is_empty(), length) {
                (true, Some(length)) => return self.take(length),
                (true, None) if lines > 0 => return Ok(self.lose_step(Fault::NoLength)),
                (true, None) => continue,
                (false, _) => lines += 1,
            }
            match header(text) {
                Some((name, value)) if name.eq_ignore_ascii_case(b"content-length") => match number(value) {
                    Some(number) => length = Some(number),
                    None => return Ok(self.lose_step(Fault::BadLength)),
                },
                Some(_) => {}
                None if length.is_some() => {}
                None => {
                    self.at = start;
                    return Ok(self.lose_step(Fault::NotAHeader));
                }
            }
        }
    }

    /// The bytes of the last [`Frame::Body`].
    pub(super) fn body(&self) -> &[u8] {
        self.buffer.get(self.body.clone()).unwrap_or_default()
    }

    /// Says that the last body is not a message. Its length may have been wrong, so what it swallowed
    /// of the frames after it is read again.
    pub(super) fn reject(&mut self) {
        self.at = match find_head(self.body()) {
            Some(offset) => self.body.start + offset,
            None => self.body.end,
        };
        self.skip = ANYWHERE;
    }

    fn lose_step(&mut self, fault: Fault) -> Option<Frame> {
        self.skip = ANYWHERE;
        Some(Frame::Malformed(fault))
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    fn line(&mut self) -> io::Result<Line> {
        loop {
            match memchr::memchr(b'\n', self.unread()) {
                Some(length) if length <= LONGEST_LINE => {
                    let line = self.at..self.at + length;
                    self.at = line.end + 1;
                    return Ok(Line::Is(line));
                }
                None if self.unread().len() <= LONGEST_LINE => {}
                _ => return Ok(Line::TooLong),
            }
            if !self.fill()? {
                return Ok(Line::EndOfInput);
            }
        }
    }

    fn take(&mut self, length: u64) -> io::Result<Option<Frame>> {
        let wanted = match usize::try_from(length) {
            Ok(wanted) if length <= self.longest => wanted,
            _ => {
                self.skip = length;
                return Ok(Some(Frame::Malformed(Fault::TooLong { length, longest: self.longest })));
            }
        };
        while self.unread().len() < wanted {
            if !self.fill()? {
                return Ok(None);
            }
        }
        self.body = self.at..self.at + wanted;
        self.at = self.body.end;
        Ok(Some(Frame::Body))
    }

    /// Passes over `skip` bytes, or fewer if a frame begins among them; false at the end of the input.
    fn pass_over(&mut self) -> io::Result<bool> {
        let mut left = self.skip;
        loop {
            let unread = self.unread();
            let reach = usize::try_from(left).map_or(unread.len(), |left| left.min(unread.len()));
            // A head may begin within reach and end beyond it.
            let found = find_head(unread).filter(|&head| head < reach || left == ANYWHERE);
            if let Some(offset) = found {
                self.at += offset;
                break;
            }
            if left != ANYWHERE && reach as u64 == left {
                self.at += reach;
                break;
            }
            let passed = reach.saturating_sub(LONGEST_MARK);
            self.at += passed;
            if left != ANYWHERE {
                left -= passed as u64;
            }
            if !self.fill()? {
                return Ok(false);
            }
        }
        self.skip = 0;
        Ok(true)
    }

    /// Reads more bytes; false at the end of the input.
    fn fill(&mut self) -> io::Result<bool> {
        if self.at == self.buffer.len() || self.at >= CHUNK {
            self.buffer.drain(..self.at);
            self.at = 0;
            self.body = 0..0;
            if self.buffer.len() < CHUNK {
                self.buffer.shrink_to(16 * CHUNK);
            }
        }
        let held = self.buffer.len();
        self.buffer.resize(held + CHUNK, 0);
        let read = loop {
            match self.input.read(self.buffer.get_mut(held..).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        self.buffer.truncate(held + read.as_ref().map_or(0, |&read| read.min(CHUNK)));
        Ok(read? > 0)
    }
}

/// Writes a body as a frame.
pub(super) fn write(output: &mut impl Write, body: &[u8]) -> io::Result<()> {
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    if body.len() < CHUNK {
        frame.extend_from_slice(body);
        output.write_all(&frame)
    } else {
        output.write_all(&frame)?;
        output.write_all(body)
    }
}

fn header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at_checked(colon)?;
    let name = name.trim_ascii();
    let is_name =
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    is_name.then(|| (name, value.get(1..).unwrap_or_default().trim_ascii()))
}

fn number(text: &[u8]) -> Option<u64> {
    let digits =
        std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Finds the first `Content-Length` line: its name, a colon, anything but a colon, a line break.
fn find_head(bytes: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length";
    memchr::memchr_iter(b'\n', bytes).find_map(|end| {
        let from = end.saturating_sub(LONGEST_MARK);
        let line = bytes.get(from..end)?;
        let from = from + memchr::memrchr(b'\n', line).map_or(0, |before| before + 1);
        let line = bytes.get(from..end)?;
        let name = line.get(..memchr::memrchr(b':', line)?)?.trim_ascii_end();
        let start = name.len().checked_sub(NAME.len())?;
        name.get(start..)?.eq_ignore_ascii_case(NAME).then_some(from + start)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Eq)]
    enum Got {
        Body(String),
        Fault(Fault),
    }
    use Got::{Body, Fault as Bad};

    /// Gives its bytes in pieces of the given sizes, over and over.
    struct Pieces<'a> {
        bytes: &'a [u8],
        sizes: std::iter::Cycle<std::vec::IntoIter<usize>>,
    }

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let size = self.sizes.next().unwrap_or(1).max(1).min(into.len()).min(self.bytes.len());
            let (now, later) = self.bytes.split_at(size);
            into[..size].copy_from_slice(now);
            self.bytes = later;
            Ok(size)
        }
    }

    fn body(text: &str) -> Got {
        Body(text.to_owned())
    }

    fn frame(text: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{text}", text.len())
    }

    /// Reads all frames; a body that does not begin with `{` is rejected.
    fn read_in(input: &[u8], sizes: Vec<usize>) -> Vec<Got> {
        let mut frames = Frames::new(Pieces { bytes: input, sizes: sizes.into_iter().cycle() }, 1_000);
        let mut all = Vec::new();
        while let Some(frame) = frames.next().unwrap() {
            match frame {
                Frame::Malformed(fault) => all.push(Bad(fault)),
                Frame::Body => {
                    all.push(Body(String::from_utf8_lossy(frames.body()).into_owned()));
                    if !(frames.body().starts_with(b"{") && frames.body().ends_with(b"}")) {
                        frames.reject();
                    }
                }
            }
        }
        all
    }

    fn read(input: impl AsRef<[u8]>) -> Vec<Got> {
        let whole = read_in(input.as_ref(), vec![usize::MAX]);
        assert_eq!(read_in(input.as_ref(), vec![1]), whole, "the sizes of the pieces change nothing");
        whole
    }

    #[test]
    fn frames_are_read_one_after_the_other() {
        assert_eq!(read(frame("{1}") + &frame("{}") + &frame("{ü}")), [body("{1}"), body("{}"), body("{ü}")]);
    }

    #[test]
    fn headers_are_read_in_any_case_and_unknown_ones_are_ignored() {
        for head in [
            "content-length: 2\r\n\r\n",
            "CONTENT-LENGTH:2\r\n\r\n",
            "Content-Length : 2 \r\n\r\n",
            "Content-Length: 2\n\n",
            "X-Other: a:b\r\nContent-Length: 2\r\n\r\n",
            "Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: 2\r\n\r\n",
            "Content-Length: 2\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
            "\r\n\r\nContent-Length: 2\r\n\r\n",
        ] {
            assert_eq!(read(format!("{head}{{}}") + &frame("{1}")), [body("{}"), body("{1}")], "{head:?}");
        }
    }

    #[test]
    fn a_header_without_a_usable_length_costs_one_frame() {
        let broken = [
            ("Content-Length: two\r\n\r\n{0}", Fault::BadLength),
            ("Content-Length: -2\r\n\r\n{0}", Fault::BadLength),
            ("Content-Length: +2\r\n\r\n{0}", Fault::BadLength),
            ("Content-Length: 99999999999999999999999\r\n\r\n{0}", Fault::BadLength),
            ("Content-Length:\r\n\r\n{0}", Fault::BadLength),
            ("X-Length: 2\r\n\r\n{0}", Fault::NoLength),
            ("{0}\r\n", Fault::NotAHeader),
            ("\u{0}\u{1}\u{2}", Fault::NotAHeader),
        ];
        for (bytes, fault) in broken {
            assert_eq!(read(bytes.to_owned() + &frame("{1}")), [Bad(fault), body("{1}")], "{bytes:?}");
        }
    }

    #[test]
    fn a_length_that_is_too_short_costs_one_frame() {
        assert_eq!(
            read("Content-Length: 2\r\n\r\n{00}".to_owned() + &frame("{1}")),
            [body("{0"), body("{1}")]
        );
    }

    #[test]
    fn a_length_that_is_too_long_costs_one_frame() {
        let input = "Content-Length: 40\r\n\r\n{0}".to_owned() + &frame("{1}") + &frame("{2}");
        let frames = read(input);
        assert_eq!(frames[1..], [body("{1}"), body("{2}")]);
    }

    #[test]
    fn a_message_over_the_limit_is_passed_over_and_never_held() {
        let mut input = b"Content-Length: 10000000\r\n\r\n".to_vec();
        input.resize(input.len() + 10_000_000, b' ');
        input.extend_from_slice(frame("{1}").as_bytes());
        let mut frames = Frames::new(&*input, 1_000);
        let fault = Fault::TooLong { length: 10_000_000, longest: 1_000 };
        assert_eq!(frames.next().unwrap(), Some(Frame::Malformed(fault)));
        assert_eq!(frames.next().unwrap(), Some(Frame::Body));
        assert_eq!(frames.body(), b"{1}");
        assert!(frames.buffer.capacity() <= 4 * CHUNK, "{}", frames.buffer.capacity());
    }

    #[test]
    fn an_absurd_length_does_not_hide_the_frames_after_it() {
        let fault = Fault::TooLong { length: 9_999_999_999_999, longest: 1_000 };
        let input = "Content-Length: 9999999999999\r\n\r\n{0}".to_owned() + &frame("{1}");
        assert_eq!(read(input), [Bad(fault), body("{1}")]);
    }

    #[test]
    fn a_frame_cut_off_by_the_end_of_input_is_no_frame() {
        for input in ["", "Content-Le", "Content-Length: 3\r\n", "Content-Length: 3\r\n\r\n{1"] {
            assert_eq!(read(input), [], "{input:?}");
        }
    }

    #[test]
    fn an_endless_line_is_not_held() {
        let mut frames = Frames::new(io::repeat(b'x').take(50_000_000), 1_000);
        assert_eq!(frames.next().unwrap(), Some(Frame::Malformed(Fault::NotAHeader)));
        assert_eq!(frames.next().unwrap(), None);
        assert!(frames.buffer.capacity() <= 4 * CHUNK, "{}", frames.buffer.capacity());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_in_whatever_pieces_it_arrives(
            bodies in prop::collection::vec("\\{[ -~ü\n]{0,40}\\}", 0..8),
            sizes in prop::collection::vec(1usize..40, 1..8),
        ) {
            let mut bytes = Vec::new();
            for body in &bodies {
                write(&mut bytes, body.as_bytes()).unwrap();
            }
            let expected: Vec<_> = bodies.into_iter().map(Body).collect();
            prop_assert_eq!(read_in(&bytes, sizes), expected);
        }

        #[test]
        fn a_good_frame_is_found_after_any_bytes_that_end_their_line(
            noise in prop::collection::vec(any::<u8>(), 0..200).prop_filter("a length", |noise| !noise.contains(&b':')),
            sizes in prop::collection::vec(1usize..40, 1..8),
        ) {
            let mut bytes = noise;
            // Without a line's end they would be the beginning of the header's name.
            bytes.extend_from_slice(b"\r\n");
            bytes.extend_from_slice(frame("{1}").as_bytes());
            let read = read_in(&bytes, sizes);
            prop_assert_eq!(read.last(), Some(&body("{1}")));
        }
    }
}
