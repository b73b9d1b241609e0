//! What tells a linter, a type checker, a compiler or coverage to find less, where it stands in the source.

use super::{
    join::edited,
    part::{Parts, at, line_of, words},
    rust::DEMAND,
};
use std::{collections::BTreeMap, ops::Range};

/// A comment or an attribute that was added, by which a tool finds less; or one taken out by which it found more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// Its line.
    pub line: u32,
    /// What it says.
    pub text: String,
    /// Whether it was taken out.
    pub is_gone: bool,
    range: Range<usize>,
    /// What stands there without it.
    instead: String,
}

/// One as it stands in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    line: u32,
    text: String,
    range: Range<usize>,
    instead: String,
    /// The code that it is about.
    target: String,
    /// Whether a tool finds more by it.
    demands: bool,
}

/// How such comments begin. A blank stands for any blanks or none, and `*` at the end for any letters after it.
const IN_COMMENTS: &[&str] = &[
    // Python
    "noqa",
    "flake8: noqa",
    "ruff: noqa",
    "ruff: ignore*",
    "type: ignore",
    "mypy: ignore-errors",
    "mypy: disable-error-code*",
    "mypy: allow-*",
    "pyright: ignore",
    "pyright: basic",
    "pyre-ignore*",
    "pyre-fixme*",
    "pyre-unsafe",
    "pytype: disable*",
    "ty: ignore",
    "pylint: disable*",
    "pylint: skip-file",
    "pragma: no cover*",
    "pragma: no branch",
    "pragma: no mutate",
    "nosec",
    "fmt: off",
    "fmt: skip",
    "isort: skip*",
    "isort: off",
    "yapf: disable",
    "autopep8: off",
    // JavaScript and TypeScript
    "eslint-disable*",
    "@ts-ignore",
    "@ts-expect-error",
    "@ts-nocheck",
    "@noflow",
    "$flowfixme*",
    "$flowignore*",
    "istanbul ignore*",
    "c8 ignore*",
    "v8 ignore*",
    "node:coverage disable",
    "node:coverage ignore*",
    "biome-ignore*",
    "prettier-ignore*",
    "oxlint-disable*",
    "tslint:disable*",
    "stylelint-disable*",
    "deno-lint-ignore*",
    "deno-coverage-ignore*",
    "deno-fmt-ignore*",
    "jshint ignore*",
    "svelte-ignore*",
    "stryker disable*",
    // Ruby, Go, Java and its kin, PHP, C, shells, and others
    "rubocop:disable",
    "rubocop:todo",
    ":nocov:",
    "standard:disable",
    "steep:ignore",
    "nolint*",
    "lint:ignore",
    "lint:file-ignore",
    "revive:disable*",
    "coverage:ignore*",
    "checkstyle:off",
    "checkstyle.off*",
    "nopmd",
    "nosonar",
    "cpd-off",
    "spotless:off",
    "@formatter:off",
    "ktlint-disable*",
    "noinspection",
    "@phpstan-ignore*",
    "@psalm-suppress",
    "@phan-suppress*",
    "phpcs:ignore*",
    "phpcs:disable*",
    "@codecoverageignore*",
    "@codingstandardsignore*",
    "@infection-ignore*",
    "cppcheck-suppress*",
    "lcov_excl*",
    "gcovr_excl*",
    "gcov_excl*",
    "clang-format off",
    "shellcheck disable*",
    "swiftlint:disable*",
    "swift-format-ignore*",
    "scalastyle:off",
    "scalafix:off",
    "ignore_for_file:",
    "credo:disable*",
    "luacheck: ignore*",
    "selene: allow*",
    "hlint ignore*",
    "# no critic",
    "no critic",
    "yamllint disable*",
    "checkov:skip*",
    "tfsec:ignore*",
    "trivy:ignore*",
    "tflint-ignore*",
    "nosemgrep",
    "hadolint ignore*",
    "markdownlint-disable*",
    "vale off",
    "sqlfluff: off",
    "sqlfluff:noqa",
    "buf:lint:ignore*",
    "gitleaks:allow",
    "pragma: allowlist secret",
    "cspell:disable*",
    "codespell:ignore*",
];

/// How lines begin that are no comments and say so, by the endings of their files.
const LINES: &[(&[&str], &[&str])] = &[
    (
        &["java", "kt", "kts", "scala", "groovy"],
        &["@SuppressWarnings(", "@Suppress(", "@file:Suppress(", "@SuppressFBWarnings", "@nowarn"],
    ),
    (
        &["cs"],
        &["#pragma warning disable", "[SuppressMessage(", "[ExcludeFromCodeCoverage", "#nullable disable"],
    ),
    (
        &["c", "h", "cc", "cpp", "cxx", "hpp", "hh", "m", "mm"],
        &[
            "#pragma GCC diagnostic ignored",
            "#pragma clang diagnostic ignored",
            "#pragma warning(disable",
            "#pragma warning( disable",
        ],
    ),
    (&["py", "pyi"], &["@no_type_check", "@typing.no_type_check"]),
    (&["ex", "exs"], &["@dialyzer"]),
];

