//! `alfine restore`: brings back what changed in the user's checkout while a task's agent ran.

use super::{
    asking::{self, Said},
    opening,
};
use crate::{cli::RestoreArgs, output::say, report::exit};
use alfine_core::{
    printable::{printable, printable_paths},
    text::shell_word,
};
use alfine_engine::{Result, requests};
use std::path::Path;

/// Shows the changes, and brings them back or takes them for the user's own.
pub(super) fn perform(directory: &Path, args: &RestoreArgs) -> Result<u8> {
    let (mut project, task) = opening::task(directory, &args.task, false)?;
    if args.mine {
        let kept = asking::drive(
            &mut project,
            requests::AcceptCheckout { task, change: args.change },
            Said::default(),
        )?;
        say(format_args!("kept as yours: {}", printable(&alfine_words::checkout::listed(&kept))));
        return Ok(exit::DONE);
    }
    let request = requests::RestoreCheckout { task: task.clone(), change: args.change, confirmed: args.yes };
    let restored = asking::drive(&mut project, request, Said::default())?;
    if restored.remaining.is_empty() {
        say(format_args!("your checkout is as it was before"));
    } else {
        let remaining = printable(&alfine_words::checkout::listed(&restored.remaining));
        say(format_args!("brought back what could be; not as before: {remaining}"));
    }
    let left = &restored.left;
    if !left.files.is_empty() {
        say(format_args!("  changed again since, and left as they are: {}", printable_paths(&left.files)));
    }
    for other in &left.others {
        say(format_args!("  changed again since, and left as it is: {}", printable(other)));
    }
    say(format_args!("  your checkout as it was just now is kept: {}", restored.kept));
    for other in &restored.others {
        say(format_args!(
            "  another change was noted, too: alfine restore {} --change {other}",
            shell_word(&task)
        ));
    }
    Ok(exit::DONE)
}
