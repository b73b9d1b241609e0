//! Where in the text of an `alfine.toml` a byte is, also while the text is half written.
//!
//! Reads the tokens line by line, and so knows where it is again at the next table, whatever was left open before: a
//! parser would read everything after an open bracket as its content. Knows no setting.

use alfine_core::text::Span;
use toml_parser::{
    Source,
    lexer::{Token, TokenKind},
};

/// A key as it is meant, and where it stands.
pub(crate) type Key = (String, Span);

/// A line that names a table, or a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The whole line, without its end.
    pub line: Span,
    /// What kind of statement it is.
    pub kind: Kind,
    /// The keys before the `=`, or between the brackets.
    pub keys: Vec<Key>,
    /// The number, among all statements, of the table's line that it stands below.
    pub table: Option<usize>,
    /// The byte of the `=`.
    pub equals: Option<usize>,
    /// The value on this line, blanks and comment left out.
    pub value: Span,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `[name]`.
    Table,
    /// `[[name]]`.
    Element,
    /// `name = value`, or the beginning of it.
    Setting,
    /// A further line of the value before.
    Inside,
}

/// The statements of a text, one for each line that is neither blank nor a comment alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outline(Vec<Statement>);

impl Outline {
    /// Reads a text.
    pub(crate) fn of(text: &str) -> Self {
        let mut outline = Self::default();
        let (mut open, mut table) = (0, None);
        let tokens = Source::new(text).lex().into_vec();
        let mut tokens = tokens.as_slice();
        let mut at = 0;
        // The line after the last end is one, too.
        let last = text.ends_with('\n').then_some("");
        for whole in text.split_inclusive('\n').chain(last) {
            let span = Span::new(at, at + whole.trim_end_matches(['\n', '\r']).len());
            // A text that nobody closed ends where the last line begins, and still holds it.
            let before = tokens.partition_point(|token| {
                let end = token.span().end();
                end < at || (end == at && token.kind() == TokenKind::Newline)
            });
            tokens = tokens.get(before..).unwrap_or_default();
            at += whole.len();
            let of_line = tokens.partition_point(|token| token.span().start() < at);
            let line = Line { text, span, tokens: tokens.get(..of_line).unwrap_or_default() };
            let Some(mut statement) = line.read(open > 0) else { continue };
            if matches!(statement.kind, Kind::Table | Kind::Element) {
                (table, open) = (Some(outline.0.len()), 0);
            } else {
                statement.table = table;
            }
            if statement.kind == Kind::Setting {
                open = 0;
            }
            if statement.equals.is_some() || statement.kind == Kind::Inside {
                let from = statement.equals.map_or(span.start, |equals| equals + 1);
                open = line.still_open(from, open);
                statement.value = trimmed(text, Span::new(from, line.end()));
            }
            outline.0.push(statement);
        }
        outline
    }

    /// All statements, in order.
    pub(crate) fn statements(&self) -> &[Statement] {
        &self.0
    }

    /// The statement on the line of a byte.
    pub(crate) fn at(&self, offset: usize) -> Option<&Statement> {
        self.0.iter().find(|statement| statement.line.start <= offset && offset <= statement.line.end)
    }

    /// The number of the table's line that a byte stands below.
    pub(crate) fn table_before(&self, offset: usize) -> Option<usize> {
        self.0.iter().rposition(|statement| {
            matches!(statement.kind, Kind::Table | Kind::Element) && statement.line.end < offset
        })
    }

    /// The keys that lead to a table's line; none lead to the top.
    pub(crate) fn path(&self, table: Option<usize>) -> Vec<&str> {
        let statement = table.and_then(|table| self.0.get(table));
        statement.into_iter().flat_map(|statement| &statement.keys).map(|(name, _)| name.as_str()).collect()
    }
}

/// A line of a text, with the tokens that are on it.
struct Line<'t> {
    text: &'t str,
    /// Without the line's end.
    span: Span,
    /// The first one may have begun on a line before, the last one may go on.
    tokens: &'t [Token],
}

