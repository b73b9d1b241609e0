//! Folders: none, several, one inside another, a worktree, and files that are in none.

use super::*;
use alfine_tests::editor::Choice;
use std::path::Path;

/// A second repository beside the sandbox's, with a plan.
fn second(sandbox: &Sandbox) -> std::path::PathBuf {
    let folder = sandbox.path().join("other");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("PLAN.md"), PLAN.replace("Add a table", "Ring the bell")).unwrap();
    let git = |arguments: &[&str]| {
        let output = sandbox.command("git").current_dir(&folder).args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "first"]);
    folder
}

#[test]
fn each_folder_has_its_own_tasks_and_a_folder_that_goes_takes_its_diagnostics_along() {
    let sandbox = playing(json!([[not_ready()], done()]));
    sandbox.settings("[limits]\niterations = 1\n");
    let other = second(&sandbox);
    let mut editor = Setup::default().in_folders(&[&sandbox.repo(), &other]).open(&sandbox);
    editor.open_file("PLAN.md");
    let plan = other.join("PLAN.md");
    editor.open_file(&plan);
    // The tasks have the same key; which one is meant follows from the plan.
    editor.click(&plan, "Start loop").unwrap();
    editor.diagnostic(&plan, "breaker-iterations");
    assert_eq!(editor.lens_titles("PLAN.md"), ["Start loop"]);
    assert_eq!(editor.published("PLAN.md"), [] as [Value; 0]);

    editor.close(&plan);
    let folder = json!({"uri": editor.uri(&other), "name": "other"});
    editor
        .notify("workspace/didChangeWorkspaceFolders", json!({"event": {"added": [], "removed": [folder]}}));
    editor.no_diagnostic(&plan, "breaker-iterations");
    editor
        .notify("workspace/didChangeWorkspaceFolders", json!({"event": {"added": [folder], "removed": []}}));
    editor.diagnostic(&plan, "breaker-iterations");
}

#[test]
fn a_key_that_two_folders_have_is_not_guessed() {
    let sandbox = playing(json!([[not_ready()]]));
    sandbox.settings("[limits]\niterations = 1\n");
    let other = second(&sandbox);
    let mut editor = Setup::default().in_folders(&[&sandbox.repo(), &other]).open(&sandbox);
    editor.open_file("PLAN.md");
    let plan = other.join("PLAN.md");
    editor.open_file(&plan);
    editor.click(&plan, "Start loop").unwrap();
    editor.diagnostic(&plan, "breaker-iterations");
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.diagnostic("PLAN.md", "breaker-iterations");

    // A plan says which one is meant, and nothing is asked.
    for (of, at) in [(&sandbox.repo().join("PLAN.md"), 0), (&plan, 1)] {
        let named = json!({"task": TASK, "uri": editor.uri(of)});
        let shown = editor.execute("alfine.showTranscript", named.clone()).unwrap();
        let folder = [sandbox.repo(), other.clone()][at].canonicalize().unwrap();
        assert!(shown["uri"].as_str().unwrap().starts_with(&editor.uri(&folder)), "{shown}");
        let page = editor.ask("alfine/transcript", named).unwrap();
        assert_ne!(page["events"], json!([]), "{page}");
        assert!(editor.lens(of, "stopped")["command"]["arguments"][0]["uri"].is_string());
    }

    editor.answers("Which one is meant?", Choice::Dismiss);
    let why = refused(editor.execute("alfine.discard", of_task()));
    assert!(why.contains(TASK), "{why}");
    let status = |root: &Path| {
        let mut command = sandbox.command(alfine_tests::sandbox::alfine());
        let ran = command.current_dir(root).args(["status", TASK, "--json"]).output().unwrap();
        let status: Value = serde_json::from_slice(&ran.stdout).unwrap();
        status["tasks"][0]["status"].as_str().unwrap().to_owned()
    };
    assert_eq!([status(&sandbox.repo()), status(&other)], ["stopped", "stopped"]);

    editor.chooses("Which one is meant?", other.to_str().unwrap());
    editor.execute("alfine.discard", of_task()).unwrap();
    assert_eq!([status(&sandbox.repo()), status(&other)], ["stopped", "discarded"]);
    editor.message("is discarded");
}

#[test]
fn a_worktree_that_is_opened_as_a_folder_shows_the_loops_of_its_repository() {
    let held = Held::new(PLAN, vec![], vec![]);
    let mut editor = reading(&held.sandbox);
    editor.click("PLAN.md", "Start loop").unwrap();
    held.wait();
    let worktree = held.sandbox.task(TASK)["worktree"].as_str().unwrap().to_owned();
    let mut inside = Setup::default().in_folders(&[Path::new(&worktree)]).open(&held.sandbox);
    let plan = Path::new(&worktree).join("PLAN.md");
    inside.open_file(&plan);
    inside.lens(&plan, "running");
    inside.execute("alfine.stop", of_task()).unwrap();
    editor.lens("PLAN.md", "stopped");
    inside.lens(&plan, "stopped");
}

