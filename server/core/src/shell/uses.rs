//! What a command line or a script names, by the part that each plays for its status.

use super::parse::{Unreadable, assigned, parse};
use super::programs::{SHELLS, command_of_shell, only_shows, options, wrapped};
use super::syntax::{AndOr, Command, Joint, Kind, List, Part, Pipeline, Word};
use crate::text::Span;
use std::collections::HashMap;

/// How deep functions, and texts for shells, are followed.
const DEEPEST: usize = 8;
/// How many commands are looked at, and how many words of a `for`.
const MOST_STEPS: u32 = 10_000;
const MOST_WORDS: usize = 32;
/// What a known value begins with that is a path from the root: no file's name has it.
const ROOT: char = '\0';

/// What a command line or a script names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uses {
    /// What is run and whose status is the answer, or lets the rest be asked.
    pub deciding: Vec<Use>,
    /// What is run and whose output or effect the rest looks at.
    pub observed: Vec<Use>,
    /// Files, folders and patterns of them that are only looked at, from the root. What is no file is among them, too.
    pub operands: Vec<String>,
    /// Folders that are searched with all that is in them, from the root, and whether hidden files are left out.
    pub searched: Vec<(String, bool)>,
    /// Files whose commands are read as if they stood here, from the root.
    pub sourced: Vec<String>,
    /// Files that are to lack something.
    pub absent: Vec<Absent>,
    /// Folders that are put on the `PATH`, from the root.
    pub on_path: Vec<String>,
}

/// Something that is run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Use {
    /// The program as it is written: `cargo`, `./check.sh`, `python3`.
    pub program: String,
    /// The file that it is or runs, from the root.
    pub script: Option<String>,
    /// What it is told, as far as that is written there, without the script.
    pub arguments: Vec<String>,
    /// The folder that it runs in, from the root.
    pub folder: String,
}

/// A file that is searched for what it must not have, which a file that is not there has not either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// The file or folder, from the root.
    pub path: String,
    /// The same as it is written.
    pub written: String,
    /// Where the search stands, with its `!`.
    pub span: Span,
    /// Whether `||` stands beside it, which would take what is put before it for itself.
    pub is_beside_or: bool,
}

/// A part of a tool's own file that it is told to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The tool: `make`, `npm`.
    pub tool: String,
    /// The folder of its file, from the root.
    pub folder: String,
    /// Its file, from the root, if that is named.
    pub file: Option<String>,
    /// The name; empty for what it runs if none is named.
    pub name: String,
}

/// Reads what a command line names that runs in `folder`, from the root.
pub fn uses(text: &str, folder: &str) -> Result<Uses, Unreadable> {
    read(text, folder, None)
}

/// Reads what a script names that lies at `path`, from the root, and runs in `folder`.
pub fn uses_of_script(text: &str, path: &str, folder: &str) -> Result<Uses, Unreadable> {
    read(text, folder, Some(path))
}

fn read(text: &str, folder: &str, own: Option<&str>) -> Result<Uses, Unreadable> {
    let list = parse(text)?;
    let mut reader = Reader { text, folder: inside("", folder), ..Reader::default() };
    if let Some(own) = own {
        let own = format!("{ROOT}{}", inside("", own));
        let names = ["0", "BASH_SOURCE", "BASH_SOURCE[0]"];
        reader.values.extend(names.map(|name| (name.to_owned(), Some(own.clone()))));
        // `#!/bin/sh -e`
        let first = text.lines().next().filter(|line| line.starts_with("#!")).unwrap_or_default();
        let told: Vec<&str> = first.split_whitespace().skip(1).collect();
        reader.ends_early = options(&told)[0].unwrap_or(false);
    }
    reader.list(&list, Role::Decides);
    Ok(reader.uses)
}

/// A path from the root, of one that is seen from `folder`. What leads out of the root is left as it is.
pub(crate) fn inside(folder: &str, path: &str) -> String {
    let (folder, path) = match path.strip_prefix(ROOT) {
        Some(path) => ("", path.trim_start_matches('/')),
        None if path.starts_with(['/', '~']) => return path.to_owned(),
        None => (folder, path),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// How tools are told what to run of their own files.
struct Manner {
    tools: &'static [&'static str],
    /// Options that name the folder, those that name the file, and others that have a value.
    folders: &'static [&'static str],
    files: &'static [&'static str],
    values: &'static [&'static str],
    /// What stands before the one name; none if any number of names stands alone.
    run: &'static [&'static str],
    /// Names that may stand without that, and whether any may.
    plain: &'static [&'static str],
    any_plain: bool,
}

