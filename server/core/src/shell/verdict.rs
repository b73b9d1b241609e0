//! What a command's exit status can say.

use super::programs::{command_of_shell, only_shows, options, wrapped};
use super::syntax::{AndOr, Command, Joint, Kind, List, Pipeline, Word};
use super::{parse, test};
use std::collections::HashMap;

/// How often a command is looked at where functions call each other, and how deep.
const MOST_STEPS: u32 = 10_000;
const MOST_CALLS: u32 = 16;
/// How many pipes of a command line are looked at more closely.
const MOST_HIDDEN: usize = 16;

/// How a command can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ends {
    /// With success, and the next one follows.
    well: bool,
    /// Without success, and the next one follows.
    badly: bool,
    /// By ending the shell, with and without success.
    exits_well: bool,
    exits_badly: bool,
}

impl Ends {
    const WELL: Self = Self { well: true, badly: false, exits_well: false, exits_badly: false };
    const BADLY: Self = Self { well: false, badly: true, exits_well: false, exits_badly: false };
    const EITHER: Self = Self { well: true, badly: true, exits_well: false, exits_badly: false };

    fn of(holds: Option<bool>) -> Self {
        match holds {
            Some(true) => Self::WELL,
            Some(false) => Self::BADLY,
            None => Self::EITHER,
        }
    }

    /// Whether it cannot end without success.
    pub(super) fn always_passes(self) -> bool {
        !self.badly && !self.exits_badly
    }

    fn goes_on(self) -> bool {
        self.well || self.badly
    }

    /// The same, where the shell that it ends is a child.
    fn of_child(self) -> Self {
        let (well, badly) = (self.well || self.exits_well, self.badly || self.exits_badly);
        Self { well, badly, ..Self::default() }
    }

    /// The same, where the shell ends with it.
    fn exiting(self) -> Self {
        let Self { well, badly, .. } = self.of_child();
        Self { exits_well: well, exits_badly: badly, ..Self::default() }
    }

    fn negated(self) -> Self {
        Self { well: self.badly, badly: self.well, ..self }
    }

    fn or(self, other: Self) -> Self {
        Self { well: self.well || other.well, badly: self.badly || other.badly, ..self.exits_of(other) }
    }

    /// The same, and the shell may end as in `other`.
    fn exits_of(self, other: Self) -> Self {
        Self {
            exits_well: self.exits_well || other.exits_well,
            exits_badly: self.exits_badly || other.exits_badly,
            ..self
        }
    }
}

/// A pipe whose last command only shows what the others write.
#[derive(Debug, Clone)]
pub(super) struct Hidden<'s> {
    /// The pipe; `None` if it stands in the text of a shell of its own.
    pub(super) pipeline: Option<&'s Pipeline>,
    /// How many of its commands come before those that only show.
    pub(super) kept: usize,
    /// The program whose status nobody sees, and the one that answers for it.
    pub(super) of: String,
    pub(super) by: String,
}

/// Follows the commands of a shell without running them.
#[derive(Default)]
pub(super) struct Follow<'s> {
    functions: HashMap<&'s str, &'s Command>,
    /// `set -e`
    ends_early: bool,
    /// `set -o pipefail`
    pipe_fails: bool,
    /// What a `trap` does at the end.
    at_exit: Option<Ends>,
    steps: u32,
    /// How deep commands call each other.
    calls: u32,
    /// The pipes that hide a status on which the whole's depends.
    pub(super) hidden: Vec<Hidden<'s>>,
}

/// Where a command stands.
#[derive(Clone, Copy)]
struct Place {
    /// Somebody looks at its status, so that `set -e` does not.
    is_looked_at: bool,
    /// The status of the whole depends on it.
    decides: bool,
}

