use super::*;
use crate::plan::{parse_markdown, read};
use std::fmt::Write;

fn shown(text: &str) -> Vec<String> {
    shown_of(text, &parse_markdown(text))
}

fn shown_of(text: &str, plan: &Plan) -> Vec<String> {
    let found = Detection::new(text, plan, &LintOptions::default());
    let one = |task: &Task, detected: &Detected| match &detected.by {
        Shared::Name(name) => format!("{} after {} by `{name}`", task.id, detected.on),
        Shared::Topic(topic) => format!("{} after {} by {topic}", task.id, detected.on),
    };
    plan.tasks.iter().flat_map(|task| found.of(&task.id).iter().map(|on| one(task, on))).collect()
}

/// What is found in a plan of tasks `T1`, `T2` …, each with its title, and its text behind a line's end.
fn found(tasks: &[&str]) -> Vec<String> {
    let mut text = "# Plan\n\n".to_owned();
    for (at, task) in tasks.iter().enumerate() {
        let (title, body) = task.split_once('\n').unwrap_or((task, ""));
        write!(text, "### T{}: {title}\n\n{body}\n\n", at + 1).unwrap();
    }
    shown(&text)
}

fn order_of(tasks: &[&str]) -> String {
    let text: String =
        tasks.iter().enumerate().map(|(at, task)| format!("### T{}: {task}\n\n", at + 1)).collect();
    let plan = parse_markdown(&text);
    let order = Detection::new(&text, &plan, &LintOptions::default()).order(&plan).unwrap();
    order.into_iter().map(|at| plan.tasks[at].id.0.clone()).collect::<Vec<_>>().join(" ")
}

#[test]
fn code_comes_after_the_migration_of_the_table_that_it_names() {
    for maker in [
        "Add the `coupons` table",
        "Create table `coupons`",
        "Migration for `coupons`",
        "Migration: create `coupons`",
        "`coupons` table",
        "Add a migration for the `coupons` table",
        "Add coupons table",
        "Store them\n- Create the `coupons` table with a code",
        "Store them\n- [ ] run `CREATE TABLE coupons (code text)`",
        "Store them\n- Create `db/migrations/003_create_coupons.sql`",
        "Write the migration that creates `coupons`",
        "Coupon migration\nA migration creates `coupons`.",
        "Database schema\n- Table `coupons`: code, percentage",
        "Add the tables for a sale\n- `coupons` table with a code",
    ] {
        for user in [
            "Reject expired ones\nReads `coupons.expires_at`.",
            "Reject `coupons` that are void",
            "Reject expired ones\n- [ ] None is left: `SELECT * FROM coupons`",
            "Reject expired ones\nLook into the coupons table.",
        ] {
            assert_eq!(found(&[maker, user]), ["T2 after T1 by `coupons`"], "{maker} / {user}");
        }
    }
}

#[test]
fn consumers_come_after_the_type_the_function_the_file_and_the_endpoint() {
    for (maker, user, name) in [
        ("Define the `Coupon` type", "Show it\nTakes a `Coupon`.", "Coupon"),
        ("Add struct `CouponStore`", "Redeem\nBy `CouponStore::redeem`.", "CouponStore"),
        ("Create the Book model", "List them\nReturns `Vec<Book>`.", "Book"),
        ("Write the class CouponStore", "Redeem\nCall CouponStore for that.", "CouponStore"),
        ("Define types `Coupon` and `Discount`", "Show\nOf a `Discount`.", "Discount"),
        ("Parse\nImplement `parse_header` for that.", "Read\nCall `parse_header()` first.", "parse_header"),
        (
            "Keep quiet\n- Produces: `class QuietReporter`",
            "Flag\n- Consumes: `QuietReporter`",
            "QuietReporter",
        ),
        ("Create `src/coupon.rs`", "Redeem\nIn `src/coupon.rs`.", "src/coupon.rs"),
        ("Quiet\n- Create: `src/quiet.py`", "Flag\n- Modify: `src/quiet.py:40-52`", "src/quiet.py"),
        ("Create the reader in src/reader.py", "Skip lines in src/reader.py", "src/reader.py"),
        ("Create CouponMailer service", "Redeem\nCalls CouponMailer.", "CouponMailer"),
        ("Create CouponMailer and its texts", "Redeem\n`CouponMailer#redeemed` is called.", "CouponMailer"),
        ("Create CouponCard UI components", "Show each in a CouponCard", "CouponCard"),
        (
            "Store\n- Create migration for coupons table with columns: code",
            "Add a column to the coupons table",
            "coupons",
        ),
        ("Cron\n- Create src/app/api/cron/route.ts", "Call it\nEach hour /api/cron is called.", "/api/cron"),
        ("Add `POST /coupons`", "Form\nSends `POST /coupons`.", "POST /coupons"),
        ("Add the POST /coupons endpoint", "Form\nSends a POST /coupons/ to it.", "POST /coupons"),
        ("Add endpoint `GET /api/coupons`", "Page\nLoads `/api/coupons`.", "/api/coupons"),
    ] {
        assert_eq!(found(&[maker, user]), [format!("T2 after T1 by `{name}`")], "{maker} / {user}");
    }
}

