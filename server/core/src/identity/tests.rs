use super::*;
use crate::plan::parse_markdown;

fn plan(tasks: &[(&str, &str, &str)]) -> Plan {
    let line = |(id, title, text): &(&str, &str, &str)| match *id {
        "" => format!("- [ ] {title}\n{text}\n"),
        id => format!("### {id}: {title}\n\n{text}\n\n"),
    };
    parse_markdown(&format!("# Plan\n\n{}", tasks.iter().map(line).collect::<String>()))
}

/// What each task of the second document was, of those of the first that were begun: `=` sure, `?` perhaps, `-` new.
fn identified(before: &Plan, begun: &[&str], after: &Plan) -> String {
    let all = outline(before);
    let rows: Vec<Written> =
        all.iter().filter(|written| begun.contains(&written.id.0.as_str())).cloned().collect();
    let found = identify(after, &all, &rows);
    let one = |task: &Task| match found.of(&task.id) {
        Was::New => format!("{} -", task.id),
        Was::Same(old) => format!("{} = {old}", task.id),
        Was::Perhaps(old) => format!("{} ? {old}", task.id),
    };
    after.tasks.iter().map(one).collect::<Vec<_>>().join(", ")
}

const LONG: &str = "The table has a code, a percentage and the moment from which it is void.";
const OTHER: &str = "Whoever asks for a coupon that is void is told since when, in plain words.";

#[test]
fn another_plan_with_the_same_ids_has_new_tasks() {
    let before = plan(&[("T1", "Add coupon table", LONG), ("T2", "Reject expired coupons", "")]);
    let after = plan(&[("T1", "Draw the login page", ""), ("T2", "Send a mail after signing up", OTHER)]);
    assert_eq!(identified(&before, &["T1", "T2"], &after), "T1 -, T2 -");
}

#[test]
fn a_criterion_that_any_task_could_have_makes_no_task_the_same() {
    let before = plan(&[("T1", "Add coupon table", "- [ ] the tests pass: `make test`")]);
    let after = plan(&[("T1", "Draw the login page", "- [ ] the tests pass: `make test`")]);
    assert_eq!(identified(&before, &["T1"], &after), "T1 -");
}

#[test]
fn the_same_id_with_the_same_title_or_text_or_nearly_the_same_title_is_the_same_task() {
    let before = plan(&[("T1", "Add coupon table", LONG)]);
    for (title, text, is) in [
        ("Add coupon table", OTHER, "T1 = T1"),
        ("**Add** coupon  TABLE.", "", "T1 = T1"),
        ("Add cuopon table", "", "T1 = T1"),
        ("Add the coupon table", "", "T1 = T1"),
        ("Coupons, stored", LONG, "T1 = T1"),
        ("Coupons, stored", OTHER, "T1 -"),
    ] {
        assert_eq!(identified(&before, &["T1"], &plan(&[("T1", title, text)])), is, "{title}");
    }
}

#[test]
fn another_number_in_a_title_is_asked_about() {
    let before = plan(&[("T1", "Add endpoint version 1", "")]);
    assert_eq!(identified(&before, &["T1"], &plan(&[("T1", "Add endpoint version 2", "")])), "T1 ? T1");
}

#[test]
fn a_word_that_means_another_thing_is_asked_about() {
    for (was, is) in [
        ("Import orders from CSV", "Export orders from CSV"),
        ("Add login page", "Add logout page"),
        ("Enable the cache for users", "Disable the cache for users"),
        ("Encode the order lines", "Decode the order lines"),
        ("Add coupon table with tests", "Add coupon table and tests for it"),
    ] {
        let before = plan(&[("T1", was, OTHER)]);
        let identified = identified(&before, &["T1"], &plan(&[("T1", is, LONG)]));
        assert!(matches!(identified.as_str(), "T1 ? T1" | "T1 -"), "{was}: {identified}");
    }
    let before = plan(&[("T1", "Import orders from CSV", "")]);
    assert_eq!(identified(&before, &["T1"], &plan(&[("T1", "Import order from a CSV", "")])), "T1 = T1");
}

#[test]
fn equal_titles_with_ids_are_asked_about_when_one_is_inserted() {
    let before = plan(&[("T1", "Fix the tests", ""), ("T2", "Fix the tests", "")]);
    assert_eq!(identified(&before, &["T1"], &before), "T1 = T1, T2 -");
    let after =
        plan(&[("T1", "Fix the tests", ""), ("T2", "Fix the tests", ""), ("T3", "Fix the tests", "")]);
    assert_eq!(identified(&before, &["T1", "T2"], &after), "T1 ? T1, T2 ? T2, T3 -");
}