#[test]
fn a_file_of_a_loop_s_worktree_that_is_opened_moves_no_task_there() {
    let held = Held::new(PLAN, vec![], vec![]);
    let mut editor = Setup::default().with_tasks().open(&held.sandbox);
    editor.open_file("PLAN.md");
    editor.click("PLAN.md", "Start loop").unwrap();
    held.wait();
    let worktree = held.sandbox.task(TASK)["worktree"].as_str().unwrap().to_owned();
    editor.open_file(Path::new(&worktree).join("PLAN.md"));
    let tasks = editor.ask("alfine/tasks", json!({})).unwrap();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1, "{tasks}");
    assert_eq!(tasks["tasks"][0]["uri"], editor.uri("PLAN.md"));
    editor.execute("alfine.stop", of_task()).unwrap();
}

#[test]
fn the_tasks_of_a_folder_that_goes_are_told_to_be_gone_although_another_has_their_keys() {
    let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN)]);
    let other = second(&sandbox);
    let mut editor = Setup::default().with_tasks().in_folders(&[&sandbox.repo(), &other]).open(&sandbox);
    let (here, there) = (editor.uri("PLAN.md"), editor.uri(other.join("PLAN.md")));
    let both = |tasks: &Value| [&here, &there].iter().all(|uri| tasks.to_string().contains(uri.as_str()));
    editor.until("the tasks of both", |editor| both(&json!(editor.tasks_changed)).then_some(()));
    let folder = json!({"uri": editor.uri(&other), "name": "other"});
    editor
        .notify("workspace/didChangeWorkspaceFolders", json!({"event": {"added": [], "removed": [folder]}}));
    let gone = editor.until("one that is gone", |editor| {
        let last = editor.tasks_changed.last()?;
        (last["removedTasks"] != json!([])).then(|| last.clone())
    });
    assert_eq!(gone, json!({"tasks": [], "removed": [], "removedTasks": [{"task": TASK, "uri": there}]}));
}

#[test]
fn a_plan_is_spelled_one_way_also_while_a_client_that_spells_it_another_has_it_open() {
    let sandbox = Sandbox::with_repository(&[("PLAN.md", PLAN), ("my plans (1)/PLAN.md", PLAN)]);
    sandbox.settings("plans = [\"my plans (1)/PLAN.md\"]\n");
    let mut editor = Setup::default().with_tasks().open(&sandbox);
    let uris = |editor: &mut Editor| {
        let told = editor.ask("alfine/tasks", json!({})).unwrap();
        let tasks = told["tasks"].as_array().unwrap().clone();
        tasks.iter().map(|task| task["uri"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let before = uris(&mut editor);
    assert_eq!(before.len(), 2, "{before:?}");
    let spelled = before.iter().find(|uri| uri.contains("my%20plans")).unwrap();
    let other = if spelled.contains('(') {
        spelled.replace('(', "%28").replace(')', "%29")
    } else {
        spelled.replace("%28", "(").replace("%29", ")")
    };
    let document = json!({"uri": other, "languageId": "markdown", "version": 1, "text": PLAN});
    editor.notify("textDocument/didOpen", json!({"textDocument": document}));
    assert_eq!(uris(&mut editor), before);
}

#[test]
fn a_plan_outside_of_any_repository_is_read_and_nothing_more() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path().join("loose");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("PLAN.md"), PLAN.replace("Write it.", "")).unwrap();
    let mut editor = Setup::default().in_folders(&[&folder]).open(&sandbox);
    let plan = folder.join("PLAN.md");
    editor.open_file(&plan);
    let symbols = editor.ask_about("textDocument/documentSymbol", &plan);
    assert!(symbols.to_string().contains("Add a table"), "{symbols}");
    assert_eq!(editor.lens_titles(&plan), [] as [&str; 0]);
    let start = json!({"uri": editor.uri(&plan), "task": TASK});
    let why = refused(editor.execute("alfine.start", start));
    assert!(why.contains("repository"), "{why}");
}

#[test]
fn a_file_in_no_folder_is_found_in_its_own_repository() {
    let sandbox = playing(json!([done()]));
    let other = second(&sandbox);
    let mut editor = Setup::default().in_folders(&[&other]).open(&sandbox);
    editor.open_file("PLAN.md");
    editor.click("PLAN.md", "Start loop").unwrap();
    editor.lens("PLAN.md", "done");
}

#[test]
fn paths_with_spaces_umlauts_and_percent_signs_are_paths_like_others() {
    for name in ["mit Leerzeichen", "größe-ünïcode-日本", "100%25 wahr", "#nummer?frage"] {
        let mut sandbox = Sandbox::with_repository(&[]);
        sandbox.fake_agent(&json!({"runs": [done()]}));
        let plan = format!("{name}/tasks.md");
        sandbox.write(&plan, PLAN);
        sandbox.git(&["add", "-A"]);
        sandbox.git(&["commit", "-qm", "a plan"]);
        let mut editor = Editor::open(&sandbox);
        editor.open_file(&plan);
        let answer = editor.click(&plan, "Start loop").unwrap();
        assert_eq!(answer["tasks"][0]["task"], format!("{plan}#US-001"));
        editor.lens(&plan, "done");
        editor.click(&plan, "Merge").unwrap();
        editor.message(&format!("US-001 is ticked in {plan}; save it."));
        editor.lens(&plan, "merged");
        assert_eq!(sandbox.read("work.txt"), "done\n");
    }
}
