//! The schema's description tells the truth.

use super::*;
use rusqlite::Connection;

const SCHEMA: &str = include_str!("../SCHEMA.md");

/// Tables and columns in the order of the text.
fn documented() -> Vec<(String, Vec<String>)> {
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for line in SCHEMA.lines() {
        if let Some(name) = line.strip_prefix("## ") {
            tables.push((name.to_owned(), Vec::new()));
        } else if let Some((column, meaning)) =
            line.strip_prefix("| ").and_then(|rest| rest.split_once(" | "))
            && meaning != "meaning |"
        {
            assert!(meaning.trim_end_matches(" |").len() > 2, "{line}");
            tables.last_mut().unwrap().1.push(column.to_owned());
        }
    }
    tables
}

#[test]
fn every_table_and_column_is_documented_and_no_other() {
    let place = Place::new();
    let store = place.store();
    let ledger = Ledger::open(&place.folder.path().join("state")).unwrap();
    let real = [store.connection(), ledger.connection()].map(tables_of).concat();
    assert_eq!(documented(), real);
}

fn tables_of(connection: &Connection) -> Vec<(String, Vec<String>)> {
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let tables = texts(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    );
    tables
        .into_iter()
        .map(|table| {
            let columns = texts(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"));
            (table, columns)
        })
        .collect()
}