#[test]
fn inserted_and_renumbered_tasks_keep_their_own_state() {
    let before =
        plan(&[("T1", "Add login form", ""), ("T2", "Add logout form", ""), ("T3", "Write docs", "")]);
    let after = plan(&[
        ("T1", "Add signup form", ""),
        ("T2", "Add login form", ""),
        ("T3", "Add logout form", ""),
        ("T4", "Write docs", ""),
    ]);
    assert_eq!(identified(&before, &["T1", "T3"], &after), "T1 -, T2 = T1, T3 -, T4 = T3");
    let swapped =
        plan(&[("T1", "Add logout form", ""), ("T2", "Add login form", ""), ("T3", "Write docs", "")]);
    assert_eq!(identified(&before, &["T1", "T2"], &swapped), "T1 = T2, T2 = T1, T3 -");
}

#[test]
fn a_task_that_was_never_begun_does_not_inherit_the_state_of_one_that_is_gone() {
    let before = plan(&[("T1", "Add login form", ""), ("T2", "Add logout form", "")]);
    let after = plan(&[("T1", "Add logout form", "")]);
    assert_eq!(identified(&before, &["T1"], &after), "T1 -");
}

#[test]
fn equal_titles_are_told_apart_by_their_texts() {
    let before = plan(&[("T1", "Fix the tests", LONG), ("T2", "Fix the tests", OTHER)]);
    let after =
        plan(&[("T1", "Fix the tests", ""), ("T2", "Fix the tests", LONG), ("T3", "Fix the tests", OTHER)]);
    assert_eq!(identified(&before, &["T1", "T2"], &after), "T1 -, T2 = T1, T3 = T2");
}

#[test]
fn equal_titles_without_ids_are_asked_about_when_one_is_added() {
    let before = plan(&[("", "Fix the tests", ""), ("", "Fix the tests", "")]);
    assert_eq!(
        identified(&before, &["fix-the-tests"], &before),
        "fix-the-tests = fix-the-tests, fix-the-tests-2 -"
    );
    let after = plan(&[("", "Fix the tests", ""), ("", "Fix the tests", ""), ("", "Fix the tests", "")]);
    assert_eq!(
        identified(&before, &["fix-the-tests"], &after),
        "fix-the-tests ? fix-the-tests, fix-the-tests-2 -, fix-the-tests-3 -"
    );
}

#[test]
fn a_mended_typo_of_a_task_whose_id_is_its_title_is_the_same_task() {
    let before = plan(&[("", "Add cuopon table", ""), ("", "Write the docs", "")]);
    let after = plan(&[("", "Add coupon table", ""), ("", "Write the docs", "")]);
    assert_eq!(
        identified(&before, &["add-cuopon-table"], &after),
        "add-coupon-table = add-cuopon-table, write-the-docs -"
    );
    let before = plan(&[("T2", "Add cuopon table", "")]);
    let after = plan(&[("T1", "Draw the login page", ""), ("T3", "Add coupon table", "")]);
    assert_eq!(identified(&before, &["T2"], &after), "T1 -, T3 ? T2");
}

#[test]
fn rows_get_the_ids_of_their_tasks_and_give_way_where_they_have_none() {
    let before = plan(&[("T1", "Add coupon table", ""), ("T2", "Reject expired coupons", "")]);
    let after = plan(&[("T1", "Reject expired coupons", ""), ("T2", "Draw the login page", "")]);
    let rows = outline(&before);
    let renames = |rows: &[Written], plan: &Plan| {
        let mut all = identify(plan, rows, rows).renames(plan, rows);
        all.sort();
        all.into_iter().map(|(old, new)| format!("{old} > {new}")).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(renames(&rows, &after), "T1 > T1@1, T2 > T1");
    assert_eq!(renames(&rows, &before), "");
    // What gave way comes back with its document.
    let mut kept = rows.clone();
    kept[0].id = TaskId("T1@1".to_owned());
    kept[1].id = TaskId("T1".to_owned());
    assert_eq!(renames(&kept, &before), "T1 > T2, T1@1 > T1");
    assert_eq!(former(&TaskId("T1@1".to_owned()), &HashSet::from([TaskId("T1@1".to_owned())])).0, "T1@2");
}

#[test]
fn a_task_is_found_by_how_it_was_written_or_not_at_all() {
    let before = plan(&[("T1", "Add coupon table", LONG), ("T2", "Write docs", "")]);
    let written = Written::of(&before.tasks[0]);
    let found = |after: &Plan| find(after, &outline(&before), &written).map(|task| task.id.0.clone());
    assert_eq!(found(&before).as_deref(), Some("T1"));
    assert_eq!(found(&plan(&[("T7", "Add coupon table", "")])).as_deref(), Some("T7"));
    assert_eq!(found(&plan(&[("T1", "Draw the login page", "")])), None);
}
