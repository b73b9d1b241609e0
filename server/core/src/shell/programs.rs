//! Programs that stand for others, and those that only show.

use super::parse;
use super::syntax::{Command, Kind, Word};

/// How many programs that run others are looked behind.
const MOST_WRAPPED: usize = 16;

/// The programs that read commands.
pub(super) const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "ksh", "ash"];

/// Whether a program, by its name or its path, reads commands.
pub fn is_shell(program: &str) -> bool {
    program.rsplit('/').next().is_some_and(|name| SHELLS.contains(&name))
}

/// What `set` or a shell's own options say of `-e` and of `pipefail`.
pub(super) fn options(texts: &[&str]) -> [Option<bool>; 2] {
    let (mut ends_early, mut pipe_fails) = (None, None);
    for (at, text) in texts.iter().enumerate() {
        let Some(letters) = text.strip_prefix(['-', '+']).filter(|letters| !letters.starts_with('-')) else {
            continue;
        };
        let is_on = text.starts_with('-');
        if letters.contains('e') {
            ends_early = Some(is_on);
        }
        match (letters.ends_with('o'), texts.get(at + 1)) {
            (true, Some(&"pipefail")) => pipe_fails = Some(is_on),
            (true, Some(&"errexit")) => ends_early = Some(is_on),
            _ => {}
        }
    }
    [ends_early, pipe_fails]
}

/// The command behind `sh -c`, and whether the shell is told `-e` and `pipefail`.
pub(super) fn command_of_shell(name: &str, rest: &[Word]) -> Option<(String, [bool; 2])> {
    if !is_shell(name) {
        return None;
    }
    let texts: Vec<String> = rest.iter().map(|word| word.literal().unwrap_or_default()).collect();
    let mut at = 0;
    let mut is_command = false;
    while let Some(text) = texts.get(at).filter(|text| text.len() > 1 && text.starts_with(['-', '+'])) {
        let letters = text.get(1..).unwrap_or_default();
        if !letters.starts_with('-') {
            is_command |= letters.contains('c');
            at += usize::from(letters.ends_with(['o', 'O']));
        }
        at += 1;
    }
    let told = texts.get(..at)?.iter().map(String::as_str).collect::<Vec<_>>();
    let [ends_early, pipe_fails] = options(&told).map(|option| option.unwrap_or(false));
    let text = rest.get(at).filter(|_| is_command)?.literal()?;
    Some((text, [ends_early, pipe_fails]))
}

/// The words of the command that another one runs, if it answers with that command's status.
pub(super) fn wrapped<'w>(name: &str, rest: &'w [Word]) -> Option<&'w [Word]> {
    let told = rest.first().and_then(Word::literal).unwrap_or_default();
    // Where its options begin.
    let mut at = 0;
    let (with_values, leading): (&[&str], usize) = match name {
        "uv" | "poetry" | "pipenv" | "rye" if told == "run" => {
            at = 1;
            (&["--with", "-p", "--python", "--group"], 0)
        }
        "bundle" | "pnpm" | "yarn" if told == "exec" => {
            at = 1;
            (&[], 0)
        }
        "npx" | "bunx" | "uvx" => (&["-p", "--package", "--from"], 0),
        "command" | "builtin" | "nohup" | "exec" | "setsid" | "catchsegv" => (&["-a"], 0),
        "env" => (&["-u", "-C", "--unset", "--chdir"], 0),
        "nice" => (&["-n"], 0),
        "time" => (&["-f", "-o"], 0),
        "stdbuf" => (&["-i", "-o", "-e"], 0),
        "timeout" | "gtimeout" => (&["-k", "-s", "--kill-after", "--signal"], 1),
        "sudo" | "doas" => (&["-u", "-g"], 0),
        "xvfb-run" => (&["-s", "-n"], 0),
        _ => return None,
    };
    while let Some(text) = rest.get(at).and_then(Word::literal) {
        if text == "--" {
            at += 1;
            break;
        }
        // `command -v a` tells where a program is.
        if name == "command" && matches!(text.as_str(), "-v" | "-V") {
            return None;
        }
        let is_option = text.len() > 1 && text.starts_with('-');
        let is_value = name == "env" && parse::assigned(&text).is_some();
        if !is_option && !is_value {
            break;
        }
        at += if with_values.contains(&text.as_str()) { 2 } else { 1 };
    }
    rest.get(at + leading..)
}

/// Whether a command only shows what it reads, so that its status says nothing of it.
pub(super) fn only_shows(command: &Command) -> bool {
    let Kind::Simple { words, .. } = &command.kind else { return false };
    let mut words = words.as_slice();
    for _ in 0..MOST_WRAPPED {
        let Some((first, rest)) = words.split_first() else { return false };
        let Some(name) = first.literal() else { return false };
        match wrapped(&name, rest) {
            Some(inner) => words = inner,
            None => return shows(name.rsplit('/').next().unwrap_or_default(), rest),
        }
    }
    false
}

fn shows(name: &str, rest: &[Word]) -> bool {
    let every =
        |is_so: fn(&str) -> bool| rest.iter().all(|word| word.literal().is_some_and(|text| is_so(&text)));
    match name {
        "tail" | "head" | "tee" | "cat" | "less" | "more" | "most" | "uniq" | "tr" | "cut" | "paste"
        | "fold" | "fmt" | "nl" | "column" | "wc" | "tac" | "rev" | "ts" | "bat" | "pr" | "expand"
        | "unexpand" | "xxd" | "od" | "hexdump" | "base64" | "strings" | "ansi2txt" => true,
        "sort" => every(|text| !text.starts_with("-c") && !text.starts_with("--check")),
        // What these are told may well be to judge.
        "sed" => every(|text| !text.contains(['q', 'Q']) && !text.starts_with("-f")),
        "awk" | "gawk" | "mawk" | "nawk" => every(|text| !text.contains("exit") && !text.starts_with("-f")),
        _ => false,
    }
}
