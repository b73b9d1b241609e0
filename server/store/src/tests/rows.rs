//! What is written comes back, and the rules between rows hold.

use super::*;
use alfine_core::{
    agent::{Outcome, Usage},
    breaker::{Line, Rule},
    finding::{Finding, Severity},
    machine::AskKind,
    reason::{Reason, Refusal},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn kinds(store: &Store) -> Vec<EventKind> {
    store.events_after(0, usize::MAX).unwrap().into_iter().map(|event| event.kind).collect()
}

#[test]
fn a_task_has_one_live_loop_at_a_time() {
    let place = Place::new();
    let mut store = place.store();
    let task = key("US-001");
    let first = place.start(&mut store, &task);
    let second = place.lock();
    let busy = store.write(|tx| begin(tx, &second, &task)).unwrap_err();
    assert!(matches!(&busy, StoreError::TaskBusy { loop_id, .. } if loop_id == first.loop_id()), "{busy:?}");
    assert_eq!(store.loops(&task).unwrap().len(), 1);

    store.write(|tx| tx.set_loop_status(&first, TaskStatus::Discarded, None, true)).unwrap();
    store.write(|tx| begin(tx, &second, &task)).unwrap();
    assert_eq!(store.current_loop(&task).unwrap().unwrap().id, *second.loop_id());
    let busy = store.write(|tx| tx.claim_loop(&first)).unwrap_err();
    assert!(matches!(&busy, StoreError::TaskBusy { loop_id, .. } if loop_id == second.loop_id()), "{busy:?}");

    // An old loop no longer speaks for its task.
    store.write(|tx| tx.set_loop_status(&first, TaskStatus::Merged, None, true)).unwrap();
    assert_eq!(store.task(&task).unwrap().unwrap().status, TaskStatus::Running);
    let statuses: Vec<TaskStatus> = store.loops(&task).unwrap().into_iter().map(|row| row.status).collect();
    assert_eq!(statuses, [TaskStatus::Merged, TaskStatus::Running]);
}

#[test]
fn a_loop_of_an_unknown_task_is_refused() {
    let place = Place::new();
    let lock = place.lock();
    let new = LoopNew {
        task: &key("nowhere"),
        agent: "claude",
        model: None,
        isolation: Isolation::InPlace,
        settings: &json!({}),
        state: "{}",
        summary: &LoopSummary::default(),
        forked_from: None,
        plan_run: None,
    };
    let error = place.store().write(|tx| tx.create_loop(&lock, &new)).unwrap_err();
    assert_eq!(error.to_string(), "there is no task PLAN.md#nowhere");
}

#[test]
fn a_failed_write_leaves_nothing() {
    let place = Place::new();
    let mut store = place.store();
    let result = store.write(|tx| {
        tx.put_task(&key("US-001"), "Title", 1, TaskStatus::Ready)?;
        Err::<(), _>(StoreError::Missing { what: "task", name: "US-002".to_owned() })
    });
    assert!(matches!(result, Err(StoreError::Missing { what: "task", .. })));
    assert_eq!((store.tasks().unwrap().len(), store.last_seq().unwrap()), (0, 0));
}

#[test]
fn a_panic_in_a_write_leaves_nothing_and_the_store_usable() {
    let place = Place::new();
    let mut store = place.store();
    let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        store.write::<(), StoreError>(|tx| {
            append(tx, &json!({}))?;
            panic!("on purpose")
        })
    }));
    assert!(panics.is_err());
    assert_eq!(store.write(|tx| append(tx, &json!({}))).unwrap(), 1);
}

