//! The keeper with real repositories, a real database and a real file system.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod place;

use alfine_config::{trust::Trust, trust::TrustItem};
use alfine_core::{
    agent::AgentEvent,
    finding::{Finding, Severity},
    news::News,
    task::TaskStatus,
};
use alfine_lsp::protocol::lsp_types::Url;
use alfine_lsp::snapshot::Snapshot;
use alfine_store::{LoopPlace, LoopSummary, LoopUpdate, Millis, NewEvent, VerificationNew};
use place::{PATIENCE, PLAN, Place, git, key, start, store};
use serde_json::json;
use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

fn status(snapshot: &Snapshot, id: &str) -> Option<TaskStatus> {
    let store = &snapshot.checkouts.first()?.store;
    store.task(&key(id)).map(|task| task.row.status)
}

fn plans(snapshot: &Snapshot) -> Vec<String> {
    snapshot.checkouts.iter().flat_map(|checkout| checkout.plans.keys().cloned()).collect()
}

fn uri(path: &Path) -> Url {
    Url::from_file_path(path).unwrap()
}

#[test]
fn a_folder_shows_its_plans_and_what_the_database_says() {
    let mut place = Place::new();
    let root = place.repository("shop");
    let mut store = store(&root);
    let _lock = start(&mut store, "US-001");
    place.open_folders(&["shop"]);
    let seen = place.until("the checkout", |seen| !seen.checkouts.is_empty());
    // Never for a moment as if the loop was not there.
    assert_eq!(status(&seen, "US-001"), Some(TaskStatus::Running));
    let checkout = &seen.checkouts[0];
    assert_eq!((&checkout.place.root, &checkout.place.real_root), (&root, &root));
    assert_eq!(checkout.place.common_dir, root.join(".git"));
    assert_eq!(checkout.plans["PLAN.md"].text, PLAN);
    let task = checkout.store.task(&key("US-001")).unwrap();
    let last = task.live().unwrap();
    assert_eq!((last.row.settings.is_null(), last.row.state.as_str()), (true, ""));
}

#[test]
fn a_change_by_somebody_else_is_heard() {
    let mut place = Place::new();
    let root = place.repository("shop");
    let mut store = store(&root);
    let lock = start(&mut store, "US-001");
    place.open_folders(&["shop"]);
    place.until("the loop", |seen| status(seen, "US-001") == Some(TaskStatus::Running));
    // Nobody looks at a paused loop for longer than a test waits, so its change is heard.
    for to in [TaskStatus::Paused, TaskStatus::Running].repeat(5) {
        store.write(|tx| tx.set_loop_status(&lock, to, None, false)).unwrap();
        place.until("the status", |seen| status(seen, "US-001") == Some(to));
    }
}

#[test]
fn folders_come_and_go() {
    let mut place = Place::new();
    place.repository("shop");
    place.repository("lab");
    place.open_folders(&["shop"]);
    place.until("one", |seen| seen.checkouts.len() == 1);
    place.open_folders(&["shop", "lab"]);
    place.until("two", |seen| seen.checkouts.len() == 2);
    place.open_folders(&["lab"]);
    let lab = place.path("lab");
    place.until("the other", |seen| seen.checkouts.len() == 1 && seen.checkouts[0].place.root == lab);
    place.open_folders(&[]);
    place.until("none", |seen| seen.checkouts.is_empty());
}

#[test]
fn a_plan_that_is_edited_made_or_removed_is_seen() {
    let mut place = Place::new();
    let root = place.repository("shop");
    place.open_folders(&["shop"]);
    place.until("the plan", |seen| plans(seen) == ["PLAN.md"]);
    fs::write(root.join("PLAN.md"), "# Other\n").unwrap();
    place.until("the text", |seen| seen.checkouts[0].plans["PLAN.md"].text == "# Other\n");
    place.write("shop/.alfine/plans/inbox.md", PLAN);
    place.until("the new one", |seen| plans(seen) == [".alfine/plans/inbox.md", "PLAN.md"]);
    place.write("shop/.alfine/plans/a/b.md", PLAN);
    place.until("one deeper", |seen| plans(seen).len() == 3);
    fs::remove_file(root.join("PLAN.md")).unwrap();
    place.until("one less", |seen| plans(seen) == [".alfine/plans/a/b.md", ".alfine/plans/inbox.md"]);
}

