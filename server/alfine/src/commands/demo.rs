//! `alfine demo`: two tasks played from start to merge by the built-in agent, through everything a real loop goes
//! through.

use super::{
    asking::{self, Said},
    opening,
};
use crate::{cli::DemoArgs, display::Display, output::say, report::exit};
use alfine_core::{
    machine::Command,
    news::Told,
    task::{TaskKey, TaskStatus},
};
use alfine_engine::{
    Error, ErrorKind, Result, demo, foreground, loops,
    project::Project,
    requests::{Begun, Continue, Continued, How, Merge, Merging, Send, Start},
    start::{More, StartOptions},
};
use alfine_git::WorkingCopies;
use alfine_store::LoopLock;
use alfine_words::Mark;
use std::time::Instant;

/// The demo wrote the plan itself.
const OWN: Said = Said { trust: true, json: false, again: false };

/// Plays the demo and says where to look.
pub(super) fn perform(args: &DemoArgs) -> Result<u8> {
    let begun = Instant::now();
    let folder = tempfile::Builder::new().prefix("alfine-demo-").tempdir().map_err(|error| {
        Error::user(format!("no folder for the demo can be made: {error}"))
            .hint("free some space in the folder for temporary files")
    })?;
    let stage = demo::build(folder.path())?;
    let display = Display::new();
    let mut project = Project::open(&stage.repository)?;
    project.user = stage.user.clone();
    display
        .line(Mark::Step, &format!("a repository with a plan of two tasks: {}", stage.repository.display()));
    display.line(
        Mark::Detail,
        "the agent is scripted; the runner, git, the checks and the database are the real ones",
    );

    chapter("1. Claimed is not done");
    let first = TaskKey::new("PLAN.md", "US-001");
    let lock = begin(&mut project, &first, &display)?;
    expect(play(&mut project, lock, &display)?, TaskStatus::Done, &first)?;
    display.line(Mark::Good, "its first claim was refused by the check, its second one is proven");
    merge(&mut project, &first, &display)?;

    chapter("2. A loop that goes nowhere is stopped");
    let second = TaskKey::new("PLAN.md", "US-002");
    let lock = begin(&mut project, &second, &display)?;
    expect(play(&mut project, lock, &display)?, TaskStatus::Stopped, &second)?;
    let reason = loops::loop_of(&project.store, &second)?.and_then(|row| row.reason);
    let reason = reason.as_ref().map(alfine_words::reason).unwrap_or_default();
    display.line(Mark::Notice, &format!("the breaker says why: {reason}"));
    display.line(Mark::Step, "you leave a note for the agent, and let it go on");
    let note = "Dates such as 2026-12-31 compare as numbers once the dashes are gone.".to_owned();
    let command = Command::Steer { text: note };
    asking::drive(&mut project, Send { task: second.clone(), command, until_rest: false }, OWN)?;
    let go_on =
        Continue { task: second.clone(), more: More::default(), in_background: false, keep_plan: false };
    let Continued::GoesOn { how: How::Here(lock), .. } = asking::drive(&mut project, go_on, OWN)? else {
        return Err(wrong_turn(&format!("{second} does not go on")));
    };
    expect(play(&mut project, lock, &display)?, TaskStatus::Done, &second)?;
    merge(&mut project, &second, &display)?;

    chapter("3. Where to look");
    let shown = stage.repository.display();
    if args.keep {
        let kept = folder.keep();
        say(format_args!("  the tasks:        alfine -C {shown} status"));
        say(format_args!("  what happened:    alfine -C {shown} log PLAN.md#US-002"));
        say(format_args!("  what changed:     git -C {shown} log --stat"));
        say(format_args!("  every checkpoint: git -C {shown} for-each-ref refs/alfine"));
        say(format_args!("  the database:     {}", project.layout.database().display()));
        say(format_args!("  when done:        rm -r {}", kept.display()));
    } else {
        say(format_args!("  the repository was deleted; `alfine demo --keep` leaves it for you to look at"));
        say(format_args!("  in your own:      alfine init, then alfine run PLAN.md"));
    }
    say(format_args!("played in {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(exit::DONE)
}

fn chapter(title: &str) {
    say(format_args!("\n{title}\n"));
}

fn begin(project: &mut Project, key: &TaskKey, display: &Display) -> Result<LoopLock> {
    display.line(Mark::Step, &format!("alfine run {key}"));
    let mut start = Start::new(key.plan.clone(), Some(key.id.0.clone()), StartOptions::default());
    start.in_background = false;
    match asking::drive(project, start, OWN)?.begun.pop() {
        Some(Begun { how: How::Here(lock), .. }) => Ok(lock),
        _ => Err(wrong_turn(&format!("{key} cannot be started"))),
    }
}

fn play(project: &mut Project, lock: LoopLock, display: &Display) -> Result<TaskStatus> {
    let mut observe = |told: &Told| display.show(told);
    let program = opening::program()?;
    let ended =
        foreground::run(project, lock, &program, WorkingCopies::All, &mut observe, |_| Ok(Box::new(|| ())))?;
    Ok(ended.status)
}

fn merge(project: &mut Project, key: &TaskKey, display: &Display) -> Result<()> {
    display.line(Mark::Step, &format!("alfine merge {key}"));
    let request = Merge { task: key.clone(), into: None, with_others: false, in_background: false };
    let Merging::Merged(merged) = asking::drive(project, request, OWN)? else {
        return Err(wrong_turn("the demo's branch has moved"));
    };
    let commit = merged.merged.commit.get(..10).unwrap_or(&merged.merged.commit);
    display.line(Mark::Good, &format!("merged into {} as {commit}, and ticked in the plan", merged.into));
    Ok(())
}

fn expect(got: TaskStatus, wanted: TaskStatus, key: &TaskKey) -> Result<()> {
    if got == wanted {
        return Ok(());
    }
    Err(wrong_turn(&format!("{key} is {got}, not {wanted}")))
}

fn wrong_turn(what: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the demo took a wrong turn: {what}"))
}