#[test]
fn a_saved_loop_comes_back_and_its_task_follows() {
    let place = Place::new();
    let mut store = place.store();
    let task = key("US-001");
    let lock = place.lock();
    store.write_at(Millis(1000), |tx| begin(tx, &lock, &task)).unwrap();
    let summary = LoopSummary {
        iteration: 3,
        max_iterations: 10,
        breaker: vec![Line {
            rule: Rule::NoChange,
            count: 2.0,
            limit: Some(3.0),
            evidence: "iterations 2 and 3 left tree 8f3a".to_owned(),
            partial: false,
        }],
        gate: Some(json!({ "ready": false })),
        waiting_until: Some(Millis(5000)),
        files_changed: 4,
        pauses: true,
        chained: true,
        held_by: Some(Reason::Unsaved { file: "src/x.rs".to_owned() }),
    };
    let limited = Reason::UsageLimit { known: true, message: "resets at 5".to_owned() };
    let update = LoopUpdate {
        status: TaskStatus::Waiting,
        reason: Some(&limited),
        state: r#"{"iteration":3}"#,
        summary: &summary,
        cost_usd: Some(0.25),
        tokens: u64::MAX,
        ended: false,
    };
    let place_in_git = LoopPlace {
        branch: Some("alfine/plan/us-001"),
        base_branch: Some("main"),
        base_commit: Some("0123"),
        worktree: Some("/tmp/w"),
    };
    store
        .write_at(Millis(2000), |tx| {
            tx.set_loop_place(&lock, &place_in_git)?;
            tx.save_loop(&lock, &update)
        })
        .unwrap();
    store.write_at(Millis(3000), |tx| tx.save_loop(&lock, &update)).unwrap();

    let row = store.current_loop(&task).unwrap().unwrap();
    let expected = LoopRow {
        id: lock.loop_id().clone(),
        task: task.clone(),
        status: TaskStatus::Waiting,
        reason: Some(limited.clone()),
        agent: "claude".to_owned(),
        model: None,
        isolation: Isolation::Worktree,
        branch: Some("alfine/plan/us-001".to_owned()),
        base_branch: Some("main".to_owned()),
        base_commit: Some("0123".to_owned()),
        worktree: Some("/tmp/w".to_owned()),
        settings: json!({ "maxIterations": 10 }),
        state: r#"{"iteration":3}"#.to_owned(),
        summary,
        cost_usd: Some(0.25),
        tokens: i64::MAX as u64,
        started_at: Millis(1000),
        ended_at: None,
        updated_at: Millis(3000),
        forked_from: None,
        plan_run: None,
    };
    assert_eq!(row, expected);
    assert_eq!(
        store.task(&task).unwrap().unwrap(),
        TaskRow {
            key: task,
            title: "Add coupon table".to_owned(),
            status: TaskStatus::Waiting,
            reason: Some(limited.clone()),
            since: Millis(2000),
            loop_id: Some(lock.loop_id().clone()),
            generation: 1,
            updated_at: Millis(3000),
            text: None,
        }
    );
    let expected = [Change::Task, Change::LoopCreated, Change::Loop, Change::Loop, Change::Loop];
    assert_eq!(kinds(&store), expected.map(EventKind::Change));
}