impl<'s> Follow<'s> {
    /// How a whole command line ends.
    pub(super) fn whole(&mut self, list: &'s List) -> Ends {
        let ends = self.list(list, Place { is_looked_at: false, decides: true });
        match self.at_exit {
            // It ends the shell itself.
            Some(at_exit) if !at_exit.goes_on() => at_exit,
            Some(_) | None => ends,
        }
    }

    fn list(&mut self, list: &'s List, place: Place) -> Ends {
        let mut ends = Ends::WELL;
        for (at, item) in list.items.iter().enumerate() {
            if !ends.goes_on() {
                break;
            }
            let is_last = at + 1 == list.items.len();
            let decides = place.decides && (is_last || self.ends_early && !place.is_looked_at);
            let next = self.and_or(item, Place { decides, ..place });
            ends = next.exits_of(ends);
        }
        ends
    }

    fn and_or(&mut self, item: &'s AndOr, place: Place) -> Ends {
        if item.background.is_some() {
            return Ends::WELL;
        }
        let looked_at = Place { is_looked_at: true, ..place };
        let last = item.rest.len();
        let mut ends = self.pipeline(&item.first, if last == 0 { place } else { looked_at });
        for (at, (joint, pipeline)) in item.rest.iter().enumerate() {
            let (stays, reaches) = match joint {
                Joint::And => (Ends { well: false, ..ends }, ends.well),
                Joint::Or => (Ends { badly: false, ..ends }, ends.badly),
            };
            ends = stays;
            if reaches {
                ends = ends.or(self.pipeline(pipeline, if at + 1 == last { place } else { looked_at }));
            }
        }
        ends
    }

    fn pipeline(&mut self, pipeline: &'s Pipeline, place: Place) -> Ends {
        let inner = Place { is_looked_at: place.is_looked_at || pipeline.is_negated, ..place };
        let ends = match &pipeline.commands[..] {
            [only] => self.command(only, inner),
            commands => self.pipe(pipeline, commands, inner),
        };
        if pipeline.is_negated {
            return ends.negated();
        }
        // What ends a shell by `set -e` is what fails where nobody looks at it.
        match self.ends_early && !place.is_looked_at && ends.badly {
            true => Ends { badly: false, exits_badly: true, ..ends },
            false => ends,
        }
    }

    fn pipe(&mut self, pipeline: &'s Pipeline, commands: &'s [Command], place: Place) -> Ends {
        let (last, before) = (commands.len() - 1, self.pipe_fails);
        let mut ends = Ends::WELL;
        for (at, command) in commands.iter().enumerate() {
            let decides = place.decides && (at == last || before);
            let own = self.in_child(|follow| follow.command(command, Place { decides, ..place }));
            ends = match before {
                true => Ends { well: ends.well && own.well, badly: ends.badly || own.badly, ..own },
                false => own,
            };
        }
        let kept = commands.iter().rposition(|command| !only_shows(command)).map_or(1, |at| at + 1);
        if place.decides && !before && kept <= last && self.hidden.len() < MOST_HIDDEN {
            let name = |at: usize| commands.get(at).and_then(program).unwrap_or_default();
            let (of, by) = (name(kept - 1), name(last));
            self.hidden.push(Hidden { pipeline: Some(pipeline), kept, of, by });
        }
        ends
    }

    /// What is done in a child of the shell leaves nothing behind.
    fn in_child(&mut self, inner: impl FnOnce(&mut Self) -> Ends) -> Ends {
        let (ends_early, pipe_fails) = (self.ends_early, self.pipe_fails);
        let at_exit = self.at_exit.take();
        let ends = inner(self).of_child();
        let ends = match self.at_exit {
            Some(trapped) if !trapped.goes_on() => trapped.of_child(),
            Some(_) | None => ends,
        };
        (self.ends_early, self.pipe_fails, self.at_exit) = (ends_early, pipe_fails, at_exit);
        ends
    }

