//! Questions to the user on the terminal: what may run, yes or no, one of several letters.

use super::opening;
use crate::output::say;
use alfine_config::{OnDone, trust::TrustItem};
use alfine_core::{
    hint::Hint,
    plan::Isolation,
    printable::{printable, printable_paths},
};
use alfine_engine::{
    Error, ErrorKind, Result, built_on,
    inbox::INBOX,
    project::Project,
    requests::{Answered, GoalQuestion, Question, Reply, Request, Step, Terminal},
    start,
};
use std::{
    io::{BufRead, IsTerminal, Write},
    path::PathBuf,
};

/// What the command line says beforehand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    /// Whether all that the repository wants to run may run.
    pub trust: bool,
    /// Whether the output is for a program, so that nobody is asked.
    pub json: bool,
    /// Whether a task is begun anew, whatever became of it before.
    pub again: bool,
}

/// Drives a request until it is over: asks its questions, and waits for what it waits for.
pub(super) fn drive<R: Request>(project: &mut Project, mut request: R, said: Said) -> Result<R::Done> {
    let front_end = Terminal { program: opening::program()? };
    let mut answered = None;
    loop {
        match request.next(project, &front_end, answered)? {
            Step::Done(done) => return Ok(done),
            Step::Wait(wait, done) => return wait.wait().map(|()| done),
            Step::Ask(question) => {
                answered = Some(Answered { reply: ask(&question, said)?, question });
            }
        }
    }
}

fn ask(question: &Question, said: Said) -> Result<Reply> {
    let may_ask = !said.json && can_ask();
    match question {
        Question::Trust { .. } if said.trust => Ok(Reply::Yes),
        Question::Trust { plan, items } => {
            if may_ask {
                say(format_args!("This repository and its plan want to run on your machine:"));
                for item in items {
                    say(format_args!("  {}", line(item)));
                }
                if yes("Allow these commands, here and from now on?")? {
                    return Ok(Reply::Yes);
                }
            }
            Err(not_trusted(plan, items))
        }
        Question::Uncommitted { files } => ask_about_uncommitted(files, said),
        Question::SameTask { task, .. } if said.again => {
            tracing::debug!("{task} is a new task");
            Ok(Reply::No)
        }
        Question::SameTask { task, title, row } => {
            if !may_ask {
                return Err(start::in_doubt(task, row));
            }
            say(format_args!("{}", alfine_words::same_task(task, title, &row.key, &row.title, row.status)));
            match choice("[s]ame task, [n]ew task, [c]ancel?", &['s', 'n', 'c'])? {
                's' => Ok(Reply::Yes),
                'n' => Ok(Reply::No),
                _ => Err(Error::user("cancelled")),
            }
        }
        Question::RunAgain { task, row } => {
            let merged = start::merged_already(task, row);
            if !may_ask {
                return Err(merged);
            }
            match yes(&format!("{}; its box is open. Run it again?", merged.message))? {
                true => Ok(Reply::Yes),
                false => Err(Error::user("nothing was started")),
            }
        }
        Question::LandsToo { task, with } => {
            let would = built_on::would_land(task, with);
            if !may_ask {
                return Err(would);
            }
            match yes(&format!("{}. Merge all of it?", would.message))? {
                true => Ok(Reply::Yes),
                false => Err(Error::user("nothing was merged")),
            }
        }
        Question::Discard { task } => {
            if !std::io::stdin().is_terminal() {
                return Err(Error::user(format!("discarding {task} removes its worktree and its branch"))
                    .hint("its checkpoints stay under refs/alfine; to do it: give --yes"));
            }
            if yes(&format!("Remove the worktree and the branch of {task}? Its checkpoints stay."))? {
                return Ok(Reply::Yes);
            }
            Err(Error::user("nothing was removed"))
        }
        Question::RestoreCheckout { task, changes } => {
            say(format_args!("While the agent of {task} ran, this changed in your checkout:"));
            for change in changes {
                say(format_args!("  {}", printable(&alfine_words::checkout::change(change))));
            }
            say(format_args!(
                "What you changed again since stays; new branches, worktrees and stash entries stay."
            ));
            if !std::io::stdin().is_terminal() {
                return Err(Error::user("nothing was brought back")
                    .hint("to bring it back: give --yes; if it was you who changed it: --mine"));
            }
            if yes("Bring it back as it was before?")? {
                return Ok(Reply::Yes);
            }
            Err(Error::user("nothing was brought back"))
        }
        Question::Approval { task, asked } => {
            Err(Error::user(format!("{task} asks: {}", printable(&asked.text)))
                .hint("give a text, --approve or --reject"))
        }
        Question::Goal(_) if said.trust => Ok(Reply::Yes),
        Question::Goal(about) => {
            if !may_ask {
                return Err(not_trusted(INBOX, &about.commands));
            }
            for line in goal_lines(about) {
                say(format_args!("{line}"));
            }
            Ok(if yes("Begin?")? { Reply::Yes } else { Reply::No })
        }
        // No file is open in a terminal.
        Question::Append { path, .. } => Err(Error::user(format!("{} is open in an editor", path.display()))),
    }
}

