//! What a command line or a script names, by the part that each plays for its status.

use super::each_command;
use super::parse::{Unreadable, assigned, parse};
use super::programs::{SHELLS, command_of_shell, only_shows, options, wrapped};
use super::syntax::{AndOr, Command, Joint, Kind, List, Part, Pipeline, Word};
use crate::{material::is_a_check, text::Span};
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
    /// What options name that tell a tool what to load or how to go about it, from the root. What is no file is among it, too.
    pub settings: Vec<String>,
}

/// Something that is run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Use {
    /// The program as it is written: `cargo`, `./check.sh`, `python3`.
    pub program: String,
    /// The file that it is or runs, from the root; a pattern where it is run for each file of it.
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

/// Programs whose text is in the file that `-f` names.
const RULED: [&str; 4] = ["awk", "gawk", "mawk", "nawk"];

/// Options that say what a tool loads, or by which file it is set up.
const SETTINGS: [&str; 15] = [
    "--bootstrap",
    "--config",
    "--config-file",
    "--configuration",
    "--env-file",
    "--experimental-loader",
    "--import",
    "--loader",
    "--options",
    "--preload",
    "--rcfile",
    "--require",
    "--rulesdir",
    "--setup-suite-file",
    "--test-reporter",
];
/// Likewise of these programs, of which others mean something else by them.
const SHORT_SETTINGS: [&str; 3] = ["-c", "-p", "-r"];
const SET_UP_BY_SHORT: [&str; 14] = [
    "pytest", "py.test", "python", "python3", "node", "nodejs", "tsx", "ts-node", "jest", "vitest", "mocha",
    "eslint", "rspec", "ruby",
];
/// Options of `xargs` that have a value.
const XARGS_VALUES: [&str; 7] = ["-n", "-P", "-L", "-d", "-E", "-s", "-a"];

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
    /// The files whose text a command reads as its input, and what the lines of its input name.
    contents: Vec<String>,
    listed: Vec<String>,
    uses: Uses,
}

