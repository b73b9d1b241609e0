//! Takes a command line or a script apart, by the grammar of POSIX with what bash adds to it.
//!
//! One pass from left to right: takes time linear in the text, and never looks at a byte more often than it is deep in
//! brackets. What is nested deeper than anybody writes is not read.

use super::syntax::{AndOr, Command, Joint, Kind, List, Part, Pipeline, Redirect, Word};
use crate::text::Span;

/// A longer text is no command, and no script that people read.
const LONGEST: usize = 1024 * 1024;
/// What looks like a calculation and is longer is none. Some text has to be looked at twice to tell.
const LONGEST_CALCULATION: usize = 1024;
/// How deep commands may stand in each other.
const DEEPEST: u32 = 64;

/// Why a text is no command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Something stands where it cannot.
    #[error("the shell does not expect what stands at byte {at}")]
    Unexpected {
        /// Where it stands.
        at: usize,
    },
    /// It ends within quotes, brackets, or a compound command.
    #[error("it ends before what it begins does")]
    Unfinished,
    /// It is longer, or deeper in brackets, than what is read.
    #[error("it is too long, or too deep in brackets")]
    TooLarge,
}

type Result<T> = std::result::Result<T, Unreadable>;

/// Words that begin, part or end compound commands where a command could begin.
const RESERVED: [&str; 21] = [
    "if", "then", "elif", "else", "fi", "for", "select", "while", "until", "do", "done", "case", "esac", "{",
    "}", "!", "[[", "function", "time", "coproc", "in",
];
/// Signs of redirections, the longer ones before their beginnings.
const SIGNS: [&str; 12] = ["&>>", "&>", "<<<", "<<-", "<<", "<&", "<>", "<", ">>", ">&", ">|", ">"];

/// Takes a text apart.
pub(super) fn parse(text: &str) -> Result<List> {
    parse_at(text, 0)
}