    fn command(&mut self, command: &'s Command, place: Place) -> Ends {
        self.steps += 1;
        if self.steps > MOST_STEPS {
            return Ends::EITHER;
        }
        let ends = match &command.kind {
            Kind::Simple { assignments, words } => self.simple(assignments, words, place),
            Kind::Group(list) => self.list(list, place),
            Kind::Subshell(list) => self.in_child(|follow| follow.list(list, place)),
            Kind::If { branches, otherwise } => self.branches(branches, otherwise.as_ref(), place),
            Kind::Loop { is_until, condition, body } => {
                let ends = self.list(condition, Place { is_looked_at: true, ..place });
                let goes_in = if *is_until { ends.badly } else { ends.well };
                match goes_in {
                    false => Ends::WELL.exits_of(ends),
                    // That it ends at all may be what it is to show.
                    true => Ends::EITHER.exits_of(ends).exits_of(self.list(body, place)),
                }
            }
            Kind::For { words, body, .. } => match words.as_deref() {
                Some([]) => Ends::WELL,
                Some(_) | None => Ends::WELL.or(self.list(body, place)),
            },
            Kind::Case { arms, .. } => {
                arms.iter().fold(Ends::WELL, |ends, (_, list)| ends.or(self.list(list, place)))
            }
            Kind::Function { name, body } => {
                self.functions.insert(name, body);
                Ends::WELL
            }
            Kind::Test(words) => Ends::of(test::holds(words)),
            Kind::Arithmetic(text) => Ends::of(text.trim().parse::<i64>().ok().map(|number| number != 0)),
        };
        // A file that is not there to read fails the command.
        let reads = command.redirects.iter().any(|redirect| {
            redirect.sign == "<" && redirect.target.literal().is_none_or(|file| file != "/dev/null")
        });
        if reads { Ends { badly: true, ..ends } } else { ends }
    }

    fn branches(&mut self, branches: &'s [(List, List)], otherwise: Option<&'s List>, place: Place) -> Ends {
        let mut ends = Ends::default();
        let mut goes_on = true;
        for (condition, body) in branches {
            let asked = self.list(condition, Place { is_looked_at: true, ..place });
            ends = ends.exits_of(asked);
            if asked.well {
                ends = ends.or(self.list(body, place));
            }
            goes_on = asked.badly;
            if !goes_on {
                break;
            }
        }
        match otherwise {
            _ if !goes_on => ends,
            Some(list) => ends.or(self.list(list, place)),
            None => ends.or(Ends::WELL),
        }
    }

    fn simple(&mut self, assignments: &'s [Word], words: &'s [Word], place: Place) -> Ends {
        let Some(first) = words.first() else {
            let last = assignments.iter().flat_map(Word::commands).next_back();
            let inner = Place { decides: false, ..place };
            return last.map_or(Ends::WELL, |last| self.in_child(|follow| follow.list(last, inner)));
        };
        let Some(name) = first.literal().filter(|_| self.calls < MOST_CALLS) else { return Ends::EITHER };
        self.calls += 1;
        let ends = match self.functions.get(name.as_str()).copied() {
            // `return` is taken for `exit`; both end the function.
            Some(body) => self.command(body, place).of_child(),
            None => self.named(&name, words, place),
        };
        self.calls -= 1;
        ends
    }

