//! Opening what may be new, old, newer, damaged, foreign, locked, full or read-only.

use super::{
    processes::{Other, command},
    *,
};
use alfine_core::hint::Hint;
use rusqlite::Connection;
use std::{
    fs::{self, Permissions},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::PathBuf,
    process::Stdio,
    sync::Barrier,
};

fn names(place: &Place) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(place.layout.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn setting(store: &Store, name: &str) -> String {
    let value = store
        .connection()
        .query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, rusqlite::types::Value>(0));
    match value.unwrap() {
        rusqlite::types::Value::Integer(value) => value.to_string(),
        rusqlite::types::Value::Text(value) => value,
        other => panic!("{other:?}"),
    }
}

/// A database with a few hundred pages of events, all of them in the main file.
fn filled(place: &Place) -> PathBuf {
    let mut store = place.store();
    let filler = json!("x".repeat(1000));
    store.write(|tx| (0..1000).try_for_each(|_| append(tx, &filler).map(drop))).unwrap();
    store.connection().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    place.layout.database()
}

#[test]
fn a_new_repository_gets_a_database_with_the_promised_settings() {
    let place = Place::new();
    for _ in 0..2 {
        let Opened { store, recovered } = Store::open(&place.layout).unwrap();
        assert_eq!(recovered, None);
        for (name, value) in [
            ("journal_mode", "wal"),
            ("foreign_keys", "1"),
            ("synchronous", "1"),
            ("busy_timeout", "10000"),
            ("application_id", "1097623145"),
            ("user_version", "9"),
        ] {
            assert_eq!(setting(&store, name), value, "{name}");
        }
    }
}

#[test]
fn many_can_open_a_new_database_at_once() {
    let place = Place::new();
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                place.store().write(|tx| append(tx, &json!({}))).unwrap();
            });
        }
    });
    assert_eq!(place.store().last_seq().unwrap(), 8);
}

#[test]
fn a_newer_database_is_refused_with_both_versions() {
    let place = Place::new();
    place.store().connection().pragma_update(None, "user_version", 10).unwrap();
    for error in [
        Store::open(&place.layout).map(drop).unwrap_err(),
        Store::read_only(&place.layout).map(drop).unwrap_err(),
    ] {
        let message = error.to_string();
        assert!(message.ends_with("has version 10; this alfine knows versions up to 9"), "{message}");
        assert_eq!(error.hint(), Hint::advice("update alfine"));
    }
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let place = Place::new();
    fs::create_dir_all(place.layout.root()).unwrap();
    Connection::open(place.layout.database()).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = fs::read(place.layout.database()).unwrap();
    assert!(matches!(Store::open(&place.layout), Err(StoreError::Foreign(_))));
    assert_eq!(fs::read(place.layout.database()).unwrap(), before);
}

#[test]
fn an_empty_file_is_a_new_database() {
    let place = Place::new();
    fs::create_dir_all(place.layout.root()).unwrap();
    fs::write(place.layout.database(), "").unwrap();
    assert_eq!(Store::open(&place.layout).unwrap().recovered, None);
}

#[test]
fn a_file_that_is_no_database_is_kept_aside_once_however_many_open_it() {
    let place = Place::new();
    fs::create_dir_all(place.layout.root()).unwrap();
    fs::write(place.layout.database(), "not a database at all, ".repeat(100)).unwrap();
    fs::write(place.layout.root().join("state.db-wal"), "its log").unwrap();
    let start = Barrier::new(8);
    let recovered: Vec<PathBuf> = thread::scope(|scope| {
        let open = || {
            start.wait();
            let mut opened = Store::open(&place.layout).unwrap();
            opened.store.write(|tx| append(tx, &json!({}))).unwrap();
            opened.recovered
        };
        let openers: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        openers.into_iter().filter_map(|opener| opener.join().unwrap()).collect()
    });
    let [aside] = recovered.as_slice() else { panic!("{recovered:?}") };
    assert!(fs::read_to_string(aside).unwrap().starts_with("not a database at all, "));
    let log = format!("{}-wal", aside.display());
    assert_eq!(fs::read_to_string(log).unwrap(), "its log");
    assert_eq!(place.store().last_seq().unwrap(), 8);
    let is_aside =
        |name: &&String| name.contains("corrupt") && !name.ends_with("-wal") && !name.ends_with("-shm");
    assert_eq!(names(&place).iter().filter(is_aside).count(), 1);
}

#[test]
fn a_cut_off_database_is_kept_aside() {
    let place = Place::new();
    let path = filled(&place);
    let content = fs::read(&path).unwrap();
    fs::write(&path, &content[..content.len() / 2]).unwrap();
    let opened = Store::open(&place.layout).unwrap();
    assert_eq!(fs::read(opened.recovered.unwrap()).unwrap(), content[..content.len() / 2]);
    assert_eq!(opened.store.last_seq().unwrap(), 0);
}

