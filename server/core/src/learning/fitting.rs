//! Which learnings fit a task: by the files that it names, the checks that it has, and the words that it shares.

use super::{Kind, Learning};
use crate::{text::start_of, time::Moment};
use std::collections::BTreeSet;

/// How much of a task's texts is looked at, in bytes.
const MOST_TEXT: usize = 64 * 1024;
/// A word of fewer letters says little.
const SHORTEST_WORD: usize = 4;
/// How many shared words count.
const MOST_WORDS: u32 = 3;
/// What does not fit by more than a word or two is left out.
const LEAST: u32 = 2;

/// Words that stand in many tasks.
const COMMON: [&str; 24] = [
    "above", "also", "changed", "code", "each", "file", "files", "from", "have", "into", "main", "make",
    "must", "only", "should", "task", "tests", "test", "that", "this", "when", "where", "with", "work",
];

/// What a task says and has.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// Its title, its details, its criteria.
    pub texts: &'a [&'a str],
    /// The commands of its checks.
    pub checks: &'a [&'a str],
}

/// Returns the learnings that fit a task best, at most so many, the best first. The same for the same input.
pub fn fitting<'l>(
    learnings: &'l [Learning],
    about: &About<'_>,
    now: Moment,
    most: usize,
) -> Vec<&'l Learning> {
    let task = Task::new(about);
    let mut found: Vec<(f64, &Learning)> = learnings
        .iter()
        .map(|learning| (task.fits(learning), learning))
        .filter(|(fits, _)| *fits >= LEAST)
        .map(|(fits, learning)| (f64::from(fits) * learning.weight(now), learning))
        .collect();
    found.sort_by(|(a, left), (b, right)| {
        b.total_cmp(a).then(right.last_at.cmp(&left.last_at)).then(left.id.cmp(&right.id))
    });
    let mut chosen: Vec<&Learning> = Vec::new();
    for (_, learning) in found {
        if chosen.len() < most && !chosen.iter().any(|one| says_all_of(one, learning)) {
            chosen.push(learning);
        }
    }
    chosen
}

/// Whether one says of files that were changed together all that another one says.
fn says_all_of(one: &Learning, other: &Learning) -> bool {
    let names = |it: &'_ Learning| -> BTreeSet<String> {
        it.companions.iter().map(|companion| &companion.name).chain([&it.subject]).cloned().collect()
    };
    one.kind == Kind::Together && other.kind == Kind::Together && names(one).is_superset(&names(other))
}

struct Task<'a> {
    text: String,
    tokens: BTreeSet<&'a str>,
    words: BTreeSet<String>,
    checks: &'a [&'a str],
}

impl<'a> Task<'a> {
    fn new(about: &About<'a>) -> Self {
        let mut room = MOST_TEXT;
        let mut texts = Vec::new();
        for text in about.texts {
            let text = start_of(text, room);
            room -= text.len();
            texts.push(text);
        }
        let ends = |c: char| c.is_whitespace() || "`'\"()[]{}<>,;:*|".contains(c);
        let tokens = texts.iter().flat_map(|text| text.split(ends)).map(|token| token.trim_end_matches('.'));
        let words = texts.iter().flat_map(|text| words(text)).collect();
        Self { text: texts.join("\n"), tokens: tokens.collect(), words, checks: about.checks }
    }

    /// How well a learning fits the task.
    fn fits(&self, learning: &Learning) -> u32 {
        let subject = match learning.kind {
            Kind::Together => 4 * u32::from(self.names(&learning.subject)),
            Kind::Command | Kind::Setup => 4 * u32::from(self.runs(&learning.subject)),
            Kind::Error => 0,
        };
        let has = |name: &str| match learning.kind {
            Kind::Setup => self.runs(name),
            Kind::Together | Kind::Command | Kind::Error => self.names(name),
        };
        let companions = learning.companions.iter().any(|companion| has(&companion.name));
        let shared =
            words(&learning.subject).filter(|word| self.words.contains(word)).collect::<BTreeSet<_>>();
        let shared = u32::try_from(shared.len()).unwrap_or(MOST_WORDS).min(MOST_WORDS);
        subject + 2 * u32::from(companions) + shared
    }

    /// Whether the task names a file: by its path, by the end of it, or by its name alone where that has a dot.
    fn names(&self, path: &str) -> bool {
        let ends = path.match_indices('/').filter_map(|(at, _)| path.get(at + 1..)).chain([path]);
        ends.filter(|end| end.contains(['/', '.'])).any(|end| self.tokens.contains(end))
    }

    /// Whether a command is one of its checks, or stands in its text.
    fn runs(&self, command: &str) -> bool {
        self.checks.contains(&command) || self.text.contains(command)
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() >= SHORTEST_WORD)
        .map(str::to_lowercase)
        .filter(|word| !COMMON.contains(&word.as_str()))
}
