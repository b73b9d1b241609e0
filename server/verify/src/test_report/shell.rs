//! The words of a command line, as far as it takes to find a test runner in it and to give it more words.

/// A word, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Where it begins and ends in the command line. Bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it sends output to, or takes input from, somewhere else; the file's name may be the next word.
    pub(super) is_redirect: bool,
}

/// One command of several: what stands between `&&`, `|`, `;` and the like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Part {
    pub(crate) words: Vec<Word>,
    /// Whether its output goes to the next one.
    pub(super) is_piped: bool,
}

/// Takes a command line apart. What a shell would refuse is taken as it comes.
pub(crate) fn parts(line: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut part = Part::default();
    let mut word: Option<Word> = None;
    let mut chars = line.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let end = at + c.len_utf8();
        match c {
            ' ' | '\t' => part.words.extend(word.take()),
            '\n' | ';' | '&' | '|' | '(' | ')' if !is_in_redirect(word.as_ref(), c) => {
                part.words.extend(word.take());
                // `&>` sends everything away, `&&` and `||` are one sign.
                if c == '&' && chars.peek().is_some_and(|(_, next)| *next == '>') {
                    word = Some(Word { text: "&".to_owned(), start: at, end, is_redirect: true });
                    continue;
                }
                let is_double = matches!(c, '&' | '|')
                    && chars
                        .next_if(|(_, next)| *next == c || (c == '|' && *next == '&'))
                        .is_some_and(|(_, next)| next == c);
                part.is_piped = c == '|' && !is_double;
                if !part.words.is_empty() {
                    parts.push(std::mem::take(&mut part));
                }
            }
            '#' if word.is_none() => while chars.next_if(|(_, next)| *next != '\n').is_some() {},
            '>' | '<' => {
                let is_new = word.as_ref().is_none_or(|word| {
                    !word.is_redirect && !word.text.bytes().all(|byte| byte.is_ascii_digit())
                });
                if is_new {
                    part.words.extend(word.take());
                }
                let word = word.get_or_insert_with(|| Word {
                    text: String::new(),
                    start: at,
                    end,
                    is_redirect: true,
                });
                word.is_redirect = true;
                word.text.push(c);
                word.end = end;
            }
            c => {
                let word = word.get_or_insert_with(|| Word {
                    text: String::new(),
                    start: at,
                    end,
                    is_redirect: false,
                });
                word.end = end;
                match c {
                    '\\' => {
                        if let Some((at, next)) = chars.next() {
                            word.end = at + next.len_utf8();
                            if next != '\n' {
                                word.text.push(next);
                            }
                        }
                    }
                    '\'' | '"' => {
                        while let Some((at, inner)) = chars.next() {
                            word.end = at + inner.len_utf8();
                            match inner {
                                inner if inner == c => break,
                                '\\' if c == '"' => {
                                    if let Some((at, next)) = chars.next() {
                                        word.end = at + next.len_utf8();
                                        word.text.push(next);
                                    }
                                }
                                inner => word.text.push(inner),
                            }
                        }
                    }
                    '$' if chars.peek().is_some_and(|(_, next)| *next == '(') => {
                        // A command in a command: a part of the word, whatever is in it.
                        word.text.push('$');
                        let mut depth = 0_usize;
                        for (at, inner) in chars.by_ref() {
                            word.end = at + inner.len_utf8();
                            word.text.push(inner);
                            match inner {
                                '(' => depth += 1,
                                ')' => depth = depth.saturating_sub(1),
                                _ => {}
                            }
                            if depth == 0 {
                                break;
                            }
                        }
                    }
                    c => word.text.push(c),
                }
            }
        }
    }
    part.words.extend(word);
    if !part.words.is_empty() {
        parts.push(part);
    }
    parts
}

/// Whether a sign belongs to a redirection: `2>&1`, `>|`.
fn is_in_redirect(word: Option<&Word>, sign: char) -> bool {
    word.is_some_and(|word| word.is_redirect && word.text.ends_with(['>', '<'])) && matches!(sign, '&' | '|')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<String> {
        let show = |part: Part| {
            let words: Vec<_> = part
                .words
                .iter()
                .map(|word| {
                    assert!(line.get(word.start..word.end).is_some_and(|word| !word.trim().is_empty()));
                    if word.is_redirect { format!("<{}>", word.text) } else { word.text.clone() }
                })
                .collect();
            format!("{}{}", words.join("_"), if part.is_piped { " |" } else { "" })
        };
        parts(line).into_iter().map(show).collect()
    }

    #[test]
    fn a_command_line_is_taken_apart() {
        for (line, expected) in [
            ("cargo test", &["cargo_test"][..]),
            ("cd 'a b' && A=\"x y\" pytest -k \"a && b\"", &["cd_a b", "A=x y_pytest_-k_a && b"]),
            ("a | tee x; b || c", &["a |", "tee_x", "b", "c"]),
            ("a > x 2>&1", &["a_<>>_x_<2>&1>"]),
            ("a &> x", &["a_<&>>_x"]),
            ("a 2>/dev/null", &["a_<2>/dev/null>"]),
            ("(cd x && make) # that is all", &["cd_x", "make"]),
            ("a $(b | c) d", &["a_$(b | c)_d"]),
            ("a\\ b \\\n c", &["a b__c"]),
            ("a |& b & c", &["a |", "b", "c"]),
            ("a 'b", &["a_b"]),
            ("", &[]),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }
}
