//! `alfine/tasks`: every task of every plan, and those whose loop can go on although they are in none any more.

use crate::{
    client::TasksVersion,
    offers::TaskOffers,
    picture::Picture,
    snapshot::{LoopPicture, TaskPicture},
};
use alfine_core::{
    offer::Refusal,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    evidence::Evidence,
    offers::needs_you,
    view::{CriterionView, PlannedTask, TaskView, task_view, unplanned_view},
};
use alfine_words::offer::refusal;
use schemars::JsonSchema;
use serde::Serialize;
use std::{borrow::Cow, collections::HashSet, path::Path, sync::Arc};

/// The answer of `alfine/tasks`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Tasks {
    /// In the order of the plans, and of the tasks in each.
    pub tasks: Vec<TaskView>,
}

/// Answers.
pub(crate) fn tasks(picture: &Picture) -> Tasks {
    let mut seen: HashSet<(&Path, TaskKey)> = HashSet::new();
    let mut tasks = Vec::new();
    for plan in picture.plans() {
        // What an agent writes into its copy of a plan is a proposal.
        if picture.is_copy(&plan) {
            continue;
        }
        let repository = plan.checkout.map_or(Path::new(""), |checkout| checkout.place.common_dir.as_path());
        for task in plan.tasks() {
            // The same plan in two working trees of a repository is one plan.
            if plan.checkout.is_none() || seen.insert((repository, task.key.clone())) {
                let planned = task.planned(&plan, picture.client.encoding);
                let view = view(&planned, task.known);
                let can_start = plan.checkout.is_some() || task.task.is_over();
                let view = if can_start { view } else { without_repository(view) };
                let known = task.known.map(AsRef::as_ref);
                tasks.push(shown(picture, view, known, || TaskOffers::of_task(&plan, &task)));
            }
        }
    }
    for checkout in &picture.snapshot.checkouts {
        let mut gone: Vec<&Arc<TaskPicture>> = checkout
            .store
            .all()
            .filter(|task| {
                task.live().is_some() && seen.insert((&checkout.place.common_dir, task.row.key.clone()))
            })
            .collect();
        gone.sort_by(|a, b| a.row.key.cmp(&b.row.key));
        tasks.extend(gone.into_iter().filter_map(|task| {
            let view = told(unplanned_view(&task.row, &task.last.as_ref()?.row), task);
            let plan = checkout.uri_of(&task.row.key.plan);
            Some(shown(picture, view, Some(task), || TaskOffers::of_unplanned(Some(checkout), plan, task)))
        }));
    }
    Tasks { tasks }
}

/// Adds what is shown of a task, if the client reads it; otherwise leaves the fields of the first version.
fn shown(
    picture: &Picture,
    view: TaskView,
    known: Option<&TaskPicture>,
    offers: impl FnOnce() -> TaskOffers,
) -> TaskView {
    if picture.client.tasks_version == TasksVersion::First {
        let criteria = view.criteria.into_iter().map(|one| CriterionView { proof: None, ..one }).collect();
        let view = TaskView { cause: None, proof: None, criteria, ..view };
        return TaskView {
            format: None,
            group: None,
            depends_on: Vec::new(),
            detected_depends_on: Vec::new(),
            optional: false,
            ..view
        };
    }
    let state = known.and_then(|known| known.last.as_ref()).and_then(|last| last.state.as_ref());
    let needs_you = needs_you(view.status, state);
    view.with_shown(needs_you, |moment| picture.clock(moment), offers().views())
}

fn view(planned: &PlannedTask, known: Option<&Arc<TaskPicture>>) -> TaskView {
    let Some(known) = known else { return task_view(planned, None, None, &Evidence::default()) };
    let last = known.last.as_ref();
    let evidence = last.map(LoopPicture::proof).unwrap_or_default();
    told(task_view(planned, Some(&known.row), last.map(|last| &last.row), &evidence), known)
}

/// Says why a task cannot be started if there is no repository to work on.
fn without_repository(view: TaskView) -> TaskView {
    let reason = Some(refusal(&Refusal::NoRepository));
    TaskView { status: TaskStatus::Pending, reason, cause: None, ..view }
}