/// Finds those that stand in the work of a text.
pub(crate) fn found(path: &str, text: &str, parts: &Parts) -> Vec<Found> {
    let mut ranges: Vec<Range<usize>> = parts.marks.clone();
    for comment in &parts.comments {
        ranges.extend(in_comment(text, comment));
    }
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    for (_, starts) in LINES.iter().filter(|(endings, _)| endings.contains(&ending)) {
        let mut from = 0;
        for line in text.split_inclusive('\n') {
            let held = line.trim();
            if starts.iter().any(|start| held.starts_with(start)) {
                let begin = from + (line.len() - line.trim_start().len());
                ranges.push(begin..begin + held.len());
            }
            from += line.len();
        }
    }
    let statements = parts.statements.iter().map(|range| (range.clone(), "pass"));
    let mut ranges: Vec<(Range<usize>, &str)> =
        ranges.into_iter().map(|range| (range, "")).chain(statements).collect();
    ranges.sort_by_key(|(range, _)| range.start);
    ranges.into_iter().map(|(range, instead)| one(text, range, instead)).collect()
}

fn one(text: &str, range: Range<usize>, instead: &str) -> Found {
    let said = at(text, &range).trim().to_owned();
    let name = said.strip_prefix("#![").unwrap_or_default();
    let demands = DEMAND.iter().any(|demand| name.trim_start().starts_with(demand));
    let is_question = said.starts_with("cfg!") || said.starts_with("cfg !");
    let instead = if is_question { "false" } else { instead };
    let target = if said.starts_with("#![") { String::new() } else { target(text, &range) };
    Found {
        line: line_of(text, range.start),
        text: said,
        range,
        instead: instead.to_owned(),
        target,
        demands,
    }
}

/// The parts of a comment that tell a tool to find less.
fn in_comment(text: &str, comment: &Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = comment.start;
    let whole = at(text, comment);
    let is_block = whole.starts_with("/*") || whole.starts_with("<!--") || whole.starts_with("{-");
    for line in whole.split_inclusive('\n') {
        let held = line.trim_end();
        // What stands behind another sign of a comment may be one, too.
        let mut begins: Vec<usize> = held.match_indices(['#', ';']).map(|(at, _)| at).collect();
        begins.extend(held.match_indices("//").map(|(at, _)| at));
        begins.push(0);
        begins.sort_unstable();
        let is_one = |begin: &&usize| begins_one(held.get(**begin..).unwrap_or_default());
        if let Some(begin) = begins.iter().find(is_one) {
            let is_all = is_block && *begin == 0 && from == comment.start;
            match is_all {
                true => return vec![comment.clone()],
                false => {
                    let blanks = held.get(*begin..).unwrap_or_default();
                    let begin = begin + (blanks.len() - blanks.trim_start().len());
                    let end = if held.ends_with("*/") && is_block { held.len() - 2 } else { held.len() };
                    found.push(from + begin..from + end.max(begin));
                }
            }
        }
        from += line.len();
    }
    found
}

/// Whether a text begins, behind the signs of a comment, as one that tells a tool to find less.
fn begins_one(text: &str) -> bool {
    let said = text.trim_start_matches(|c: char| c.is_whitespace() || "/*#!-<;{%".contains(c));
    IN_COMMENTS.iter().any(|marker| begins(said, marker))
}

