//! Plans that land on a branch of their run's own, and are merged as a whole.

use super::*;
use crate::plan_runs::{DIAMOND, diamond, run_of};
use crate::plans::status_of;

const TWO: &str = "# Shop\n\n### T1: Write a\n- [ ] It is there: `test -f a.txt`\n\n### T2: Write b\n\
                   - [ ] It is there: `test -f b.txt`\n";

/// A repository with a plan of two tasks, each of which writes a file.
fn two(plan: (&str, &str)) -> Sandbox {
    let mut sandbox = Sandbox::with_repository(&[plan, ("shared.txt", "old\n")]);
    let part = |name: &str| {
        let file = format!("{name}.txt");
        json!({"prompt": format!("Write {name}\n"), "runs": [[write(&file, name), ready()]]})
    };
    sandbox.fake_agent(&json!({"parts": [part("a"), part("b"), part("c")]}));
    sandbox
}

fn head(sandbox: &Sandbox) -> String {
    sandbox.git(&["rev-parse", "HEAD"])
}

#[test]
fn tasks_land_on_a_branch_of_the_run_until_the_whole_is_merged() {
    let sandbox = diamond("max_parallel = 4\narchive = true\n");
    let (before, plan) = (head(&sandbox), sandbox.read("PLAN.md"));
    let ran = sandbox.alfine(&["run", "PLAN.md", "--trust", "--branch"]).expect(0);
    assert!(ran.stdout.contains("`alfine merge PLAN.md` merges it"), "{}", ran.stdout);
    for (id, _) in DIAMOND {
        assert_eq!(status_of(&sandbox, id), "merged", "{id}");
    }
    assert_eq!((head(&sandbox), sandbox.read("PLAN.md")), (before, plan));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    assert!(!sandbox.repo().join(".alfine/archive").exists(), "it is not over before it is merged");
    assert!(!sandbox.git(&["show", "alfine-runs/PLAN:PLAN.md"]).contains("[ ]"));
    let run = run_of(&sandbox);
    assert_eq!((&run["state"], &run["branch"]), (&json!("over"), &json!("alfine-runs/PLAN")));
    let status = sandbox.alfine(&["status"]).expect(0).stdout;
    assert!(status.contains("merge the whole: alfine merge PLAN.md"), "{status}");
    let again = sandbox.alfine(&["run", "PLAN.md"]).expect(0).stdout;
    assert!(again.contains("every task is done") && !again.contains("its box is open"), "{again}");

    let merged = sandbox.alfine(&["merge", "PLAN.md"]).expect(0).stdout;
    assert!(merged.contains("PLAN.md is merged into main: 12 tasks"), "{merged}");
    assert!(merged.contains("it is archived in .alfine/archive/"), "{merged}");
    for (id, _) in DIAMOND {
        assert!(sandbox.read(&format!("{id}.txt")).ends_with(&format!("{id}\n")));
    }
    assert!(!sandbox.read("PLAN.md").contains("[ ]"));
    assert_eq!(sandbox.git(&["status", "--porcelain", "--", ":!.alfine"]), "");
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s"]), "feat: [PLAN.md] Plan");
    assert_eq!(run_of(&sandbox)["branch"], json!(null));
    let twice = sandbox.alfine(&["merge", "PLAN.md"]).expect(2).stderr;
    assert!(twice.contains("has no branch of its own"), "{twice}");
    let reason = sandbox.task("PLAN.md#T12")["reason"].clone();
    assert!(reason.as_str().unwrap().contains("into main"), "{reason}");
}

#[test]
fn the_whole_is_merged_only_if_the_checks_of_all_tasks_hold_together() {
    let plan = TWO.replace("test -f a.txt", "test -f a.txt && grep -q old shared.txt");
    let sandbox = two(("PLAN.md", &plan));
    sandbox.settings("lands = \"branch\"\n");
    sandbox.alfine(&["run", "PLAN.md", "--trust"]).expect(0);
    sandbox.write("shared.txt", "new\n");
    sandbox.git(&["commit", "-qam", "Renew it"]);
    let before = head(&sandbox);
    let refused = sandbox.alfine(&["merge", "PLAN.md"]);
    assert_eq!(refused.code(), 2, "{}{}", refused.stdout, refused.stderr);
    assert!(
        refused.stderr.contains("grep -q old shared.txt") && refused.stderr.contains("fails"),
        "{}",
        refused.stderr
    );
    assert_eq!(head(&sandbox), before);
    assert_eq!(run_of(&sandbox)["branch"], "alfine-runs/PLAN");

    sandbox.write("shared.txt", "old\n");
    sandbox.git(&["commit", "-qam", "Take it back"]);
    sandbox.alfine(&["merge", "PLAN.md", "--json"]).expect(0);
    assert_eq!(sandbox.read("a.txt"), "a");
    assert_eq!(sandbox.read("shared.txt"), "old\n");
}

