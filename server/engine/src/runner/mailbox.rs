//! The mailbox: commands are rows, so no command is lost while nobody listens. A thread reports when there may be new
//! ones.

use super::{message::Message, owner::Runner};
use crate::Result;
use alfine_core::{machine::Input, reason::Refusal};
use alfine_files::Layout;
use alfine_store::{Change, Changes, CommandResult, CommandRow, EventKind, Feed, Store, Waker};
use std::{sync::mpsc::SyncSender, time::Duration};

/// How long after a failure the change feed is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Listens for as long as it lives.
pub(super) struct Mailbox(Waker);

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.0.stop();
    }
}

pub(super) fn listen(layout: &Layout, store: &Store, outbox: SyncSender<Message>) -> Mailbox {
    let after = store.last_seq().unwrap_or(0);
    let mut feed = Feed::new(layout, after);
    let waker = feed.waker();
    let span = tracing::Span::current();
    std::thread::spawn(move || {
        let _span = span.entered();
        loop {
            let mail = match feed.wait(None) {
                Ok(Changes::Events(events)) => {
                    events.iter().any(|event| event.kind == EventKind::Change(Change::Command))
                }
                Ok(Changes::Replaced) => true,
                Ok(Changes::Quiet) => false,
                Ok(Changes::Stopped) => return,
                Err(error) => {
                    tracing::warn!("the change feed cannot be read: {error}");
                    // Until it can be read again, the runner looks into its mailbox by itself now and then.
                    std::thread::park_timeout(RETRY);
                    false
                }
            };
            if mail && outbox.send(Message::Mail).is_err() {
                return;
            }
        }
    });
    Mailbox(waker)
}

impl Runner<'_> {
    /// Takes every command there is, one after another. Each has its result in the transaction that saves its effect.
    pub(super) fn take_mail(&mut self) -> Result<()> {
        let lock = &self.lock;
        let taken = self.project.store.write(|tx| tx.take_commands(lock))?;
        for row in taken {
            self.commands.push((row.seq, None));
            match read(&row) {
                Ok(input) => self.inputs.push_back(input),
                Err(error) => {
                    if let Some((_, result)) = self.commands.last_mut() {
                        let error = error.to_string();
                        *result = Some(CommandResult::Refused(Refusal::Unreadable { error }));
                    }
                }
            }
            self.work_off()?;
            self.save()?;
        }
        Ok(())
    }
}

fn read(row: &CommandRow) -> serde_json::Result<Input> {
    let payload = row.payload.clone();
    match row.kind.as_str() {
        "answer" => serde_json::from_value(payload).map(Input::ApprovalGiven),
        _ => serde_json::from_value(payload).map(Input::CommandReceived),
    }
}
