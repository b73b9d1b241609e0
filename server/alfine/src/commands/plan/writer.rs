//! The agent that writes plans, as a terminal has it: leave is asked for, what goes on is shown, Ctrl-C ends it.

use super::super::{
    asking::{self, Said},
    opening, signals,
};
use crate::{cli::WriterArgs, display::Display, report::exit};
use alfine_core::breaker::dollars;
use alfine_engine::{
    Result,
    planner::{Planner, Told, Wishes},
    project::Project,
    requests::AllowPlanner,
};
use alfine_verify::CancelToken;
use alfine_words::Mark;
use std::sync::atomic::{AtomicBool, Ordering};

/// Lets the agent write about the plan of this name, from the root. `work` returns what came of it; if the user ended it, the
/// exit status is that of what was stopped.
pub(super) fn with<T>(
    project: &mut Project,
    args: &WriterArgs,
    plan: &str,
    work: impl FnOnce(&mut Planner<'_>) -> Result<T>,
) -> Result<Result<T, u8>> {
    let wishes = Wishes {
        agent: args.agent.clone(),
        model: args.model.clone(),
        max_cost: args.max_cost,
        timeout: args.timeout.map(alfine_config::HumanDuration::get),
    };
    let said = Said { trust: args.trust, ..Said::default() };
    asking::drive(project, AllowPlanner { wishes: wishes.clone() }, said)?;
    let (display, cancel) = (Display::on_stderr(), CancelToken::default());
    let interrupted = cancel.clone();
    let listening = signals::forward(move || {
        // Who is asked something has the terminal, and nothing is at work.
        if ASKS.load(Ordering::Relaxed) {
            std::process::exit(exit::STOPPED.into());
        }
        interrupted.cancel();
    })?;
    let tell = |told: Told| tell(&display, told);
    let mut planner = Planner::new(project, plan, &wishes, (opening::program()?, cancel.clone()), tell)?;
    let done = work(&mut planner);
    listening.close();
    signals::end_by_default()?;
    match done {
        Err(error) if cancel.is_cancelled() => {
            display.line(Mark::Notice, &error.message);
            Ok(Err(exit::STOPPED))
        }
        done => done.map(Ok),
    }
}

/// Whether the user is asked something while the agent rests.
static ASKS: AtomicBool = AtomicBool::new(false);

/// Asks the user something between two runs of the agent. Ctrl-C ends it all then.
pub(super) fn asking<T>(ask: impl FnOnce() -> T) -> T {
    ASKS.store(true, Ordering::Relaxed);
    let answered = ask();
    ASKS.store(false, Ordering::Relaxed);
    answered
}

fn tell(display: &Display, told: Told) {
    match told {
        Told::Asked { by, mending: 0 } => display.line(Mark::Step, &format!("{by} reads the repository")),
        Told::Asked { by, mending } => {
            display.line(Mark::Step, &format!("{by} mends what was found in its plan, try {mending}"));
        }
        Told::Answered { cost_usd: Some(cost), .. } => {
            display.line(Mark::Detail, &format!("cost {}", dollars(cost)));
        }
        Told::Answered { tokens: 0, .. } => {}
        Told::Answered { tokens, .. } => display.line(Mark::Detail, &format!("used {tokens} tokens")),
        Told::Changed { changes, kept } => {
            display
                .line(Mark::Notice, "your checkout changed meanwhile, although nobody was to write in it:");
            for change in &changes {
                display.line(Mark::Detail, &alfine_words::checkout::change(change));
            }
            display.line(Mark::Detail, &format!("its files as they were before: git diff {kept}"));
        }
    }
}