#[test]
fn endpoints_come_before_pages_and_tables_before_both() {
    assert_eq!(
        found(&[
            "Add coupon table",
            "Coupon API",
            "Add a coupons page",
            "Page for orders",
            "Order history page"
        ]),
        ["T2 after T1 by coupon", "T3 after T2 by coupon"]
    );
    assert_eq!(
        found(&["Create reviews database schema", "Create reviews API - GET coach reviews"]),
        ["T2 after T1 by review"]
    );
    assert_eq!(found(&["Add coupon table", "Form for coupons"]), ["T2 after T1 by coupon"]);
    for others in [
        ["Document the coupon API", "Coupon page"],
        ["Add coupon page", "Coupon API"],
        ["Add the main API", "Main page"],
        ["Test the coupons endpoint", "Coupon form"],
        ["Add coupon table and page", "Coupon form"],
        ["Add user table", "Update the user page"],
    ] {
        assert_eq!(found(&others), Vec::<String>::new(), "{others:?}");
    }
}

#[test]
fn a_name_alone_is_no_dependency() {
    for others in [
        // Both change it.
        ["Sort `coupons` by date", "Filter `coupons` by code"],
        ["Add `code` to `coupons`", "Show `coupons` and `code`"],
        ["Add validation to `POST /coupons`", "Call `POST /coupons`"],
        // A word of many meanings, a command, a flag.
        ["Add the `status` type", "Show the `status`"],
        ["Add the `test` module", "Run it\n- [ ] passes: `npm test`"],
        ["Add `--quiet` flag", "Say in the manual what `--quiet` does"],
        // What is not needed.
        ["Add the `coupons` table", "Do without\nDoes not touch `coupons`."],
        ["Add the `coupons` table", "Like it\nBuild it like `coupons`, with other columns."],
        ["Create class `CouponStore`", "Mock\nUse a stub of `CouponStore`."],
        // Code that is text, and a button that makes a row.
        ["Add the `coupons` table", "Text\n```sql\nSELECT * FROM `coupons`\n```"],
        ["Add a button to create `coupons`", "List `coupons`"],
        ["Show them\nTable `coupons` has them.", "List `coupons`"],
        ["Add a page\nIts button adds `coupons`.", "List `coupons`"],
        ["Add component for `Coupon`", "Show each `Coupon`"],
        // A brand, and another endpoint.
        ["Add GitHub login", "Write a GitHub action"],
        ["Implement WhatsApp notifications", "Say in the manual how WhatsApp is set up"],
        ["Build the iOS app", "Test on iOS"],
        ["Add `GET /coupons`", "Send `POST /coupons`"],
        ["Add `GET /coupons`", "Add page at `/coupons`"],
    ] {
        assert_eq!(found(&others), Vec::<String>::new(), "{others:?}");
    }
    // Which of them is meant is not known.
    let twice = ["Create `config.toml`", "Create `config.toml` again", "Read\nOf `config.toml`."];
    assert_eq!(found(&twice), Vec::<String>::new());
}