#[test]
fn an_iteration_with_all_that_belongs_to_it_comes_back() {
    let place = Place::new();
    let mut store = place.store();
    let lock = place.start(&mut store, &key("US-001"));
    let id = lock.loop_id().clone();
    let findings = [
        Finding {
            severity: Severity::Error,
            file: Some("src/lib.rs".to_owned()),
            line: Some(12),
            column: Some(5),
            code: Some("E0308".to_owned()),
            message: "mismatched types".to_owned(),
        },
        Finding {
            severity: Severity::Warning,
            file: None,
            line: None,
            column: None,
            code: None,
            message: "'; DROP TABLE loop; --\u{0}".to_owned(),
        },
    ];
    let test = |iteration, passed, findings| VerificationNew {
        iteration,
        verifier: "cargo test",
        criterion: Some((0, "Migration runs")),
        passed,
        required: true,
        weight: 1.0,
        exit: Some(101),
        output: "test result: FAILED",
        tree: "aaaa",
        started_at: Millis(7),
        duration_ms: 1500,
        answer: alfine_core::proof::Answer::Passed,
        tests: None,
        proof: None,
        findings,
    };
    let usage = Usage { input: 1, output: 2, cache_read: 3, cache_write: 4, cost_usd: Some(0.1) };
    store
        .write_at(Millis(10), |tx| {
            tx.begin_iteration(&lock, 1, Some("0000"))?;
            let new = RunNew { iteration: 1, pid: u32::MAX, process_start: -1, marker: "m", session: None };
            for _ in 0..2 {
                let (run, n) = tx.begin_run(&lock, &new)?;
                let end = RunEnd {
                    outcome: &Outcome::RateLimit { reset_at: None },
                    message: "limit reached",
                    session: Some("s1"),
                    usage: Some(&usage),
                    session_total_cost: Some(0.3),
                    transcript: Some("t.jsonl"),
                };
                assert_eq!(tx.runs(lock.loop_id())?.len(), n as usize);
                tx.end_run(run, &end)?;
            }
            let checkpoint = CheckpointNew {
                n: 2,
                iteration: Some(1),
                kind: CheckpointKind::After,
                commit_id: "cccc",
                tree: "aaaa",
                head: None,
                reference: "refs/alfine/checkpoints/x/2",
            };
            tx.add_checkpoint(&lock, &checkpoint)?;
            tx.add_verification(&lock, &test(1, false, &findings))?;
            let end = IterationEnd {
                verdict: "rework",
                gate: Some(&json!({ "ready": true })),
                tree_after: Some("aaaa"),
                changed: true,
                files_changed: 2,
                ..IterationEnd::default()
            };
            tx.end_iteration(&lock, 1, &end)
        })
        .unwrap();

    let iterations = store.iterations(&id).unwrap();
    assert_eq!(iterations.len(), 1);
    assert_eq!(iterations[0].verdict.as_deref(), Some("rework"));
    assert_eq!(iterations[0].gate, Some(json!({ "ready": true })));
    assert_eq!((iterations[0].changed, iterations[0].files_changed), (Some(true), Some(2)));
    assert_eq!((iterations[0].started_at, iterations[0].ended_at), (Millis(10), Some(Millis(10))));
    let runs = store.runs(&id).unwrap();
    assert_eq!(runs.iter().map(|run| run.n).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((runs[1].pid, runs[1].process_start), (u32::MAX, -1));
    assert_eq!((runs[1].outcome.as_deref(), runs[1].usage), (Some("rate_limit"), Some(usage)));
    let checkpoint = store.last_checkpoint(&id).unwrap().unwrap();
    assert_eq!((checkpoint.n, checkpoint.kind, checkpoint.head), (2, CheckpointKind::After, None));
    let latest = store.latest_verifications(&id).unwrap();
    assert_eq!(latest.len(), 1);
    assert_eq!(latest[0].findings, findings);

    // The next answer to the same question takes the first one's place; the first one stays in its iteration.
    store
        .write(|tx| {
            tx.begin_iteration(&lock, 2, None)?;
            tx.add_verification(&lock, &test(2, true, &[]))
        })
        .unwrap();
    let latest = store.latest_verifications(&id).unwrap();
    assert_eq!(latest.iter().map(|row| (row.iteration, row.passed)).collect::<Vec<_>>(), [(2, true)]);
    let of_the_first =
        "SELECT count(*) FROM finding JOIN verification v ON v.id = verification_id WHERE v.iteration = 1";
    let kept: u32 = store.connection().query_row(of_the_first, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 2);

    store.write(|tx| tx.forget_loop(&lock)).unwrap();
    assert_eq!(store.task(&key("US-001")).unwrap(), None, "it was never begun");
    for table in ["loop", "iteration", "run", "checkpoint", "verification", "finding"] {
        assert_eq!(store.number(&format!("SELECT count(*) FROM {table}"), []).unwrap(), 0, "{table}");
    }
}

#[test]
fn commands_are_taken_once_and_in_order() {
    let place = Place::new();
    let mut store = place.store();
    let task = key("US-001");
    let other = place.start(&mut store, &key("US-002"));
    let send = |store: &mut Store, task: &TaskKey, kind: &str| {
        store.write(|tx| tx.send_command(&CommandNew { task, kind, payload: &json!({ "k": kind }) })).unwrap()
    };
    store.write(|tx| tx.put_task(&task, "Title", 1, TaskStatus::Ready)).unwrap();
    send(&mut store, &task, "steer");
    let lock = place.start(&mut store, &task);
    send(&mut store, &task, "pause");
    send(&mut store, &key("US-002"), "stop");
    let last = send(&mut store, &task, "continue");

    let taken = store.write(|tx| tx.take_commands(&lock)).unwrap();
    let kinds: Vec<&str> = taken.iter().map(|command| command.kind.as_str()).collect();
    assert_eq!(kinds, ["steer", "pause", "continue"]);
    assert_eq!(store.write(|tx| tx.take_commands(&lock)).unwrap(), []);
    assert_eq!(store.write(|tx| tx.take_commands(&other)).unwrap().len(), 1);
    store.write(|tx| tx.finish_command(last, &CommandResult::Done)).unwrap();
    let command = store.command(last).unwrap().unwrap();
    assert_eq!((command.result, command.loop_id.as_ref()), (Some(CommandResult::Done), Some(lock.loop_id())));
    let refused = CommandResult::Refused(Refusal::AsksFirst { ask: AskKind::Approval });
    store.write(|tx| tx.finish_command(last, &refused)).unwrap();
    assert_eq!(store.command(last).unwrap().unwrap().result, Some(refused));
}

#[test]
fn a_command_for_an_ended_loop_is_not_given_to_the_next_one() {
    let place = Place::new();
    let mut store = place.store();
    let task = key("US-001");
    let first = place.start(&mut store, &task);
    store
        .write(|tx| {
            tx.send_command(&CommandNew { task: &task, kind: "stop", payload: &Value::Null })?;
            tx.set_loop_status(&first, TaskStatus::Done, None, true)
        })
        .unwrap();
    let second = place.start(&mut store, &task);
    assert_eq!(store.write(|tx| tx.take_commands(&second)).unwrap(), []);
}

#[test]
fn what_an_older_version_wrote_in_words_is_read_as_told() {
    let place = Place::new();
    let mut store = place.store();
    let task = key("US-001");
    let lock = place.start(&mut store, &task);
    let ask = Ask {
        loop_id: Some(lock.loop_id()),
        task: Some(&task),
        kind: AskKind::Question,
        text: "Which table?",
        tree: None,
    };
    let [done, refused] = store
        .write(|tx| {
            tx.ask(&ask)?;
            let command = CommandNew { task: &task, kind: "pause", payload: &Value::Null };
            Ok::<_, StoreError>([tx.send_command(&command)?, tx.send_command(&command)?])
        })
        .unwrap();
    let summary = r#"{"heldBy":"src/x.rs is not saved in an editor","breaker":[
        {"rule":"cost","count":0.25,"evidence":"unknown in part: not every run said what it cost"}]}"#;
    let database = rusqlite::Connection::open(place.layout.database()).unwrap();
    database.execute("UPDATE loop SET reason = 'no-change 3 of 3', summary = ?1", [summary]).unwrap();
    database.execute("UPDATE task SET reason = 'no-change 3 of 3'", []).unwrap();
    database.execute("UPDATE approval SET kind = 'login'", []).unwrap();
    database.execute("UPDATE command SET result = 'done' WHERE seq = ?1", [done]).unwrap();
    database.execute("UPDATE command SET result = 'refused: it is done' WHERE seq = ?1", [refused]).unwrap();

    let told = |text: &str| Some(Reason::Told { text: text.to_owned() });
    let row = store.current_loop(&task).unwrap().unwrap();
    assert_eq!(row.reason, told("no-change 3 of 3"));
    assert_eq!(row.summary.held_by, told("src/x.rs is not saved in an editor"));
    assert!(row.summary.line(Rule::Cost).unwrap().partial);
    assert_eq!(store.task(&task).unwrap().unwrap().reason, row.reason);
    assert_eq!(store.approvals(lock.loop_id()).unwrap()[0].kind, AskKind::Login);
    let result = |seq| store.command(seq).unwrap().unwrap().result;
    assert_eq!(result(done), Some(CommandResult::Done));
    let why = Refusal::Told { text: "it is done".to_owned() };
    assert_eq!(result(refused), Some(CommandResult::Refused(why)));

    database.execute("UPDATE task SET reason = ''", []).unwrap();
    assert_eq!(store.task(&task).unwrap().unwrap().reason, None);
}

