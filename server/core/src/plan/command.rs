//! What inline code reads like: a command that is run, or one of the many other things that plans put into backticks.
//!
//! Knows no disk: which programs are there comes in as [`Here`]. Whoever shows, asks for or runs a check asks this file,
//! so that all of them mean the same commands.

use crate::shell;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, LazyLock},
};

/// What stands before a command that is one beyond doubt, as in a shell's prompt: `` `$ make` ``.
pub(super) const PROMPT: &str = "$ ";

/// Which programs and executable files are there, as far as somebody looked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Here {
    /// The names of all programs; `None` if nobody looked, so that each may be there.
    pub programs: Option<Arc<BTreeSet<String>>>,
    /// Those of the plans' paths (see [`bare_path`]) that are executable files: from the root, or absolute.
    pub executables: Arc<BTreeSet<String>>,
    /// Those of the plans' paths (see [`searched_paths`]) that are there, as files or folders.
    pub there: Arc<BTreeSet<String>>,
    /// Those folders in which plans say that checks run and that are not there, each with one of nearly that name.
    pub missing_folders: Arc<BTreeMap<String, Option<String>>>,
}

impl Here {
    /// Whether a program is there, as far as somebody looked.
    pub fn has(&self, program: &str) -> bool {
        self.programs.as_ref().is_none_or(|programs| programs.contains(program))
    }

    /// Whether a path from the root that is searched is surely not there.
    pub fn lacks(&self, path: &str) -> bool {
        self.programs.is_some() && !self.there.contains(path)
    }

    fn is_executable(&self, folder: &str, path: &str) -> bool {
        self.executables.contains(&inside(folder, path))
    }
}

/// What a text reads like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads<'c> {
    /// A command.
    Command,
    /// A command whose program is not there.
    Missing {
        /// The program.
        program: &'c str,
    },
    /// A command that is never run as a check: it takes something away or ends the machine, and proves nothing.
    Harmful {
        /// The program.
        program: &'static str,
    },
    /// Something else.
    Words,
}

impl Reads<'_> {
    /// Whether it is a check, though perhaps one that cannot run here.
    pub fn is_check(self) -> bool {
        match self {
            Self::Command | Self::Missing { .. } => true,
            Self::Harmful { .. } | Self::Words => false,
        }
    }
}

/// Shell builtins, and `[`, which some systems have only as one.
static BUILTINS: Words = LazyLock::new(|| {
    ". : [ alias bg break cd command continue eval exec exit export echo false fg getopts hash jobs \
     kill local printf pwd read readonly return set shift test times trap true type ulimit umask unalias unset wait".split(' ').collect()
});
/// Those that only change the shell they run in: without another command they are the text of a script, or a word.
static SETTINGS: Words = LazyLock::new(|| {
    "alias bg break continue declare export false fg getopts hash jobs let local read readonly return set shift times trap \
     typeset ulimit umask unalias unset wait".split(' ').collect()
});
/// Programs that end the machine or the session, wherever they stand in a command.
const ENDS_MACHINE: [&str; 7] = ["halt", "init", "mkfs", "poweroff", "reboot", "shutdown", "telinit"];
/// Programs that take something away. Alone they are no check, whatever their status; before one they may clean up.
const TAKES_AWAY: [&str; 10] =
    ["dd", "killall", "mv", "pkill", "rm", "rmdir", "shred", "truncate", "unlink", "wipefs"];
/// What may stand before a program.
const WRAPPERS: [&str; 9] = ["command", "do", "doas", "else", "exec", "nohup", "sudo", "then", "time"];
/// What begins a compound command, with what ends it.
const COMPOUND: [(&str, &str); 5] =
    [("if", "fi"), ("for", "done"), ("while", "done"), ("until", "done"), ("case", "esac")];
/// Requests are written like commands, and some systems have programs of these names.
static METHODS: Words =
    LazyLock::new(|| "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT".split(' ').collect());
