//! Money of whole plans: what is refused, what goes on when it is raised, and what the ledger says of it.

use super::*;
use crate::plans::status_of;

/// Six tasks that wait for nothing, each done by one run of the agent that costs 30 cents.
fn six() -> Sandbox {
    let titles = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth"];
    let mut plan = "# Plan\n".to_owned();
    let parts: Vec<Value> = titles
        .iter()
        .enumerate()
        .map(|(at, title)| {
            plan.push_str(&format!("\n### T{}: {title}\n", at + 1));
            let run = json!([write(&format!("{title}.txt"), title), ready(), {"result": {"cost": 0.3, "input": 100}}]);
            json!({"prompt": format!("{title}\n"), "runs": [run]})
        })
        .collect();
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", &plan)]);
    sandbox.fake_agent(&json!({"parts": parts}));
    sandbox.settings("on_done = \"merge\"\n");
    sandbox
}

fn merged(sandbox: &Sandbox) -> usize {
    (1..=6).filter(|n| status_of(sandbox, &format!("T{n}")) == "merged").count()
}

/// What the ledger says that agents cost, in cents, by anything.
fn spent(sandbox: &Sandbox, by: &str) -> Vec<(String, i64)> {
    let ran = sandbox.alfine(&["cost", "--by", by, "--json"]).expect(0);
    let told: Value = serde_json::from_str(&ran.stdout).unwrap();
    let sums = told["sums"].as_array().unwrap().iter();
    sums.map(|sum| {
        (sum["name"].as_str().unwrap().to_owned(), (sum["costUsd"].as_f64().unwrap() * 100.0).round() as i64)
    })
    .collect()
}

#[test]
fn the_fourth_run_of_thirty_cents_is_not_begun_for_a_dollar() {
    for at_a_time in ["1", "4"] {
        let sandbox = six();
        let ran = sandbox.alfine(&["run", "PLAN.md", "-j", at_a_time, "--budget", "1"]);
        assert_eq!(ran.code(), 4, "{ran:?}");
        assert_eq!((sandbox.agent_runs().len(), merged(&sandbox)), (3, 3), "{at_a_time}: {ran:?}");
        assert!(ran.stdout.contains("nothing more is begun: the plan's budget of $1.00"), "{}", ran.stdout);
        assert!(ran.stdout.contains("alfine continue PLAN.md --budget 2"), "{}", ran.stdout);
        let status = sandbox.alfine(&["status", "PLAN.md"]).expect(0).stdout;
        assert!(status.contains("$0.90 of $1.00 · out of budget"), "{status}");
        // Going on without more money begins nothing.
        sandbox.alfine(&["continue", "PLAN.md"]);
        assert_eq!(sandbox.agent_runs().len(), 3, "{at_a_time}");
        let ran = sandbox.alfine(&["continue", "PLAN.md", "--budget", "2"]).expect(0);
        assert_eq!((sandbox.agent_runs().len(), merged(&sandbox)), (6, 6), "{at_a_time}: {ran:?}");
        assert_eq!(spent(&sandbox, "plan"), [("PLAN.md".to_owned(), 180)]);
        assert_eq!(spent(&sandbox, "agent"), [("claude".to_owned(), 180)]);
        assert_eq!(spent(&sandbox, "task").len(), 6);
        assert_eq!(spent(&sandbox, "day").iter().map(|(_, cents)| cents).sum::<i64>(), 180);
    }
}

#[test]
fn a_budget_of_the_front_matter_and_one_of_the_day_hold_too() {
    let sandbox = six();
    let plan = sandbox.read("PLAN.md");
    sandbox.write("PLAN.md", &format!("---\nbudget: $0.50\n---\n{plan}"));
    let ran = sandbox.alfine(&["run", "PLAN.md"]);
    assert_eq!((ran.code(), sandbox.agent_runs().len()), (4, 1), "{ran:?}");

    let sandbox = six();
    sandbox.write("alfine.toml", "[budget]\nday_usd = 0.7\n");
    let ran = sandbox.alfine(&["run", "PLAN.md"]);
    assert_eq!((ran.code(), sandbox.agent_runs().len()), (4, 2), "{ran:?}");
    assert!(ran.stdout.contains("raise `budget.day_usd` in your settings"), "{}", ran.stdout);
    // A task that is started alone is under the day's budget as well, and says so.
    let ran = sandbox.alfine(&["run", "PLAN.md#T5"]);
    assert_eq!((ran.code(), sandbox.agent_runs().len()), (4, 2), "{ran:?}");
    assert!(ran.stdout.contains("the day's budget of $0.70"), "{}", ran.stdout);
    sandbox.write("alfine.toml", "[budget]\nday_usd = 7\n");
    sandbox.alfine(&["continue", "PLAN.md#T5"]).expect(0);
    assert_eq!(status_of(&sandbox, "T5"), "merged");
}

#[test]
fn an_agent_that_tells_no_cost_is_asked_about_once_and_then_priced() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", "# Plan\n\n### T1: First\n")]);
    let step = |file: &str| json!([write("a", file), not_ready(), {"result": {"input": 1_000_000, "output": 100_000, "no_cost": true}}]);
    sandbox.fake_agent(&json!({"runs": [step("1"), step("2"), step("3")]}));
    sandbox.settings("[budget]\nplan_usd = 10\n[limits]\niterations = 3\n");
    let ran = sandbox.alfine(&["run", "PLAN.md#T1"]);
    assert_eq!((ran.code(), sandbox.agent_runs().len()), (4, 1), "{ran:?}");
    assert!(ran.stdout.contains("`agents.claude.price`"), "{}", ran.stdout);
    sandbox.settings("[agents.claude.price]\ninput = 3.0\noutput = 15.0\n");
    let ran = sandbox.alfine(&["continue", "PLAN.md#T1"]);
    assert_eq!(sandbox.agent_runs().len(), 3, "{ran:?}");
    // Two runs at a million tokens read for 3 dollars, and a tenth of that written for 15.
    assert_eq!(spent(&sandbox, "task"), [("PLAN.md#T1".to_owned(), 900)]);
}
