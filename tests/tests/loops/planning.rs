//! Plans as documents: converted, written from an idea or from what others wrote, and split.

use super::*;
use std::fs;

const COUPONS: &str = "# Coupons\n\nShoppers save money.\n\n### US-001: Add a table\nPriority: 1\n\nIn `db/`.\n\nAcceptance criteria:\n- [x] It is there: `test -f table`\n- [ ] It is empty\n\n### [x] US-002: Show it\nDepends on: US-001\n";

#[test]
fn a_plan_is_converted_beside_itself_and_back_and_nothing_is_written_over() {
    let sandbox = Sandbox::with_repository(&[("PLAN.md", COUPONS)]);
    let there = sandbox.alfine(&["plan", "to", "prd.json", "PLAN.md"]).expect(0);
    assert!(there.stdout.contains("PLAN.prd.json"), "{}", there.stdout);
    assert!(
        there.stderr.contains("not carried over: US-001: which of its criteria are ticked"),
        "{}",
        there.stderr
    );
    let prd: Value = serde_json::from_str(&sandbox.read("PLAN.prd.json")).unwrap();
    assert_eq!(
        (prd["project"].as_str(), prd["description"].as_str()),
        (Some("Coupons"), Some("Shoppers save money."))
    );
    let stories = prd["userStories"].as_array().unwrap();
    assert_eq!(stories[0]["acceptanceCriteria"], json!(["It is there: `test -f table`", "It is empty"]));
    assert_eq!((&stories[1]["passes"], &stories[1]["dependsOn"]), (&json!(true), &json!(["US-001"])));

    let taken = sandbox.alfine(&["plan", "to", "prd.json", "PLAN.md"]).expect(2);
    assert!(
        taken.stderr.contains("is there already") && taken.stderr.contains("--force"),
        "{}",
        taken.stderr
    );
    sandbox.alfine(&["plan", "to", "prd.json", "PLAN.md", "--force"]).expect(0);
    let over = sandbox.alfine(&["plan", "to", "md", "PLAN.md", "--out", "PLAN.md", "--force"]).expect(2);
    assert!(over.stderr.contains("over itself"), "{}", over.stderr);
    assert_eq!(sandbox.read("PLAN.md"), COUPONS, "the plan stays as it is");

    let back = sandbox.alfine(&["plan", "to", "md", "PLAN.prd.json", "--out", "-"]).expect(0);
    for line in [
        "# Coupons",
        "### [ ] US-001: Add a table",
        "- [ ] It is there: `test -f table`",
        "### [x] US-002: Show it",
        "Depends on: US-001",
    ] {
        assert!(back.stdout.lines().any(|printed| printed == line), "{line}\n{}", back.stdout);
    }
    sandbox.write("empty.md", "Only text.\n");
    let empty = sandbox.alfine(&["plan", "to", "md", "empty.md"]).expect(2);
    assert!(empty.stderr.contains("no task is found in empty.md"), "{}", empty.stderr);
    assert!(fs::metadata(sandbox.repo().join("empty.plan.md")).is_err());
}
