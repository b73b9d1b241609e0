//! What kind of a commit a task's work makes, by the words of its title, as Conventional Commits name the kinds.

/// The type of a task's commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitType {
    /// Something new.
    Feat,
    /// Something wrong is put right.
    Fix,
    /// The same in another form.
    Refactor,
    /// Tests alone.
    Test,
    /// Documentation alone.
    Docs,
    /// What no user sees: dependencies, builds, configuration.
    Chore,
}

impl CommitType {
    const ALL: [Self; 6] = [Self::Feat, Self::Fix, Self::Refactor, Self::Test, Self::Docs, Self::Chore];

    /// The word that a commit begins with.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Feat => "feat",
            Self::Fix => "fix",
            Self::Refactor => "refactor",
            Self::Test => "test",
            Self::Docs => "docs",
            Self::Chore => "chore",
        }
    }
}

/// What a title does, by its first word.
const VERBS: [(CommitType, &str); 5] = [
    (CommitType::Fix, "fix fixes bugfix hotfix repair correct resolve prevent patch"),
    (
        CommitType::Refactor,
        "refactor restructure rename extract move inline split simplify deduplicate reorganise reorganize rewrite clean cleanup",
    ),
    (CommitType::Test, "test tests cover"),
    (CommitType::Docs, "document docs describe explain"),
    (CommitType::Chore, "chore bump upgrade downgrade pin configure release lint format ci build"),
];

/// What a title is about, by any word of it, where its first word says only that something is added or changed.
const THINGS: [(CommitType, &str); 4] = [
    (CommitType::Fix, "bug bugs crash crashes regression leak typo deadlock"),
    (CommitType::Test, "test tests coverage fixture fixtures"),
    (CommitType::Docs, "readme documentation docs changelog tutorial docstrings"),
    (CommitType::Chore, "dependency dependencies lockfile ci pipeline workflow linter gitignore"),
];

/// First words that do not say themselves what is done.
const OPEN: &str =
    "add write create update improve extend remove delete drop make set change complete finish";

/// The type of a task's commit, and the rest of the title: without the type, if the title begins with one (`fix(api): …`).
pub fn commit_type(title: &str) -> (CommitType, &str) {
    if let Some(written) = written(title) {
        return written;
    }
    let words: Vec<String> = title
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let has = |list: &str, word: &str| list.split(' ').any(|known| known == word);
    let first = words.first().map(String::as_str).unwrap_or_default();
    let by_verb = VERBS.iter().find(|(_, verbs)| has(verbs, first));
    let by_thing =
        || THINGS.iter().find(|(_, things)| has(OPEN, first) && words.iter().any(|word| has(things, word)));
    (by_verb.or_else(by_thing).map_or(CommitType::Feat, |(kind, _)| *kind), title)
}

fn written(title: &str) -> Option<(CommitType, &str)> {
    let (before, rest) = title.split_once(':')?;
    let word = before.split('(').next()?.trim_end_matches('!').trim().to_ascii_lowercase();
    let rest = rest.trim_start();
    let kind = CommitType::ALL.into_iter().find(|kind| kind.as_str() == word)?;
    (!rest.is_empty()).then_some((kind, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_words_of_a_title_tell_the_type() {
        for (title, kind, rest) in [
            ("Add coupon table", CommitType::Feat, "Add coupon table"),
            ("Fix the rounding of totals", CommitType::Fix, "Fix the rounding of totals"),
            ("Remove the crash on an empty cart", CommitType::Fix, "Remove the crash on an empty cart"),
            ("Rename Cart to Basket", CommitType::Refactor, "Rename Cart to Basket"),
            ("Add tests of the parser", CommitType::Test, "Add tests of the parser"),
            ("Test the parser", CommitType::Test, "Test the parser"),
            ("Update the README", CommitType::Docs, "Update the README"),
            ("Bump serde to 2", CommitType::Chore, "Bump serde to 2"),
            ("Update dependencies", CommitType::Chore, "Update dependencies"),
            ("fix(api)!: totals", CommitType::Fix, "totals"),
            ("Docs: how to install", CommitType::Docs, "how to install"),
            ("Login: show why it failed", CommitType::Feat, "Login: show why it failed"),
            ("Show test results", CommitType::Feat, "Show test results"),
            ("fix:", CommitType::Fix, "fix:"),
            ("", CommitType::Feat, ""),
        ] {
            assert_eq!(commit_type(title), (kind, rest), "{title}");
        }
    }

    proptest! {
        #[test]
        fn the_rest_is_an_end_of_the_title(title in ".{0,40}") {
            prop_assert!(title.ends_with(commit_type(&title).1));
        }
    }
}