/// What a user says yes to before a goal is worked on: who works with which rights, what runs here, what becomes of it.
fn goal_lines(about: &GoalQuestion) -> Vec<String> {
    let agent = &about.agent;
    let permissions = serde_json::to_string(&about.permissions).unwrap_or_default();
    let place = match about.isolation {
        Isolation::Worktree => "in a worktree of its own",
        Isolation::InPlace => "in your own tree",
    };
    let mut lines = vec![format!("{agent} works on this, {place}, with permissions = {permissions}:")];
    lines.push(format!("  {}", printable(&about.title)));
    if about.first_commit {
        lines.push(
            "This repository has no commit yet: what lies in it, but for what git ignores, becomes its first one.".to_owned(),
        );
    }
    if about.checks.is_empty() {
        lines.push("No command shows that it is done: you will be asked.".to_owned());
    } else {
        lines.push("It is done when these pass, on your machine:".to_owned());
        lines.extend(about.checks.iter().map(|check| format!("  {}", printable(check))));
    }
    let is_check = |item: &&TrustItem| about.checks.contains(&item.command);
    let mut others = about.commands.iter().filter(|item| !is_check(item)).peekable();
    if others.peek().is_some() {
        lines.push("This holds besides, as the repository has it:".to_owned());
        lines.extend(others.map(|item| format!("  {}", line(item))));
    }
    lines.push(match (about.on_done, &about.branch) {
        _ if about.isolation == Isolation::InPlace => {
            "What it changes stays in your tree, uncommitted.".to_owned()
        }
        (OnDone::Ask, _) => "Its work stays on a branch until you merge it.".to_owned(),
        (OnDone::Merge, Some(branch)) => {
            format!("What is proven is merged into {}.", printable(branch))
        }
        (OnDone::Merge, None) => "What is proven is merged.".to_owned(),
        (OnDone::Pr, _) => "What is proven is pushed, as a pull request.".to_owned(),
    });
    lines
}

fn ask_about_uncommitted(uncommitted: &[PathBuf], said: Said) -> Result<Reply> {
    let notice =
        format!("uncommitted, and so not in what the agent works on: {}", printable_paths(uncommitted));
    if said.json || !std::io::stdin().is_terminal() {
        tracing::warn!("{notice}; --include-uncommitted takes it along");
        return Ok(Reply::No);
    }
    say(format_args!("! {notice}"));
    match choice("[s]tart without it, [i]nclude it, [c]ancel?", &['s', 'i', 'c'])? {
        's' => Ok(Reply::No),
        'i' => Ok(Reply::Yes),
        _ => Err(Error::user("cancelled").hint("commit or stash what is uncommitted, then run again")),
    }
}

fn not_trusted(plan: &str, items: &[TrustItem]) -> Error {
    let list: Vec<String> = items.iter().map(line).collect();
    let message = format!("{}:\n    {}", alfine_words::not_allowed(items.len() as u64), list.join("\n    "));
    Error::new(ErrorKind::Untrusted { items: items.to_vec() }, message)
        .hint(Hint::Trust { plan: Some(plan.to_owned()).filter(|plan| !plan.is_empty()) })
}

/// A command with where it is named, hiding nothing.
pub(super) fn line(item: &TrustItem) -> String {
    format!("{}   ({})", printable(&item.command), printable(&item.origin))
}

/// Asks a question with yes or no; no is the default.
pub(super) fn yes(question: &str) -> Result<bool> {
    Ok(choice(&format!("{question} [y/N]"), &['y', 'n'])? == 'y')
}

/// Whether somebody is there to answer.
pub(super) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Asks for one of these letters; the last one is the default.
pub(super) fn choice(question: &str, letters: &[char]) -> Result<char> {
    let cancel = letters.last().copied().unwrap_or('n');
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{question} ").and_then(|()| out.flush());
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Error::user(format!("no answer: {error}")))?;
    let letter = answer.trim().to_lowercase().chars().next().unwrap_or(cancel);
    Ok(if letters.contains(&letter) { letter } else { cancel })
}