const MANNERS: [Manner; 5] = [
    Manner {
        tools: &["make", "gmake", "just", "task", "go-task", "rake", "ninja", "ant", "invoke", "inv"],
        folders: &["-C", "-d", "--directory", "--working-directory", "--dir"],
        files: &["-f", "--file", "--makefile", "--justfile", "--taskfile", "--rakefile"],
        values: &["-I", "-o", "-W"],
        run: &[],
        plain: &[],
        any_plain: true,
    },
    Manner {
        tools: &["npm"],
        folders: &["--prefix", "-C"],
        files: &[],
        values: &["-w", "--workspace"],
        run: &["run", "run-script"],
        plain: &["test", "t", "start", "stop", "restart"],
        any_plain: false,
    },
    Manner {
        tools: &["yarn", "pnpm"],
        folders: &["--cwd", "-C", "--dir"],
        files: &[],
        values: &["--filter", "-F"],
        run: &["run", "run-script"],
        plain: &[],
        any_plain: true,
    },
    Manner {
        tools: &["bun", "deno", "mise", "poe", "hatch", "pdm", "pixi", "moon"],
        folders: &["--cwd", "-C", "--cd"],
        files: &[],
        values: &[],
        run: &["run", "task"],
        plain: &[],
        any_plain: false,
    },
    Manner {
        tools: &["composer"],
        folders: &["-d", "--working-dir"],
        files: &[],
        values: &[],
        run: &["run", "run-script"],
        plain: &["test", "check", "lint"],
        any_plain: false,
    },
];

impl Use {
    /// The parts of a tool's own file that this runs, if it is such a tool.
    pub fn targets(&self) -> Vec<Target> {
        let tool = self.program.rsplit('/').next().unwrap_or_default();
        let Some(manner) = MANNERS.iter().find(|manner| manner.tools.contains(&tool)) else {
            return Vec::new();
        };
        let (mut folder, mut file) = (self.folder.clone(), None);
        let mut names: Vec<&str> = Vec::new();
        let mut arguments = self.arguments.iter().map(String::as_str);
        while let Some(argument) = arguments.next() {
            let (option, value) = match argument.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(value)),
                _ => (argument, None),
            };
            if manner.folders.contains(&option) {
                folder = value.or_else(|| arguments.next()).map_or(folder.clone(), |to| inside(&folder, to));
            } else if manner.files.contains(&option) {
                file = value.or_else(|| arguments.next());
            } else if option == "--" {
                break;
            } else if manner.values.contains(&option) {
                arguments.next();
            } else if !option.starts_with('-') && !argument.contains('=') {
                names.push(argument);
            }
        }
        let names = match &names[..] {
            names if manner.run.is_empty() && names.is_empty() => vec![""],
            names if manner.run.is_empty() => names.to_vec(),
            [run, name, ..] if manner.run.contains(run) => vec![*name],
            [run] if manner.run.contains(run) => Vec::new(),
            [name, ..] if manner.any_plain || manner.plain.contains(name) => vec![*name],
            _ => Vec::new(),
        };
        let file = file.map(|file| inside(&folder, file));
        let target = |name: &str| Target {
            tool: tool.to_owned(),
            folder: folder.clone(),
            file: file.clone(),
            name: if tool == "npm" && name == "t" { "test".to_owned() } else { name.to_owned() },
        };
        names.into_iter().map(target).collect()
    }
}

/// Programs that run the file that they are given first, each with its options that have a value.
const INTERPRETERS: [(&[&str], &[&str]); 4] = [
    (&SHELLS, &["-o", "-O", "+o", "+O", "--rcfile", "--init-file"]),
    (&["python", "python2", "python3", "pypy", "pypy3"], &["-W", "-X"]),
    (
        &["node", "nodejs", "tsx", "ts-node"],
        &["-r", "--require", "--import", "--loader", "-C", "--conditions"],
    ),
    (
        &[
            "ruby", "perl", "php", "lua", "luajit", "Rscript", "pwsh", "groovy", "julia", "elixir", "expect",
            "tclsh",
        ],
        &["-I", "-r"],
    ),
];

