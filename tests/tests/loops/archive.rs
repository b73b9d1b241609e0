//! What is kept of a plan that is over.

use super::*;
use std::fs;

const TWO: &str = "# Coupons\n\n### US-001: Add a table\n\nAcceptance criteria:\n- [ ] Right: `test -e a.txt`\n\n\
    ### US-002: Read the table\nDepends on: US-001\n\nAcceptance criteria:\n- [ ] Right: `test -e b.txt`\n";

fn archives(sandbox: &Sandbox) -> Vec<String> {
    let folders = fs::read_dir(sandbox.repo().join(".alfine/archive")).into_iter().flatten().flatten();
    let mut names: Vec<String> = folders.map(|it| it.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn parts() -> Value {
    let said = |file: &str| json!({"gate": {"ready": true, "progress": format!("Wrote {file}.")}});
    json!({"parts": [
        {"prompt": "Add a table\n", "runs": [[write("a.txt", "1\n"), not_ready()], [write("a.txt", "2\n"), said("a.txt")]]},
        {"prompt": "Read the table\n", "runs": [[write("b.txt", "1\n"), said("b.txt")]]},
        {"prompt": "Another one\n", "runs": [[write("c.txt", "1\n"), said("c.txt")]]},
    ]})
}

#[test]
fn a_plan_that_is_over_has_its_four_files_and_is_no_plan_any_more() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", TWO)]);
    sandbox.fake_agent(&parts());
    sandbox.settings("on_done = \"merge\"\narchive = true\n");
    sandbox.alfine(&["run", "PLAN.md#US-001", "--trust", "--json"]).expect(0);
    assert_eq!(archives(&sandbox), [""; 0], "it is not over");
    let base = sandbox.git(&["rev-list", "--max-parents=0", "HEAD"]);
    let ran = sandbox.alfine(&["run", "PLAN.md", "--trust"]).expect(0);
    let [name] = <[String; 1]>::try_from(archives(&sandbox)).unwrap();
    assert!(name.ends_with("-PLAN") && name.starts_with("20"), "{name}");
    assert!(ran.stdout.contains(&format!("archived in .alfine/archive/{name}")), "{}", ran.stdout);

    let read = |file: &str| sandbox.read(&format!(".alfine/archive/{name}/{file}"));
    let mut files: Vec<_> =
        fs::read_dir(sandbox.repo().join(".alfine/archive").join(&name)).unwrap().collect();
    assert_eq!(files.drain(..).count(), 4);
    assert!(read("PLAN.md").contains("### US-002: Read the table") && !read("PLAN.md").contains("- [ ]"));
    assert_eq!(read("PLAN.md"), sandbox.git(&["show", "HEAD:PLAN.md"]) + "\n");
    let summary = read("summary.md");
    for part in [
        "2 tasks, 3 iterations",
        "## PLAN.md#US-001: Add a table",
        "### Proof: 1 of 1 proven",
        "test -e b.txt",
    ] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    let progress = read("progress.md");
    for part in ["PLAN.md#US-001 · merged · iteration 2", "Wrote b.txt.", "Files changed: `a.txt`"] {
        assert!(progress.contains(part), "{part}: {progress}");
    }
    // The patches make of the base what has landed, but for the ticks.
    sandbox.git(&["checkout", "-q", "-b", "again", &base]);
    sandbox.git(&["apply", &format!(".alfine/archive/{name}/final-diff.patch")]);
    assert_eq!((sandbox.read("a.txt"), sandbox.read("b.txt")), ("2\n".to_owned(), "1\n".to_owned()));

    sandbox.git(&["checkout", "-q", "-f", "main"]);
    let status = sandbox.alfine(&["status"]).expect(0).stdout;
    assert!(!status.contains(".alfine/archive"), "{status}");
    // Nothing is archived again, and what appeared in the checkout is known to be Alfine's.
    sandbox.alfine(&["run", "PLAN.md"]).expect(0);
    assert_eq!(archives(&sandbox).len(), 1);
    let own = "SELECT count(*) FROM own_write WHERE file LIKE '.alfine/archive/%' AND ended_at IS NOT NULL";
    assert_eq!(sandbox.database().query_row(own, [], |row| row.get(0)), Ok(4));
}

#[test]
fn what_was_over_is_archived_when_a_new_plan_of_the_name_begins_and_nothing_is_overwritten() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", TWO)]);
    sandbox.fake_agent(&parts());
    sandbox.settings("on_done = \"merge\"\n");
    sandbox.alfine(&["run", "PLAN.md", "--trust", "--json"]).expect(0);
    assert_eq!(archives(&sandbox), [""; 0], "nobody wanted it");

    sandbox.write(
        "PLAN.md",
        "# Other\n\n### US-001: Another one\n\nAcceptance criteria:\n- [ ] Right: `test -e c.txt`\n",
    );
    sandbox.git(&["commit", "-q", "-am", "plan anew"]);
    let ran = sandbox.alfine(&["run", "PLAN.md", "--archive", "--trust"]).expect(0);
    assert!(
        ran.stdout.contains("what was over of PLAN.md is archived in .alfine/archive/"),
        "{}",
        ran.stdout
    );
    let [first, second] = <[String; 2]>::try_from(archives(&sandbox)).unwrap();
    assert_eq!(second, format!("{first}-2"));
    let plan = |name: &str| sandbox.read(&format!(".alfine/archive/{name}/PLAN.md"));
    assert!(plan(&first).contains("# Coupons") && plan(&second).contains("# Other"));
    let summary = sandbox.read(&format!(".alfine/archive/{second}/summary.md"));
    assert!(summary.contains("1 task, 1 iteration") && !summary.contains("Read the table"), "{summary}");
}

#[test]
fn an_archive_that_cannot_be_written_keeps_no_work_from_landing() {
    let mut sandbox = Sandbox::with_repository(&[("PLAN.md", TWO)]);
    sandbox.fake_agent(&parts());
    sandbox.settings("on_done = \"merge\"\narchive = true\n");
    let outside = sandbox.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::create_dir(sandbox.repo().join(".alfine")).unwrap();
    std::os::unix::fs::symlink(&outside, sandbox.repo().join(".alfine/archive")).unwrap();
    sandbox.alfine(&["run", "PLAN.md", "--trust", "--json"]).expect(0);
    assert_eq!(sandbox.task("PLAN.md#US-002")["status"], "merged");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "no link is followed");
}