/// Says why as the saved state has it, where an older version wrote words into the row.
fn told(view: TaskView, known: &TaskPicture) -> TaskView {
    let cause = known.reason().map(Cow::into_owned);
    TaskView { reason: cause.as_ref().map(alfine_words::reason), cause, ..view }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::lsp_types::Url;
    use crate::{
        client::ClientView,
        document::Document,
        snapshot::{Checkout, Place, Snapshot, StorePicture},
    };
    use alfine_core::plan::Isolation;
    use alfine_store::{LoopId, LoopRow, LoopSummary, Millis, TaskRow};
    use globset::GlobSet;
    use serde_json::Value;
    use std::collections::{BTreeMap, HashMap};

    fn known(key: &TaskKey) -> Arc<TaskPicture> {
        let id = LoopId::generate();
        let row = LoopRow {
            id: id.clone(),
            task: key.clone(),
            status: TaskStatus::Running,
            reason: None,
            agent: "claude".to_owned(),
            model: None,
            isolation: Isolation::Worktree,
            branch: Some("alfine/x".to_owned()),
            base_branch: None,
            base_commit: None,
            worktree: None,
            settings: Value::Null,
            state: String::new(),
            summary: LoopSummary { iteration: 2, max_iterations: 7, ..LoopSummary::default() },
            cost_usd: None,
            tokens: 0,
            started_at: Millis(1),
            ended_at: None,
            updated_at: Millis(2),
            forked_from: None,
            plan_run: None,
        };
        Arc::new(TaskPicture {
            row: TaskRow {
                key: key.clone(),
                title: if key.id.0 == "US-002" { "Two" } else { "One" }.to_owned(),
                status: TaskStatus::Running,
                reason: None,
                since: Millis(1),
                loop_id: Some(id),
                generation: 1,
                updated_at: Millis(2),
                text: None,
            },
            last: Some(LoopPicture {
                row,
                state: None,
                iterations: Vec::new(),
                evidence: Vec::new(),
                tree: None,
                changed: false,
                approval: None,
                asks: None,
                asks_to_merge: false,
                checkout: Vec::new(),
                last_run: None,
                marks: Vec::new(),
            }),
        })
    }

    fn checkout(root: &str, store: &Arc<StorePicture>) -> Arc<Checkout> {
        let uri = Url::from_file_path(format!("{root}/PLAN.md")).unwrap();
        let plan = "### US-001: One\n\n- [ ] a\n\n### US-002: Two\nDepends on: US-001\n\n- [ ] b\n";
        Arc::new(Checkout {
            place: Place { root: root.into(), real_root: root.into(), common_dir: "/r/.git".into() },
            is_folder: true,
            is_loops: false,
            config: Arc::default(),
            lint_options: Arc::default(),
            here: Default::default(),
            problems: Vec::new(),
            globs: GlobSet::empty(),
            unreadable: BTreeMap::new(),
            plans: BTreeMap::from([(
                "PLAN.md".to_owned(),
                Arc::new(Document::new(uri, None, plan.to_owned())),
            )]),
            settings_file: None,
            untrusted: HashMap::new(),
            store: Arc::clone(store),
            notices: Vec::new(),
        })
    }

    /// What is told of the first task while these working trees of one repository are known.
    fn first_uris(checkouts: &[&Arc<Checkout>]) -> Vec<Option<String>> {
        let checkouts = checkouts.iter().map(|checkout| Arc::clone(checkout)).collect();
        let snapshot = Arc::new(Snapshot { checkouts, ..Snapshot::default() });
        let tasks = tasks(&Picture { snapshot, ..Picture::default() }).tasks;
        tasks.into_iter().filter(|view| view.id == "US-001").map(|view| view.uri).collect()
    }

    #[test]
    fn a_task_stands_in_the_plan_of_the_tree_that_the_user_works_in() {
        let store = Arc::default();
        let of = |root: &str, is_folder, is_loops| {
            Arc::new(Checkout { is_folder, is_loops, ..(*checkout(root, &store)).clone() })
        };
        let (main, beside) = (of("/r", false, false), of("/a", false, false));
        let (folder, loops) = (of("/b", true, false), of("/c", true, true));
        let uri = |root: &str| [Some(format!("file://{root}/PLAN.md"))];
        assert_eq!(first_uris(&[&loops, &beside, &main]), uri("/r"));
        assert_eq!(first_uris(&[&loops, &beside, &folder, &main]), uri("/b"));
        assert_eq!(first_uris(&[&loops, &beside]), uri("/a"));
        assert_eq!(first_uris(&[&loops]), uri("/c"));
    }

    #[test]
    fn a_task_that_only_a_loop_s_copy_of_a_plan_has_is_none() {
        let store = Arc::default();
        let mut loops = Checkout { is_loops: true, ..(*checkout("/a", &store)).clone() };
        let uri = Url::from_file_path("/a/NEW.plan.md").unwrap();
        let written = Document::new(uri, None, "### US-009: More\n\n- [ ] a\n".to_owned());
        loops.plans.insert("NEW.plan.md".to_owned(), Arc::new(written));
        let ids = |checkouts| {
            let snapshot = Arc::new(Snapshot { checkouts, ..Snapshot::default() });
            let tasks = tasks(&Picture { snapshot, ..Picture::default() }).tasks;
            tasks.into_iter().map(|view| view.id).collect::<Vec<_>>()
        };
        let loops = Arc::new(loops);
        assert_eq!(ids(vec![loops.clone(), checkout("/r", &store)]), ["US-001", "US-002"]);
        assert_eq!(ids(vec![loops]), ["US-009", "US-001", "US-002"]);
    }

    #[test]
    fn a_task_of_a_plan_in_no_repository_says_that_it_cannot_be_started() {
        let plan =
            "### T1: One\n\n- [ ] a\n\n### T2: Two\nDepends on: T1\n\n- [ ] b\n\n### T3: Three\n\n- [x] c\n";
        let picture = crate::fixtures::World::new().open_outside("file:///loose/PLAN.md", plan).picture();
        let shown: Vec<_> =
            tasks(&picture).tasks.into_iter().map(|it| (it.id, it.status, it.reason)).collect();
        let why = || Some("the plan lies in no git repository".to_owned());
        assert_eq!(
            shown,
            [
                ("T1".to_owned(), TaskStatus::Pending, why()),
                ("T2".to_owned(), TaskStatus::Pending, why()),
                ("T3".to_owned(), TaskStatus::Done, None),
            ]
        );
    }

    #[test]
    fn a_client_of_the_first_version_gets_the_fields_that_it_knows() {
        use crate::fixtures::{World, situation};
        let view = tasks(&World::of(&situation("stopped, no change")).picture()).tasks.remove(0);
        assert_eq!(view.shown, None);
        let fields = serde_json::to_value(&view).unwrap();
        let mut fields: Vec<&str> = fields.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(
            fields,
            [
                "agent",
                "branch",
                "breaker",
                "costUsd",
                "criteria",
                "filesChanged",
                "gate",
                "id",
                "iteration",
                "loopId",
                "maxIterations",
                "plan",
                "range",
                "reason",
                "status",
                "task",
                "title",
                "updatedAt",
                "uri",
                "worktree"
            ]
        );
    }

    /// The first task of a world, as a client of the second version is told of it.
    fn second(world: crate::fixtures::World) -> Value {
        let client = ClientView { tasks_version: TasksVersion::Second, ..crate::fixtures::able_client() };
        serde_json::to_value(tasks(&world.client(client).picture()).tasks.remove(0)).unwrap()
    }

    #[test]
    fn a_client_of_the_second_version_is_told_what_to_show_of_each_situation() {
        use crate::fixtures::{World, situations};
        use std::fmt::Write;
        let mut all = String::new();
        for situation in situations() {
            let view = second(World::of(&situation));
            let needs = if view["needsYou"] == true { "needs you" } else { "" };
            let _ = writeln!(all, "{}\n    {} {needs}", situation.name, view["summary"].as_str().unwrap());
            for counter in view["counters"].as_array().unwrap() {
                let _ = writeln!(all, "    {} {}", counter["label"], counter["shown"]);
            }
            for offer in view["offers"].as_array().unwrap() {
                let next = if offer["next"] == true { "*" } else { " " };
                let refused = offer["refused"].as_str().map(|why| format!(" ({why})")).unwrap_or_default();
                let _ = writeln!(
                    all,
                    "  {next} {} | {}{refused}: {} {}",
                    offer["title"].as_str().unwrap(),
                    offer["short"].as_str().unwrap(),
                    offer["command"].as_str().unwrap(),
                    offer["argument"]
                );
            }
        }
        insta::assert_snapshot!(all);
    }

    #[test]
    fn what_cannot_be_done_with_a_task_is_offered_with_the_reason() {
        use crate::fixtures::{PLAN, World};
        let client = ClientView { tasks_version: TasksVersion::Second, ..crate::fixtures::able_client() };
        let waits =
            tasks(&World::new().open("PLAN.md", PLAN).client(client.clone()).picture()).tasks.remove(1);
        let refused = |view: TaskView| view.shown.unwrap().offers.remove(0).refused;
        assert_eq!(refused(waits).as_deref(), Some("it waits for US-001"));
        let loose = World::new().open_outside("file:///loose/PLAN.md", PLAN).client(client).picture();
        assert_eq!(
            refused(tasks(&loose).tasks.remove(0)).as_deref(),
            Some("the plan lies in no git repository")
        );
    }

    #[test]
    fn a_task_that_left_its_plan_is_offered_no_start() {
        use crate::fixtures::{World, situation};
        let view = second(World::new().with(situation("stopped, no change").task));
        let offers = view["offers"].as_array().unwrap();
        assert!(offers.iter().any(|offer| offer["command"] == "alfine.continue"));
        assert!(
            offers
                .iter()
                .all(|offer| offer["command"] != "alfine.start" && offer["command"] != "alfine.fork")
        );
    }

    #[test]
    fn why_a_loop_stopped_is_said_in_words() {
        use crate::fixtures::{World, situation};
        for (name, words) in [
            ("stopped, no change", "3 iterations in a row changed nothing"),
            ("stopped, the limit of iterations", "all 10 iterations are used"),
            ("stopped by the user", "stopped by the user"),
        ] {
            let said = tasks(&World::of(&situation(name)).picture()).tasks.remove(0).reason;
            assert_eq!(said.as_deref(), Some(words));
            let left = World::new().with(situation(name).task).picture();
            assert_eq!(tasks(&left).tasks.remove(0).reason.as_deref(), Some(words));
        }
    }

    #[test]
    fn a_task_is_there_once_although_two_working_trees_have_its_plan() {
        let mut store = StorePicture::default();
        for key in ["PLAN.md#US-001", "gone.md#GONE"] {
            let key: TaskKey = key.parse().unwrap();
            store.tasks.entry(key.plan.clone()).or_default().insert(key.id.clone(), known(&key));
        }
        let store = Arc::new(store);
        let checkouts = vec![checkout("/r", &store), checkout("/w", &store)];
        let snapshot = Arc::new(Snapshot { checkouts, ..Snapshot::default() });
        let picture = Picture { snapshot, ..Picture::default() };
        let tasks = tasks(&picture).tasks;
        let shown: Vec<(String, String, TaskStatus, u32)> = tasks
            .iter()
            .map(|view| (view.task.to_string(), view.title.clone(), view.status, view.iteration))
            .collect();
        assert_eq!(
            shown,
            [
                ("PLAN.md#US-001".to_owned(), "One".to_owned(), TaskStatus::Running, 2),
                ("PLAN.md#US-002".to_owned(), "Two".to_owned(), TaskStatus::Pending, 0),
                ("gone.md#GONE".to_owned(), "One".to_owned(), TaskStatus::Running, 2),
            ]
        );
        assert_eq!(tasks[0].uri.as_deref(), Some("file:///r/PLAN.md"));
        assert_eq!((tasks[2].uri.clone(), tasks[2].range), (None, None));
    }
}
