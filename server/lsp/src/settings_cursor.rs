//! Where in the text of an `alfine.toml` a byte is, also while the text is half written.
//!
//! Reads line by line, and so knows where it is again at the next table whatever was left open before. Knows no setting.

use alfine_core::text::Span;

/// A key as it is meant, and where it stands.
pub type Key = (String, Span);

/// A line that names a table, or a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The whole line, without its end.
    pub line: Span,
    /// What it is.
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
pub enum Kind {
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
pub struct Outline(Vec<Statement>);

impl Outline {
    /// Reads a text.
    pub fn of(text: &str) -> Self {
        let mut outline = Self::default();
        let (mut open, mut table) = (Open::default(), None);
        let mut at = 0;
        // The line after the last end is one, too.
        let last = text.ends_with('\n').then_some("");
        for line in text.split_inclusive('\n').chain(last) {
            let span = Span::new(at, at + line.trim_end_matches(['\n', '\r']).len());
            at += line.len();
            let Some(mut statement) = read(text, span, &open) else { continue };
            match statement.kind {
                Kind::Table | Kind::Element => {
                    table = Some(outline.0.len());
                    open = Open::default();
                }
                Kind::Setting => open = Open::default(),
                Kind::Inside => {}
            }
            if matches!(statement.kind, Kind::Setting | Kind::Inside) {
                statement.table = table;
            }
            if statement.equals.is_some() || statement.kind == Kind::Inside {
                let from = statement.equals.map_or(span.start, |equals| equals + 1);
                let value = Span::new(from, span.end);
                let length = open.take(value.of(text));
                statement.value = trimmed(text, Span::new(from, from + length));
            }
            outline.0.push(statement);
        }
        outline
    }

    /// All statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.0
    }

    /// The statement on the line of a byte.
    pub fn at(&self, offset: usize) -> Option<&Statement> {
        self.0.iter().find(|statement| statement.line.start <= offset && offset <= statement.line.end)
    }

    /// The number of the table's line that a byte stands below.
    pub fn table_before(&self, offset: usize) -> Option<usize> {
        self.0.iter().rposition(|statement| {
            matches!(statement.kind, Kind::Table | Kind::Element) && statement.line.end < offset
        })
    }

    /// The keys that lead to a table's line; none lead to the top.
    pub fn path(&self, table: Option<usize>) -> Vec<&str> {
        let statement = table.and_then(|table| self.0.get(table));
        statement.into_iter().flat_map(|statement| &statement.keys).map(|(name, _)| name.as_str()).collect()
    }
}

/// Reads one line; none where it says nothing.
fn read(text: &str, line: Span, open: &Open) -> Option<Statement> {
    let statement = |kind, keys, equals| Statement {
        line,
        kind,
        keys,
        table: None,
        equals,
        value: Span::new(line.end, line.end),
    };
    let bare = trimmed(text, line);
    let words = bare.of(text).trim_start_matches('\u{feff}');
    let start = bare.end - words.len();
    if open.is_in_text() {
        return Some(statement(Kind::Inside, Vec::new(), None));
    }
    if words.is_empty() || words.starts_with('#') {
        return open.is_open().then(|| statement(Kind::Inside, Vec::new(), None));
    }
    let equals = first_outside_of_texts(words, '=').map(|at| start + at);
    if words.starts_with('[') && equals.is_none() {
        let depth = if words.starts_with("[[") { 2 } else { 1 };
        let end = words.find(']').unwrap_or(words.len());
        let keys = keys(text, Span::new(start + depth.min(end), start + end));
        let is_named = keys.iter().any(|(name, _)| !name.is_empty());
        // In an open list this may be an element; a bare name in brackets never is one.
        let is_bare =
            words.get(depth..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
        if !open.is_open() || (is_named && is_bare && words.contains(']')) {
            let kind = if depth == 2 { Kind::Element } else { Kind::Table };
            return Some(statement(kind, keys, None));
        }
    }
    let names_a_setting = equals.is_some() && words.starts_with(|c: char| c.is_ascii_alphabetic());
    if open.is_open() && !names_a_setting {
        return Some(statement(Kind::Inside, Vec::new(), None));
    }
    let end = equals.unwrap_or(start + first_outside_of_texts(words, '#').unwrap_or(words.len()));
    Some(statement(Kind::Setting, keys(text, Span::new(start, end)), equals))
}

/// The keys of a dotted name, quotes left out.
fn keys(text: &str, span: Span) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut at = span.start;
    loop {
        let rest = Span::new(at, span.end).of(text);
        let length = first_outside_of_texts(rest, '.').unwrap_or(rest.len());
        let key = trimmed(text, Span::new(at, at + length));
        let name = key.of(text).trim_matches(['"', '\'']);
        keys.push((name.to_owned(), key));
        at += length + 1;
        if at > span.end {
            return keys;
        }
    }
}

/// The first byte of a character that is neither in a text nor in a comment.
fn first_outside_of_texts(line: &str, wanted: char) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == wanted => return Some(at),
            None if c == '#' => return None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None => {}
        }
    }
    None
}

fn trimmed(text: &str, span: Span) -> Span {
    let whole = span.of(text);
    let start = span.start + (whole.len() - whole.trim_start().len());
    Span::new(start, start + whole.trim().len())
}

/// What of a value is still open at the end of a line.
#[derive(Debug, Default)]
struct Open {
    brackets: usize,
    text: Option<&'static str>,
}

impl Open {
    fn is_open(&self) -> bool {
        self.brackets > 0
    }

    fn is_in_text(&self) -> bool {
        self.text.is_some()
    }

    /// Takes a line of a value, and returns how far it goes before a comment.
    fn take(&mut self, line: &str) -> usize {
        let mut at = 0;
        while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(end) = self.text {
                let Some(length) = rest.find(end) else { return line.len() };
                at += length + end.len();
                self.text = None;
                continue;
            }
            let c = rest.chars().next().unwrap_or_default();
            match c {
                '#' => return at,
                '"' | '\'' => {
                    let long = if c == '"' { "\"\"\"" } else { "'''" };
                    if rest.starts_with(long) {
                        self.text = Some(long);
                        at += long.len();
                        continue;
                    }
                    at += 1 + end_of_text(rest.get(1..).unwrap_or_default(), c);
                    continue;
                }
                '[' | '{' => self.brackets += 1,
                ']' | '}' => self.brackets = self.brackets.saturating_sub(1),
                _ => {}
            }
            at += c.len_utf8();
        }
        line.len()
    }
}

/// The byte after a text's closing quote; the end of the line where it has none.
fn end_of_text(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
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