/// Commands that only look at what they are given.
const LOOKERS: [&str; 15] = [
    "test", "[", "grep", "egrep", "fgrep", "rg", "ag", "diff", "cmp", "stat", "file", "jq", "cat", "ls",
    "comm",
];
/// Those of them that search.
const SEARCHERS: [&str; 5] = ["grep", "egrep", "fgrep", "rg", "ag"];
/// Options of those that have a value.
const SEARCH_VALUES: [&str; 12] =
    ["-m", "-A", "-B", "-C", "-t", "-T", "-g", "-d", "-D", "--max-count", "--glob", "--type"];
/// Builtins and programs that change nothing and look at nothing.
const SILENT: &str = " true false : echo printf exit return wait trap shift unset read break continue command sleep dirname \
    basename realpath readlink pwd ";

/// Which part something plays.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Decides,
    /// Something looks at files behind it: at those that a program of the repository may have written.
    Seen,
    Observed,
}

#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    /// The folder that commands run in, from the root.
    folder: String,
    /// What is known of parameters.
    values: HashMap<String, Option<String>>,
    functions: HashMap<String, Command>,
    /// `set -e`
    ends_early: bool,
    /// How deep in functions it is, and in texts, in which places are none of this text.
    depth: usize,
    is_inner_text: bool,
    steps: u32,
    uses: Uses,
}