#[test]
fn a_look_shows_what_was_committed_before() {
    let mut place = Place::new();
    let root = place.repository("shop");
    place.open_folders(&["shop"]);
    place.until("the checkout", |seen| !seen.checkouts.is_empty());
    let mut store = store(&root);
    let lock = start(&mut store, "US-001");
    assert_eq!(status(&place.look(), "US-001"), Some(TaskStatus::Running));
    for to in [TaskStatus::Paused, TaskStatus::Stopped, TaskStatus::Paused] {
        store.write(|tx| tx.set_loop_status(&lock, to, None, false)).unwrap();
        assert_eq!(status(&place.look(), "US-001"), Some(to));
    }
    fs::write(root.join("PLAN.md"), "# Other\n").unwrap();
    assert_eq!(place.look().checkouts[0].plans["PLAN.md"].text, "# Other\n");
    assert!(place.published.has_changed().is_ok());
    assert_eq!(place.look().place(&uri(&root.join("PLAN.md"))).unwrap().1, "PLAN.md");
}

#[test]
fn folders_of_one_repository_and_its_worktrees_share_one_database() {
    let mut place = Place::new();
    let root = place.repository("shop");
    place.write("shop/docs/notes.md", "");
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "first"]);
    git(&root, &["worktree", "add", "-q", "../branch"]);
    let mut store = store(&root);
    let _lock = start(&mut store, "US-001");
    place.open_folders(&["shop/docs", "shop", "branch"]);
    let seen = place.until("both", |seen| seen.checkouts.len() == 2);
    let roots: Vec<_> = seen.checkouts.iter().map(|checkout| checkout.place.root.clone()).collect();
    assert_eq!(roots, [place.path("branch"), root.clone()]);
    assert!(seen.checkouts.iter().all(|checkout| checkout.place.common_dir == root.join(".git")));
    assert!(Arc::ptr_eq(&seen.checkouts[0].store, &seen.checkouts[1].store));
    assert_eq!(status(&seen, "US-001"), Some(TaskStatus::Running));
}

#[test]
fn a_repository_within_another_goes_first() {
    let mut place = Place::new();
    place.repository("shop");
    place.repository("shop/vendor/lab");
    place.open_folders(&["shop"]);
    place.keeper().opened(uri(&place.path("shop/vendor/lab/PLAN.md")));
    let seen = place.until("both", |seen| seen.checkouts.len() == 2);
    let at = |name: &str| {
        let (checkout, name) = seen.place(&uri(&place.path(name))).unwrap();
        (checkout.place.root.clone(), name)
    };
    assert_eq!(at("shop/vendor/lab/PLAN.md"), (place.path("shop/vendor/lab"), "PLAN.md".to_owned()));
    assert_eq!(at("shop/vendor/x.md"), (place.path("shop"), "vendor/x.md".to_owned()));
    place.keeper().closed(uri(&place.path("shop/vendor/lab/PLAN.md")));
    place.until("one", |seen| seen.checkouts.len() == 1);
}

#[test]
fn a_file_outside_of_any_repository_makes_no_checkout() {
    let place = Place::new();
    place.write("alone/PLAN.md", PLAN);
    place.keeper().opened(uri(&place.path("alone/PLAN.md")));
    place.keeper().opened(Url::parse("untitled:Untitled-1").unwrap());
    place.keeper().opened(Url::parse("file:///nowhere/at/all.md").unwrap());
    assert!(place.look().checkouts.is_empty());
}

#[test]
fn links_lead_into_a_checkout_and_folders_keep_the_name_the_client_has_for_them() {
    let mut place = Place::new();
    let root = place.repository("shop");
    place.write("shop/docs/PLAN.md", PLAN);
    std::os::unix::fs::symlink(&root, place.path("alias")).unwrap();
    std::os::unix::fs::symlink(root.join("docs/PLAN.md"), place.path("linked.md")).unwrap();
    place.open_folders(&["alias/docs"]);
    place.keeper().opened(uri(&place.path("linked.md")));
    let linked = uri(&place.path("linked.md"));
    let seen = place.until("the link", |seen| seen.place(&linked).is_some());
    let checkout = &seen.checkouts[0];
    assert_eq!((&checkout.place.root, &checkout.place.real_root), (&place.path("alias"), &root));
    assert_eq!(checkout.plans["PLAN.md"].uri, uri(&place.path("alias/PLAN.md")));
    for (path, name) in
        [("linked.md", "docs/PLAN.md"), ("alias/PLAN.md", "PLAN.md"), ("shop/PLAN.md", "PLAN.md")]
    {
        assert_eq!(seen.place(&uri(&place.path(path))).unwrap().1, name, "{path}");
    }
    place.keeper().closed(linked.clone());
    place.until("no link", |seen| !seen.linked.contains_key(&linked));
}