#[test]
fn who_says_what_it_depends_on_has_the_last_word() {
    let with = |field: &str| {
        shown(&format!(
            "### T1: Add table `coupons`\n\n### T2: B\n\n### T3: C\n{field}\n\nReads `coupons`.\n"
        ))
    };
    assert_eq!(with(""), ["T3 after T1 by `coupons`"]);
    for said in ["Depends on: T2", "Depends on: none", "Depends on: -", "Requires: none"] {
        assert_eq!(with(said), Vec::<String>::new(), "{said}");
    }
    assert_eq!(shown("1. [ ] Add table `coupons`\n2. [ ] Read `coupons`\n"), Vec::<String>::new());
    let json = |waits: &str| {
        let text = format!(
            "{{\"userStories\": [{{\"id\": 1, \"title\": \"Add table `coupons`\", \"passes\": false}}, \
             {{\"id\": 2, \"title\": \"Read `coupons`\", {waits}\"passes\": false}}]}}"
        );
        shown_of(&text, &read("prd.json", &text))
    };
    assert_eq!(json(""), ["2 after 1 by `coupons`"]);
    assert_eq!(json("\"dependsOn\": null, "), ["2 after 1 by `coupons`"]);
    assert_eq!(json("\"dependsOn\": [], "), Vec::<String>::new());
    let done = "- [x] T1: Add table `coupons`\n- [ ] T2: Read `coupons`\n";
    assert_eq!(shown(done), Vec::<String>::new());
}

#[test]
fn the_order_is_turned_around_only_where_the_reason_is_sure() {
    assert_eq!(order_of(&["Read `coupons`", "Add the `coupons` table"]), "T2 T1");
    assert_eq!(order_of(&["Show a `Coupon`", "B", "Define the `Coupon` type"]), "T2 T3 T1");
    for written in [
        // Only text says what it makes, or the topic is the same.
        ["Read `coupons`", "Store\n- Create the `coupons` table"],
        ["Coupon page", "Coupon API"],
        // The old one goes first, or somebody has said so.
        ["Drop `coupons`", "Create table `coupons`"],
        ["Read `coupons`\nPriority: 1", "Add the `coupons` table\nPriority: 2"],
        // Each names what the other one makes.
        ["Create class `CouponStore`\nOf the `coupons`.", "Create table `coupons`\nOf a `CouponStore`."],
    ] {
        assert_eq!(order_of(&written), "T1 T2", "{written:?}");
    }
    // In a circle with what is said.
    let said = ["Read `coupons`", "Add the `coupons` table\nDepends on: T1"];
    assert_eq!(order_of(&said), "T1 T2");
    let parts = "## A\n### T1: Read `coupons`\n## B\n### T2: Add the `coupons` table\n";
    let plan = parse_markdown(parts);
    assert_eq!(plan.tasks[0].group.as_ref().map(|group| group.value.as_str()), Some("A"));
    assert_eq!(shown(parts), Vec::<String>::new());
}

#[test]
fn it_takes_linear_time_and_no_name_ties_a_whole_plan_together() {
    let task = |at: usize| match at {
        0 => "### T0: Add the `coupons` table\n\n".to_owned(),
        at if at % 2 == 0 => format!("### T{at}: Read it\n\nSee `src/a{}.rs`.\n\n", at - 1),
        _ => format!("### T{at}: Read `coupons` for `Case{at}Type`\n\nCreate `src/a{at}.rs`.\n\n"),
    };
    let text: String = (0..10_000).map(task).collect();
    let plan = parse_markdown(&text);
    let began = std::time::Instant::now();
    let found = shown_of(&text, &plan);
    assert_eq!(found.iter().filter(|line| line.ends_with("by `coupons`")).count(), MOST_OF_NAME);
    assert_eq!(found.iter().filter(|line| line.ends_with(".rs`")).count(), 4_999);
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_plan_keeps_an_order(parts in proptest::collection::vec((0..6usize, 0..6usize, 0..4usize), 2..9)) {
        let kinds = ["Create table", "Define the type", "Read", "Create class"];
        let task = |(at, (makes, reads, kind)): (usize, &(usize, usize, usize))| {
            let on = if makes == reads { format!("Depends on: T{}\n", at / 2) } else { String::new() };
            format!("### T{at}: {} `Name{makes}`\n{on}\nSee `Name{reads}`.\n\n", kinds[*kind])
        };
        let text: String = parts.iter().enumerate().map(task).collect();
        let plan = parse_markdown(&text);
        if let Ok(written) = order(&plan) {
            let found = Detection::new(&text, &plan, &LintOptions::default());
            let order = found.order(&plan).unwrap();
            proptest::prop_assert_eq!(order.len(), written.len());
            let place = |id: &TaskId| order.iter().position(|&at| plan.tasks[at].id == *id);
            for task in &plan.tasks {
                for on in found.of(&task.id) {
                    proptest::prop_assert!(place(&on.on) < place(&task.id));
                }
            }
        }
    }
}
