//! The database's shape, as the list of steps that lead to it.
//!
//! Append only: what was released never changes. A step may add tables, columns with a default, and indexes. It
//! never removes or renames, since a runner of the version before may still be at work on the same file.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Marks the file as Alfine's in its header: `Alfi`.
pub(super) const APPLICATION_ID: i64 = 0x416c_6669;

/// The steps; `user_version` counts those that are done.
pub(super) const MIGRATIONS: &[&str] = &[
    // 1
    "
CREATE TABLE plan (
    path TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT,
    generation INTEGER NOT NULL,
    settings TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE task (
    key TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    since INTEGER NOT NULL,
    loop_id TEXT REFERENCES loop (id) ON DELETE SET NULL,
    generation INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX task_plan ON task (plan);
CREATE INDEX task_loop ON task (loop_id);

CREATE TABLE loop (
    id TEXT PRIMARY KEY,
    task TEXT NOT NULL REFERENCES task (key) ON UPDATE CASCADE,
    status TEXT NOT NULL,
    reason TEXT,
    agent TEXT NOT NULL,
    model TEXT,
    isolation TEXT NOT NULL,
    branch TEXT,
    base_branch TEXT,
    base_commit TEXT,
    worktree TEXT,
    settings TEXT NOT NULL,
    state TEXT NOT NULL,
    summary TEXT NOT NULL,
    cost_usd REAL,
    tokens INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    updated_at INTEGER NOT NULL,
    forked_from TEXT REFERENCES loop (id) ON DELETE SET NULL
) STRICT;
CREATE UNIQUE INDEX loop_live ON loop (task) WHERE ended_at IS NULL;
CREATE INDEX loop_task ON loop (task);
CREATE INDEX loop_fork ON loop (forked_from) WHERE forked_from IS NOT NULL;

CREATE TABLE iteration (
    loop_id TEXT NOT NULL REFERENCES loop (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    verdict TEXT,
    gate TEXT,
    tree_before TEXT,
    tree_after TEXT,
    changed INTEGER,
    files_changed INTEGER,
    signature TEXT,
    cost_usd REAL,
    tokens INTEGER NOT NULL,
    session TEXT,
    summary TEXT,
    PRIMARY KEY (loop_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    loop_id TEXT NOT NULL,
    iteration INTEGER NOT NULL,
    n INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    process_start INTEGER NOT NULL,
    marker TEXT NOT NULL,
    session TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,
    message TEXT,
    usage TEXT,
    session_total_cost REAL,
    transcript TEXT,
    UNIQUE (loop_id, n),
    FOREIGN KEY (loop_id, iteration) REFERENCES iteration (loop_id, n) ON DELETE CASCADE
) STRICT;
CREATE INDEX run_iteration ON run (loop_id, iteration);
CREATE INDEX run_open ON run (loop_id) WHERE ended_at IS NULL;

CREATE TABLE checkpoint (
    loop_id TEXT NOT NULL REFERENCES loop (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    iteration INTEGER,
    kind TEXT NOT NULL,
    commit_id TEXT NOT NULL,
    tree TEXT NOT NULL,
    head TEXT,
    ref TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    PRIMARY KEY (loop_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE verification (
    id INTEGER PRIMARY KEY,
    loop_id TEXT NOT NULL REFERENCES loop (id) ON DELETE CASCADE,
    iteration INTEGER NOT NULL,
    verifier TEXT NOT NULL,
    criterion INTEGER,
    criterion_text TEXT,
    passed INTEGER NOT NULL,
    required INTEGER NOT NULL,
    weight REAL NOT NULL,
    exit INTEGER,
    output TEXT NOT NULL,
    tree TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX verification_loop ON verification (loop_id, iteration);

CREATE TABLE finding (
    verification_id INTEGER NOT NULL REFERENCES verification (id) ON DELETE CASCADE,
    n INTEGER NOT NULL,
    severity TEXT NOT NULL,
    file TEXT,
    line INTEGER,
    column INTEGER,
    code TEXT,
    message TEXT NOT NULL,
    PRIMARY KEY (verification_id, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE approval (
    id INTEGER PRIMARY KEY,
    loop_id TEXT REFERENCES loop (id) ON DELETE CASCADE,
    task TEXT REFERENCES task (key) ON UPDATE CASCADE,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    answered_at INTEGER,
    approved INTEGER,
    answer TEXT
) STRICT;
CREATE INDEX approval_open ON approval (id) WHERE answered_at IS NULL;
CREATE INDEX approval_loop ON approval (loop_id);
CREATE INDEX approval_task ON approval (task);

CREATE TABLE command (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    task TEXT NOT NULL REFERENCES task (key) ON UPDATE CASCADE,
    loop_id TEXT REFERENCES loop (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    consumed_at INTEGER,
    result TEXT
) STRICT;
CREATE INDEX command_open ON command (task) WHERE consumed_at IS NULL;
CREATE INDEX command_loop ON command (loop_id);
CREATE INDEX command_task ON command (task);

CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    loop_id TEXT,
    task TEXT,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL
) STRICT;
",
    "
CREATE TABLE checkout (
    loop_id TEXT PRIMARY KEY REFERENCES loop (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    kept_at INTEGER NOT NULL,
    compared INTEGER NOT NULL
) STRICT;

CREATE TABLE checkout_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    loop_id TEXT NOT NULL REFERENCES loop (id) ON DELETE CASCADE,
    iteration INTEGER NOT NULL,
    changes TEXT NOT NULL,
    tasks TEXT NOT NULL,
    named INTEGER NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    settled_at INTEGER
) STRICT;
CREATE INDEX checkout_change_loop ON checkout_change (loop_id);
CREATE INDEX checkout_change_found ON checkout_change (found_at);

CREATE TABLE own_write (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ref TEXT,
    from_id TEXT,
    commit_id TEXT,
    file TEXT,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX own_write_begun ON own_write (begun_at);
",
    "
ALTER TABLE plan ADD COLUMN outline TEXT NOT NULL DEFAULT '[]';
ALTER TABLE task ADD COLUMN text TEXT;
",
    "
CREATE TABLE check_answer (
    key TEXT PRIMARY KEY,
    said TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX check_answer_at ON check_answer (at);
",
    "
ALTER TABLE verification ADD COLUMN answer TEXT;
ALTER TABLE verification ADD COLUMN tests INTEGER;
ALTER TABLE verification ADD COLUMN proof TEXT;
ALTER TABLE approval ADD COLUMN tree TEXT;
ALTER TABLE approval ADD COLUMN answered_by TEXT;
",
    "
ALTER TABLE check_answer ADD COLUMN plan TEXT;
ALTER TABLE check_answer ADD COLUMN tree TEXT;
ALTER TABLE check_answer ADD COLUMN what TEXT;
CREATE INDEX check_answer_tree ON check_answer (plan, tree);
",
    "
CREATE TABLE plan_run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plan TEXT NOT NULL,
    state TEXT NOT NULL,
    how TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX plan_run_plan ON plan_run (plan);
CREATE UNIQUE INDEX plan_run_live ON plan_run (plan) WHERE ended_at IS NULL;
ALTER TABLE loop ADD COLUMN plan_run INTEGER REFERENCES plan_run (id);
CREATE INDEX loop_plan_run ON loop (plan_run) WHERE plan_run IS NOT NULL;
",
    "
ALTER TABLE plan_run ADD COLUMN budget_usd REAL;
ALTER TABLE plan_run ADD COLUMN short TEXT;
",
    // 9
    "
CREATE TABLE learning (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    subject TEXT NOT NULL,
    companions TEXT NOT NULL,
    seen TEXT NOT NULL,
    times INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX learning_key ON learning (kind, key);

CREATE TABLE proposal (
    id INTEGER PRIMARY KEY,
    about TEXT NOT NULL,
    entries INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    answered_at INTEGER NOT NULL,
    answered_by TEXT
) STRICT;

CREATE TABLE archive (
    id INTEGER PRIMARY KEY,
    plan TEXT NOT NULL,
    folder TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX archive_plan ON archive (plan);
",
];

/// The version that this program writes.
pub(super) fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

/// Takes the steps that are missing, all or none.
pub(super) fn migrate(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let done: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for step in MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or_default()) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", newest())?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash of every step, in order. A released step's hash never changes: append a step instead.
    const HASHES: &[&str] = &[
        "6f6390c31cd051cf",
        "85e092f7c3c7b7f5",
        "db7b846f1e4f7bab",
        "7c9183fad34ea92a",
        "8d204fa4b2910c6f",
        "105d36b9809f62be",
        "4fa2312a14350b0b",
        "05659cc1e302e137",
        "4d204f12c4f7f089",
    ];

    #[test]
    fn released_steps_never_change() {
        let hashes: Vec<String> =
            MIGRATIONS.iter().map(|step| blake3::hash(step.as_bytes()).to_hex()[..16].to_owned()).collect();
        assert_eq!(hashes, HASHES);
    }

    #[test]
    fn migrating_twice_is_migrating_once() {
        let connection = Connection::open_in_memory().unwrap();
        let shape = |connection: &Connection| -> Vec<String> {
            let mut statement = connection.prepare("SELECT sql FROM sqlite_schema ORDER BY name").unwrap();
            let rows =
                statement.query_map([], |row| Ok(row.get::<_, Option<String>>(0)?.unwrap_or_default()));
            rows.unwrap().map(Result::unwrap).collect()
        };
        migrate(&connection).unwrap();
        let once = shape(&connection);
        migrate(&connection).unwrap();
        assert_eq!(shape(&connection), once);
        assert_eq!(connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)), Ok(newest()));
        assert!(once.len() > 20, "{}", once.len());
    }
}