impl Reader<'_> {
    fn list(&mut self, list: &List, role: Role) {
        for (at, item) in list.items.iter().enumerate() {
            let counts = (at + 1 == list.items.len() || self.ends_early) && item.background.is_none();
            self.item(item, if counts { role } else { Role::Observed });
        }
    }

    fn item(&mut self, item: &AndOr, role: Role) {
        let has_or = item.rest.iter().any(|(joint, _)| *joint == Joint::Or);
        // `./build && test -f out` looks at what comes before it.
        let last_look = item.rest.iter().rposition(|(joint, later)| *joint == Joint::And && looks(later));
        for (at, pipeline) in item.pipelines().enumerate() {
            let is_seen = role == Role::Decides && last_look.is_some_and(|look| at <= look);
            self.pipeline(pipeline, if is_seen { Role::Seen } else { role }, has_or);
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, role: Role, is_beside_or: bool) {
        if let ([command], true) = (&pipeline.commands[..], pipeline.is_negated) {
            self.absent(command, pipeline.span, is_beside_or);
        }
        let answers = pipeline.commands.iter().rposition(|command| !only_shows(command)).unwrap_or(0);
        for (at, command) in pipeline.commands.iter().enumerate() {
            let role = if at == answers { role } else { Role::Observed };
            match pipeline.commands.len() {
                1 => self.command(command, role),
                _ => self.child(|reader| reader.command(command, role)),
            }
        }
    }

    /// Notes what a negated search or comparison looks into.
    fn absent(&mut self, command: &Command, span: Span, is_beside_or: bool) {
        let Kind::Simple { words, .. } = &command.kind else { return };
        let Some((first, rest)) = words.split_first().filter(|_| !self.is_inner_text) else { return };
        let name = first.literal().unwrap_or_default();
        let searched: Vec<&Word> = match name.as_str() {
            "diff" | "cmp" => rest.iter().filter(|word| !is_option(word)).collect(),
            name if SEARCHERS.contains(&name) => searched(rest),
            _ => return,
        };
        let absent = searched.into_iter().filter(|word| !is_pattern(word)).filter_map(|word| {
            let written = word.span.of(self.text).to_owned();
            Some(Absent { path: self.path(word)?, written, span, is_beside_or })
        });
        let absent: Vec<Absent> = absent.collect();
        self.uses.absent.extend(absent);
    }

    fn command(&mut self, command: &Command, role: Role) {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return;
        }
        for list in command.words().flat_map(Word::commands) {
            self.child(|reader| reader.list(list, Role::Observed));
        }
        for redirect in command.redirects.iter().filter(|redirect| redirect.sign == "<") {
            self.operand(&redirect.target);
        }
        match &command.kind {
            Kind::Simple { assignments, words } => self.simple(assignments, words, role),
            Kind::Group(list) => self.list(list, role),
            Kind::Subshell(list) => self.child(|reader| reader.list(list, role)),
            Kind::Function { name, body } => {
                self.functions.insert(name.clone(), (**body).clone());
            }
            Kind::Test(words) => words.iter().for_each(|word| self.operand(word)),
            Kind::For { variable: Some(variable), words: Some(words), body } => {
                let name = variable.literal().unwrap_or_default();
                for word in words.iter().take(MOST_WORDS) {
                    let value = self.value(word);
                    self.values.insert(name.clone(), value);
                    self.list(body, role);
                }
            }
            Kind::If { .. } | Kind::Loop { .. } | Kind::For { .. } | Kind::Case { .. } => {
                for list in command.lists() {
                    self.list(list, role);
                }
            }
            Kind::Arithmetic(_) => {}
        }
    }

    /// What is done in a child of the shell leaves nothing behind.
    fn child(&mut self, inner: impl FnOnce(&mut Self)) {
        let (folder, ends_early) = (self.folder.clone(), self.ends_early);
        inner(self);
        (self.folder, self.ends_early) = (folder, ends_early);
    }

    fn simple(&mut self, assignments: &[Word], words: &[Word], role: Role) {
        match words.is_empty() {
            true => assignments.iter().for_each(|word| self.assign(word)),
            false => assignments.iter().for_each(|word| self.put_on_path(word)),
        }
        let mut words = words;
        for _ in 0..DEEPEST {
            let Some((first, rest)) = words.split_first() else { return };
            let Some(name) = self.value(first) else { return };
            match wrapped(&name, rest) {
                Some(inner) => words = inner,
                None => return self.named(&name, first, rest, role),
            }
        }
    }

    fn named(&mut self, name: &str, first: &Word, rest: &[Word], role: Role) {
        if self.depth == DEEPEST {
            return;
        }
        if let Some(body) = self.functions.get(name).cloned() {
            self.depth += 1;
            self.command(&body, role);
            self.depth -= 1;
            return;
        }
        if let Some((text, _)) = command_of_shell(name, rest) {
            return self.child(|reader| reader.inner(&text, role));
        }
        match name {
            "cd" | "pushd" => {
                let to = rest.iter().find(|word| !is_option(word)).and_then(|word| self.path(word));
                self.folder = to.unwrap_or_else(|| self.folder.clone());
            }
            "set" => {
                let texts: Vec<String> = rest.iter().filter_map(Word::literal).collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                self.ends_early = options(&texts)[0].unwrap_or(self.ends_early);
            }
            "." | "source" => {
                let file = rest.first().and_then(|word| self.path(word));
                self.uses.sourced.extend(file);
            }
            "export" | "readonly" | "local" | "declare" | "typeset" => {
                rest.iter().for_each(|word| self.assign(word));
            }
            "eval" => {
                let texts: Vec<String> = rest.iter().filter_map(|word| self.value(word)).collect();
                self.inner(&texts.join(" "), role);
            }
            "xargs" => {
                self.depth += 1;
                let program = rest.iter().position(|word| !is_option(word));
                self.simple(&[], program.and_then(|at| rest.get(at..)).unwrap_or_default(), role);
                self.depth -= 1;
            }
            _ if SILENT.contains(&format!(" {name} ")) => {}
            _ => self.program(name, first, rest, role),
        }
    }

    /// Reads a text that a shell is given in quotes.
    fn inner(&mut self, text: &str, role: Role) {
        let Ok(list) = parse(text) else { return };
        let before = std::mem::replace(&mut self.is_inner_text, true);
        self.depth += 1;
        self.steps = self.steps.saturating_add(u32::try_from(text.len() / 16).unwrap_or(u32::MAX));
        self.list(&list, role);
        self.depth -= 1;
        self.is_inner_text = before;
    }

    fn program(&mut self, name: &str, first: &Word, rest: &[Word], role: Role) {
        let base = name.rsplit('/').next().unwrap_or_default();
        if SEARCHERS.contains(&base) {
            let found = searched(rest);
            if searches_all(base, rest) {
                let skips_hidden = matches!(base, "rg" | "ag");
                let mut folders: Vec<String> = found.iter().filter_map(|word| self.path(word)).collect();
                if found.is_empty() {
                    folders.push(self.folder.clone());
                }
                self.uses.searched.extend(folders.into_iter().map(|folder| (folder, skips_hidden)));
            }
            return found.into_iter().for_each(|word| self.operand(word));
        }
        if LOOKERS.contains(&base) {
            return rest.iter().for_each(|word| self.operand(word));
        }
        let mut used = Use {
            program: name.trim_start_matches(ROOT).to_owned(),
            folder: self.folder.clone(),
            ..Use::default()
        };
        let mut told = rest.iter();
        if name.contains('/') {
            used.script = self.path(first);
        } else if let Some((_, with_values)) = INTERPRETERS.iter().find(|(names, _)| names.contains(&base)) {
            while let Some(word) = told.next() {
                let text = self.value(word).unwrap_or_default();
                // The text of a program, a module, or tests are no file of commands.
                if matches!(text.as_str(), "-c" | "-e" | "-m" | "-" | "-p" | "--test" | "--eval" | "-E") {
                    used.arguments.push(text);
                    break;
                }
                if !text.starts_with(['-', '+']) {
                    used.script = self.path(word);
                    break;
                }
                let has_value = with_values.contains(&text.as_str());
                used.arguments.push(text);
                if has_value {
                    used.arguments.extend(told.next().and_then(|word| self.value(word)));
                }
            }
        }
        for word in told {
            used.arguments.extend(self.value(word).map(|text| text.replace(ROOT, "")));
        }
        if used.arguments.iter().any(|argument| argument == "py_compile") {
            return rest.iter().for_each(|word| self.operand(word));
        }
        match role {
            Role::Seen if used.script.is_some() => self.uses.observed.push(used),
            Role::Decides | Role::Seen => self.uses.deciding.push(used),
            Role::Observed => self.uses.observed.push(used),
        }
    }

    fn operand(&mut self, word: &Word) {
        if !is_option(word) {
            let path = self.path(word).filter(|path| !path.is_empty());
            self.uses.operands.extend(path);
        }
    }

    /// Notes which folders of the repository a value of `PATH` names.
    fn put_on_path(&mut self, word: &Word) {
        let mut value = String::new();
        for part in &word.parts {
            match part {
                Part::Text { text, .. } => value.push_str(text),
                Part::Parameter(name) => value.push_str(&self.parameter(name).unwrap_or("/".to_owned())),
                Part::Commands(list) => value.push_str(&self.output(list).unwrap_or("/".to_owned())),
                Part::Process(_) | Part::Arithmetic => value.push('/'),
            }
        }
        let Some(folders) = value.strip_prefix("PATH=") else { return };
        let folders = folders.split(':').filter(|folder| !folder.is_empty());
        let folders = folders.map(|folder| inside(&self.folder, folder));
        self.uses.on_path.extend(folders.filter(|folder| !folder.starts_with(['/', '~', '.'])));
    }

    fn assign(&mut self, word: &Word) {
        self.put_on_path(word);
        let Some(Part::Text { text, .. }) = word.parts.first() else { return };
        let Some(name) = text.split('=').next().filter(|_| assigned(text).is_some()) else { return };
        let value =
            self.value(word).and_then(|value| value.split_once('=').map(|(_, value)| value.to_owned()));
        self.values.insert(name.to_owned(), value);
    }

    /// A word as a path from the root.
    fn path(&self, word: &Word) -> Option<String> {
        self.value(word).map(|path| inside(&self.folder, &path))
    }

    /// A word as the program gets it, if that can be known.
    fn value(&self, word: &Word) -> Option<String> {
        let values = word.parts.iter().map(|part| match part {
            Part::Text { text, .. } => Some(text.clone()),
            Part::Parameter(name) => self.parameter(name),
            Part::Commands(list) => self.output(list),
            Part::Process(_) | Part::Arithmetic => None,
        });
        values.collect()
    }

    fn parameter(&self, name: &str) -> Option<String> {
        if let Some(of) = name.strip_suffix("%/*") {
            return self.parameter(of).map(|path| parent(&path));
        }
        match name {
            "PWD" => Some(format!("{ROOT}{}", self.folder)),
            name => self.values.get(name).cloned().flatten(),
        }
    }

    /// What commands write that say where a file is.
    fn output(&self, list: &List) -> Option<String> {
        let [item] = &list.items[..] else { return None };
        let mut folder = self.folder.clone();
        for pipeline in item.pipelines() {
            let [Command { kind: Kind::Simple { words, .. }, .. }] = &pipeline.commands[..] else {
                return None;
            };
            let (first, rest) = words.split_first()?;
            let told = rest.iter().filter(|word| !is_option(word)).map(|word| self.value(word));
            let told: Vec<Option<String>> = told.collect();
            match (first.literal()?.as_str(), &told[..]) {
                ("cd", [Some(to)]) => folder = inside(&folder, to),
                ("pwd", []) => return Some(format!("{ROOT}{folder}")),
                ("dirname", [Some(path)]) => return Some(parent(path)),
                ("realpath" | "readlink", [Some(path)]) => {
                    return Some(format!("{ROOT}{}", inside(&folder, path)));
                }
                ("git", [Some(part)]) if part == "rev-parse" => return Some(ROOT.to_string()),
                _ => return None,
            }
        }
        None
    }
}

