//! Tasks that are too much for one loop: too many files, too many words, or a scope without bounds.

use super::LintOptions;
use super::report::{Lint, LintCode};
use super::words::Phrases;
use crate::plan::{Plan, Task};
use crate::text::count;
use std::collections::HashSet;

/// Names of libraries that look like files.
const NOT_FILES: &str = "node.js vue.js next.js nuxt.js react.js express.js three.js d3.js chart.js alpine.js ember.js p5.js \
     discord.js asp.net";
/// Endings that make a word without a folder a file.
const ENDINGS: [&str; 60] = [
    "rs", "toml", "lock", "md", "txt", "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "json", "yml", "yaml",
    "py", "pyi", "ipynb", "go", "mod", "java", "kt", "kts", "scala", "c", "h", "cc", "cpp", "hpp", "cs",
    "fs", "rb", "erb", "php", "swift", "m", "lua", "ex", "exs", "erl", "hs", "ml", "sql", "sh", "bash",
    "zsh", "html", "css", "scss", "less", "vue", "svelte", "xml", "proto", "graphql", "tf", "ini", "cfg",
    "env", "svg",
];

pub(super) fn lint(text: &str, plan: &Plan, options: &LintOptions) -> Vec<Lint> {
    if !options.size {
        return Vec::new();
    }
    let scope = Phrases::new(&options.scope_words);
    let too_large = |task: &Task| {
        let reasons: Vec<String> =
            [too_many_files(text, task, options), too_many_words(task, options), boundless(task, &scope)]
                .into_iter()
                .flatten()
                .collect();
        let message = || {
            format!(
                "This task is too large for one loop: it {}. Split it into smaller tasks",
                reasons.join(", and it ")
            )
        };
        (!reasons.is_empty()).then(|| Lint::new(LintCode::TaskTooLarge, task.title_span, message()))
    };
    plan.tasks.iter().filter(|task| !task.is_over()).filter_map(too_large).collect()
}

fn too_many_files(text: &str, task: &Task, options: &LintOptions) -> Option<String> {
    let (body, most) = (task.span.of(text), options.max_files as usize);
    // Each file has a dot, and few tasks have many.
    memchr::memchr_iter(b'.', body.as_bytes()).nth(most)?;
    let found = files_named(body).collect::<HashSet<_>>().len();
    (found > most).then(|| {
        let advised = if most == 1 { "is" } else { "are" };
        format!("names {} (at most {most} {advised} advised)", count(found as u64, "file"))
    })
}

/// The files that a text names.
pub fn files_named(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter_map(file)
}

/// The file that a word names, if it does.
pub(crate) fn file(word: &str) -> Option<&str> {
    if !word.contains('.') || word.contains("://") {
        return None;
    }
    let is_wrapping = |c: char| !(c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '@' | '~'));
    let word = word.trim_start_matches(is_wrapping).trim_end_matches(|c| c == '.' || is_wrapping(c));
    // `src/main.rs:12` is a place in a file, `[main.rs](src/main.rs)` a link to one.
    let path = word.split([':', ']']).next().unwrap_or(word);
    let (stem, ending) = path.rsplit_once('.')?;
    let is_ending = ending.len() <= 10
        && ending.starts_with(|c: char| c.is_ascii_alphabetic())
        && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let known = || ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending));
    let is_library = || NOT_FILES.split(' ').any(|name| name.eq_ignore_ascii_case(path));
    let is_path = stem.contains('/') && !stem.ends_with('/');
    (is_ending && (is_path || (!stem.is_empty() && known())) && !is_library()).then_some(path)
}

fn too_many_words(task: &Task, options: &LintOptions) -> Option<String> {
    let texts = || {
        let criteria = task.criteria.iter().map(|criterion| criterion.text.as_str());
        [task.title.as_str(), task.details.as_str()].into_iter().chain(criteria)
    };
    let most = options.max_words as usize;
    // A word has a letter and, but for the last one, a blank.
    if texts().map(|text| text.len() + 1).sum::<usize>() / 2 <= most {
        return None;
    }
    let found: usize = texts().map(|text| text.split_whitespace().count()).sum();
    (found > most).then(|| {
        let advised = if most == 1 { "is" } else { "are" };
        format!("has {} (at most {most} {advised} advised)", count(found as u64, "word"))
    })
}

fn boundless(task: &Task, scope: &Phrases<'_>) -> Option<String> {
    let in_title = scope.find(&task.title).next().map(|(word, _)| format!("says “{word}” in its title"));
    in_title.or_else(|| {
        let (word, _) = scope.find(first_sentence(&task.details)).next()?;
        Some(format!("says “{word}” in its first sentence"))
    })
}

/// Up to the first full stop, question or exclamation mark before a blank, or the first empty line.
fn first_sentence(text: &str) -> &str {
    let end = text.find("\n\n").unwrap_or(text.len());
    let text = text.get(..end).unwrap_or(text);
    let mut stops = text.match_indices(['.', '!', '?']).map(|(at, _)| at + 1);
    let ends = |at: &usize| {
        text.get(*at..).is_none_or(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    };
    stops.find(ends).and_then(|at| text.get(..at)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_other_words_with_dots() {
        for (word, path) in [
            ("src/main.rs", Some("src/main.rs")),
            ("`src/main.rs:12:3`,", Some("src/main.rs")),
            ("(lib.rs).", Some("lib.rs")),
            ("**a/b.weird**", Some("a/b.weird")),
            (".github/ci.yml", Some(".github/ci.yml")),
            ("[index.html](docs/index.html)", Some("index.html")),
            ("e.g.", None),
            ("1.2", None),
            ("v1.2.3", None),
            ("Node.js", None),
            ("https://x.org/a.html", None),
            ("end.", None),
            ("and/or.", None),
        ] {
            assert_eq!(file(word), path, "{word}");
        }
    }

    #[test]
    fn a_sentence_ends_before_a_blank() {
        for (text, sentence) in [
            ("Use v1.2 now. Then all.", "Use v1.2 now."),
            ("No stop\n\nall", "No stop"),
            ("One\ntwo! three", "One\ntwo!"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(text), sentence);
        }
    }
}