impl Reader<'_> {
    fn list(&mut self, list: &List, role: Role) {
        for (at, item) in list.items.iter().enumerate() {
            let later = list.items.get(at + 1..).unwrap_or_default();
            let is_asked = || ends_by_itself(item) || later.first().is_some_and(asks_for_status);
            // Not at what the shell itself knows.
            let looks = |pipeline: &Pipeline| looks(pipeline) && !asks_for_parameter(pipeline);
            let is_seen = || later.iter().flat_map(AndOr::pipelines).any(looks);
            let role = match item.background {
                None if later.is_empty() || self.ends_early => role,
                None if is_asked() && role == Role::Decides && is_seen() => Role::Seen,
                None if is_asked() => role,
                None | Some(_) => Role::Observed,
            };
            self.item(item, role);
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
                _ => {
                    let before = pipeline.commands.get(..at).unwrap_or_default();
                    let (contents, listed) = self.input(before);
                    self.child(|reader| {
                        let above = (
                            std::mem::replace(&mut reader.contents, contents),
                            std::mem::replace(&mut reader.listed, listed),
                        );
                        reader.command(command, role);
                        (reader.contents, reader.listed) = above;
                    });
                }
            }
        }
    }

    /// What comes out of a pipe's first commands, as far as it is known: the text of files, or names of them.
    fn input(&self, commands: &[Command]) -> (Vec<String>, Vec<String>) {
        for command in commands.iter().rev() {
            let (contents, listed) = self.written(command);
            let passes_on = || {
                matches!(&command.kind, Kind::Simple { words, .. }
                if words.first().is_some_and(|word| word.literal().is_some_and(|name| SEARCHERS.contains(&&*name))))
            };
            if !contents.is_empty() || !listed.is_empty() {
                return (contents, listed);
            }
            if !only_shows(command) && !passes_on() {
                break;
            }
        }
        (Vec::new(), Vec::new())
    }

    /// What a command writes, if that is the text of files or their names.
    fn written(&self, command: &Command) -> (Vec<String>, Vec<String>) {
        let Kind::Simple { words, .. } = &command.kind else { return (Vec::new(), Vec::new()) };
        let Some((first, rest)) = words.split_first() else {
            // `$(< file)`
            let read = command.redirects.iter().filter(|redirect| redirect.sign == "<");
            return (read.filter_map(|redirect| self.path(&redirect.target)).collect(), Vec::new());
        };
        let plain = || rest.iter().filter(|word| !is_option(word));
        match first.literal().unwrap_or_default().as_str() {
            "cat" => (plain().filter_map(|word| self.path(word)).collect(), Vec::new()),
            "ls" | "echo" | "printf" => (Vec::new(), plain().filter_map(|word| self.value(word)).collect()),
            "git" if rest.first().is_some_and(|word| word.is("ls-files")) => {
                (Vec::new(), plain().skip(1).filter_map(|word| self.value(word)).collect())
            }
            "find" => (Vec::new(), self.found(rest)),
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// What `find` finds, as patterns.
    fn found(&self, rest: &[Word]) -> Vec<String> {
        let words: Vec<String> = rest.iter().map(|word| self.value(word).unwrap_or_default()).collect();
        let folders = words.iter().take_while(|word| !word.starts_with(['-', '(', '!']));
        let mut folders: Vec<&str> = folders.map(|folder| folder.trim_end_matches('/')).collect();
        if folders.is_empty() {
            folders.push(".");
        }
        let names = words.windows(2).filter(|pair| matches!(&*pair[0], "-name" | "-iname"));
        let mut names: Vec<&str> = names.map(|pair| &*pair[1]).collect();
        if names.is_empty() {
            names.push("*");
        }
        let below = |folder: &str| names.iter().map(|name| format!("{folder}/**/{name}")).collect::<Vec<_>>();
        folders.into_iter().flat_map(below).collect()
    }

    /// The files whose text a word has in it: `"$(cat a)"`, `<(cat a)`.
    fn texts_in(&self, word: &Word) -> Vec<String> {
        let commands = word.commands().flat_map(|list| &list.items).flat_map(AndOr::pipelines);
        commands.flat_map(|pipeline| &pipeline.commands).flat_map(|command| self.written(command).0).collect()
    }

    /// The values of a word of a `for`.
    fn values_of(&self, word: &Word) -> Vec<Option<String>> {
        let listed: Vec<String> = match &word.parts[..] {
            [Part::Commands(list)] => {
                let commands =
                    list.items.iter().flat_map(AndOr::pipelines).flat_map(|pipeline| &pipeline.commands);
                commands.flat_map(|command| self.written(command).1).collect()
            }
            _ => Vec::new(),
        };
        match listed.is_empty() {
            true => vec![self.value(word)],
            false => listed.into_iter().map(Some).collect(),
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
        let above = self.contents.clone();
        for redirect in command.redirects.iter().filter(|redirect| redirect.sign == "<") {
            self.operand(&redirect.target);
            self.contents = self.path(&redirect.target).into_iter().collect();
        }
        self.kind(&command.kind, role, command);
        self.contents = above;
    }

    fn kind(&mut self, kind: &Kind, role: Role, command: &Command) {
        match kind {
            Kind::Simple { assignments, words } => self.simple(assignments, words, role),
            Kind::Group(list) => self.list(list, role),
            Kind::Subshell(list) => self.child(|reader| reader.list(list, role)),
            Kind::Function { name, body } => {
                self.functions.insert(name.clone(), (**body).clone());
            }
            Kind::Test(words) => words.iter().for_each(|word| self.operand(word)),
            Kind::For { variable: Some(variable), words: Some(words), body } => {
                let name = variable.literal().unwrap_or_default();
                let values: Vec<_> = words.iter().flat_map(|word| self.values_of(word)).collect();
                for value in values.into_iter().take(MOST_WORDS) {
                    self.values.insert(name.clone(), value);
                    self.list(body, role);
                }
            }
            Kind::Loop { condition, body, .. } if !self.listed.is_empty() && reads(condition).is_some() => {
                let name = reads(condition).unwrap_or_default();
                for value in self.listed.clone().into_iter().take(MOST_WORDS) {
                    self.values.insert(name.clone(), Some(value));
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
        if SHELLS.contains(&name) {
            self.read_as_commands(rest, role);
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
                let texts = rest.iter().flat_map(|word| self.texts_in(word)).collect::<Vec<_>>();
                self.uses.sourced.extend(file.into_iter().chain(texts));
            }
            "export" | "readonly" | "local" | "declare" | "typeset" => {
                rest.iter().for_each(|word| self.assign(word));
            }
            "eval" => {
                let texts: Vec<String> = rest.iter().filter_map(|word| self.value(word)).collect();
                self.inner(&texts.join(" "), role);
                self.read_as_commands(rest, role);
            }
            "xargs" => {
                let mut at = 0;
                let mut place = None;
                while let Some(word) = rest.get(at).filter(|word| is_option(word)) {
                    let text = word.literal().unwrap_or_default();
                    if let Some(begun) = text.strip_prefix("-I") {
                        at += usize::from(begun.is_empty());
                        let told = rest.get(at).and_then(Word::literal).filter(|_| begun.is_empty());
                        place = told.or_else(|| Some(begun.to_owned()));
                    }
                    at += if XARGS_VALUES.contains(&text.as_str()) { 2 } else { 1 };
                }
                self.for_each(
                    rest.get(at..).unwrap_or_default(),
                    place.as_deref(),
                    &self.listed.clone(),
                    role,
                );
            }
            "find" if rest.iter().any(|word| word.is("-exec") || word.is("-execdir")) => {
                let begin = rest.iter().position(|word| word.is("-exec") || word.is("-execdir")).unwrap_or(0);
                let told = rest.get(begin + 1..).unwrap_or_default();
                let ends = |word: &Word| matches!(word.literal().as_deref(), Some(";" | "+"));
                let end = told.iter().position(ends).unwrap_or(told.len());
                self.for_each(told.get(..end).unwrap_or_default(), Some("{}"), &self.found(rest), role);
            }
            _ if SILENT.contains(&format!(" {name} ")) => {}
            _ => self.program(name, first, rest, role),
        }
    }

    /// Runs a command for each of these names, which stand in a place of it or behind it.
    fn for_each(&mut self, words: &[Word], place: Option<&str>, names: &[String], role: Role) {
        self.depth += 1;
        if names.is_empty() {
            self.simple(&[], words, role);
        }
        for name in names.iter().take(MOST_WORDS) {
            let named =
                Word { parts: vec![Part::Text { text: name.clone(), is_quoted: true }], ..Word::default() };
            let is_place = |word: &Word| place.is_some() && word.literal().as_deref() == place;
            let mut told: Vec<Word> =
                words.iter().map(|word| if is_place(word) { named.clone() } else { word.clone() }).collect();
            if place.is_none() {
                told.push(named);
            }
            self.simple(&[], &told, role);
        }
        self.depth -= 1;
    }

    /// Notes the files whose text is given to a shell as commands.
    fn read_as_commands(&mut self, rest: &[Word], role: Role) {
        if role != Role::Observed {
            let texts: Vec<String> = rest.iter().flat_map(|word| self.texts_in(word)).collect();
            self.uses.sourced.extend(texts);
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
        // What it is told itself, and not what a script of it is.
        let mut own = Vec::new();
        if name.contains('/') {
            used.script = self.path(first);
        } else if let Some((_, with_values)) = INTERPRETERS.iter().find(|(names, _)| names.contains(&base)) {
            let mut reads_input = true;
            while let Some(word) = told.next() {
                let text = self.value(word).unwrap_or_default();
                // The text of a program, a module, or tests are no file of commands.
                let is_no_file = match text.as_str() {
                    "-c" | "-" | "--test" | "--eval" => true,
                    "-e" | "-m" | "-p" | "-E" => !SHELLS.contains(&base),
                    "-s" => SHELLS.contains(&base),
                    _ => false,
                };
                if is_no_file {
                    reads_input = matches!(text.as_str(), "-" | "-s");
                    own.push(text.clone());
                    used.arguments.push(text);
                    break;
                }
                if !text.starts_with(['-', '+']) {
                    used.script = self.path(word);
                    break;
                }
                let has_value = with_values.contains(&text.as_str());
                own.push(text.clone());
                used.arguments.push(text);
                if has_value {
                    let value = told.next().and_then(|word| self.value(word));
                    own.extend(value.clone());
                    used.arguments.extend(value);
                }
            }
            // What comes in as its input it reads as a script.
            if used.script.is_none() && reads_input {
                used.script = self.contents.first().cloned();
            }
        } else if RULED.contains(&base) {
            let file = rest.iter().position(|word| word.is("-f")).and_then(|at| rest.get(at + 1));
            used.script = file.and_then(|word| self.path(word));
        }
        for word in told {
            used.arguments.extend(self.value(word).map(|text| text.replace(ROOT, "")));
        }
        if used.arguments.iter().any(|argument| argument == "py_compile") {
            return rest.iter().for_each(|word| self.operand(word));
        }
        if role != Role::Observed {
            let own = if used.script.is_none() { &used.arguments } else { &own };
            let settings = settings(base, own).into_iter().map(|file| inside(&self.folder, &file));
            self.uses.settings.extend(settings);
        }
        let is_made_for_it = used.script.as_deref().is_some_and(is_a_check);
        match role {
            // What a script that checks leaves is not what is looked at.
            Role::Seen if used.script.is_some() && !is_made_for_it => self.uses.observed.push(used),
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

/// What options name that say what a tool loads or is set up by: files, and modules as paths.
fn settings(program: &str, arguments: &[String]) -> Vec<String> {
    let is_setting = |option: &str| {
        SETTINGS.contains(&option) || SHORT_SETTINGS.contains(&option) && SET_UP_BY_SHORT.contains(&program)
    };
    let mut found = Vec::new();
    for (at, argument) in arguments.iter().enumerate() {
        let (option, value) = match argument.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (argument.as_str(), arguments.get(at + 1).map(String::as_str)),
        };
        if let Some(value) = value.filter(|_| is_setting(option)) {
            found.push(value.to_owned());
            if option == "-p" && !value.contains('/') {
                found.push(format!("{}.py", value.replace('.', "/")));
            }
        }
    }
    found
}

/// Whether what stands there ends the whole by itself, or notes what came of it for later: `|| exit 1`, `|| failed=1`.
fn ends_by_itself(item: &AndOr) -> bool {
    let ends = |command: &Command| {
        command.simple().is_some_and(|(assignments, words)| match words.first() {
            Some(first) => first.is("exit") || first.is("return"),
            None => !assignments.is_empty(),
        })
    };
    let mut is_inside = false;
    let of_item = item.pipelines().flat_map(|pipeline| &pipeline.commands);
    for (at, command) in of_item.enumerate() {
        is_inside |= at > 0 && ends(command);
        let is_function = matches!(command.kind, Kind::Function { .. });
        for list in command.lists().into_iter().filter(|_| !is_function) {
            each_command(list, &mut |command| is_inside |= ends(command));
        }
    }
    is_inside
}

/// Whether what stands there asks for the status of what came before.
fn asks_for_status(item: &AndOr) -> bool {
    let asks = |command: &Command| {
        let mut words: Vec<&Word> = command.words().collect();
        if let Kind::If { branches, .. } = &command.kind {
            let conditions =
                branches.iter().flat_map(|(condition, _)| &condition.items).flat_map(AndOr::pipelines);
            words.extend(conditions.flat_map(|pipeline| &pipeline.commands).flat_map(Command::words));
        }
        words
            .iter()
            .flat_map(|word| &word.parts)
            .any(|part| matches!(part, Part::Parameter(name) if name == "?"))
    };
    item.first.commands.iter().any(asks)
}

/// Whether a parameter stands in what a test is about.
fn asks_for_parameter(pipeline: &Pipeline) -> bool {
    let parts = pipeline.commands.iter().flat_map(Command::words).flat_map(|word| &word.parts);
    parts.into_iter().any(|part| matches!(part, Part::Parameter(_)))
}

/// The parameter into which a condition reads a line.
fn reads(condition: &List) -> Option<String> {
    let mut commands =
        condition.items.iter().flat_map(AndOr::pipelines).flat_map(|pipeline| &pipeline.commands);
    commands.find_map(|command| {
        let (_, words) = command.simple()?;
        let (first, rest) = words.split_first()?;
        let mut names = rest.iter().filter_map(Word::literal).filter(|word| !word.starts_with('-'));
        names.next().filter(|_| first.is("read"))
    })
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
