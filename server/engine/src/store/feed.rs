//! Waiting for changes: asleep until a file is touched, or for two seconds.
//!
//! The file is the bell that a writer touches *after* its commit. The write-ahead log itself would wake too early:
//! SQLite writes it before the commit can be seen. A writer that dies between commit and bell, or a bell that cannot
//! be watched, costs the two seconds and loses nothing.

use super::{Event, Reader, Store, StoreError, open};
use crate::layout::Layout;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    time::{Duration, Instant},
};

/// How long a change can stay unseen when no bell was heard.
const FALLBACK: Duration = Duration::from_secs(2);

/// The most events that come at once, so that a reader far behind stays small.
const BATCH: usize = 1000;

/// What came of waiting.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Changes, in order, at least one.
    Events(Vec<Event>),
    /// The database is another one now, or a part of the changes was forgotten: read everything again. The feed
    /// goes on behind what can be read now.
    Replaced,
    /// The time is over.
    Quiet,
    /// The waker said stop.
    Stopped,
}

/// The changes after a place, as they come. Works also where there is no database yet.
#[derive(Debug)]
pub struct Feed {
    layout: Layout,
    after: i64,
    open: Option<Open>,
    ear: Option<Ear>,
    wakes: Receiver<()>,
    waker: Waker,
}

#[derive(Debug)]
struct Open {
    reader: Reader,
    /// SQLite's count of other connections' commits when it was last asked; none: never asked.
    version: Option<i64>,
}

#[derive(Debug)]
struct Ear {
    _watcher: RecommendedWatcher,
    bell: Option<open::Identity>,
}

/// Ends a feed's waiting from another thread.
#[derive(Debug, Clone)]
pub struct Waker {
    stopped: Arc<AtomicBool>,
    wake: SyncSender<()>,
}

impl Waker {
    /// Makes this and every later wait return [`News::Stopped`].
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.nudge();
    }

    fn nudge(&self) {
        // A full channel holds a wake already.
        let _ = self.wake.try_send(());
    }
}

impl Feed {
    /// Follows the changes after `after`, usually what [`Reader::last_seq`] said before the rest was read.
    pub fn new(layout: &Layout, after: i64) -> Self {
        let (wake, wakes) = mpsc::sync_channel(1);
        let waker = Waker { stopped: Arc::new(AtomicBool::new(false)), wake };
        Self { layout: layout.clone(), after, open: None, ear: None, wakes, waker }
    }

    /// Makes a handle that ends the waiting.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// The place of the last change that was handed out.
    pub fn after(&self) -> i64 {
        self.after
    }

    /// Waits for changes; for ever without a timeout.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<News, StoreError> {
        let started = Instant::now();
        loop {
            if self.waker.stopped.load(Ordering::Acquire) {
                return Ok(News::Stopped);
            }
            // The ear first: a bell between looking and listening would not be heard.
            self.listen();
            if let Some(news) = self.look()? {
                return Ok(news);
            }
            let left =
                timeout.map_or(FALLBACK, |timeout| timeout.saturating_sub(started.elapsed()).min(FALLBACK));
            if left.is_zero() {
                return Ok(News::Quiet);
            }
            // Whether woken or not, what comes next is the same: look.
            let _ = self.wakes.recv_timeout(left);
        }
    }

    /// Listens to the bell that is there now.
    fn listen(&mut self) {
        let path = open::bell(&self.layout);
        let bell = open::identity(&path);
        if self.ear.as_ref().is_some_and(|ear| ear.bell == bell) {
            return;
        }
        self.ear = None;
        if bell.is_none() {
            return;
        }
        let waker = self.waker.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Being opened or read is no news.
            if !matches!(event, Ok(notify::Event { kind: EventKind::Access(_), .. })) {
                waker.nudge();
            }
        })
        .and_then(|mut watcher| watcher.watch(&path, RecursiveMode::NonRecursive).map(|()| watcher));
        match watcher {
            Ok(watcher) => self.ear = Some(Ear { _watcher: watcher, bell }),
            Err(error) => tracing::debug!("{} cannot be watched, so it is polled: {error}", path.display()),
        }
    }

    fn look(&mut self) -> Result<Option<News>, StoreError> {
        if self.open.as_ref().is_some_and(|open| !open.reader.is_current()) {
            self.open = None;
            // What was seen belongs to another database; the next one begins at its own end.
            self.after = i64::MAX;
        }
        if self.open.is_none() {
            self.open = Store::read_only(&self.layout)?.map(|reader| Open { reader, version: None });
        }
        let Some(open) = &mut self.open else { return Ok(None) };
        let version = open.reader.number("PRAGMA data_version", [])?;
        if open.version == Some(version) {
            return Ok(None);
        }
        let after = self.after;
        let (events, last) = open.reader.read(|reader| -> Result<_, StoreError> {
            Ok((reader.events_after(after, BATCH)?, reader.last_seq()?))
        })?;
        if last < after {
            self.after = last;
            return Ok(Some(News::Replaced));
        }
        let Some(newest) = events.last() else {
            open.version = Some(version);
            return Ok(None);
        };
        // Places have no gap, so a hole at the front is changes that were forgotten.
        if events.first().is_some_and(|oldest| oldest.seq > after + 1) {
            self.after = last;
            return Ok(Some(News::Replaced));
        }
        self.after = newest.seq;
        // A full batch leaves the version unknown, so that the rest is asked for at once.
        open.version = (newest.seq == last).then_some(version);
        Ok(Some(News::Events(events)))
    }
}