    /// How the program or builtin with this name ends.
    fn named(&mut self, name: &str, words: &'s [Word], place: Place) -> Ends {
        let rest = words.get(1..).unwrap_or_default();
        let texts: Vec<Option<String>> = rest.iter().map(Word::literal).collect();
        let has = |option: char| {
            let is_option = |text: &str| text.starts_with('-') && text.contains(option);
            texts.iter().flatten().any(|text| is_option(text))
        };
        match name.rsplit('/').next().unwrap_or_default() {
            "true" | ":" | "echo" | "printf" | "sleep" | "unset" | "alias" | "umask" => Ends::WELL,
            "export" | "readonly" | "local" | "declare" | "typeset"
                if !has('p') && !has('F') && !has('f') =>
            {
                Ends::WELL
            }
            "date" if texts.iter().flatten().all(|text| text.starts_with('+') || text == "-u") => Ends::WELL,
            "rm" if has('f') => Ends::WELL,
            "wait" if rest.is_empty() => Ends::WELL,
            "break" | "continue" => Ends::WELL,
            "false" => Ends::BADLY,
            "exit" | "return" => match texts.first() {
                Some(Some(status)) => {
                    Ends::of(status.parse::<i64>().ok().map(|status| status % 256 == 0)).exiting()
                }
                Some(None) | None => Ends::EITHER.exiting(),
            },
            "set" | "shopt" => self.set(&texts),
            "trap" => self.trap(&texts),
            "test" => Ends::of(test::holds(rest)),
            "[" => Ends::of(rest.split_last().and_then(|(_, inside)| test::holds(inside))),
            "exec" if rest.is_empty() => Ends::WELL,
            "exec" => self.simple(&[], rest, place).exiting(),
            "eval" => match texts.into_iter().collect::<Option<Vec<_>>>() {
                Some(texts) => self.inner(&texts.join(" "), [self.ends_early, self.pipe_fails], place),
                None => Ends::EITHER,
            },
            name => match (command_of_shell(name, rest), wrapped(name, rest)) {
                (Some((text, options)), _) => self.inner(&text, options, place).of_child(),
                (None, Some([]) | None) => Ends::EITHER,
                (None, Some(words)) => self.simple(&[], words, place),
            },
        }
    }

    fn set(&mut self, texts: &[Option<String>]) -> Ends {
        let texts: Vec<&str> = texts.iter().map(|text| text.as_deref().unwrap_or_default()).collect();
        let [ends_early, pipe_fails] = options(&texts);
        self.ends_early = ends_early.unwrap_or(self.ends_early);
        self.pipe_fails = pipe_fails.unwrap_or(self.pipe_fails);
        Ends::WELL
    }

    /// How a text ends that is run with `-e` and `pipefail`, or without.
    fn inner(&mut self, text: &str, [ends_early, pipe_fails]: [bool; 2], place: Place) -> Ends {
        // A text may be read again at each of its words.
        self.steps = self.steps.saturating_add(u32::try_from(text.len() / 16).unwrap_or(u32::MAX));
        if self.steps > MOST_STEPS {
            return Ends::EITHER;
        }
        let Ok(list) = parse::parse(text) else { return Ends::EITHER };
        let (steps, calls) = (self.steps, self.calls);
        let mut inner = Follow { ends_early, pipe_fails, steps, calls, ..Follow::default() };
        let ends = inner.whole(&list);
        self.steps = inner.steps;
        if let Some(hidden) = inner.hidden.pop().filter(|_| place.decides) {
            self.hidden.push(Hidden { pipeline: None, ..hidden });
        }
        ends
    }

    fn trap(&mut self, texts: &[Option<String>]) -> Ends {
        if let [Some(action), signals @ ..] = texts
            && signals.iter().flatten().any(|signal| matches!(signal.as_str(), "EXIT" | "0"))
            && let Ok(list) = parse::parse(action)
        {
            let place = Place { is_looked_at: false, decides: false };
            self.at_exit = Some(Follow::default().list(&list, place));
        }
        Ends::WELL
    }
}

/// The program or builtin of a command.
fn program(command: &Command) -> Option<String> {
    match &command.kind {
        Kind::Simple { words, .. } => words.first()?.literal(),
        Kind::Group(list) | Kind::Subshell(list) => {
            program(list.items.last()?.pipelines().last()?.commands.last()?)
        }
        Kind::If { .. }
        | Kind::Loop { .. }
        | Kind::For { .. }
        | Kind::Case { .. }
        | Kind::Function { .. }
        | Kind::Test(_)
        | Kind::Arithmetic(_) => None,
    }
}
