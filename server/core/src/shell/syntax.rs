//! What a shell's command line consists of.

use crate::text::Span;

/// Commands that run one after another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct List {
    pub(super) items: Vec<AndOr>,
}

/// Pipelines that `&&` and `||` join, each of both binding as much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AndOr {
    pub(super) first: Pipeline,
    pub(super) rest: Vec<(Joint, Pipeline)>,
    /// The `&` that lets nobody wait for it.
    pub(super) background: Option<Span>,
}

/// What stands between two pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands of which each reads what the one before it writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pipeline {
    pub(super) is_negated: bool,
    /// At least one.
    pub(super) commands: Vec<Command>,
    pub(super) span: Span,
}

/// One command with its redirections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) kind: Kind,
    pub(super) redirects: Vec<Redirect>,
    pub(super) span: Span,
}

/// The kinds of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A program, builtin or function with its arguments, or assignments alone.
    Simple { assignments: Vec<Word>, words: Vec<Word> },
    /// `{ a; }`
    Group(List),
    /// `(a)`
    Subshell(List),
    /// `if`, with each `elif`.
    If { branches: Vec<(List, List)>, otherwise: Option<List> },
    /// `while` and `until`.
    Loop { is_until: bool, condition: List, body: List },
    /// `for` and `select`; no words are those of the script, or those of an arithmetic `for`.
    For { variable: Option<Word>, words: Option<Vec<Word>>, body: List },
    /// `case`
    Case { word: Word, arms: Vec<(Vec<Word>, List)> },
    /// The definition of a function.
    Function { name: String, body: Box<Command> },
    /// `[[ a ]]`, its operators as words.
    Test(Vec<Word>),
    /// `((a))`, as it is written.
    Arithmetic(String),
}

/// A redirection: its sign without the number before it, and what it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) sign: &'static str,
    pub(super) target: Word,
    pub(super) span: Span,
}

/// One word, by its parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
    pub(super) span: Span,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Text, without its quotes.
    Text { text: String, is_quoted: bool },
    /// The value of a parameter: its name, and in braces all that stands there.
    Parameter(String),
    /// What commands write: `$(a)`, `` `a` ``.
    Commands(List),
    /// A file that commands write or read: `<(a)`.
    Process(List),
    /// The value of a calculation.
    Arithmetic,
}

impl Word {
    /// The word as the program gets it, if the shell puts nothing in.
    pub(super) fn literal(&self) -> Option<String> {
        let texts = self.parts.iter().map(|part| match part {
            Part::Text { text, .. } => Some(text.as_str()),
            Part::Parameter(_) | Part::Commands(_) | Part::Process(_) | Part::Arithmetic => None,
        });
        texts.collect()
    }

    /// Whether this is the word, and none of it is quoted.
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(&self.parts[..], [Part::Text { text, is_quoted: false }] if text == word)
    }

    /// The lists of commands in it.
    pub(super) fn commands(&self) -> impl DoubleEndedIterator<Item = &List> {
        self.parts.iter().filter_map(|part| match part {
            Part::Commands(list) | Part::Process(list) => Some(list),
            Part::Text { .. } | Part::Parameter(_) | Part::Arithmetic => None,
        })
    }
}

impl AndOr {
    /// Its pipelines.
    pub(super) fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        std::iter::once(&self.first).chain(self.rest.iter().map(|(_, pipeline)| pipeline))
    }

    /// The place of it, without the sign that ends it.
    pub(super) fn span(&self) -> Span {
        let last = self.rest.last().map_or(&self.first, |(_, last)| last);
        Span::new(self.first.span.start, last.span.end)
    }
}

impl Command {
    /// All words of it but those of commands in it.
    pub(super) fn words(&self) -> impl Iterator<Item = &Word> {
        let (first, second): (&[Word], &[Word]) = match &self.kind {
            Kind::Simple { assignments, words } => (assignments, words),
            Kind::For { variable, words, .. } => (variable.as_slice(), words.as_deref().unwrap_or_default()),
            Kind::Case { word, .. } => (std::slice::from_ref(word), &[]),
            Kind::Test(words) => (words, &[]),
            Kind::Group(_)
            | Kind::Subshell(_)
            | Kind::If { .. }
            | Kind::Loop { .. }
            | Kind::Function { .. }
            | Kind::Arithmetic(_) => (&[], &[]),
        };
        first.iter().chain(second).chain(self.redirects.iter().map(|redirect| &redirect.target))
    }

    /// The assignments and the words of a simple command; `None` of any other one.
    pub(super) fn simple(&self) -> Option<(&[Word], &[Word])> {
        match &self.kind {
            Kind::Simple { assignments, words } => Some((assignments, words)),
            Kind::Group(_)
            | Kind::Subshell(_)
            | Kind::If { .. }
            | Kind::Loop { .. }
            | Kind::For { .. }
            | Kind::Case { .. }
            | Kind::Function { .. }
            | Kind::Test(_)
            | Kind::Arithmetic(_) => None,
        }
    }

    /// The lists of commands that it consists of.
    pub(super) fn lists(&self) -> Vec<&List> {
        match &self.kind {
            Kind::Simple { .. } | Kind::Test(_) | Kind::Arithmetic(_) => Vec::new(),
            Kind::Group(list) | Kind::Subshell(list) => vec![list],
            Kind::If { branches, otherwise } => {
                branches.iter().flat_map(|(condition, body)| [condition, body]).chain(otherwise).collect()
            }
            Kind::Loop { condition, body, .. } => vec![condition, body],
            Kind::For { body, .. } => vec![body],
            Kind::Case { arms, .. } => arms.iter().map(|(_, list)| list).collect(),
            Kind::Function { body, .. } => body.lists(),
        }
    }
}
