//! What a person sees of running loops: a line for each event, and a moving line for each loop.

use crate::output::{has_colors, say};
use alfine_core::{
    news::{News, Told},
    task::TaskKey,
};
use alfine_words::Mark;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::Zoned;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, btree_map::Entry},
    io::IsTerminal,
    time::Duration,
};

/// Shows news to a person.
pub(crate) struct Display {
    lines: MultiProgress,
    /// Each moves while its loop does: before and after, questions may be asked.
    moving: RefCell<BTreeMap<Option<TaskKey>, ProgressBar>>,
    /// Whether each line says of which task it is.
    several: Cell<bool>,
    color: bool,
    /// Whether lines go to standard error: what is printed is a document.
    to_stderr: bool,
}

impl Display {
    /// Makes a display on this terminal; plain lines where there is none.
    pub(crate) fn new() -> Self {
        let color = has_colors(&std::io::stdout());
        let several = Cell::new(false);
        Self { lines: MultiProgress::new(), moving: RefCell::default(), several, color, to_stderr: false }
    }

    /// Makes one whose lines go to standard error.
    pub(crate) fn on_stderr() -> Self {
        let mut display = Self::new();
        (display.color, display.to_stderr) = (has_colors(&std::io::stderr()), true);
        display
    }

    /// From now on, news of several tasks are shown.
    pub(crate) fn of_several(&self) {
        self.several.set(true);
    }

    /// Shows one piece of news.
    pub(crate) fn show(&self, told: &Told) {
        if let Some(line) = alfine_words::news(told, &Zoned::now()) {
            if self.several.get() {
                self.line(line.mark, &format!("{}: {}", told.task.id, line.text));
            } else {
                self.line(line.mark, &line.text);
            }
        }
        if matches!(told.news, News::Rests { .. }) {
            self.rest(&told.task);
        } else {
            self.moves_of(Some(&told.task), &told.news);
        }
    }

    /// Shows on the moving line what goes on.
    pub(crate) fn moves(&self, news: &News) {
        self.moves_of(None, news);
    }

    fn moves_of(&self, task: Option<&TaskKey>, news: &News) {
        let Some(message) = alfine_words::moving(news) else { return };
        let mut moving = self.moving.borrow_mut();
        let bar = match moving.entry(task.cloned()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let Some(bar) = spinner() else { return };
                let bar = self.lines.add(bar);
                bar.enable_steady_tick(Duration::from_millis(120));
                entry.insert(bar)
            }
        };
        match task.filter(|_| self.several.get()) {
            Some(task) => bar.set_message(format!("{}: {message}", task.id)),
            None => bar.set_message(message),
        }
    }

    /// Prints a line above the moving ones.
    pub(crate) fn line(&self, mark: Mark, text: &str) {
        let print = || {
            let sign = self.painted(mark, sign(mark));
            if self.to_stderr { eprintln!("{sign} {text}") } else { say(format_args!("{sign} {text}")) }
        };
        if self.moving.borrow().is_empty() {
            print();
        } else {
            self.lines.suspend(print);
        }
    }

    /// A part of a line in the colour of what it is about.
    pub(crate) fn painted(&self, mark: Mark, text: &str) -> String {
        if self.color { format!("{}{text}\x1b[0m", color(mark)) } else { text.to_owned() }
    }

    /// Takes the moving line of a task away.
    fn rest(&self, task: &TaskKey) {
        if let Some(bar) = self.moving.borrow_mut().remove(&Some(task.clone())) {
            bar.finish_and_clear();
        }
    }

    /// Takes every moving line away.
    pub(crate) fn all_rest(&self) {
        for bar in self.moving.take().into_values() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.all_rest();
    }
}

fn spinner() -> Option<ProgressBar> {
    if !std::io::stdout().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {elapsed} {wide_msg}") {
        bar.set_style(style);
    }
    Some(bar)
}

fn sign(mark: Mark) -> &'static str {
    match mark {
        Mark::Step => "●",
        Mark::Detail => "  │",
        Mark::Good => "✓",
        Mark::Bad => "✗",
        Mark::Notice => "!",
    }
}

fn color(mark: Mark) -> &'static str {
    match mark {
        Mark::Step => "\x1b[36m",
        Mark::Detail => "\x1b[2m",
        Mark::Good => "\x1b[32m",
        Mark::Bad => "\x1b[31m",
        Mark::Notice => "\x1b[33m",
    }
}
