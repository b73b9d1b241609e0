//! `alfine init`: settings and a first plan, made for what the repository holds.

use crate::{cli::InitArgs, output::say, report::exit};
use alfine_core::printable::printable;
use alfine_engine::{Error, ErrorKind, Result};
use alfine_git::Repository;
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
};

const PLAN: &str = "\
# First plan

What this plan is for, in a sentence or two. Every task's agent reads it.

### T1: Say what is to be done

What the agent has to know: where to look, what to leave alone.

Acceptance criteria:
- [ ] It can be checked by a command: `true`
- [ ] Or it is described so that a reader can tell whether it holds
";

/// Writes `alfine.toml` and `PLAN.md`, neither over a file that is there.
pub fn perform(directory: &Path, args: &InitArgs) -> Result<u8> {
    let root = Repository::discover(directory)?.workdir().to_owned();
    if let Some(name) = &args.agent {
        alfine_agents::adapter(name)?;
    }
    let mut settings = alfine_config::template();
    if let Some(name) = &args.agent {
        settings = settings.replacen("# agent = \"claude\"", &format!("agent = \"{name}\""), 1);
    }
    let proposal = alfine_engine::proposal::proposals(&root);
    if !proposal.is_empty() {
        settings.push_str(&format!(
            "\n# Proposed for this repository; take the # away to use it:\n{}",
            proposal.to_toml()
        ));
    }
    write(&root.join("alfine.toml"), &settings)?;
    write(&root.join("PLAN.md"), PLAN)?;
    let checks = alfine_verify::detect(&root, &[]);
    match checks.as_slice() {
        [] => {
            say(format_args!("no test command was found here; name one under [[verifiers]] in alfine.toml"));
        }
        checks => {
            let names: Vec<String> = checks.iter().map(|check| printable(&check.name)).collect();
            say(format_args!("checks that were found and will be run: {}", names.join(", ")));
        }
    }
    say(format_args!(
        "next: write a task in PLAN.md, then `alfine lint PLAN.md`, `alfine doctor`, `alfine run PLAN.md`"
    ));
    Ok(exit::DONE)
}

fn write(path: &PathBuf, text: &str) -> Result<()> {
    let made = File::options()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    match made {
        Ok(()) => say(format_args!("wrote {}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            say(format_args!("kept {}, which was there", path.display()));
        }
        Err(error) => {
            return Err(Error::new(ErrorKind::User, format!("cannot write {}: {error}", path.display()))
                .hint("give yourself permission to write the folder"));
        }
    }
    Ok(())
}