fn begins(text: &str, marker: &str) -> bool {
    let (marker, is_open) = marker.strip_suffix('*').map_or((marker, false), |marker| (marker, true));
    let mut rest = text;
    for c in marker.chars() {
        if c == ' ' {
            rest = rest.trim_start_matches([' ', '\t']);
            continue;
        }
        // `# type:ignore` and `# type : ignore` are the same to those who read them.
        let Some(next) = rest.chars().next().filter(|next| next.eq_ignore_ascii_case(&c)) else {
            return false;
        };
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
    is_open || !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// The code that something on a line is about: what else is on the line, else the next line of code.
fn target(text: &str, range: &Range<usize>) -> String {
    let start = text.get(..range.start).unwrap_or_default().rfind('\n').map_or(0, |end| end + 1);
    let rest = text.get(range.end..).unwrap_or_default();
    let end = rest.find('\n').map_or(text.len(), |end| range.end + end);
    let beside = format!(
        "{} {}",
        text.get(start..range.start).unwrap_or_default(),
        text.get(range.end..end).unwrap_or_default()
    );
    let is_code = |line: &str| words(line).next().is_some() || line.contains(['{', '}', '(', ')']);
    let normal = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    if is_code(beside.trim_start().trim_start_matches(['/', '*', '#', '{', '}', ' '])) {
        return normal(&beside);
    }
    let mut after = text.get(end..).unwrap_or_default().lines().skip(1).map(str::trim);
    let is_no_comment = |line: &&str| {
        is_code(line) && !["#", "//", "/*", "*", "--", "<!--"].iter().any(|mark| line.starts_with(mark))
    };
    after.find(is_no_comment).map(normal).unwrap_or_default()
}

/// For each file, what was added by which a tool finds less, or taken out by which it found more.
pub(crate) fn added(files: Vec<[Vec<Found>; 2]>) -> Vec<Vec<Suppression>> {
    // What moved with its line is no other.
    let mut there: BTreeMap<(String, String), usize> = BTreeMap::new();
    for found in files.iter().flat_map(|[was, _]| was) {
        *there.entry((found.text.clone(), found.target.clone())).or_default() += 1;
    }
    let take = |left: &mut BTreeMap<(String, String), usize>, found: &Found| {
        let times = left.get_mut(&(found.text.clone(), found.target.clone()));
        times.filter(|times| **times > 0).map(|times| *times -= 1).is_some()
    };
    let mut still = there.clone();
    let new: Vec<Vec<Found>> = files
        .iter()
        .map(|[_, now]| now.iter().filter(|found| !take(&mut still, found)).cloned().collect())
        .collect();
    let mut are_there: BTreeMap<(String, String), usize> = BTreeMap::new();
    for found in files.iter().flat_map(|[_, now]| now) {
        *are_there.entry((found.text.clone(), found.target.clone())).or_default() += 1;
    }
    let gone: Vec<Vec<Found>> = files
        .into_iter()
        .map(|[was, _]| was.into_iter().filter(|found| !take(&mut are_there, found)).collect())
        .collect();
    new.into_iter().zip(gone).map(|(new, gone)| of_file(new, gone)).collect()
}

fn of_file(new: Vec<Found>, mut gone: Vec<Found>) -> Vec<Suppression> {
    let mut found = Vec::new();
    for new in new.into_iter().filter(|new| !new.demands) {
        let of_same =
            |was: &Found| !was.demands && was.text == new.text && is_alike(&was.target, &new.target);
        // The line that it is about was edited.
        if let Some(same) = gone.iter().position(of_same) {
            gone.remove(same);
            continue;
        }
        let at_same = gone.iter().position(|was| !was.demands && was.target == new.target);
        let instead = at_same.map(|at| gone.remove(at).text).unwrap_or(new.instead);
        found.push(Suppression { line: new.line, text: new.text, is_gone: false, range: new.range, instead });
    }
    let demands = gone.into_iter().filter(|was| was.demands);
    found.extend(demands.map(|was| Suppression {
        line: 1,
        instead: format!("{} ", was.text),
        text: was.text,
        is_gone: true,
        range: 0..0,
    }));
    found
}

/// Before the name of what a line of code defines.
const DEFINE: [&str; 18] = [
    "fn",
    "def",
    "class",
    "function",
    "func",
    "fun",
    "struct",
    "enum",
    "mod",
    "trait",
    "interface",
    "type",
    "const",
    "static",
    "let",
    "var",
    "val",
    "module",
];

/// Whether a line of code is another that was edited: it defines the same, or shares more than half of its words.
fn is_alike(a: &str, b: &str) -> bool {
    let name = |line: &str| {
        let mut all =
            words(line).skip_while(|word| !DEFINE.contains(word)).skip_while(|word| DEFINE.contains(word));
        all.next().map(str::to_owned)
    };
    let (defined, other) = (name(a), name(b));
    if defined.is_some() || other.is_some() {
        return defined == other;
    }
    let (a, b): (Vec<&str>, Vec<&str>) = (words(a).collect(), words(b).collect());
    let shared = a.iter().filter(|word| b.contains(word)).count();
    shared * 2 > a.len().max(b.len()) || a == b
}

/// A text without what was added to it by which a tool finds less, and with what was taken out of it by which it found
/// more.
pub fn without(text: &str, suppressions: &[Suppression]) -> Option<String> {
    let edits = suppressions.iter().map(|one| {
        let range = if one.instead.is_empty() { with_blanks(text, &one.range) } else { one.range.clone() };
        (range, one.instead.clone())
    });
    edited(text, edits.collect())
}

/// A range with the blanks before it, and with its whole line if nothing else is there.
fn with_blanks(text: &str, range: &Range<usize>) -> Range<usize> {
    let before = text.get(..range.start).unwrap_or_default();
    let held = before.trim_end_matches([' ', '\t']);
    let rest = text.get(range.end..).unwrap_or_default();
    let line = rest.find('\n').map_or(rest.len(), |end| end + 1);
    if !rest.get(..line).unwrap_or_default().trim().is_empty() {
        return range.clone();
    }
    match held.is_empty() || held.ends_with('\n') {
        true => held.len()..range.end + line,
        false => held.len()..range.end,
    }
}
