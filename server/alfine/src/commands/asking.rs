//! Questions to the user on the terminal: what may run, yes or no, one of several letters.

use crate::output::say;
use alfine_config::trust::TrustItem;
use alfine_core::{hint::Hint, printable::printable};
use alfine_engine::{Error, ErrorKind, Result, project::Project};
use std::io::{BufRead, IsTerminal, Write};

/// Refuses what nobody allowed of what a loop will run: asks on a terminal; else the error lists it. `allowed` is the
/// user's word for all of it on the command line; `json` says that the output is not for a person.
pub fn trust(project: &Project, plan: &str, items: &[TrustItem], allowed: bool, json: bool) -> Result<()> {
    let untrusted = project.untrusted(items)?;
    if untrusted.is_empty() {
        return Ok(());
    }
    if allowed {
        return Ok(project.trust()?.approve(&untrusted)?);
    }
    let may_ask = !json && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if may_ask {
        say(format_args!("This repository and its plan want to run on your machine:"));
        for item in &untrusted {
            say(format_args!("  {}", line(item)));
        }
        if yes("Allow these commands, here and from now on?")? {
            return Ok(project.trust()?.approve(&untrusted)?);
        }
    }
    Err(not_trusted(plan, &untrusted))
}

fn not_trusted(plan: &str, items: &[TrustItem]) -> Error {
    let list: Vec<String> = items.iter().map(line).collect();
    let message = format!(
        "{} of this repository’s commands may not run on this machine yet:\n    {}",
        items.len(),
        list.join("\n    ")
    );
    Error::new(ErrorKind::Untrusted { items: items.to_vec() }, message)
        .hint(Hint::Trust { plan: plan.to_owned() })
}

/// A command with where it is named, hiding nothing.
pub fn line(item: &TrustItem) -> String {
    format!("{}   ({})", printable(&item.command), printable(&item.origin))
}

/// Asks a question with yes or no; no is the default.
pub fn yes(question: &str) -> Result<bool> {
    Ok(choice(&format!("{question} [y/N]"), &['y', 'n'])? == 'y')
}

/// Asks for one of these letters; the last one is the default.
pub fn choice(question: &str, letters: &[char]) -> Result<char> {
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