#[test]
fn the_first_answer_counts() {
    let place = Place::new();
    let mut store = place.store();
    let task = key("US-001");
    let lock = place.start(&mut store, &task);
    let ask = Ask {
        loop_id: Some(lock.loop_id()),
        task: Some(&task),
        kind: AskKind::Question,
        text: "Which table?",
        tree: None,
    };
    let (first, second) = store.write(|tx| Ok::<_, StoreError>((tx.ask(&ask)?, tx.ask(&ask)?))).unwrap();
    let open = |store: &Store| {
        let asked = store.approvals(lock.loop_id()).unwrap();
        asked.iter().filter(|asked| asked.answered_at.is_none()).count()
    };
    assert_eq!(open(&store), 2);
    let said = |text| AnswerGiven { approved: None, text: Some(text), by: Some("Ada") };
    assert!(store.write(|tx| tx.answer(first, &said("coupon"))).unwrap());
    assert!(
        !store
            .write(|tx| tx.answer(first, &AnswerGiven { approved: Some(false), ..said("another") }))
            .unwrap()
    );
    let answered = store.approval(first).unwrap().unwrap();
    assert_eq!((answered.approved, answered.answer.as_deref()), (None, Some("coupon")));
    assert_eq!(answered.answered_by.as_deref(), Some("Ada"));
    store.write(|tx| tx.withdraw_questions(lock.loop_id())).unwrap();
    assert_eq!(open(&store), 0);
    assert_eq!(store.approval(second).unwrap().unwrap().answer, None);
}

