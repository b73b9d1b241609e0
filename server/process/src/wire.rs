//! The messages between a guard and its owner, over the socket that is the guard's standard input.
//!
//! The owner sends one byte that carries the program's standard input, and later closes its half to have everything
//! ended. The guard answers in lines. A socket, since it can carry a descriptor without leaking it to other children.

use super::{Exit, ProcessIdentity};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use std::{
    fmt,
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
    str::FromStr,
};

/// One line of a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// The program could not be started, for this reason of the system (0: unknown).
    Failed(i32),
    /// The program runs.
    Started(ProcessIdentity),
    /// The program ended; what it left behind is being ended.
    Ended(Exit),
    /// Nothing is left, or this many that could not be ended.
    Gone(usize),
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(errno) => write!(f, "failed {errno}"),
            Self::Started(identity) => write!(f, "started {} {}", identity.pid, identity.start_time),
            Self::Ended(Exit { code: Some(code), .. }) => write!(f, "code {code}"),
            Self::Ended(Exit { signal, .. }) => write!(f, "signal {}", signal.unwrap_or(0)),
            Self::Gone(left) => write!(f, "gone {left}"),
        }
    }
}

impl FromStr for News {
    type Err = io::Error;

    fn from_str(line: &str) -> io::Result<Self> {
        let mut words = line.split_ascii_whitespace();
        let news = match words.next() {
            Some("failed") => number(words.next()).map(Self::Failed),
            Some("started") => number(words.next())
                .zip(number(words.next()))
                .map(|(pid, start_time)| Self::Started(ProcessIdentity { pid, start_time })),
            Some("code") => {
                number(words.next()).map(|code| Self::Ended(Exit { code: Some(code), signal: None }))
            }
            Some("signal") => {
                number(words.next()).map(|signal| Self::Ended(Exit { code: None, signal: Some(signal) }))
            }
            Some("gone") => number(words.next()).map(Self::Gone),
            _ => None,
        };
        news.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("not a guard's line: {line:?}"))
        })
    }
}

fn number<T: FromStr>(word: Option<&str>) -> Option<T> {
    word?.parse().ok()
}

/// Sends the program's standard input.
pub(super) fn send_stdin(socket: &UnixStream, stdin: impl AsFd) -> io::Result<()> {
    let descriptors = [stdin.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    // If the guard has died, this would raise SIGPIPE, which Rust programs ignore: the call just fails.
    sendmsg(socket, &[IoSlice::new(b"i")], &mut control, SendFlags::empty())?;
    Ok(())
}

/// Receives the program's standard input; an error if the owner is gone.
pub(super) fn receive_stdin(socket: &UnixStream) -> io::Result<OwnedFd> {
    let mut byte = [0; 1];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    rustix::io::retry_on_intr(|| {
        recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::empty())
    })?;
    let descriptor = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    let descriptor = descriptor.ok_or(io::ErrorKind::UnexpectedEof)?;
    rustix::io::fcntl_setfd(&descriptor, rustix::io::FdFlags::CLOEXEC)?;
    Ok(descriptor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn every_line_is_read_as_it_was_written() {
        for news in [
            News::Failed(2),
            News::Started(ProcessIdentity { pid: 7, start_time: u64::MAX }),
            News::Ended(Exit { code: Some(127), signal: None }),
            News::Ended(Exit { code: None, signal: Some(9) }),
            News::Gone(3),
        ] {
            assert_eq!(news.to_string().parse::<News>().unwrap(), news);
        }
    }

    #[test]
    fn what_no_guard_says_is_an_error() {
        for line in ["", "started", "started 1", "started -1 2", "gone x", "code 99999999999", "hello 1"] {
            assert!(line.parse::<News>().is_err(), "{line}");
        }
    }

    #[test]
    fn the_standard_input_arrives_and_a_gone_owner_is_an_error() {
        let (owner, guard) = UnixStream::pair().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        send_stdin(&owner, reader).unwrap();
        drop(owner);
        let received = receive_stdin(&guard).unwrap();
        writer.write_all(b"hello").unwrap();
        drop(writer);
        let mut text = String::new();
        std::fs::File::from(received).read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        assert_eq!(receive_stdin(&guard).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
