//! Waiting for changes: asleep until a file is touched, or for two seconds.
//!
//! The file is the bell that a writer touches *after* its commit. The write-ahead log itself would wake too early:
//! SQLite writes it before the commit can be seen. If there is no bell yet, the folders it will lie in are watched.
//! A writer that dies between commit and bell, or a place that cannot be watched, costs the two seconds and loses
//! nothing. Who can bear to see such a death later sleeps longer: [`Feed::patient`].

use super::{Change, Event, Reader, Store, StoreError, disk};
use alfine_files::Layout;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, SyncSender},
    },
    time::{Duration, Instant},
};

/// How long a change can stay unseen if the bell did not wake the reader.
const FALLBACK: Duration = Duration::from_secs(2);

/// The same for a patient reader, if the bell can be watched.
const PATIENT_FALLBACK: Duration = Duration::from_secs(60);

/// How often the watch on the bell's folders is set up again while they come and go.
const MOST_LISTENS: usize = 4;

/// The most events that come at once, so that a reader far behind stays small.
const BATCH: usize = 1000;

/// What a wait returns.
#[derive(Debug, Clone, PartialEq)]
pub enum Changes {
    /// Changes, in order, at least one.
    Events(Vec<Event>),
    /// The database was replaced, or old changes were removed from it: read everything again. The feed goes on after
    /// what can be read now.
    Replaced,
    /// The time is over, or the waker asked, and there is nothing new.
    Quiet,
    /// The waker ended the waiting.
    Stopped,
}

/// The changes after a place, as they come. Works before there is a database, too.
#[derive(Debug)]
pub struct Feed {
    layout: Layout,
    after: i64,
    open: Option<Open>,
    ear: Option<Ear>,
    fallback: Duration,
    kinds: Option<&'static [Change]>,
    wakes: Receiver<()>,
    waker: Waker,
}

#[derive(Debug)]
struct Open {
    reader: Reader,
    /// SQLite's count of other connections' commits when it was last asked; `None` if it was never asked.
    version: Option<i64>,
}

#[derive(Debug)]
struct Ear {
    _watcher: RecommendedWatcher,
    /// Which files were at the paths of the bell, of its folder and of the folder above when the watching began.
    heard: [Option<disk::Identity>; 3],
    deaf: bool,
}

/// Ends a feed's waiting from another thread.
#[derive(Debug, Clone)]
pub struct Waker {
    stopped: Arc<AtomicBool>,
    asked: Arc<AtomicBool>,
    wake: SyncSender<()>,
}