#[test]
fn writing_down_what_is_known_tells_nobody() {
    let place = Place::new();
    let mut store = place.store();
    let plan = PlanNew {
        path: "PLAN.md",
        kind: PlanKind::Directive,
        title: "Coupons",
        status: Some("active"),
        generation: 2,
        settings: &json!({ "autonomy": "guarded" }),
    };
    for _ in 0..2 {
        store
            .write(|tx| {
                tx.put_plan(&plan)?;
                tx.put_task(&key("US-001"), "Title", 2, TaskStatus::Ready)
            })
            .unwrap();
    }
    assert_eq!(kinds(&store), [Change::Plan, Change::Task].map(EventKind::Change));
    let (kind, settings): (String, String) = store
        .connection()
        .query_row("SELECT kind, settings FROM plan", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!((kind.as_str(), settings.as_str()), ("directive", r#"{"autonomy":"guarded"}"#));
}

#[test]
fn a_status_of_a_later_version_is_an_error_that_says_so() {
    let place = Place::new();
    let mut store = place.store();
    store.write(|tx| tx.put_task(&key("US-001"), "Title", 1, TaskStatus::Ready)).unwrap();
    store.connection().execute("UPDATE task SET status = 'dreaming'", []).unwrap();
    let error = store.tasks().unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error:?}");
    assert!(error.to_string().contains("dreaming"), "{error}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((".*", inner), 0..4).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_event_comes_back_as_it_went(kind in ".*", plan in ".+", id in "[^#]+", payload in any_json()) {
        let place = Place::new();
        let mut store = place.store();
        let task = TaskKey::new(plan, id);
        let loop_id = LoopId::generate();
        let news = News::Other { kind: kind.clone(), payload: payload.clone() };
        let event = NewEvent { loop_id: Some(&loop_id), task: Some(&task), news: &news };
        store.write_at(Millis(-1), |tx| tx.append_event(event)).unwrap();
        let expected = Event {
            seq: 1, loop_id: Some(loop_id.clone()), task: Some(task.clone()), at: Millis(-1),
            kind: EventKind::News(kind), payload: payload.clone(),
        };
        prop_assert_eq!(store.events_after(0, 10).unwrap(), [expected]);
    }

    #[test]
    fn whatever_happens_a_task_has_one_live_loop_and_speaks_for_its_newest(
        steps in prop::collection::vec((0_usize..3, 0_usize..15, any::<bool>()), 1..30),
    ) {
        let place = Place::new();
        let mut store = place.store();
        let task = key("US-001");
        let locks: Vec<LoopLock> = (0..3).map(|_| place.lock()).collect();
        for (lock, status, ended) in steps {
            let lock = &locks[lock];
            // Refusals are part of the game.
            let _ = store.write(|tx| match tx.loop_(lock.loop_id())? {
                None => begin(tx, lock, &task),
                Some(_) => tx.set_loop_status(lock, TaskStatus::ALL[status], None, ended),
            });
            let live = store.live_loops().unwrap();
            prop_assert!(live.len() <= 1);
            if let Some(row) = store.task(&task).unwrap() {
                let speaker = store.loop_(&row.loop_id.unwrap()).unwrap().unwrap();
                prop_assert_eq!(row.status, speaker.status);
                prop_assert!(live.is_empty() || live[0].id == speaker.id);
            }
        }
    }
}

#[test]
fn a_rule_that_only_a_newer_version_knows_leaves_the_other_lines_readable() {
    let saved = json!({
        "iteration": 3,
        "breaker": [
            { "rule": "of-tomorrow", "count": 1.0, "limit": 2.0, "evidence": "" },
            { "rule": "no-change", "count": 2.0, "limit": 3.0, "evidence": "iterations 2 and 3" },
            { "rule": "cost", "count": 0.5 },
        ],
    });
    let summary: LoopSummary = serde_json::from_value(saved).unwrap();
    let shown: Vec<String> =
        summary.breaker.iter().map(|line| format!("{} {}", line.rule, line.shown())).collect();
    assert_eq!(shown, ["no-change 2 of 3", "cost $0.50"]);
    assert_eq!(summary.breaker[0].evidence, "iterations 2 and 3");
    assert_eq!(summary.line(Rule::Cost).map(|line| line.count), Some(0.5));
    assert_eq!((summary.iteration, summary.line(Rule::Tokens)), (3, None));
}

#[test]
fn a_task_whose_loop_is_forgotten_is_what_its_loop_before_says() {
    let place = Place::new();
    let mut store = place.store();
    let task = key("US-001");
    let first = place.start(&mut store, &task);
    store.write(|tx| tx.set_loop_status(&first, TaskStatus::Discarded, None, true)).unwrap();
    let second = place.start(&mut store, &task);
    store.write(|tx| tx.forget_loop(&second)).unwrap();
    let row = store.task(&task).unwrap().unwrap();
    assert_eq!((row.status, row.loop_id.as_ref()), (TaskStatus::Discarded, Some(first.loop_id())));
}

#[test]
fn a_task_that_an_older_version_left_running_without_a_loop_is_taken_back() {
    let place = Place::new();
    let mut store = place.store();
    let lock = place.start(&mut store, &key("US-001"));
    store.connection().execute("DELETE FROM loop WHERE id = ?1", [lock.loop_id()]).unwrap();
    assert_eq!(store.task(&key("US-001")).unwrap().unwrap().status, TaskStatus::Running);
    assert_eq!(store.reconcile().unwrap(), []);
    assert_eq!(store.task(&key("US-001")).unwrap(), None);
}

#[test]
fn tasks_exchange_their_keys_and_what_belongs_to_them_follows() {
    let place = Place::new();
    let mut store = place.store();
    let (one, two) = (key("T1"), key("T2"));
    let first = place.start(&mut store, &one);
    let second = place.start(&mut store, &two);
    store
        .write(|tx| {
            tx.ask(&Ask {
                loop_id: Some(first.loop_id()),
                task: Some(&one),
                kind: AskKind::Question,
                text: "?",
                tree: None,
            })?;
            tx.rename_tasks(&[(one.clone(), two.clone()), (two.clone(), one.clone())])
        })
        .unwrap();
    assert_eq!(store.current_loop(&two).unwrap().unwrap().id, *first.loop_id());
    assert_eq!(store.current_loop(&one).unwrap().unwrap().id, *second.loop_id());
    assert_eq!(store.approvals(first.loop_id()).unwrap()[0].task, Some(two));
}

#[test]
fn how_a_document_has_its_tasks_is_noted_down_with_the_words_of_the_rows() {
    let place = Place::new();
    let mut store = place.store();
    let _lock = place.start(&mut store, &key("US-001"));
    let plan = PlanNew {
        path: "PLAN.md",
        kind: PlanKind::Plan,
        title: "Plan",
        status: None,
        generation: 1,
        settings: &json!({}),
    };
    let written = |id: &str, title: &str| alfine_core::identity::Written {
        id: alfine_core::task::TaskId(id.to_owned()),
        title: title.to_owned(),
        text: "digest".to_owned(),
    };
    let outline = vec![written("US-001", "Add the coupon table"), written("US-002", "Reject")];
    store
        .write(|tx| {
            tx.put_plan(&plan)?;
            tx.put_outline("PLAN.md", &outline)
        })
        .unwrap();
    assert_eq!(store.outline("PLAN.md").unwrap(), outline);
    assert_eq!(store.task(&key("US-001")).unwrap().unwrap().written(), outline[0]);
    store.write(|tx| tx.move_plan("PLAN.md", "done/PLAN.md")).unwrap();
    assert_eq!(store.outline("PLAN.md").unwrap(), []);
    assert_eq!(store.outline("done/PLAN.md").unwrap(), outline);
    assert_eq!(store.live_loops().unwrap()[0].task, TaskKey::new("done/PLAN.md", "US-001"));
}

#[test]
fn what_checks_answered_on_a_tree_is_found_with_the_newest_answer_last() {
    use alfine_core::proof::{Answer, Said};
    let place = Place::new();
    let mut store = place.store();
    let answer = |key: &str, plan: &str, tree: &str, what: &str, answer: Answer| {
        let key = AnswerKey { key: key.into(), plan: plan.into(), tree: tree.into(), what: what.into() };
        let said = Said {
            answer,
            tests: BTreeMap::new(),
            ran: None,
            exit: None,
            millis: None,
            names_all: false,
            findings: BTreeMap::new(),
            is_confirmed: false,
        };
        (key, said)
    };
    store.write(|tx| tx.put_check_answers(&[])).unwrap();
    assert_eq!(store.plans_with_answers().unwrap(), [] as [&str; 0]);
    let before = store.last_seq().unwrap();
    let first = answer("1", "PLAN.md", "t", "a", Answer::Failed);
    let others =
        [answer("2", "PLAN.md", "u", "a", Answer::Failed), answer("3", "b.md", "t", "a", Answer::Failed)];
    store
        .write_at(Millis(1), |tx| {
            tx.put_check_answers(&[first.clone(), others[0].clone(), others[1].clone()])
        })
        .unwrap();
    assert_eq!(store.last_seq().unwrap(), before + 1, "told once");
    let newer = answer("4", "PLAN.md", "t", "a", Answer::Passed);
    store.write_at(Millis(2), |tx| tx.put_check_answers(&[newer])).unwrap();
    let found = |store: &Store| -> Vec<Answer> {
        let found = store.answers_on("PLAN.md", "t").unwrap();
        assert!(found.iter().all(|(what, _)| what == "a"));
        found.into_iter().map(|(_, said)| said.answer).collect()
    };
    assert_eq!(found(&store), [Answer::Failed, Answer::Passed]);
    store.write_at(Millis(3), |tx| tx.put_check_answers(&[first])).unwrap();
    assert_eq!(found(&store), [Answer::Passed, Answer::Failed]);
    assert_eq!(store.plans_with_answers().unwrap(), ["PLAN.md", "b.md"]);
}