/// The folder that a path is in.
fn parent(path: &str) -> String {
    match (path.rsplit_once('/'), path.starts_with(ROOT)) {
        (Some((folder, _)), _) => folder.to_owned(),
        (None, true) => ROOT.to_string(),
        (None, false) => ".".to_owned(),
    }
}

fn is_option(word: &Word) -> bool {
    matches!(word.parts.first(), Some(Part::Text { text, .. }) if text.starts_with('-') && text.len() > 1)
}

/// Whether the shell puts the names of files in its place.
fn is_pattern(word: &Word) -> bool {
    word.parts.iter().any(
        |part| matches!(part, Part::Text { text, is_quoted: false } if text.contains(['*', '?', '[', '{'])),
    )
}

/// Whether a pipeline only looks, and for something that is to be there.
fn looks(pipeline: &Pipeline) -> bool {
    !pipeline.is_negated
        && pipeline.commands.iter().all(|command| match &command.kind {
            Kind::Simple { words, .. } => {
                let name = words.first().and_then(Word::literal).unwrap_or_default();
                LOOKERS.contains(&name.as_str()) || only_shows(command)
            }
            Kind::Test(_) => true,
            Kind::Group(_)
            | Kind::Subshell(_)
            | Kind::If { .. }
            | Kind::Loop { .. }
            | Kind::For { .. }
            | Kind::Case { .. }
            | Kind::Function { .. }
            | Kind::Arithmetic(_) => false,
        })
}