impl Line<'_> {
    /// Reads what the line says; `None` if it says nothing. `open` is whether a bracket is open before it.
    fn read(&self, open: bool) -> Option<Statement> {
        let Self { text, span, tokens } = *self;
        let statement = |kind, keys, equals| Statement {
            line: span,
            kind,
            keys,
            table: None,
            equals,
            value: Span::new(span.end, span.end),
        };
        let inside = || Some(statement(Kind::Inside, Vec::new(), None));
        if tokens.first().is_some_and(|token| token.span().start() < span.start) {
            return inside();
        }
        let blank = [TokenKind::Whitespace, TokenKind::Newline, TokenKind::Comment, TokenKind::Eof];
        let said = tokens.iter().position(|token| !blank.contains(&token.kind()));
        let Some((first, rest)) = said.and_then(|said| tokens.get(said..)?.split_first()) else {
            return if open { inside() } else { None };
        };
        let equals = self.place(TokenKind::Equals);
        if first.kind() == TokenKind::LeftSquareBracket && equals.is_none() {
            let is_element = rest.first().is_some_and(|token| token.kind() == first.kind());
            let (kind, rest) = match is_element {
                true => (Kind::Element, rest.get(1..).unwrap_or_default()),
                false => (Kind::Table, rest),
            };
            let close = self.place(TokenKind::RightSquareBracket);
            // In an open list this may be an element; a bare name in brackets never is one.
            let is_name = close.is_some() && rest.first().is_some_and(|token| is_bare(text, token));
            if !open || is_name {
                let from = first.span().end() + usize::from(is_element);
                return Some(statement(kind, self.keys(from, close.unwrap_or(self.end())), None));
            }
        }
        if open && !(equals.is_some() && is_bare(text, first)) {
            return inside();
        }
        let keys = self.keys(first.span().start(), equals.unwrap_or(self.end()));
        Some(statement(Kind::Setting, keys, equals))
    }

    /// The byte of the first token of this kind.
    fn place(&self, kind: TokenKind) -> Option<usize> {
        self.tokens.iter().find(|token| token.kind() == kind).map(|token| token.span().start())
    }

    /// The byte where the line ends, or its comment begins.
    fn end(&self) -> usize {
        self.place(TokenKind::Comment).unwrap_or(self.span.end)
    }

    /// The keys of a dotted name, quotes left out.
    fn keys(&self, mut from: usize, end: usize) -> Vec<Key> {
        let mut keys = Vec::new();
        let dots = self.tokens.iter().filter(|token| token.kind() == TokenKind::Dot);
        let dots = dots.map(|dot| dot.span().start()).filter(|&dot| from <= dot && dot < end);
        for to in dots.chain([end]).collect::<Vec<_>>() {
            let key = trimmed(self.text, Span::new(from.min(to), to));
            keys.push((key.of(self.text).trim_matches(['"', '\'']).to_owned(), key));
            from = to + 1;
        }
        keys
    }

    /// How many brackets are open at the line's end, if `open` are where the value begins.
    fn still_open(&self, from: usize, open: usize) -> usize {
        self.tokens.iter().filter(|token| token.span().start() >= from).fold(open, |open, token| match token
            .kind()
        {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => open + 1,
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => open.saturating_sub(1),
            _ => open,
        })
    }
}

/// Whether a token is a name without quotes.
fn is_bare(text: &str, token: &Token) -> bool {
    let name = text.get(token.span().start()..token.span().end()).unwrap_or_default();
    name.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn trimmed(text: &str, span: Span) -> Span {
    let whole = span.of(text);
    let start = span.start + (whole.len() - whole.trim_start().len());
    Span::new(start, start + whole.trim().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Each statement as its kind, its whole path, and its value.
    fn outlined(text: &str) -> Vec<(Kind, String, String)> {
        let outline = Outline::of(text);
        let whole = |statement: &Statement| {
            let mut path = outline.path(statement.table);
            path.extend(statement.keys.iter().map(|(name, _)| name.as_str()));
            (statement.kind, path.join("."), statement.value.of(text).to_owned())
        };
        outline.statements().iter().map(whole).collect()
    }

    fn expected(lines: &[(Kind, &str, &str)]) -> Vec<(Kind, String, String)> {
        lines.iter().map(|(kind, path, value)| (*kind, (*path).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_line_is_read_with_its_table() {
        let text = "\u{feff}agent = \"a#b\" # c\n\n[limits] # x\nwall_time= '4h'\n'no_change' =3\nit\n[[verifiers]]\nname = \"t\"\n[agents.\"claude\"]\nenv.A = \"=\"\n";
        assert_eq!(
            outlined(text),
            expected(&[
                (Kind::Setting, "agent", "\"a#b\""),
                (Kind::Table, "limits", ""),
                (Kind::Setting, "limits.wall_time", "'4h'"),
                (Kind::Setting, "limits.no_change", "3"),
                (Kind::Setting, "limits.it", ""),
                (Kind::Element, "verifiers", ""),
                (Kind::Setting, "verifiers.name", "\"t\""),
                (Kind::Table, "agents.claude", ""),
                (Kind::Setting, "agents.claude.env.A", "\"=\""),
            ])
        );
    }

    #[test]
    fn what_was_left_open_ends_at_the_next_setting_or_table() {
        let text =
            "plans = [\n  \"a = b\",\n  [\"x\"],\nagent = \n[worktree]\ncopy = [\".env\", # c\n]\n[lim";
        assert_eq!(
            outlined(text),
            expected(&[
                (Kind::Setting, "plans", "["),
                (Kind::Inside, "", "\"a = b\","),
                (Kind::Inside, "", "[\"x\"],"),
                (Kind::Setting, "agent", ""),
                (Kind::Table, "worktree", ""),
                (Kind::Setting, "worktree.copy", "[\".env\","),
                (Kind::Inside, "worktree", "]"),
                (Kind::Table, "lim", ""),
            ])
        );
    }

    #[test]
    fn nothing_is_read_out_of_a_long_text() {
        let text = "model = \"\"\"\n[limits]\nx = 1\n\"\"\"\nagent = 'a'";
        assert_eq!(
            outlined(text).iter().map(|(kind, ..)| *kind).collect::<Vec<_>>(),
            [Kind::Setting, Kind::Inside, Kind::Inside, Kind::Inside, Kind::Setting]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([\\[\\]\\{\\}\"'=.#ä a\\\\-]|\"\"\"|\r?\n|limits){0,60}") {
            let outline = Outline::of(&text);
            for statement in outline.statements() {
                prop_assert!(text.get(statement.value.start..statement.value.end).is_some());
                for (_, span) in &statement.keys {
                    prop_assert!(text.get(span.start..span.end).is_some());
                }
            }
        }
    }
}