fn parse_at(text: &str, depth: u32) -> Result<List> {
    if text.len() > LONGEST {
        return Err(Unreadable::TooLarge);
    }
    let mut parser = Parser { text, at: 0, depth, documents: Vec::new() };
    let list = parser.list(&[])?;
    match parser.peek() {
        None => Ok(list),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: u32,
    /// Where the here-documents end that begin after this line, and whether tabs before them are none of them.
    documents: Vec<(String, bool)>,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn after(&self, bytes: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + bytes).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn from(&self, start: usize) -> &'t str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn take(&mut self, sign: &str) -> bool {
        let is_there = self.rest().starts_with(sign);
        if is_there {
            self.at += sign.len();
        }
        is_there
    }

    /// What stands here cannot; at the end, something is missing.
    fn unexpected(&self) -> Unreadable {
        match self.peek() {
            Some(_) => Unreadable::Unexpected { at: self.at },
            None => Unreadable::Unfinished,
        }
    }

    fn deeper<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth == DEEPEST {
            return Err(Unreadable::TooLarge);
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    /// Steps over blanks, lines that go on, and a comment.
    fn blank(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.after(1) == Some(b'\n') => self.at += 2,
                Some(b'#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => break,
            }
        }
    }

    /// Steps over ends of lines, too, and over the here-documents behind them.
    fn lines(&mut self) {
        self.blank();
        while self.peek() == Some(b'\n') {
            self.at += 1;
            for (delimiter, is_indented) in std::mem::take(&mut self.documents) {
                while !self.rest().is_empty() {
                    let line = self.rest().split('\n').next().unwrap_or_default();
                    self.at = (self.at + line.len() + 1).min(self.text.len());
                    if (if is_indented { line.trim_start_matches('\t') } else { line }) == delimiter {
                        break;
                    }
                }
            }
            self.blank();
        }
    }

    /// The reserved word that stands here.
    fn reserved(&self) -> Option<&'static str> {
        let ends =
            |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>');
        let word = RESERVED
            .iter()
            .find(|word| self.rest().starts_with(**word) && self.after(word.len()).is_none_or(ends));
        word.copied()
    }

    fn expect(&mut self, word: &str) -> Result<()> {
        match self.reserved() {
            Some(found) if found == word => {
                self.at += word.len();
                Ok(())
            }
            _ => Err(self.unexpected()),
        }
    }

    /// Commands up to one of the reserved words `ends`, a bracket, or the end of a case.
    fn list(&mut self, ends: &[&str]) -> Result<List> {
        let mut list = List::default();
        loop {
            self.lines();
            let is_over = match self.peek() {
                None | Some(b')') => true,
                Some(b';') => matches!(self.after(1), Some(b';' | b'&')),
                Some(_) => self.reserved().is_some_and(|word| ends.contains(&word)),
            };
            if is_over {
                return Ok(list);
            }
            let mut item = self.and_or()?;
            self.blank();
            match self.peek() {
                Some(b';') if !matches!(self.after(1), Some(b';' | b'&')) => self.at += 1,
                Some(b'&') => {
                    item.background = Some(Span::new(self.at, self.at + 1));
                    self.at += 1;
                }
                None | Some(b'\n' | b')' | b';') => {}
                // Behind a bracket or `fi` the next reserved word needs nothing before it.
                Some(_) if self.reserved().is_some_and(|word| ends.contains(&word)) => {}
                Some(_) => return Err(self.unexpected()),
            }
            list.items.push(item);
        }
    }

    /// A list that has to have a command.
    fn some(&mut self, ends: &[&str]) -> Result<List> {
        let list = self.list(ends)?;
        if list.items.is_empty() { Err(self.unexpected()) } else { Ok(list) }
    }

    fn and_or(&mut self) -> Result<AndOr> {
        let mut item = AndOr { first: self.pipeline()?, rest: Vec::new(), background: None };
        loop {
            self.blank();
            let joint = if self.take("&&") {
                Joint::And
            } else if self.take("||") {
                Joint::Or
            } else {
                return Ok(item);
            };
            self.lines();
            item.rest.push((joint, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline> {
        let start = self.at;
        let mut is_negated = false;
        loop {
            match self.reserved() {
                Some("!") => is_negated = !is_negated,
                Some("time") if !self.rest().starts_with("time -") || self.rest().starts_with("time -p ") => {
                }
                _ => break,
            }
            self.at += self.reserved().map_or(0, str::len);
            self.blank();
            if self.rest().starts_with("-p ") {
                self.at += 3;
                self.blank();
            }
        }
        let mut commands = vec![self.command()?];
        loop {
            let end = self.at;
            self.blank();
            let is_pipe = self.peek() == Some(b'|') && self.after(1) != Some(b'|');
            if !is_pipe {
                let end = commands.last().map_or(end, |last| last.span.end);
                return Ok(Pipeline { is_negated, commands, span: Span::new(start, end) });
            }
            self.at += if self.after(1) == Some(b'&') { 2 } else { 1 };
            self.lines();
            commands.push(self.command()?);
        }
    }

    fn command(&mut self) -> Result<Command> {
        self.deeper(|parser| {
            let start = parser.at;
            let kind = match parser.reserved().filter(|word| !matches!(*word, "time" | "in")) {
                Some(word) => parser.compound(word)?,
                None if parser.peek() == Some(b'(') => parser.brackets()?,
                None => return parser.simple(),
            };
            let mut command = Command { kind, redirects: Vec::new(), span: Span::new(start, parser.at) };
            loop {
                parser.blank();
                let Some(redirect) = parser.redirect()? else { return Ok(command) };
                command.span.end = redirect.span.end;
                command.redirects.push(redirect);
            }
        })
    }

    /// `(a)` or `((a))`.
    fn brackets(&mut self) -> Result<Kind> {
        if let Some(end) = self.arithmetic_end() {
            let inner = self.text.get(self.at + 2..end - 2).unwrap_or_default();
            self.at = end;
            return Ok(Kind::Arithmetic(inner.to_owned()));
        }
        self.at += 1;
        let list = self.some(&[])?;
        self.close(b')')?;
        Ok(Kind::Subshell(list))
    }

    fn close(&mut self, bracket: u8) -> Result<()> {
        if self.peek() != Some(bracket) {
            return Err(self.unexpected());
        }
        self.at += 1;
        Ok(())
    }

    /// Where a calculation ends that would begin here with two brackets; `None` if these are two things. It is looked for
    /// without reading what is in it, so that nested ones are not read again and again.
    fn arithmetic_end(&self) -> Option<usize> {
        let inner = self.rest().strip_prefix("((")?;
        let mut open = 0_u32;
        let mut bytes = inner.bytes().take(LONGEST_CALCULATION).enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'(' => open += 1,
                b')' if open > 0 => open -= 1,
                b')' => return (inner.as_bytes().get(at + 1) == Some(&b')')).then_some(self.at + at + 4),
                b'\\' => drop(bytes.next()),
                b'\'' | b'"' => drop(bytes.find(|(_, other)| *other == byte)),
                _ => {}
            }
        }
        None
    }

    fn compound(&mut self, word: &str) -> Result<Kind> {
        self.at += word.len();
        match word {
            "{" => {
                let list = self.some(&["}"])?;
                self.expect("}")?;
                Ok(Kind::Group(list))
            }
            "if" => self.if_command(),
            "while" | "until" => {
                let condition = self.some(&["do"])?;
                Ok(Kind::Loop { is_until: word == "until", condition, body: self.do_group()? })
            }
            "for" | "select" => self.for_command(),
            "case" => self.case_command(),
            "[[" => Ok(Kind::Test(self.test_words()?)),
            "function" => {
                self.blank();
                let name = self.needed_word()?.literal().unwrap_or_default();
                self.blank();
                if self.take("(") {
                    self.blank();
                    self.close(b')')?;
                }
                self.lines();
                Ok(Kind::Function { name, body: Box::new(self.command()?) })
            }
            "coproc" => {
                self.blank();
                let span = Span::new(self.at, self.at);
                let first = Pipeline { is_negated: false, commands: vec![self.command()?], span };
                let item = AndOr { first, rest: Vec::new(), background: Some(span) };
                Ok(Kind::Group(List { items: vec![item] }))
            }
            _ => {
                self.at -= word.len();
                Err(self.unexpected())
            }
        }
    }

    fn if_command(&mut self) -> Result<Kind> {
        let mut branches = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.some(&["then"])?;
            self.expect("then")?;
            branches.push((condition, self.some(&["elif", "else", "fi"])?));
            match self.reserved() {
                Some("elif") => self.at += 4,
                Some("else") => {
                    self.at += 4;
                    otherwise = Some(self.some(&["fi"])?);
                    break;
                }
                _ => break,
            }
        }
        self.expect("fi")?;
        Ok(Kind::If { branches, otherwise })
    }

    fn do_group(&mut self) -> Result<List> {
        self.expect("do")?;
        let body = self.some(&["done"])?;
        self.expect("done")?;
        Ok(body)
    }

    fn for_command(&mut self) -> Result<Kind> {
        self.blank();
        let (mut variable, mut words) = (None, None);
        if let Some(end) = self.arithmetic_end() {
            self.at = end;
        } else {
            variable = Some(self.needed_word()?);
            self.lines();
            if self.reserved() == Some("in") {
                self.at += 2;
                let listed = words.insert(Vec::new());
                loop {
                    self.blank();
                    let Some(word) = self.word()? else { break };
                    listed.push(word);
                }
            }
        }
        self.blank();
        if self.peek() == Some(b';') {
            self.at += 1;
        }
        self.lines();
        Ok(Kind::For { variable, words, body: self.do_group()? })
    }

    fn case_command(&mut self) -> Result<Kind> {
        self.blank();
        let word = self.needed_word()?;
        self.lines();
        self.expect("in")?;
        let mut arms = Vec::new();
        loop {
            self.lines();
            if self.reserved() == Some("esac") {
                self.at += 4;
                return Ok(Kind::Case { word, arms });
            }
            self.take("(");
            let mut patterns = Vec::new();
            loop {
                self.blank();
                patterns.push(self.needed_word()?);
                self.blank();
                if !self.take("|") {
                    break;
                }
            }
            self.close(b')')?;
            let list = self.list(&["esac"])?;
            arms.push((patterns, list));
            let _ends = self.take(";;&") || self.take(";;") || self.take(";&");
        }
    }

    /// The words of `[[ a ]]`.
    fn test_words(&mut self) -> Result<Vec<Word>> {
        let mut words: Vec<Word> = Vec::new();
        loop {
            self.lines();
            let start = self.at;
            if self.take("]]") {
                return Ok(words);
            }
            let is_sign =
                self.take("&&") || self.take("||") || matches!(self.peek(), Some(b'(' | b')' | b'<' | b'>'));
            if is_sign {
                self.at = self.at.max(start + 1);
                let text = self.from(start).to_owned();
                let parts = vec![Part::Text { text, is_quoted: false }];
                words.push(Word { parts, span: Span::new(start, self.at) });
            } else if words.last().is_some_and(|last| last.is("=~")) {
                words.push(self.expression()?);
            } else {
                words.push(self.needed_word()?);
            }
        }
    }

    /// A regular expression, in which brackets and bars are none of the shell's.
    fn expression(&mut self) -> Result<Word> {
        let start = self.at;
        let mut open = 0_u32;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' if open == 0 => break,
                b'(' => open += 1,
                b')' => open = open.saturating_sub(1),
                b'\\' => self.at += 1,
                b'\'' | b'"' => {
                    let quoted = self.text.get(self.at + 1..).and_then(|rest| rest.find(char::from(byte)));
                    self.at += 1 + quoted.ok_or(Unreadable::Unfinished)?;
                }
                _ => {}
            }
            self.at = (self.at + 1).min(self.text.len());
        }
        // A backslash may have stepped into a character.
        self.at = self.text.ceil_char_boundary(self.at);
        let text = self.from(start).to_owned();
        Ok(Word { parts: vec![Part::Text { text, is_quoted: true }], span: Span::new(start, self.at) })
    }

    fn simple(&mut self) -> Result<Command> {
        let start = self.at;
        let (mut assignments, mut words, mut redirects) = (Vec::new(), Vec::new(), Vec::new());
        let mut end = start;
        loop {
            self.blank();
            if let Some(redirect) = self.redirect()? {
                redirects.push(redirect);
            } else if let Some(word) = self.word()? {
                let is_assignment = words.is_empty() && assigned(word.span.of(self.text)).is_some();
                if is_assignment { assignments.push(word) } else { words.push(word) }
            } else {
                break;
            }
            end = self.at;
        }
        let span = Span::new(start, end);
        if self.peek() == Some(b'(')
            && let [name] = &words[..]
            && assignments.is_empty()
            && redirects.is_empty()
        {
            let name = name.literal().unwrap_or_default();
            self.at += 1;
            self.blank();
            self.close(b')')?;
            self.lines();
            let body = Box::new(self.command()?);
            let span = Span::new(start, body.span.end);
            return Ok(Command { kind: Kind::Function { name, body }, redirects, span });
        }
        if self.peek() == Some(b'(') || end == start {
            return Err(self.unexpected());
        }
        Ok(Command { kind: Kind::Simple { assignments, words }, redirects, span })
    }

    fn redirect(&mut self) -> Result<Option<Redirect>> {
        let start = self.at;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let text = self.rest().get(digits..).unwrap_or_default();
        let Some(sign) = SIGNS.into_iter().find(|sign| text.starts_with(sign)) else { return Ok(None) };
        let is_process = matches!(sign, "<" | ">") && text.as_bytes().get(1) == Some(&b'(');
        if is_process && digits == 0 || sign.starts_with('&') && digits > 0 {
            return Ok(None);
        }
        self.at += digits + sign.len();
        self.blank();
        let target = self.needed_word()?;
        if matches!(sign, "<<" | "<<-") {
            let delimiter = target.literal().unwrap_or_else(|| target.span.of(self.text).to_owned());
            self.documents.push((delimiter, sign == "<<-"));
        }
        Ok(Some(Redirect { sign, target, span: Span::new(start, self.at) }))
    }

    fn needed_word(&mut self) -> Result<Word> {
        self.word()?.ok_or_else(|| self.unexpected())
    }

    /// The word that begins here, if one does.
    fn word(&mut self) -> Result<Option<Word>> {
        let start = self.at;
        let mut parts = Parts::default();
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b')' => break,
                b'(' if assigned(self.from(start)) == Some(self.at - start) => self.array(&mut parts)?,
                b'(' if self.at > start && self.from(start).ends_with(['@', '?', '*', '+', '!']) => {
                    self.pattern(&mut parts)?;
                }
                b'(' => break,
                b'<' | b'>' if self.after(1) == Some(b'(') => {
                    self.at += 2;
                    let list = self.deeper(|parser| parser.list(&[]))?;
                    self.close(b')')?;
                    parts.list.push(Part::Process(list));
                }
                b'<' | b'>' => break,
                b'\'' => {
                    let inner = self.text.get(self.at + 1..).unwrap_or_default();
                    let end = inner.find('\'').ok_or(Unreadable::Unfinished)?;
                    parts.text(inner.get(..end).unwrap_or_default(), true);
                    self.at += end + 2;
                }
                b'"' => self.double(&mut parts)?,
                b'$' => self.dollar(&mut parts, false)?,
                b'`' => self.backticks(&mut parts)?,
                b'\\' => self.escaped(&mut parts, |_| true),
                _ => {
                    let is_plain = |c: char| !" \t\n;&|()<>'\"$`\\".contains(c);
                    let rest = self.rest();
                    let plain =
                        rest.get(..rest.find(|c| !is_plain(c)).unwrap_or(rest.len())).unwrap_or_default();
                    parts.text(plain, false);
                    self.at += plain.len();
                }
            }
        }
        let word = Word { parts: parts.list, span: Span::new(start, self.at) };
        Ok((self.at > start).then_some(word))
    }

    /// The values of an array.
    fn array(&mut self, parts: &mut Parts) -> Result<()> {
        self.at += 1;
        loop {
            self.lines();
            let Some(word) = self.deeper(Self::word)? else { break };
            parts.list.extend(word.parts);
        }
        self.close(b')')
    }

    /// A pattern of bash such as `@(a|b)`.
    fn pattern(&mut self, parts: &mut Parts) -> Result<()> {
        let start = self.at;
        self.at += 1;
        loop {
            while self.deeper(Self::word)?.is_some() || self.take("|") || self.take("&") || self.take(" ") {}
            if self.peek() == Some(b')') {
                break;
            }
            if self.peek() != Some(b'(') {
                return Err(self.unexpected());
            }
            self.deeper(|parser| parser.pattern(&mut Parts::default()))?;
        }
        self.at += 1;
        parts.text(self.from(start), false);
        Ok(())
    }

    /// A backslash and what it is before.
    fn escaped(&mut self, parts: &mut Parts, takes: impl FnOnce(char) -> bool) {
        let next = self.text.get(self.at + 1..).and_then(|rest| rest.chars().next());
        match next {
            Some('\n') => {}
            Some(c) if takes(c) => parts.text(c.encode_utf8(&mut [0; 4]), true),
            Some(_) | None => {
                parts.text("\\", true);
                self.at += 1;
                return;
            }
        }
        self.at += 1 + next.map_or(0, char::len_utf8);
    }

    fn double(&mut self, parts: &mut Parts) -> Result<()> {
        self.at += 1;
        parts.text("", true);
        loop {
            match self.peek() {
                None => return Err(Unreadable::Unfinished),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'$') => self.dollar(parts, true)?,
                Some(b'`') => self.backticks(parts)?,
                Some(b'\\') => self.escaped(parts, |c| matches!(c, '$' | '`' | '"' | '\\')),
                Some(_) => {
                    let rest = self.rest();
                    let plain = rest.get(..rest.find(['"', '$', '`', '\\']).unwrap_or(rest.len()));
                    parts.text(plain.unwrap_or_default(), true);
                    self.at += plain.map_or(0, str::len);
                }
            }
        }
    }

    fn dollar(&mut self, parts: &mut Parts, is_quoted: bool) -> Result<()> {
        self.at += 1;
        match self.peek() {
            Some(b'(') => {
                if let Some(end) = self.arithmetic_end() {
                    self.at = end;
                    parts.list.push(Part::Arithmetic);
                    return Ok(());
                }
                self.at += 1;
                let list = self.deeper(|parser| parser.list(&[]))?;
                self.close(b')')?;
                parts.list.push(Part::Commands(list));
            }
            Some(b'{') => self.deeper(|parser| parser.braces(parts, is_quoted))?,
            Some(b'\'') if !is_quoted => {
                let start = self.at + 1;
                self.at = start;
                while self.peek().ok_or(Unreadable::Unfinished)? != b'\'' {
                    self.at += if self.peek() == Some(b'\\') { 2 } else { 1 };
                }
                parts.text(self.from(start), true);
                self.at += 1;
            }
            Some(b'"') if !is_quoted => self.double(parts)?,
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                let name = self.name();
                parts.list.push(Part::Parameter(name.to_owned()));
                self.at += name.len();
            }
            Some(byte) if byte.is_ascii_digit() || b"@*#?-$!".contains(&byte) => {
                parts.list.push(Part::Parameter(char::from(byte).to_string()));
                self.at += 1;
            }
            Some(_) | None => parts.text("$", is_quoted),
        }
        Ok(())
    }

    /// The name that stands here.
    fn name(&self) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// `${a}`, with whatever stands behind the name.
    fn braces(&mut self, parts: &mut Parts, is_quoted: bool) -> Result<()> {
        self.at += 1;
        let start = self.at;
        let mut inner = Parts::default();
        loop {
            match self.peek() {
                None => return Err(Unreadable::Unfinished),
                Some(b'}') => break,
                Some(b'\'') if !is_quoted => {
                    let rest = self.text.get(self.at + 1..).unwrap_or_default();
                    self.at += 2 + rest.find('\'').ok_or(Unreadable::Unfinished)?;
                }
                Some(b'"') => self.double(&mut inner)?,
                Some(b'$') => self.dollar(&mut inner, is_quoted)?,
                Some(b'`') => self.backticks(&mut inner)?,
                Some(b'\\') => self.escaped(&mut inner, |_| true),
                Some(_) => self.at += self.rest().chars().next().map_or(1, char::len_utf8),
            }
        }
        parts.list.push(Part::Parameter(self.from(start).to_owned()));
        self.at += 1;
        parts.list.extend(inner.list.into_iter().filter(|part| matches!(part, Part::Commands(_))));
        Ok(())
    }

    /// Commands in backticks, which are read once their backslashes are gone: their places are those in that text.
    fn backticks(&mut self, parts: &mut Parts) -> Result<()> {
        let mut inner = String::new();
        let mut rest = self.text.get(self.at + 1..).unwrap_or_default();
        loop {
            let plain = rest.find(['`', '\\']).ok_or(Unreadable::Unfinished)?;
            inner.push_str(rest.get(..plain).unwrap_or_default());
            rest = rest.get(plain..).unwrap_or_default();
            if let Some(after) = rest.strip_prefix('`') {
                self.at = self.text.len() - after.len();
                break;
            }
            let next = rest.chars().nth(1).ok_or(Unreadable::Unfinished)?;
            if !matches!(next, '$' | '`' | '\\') {
                inner.push('\\');
            }
            inner.push(next);
            rest = rest.get(1 + next.len_utf8()..).unwrap_or_default();
        }
        let list = self.deeper(|parser| parse_at(&inner, parser.depth))?;
        parts.list.push(Part::Commands(list));
        Ok(())
    }
}

/// The parts of a word while it is read.
#[derive(Default)]
struct Parts {
    list: Vec<Part>,
}

impl Parts {
    fn text(&mut self, more: &str, more_is_quoted: bool) {
        match self.list.last_mut() {
            Some(Part::Text { text, is_quoted }) if *is_quoted == more_is_quoted => text.push_str(more),
            _ => self.list.push(Part::Text { text: more.to_owned(), is_quoted: more_is_quoted }),
        }
    }
}

/// How many bytes the beginning `NAME=`, `NAME+=` or `NAME[at]=` of an assignment takes, if a word begins so.
pub(super) fn assigned(word: &str) -> Option<usize> {
    let name = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    if name == 0 || word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let rest = word.get(name..)?;
    let index = if rest.starts_with('[') { rest.find(']')? + 1 } else { 0 };
    let rest = rest.get(index..)?;
    let sign = if rest.starts_with("+=") { 2 } else { usize::from(rest.starts_with('=')) };
    (sign > 0).then_some(name + index + sign)
}