#[test]
fn a_repository_made_or_removed_in_an_open_folder_is_seen() {
    let mut place = Place::new();
    place.write("shop/PLAN.md", PLAN);
    place.open_folders(&["shop"]);
    assert!(place.look().checkouts.is_empty());
    git(&place.path("shop"), &["init", "-q"]);
    place.until("the repository", |seen| plans(seen) == ["PLAN.md"]);
    fs::remove_dir_all(place.path("shop/.git")).unwrap();
    place.until("no repository", |seen| seen.checkouts.is_empty());
    git(&place.path("shop"), &["init", "-q"]);
    place.until("the repository again", |seen| plans(seen) == ["PLAN.md"]);
    fs::remove_dir_all(place.path("shop")).unwrap();
    place.until("no folder", |seen| seen.checkouts.is_empty());
}

#[test]
fn settings_come_from_the_user_the_repository_and_the_editor() {
    let mut place = Place::new();
    place.repository("shop");
    place.write("shop/docs/later.md", PLAN);
    place.open_folders(&["shop"]);
    let model = |seen: &Snapshot| seen.checkouts.first()?.config.model.clone();
    place.until("the default", |seen| seen.checkouts.len() == 1 && model(seen).is_none());
    place.write("user/config/config.toml", "model = \"codex\"\n");
    place.until("the user's", |seen| model(seen).as_deref() == Some("codex"));
    place.write(
        "shop/alfine.toml",
        "model = \"gemini\"\nplans = [\"docs/*.md\"]\nbogus = 1\n[lint]\nmax_words = 7\n",
    );
    let seen = place.until("the repository's", |seen| model(seen).as_deref() == Some("gemini"));
    let checkout = &seen.checkouts[0];
    assert_eq!(checkout.lint_options.max_words, 7);
    assert!(checkout.plans.contains_key("docs/later.md") && checkout.is_plan("docs/x.md", ""));
    assert_eq!(checkout.problems.iter().map(|problem| problem.key.as_str()).collect::<Vec<_>>(), ["bogus"]);
    assert!(checkout.settings_file.as_ref().unwrap().text.starts_with("model = \"gemini\""));
    place.keeper().set_settings(json!({ "model": "aider" }));
    place.until("the editor's", |seen| model(seen).as_deref() == Some("aider"));
    place.keeper().set_settings(json!("nonsense"));
    fs::remove_file(place.path("shop/alfine.toml")).unwrap();
    let seen = place.until("the user's again", |seen| model(seen).as_deref() == Some("codex"));
    assert!(
        seen.checkouts[0].settings_file.is_none() && !seen.checkouts[0].plans.contains_key("docs/later.md")
    );
}

