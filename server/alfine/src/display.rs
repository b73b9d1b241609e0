//! What a person sees of a running loop: a line for each event, and one moving line.

use crate::output::{has_colors, say};
use alfine_core::news::{News, Told};
use alfine_words::Mark;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Zoned;
use std::{cell::RefCell, io::IsTerminal, time::Duration};

/// Shows news to a person.
pub(crate) struct Display {
    /// Moves while a loop does: before and after, questions may be asked.
    moving: RefCell<Option<ProgressBar>>,
    color: bool,
}

impl Display {
    /// Makes a display on this terminal; plain lines where there is none.
    pub(crate) fn new() -> Self {
        Self { moving: RefCell::default(), color: has_colors(&std::io::stdout()) }
    }

    /// Shows one piece of news.
    pub(crate) fn show(&self, told: &Told) {
        if let Some(line) = alfine_words::news(told, &Zoned::now()) {
            self.line(line.mark, &line.text);
        }
        if matches!(told.news, News::Rests { .. }) {
            self.rest();
        } else {
            self.moves(&told.news);
        }
    }

    /// Shows on the moving line what goes on.
    pub(crate) fn moves(&self, news: &News) {
        let Some(message) = alfine_words::moving(news) else { return };
        let mut moving = self.moving.borrow_mut();
        if moving.is_none() {
            *moving = spinner();
        }
        if let Some(bar) = moving.as_ref() {
            bar.set_message(message);
        }
    }

    /// Prints a line above the moving one.
    pub(crate) fn line(&self, mark: Mark, text: &str) {
        let print = || say(format_args!("{} {text}", self.painted(mark, sign(mark))));
        match self.moving.borrow().as_ref() {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// A part of a line in the colour of what it is about.
    pub(crate) fn painted(&self, mark: Mark, text: &str) -> String {
        if self.color { format!("{}{text}\x1b[0m", color(mark)) } else { text.to_owned() }
    }

    /// Takes the moving line away.
    pub(crate) fn rest(&self) {
        if let Some(bar) = self.moving.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.rest();
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
    bar.enable_steady_tick(Duration::from_millis(120));
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