/// Programs whose names are words of specifications, too. Alone they prove nothing.
static ALSO_WORDS: Words = LazyLock::new(|| {
    "cat clear column comm compare convert cut date df dir display dirname du env expand export expr \
     factor file find fmt fold free getent groups head host hostid hostname id identify import info install join kill \
     last link local login logname logout look ls mail man mount name nice nl open paste ping pr print printenv printf \
     ps pwd read reset return script seq set size sleep sort split stat strings sum tail tee test time timeout top \
     touch tr trap tty type uname uniq unlink unset uptime users view wait watch wc which who whoami write yes".split(' ').collect()
});
/// Words of sentences. Nobody calls a subcommand so.
static SENTENCE: Words = LazyLock::new(|| {
    "is are was were be been must should can cannot can't may has have had needs need not no of for \
     from by with without within on at as and or but than when it its this that then to in into the your you we \
     already found fails failed denied refused expired required invalid missing unknown returns accepts exceeded \
     unreachable".split(' ').collect()
});
/// Tools that checks are made of. Such a text is a check even where the tool is not installed.
static TOOLS: Words = LazyLock::new(|| {
    "act alembic ansible-lint ansible-playbook ant artisan atlas ava aws az bandit bats bazel behat behave \
     bash biome black brew buf buildifier bun bundle bunx busted bzr cabal cargo ccache cdk clang clang-format clang-tidy clj \
     clojure cmake codeception composer conan conda coverage cppcheck crystal csslint ctest curl cypress dart dbmate dbt \
     deno detekt diesel django-admin docker docker-compose dotnet dprint drizzle-kit dune elixir elm elm-test erl \
     erlc eslint expect fd firebase flake8 flow flutter flyway forge fvm g++ gcc gcloud gem ghc gh git gleam go gofmt \
     golangci-lint goose gradle grep grunt gulp hadolint hatch helm hurl isort jasmine java javac jest jq just k6 karma \
     knex kotlinc ktlint kubeconform kubectl kustomize lein lighthouse liquibase ls-lint lua luacheck luarocks lychee \
     make markdownlint mdl meson mise mix mocha moon mvn mypy mysql nancy newman next ng nim nimble ninja nix node nose2 \
     nosetests nox npm npx nuget nvim nx ocaml oxlint pants pdm pep8 perl phan php phpcs phpstan phpunit pint pip pip3 \
     pipenv pixi playwright pnpm podman poetry postgres pre-commit prettier prisma prove psalm psql puppet pycodestyle \
     pydocstyle pylint pyre pyright pytest python python2 python3 quarkus rails rake rebar3 redis-cli rg rome rspec \
     rubocop ruby ruff rush rustc rustfmt rustup rustup-init sam sbt scala scalafmt sea-orm-cli semgrep sequelize \
     serverless sh shellcheck shellspec shfmt solc sorbet sourcery spectral sqlc sqlfluff sqlite3 sqlx stack staticcheck \
     standardrb stylelint stylua svelte-check swift swiftformat swiftlint task taplo tap tauri terraform terragrunt \
     tflint tofu tox trivy truffle ts-node tsc tsx turbo twine typos unzip uv uvx vale vitest vue-tsc wasm-pack \
     webpack wget wrangler xcodebuild xmllint yamllint yarn yq zig zsh".split(' ').collect()
});
/// Tools whose names begin sentences, too. What the others are given is never one: a test may be called anything.
static ALSO_ENGLISH: Words = LazyLock::new(|| {
    "act black expect flow go just make next prove rush stack swift task".split(' ').collect()
});
/// What tools call their parts.
static SUBCOMMANDS: Words = LazyLock::new(|| {
    "apply audit build check ci clippy compile deploy diff doctor exec fmt format gen generate lint \
     migrate migration plan run start status sync test tests type-check typecheck up update upgrade validate verify".split(' ').collect()
});
/// What stands before such a word in a sentence.
static BEFORE_SUBCOMMANDS: Words = LazyLock::new(|| {
    "auto cold dry every final first full hot last load local manual new next nightly old one \
     quick release second single slow smoke test trial unit warm"
        .split(' ')
        .collect()
});

/// Tools whose first argument is any text.
const TAKES_TEXT: [&str; 6] = ["grep", "jq", "prettier", "rg", "sqlite3", "yq"];
/// What a message says of a tool: `docker not found`. Nobody calls a subcommand so.
static OF_A_TOOL: Words = LazyLock::new(|| {
    "are can cannot could did does failed fails had has is may might missing must not passes returned returns should \
     succeeds unavailable was were will works would".split(' ').collect()
});
/// Verbs of sentences about a tool, which bare text may be: `npm starts`.
static VERBS: Words = LazyLock::new(|| {
    "accepts appears asks builds closes compiles completes creates displays ends exits fails finishes gets gives goes \
     installs keeps links loads logs looks opens passes prints redirects rejects renders reports responds returns runs \
     saves says sees sends shows starts stays stops succeeds takes turns updates works writes".split(' ').collect()
});
/// Programs of every system that a check may begin with, if what follows reads like arguments.
static USUAL: Words = LazyLock::new(|| {
    "[ awk bash cat cd cmp command comm cut dash diff docker du egrep env expr fgrep find head jq ls node perl python \
     python3 ruby sed sh sort stat tail test time timeout wc xargs zsh".split(' ').collect()
});

