//! Opening: looking at what is there, making, migrating, and keeping a damaged file aside.
//!
//! A process that opens the database holds `open.lock` shared; one that creates it, migrates it or sets it aside holds
//! the lock alone. So no process looks at a database that another one is moving away.
//!
//! The database file itself is only ever opened by SQLite: closing a second descriptor of it would drop the locks
//! that SQLite holds in this process.

use super::{
    PATIENCE, Reader, Store, StoreError,
    disk::{bell, make_folder, remove_if_there, ring, suspect_mark},
    migrations::{self, APPLICATION_ID},
};
use alfine_files::Layout;
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// An opened database, and what had to be done for it.
#[derive(Debug)]
pub struct Opened {
    /// The database.
    pub store: Store,
    /// Where the damaged database was kept, if there was one; the store is then new and empty.
    pub recovered: Option<PathBuf>,
}

/// What is at the database's path.
enum Found {
    /// A database of this version.
    Current(Connection),
    /// A database that needs migrations: all of them if it is new.
    Older(Connection),
    /// Nothing that can be read.
    Damaged(String),
}

impl Store {
    /// Opens the database, making or migrating it where needed. A database that cannot be read is kept aside.
    pub fn open(layout: &Layout) -> Result<Opened, StoreError> {
        let path = layout.database();
        make_folder(layout.root())?;
        // The usual case is a sound database of this version. It needs only the shared lock, so openers do not queue.
        {
            let _shared = gate(layout, Access::Shared)?;
            if path.exists()
                && !suspect_mark(&path).exists()
                && let Found::Current(connection) = look(&path)?
            {
                return Ok(Opened { store: store(layout, connection), recovered: None });
            }
        }
        let _alone = gate(layout, Access::Alone)?;
        // Between the two locks another process may have done all of this, so look again.
        let mut recovered = None;
        let connection = match look_closely(&path)? {
            Found::Current(connection) => connection,
            Found::Older(connection) => prepare(&path, connection)?,
            Found::Damaged(message) => {
                let aside = set_aside(&path)?;
                tracing::warn!("{} was damaged ({message}); kept as {}", path.display(), aside.display());
                recovered = Some(aside);
                prepare(&path, connect(&path, OpenFlags::SQLITE_OPEN_CREATE)?)?
            }
        };
        if !bell(layout).exists() || recovered.is_some() {
            ring(layout);
        }
        Ok(Opened { store: store(layout, connection), recovered })
    }

    /// Opens the database for a watcher; `None` if there is no database yet.
    pub fn read_only(layout: &Layout) -> Result<Option<Reader>, StoreError> {
        let path = layout.database();
        if !path.exists() {
            return Ok(None);
        }
        let found = {
            // In a folder that cannot be written, no lock can be created, and nobody can move the database away.
            let _shared = match gate(layout, Access::Shared) {
                Err(StoreError::ReadOnly { .. }) => None,
                other => Some(other?),
            };
            look(&path)?
        };
        let connection = match found {
            Found::Current(connection) => connection,
            Found::Older(connection) => {
                drop(connection);
                return Self::open(layout)?.store.into_reader().map(Some);
            }
            Found::Damaged(message) => return Err(StoreError::Corrupt { path, message }),
        };
        Reader::new(path, connection).only_reading().map(Some)
    }

    /// Opens the database again if another process has replaced it since, so that nothing is written to a file
    /// that was set aside.
    pub(super) fn follow(&mut self) -> Result<(), StoreError> {
        if self.reader.is_current() {
            return Ok(());
        }
        tracing::warn!("{} was replaced; opening it again", self.layout.database().display());
        *self = Self::open(&self.layout)?.store;
        Ok(())
    }

    fn into_reader(self) -> Result<Reader, StoreError> {
        self.reader.only_reading()
    }
}

fn store(layout: &Layout, connection: Connection) -> Store {
    Store { reader: Reader::new(layout.database(), connection), layout: layout.clone(), patience: PATIENCE }
}

fn connect(path: &Path, create: OpenFlags) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create;
    let configure = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        // Closing a connection writes the log into the database. That must not happen before the file is known to be
        // sound: it may be needed as evidence, or belong to another program.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    };
    configure().map_err(|error| StoreError::of_sql(path, error))
}

