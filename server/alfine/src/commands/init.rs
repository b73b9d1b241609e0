//! `alfine init`: settings and a first plan, made for what the repository holds.

use crate::{cli::InitArgs, output::say, report::exit};
use alfine_config::Setting;
use alfine_core::printable::printable;
use alfine_engine::{Error, ErrorKind, Result, proposal::WorktreeProposal};
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
pub(super) fn perform(directory: &Path, args: &InitArgs) -> Result<u8> {
    let root = Repository::discover(directory)?.workdir().to_owned();
    if let Some(name) = &args.agent {
        alfine_agents::adapter(name)?;
    }
    let checks = alfine_verify::Detector::new(&root).detect("", &[]);
    let checks: Vec<String> = checks.iter().map(|check| printable(&check.name)).collect();
    let settings = settings(args.agent.as_deref(), &checks, &alfine_engine::proposal::proposals(&root));
    write(&root.join("alfine.toml"), &settings)?;
    write(&root.join("PLAN.md"), PLAN)?;
    if checks.is_empty() {
        say(format_args!("no test command was found here; name one under [[verifiers]] in alfine.toml"));
    } else {
        say(format_args!("checks that were found and will be run: {}", checks.join(", ")));
    }
    say(format_args!(
        "next: write a task in PLAN.md, then `alfine lint PLAN.md`, `alfine doctor`, `alfine run PLAN.md`"
    ));
    Ok(exit::DONE)
}

/// The lines of an `alfine.toml` to begin with. All but a chosen agent are comments: what the repository says overrides
/// the user's own settings, so that it says nothing that nobody chose.
fn settings(agent: Option<&str>, checks: &[String], proposal: &WorktreeProposal) -> String {
    let mut text = "# `alfine settings` shows every setting with its default and its meaning. Take a # away to set one.\n".to_owned();
    text += &match agent {
        Some(agent) => format!("agent = \"{agent}\"\n"),
        None => line("agent", "agent"),
    };
    text += "\n[limits]\n";
    for name in ["iterations", "wall_time", "cost_usd"] {
        text += &line(name, &format!("limits.{name}"));
    }
    text += &match checks {
        [] => "\n# No test command was found here; name one:\n".to_owned(),
        checks => {
            format!("\n# Found here, and run without being named: {}. Name others:\n", checks.join(", "))
        }
    };
    text += "# [[verifiers]]\n# name = \"test\"\n# command = \"npm test\"\n";
    if !proposal.is_empty() {
        text += "\n# Proposed for the worktrees of this repository:\n";
        text.extend(proposal.to_toml().lines().map(|line| format!("# {line}\n")));
    }
    text
}

/// A setting at its default, or with an example if it has none, commented out.
fn line(key: &str, name: &str) -> String {
    let Some(setting) = Setting::at(name.split('.')) else { return String::new() };
    let value = setting.default_toml().or_else(|| setting.examples_toml().next()).unwrap_or_default();
    format!("# {:<24}# {}\n", format!("{key} = {value}"), setting.meaning)
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

#[cfg(test)]
mod tests {
    use super::*;
    use alfine_config::{Config, Layers, Source, load};

    fn loaded(text: &str) -> Config {
        let repository = Some(Source::of_text("alfine.toml", text));
        let loaded = load(&Layers { repository, ..Layers::default() }).unwrap();
        assert_eq!(loaded.problems, [], "{text}");
        loaded.config
    }

    #[test]
    fn the_first_settings_are_few_and_valid_whether_commented_out_or_not() {
        let text = settings(None, &[], &WorktreeProposal::default());
        assert!((10..=14).contains(&text.lines().count()), "{text}");
        assert_eq!(loaded(&text), Config::default());
        let agent = settings(Some("rehearsal"), &[], &WorktreeProposal::default());
        assert_eq!(loaded(&agent), Config { agent: "rehearsal".to_owned(), ..Config::default() });

        let is_key = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let is_setting =
            |said: &&str| said.starts_with('[') || said.split_once(" = ").is_some_and(|(key, _)| is_key(key));
        let set: Vec<&str> =
            text.lines().map(|line| line.strip_prefix("# ").filter(is_setting).unwrap_or(line)).collect();
        let mut config = loaded(&set.join("\n"));
        assert_eq!(config.limits.cost_usd.take(), Some(5.0));
        assert_eq!(config.verifiers.pop().unwrap().command.as_deref(), Some("npm test"));
        assert_eq!(config, Config::default());
    }

    #[test]
    fn what_was_found_and_what_is_proposed_stands_there_as_comments() {
        let proposal = WorktreeProposal {
            copy: vec![".env".to_owned()],
            setup: Some("npm ci".to_owned()),
            ..WorktreeProposal::default()
        };
        let text = settings(None, &["npm test".to_owned()], &proposal);
        for line in ["npm test. Name others", "# [worktree]", "# copy = [\".env\"]", "# setup = \"npm ci\""] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert_eq!(loaded(&text), Config::default());
        let proposed = text.rsplit_once("repository:\n").unwrap().1.replace("# ", "");
        let worktree = loaded(&proposed).worktree;
        assert_eq!((worktree.copy, worktree.setup), (proposal.copy, proposal.setup));
    }
}
