//! What holds of a database and its repository, whoever died around them.

use crate::sandbox::Sandbox;

/// What holds of the database and the repository at any time at which nobody runs the loop.
///
/// # Panics
/// Where something of it does not hold.
#[track_caller]
pub fn check_records(sandbox: &Sandbox) {
    let path = sandbox.repo().join(".git/alfine/state.db");
    if !path.exists() {
        return;
    }
    let db = sandbox.database();
    let ask = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).expect("a sound database");
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).expect("a sound database");
        rows.map(|row| row.expect("a row")).collect()
    };
    assert_eq!(ask("PRAGMA integrity_check"), ["ok"]);
    assert!(ask("SELECT \"table\" FROM pragma_foreign_key_check").is_empty());
    assert_eq!(
        ask("SELECT CAST(count(*) - coalesce(max(seq), 0) + coalesce(min(seq), 1) - 1 AS TEXT) FROM event"),
        ["0"],
        "events have gaps"
    );
    for gaps in [
        "SELECT loop_id FROM iteration GROUP BY loop_id HAVING max(n) != count(*) OR min(n) != 1",
        "SELECT loop_id FROM run GROUP BY loop_id HAVING max(n) != count(*) OR min(n) != 1",
        "SELECT run.loop_id FROM run LEFT JOIN iteration ON iteration.loop_id = run.loop_id AND iteration.n = run.iteration WHERE iteration.n IS NULL",
    ] {
        assert!(ask(gaps).is_empty(), "{gaps}");
    }
    for checkpoint in ask("SELECT ref || ' ' || commit_id FROM checkpoint") {
        let (name, commit) = checkpoint.split_once(' ').expect("a ref and a commit");
        assert_eq!(sandbox.git(&["rev-parse", "--verify", name]), commit);
        sandbox.git(&["cat-file", "-e", &format!("{commit}^{{tree}}")]);
    }
}
