//! Comments of languages without a grammar, by what they look like.

use std::ops::Range;

/// What comments look like.
#[derive(Debug, Clone, Copy)]
struct Look {
    lines: &'static [&'static str],
    blocks: &'static [(&'static str, &'static str)],
    quotes: &'static [char],
}

const SLASHES: Look = Look { lines: &["//"], blocks: &[("/*", "*/")], quotes: &['"', '\'', '`'] };
const HASHES: Look = Look { lines: &["#"], blocks: &[], quotes: &['"', '\'', '`'] };
const BOTH: Look = Look { lines: &["//", "#"], blocks: &[("/*", "*/")], quotes: &['"', '\''] };
const DASHES: Look =
    Look { lines: &["--"], blocks: &[("/*", "*/"), ("{-", "-}"), ("--[[", "]]")], quotes: &['"', '\''] };
const MARKUP: Look = Look { lines: &[], blocks: &[("<!--", "-->")], quotes: &[] };
const MIXED: Look = Look { lines: &["//"], blocks: &[("<!--", "-->"), ("/*", "*/")], quotes: &[] };
const PERCENT: Look = Look { lines: &["%", ";"], blocks: &[], quotes: &['"'] };

/// What comments of a file look like, by its name.
fn look(path: &str) -> Option<Look> {
    let name = path.rsplit('/').next().unwrap_or_default();
    if matches!(name, "Dockerfile" | "Containerfile" | "Gemfile" | "Vagrantfile" | "Podfile" | "Fastfile") {
        return Some(HASHES);
    }
    Some(match name.rsplit_once('.')?.1 {
        "go" | "java" | "kt" | "kts" | "scala" | "sc" | "groovy" | "swift" | "c" | "h" | "cc" | "cpp"
        | "cxx" | "hpp" | "hh" | "m" | "mm" | "cs" | "dart" | "zig" | "proto" | "css" | "scss" | "sass"
        | "less" | "sol" | "v" | "sv" | "d" | "fs" => SLASHES,
        "rb" | "rake" | "gemspec" | "sh" | "bash" | "zsh" | "ksh" | "yml" | "yaml" | "toml" | "pl" | "pm"
        | "ex" | "exs" | "r" | "R" | "jl" | "nim" | "cr" | "ps1" | "tcl" | "cmake" | "nix" | "pyx"
        | "bzl" => HASHES,
        "php" | "tf" | "hcl" => BOTH,
        "sql" | "lua" | "hs" | "elm" | "adb" | "ads" => DASHES,
        "md" | "html" | "htm" | "xml" | "svg" => MARKUP,
        "vue" | "svelte" | "astro" => MIXED,
        "erl" | "tex" | "clj" | "cljs" | "el" | "lisp" => PERCENT,
        _ => return None,
    })
}

/// Whether it is known what comments of a file look like.
pub(crate) fn are_known(path: &str) -> bool {
    look(path).is_some()
}

/// The comments of a text.
pub(crate) fn of(path: &str, text: &str) -> Vec<Range<usize>> {
    let Some(look) = look(path) else { return Vec::new() };
    let mut found = Vec::new();
    let mut quote = None;
    let mut before = '\n';
    let mut from = 0;
    while let Some(rest) = text.get(from..).filter(|rest| !rest.is_empty()) {
        let c = rest.chars().next().unwrap_or('\n');
        let comment = quote.is_none().then(|| comment(look, rest, before)).flatten();
        if let Some(length) = comment {
            found.push(from..from + length);
            from += length.max(1);
            before = ' ';
            continue;
        }
        match quote {
            // A text in quotes that goes over lines is rare, an apostrophe is not.
            _ if c == '\n' => quote = None,
            Some(_) if c == '\\' => {
                from += c.len_utf8();
                from += text.get(from..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
                continue;
            }
            Some(begun) if begun == c => quote = None,
            None if look.quotes.contains(&c) => quote = Some(c),
            Some(_) | None => {}
        }
        before = c;
        from += c.len_utf8();
    }
    found
}

/// The length of the comment with which a text begins, if it begins with one.
fn comment(look: Look, rest: &str, before: char) -> Option<usize> {
    for (begin, end) in look.blocks {
        if let Some(held) = rest.strip_prefix(begin) {
            let closed = held.find(end).map(|at| begin.len() + at + end.len());
            return Some(closed.unwrap_or(rest.len()));
        }
    }
    let begins = look.lines.iter().any(|mark| rest.starts_with(mark));
    // `$#` and `a#b` are none, nor is the address in `http://a`.
    let is_free = before.is_whitespace() || !(before == ':' || rest.starts_with(['#', '%', ';']));
    (begins && is_free).then(|| {
        rest.find('\n')
            .map_or(rest.len(), |end| rest.get(..end).unwrap_or_default().trim_end_matches('\r').len())
    })
}