/// Sets what a connection needs once its file is known to be sound.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // With a write-ahead log, NORMAL loses nothing when processes die, however they die, since what was committed
    // is with the kernel. A power cut can lose the last commits but leaves the database consistent. FULL would
    // wait for the disk at every commit to save those, too.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", 4 << 20)
}

/// Opens what is there and reads its header and its schema.
fn look(path: &Path) -> Result<Found, StoreError> {
    look_with(path, OpenFlags::empty(), |_| Ok(None))
}

/// Also reads every page, if a process met damage in it. Needs the open lock alone.
fn look_closely(path: &Path) -> Result<Found, StoreError> {
    let mark = suspect_mark(path);
    let suspect = mark.exists();
    let found = look_with(path, OpenFlags::SQLITE_OPEN_CREATE, |connection| {
        if !suspect {
            return Ok(None);
        }
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((verdict != "ok").then_some(verdict))
    })?;
    if suspect && !matches!(found, Found::Damaged(_)) {
        remove_if_there(&mark)?;
    }
    Ok(found)
}

fn look_with(
    path: &Path,
    create: OpenFlags,
    check: impl FnOnce(&Connection) -> rusqlite::Result<Option<String>>,
) -> Result<Found, StoreError> {
    let connection = connect(path, create)?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let read = || -> rusqlite::Result<_> {
        Ok((
            number("PRAGMA application_id")?,
            number("PRAGMA user_version")?,
            number("SELECT count(*) FROM sqlite_schema")?,
            check(&connection)?,
        ))
    };
    let (application, version, tables, damage) = match read().map_err(|error| StoreError::of_sql(path, error))
    {
        Ok(header) => header,
        Err(StoreError::Corrupt { message, .. }) => return Ok(Found::Damaged(message)),
        Err(error) => return Err(error),
    };
    if let Some(damage) = damage {
        return Ok(Found::Damaged(damage));
    }
    let is_new = application == 0 && version == 0 && tables == 0;
    if !is_new && application != APPLICATION_ID {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    if version > migrations::newest() {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known: migrations::newest() });
    }
    if version < migrations::newest() {
        return Ok(Found::Older(connection));
    }
    settle(&connection).map_err(|error| StoreError::of_sql(path, error))?;
    Ok(Found::Current(connection))
}

/// Makes a new or older database one of this version. Needs the open lock alone.
fn prepare(path: &Path, connection: Connection) -> Result<Connection, StoreError> {
    let sql = |error| StoreError::of_sql(path, error);
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(sql)?;
    if mode != "wal" {
        return Err(StoreError::unshared(path, format!("its journal can only be “{mode}”")));
    }
    settle(&connection).map_err(sql)?;
    migrations::migrate(&connection).map_err(sql)?;
    Ok(connection)
}

/// Moves the database with its log and index to `state.db.corrupt-<time>`. The database is moved last: after a crash in
/// between it is still there, and the next process that opens it begins again.
fn set_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let with = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%3fZ");
    let mut aside = format!(".corrupt-{time}");
    let mut again = 1;
    while with(&aside).exists() {
        again += 1;
        aside = format!(".corrupt-{time}-{again}");
    }
    for end in ["-wal", "-shm", ""] {
        let (from, to) = (with(end), with(&format!("{aside}{end}")));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other.map_err(|error| StoreError::of_io("keep aside", &from, error))?,
        }
    }
    remove_if_there(&suspect_mark(path))?;
    Ok(with(&aside))
}

#[derive(Clone, Copy)]
enum Access {
    Shared,
    Alone,
}

/// Takes the open lock; it is free again when the file is dropped.
fn gate(layout: &Layout, access: Access) -> Result<File, StoreError> {
    let path = layout.root().join("open.lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| StoreError::of_io("open", &path, error))?;
    let started = Instant::now();
    loop {
        let taken = match access {
            Access::Shared => file.try_lock_shared(),
            Access::Alone => file.try_lock(),
        };
        match taken {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(StoreError::of_lock("lock", &path, error)),
            Err(TryLockError::WouldBlock) if started.elapsed() > PATIENCE => {
                return Err(StoreError::Locked { path });
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
        }
    }
}