#[test]
fn damage_that_is_met_later_is_remembered_for_the_next_one_to_open() {
    let place = Place::new();
    let path = filled(&place);
    let mut content = fs::read(&path).unwrap();
    let middle = content.len() / 2;
    content[middle..].fill(0xff);
    fs::write(&path, &content).unwrap();

    let store = place.store();
    assert!(matches!(store.events_after(0, usize::MAX), Err(StoreError::Corrupt { .. })));
    drop(store);
    let opened = Store::open(&place.layout).unwrap();
    assert_eq!(fs::read(opened.recovered.unwrap()).unwrap(), content);
    assert_eq!(opened.store.last_seq().unwrap(), 0);
    assert!(!names(&place).contains(&"state.db.suspect".to_owned()));
}

#[test]
fn a_suspicion_that_proves_wrong_is_dropped() {
    let place = Place::new();
    filled(&place);
    fs::write(place.layout.root().join("state.db.suspect"), "").unwrap();
    let opened = Store::open(&place.layout).unwrap();
    assert_eq!((opened.recovered, opened.store.last_seq().unwrap()), (None, 1000));
    assert!(!names(&place).contains(&"state.db.suspect".to_owned()));
}

#[test]
fn a_writer_goes_on_with_the_database_that_took_the_place_of_its_own() {
    let place = Place::new();
    let mut store = place.store();
    store.write(|tx| append(tx, &json!({}))).unwrap();
    fs::rename(place.layout.root(), place.folder.path().join("elsewhere")).unwrap();
    assert_eq!(store.write(|tx| append(tx, &json!({}))).unwrap(), 1);
    assert_eq!(place.store().last_seq().unwrap(), 1);
}

#[test]
fn a_database_that_cannot_be_written_is_an_error_that_names_it() {
    let place = Place::new();
    drop(place.store());
    let root = place.layout.root();
    let children = names(&place);
    for name in &children {
        fs::set_permissions(root.join(name), Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(root, Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(place.folder.path(), Permissions::from_mode(0o755)).unwrap();
    let mut command = command("open", place.folder.path(), "");
    if rustix::process::geteuid().is_root() {
        // Nothing is read-only to root.
        command.uid(65534);
    }
    let mut other = Other::of(command.stdin(Stdio::null()));
    let said = other.says().unwrap();
    assert!(said.starts_with("Store: ") && said.contains("cannot be written"), "{said}");
    assert!(said.contains(&root.display().to_string()) && said.contains("permission"), "{said}");
    fs::set_permissions(root, Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_full_database_is_an_error_and_the_transaction_leaves_nothing() {
    let place = Place::new();
    let mut store = place.store();
    store.write(|tx| append(tx, &json!("kept"))).unwrap();
    let pages: i64 = setting(&store, "page_count").parse().unwrap();
    store.connection().pragma_update(None, "max_page_count", pages + 5).unwrap();

    let filler = json!("x".repeat(1000));
    let error = store.write(|tx| (0..100).try_for_each(|_| append(tx, &filler).map(drop))).unwrap_err();
    assert!(matches!(&error, StoreError::Disk { path, .. } if *path == place.layout.database()), "{error:?}");
    assert!(matches!(error.hint(), Hint::Advice(text) if text.starts_with("free some space")));
    assert_eq!(store.last_seq().unwrap(), 1);

    store.connection().pragma_update(None, "max_page_count", pages + 1000).unwrap();
    store.write(|tx| (0..100).try_for_each(|_| append(tx, &filler).map(drop))).unwrap();
    assert_eq!(store.last_seq().unwrap(), 101);
}

#[test]
fn a_database_that_stays_locked_is_an_error_that_names_it() {
    let place = Place::new();
    let holder = place.store();
    holder.connection().execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut store = place.store();
    store.patience = Duration::from_millis(20);
    store.connection().busy_timeout(Duration::from_millis(10)).unwrap();
    let error = store.write(|tx| append(tx, &json!({}))).unwrap_err();
    assert!(matches!(&error, StoreError::Locked { path } if *path == place.layout.database()), "{error:?}");
    // Reading goes on beside a writer.
    assert_eq!(store.last_seq().unwrap(), 0);
    holder.connection().execute_batch("COMMIT").unwrap();
    assert_eq!(store.write(|tx| append(tx, &json!({}))).unwrap(), 1);
}

#[test]
fn a_watcher_cannot_write_and_needs_no_database() {
    let place = Place::new();
    assert!(Store::read_only(&place.layout).unwrap().is_none());
    assert!(!place.layout.root().exists());
    place.store().write(|tx| append(tx, &json!({}))).unwrap();
    let reader = Store::read_only(&place.layout).unwrap().unwrap();
    assert_eq!(reader.last_seq().unwrap(), 1);
    assert!(reader.connection().execute("DELETE FROM event", []).is_err());
}

#[test]
fn a_deleted_repository_does_not_come_back() {
    let place = Place::new();
    let mut store = place.store();
    fs::remove_dir_all(place.folder.path()).unwrap();
    let error = store.write(|tx| append(tx, &json!({}))).unwrap_err();
    assert!(matches!(&error, StoreError::Io { path, .. } if path == place.layout.root()), "{error:?}");
    assert!(LoopLock::acquire(&place.layout, &LoopId::generate()).is_err());
    assert!(!place.folder.path().exists());
}