/// Words to look a word up in: that is done for each criterion at every keystroke.
type Words = LazyLock<HashSet<&'static str>>;

/// Says what inline code reads like, where checks run in `folder` (from the root, empty for the root itself). `said` is
/// whether its writer says that it is a command: then it is one, if only its program is there.
pub fn reads<'c>(code: &'c str, said: bool, folder: &str, here: &Here) -> Reads<'c> {
    if let Some(program) = harmful(code) {
        return Reads::Harmful { program };
    }
    if code.contains("()") && shell::calls_its_own_function(code) {
        return Reads::Command;
    }
    let command = Command::of(code);
    let Some(command) = command.filter(|command| said || !command.is_something_else()) else {
        // What cannot be taken apart may still be a command to the shell, if its writer says so.
        return if said { Reads::Command } else { Reads::Words };
    };
    let first = command.first;
    if command.is_compound() {
        return Reads::Command;
    }
    if COMPOUND.iter().any(|(begin, _)| *begin == first) {
        return if said { Reads::Command } else { Reads::Words };
    }
    if first.contains('/') {
        let is_relative = !first.starts_with(['/', '~']);
        let has_arguments = !command.rest.is_empty() && !command.ends_there;
        return match said || here.is_executable(folder, first) {
            true => Reads::Command,
            false
                if is_relative && (first.starts_with("./") || first.starts_with("../") || has_arguments) =>
            {
                Reads::Command
            }
            false if !is_relative && has_arguments && command.has_option() => {
                Reads::Missing { program: first }
            }
            false => Reads::Words,
        };
    }
    if !is_name(first) {
        return if said { Reads::Command } else { Reads::Words };
    }
    if BUILTINS.contains(first) || here.has(first) {
        return Reads::Command;
    }
    match said || command.is_of_a_tool() {
        true => Reads::Missing { program: first },
        false => Reads::Words,
    }
}

/// Whether inline code reads like a command wherever it is read: it begins with a tool that is known, or with a script.
pub(super) fn is_surely_command(code: &str) -> bool {
    static NOTHING: LazyLock<Here> =
        LazyLock::new(|| Here { programs: Some(Arc::default()), ..Here::default() });
    let is_usual = || {
        Command::of(code).is_some_and(|command| {
            !BUILTINS.contains(command.first) || USUAL.contains(command.first) || command.is_joined()
        })
    };
    reads(code, false, "", &NOTHING).is_check() && is_usual()
}

/// Whether text without backticks reads like a command beyond doubt: a program that is known, and what follows it is no
/// sentence. Nobody has said that it is one.
pub(super) fn is_bare_command(text: &str) -> bool {
    let Some(command) = Command::of(text).filter(|command| !command.is_something_else()) else {
        return false;
    };
    if harmful(text).is_some() {
        return false;
    }
    if command.is_compound() {
        return true;
    }
    let outside = outside_quotes(text);
    let words =
        || outside.split_whitespace().map(|word| word.trim_end_matches(['.', ',', '!', '?', ':', ';']));
    let is_plain = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    let tells = words().any(|word| {
        let word = word.to_lowercase();
        SENTENCE.contains(&*word) || VERBS.contains(&*word) || matches!(&*word, "a" | "an" | "if" | "so")
    });
    let mut tokens = outside.split_whitespace().peekable();
    let mut redirects = false;
    while let Some(token) = tokens.next() {
        let to = tokens.peek().copied().unwrap_or_default();
        redirects |= matches!(token, ">" | ">>" | "<" | "->" | "=>" | "→") && !to.starts_with("/dev/null");
    }
    let ends_so = outside.split_whitespace().last().is_some_and(|last| {
        last.ends_with(['!', '?', ',', ':']) || last.strip_suffix('.').is_some_and(is_plain)
    });
    if tells || redirects || ends_so {
        return false;
    }
    let Command { first, rest, .. } = &command;
    let second = rest.first().map(String::as_str).unwrap_or_default();
    let has_file = rest.iter().any(|word| word.contains(['/', '.', '=', '*', '$', ':']));
    let has_arguments = command.has_option() || has_file || outside.len() < text.len();
    if first.contains('/') {
        return first.starts_with("./") || first.starts_with("../") || has_arguments;
    }
    let is_sub = SUBCOMMANDS.contains(second);
    let starts_lower = first.starts_with(|c: char| c.is_ascii_lowercase() || c == '[');
    match *first {
        "test" | "[" => has_arguments || rest.iter().any(|word| matches!(word.as_str(), "=" | "!=")),
        "make" | "just" | "task" => has_arguments || is_sub || rest.len() <= usize::from(*first == "make"),
        first if ALSO_ENGLISH.contains(first) => has_arguments || is_sub,
        first if TOOLS.contains(first) => true,
        first if USUAL.contains(first) => has_arguments || command.is_joined() && !text.contains("; "),
        first if BUILTINS.contains(first) => false,
        _ => {
            starts_lower
                && is_name(first)
                && (command.has_option() || is_sub && !BEFORE_SUBCOMMANDS.contains(first) && rest.len() <= 3)
        }
    }
}