/// The files and folders that a search is told to look into.
fn searched(rest: &[Word]) -> Vec<&Word> {
    let mut needs_pattern = true;
    let mut searched = Vec::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let text = word.literal().unwrap_or_default();
        if matches!(text.as_str(), "-e" | "-f" | "--regexp" | "--file") {
            needs_pattern = false;
            words.next();
        } else if SEARCH_VALUES.contains(&text.as_str()) {
            words.next();
        } else if is_option(word) {
            needs_pattern &= !text.starts_with("--regexp=") && !text.starts_with("--file=");
        } else if needs_pattern {
            needs_pattern = false;
        } else {
            searched.push(word);
        }
    }
    searched
}

/// Whether a search looks into all files of a folder.
fn searches_all(program: &str, rest: &[Word]) -> bool {
    let options: Vec<String> = rest.iter().filter(|word| is_option(word)).filter_map(Word::literal).collect();
    let chooses = |option: &String| {
        ["--include", "--exclude", "--glob", "--type", "--iglob"]
            .iter()
            .any(|begin| option.starts_with(begin))
            || matches!(program, "rg" | "ag") && (option.starts_with("-g") || option.starts_with("-t"))
    };
    let is_recursive =
        |option: &String| option == "--recursive" || !option.starts_with("--") && option.contains(['r', 'R']);
    !options.iter().any(chooses) && (matches!(program, "rg" | "ag") || options.iter().any(is_recursive))
}
