//! `alfine skills`: how a plan is written that can be proven, for coding agents to read.

use super::asking;
use crate::{
    cli::{PlacesArgs, SkillsArgs, SkillsCommand},
    output::say,
    report::exit,
};
use alfine_core::planning::skill;
use alfine_engine::{Error, Result};
use alfine_files::Place as FilePlace;
use alfine_git::Repository;
use std::{
    env,
    io::{self, ErrorKind, IsTerminal},
    path::{Path, PathBuf},
};

/// The file of a skill in its folder.
const FILE: &str = "SKILL.md";

/// A place of the skill.
struct Place {
    /// Who reads it there.
    reader: &'static str,
    /// Which: in a repository one that no link leads to.
    at: FilePlace,
}

/// What lies at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lies {
    Nothing,
    Ours,
    Other,
}

/// Lists, installs or removes the skill.
pub(super) fn perform(directory: &Path, args: &SkillsArgs) -> Result<u8> {
    match &args.command {
        None => list(directory),
        Some(SkillsCommand::Install(args)) => {
            install(&places(directory, args.places)?, args.places.yes, args.force)
        }
        Some(SkillsCommand::Uninstall(args)) => uninstall(&places(directory, *args)?, args.yes),
    }
}

fn list(directory: &Path) -> Result<u8> {
    say(format_args!("{}: how a plan is written that Alfine can prove", skill::NAME));
    let of = |user: bool| PlacesArgs { claude: true, codex: true, here: !user, user, yes: false };
    // Outside of a repository there is no place in one.
    let here = places(directory, of(false)).unwrap_or_default();
    for place in here.into_iter().chain(places(directory, of(true))?) {
        let lies = match place.lies() {
            Ok(Lies::Nothing) => "not installed".to_owned(),
            Ok(Lies::Ours) => "installed".to_owned(),
            Ok(Lies::Other) => "there, and not as this version of Alfine has it".to_owned(),
            Err(error) => format!("cannot be read: {error}"),
        };
        say(format_args!("  {} ({}): {lies}", place.path().display(), place.reader));
    }
    Ok(exit::DONE)
}

fn install(places: &[Place], yes: bool, force: bool) -> Result<u8> {
    let mut open = Vec::new();
    for place in places {
        match place.read()? {
            Lies::Ours => say(format_args!("{} is there already", place.path().display())),
            Lies::Other if !force => {
                return Err(Error::user(format!(
                    "{} is there, and somebody changed it",
                    place.path().display()
                ))
                .hint("look at it; to have it written over: --force"));
            }
            Lies::Nothing | Lies::Other => open.push(place),
        }
    }
    if open.is_empty() {
        return Ok(exit::DONE);
    }
    say(format_args!("This is written, for agents to read when they write plans:\n"));
    say(format_args!("{}\n", skill::text().trim_end()));
    asked(&open, "written", "Write it?", yes)?;
    for place in open {
        let written = place.at.write(skill::text().as_bytes(), force);
        written.map_err(|error| place.failed("written", &error))?;
        say(format_args!("wrote {}", place.path().display()));
    }
    Ok(exit::DONE)
}

fn uninstall(places: &[Place], yes: bool) -> Result<u8> {
    let mut ours = Vec::new();
    for place in places {
        match place.read()? {
            Lies::Ours => ours.push(place),
            Lies::Other => {
                say(format_args!("kept {}, which is not as Alfine wrote it", place.path().display()));
            }
            Lies::Nothing => {}
        }
    }
    if ours.is_empty() {
        say(format_args!("nothing to remove"));
        return Ok(exit::DONE);
    }
    asked(&ours, "removed", "Remove it?", yes)?;
    for place in ours {
        // The folder was made for it; one that holds something else stays.
        place.at.remove().map_err(|error| place.failed("removed", &error))?;
        say(format_args!("removed {}", place.path().display()));
    }
    Ok(exit::DONE)
}

/// Names the places, and asks.
fn asked(places: &[&Place], what: &str, question: &str, yes: bool) -> Result<()> {
    for place in places {
        say(format_args!("  {} (read by {})", place.path().display(), place.reader));
    }
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Error::user(format!("nothing was {what}: nobody can be asked here")).hint("give --yes"));
    }
    if asking::yes(question)? { Ok(()) } else { Err(Error::user(format!("nothing was {what}"))) }
}

/// The places that were named: of both kinds of agent if of neither, in the user's home unless it is the repository.
fn places(directory: &Path, args: PlacesArgs) -> Result<Vec<Place>> {
    let both = !args.claude && !args.codex;
    let root = args.here.then(|| Repository::discover(directory)).transpose()?;
    let root = root.as_ref().map(Repository::workdir);
    let (claude, agents) = match root {
        Some(root) => (root.join(".claude"), root.join(".agents")),
        None => {
            let home = env::home_dir().ok_or_else(|| {
                Error::user("your home folder is not known")
                    .hint("set HOME, or write into the repository: --here")
            })?;
            let own = env::var_os("CLAUDE_CONFIG_DIR").filter(|folder| !folder.is_empty());
            (own.map_or_else(|| home.join(".claude"), PathBuf::from), home.join(".agents"))
        }
    };
    let place = |folder: PathBuf, reader| {
        let path = folder.join("skills").join(skill::NAME).join(FILE);
        let at = match root {
            Some(root) => FilePlace::from_root(root, path),
            None => FilePlace::anywhere(path),
        };
        Place { reader, at }
    };
    let mut places = Vec::new();
    places.extend((args.claude || both).then(|| place(claude, "Claude Code")));
    places.extend((args.codex || both).then(|| place(agents, "Codex")));
    Ok(places)
}

impl Place {
    fn path(&self) -> &Path {
        self.at.path()
    }

    fn lies(&self) -> io::Result<Lies> {
        match self.at.read() {
            Ok(bytes) if bytes == skill::text().as_bytes() => Ok(Lies::Ours),
            Ok(_) => Ok(Lies::Other),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Lies::Nothing),
            Err(error) => Err(error),
        }
    }

    fn read(&self) -> Result<Lies> {
        self.lies().map_err(|error| self.failed("read", &error))
    }

    fn failed(&self, what: &str, error: &io::Error) -> Error {
        Error::user(format!("{} cannot be {what}: {error}", self.path().display()))
            .hint("make a plain file of it in plain folders, which are yours to change")
    }
}