/// A text without what stands in quotes.
fn outside_quotes(text: &str) -> String {
    let mut quote = None;
    text.chars()
        .filter(|c| {
            match quote {
                None if matches!(c, '"' | '\'') => quote = Some(*c),
                Some(open) if open == *c => quote = None,
                None => return true,
                Some(_) => {}
            }
            false
        })
        .collect()
}

/// The program that keeps a command from being a check, if it has one.
fn harmful(code: &str) -> Option<&'static str> {
    // Nearly every code is none of it, and this is asked at every keystroke.
    let known = || ENDS_MACHINE.iter().chain(&TAKES_AWAY);
    if !known().any(|program| code.contains(program)) {
        return None;
    }
    let words = shell_words::split(code).ok()?;
    let mut firsts = Vec::new();
    let mut begins = true;
    for word in &words {
        let joins =
            matches!(word.as_str(), "&&" | "||" | ";" | "|" | "&" | "!" | "{" | "(" | "then" | "do" | "else");
        let bare = word.trim_start_matches('(').trim_end_matches([';', ')']);
        if begins && !joins && !WRAPPERS.contains(&bare) && assigned(word) == Some(0) {
            let is_absolute = bare.starts_with('/');
            firsts.push(if is_absolute { bare.rsplit('/').next().unwrap_or(bare) } else { bare });
            begins = false;
        }
        begins |= joins || word.ends_with(';');
    }
    let ends_machine = |first: &str| {
        ENDS_MACHINE.into_iter().find(|program| {
            first
                .strip_prefix(program)
                .is_some_and(|rest| rest.is_empty() || *program == "mkfs" && rest.starts_with('.'))
        })
    };
    firsts.iter().find_map(|first| ends_machine(first)).or_else(|| {
        let [first] = &firsts[..] else { return None };
        TAKES_AWAY.into_iter().find(|program| program == first)
    })
}

/// The program that a command begins with, if it is one that is looked for on `PATH`.
pub fn program_of(code: &str) -> Option<&str> {
    let first = Command::of(code)?.first;
    let is_program = is_name(first)
        && !BUILTINS.contains(first)
        && COMPOUND.iter().all(|(begin, end)| *begin != first && *end != first);
    is_program.then_some(first)
}

/// Says whether a word is one of bash's own that `sh`, which runs checks, may not have.
pub fn is_of_bash(program: &str) -> bool {
    ["source", "pushd", "popd", "shopt", "declare", "mapfile", "readarray", "typeset", "let"]
        .contains(&program)
}

/// The path that inline code consists of, from the root: whether it is a command can only be told from its file.
pub fn bare_path(code: &str, folder: &str) -> Option<String> {
    let first = Command::of(code)?.first;
    (first.contains('/') && !first.contains("://")).then(|| inside(folder, first))
}

/// The paths, from the root, that a command run in `folder` searches for what they must not have.
pub fn searched_paths(code: &str, folder: &str) -> Vec<String> {
    let absent = shell::uses(code, folder).map(|uses| uses.absent).unwrap_or_default();
    absent.into_iter().map(|absent| absent.path).collect()
}