impl Waker {
    /// Makes this and every later wait return [`Changes::Stopped`].
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.nudge();
    }

    /// Makes the wait return once, after a look, also if there is nothing new.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Release);
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
        let flag = || Arc::new(AtomicBool::new(false));
        Self {
            layout: layout.clone(),
            after,
            open: None,
            ear: None,
            fallback: FALLBACK,
            kinds: None,
            wakes,
            waker: Waker { stopped: flag(), asked: flag(), wake },
        }
    }

    /// Lets the feed sleep up to a minute if the bell can be watched.
    #[must_use]
    pub fn patient(self) -> Self {
        Self { fallback: PATIENT_FALLBACK, ..self }
    }

    /// Returns only changes of these kinds.
    #[must_use]
    pub fn only(self, kinds: &'static [Change]) -> Self {
        Self { kinds: Some(kinds), ..self }
    }

    /// The connection that it reads with; `None` while there is no database.
    pub fn reader(&self) -> Option<&Reader> {
        self.open.as_ref().map(|open| &open.reader)
    }

    /// Makes a handle that ends the waiting.
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    #[cfg(test)]
    pub(super) fn after(&self) -> i64 {
        self.after
    }

    /// Waits for changes; for ever without a timeout.
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<Changes, StoreError> {
        let started = Instant::now();
        loop {
            if self.waker.stopped.load(Ordering::Acquire) {
                return Ok(Changes::Stopped);
            }
            let asked = self.waker.asked.swap(false, Ordering::AcqRel);
            // The ear first: a bell between looking and listening would not be heard.
            self.listen();
            if let Some(news) = self.look()? {
                return Ok(news);
            }
            let longest =
                if self.ear.as_ref().is_some_and(|ear| !ear.deaf) { self.fallback } else { FALLBACK };
            let left =
                timeout.map_or(longest, |timeout| timeout.saturating_sub(started.elapsed()).min(longest));
            if asked || left.is_zero() {
                return Ok(Changes::Quiet);
            }
            // Whether woken or not, what comes next is the same: look.
            let _ = self.wakes.recv_timeout(left);
        }
    }

    /// Lets time pass without a look, unless the waker asks or stops. The next wait sees what came meanwhile.
    pub fn rest(&self, time: Duration) {
        let until = Instant::now() + time;
        let is_called =
            || self.waker.stopped.load(Ordering::Acquire) || self.waker.asked.load(Ordering::Acquire);
        while !is_called() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let _ = self.wakes.recv_timeout(left);
        }
    }

    /// Lets time pass until the bell rings, without a look. For trying again what failed.
    pub fn doze(&self, time: Duration) {
        if !self.waker.stopped.load(Ordering::Acquire) {
            let _ = self.wakes.recv_timeout(time);
        }
    }

    /// Listens to the bell that is there now, or for one to come; and for its folder to be another one.
    fn listen(&mut self) {
        // What is made between looking and watching is seen by looking again.
        for _ in 0..MOST_LISTENS {
            let root = self.layout.root();
            let heard = [&disk::bell(&self.layout), root, root.parent().unwrap_or(root)].map(disk::identity);
            if self.ear.as_ref().is_some_and(|ear| ear.heard == heard) {
                return;
            }
            self.ear = None;
            match self.ear(heard) {
                Ok(ear) => self.ear = Some(ear),
                Err(error) => return tracing::debug!("nothing can be watched, so it is polled: {error}"),
            }
        }
    }

    fn ear(&self, heard: [Option<disk::Identity>; 3]) -> notify::Result<Ear> {
        let (root, bell, waker) =
            (self.layout.root().to_owned(), disk::bell(&self.layout), self.waker.clone());
        let around = root.parent().unwrap_or(&root).to_owned();
        let paths = match heard {
            [Some(_), _, _] => vec![bell.clone(), around],
            [None, Some(_), _] => vec![root.clone(), around],
            [None, None, _] => vec![around],
        };
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return waker.nudge() };
            // Being opened or read is not news, and the folder around has other people's files.
            let concerns = |path: &PathBuf| root.starts_with(path) || *path == bell;
            let is_news = event.need_rescan() || event.paths.iter().any(concerns);
            if is_news && !matches!(event.kind, EventKind::Access(_)) {
                waker.nudge();
            }
        })?;
        let mut deaf = false;
        for path in paths {
            if let Err(error) = watcher.watch(&path, RecursiveMode::NonRecursive) {
                tracing::debug!("{} cannot be watched, so it is polled: {error}", path.display());
                deaf = true;
            }
        }
        Ok(Ear { _watcher: watcher, heard, deaf })
    }

    fn look(&mut self) -> Result<Option<Changes>, StoreError> {
        if self.open.as_ref().is_some_and(|open| !open.reader.is_current()) {
            self.open = None;
            // What was seen belongs to another database; the next one begins at its own end.
            self.after = i64::MAX;
            self.open = self.opened()?;
            if self.open.is_none() {
                return Ok(Some(Changes::Replaced));
            }
        }
        if self.open.is_none() {
            self.open = self.opened()?;
        }
        let Some(open) = &mut self.open else { return Ok(None) };
        let version = open.reader.number("PRAGMA data_version", [])?;
        if open.version == Some(version) {
            return Ok(None);
        }
        let (after, kinds) = (self.after, self.kinds);
        let (oldest, events, last) = open.reader.read(|reader| -> Result<_, StoreError> {
            let events = match kinds {
                None => reader.events_after(after, BATCH)?,
                Some(kinds) => reader.events_of_kinds_after(kinds, after, BATCH)?,
            };
            Ok((reader.first_seq_after(after)?, events, reader.last_seq()?))
        })?;
        if last < after {
            self.after = last;
            return Ok(Some(Changes::Replaced));
        }
        // Places have no gap, so a hole at the front is changes that were forgotten.
        if oldest.is_some_and(|oldest| oldest > after + 1) {
            self.after = last;
            return Ok(Some(Changes::Replaced));
        }
        // A full batch leaves the version unknown, so that the rest is asked for at once.
        if events.len() < BATCH {
            open.version = Some(version);
            self.after = last;
        } else if let Some(newest) = events.last() {
            self.after = newest.seq;
        }
        Ok((!events.is_empty()).then_some(Changes::Events(events)))
    }

    fn opened(&self) -> Result<Option<Open>, StoreError> {
        Ok(Store::read_only(&self.layout)?.map(|reader| Open { reader, version: None }))
    }
}