#[test]
fn a_file_that_is_no_text_is_no_plan_and_a_broken_one_breaks_nothing() {
    let mut place = Place::new();
    let root = place.repository("shop");
    fs::write(root.join("TODO.md"), b"# \xff\xfe").unwrap();
    fs::create_dir(root.join("tasks.md")).unwrap();
    fs::write(root.join("alfine.toml"), b"agent = [\xff").unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, root.join("PRD.md"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    fs::File::create(root.join("plan.md")).unwrap().set_len((8 << 20) + 1).unwrap();
    place.open_folders(&["shop"]);
    let seen = place.until("the plan", |seen| plans(seen) == ["PLAN.md"]);
    assert!(seen.checkouts[0].problems.iter().any(|problem| problem.error));
    let why: Vec<(&str, &str)> =
        seen.checkouts[0].unreadable.iter().map(|(name, why)| (name.as_str(), why.as_str())).collect();
    assert_eq!(
        why,
        [
            ("TODO.md", "it is not UTF-8 text; save it as UTF-8"),
            ("plan.md", "it is larger than 8 MiB; split it into several plans"),
        ]
    );
    fs::write(root.join("TODO.md"), PLAN).unwrap();
    let seen = place.until("the mended one", |seen| plans(seen) == ["PLAN.md", "TODO.md"]);
    assert_eq!(seen.checkouts[0].unreadable.keys().collect::<Vec<_>>(), ["plan.md"]);
}

#[test]
fn what_nobody_allowed_is_told_until_it_is_allowed() {
    let mut place = Place::new();
    let root = place.repository("shop");
    let plan = "# Shop\n\n### US-001: A\n\n- [ ] it works: `make a`\n\n### [x] US-002: B\n\n- [x] it is done: `make b`\n";
    place.write("shop/PLAN.md", plan);
    place.write("shop/alfine.toml", "[verification]\nauto = false\n");
    place.open_folders(&["shop"]);
    let asked = |seen: &Snapshot| -> Vec<String> {
        let items = seen.checkouts.first().and_then(|checkout| checkout.untrusted.get("PLAN.md"));
        items.into_iter().flatten().map(|item| item.command.clone()).collect()
    };
    place.until("one command", |seen| asked(seen) == ["make a"]);
    let mut trust = Trust::open(&place.path("user/state"), &root.join(".git")).unwrap();
    trust.approve(&[TrustItem::new("", "make a")]).unwrap();
    place.until("none", |seen| asked(seen).is_empty());
    place.write("shop/PLAN.md", &plan.replace("make a", "make c"));
    place.until("another command", |seen| asked(seen) == ["make c"]);
    trust.approve(&[TrustItem::new("", "make c")]).unwrap();
    place.until("none again", |seen| asked(seen).is_empty());
    trust.revoke_all().unwrap();
    place.until("asked again", |seen| asked(seen) == ["make c"]);
}

#[test]
fn a_database_that_is_made_replaced_or_removed_later_is_followed() {
    let mut place = Place::new();
    let root = place.repository("shop");
    place.open_folders(&["shop"]);
    place.until("the checkout", |seen| !seen.checkouts.is_empty());
    assert!(!root.join(".git/alfine").exists());

    let mut made = store(&root);
    let lock = start(&mut made, "US-001");
    place.until("the loop", |seen| status(seen, "US-001") == Some(TaskStatus::Running));
    made.write(|tx| tx.set_loop_status(&lock, TaskStatus::Paused, None, false)).unwrap();
    place.until("its change", |seen| status(seen, "US-001") == Some(TaskStatus::Paused));

    drop((made, lock));
    fs::rename(root.join(".git/alfine"), root.join(".git/elsewhere")).unwrap();
    place.until("nothing", |seen| status(seen, "US-001").is_none());
    let mut other = store(&root);
    let _lock = start(&mut other, "US-001");
    place.until("the other", |seen| status(seen, "US-001") == Some(TaskStatus::Running));
}

#[test]
fn a_database_that_cannot_be_read_is_a_notice() {
    let mut place = Place::new();
    let root = place.repository("shop");
    place.write("shop/.git/alfine/state.db", &"no database".repeat(1000));
    place.open_folders(&["shop"]);
    let seen = place.until("a notice", |seen| {
        seen.checkouts.first().is_some_and(|checkout| !checkout.notices.is_empty())
    });
    assert!(seen.checkouts[0].notices[0].contains("state.db"), "{:?}", seen.checkouts[0].notices);
    assert_eq!(plans(&seen), ["PLAN.md"]);
    // Whoever writes next sets it aside.
    let mut store = store(&root);
    let _lock = start(&mut store, "US-001");
    let seen = place.until("the new one", |seen| status(seen, "US-001") == Some(TaskStatus::Running));
    assert!(seen.checkouts[0].notices.is_empty(), "{:?}", seen.checkouts[0].notices);
}

#[test]
fn a_loop_whose_runner_died_is_interrupted() {
    let mut place = Place::new();
    let root = place.repository("shop");
    let mut store = store(&root);
    let locks = [start(&mut store, "US-001"), start(&mut store, "US-002")];
    place.open_folders(&["shop"]);
    place.until("the loop", |seen| status(seen, "US-002") == Some(TaskStatus::Running));
    for (lock, id) in locks.into_iter().zip(["US-001", "US-002"]) {
        drop(lock);
        place.until("its end", |seen| status(seen, id) == Some(TaskStatus::Interrupted));
    }
}

#[test]
fn a_loop_whose_runner_died_before_is_interrupted_at_the_start() {
    let mut place = Place::new();
    let root = place.repository("shop");
    drop(start(&mut store(&root), "US-001"));
    place.open_folders(&["shop"]);
    place.until("its end", |seen| status(seen, "US-001") == Some(TaskStatus::Interrupted));
}

#[test]
fn findings_mark_the_users_lines() {
    let mut place = Place::new();
    let root = place.repository("shop");
    place.write("shop/src/a.rs", "fn a() {}\n");
    place.write("work/src/a.rs", "fn a() {}\n");
    let mut store = store(&root);
    let lock = start(&mut store, "US-001");
    let worktree = place.path("work");
    let finding = Finding {
        severity: Severity::Error,
        file: Some("src/a.rs".to_owned()),
        line: Some(1),
        column: Some(4),
        code: None,
        message: "never used".to_owned(),
    };
    store
        .write(|tx| {
            tx.set_loop_place(&lock, &LoopPlace { worktree: worktree.to_str(), ..LoopPlace::default() })?;
            tx.begin_iteration(&lock, 1, None)
        })
        .unwrap();
    let answer = VerificationNew {
        iteration: 1,
        verifier: "cargo clippy",
        criterion: None,
        passed: false,
        required: true,
        weight: 1.0,
        exit: Some(1),
        output: "",
        tree: "t",
        started_at: Millis(1),
        duration_ms: 1,
        answer: alfine_core::proof::Answer::Passed,
        tests: None,
        proof: None,
        findings: &[finding],
    };
    place.open_folders(&["shop"]);
    place.until("the loop", |seen| status(seen, "US-001").is_some());
    store.write(|tx| tx.add_verification(&lock, &answer)).unwrap();
    let marks = |seen: &Snapshot| -> Vec<Url> {
        let task = seen.checkouts.first().and_then(|checkout| checkout.store.task(&key("US-001")).cloned());
        task.and_then(|task| Some(task.live()?.marks.iter().map(|mark| mark.uri.clone()).collect()))
            .unwrap_or_default()
    };
    let mine = uri(&root.join("src/a.rs"));
    place.until("the user's line", |seen| marks(seen) == [mine.clone()]);
    place.write("shop/src/a.rs", "fn b() {}\n");
    place.keeper().touched(vec![mine]);
    let his = uri(&worktree.join("src/a.rs"));
    place.until("the worktree's line", |seen| marks(seen) == [his.clone()]);
}

#[test]
fn a_flood_is_published_in_a_bearable_measure_and_its_end_is_seen() {
    let mut place = Place::new();
    let root = place.repository("shop");
    let mut store = store(&root);
    let lock = start(&mut store, "US-001");
    place.open_folders(&["shop"]);
    place.until("the loop", |seen| status(seen, "US-001") == Some(TaskStatus::Running));
    let mut published = place.published.clone();
    published.borrow_and_update();
    let task = key("US-001");
    let began = Instant::now();
    let mut tokens = 0;
    let mut seen = 0;
    while seen < 20 {
        assert!(began.elapsed() < PATIENCE, "only {seen} snapshots of {tokens} changes");
        tokens += 1;
        let summary = LoopSummary { iteration: 1 + tokens % 7, ..LoopSummary::default() };
        let update = LoopUpdate {
            status: TaskStatus::Running,
            reason: None,
            state: "{}",
            summary: &summary,
            cost_usd: None,
            tokens: u64::from(tokens),
            ended: false,
        };
        store
            .write(|tx| {
                for _ in 0..100 {
                    let news = News::Agent(AgentEvent::ToolFinished { ok: true });
                    let event = NewEvent { loop_id: Some(lock.loop_id()), task: Some(&task), news: &news };
                    tx.append_event(event)?;
                }
                tx.save_loop(&lock, &update)
            })
            .unwrap();
        if published.has_changed().unwrap() {
            published.borrow_and_update();
            seen += 1;
        }
    }
    // A busy machine makes the time between them longer, never shorter.
    assert!(began.elapsed() > seen * Duration::from_millis(50), "{seen} snapshots of {tokens} changes");
    let last = place.look();
    assert_eq!(last.checkouts[0].store.task(&task).unwrap().live().unwrap().row.tokens, u64::from(tokens));
}

#[test]
fn the_threads_end_with_it() {
    let mut place = Place::new();
    let root = place.repository("shop");
    let mut store = store(&root);
    let _lock = start(&mut store, "US-001");
    place.open_folders(&["shop"]);
    place.until("the checkout", |seen| !seen.checkouts.is_empty());
    let keeper = place.keeper.take().unwrap();
    drop(keeper);
    // Nobody is left who could publish.
    let gone = place.published.wait_for(|_| false);
    let gone = place.runtime.block_on(async { tokio::time::timeout(PATIENCE, gone).await });
    assert!(gone.expect("its threads end").is_err());
}