/// The paths inside of the repository that a command names.
pub fn paths_of(code: &str) -> Vec<String> {
    const SCRIPTS: [&str; 12] =
        [".sh", ".bash", ".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".php", ".lua", ".ps1"];
    let words = shell_words::split(code).unwrap_or_default();
    let is_path = |word: &&str| {
        let named = word.contains('/') || SCRIPTS.iter().any(|ending| word.ends_with(ending));
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@');
        named && !word.starts_with(['/', '-', '~', '@']) && word.chars().all(plain)
    };
    let trimmed = words.iter().map(|word| word.trim_matches([';', '(', ')', '{', '}']));
    trimmed.filter(is_path).map(str::to_owned).collect()
}

/// A path of a command as it is seen from the root.
fn inside(folder: &str, path: &str) -> String {
    if path.starts_with('/') || folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

fn is_name(word: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-' | '@');
    matches!(word, "[" | ":" | ".")
        || (word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && word.chars().all(plain)
            && word.contains(|c: char| c.is_ascii_alphabetic()))
}

/// A command by its words.
struct Command<'c> {
    /// The first word that is no assignment and no sign before a command, as it is written.
    first: &'c str,
    /// The words after it, without their quotes.
    rest: Vec<String>,
    /// Whether the command of the first word ends there: `a; b`.
    ends_there: bool,
    code: &'c str,
}

impl<'c> Command<'c> {
    /// Takes a text apart; `None` if a shell could not, or if it has no word that could be a program.
    fn of(code: &'c str) -> Option<Self> {
        let words = shell_words::split(code).ok()?;
        let mut left = code.trim_start();
        let mut skipped = 0;
        let first = loop {
            left = left.trim_start();
            if let Some(after) = left.strip_prefix('(') {
                left = after;
                continue;
            }
            let word = left.split_whitespace().next()?;
            if word == "!" || word == "{" {
                left = left.get(word.len()..)?;
                skipped += 1;
                continue;
            }
            let value = assigned(left)?;
            if value == 0 {
                break word;
            }
            left = left.get(value..)?;
            skipped += 1;
        };
        let rest = words.into_iter().skip(skipped).skip_while(|word| word == "(").skip(1).collect();
        let ends_there = first.ends_with([';', ')']);
        let first = first.trim_end_matches([';', ')']);
        (!first.is_empty()).then_some(Self { first, rest, ends_there, code })
    }

    /// Whether it is surely something else, whichever programs are there.
    fn is_something_else(&self) -> bool {
        let Self { first, rest, code, .. } = self;
        let second = rest.first().map(String::as_str);
        let is_method = METHODS.contains(first)
            && second.is_none_or(|target| target.starts_with(['/', ':', '{']) || target.contains("://"));
        let is_header = first.len() > 1 && first.ends_with(':');
        let compares = second.is_some_and(|word| {
            matches!(
                word,
                "==" | "!=" | "===" | "!==" | ">=" | "<=" | "=>" | "->" | "=" | ":=" | "≥" | "≤" | "→"
            ) || (matches!(word, "<" | ">") && rest.len() == 2)
        });
        let has_quotes = code.contains(['"', '\'', '$', '\\']);
        // `varchar(20)`, `f(x)`: a shell would stumble over it.
        let calls = !has_quotes
            && code.split_whitespace().any(|word| {
                word.find('(').is_some_and(|at| at > 0 && word.starts_with(|c: char| c.is_ascii_alphabetic()))
            });
        let is_word = ALSO_WORDS.contains(first) && !self.is_joined();
        // `sort desc`, but `sort a.txt` and `time make`.
        let is_plain =
            |word: &String| word.bytes().all(|byte| byte.is_ascii_lowercase()) && !TOOLS.contains(&**word);
        let also_word = is_word
            && (rest.is_empty()
                || (matches!(*first, "id" | "date" | "name") && !self.has_option())
                || (!has_quotes && !matches!(*first, "cat" | "ls" | "wc") && rest.iter().all(is_plain)));
        let is_setting = SETTINGS.contains(first) && !self.is_joined();
        // `[ x ]` holds whatever x is.
        let is_held = !code.contains(['$', '`'])
            && match *first {
                "[" => rest.len() <= 2,
                "test" => rest.len() == 1,
                _ => false,
            };
        let kills_words = *first == "kill"
            && second.is_some_and(|of| !of.starts_with(['-', '%', '$']) && of.parse::<u32>().is_err());
        let choices = !rest.is_empty()
            && code.contains('|')
            && !code.contains("||")
            && code.split('|').all(|choice| choice.split_whitespace().count() == 1);
        let exits_with_words = *first == "exit" && second.is_some_and(|status| status.parse::<u8>().is_err());
        first.starts_with('-')
            || first.contains("://")
            || is_method
            || is_header
            || (compares && !matches!(*first, "[" | "test"))
            || calls
            || also_word
            || is_setting
            || is_held
            || kills_words
            || self.is_message()
            || choices
            || exits_with_words
            || self.is_sentence()
    }

    /// Whether its words are those of a sentence, and none is one that only a command has.
    fn is_sentence(&self) -> bool {
        let is_tool = TOOLS.contains(self.first) && !ALSO_ENGLISH.contains(self.first);
        if is_tool || self.has_option() || self.is_joined() || self.code.contains(['"', '\'', '$', '<', '='])
        {
            return false;
        }
        let mut words = self.rest.iter().map(|word| word.trim_end_matches(['.', ',', '!', '?', ':']));
        let ends_so = self.rest.last().is_some_and(|last| {
            last.len() > 1
                && last.ends_with(['!', '?', ',', '.'])
                && !last.contains('/')
                && !last.ends_with("..")
        });
        // `sees a terminal`: an article and what it is of. In `diff a b` it is a file.
        let has_article = self.rest.windows(2).any(|pair| {
            matches!(&pair[0][..], "a" | "an")
                && pair[1].len() > 2
                && pair[1].chars().all(|c| c.is_ascii_lowercase())
        });
        ends_so || has_article || words.any(|word| SENTENCE.contains(word))
    }

    /// Whether it says something of a tool: `docker not found`, `node version too old`.
    fn is_message(&self) -> bool {
        if !TOOLS.contains(self.first) || TAKES_TEXT.contains(&self.first) || self.is_joined() {
            return false;
        }
        let says = |word: &String| OF_A_TOOL.contains(&**word);
        let pair = |pair: &[String]| match (&*pair[0], &*pair[1]) {
            ("not", what) => matches!(
                what,
                "allowed" | "available" | "configured" | "found" | "installed" | "running" | "supported"
            ),
            ("too", what) => matches!(what, "large" | "long" | "many" | "new" | "old" | "slow" | "small"),
            ("no", what) => what == "such",
            _ => false,
        };
        !self.code.contains(['"', '\'', '$'])
            && (self.rest.first().is_some_and(says) || self.rest.windows(2).any(pair))
    }

    fn has_option(&self) -> bool {
        self.rest.iter().any(|word| {
            word.strip_prefix('-').is_some_and(|option| {
                option.trim_start_matches('-').starts_with(|c: char| c.is_ascii_alphabetic())
            })
        })
    }

    /// Whether more than one command stands here.
    fn is_joined(&self) -> bool {
        self.code.contains("&&")
            || self.code.contains("||")
            || self.code.contains("; ")
            || self.code.contains(" | ")
    }

    fn is_compound(&self) -> bool {
        let end = COMPOUND.iter().find(|(begin, _)| *begin == self.first).map(|(_, end)| end);
        end.is_some_and(|end| self.rest.iter().any(|word| word.trim_end_matches([';', ')']) == *end))
    }

    /// Whether it is a command of a tool, wherever that tool is.
    fn is_of_a_tool(&self) -> bool {
        let begins = self.first.starts_with(|c: char| c.is_ascii_lowercase());
        let second = self.rest.first().map(String::as_str).unwrap_or_default();
        let is_sub = SUBCOMMANDS.contains(second) && !BEFORE_SUBCOMMANDS.contains(self.first);
        let joined = self.is_joined() && self.rest.len() > 2 && !matches!(second, "|" | "||" | "&&");
        TOOLS.contains(self.first) || (begins && (is_sub || self.has_option() || joined))
    }
}

/// How many bytes the assignment `NAME=value` takes that a text begins with; 0 if it begins with something else. `None`
/// if its value does not end.
fn assigned(text: &str) -> Option<usize> {
    let name = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let is_assignment = name > 0
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.get(name..).is_some_and(|rest| rest.starts_with('=') && !rest.starts_with("=="));
    if !is_assignment {
        return Some(0);
    }
    let mut quote = None;
    for (at, c) in text.char_indices().skip(name + 1) {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, c) if c.is_whitespace() => return Some(at),
            _ => {}
        }
    }
    quote.is_none().then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn here(programs: &str, executables: &str) -> Here {
        let set = |words: &str| Arc::new(words.split_whitespace().map(str::to_owned).collect());
        Here { programs: Some(set(programs)), executables: set(executables), ..Here::default() }
    }

    fn read(code: &str) -> Reads<'_> {
        let programs = "cargo npm make grep git python3 pytest sh bash ls id date file time host GET HEAD POST env sort link \
             a_tool diff cat sort head";
        reads(code, false, "", &here(programs, "scripts/check bin/rails /opt/bin/prove"))
    }

    #[test]
    fn what_begins_with_a_program_a_builtin_or_a_script_is_a_command() {
        for code in [
            "make",
            "cargo test",
            "cargo test expired",
            "npm run build on",
            "cargo test -p a -- --nocapture",
            "CI=1 RUST_LOG='a b' cargo test",
            "! grep -q x y",
            "(cd x && make)",
            "{ make; }",
            "cd api && npm test",
            "[ -f a ]",
            "[ a = b ]",
            "test -f a -a -f b",
            "test a = b",
            "true",
            "exit 0",
            ": done",
            "if [ -f a ]; then make; fi",
            "for f in *; do cat \"$f\"; done",
            "./check.sh",
            "../check.sh",
            "./check.sh --all",
            "scripts/check",
            "scripts/other --all",
            "scripts/check.py unit",
            "/opt/bin/prove",
            "grep -c 'not found' log",
            "grep -r needs src",
            "git diff --exit-code",
            "git diff a b",
            "diff a bb",
            "cat a | grep b",
            "id -u",
            "date --utc",
            "make all",
            "make; make test",
            "python3 -c \"print(1)\"",
            "ls x | head",
            "env A=b make",
            "sh -c 'exit 1'",
            "file a.png | grep PNG",
            "a_tool x",
        ] {
            assert_eq!(read(code), Reads::Command, "{code}");
        }
    }

    #[test]
    fn what_only_stands_in_backticks_is_none() {
        for code in [
            "internal/report/quiet.go",
            "POST /api/x",
            "GET /",
            "HEAD",
            "GET https://x.org/a",
            "Result<Job, Error>",
            "--quiet needs a terminal",
            "-v",
            "a > b",
            "id > 0",
            "FOO=bar",
            "FOO='a b'",
            "Content-Type: application/json",
            "text/html; charset=utf-8",
            "application/json",
            "created_at timestamp",
            "user_id bigint not null",
            "id serial primary key",
            "id",
            "date",
            "sort",
            "file not found",
            "time is up",
            "link expired",
            "host unreachable",
            "connection refused",
            "permission denied",
            "no such file",
            "404",
            "200 OK",
            "1.5s",
            "3",
            "string | null",
            "read | write",
            "fn main()",
            "type varchar(20)",
            "list.sort()",
            "Vec<String>",
            "x == y",
            "a => b",
            "status = 'open'",
            "https://example.com/x y",
            "users.email",
            "docs/plan.md",
            "src/a.py:40-52",
            "/api/x",
            "/api/x returns 200",
            "docs/",
            "config.toml",
            "MAX_RETRIES",
            "git",
            "exit code 2",
            "it's",
            "\"quoted\"",
            "# comment",
            "",
            "dry run",
            "make sure it works",
            "unit tests",
            "read a file",
            "if the flag is set",
            "Unknown option!",
            "@decorator",
            "{}",
            "()",
            "$HOME",
            "<div>",
            "*.rs",
        ] {
            // `git` alone is a program that is there.
            let expected = if code == "git" { Reads::Command } else { Reads::Words };
            assert_eq!(read(code), expected, "{code}");
        }
    }

    #[test]
    fn a_command_of_a_program_that_is_not_here_stays_one() {
        for (code, program) in [
            ("sqlx migrate run", "sqlx"),
            ("A=b sqlx migrate run", "sqlx"),
            ("diesel migration run", "diesel"),
            ("terraform plan -detailed-exitcode", "terraform"),
            ("mix ecto.migrate", "mix"),
            ("vitest", "vitest"),
            ("frobnicate --all", "frobnicate"),
            ("frobnicate test", "frobnicate"),
            ("frobnicate a b && make", "frobnicate"),
            ("(jest src)", "jest"),
            ("! rg -q TODO src", "rg"),
            ("/opt/other/tool --check", "/opt/other/tool"),
        ] {
            assert_eq!(read(code), Reads::Missing { program }, "{code}");
        }
    }

    #[test]
    fn what_its_writer_calls_a_command_is_one() {
        let here = here("make", "");
        for (code, reading) in [
            ("internal/report/quiet.go", Reads::Command),
            ("created_at timestamp", Reads::Missing { program: "created_at" }),
            ("make", Reads::Command),
            ("a > b", Reads::Missing { program: "a" }),
            ("if the flag", Reads::Command),
            ("it's", Reads::Command),
        ] {
            assert_eq!(reads(code, true, "", &here), reading, "{code}");
        }
    }

    #[test]
    fn a_word_a_setting_or_a_message_is_no_check() {
        let programs = "make npm node docker sort kill view halt git link cargo head cat sh file";
        for code in [
            "export CI=1",
            "export CI",
            "set -e",
            "unset PATH",
            "readonly x",
            "return None",
            "false",
            "[ x ]",
            "[ ]",
            "test x",
            "docker not found",
            "git is required",
            "npm failed",
            "node version too old",
            "cargo not installed",
            "docker daemon not running",
            "kill all",
            "kill all sessions; sign in again",
            "sort desc",
            "sort descending by",
            "head office",
            "link expired",
            "view orders",
            "touch the button > the menu opens",
        ] {
            assert_eq!(reads(code, false, "", &here(programs, "")), Reads::Words, "{code}");
        }
        for code in [
            "export CI=1 && make",
            "set -e; make",
            "[ -f x ]",
            "[ \"$x\" ]",
            "test -f x",
            "kill -0 12",
            "sort a.txt",
            "cat Makefile",
            "cat a",
            "head -1 a",
            "docker build .",
            "npm run not-found",
            "cargo test is_required",
            "git grep 'not found'",
            "sh is_there.sh",
        ] {
            assert_eq!(reads(code, false, "", &here(programs, "")), Reads::Command, "{code}");
        }
    }

    #[test]
    fn what_takes_away_or_ends_the_machine_is_never_run_as_a_check() {
        for (code, program) in [
            ("halt", "halt"),
            ("reboot now", "reboot"),
            ("sudo shutdown -h now", "shutdown"),
            ("make && /sbin/poweroff", "poweroff"),
            ("make; init 0", "init"),
            ("mkfs.ext4 /dev/sda1", "mkfs"),
            ("rm user", "rm"),
            ("rm -rf build", "rm"),
            ("! rm x", "rm"),
            ("(rm x)", "rm"),
            ("FORCE=1 rm x", "rm"),
            ("mv a b", "mv"),
            ("dd if=/dev/zero of=x", "dd"),
        ] {
            for said in [false, true] {
                assert_eq!(
                    reads(code, said, "", &here("rm mv dd", "")),
                    Reads::Harmful { program },
                    "{code}"
                );
            }
        }
        for code in [
            "rm -rf build && make",
            "npm init",
            "make rm",
            "grep -q 'a && halt b' x",
            "git mv a b",
            "test -f rm",
            "./rm --x",
        ] {
            assert!(!matches!(reads(code, true, "", &here("", "")), Reads::Harmful { .. }), "{code}");
        }
    }

    #[test]
    fn bare_text_is_a_command_only_beyond_doubt() {
        for text in [
            "cargo test --all",
            "cargo test",
            "npm test",
            "npm run test:unit",
            "pytest",
            "pytest tests/api",
            "make check",
            "make",
            "go test ./...",
            "./check.sh",
            "scripts/check.sh --all",
            "sh greet.sh Ada | grep -q Hello",
            "test -f out.txt",
            "test \"$(sh greet.sh)\" = \"Hello, the world!\"",
            "[ -s out.txt ]",
            "mytool check",
            "mytool --strict",
            "cargo fmt --check && cargo test",
            "grep -q 'is not' src/a.rs",
            "CI=1 npm test",
            "npm test > /dev/null",
            "black .",
            "if [ -f a ]; then make; fi",
        ] {
            assert!(is_bare_command(text), "{text}");
        }
        for text in [
            "make sure the user sees the page",
            "touch the button > the menu opens",
            "kill all sessions; sign in again",
            "open the app",
            "npm starts without warnings",
            "cargo builds",
            "just works",
            "go to the page",
            "go there",
            "test login",
            "test the login",
            "check that it works",
            "sort orders > newest first",
            "cat food",
            "docker not found",
            "the page loads",
            "echo works",
            "true",
            "export CI=1",
            "rm -rf build",
            "reboot",
            "task list",
            "run it twice",
            "make coffee; drink it",
            "users can log in",
            "find orders by name.",
            "expect a redirect",
            "act like a user",
            "mytool",
            "git history stays clean",
            "curl returns 200",
            "time it",
            "",
            "it's",
        ] {
            assert!(!is_bare_command(text), "{text}");
        }
    }

    #[test]
    fn a_bare_path_is_a_command_where_it_is_executable() {
        let here = here("", "api/bin/check");
        assert_eq!(reads("bin/check", false, "api", &here), Reads::Command);
        assert_eq!(reads("bin/check", false, "", &here), Reads::Words);
        assert_eq!(bare_path("bin/check", "api").as_deref(), Some("api/bin/check"));
        assert_eq!(bare_path("make", "api"), None);
    }

    #[test]
    fn a_command_s_program_and_paths_are_known() {
        assert_eq!(program_of("A=1 sqlx migrate run || true"), Some("sqlx"));
        for none in ["cd a && make", "./x.sh", "for f in a; do b; done", "", "f() { a; }", "$(which a) b"] {
            assert_eq!(program_of(none), None, "{none}");
        }
        assert_eq!(
            paths_of("bash scripts/x.sh --a=b/c && ./run; test.py"),
            ["scripts/x.sh", "./run", "test.py"]
        );
        assert_eq!(paths_of("cargo test -p a /etc/x https://a/b @s/pkg"), [""; 0]);
    }

    proptest! {
        #[test]
        fn every_text_reads_like_something(text in "[ -~é\n]{0,40}", said in any::<bool>()) {
            let here = here("make", "");
            let _ = (reads(&text, said, "a", &here), program_of(&text), paths_of(&text), bare_path(&text, ""));
        }
    }
}