#[test]
fn what_conflicts_or_is_in_the_way_stays_as_it_is() {
    let sandbox = two(("PLAN.md", &format!("---\nlands: branch\n---\n{TWO}")));
    sandbox.alfine(&["run", "PLAN.md", "--trust"]).expect(0);
    sandbox.write("a.txt", "mine");
    let before = head(&sandbox);
    let refused = sandbox.alfine(&["merge", "PLAN.md"]);
    assert!(refused.code() != 0 && refused.stderr.contains("a.txt"), "{}", refused.stderr);
    assert_eq!((head(&sandbox), sandbox.read("a.txt")), (before, "mine".to_owned()));
    sandbox.git(&["add", "a.txt"]);
    sandbox.git(&["commit", "-qm", "Mine"]);
    let refused = sandbox.alfine(&["merge", "PLAN.md"]).expect(2).stderr;
    assert!(refused.contains("alfine-runs/PLAN conflicts with main in a.txt"), "{refused}");
    assert!(refused.contains("merge main into alfine-runs/PLAN with git"), "{refused}");
}

#[test]
fn a_run_goes_on_on_its_branch_and_a_later_task_begins_there() {
    let plan = TWO.replace("### T2: Write b\n", "### T2: Write b\nDepends on: T1\n");
    let sandbox = two(("PLAN.md", &plan));
    sandbox.alfine(&["run", "PLAN.md", "--trust", "--branch"]).expect(0);
    let more = "\n### T3: Write c\nDepends on: T2\n- [ ] It is there: `test -f b.txt && test -f c.txt`\n";
    sandbox.write("PLAN.md", &format!("{plan}{more}"));
    sandbox.git(&["commit", "-qam", "One more"]);
    // It begins where the others are, and not from what is checked out.
    assert_eq!(status_of(&sandbox, "T3"), "ready");
    let ran = sandbox.alfine(&["run", "PLAN.md", "--trust", "--branch"]);
    assert_eq!(status_of(&sandbox, "T3"), "merged", "{}{}", ran.stdout, ran.stderr);
    sandbox.alfine(&["merge", "PLAN.md"]).expect(0);
    assert_eq!((sandbox.read("b.txt"), sandbox.read("c.txt")), ("b".to_owned(), "c".to_owned()));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn the_branch_that_a_plan_names_is_taken_unless_it_is_somebody_elses() {
    let prd = |branch: &str| {
        format!(
            "{{\n  \"project\": \"Shop\",\n  \"branchName\": \"{branch}\",\n  \"userStories\": [\n    {{\"id\": \"T1\", \
             \"title\": \"Write a\", \"acceptanceCriteria\": [\"`test -f a.txt`\"], \"passes\": false}}\n  ]\n}}\n"
        )
    };
    let sandbox = two(("prd.json", &prd("ralph/shop")));
    sandbox.git(&["branch", "ralph/shop"]);
    let refused = sandbox.alfine(&["run", "prd.json", "--trust", "--branch"]).expect(2).stderr;
    assert!(refused.contains("there is a branch ralph/shop already"), "{refused}");
    sandbox.git(&["branch", "-D", "ralph/shop"]);
    for (named, said) in [("main", "main is checked out"), ("a..b", "is no name of a branch")] {
        sandbox.write("prd.json", &prd(named));
        let refused = sandbox.alfine(&["run", "prd.json", "--trust", "--branch"]).expect(2).stderr;
        assert!(refused.contains(said), "{refused}");
    }
    sandbox.write("prd.json", &prd("ralph/shop"));
    sandbox.alfine(&["run", "prd.json", "--trust", "--branch"]).expect(0);
    assert_eq!(sandbox.git(&["show", "ralph/shop:a.txt"]), "a");
    assert!(sandbox.git(&["show", "ralph/shop:prd.json"]).contains("\"passes\": true"));
    sandbox.alfine(&["merge", "prd.json"]).expect(0);
    assert!(sandbox.read("prd.json").contains("\"passes\": true"));
    let alone = sandbox.alfine(&["run", "prd.json#T1", "--branch"]).expect(2).stderr;
    assert!(alone.contains("leave --branch out"), "{alone}");
}

#[test]
fn without_its_branch_a_run_begins_nothing_and_lands_nowhere_else() {
    let plan = TWO.replace("test -f b.txt", "test -f never.txt");
    let sandbox = two(("PLAN.md", &plan));
    let before = head(&sandbox);
    sandbox.alfine(&["run", "PLAN.md", "--trust", "--branch", "-i", "1"]);
    assert_eq!(["T1", "T2"].map(|id| status_of(&sandbox, id)), ["merged", "stopped"]);
    sandbox.git(&["branch", "-D", "alfine-runs/PLAN"]);
    for arguments in [&["run", "PLAN.md", "--trust"][..], &["merge", "PLAN.md"]] {
        let refused = sandbox.alfine(arguments);
        assert!(refused.code() != 0 && refused.stderr.contains("alfine-runs/PLAN"), "{refused:?}");
    }
    assert_eq!(head(&sandbox), before);
}

#[test]
fn a_plan_is_said_to_be_merged_only_of_work_that_is_there() {
    let sandbox = two(("PLAN.md", TWO));
    sandbox.alfine(&["run", "PLAN.md", "--trust", "--branch"]).expect(0);
    let tip = sandbox.git(&["rev-parse", "alfine-runs/PLAN"]);
    let itself = sandbox.alfine(&["merge", "PLAN.md", "--into", "alfine-runs/PLAN"]).expect(2).stderr;
    assert!(itself.contains("is where PLAN.md is already"), "{itself}");
    sandbox.git(&["branch", "-f", "alfine-runs/PLAN", "main"]);
    let refused = sandbox.alfine(&["merge", "PLAN.md"]).expect(2).stderr;
    assert!(
        refused.contains("its work is not there any more") && refused.contains("git reflog"),
        "{refused}"
    );
    assert!(sandbox.read("PLAN.md").contains("[ ]"));
    sandbox.git(&["branch", "-f", "alfine-runs/PLAN", &tip]);
    // By hand it can be merged, too, but not taken back.
    sandbox.git(&["merge", "-q", "alfine-runs/PLAN"]);
    let merged = head(&sandbox);
    sandbox.git(&["rm", "-q", "a.txt"]);
    sandbox.git(&["commit", "-qm", "Take it back"]);
    let refused = sandbox.alfine(&["merge", "PLAN.md"]).expect(2).stderr;
    assert!(refused.contains("test -f a.txt fails"), "{refused}");
    sandbox.git(&["reset", "-q", "--hard", merged.trim()]);
    sandbox.alfine(&["merge", "PLAN.md"]).expect(0);
    assert_eq!(run_of(&sandbox)["branch"], json!(null));
}

#[test]
fn what_is_not_done_when_the_whole_is_merged_still_lands_on_its_branch_and_can_be_merged_after_it() {
    let sandbox = two(("PLAN.md", &TWO.replace("`test -f b.txt`", "`test -f b.txt && test -f go.txt`")));
    sandbox.alfine(&["run", "PLAN.md", "--trust", "--branch", "-i", "1"]);
    assert_eq!(["T1", "T2"].map(|id| status_of(&sandbox, id)), ["merged", "stopped"]);
    let merged = sandbox.alfine(&["merge", "PLAN.md"]).expect(0).stdout;
    assert!(
        merged.contains("1 task; not among them: T2 (stopped)") && merged.contains("stays for these"),
        "{merged}"
    );
    let worktree = sandbox.task("PLAN.md#T2")["worktree"].as_str().unwrap().to_owned();
    std::fs::write(std::path::Path::new(&worktree).join("go.txt"), "").unwrap();
    sandbox.alfine(&["continue", "PLAN.md#T2", "--max-iterations", "5"]).expect(0);
    assert_eq!(status_of(&sandbox, "T2"), "merged");
    assert!(!sandbox.repo().join("b.txt").exists());
    sandbox.alfine(&["merge", "PLAN.md"]).expect(0);
    assert_eq!(sandbox.read("b.txt"), "b");
    assert!(!sandbox.read("PLAN.md").contains("[ ]"));
}

#[test]
fn a_plan_on_its_branch_is_not_run_half_on_another_one() {
    let sandbox = two(("PLAN.md", TWO));
    let before = head(&sandbox);
    let one = sandbox.alfine(&["run", "PLAN.md", "--trust", "--branch", "-1"]).expect(2).stderr;
    assert!(one.contains("as a whole"), "{one}");
    sandbox.alfine(&["run", "PLAN.md", "--trust", "--branch"]).expect(0);
    let plan = sandbox.read("PLAN.md");
    sandbox.write("PLAN.md", &format!("{plan}\n### T3: Write c\n- [ ] It is there: `test -f c.txt`\n"));
    sandbox.git(&["commit", "-qam", "One more"]);
    sandbox.settings("on_done = \"merge\"\n");
    sandbox.alfine(&["run", "PLAN.md", "--trust"]).expect(0);
    assert_eq!(sandbox.git(&["show", "alfine-runs/PLAN:c.txt"]), "c");
    assert_eq!(sandbox.git(&["rev-parse", "HEAD^"]), before);
    sandbox.alfine(&["merge", "PLAN.md"]).expect(0);
    assert_eq!(sandbox.read("c.txt"), "c");
}
