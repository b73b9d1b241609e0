//! Whether what a loop would commit is what people commit: looked at before its checks decide.
//!
//! The agent is told first, and mostly ignores or removes what slipped in. What is still there when it claims again is
//! the user's to decide: Alfine neither commits a key because all else is green, nor drops what the task may be about.

use super::{controls::globs, owner::Runner};
use crate::Result;
use alfine_core::{
    finding::Finding,
    unusual::{self, NewFile, Unusual},
};
use alfine_git::{AddedFile, Objects, Repository};
use alfine_verify::{VerifierExit, VerifierResult};
use globset::GlobSet;
use std::{path::PathBuf, time::Duration};

/// The name of the check. An agent is told by it, and it stands in the proof of what a user let through.
pub(super) const NAME: &str = "nothing unusual is committed";
/// The most files that a message names. The user is asked about them by name, so that none is taken unseen: there are few
/// more, for a folder of dependencies or of leftovers is one.
const NAMED: usize = 100;
/// The largest file in which a key is looked for, in bytes: nobody writes a longer one by hand.
const LARGEST_READ: u64 = 1 << 20;
/// The largest file of which it is looked whether it is a program.
const LARGEST_PROGRAM: u64 = 10 << 20;
/// The most files in which keys are looked for: more of them are unusual for their number.
const MOST_READ: usize = 5_000;

/// What a loop would commit.
pub(super) struct Claimed {
    repository: Repository,
    /// The trees before the loop and now, as hex.
    trees: (String, String),
    /// The commits before the loop and now, likewise.
    heads: (Option<String>, Option<String>),
    own: Vec<PathBuf>,
    may_commit: GlobSet,
    /// Whether the agent was told of something unusual, and claimed again.
    told: bool,
}

impl Runner<'_> {
    /// What is looked at; `None` where no checkpoint says what was there before.
    pub(super) fn claimed(&self) -> Result<Option<Claimed>> {
        let (Some(base), Some(now)) = (self.state.base(), &self.checkpoint) else { return Ok(None) };
        Ok(Some(Claimed {
            repository: self.project.repository.clone(),
            trees: (base.tree.clone(), now.tree.clone()),
            heads: (Some(base.head.clone()).filter(|head| !head.is_empty()), now.head.clone()),
            own: self.surroundings().own,
            may_commit: globs(&self.spec.may_commit),
            told: self.was_told_of_unusual()?,
        }))
    }

    /// Whether the checks of the last claim found something unusual.
    pub(super) fn was_told_of_unusual(&self) -> Result<bool> {
        let last = self.project.store.latest_verifications(&self.row.id)?;
        Ok(last.iter().any(|row| row.verifier == NAME && !row.passed))
    }
}

impl Claimed {
    /// The result of the check; `None` if it has nothing to say.
    pub(super) fn check(&self) -> Result<Option<VerifierResult>> {
        let objects = self.repository.objects()?;
        let (mut in_tree, in_commits) = self.unusual(&objects)?;
        // What gives somebody access comes first, in case that not all can be named.
        in_tree.sort_by_key(|unusual| !unusual.is_key());
        let was_there = |path: &str| objects.has_path(&self.trees.0, path).unwrap_or(false);
        if in_tree.is_empty() && in_commits.is_empty() && !self.told {
            return Ok(None);
        }
        let findings: Vec<Finding> = in_tree
            .iter()
            .take(NAMED)
            .map(|unusual| remedy(unusual, was_there(&unusual.path)))
            .chain(in_commits.iter().take(NAMED).map(|(commit, key)| remedy_in_history(commit, key)))
            .collect();
        let count = in_tree.len() + in_commits.len();
        let more = count - findings.len();
        let more = (more > 0).then(|| Finding {
            code: Some(format!("and {more} more")),
            ..Finding::error(format!("and {more} more that are rarely committed"))
        });
        let findings: Vec<Finding> = findings.into_iter().chain(more).collect();
        Ok(Some(VerifierResult {
            name: NAME.to_owned(),
            criterion: None,
            passed: count == 0,
            exit: VerifierExit::Unusual { count },
            duration: Duration::ZERO,
            output: findings.iter().map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("\n"),
            tests: None,
            findings,
            weight: 0.0,
            required: true,
        }))
    }

    /// What is unusual in the tree, and the keys that only commits of the branch have.
    fn unusual(&self, objects: &Objects) -> Result<(Vec<Unusual>, Vec<(String, Unusual)>)> {
        let (from, to) = (self.trees.0.as_str(), self.trees.1.as_str());
        let heads = (self.heads.0.as_deref(), self.heads.1.as_deref());
        let mut tree = Vec::new();
        let mut commits = Vec::new();
        for (n, file) in self.repository.added((from, to), heads, &self.own)?.iter().enumerate() {
            let path = String::from_utf8_lossy(&file.path).into_owned();
            if self.may_commit.is_match(&path) {
                continue;
            }
            let is_read = n < MOST_READ && file.bytes <= LARGEST_READ;
            let is_looked_into = is_read || file.before.is_none() && file.bytes <= LARGEST_PROGRAM;
            let content = if is_looked_into { objects.content(&file.content)? } else { Vec::new() };
            let has_key = is_read && has_new_key(objects, file, &content)?;
            // Of a file that was there before, only a key is news.
            if file.before.is_some() && !has_key {
                continue;
            }
            let new = NewFile {
                path,
                bytes: file.bytes,
                has_key,
                is_program: !file.is_link && is_program(&content),
                link: file.is_link.then(|| String::from_utf8_lossy(&content).into_owned()),
            };
            match &file.commit {
                None => tree.push(new),
                Some(commit) => commits.push((commit.clone(), new)),
            }
        }
        // A tree that cannot be read was an error above already.
        let was_there = |folder: &str| objects.has_path(from, folder).unwrap_or(false);
        let found = unusual::find(&tree, &was_there);
        let keys = commits.into_iter().filter_map(|(commit, file)| {
            let key = unusual::find(&[file], &|_| false).into_iter().find(Unusual::is_key)?;
            Some((commit, key))
        });
        Ok((found, keys.collect()))
    }
}

/// How the files of compilers begin: for Linux, macOS (for one kind of machine each), and the web.
const PROGRAMS: [&[u8]; 6] = [
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\0asm",
];

/// Says whether a compiler made a file.
fn is_program(content: &[u8]) -> bool {
    // For Windows; a text may begin with these letters.
    let is_for_windows = content.starts_with(b"MZ") && content.iter().take(512).any(|byte| *byte == 0);
    is_for_windows || PROGRAMS.iter().any(|begin| content.starts_with(begin))
}

/// Says whether a key is in a file that was not in it before.
fn has_new_key(objects: &Objects, file: &AddedFile, content: &[u8]) -> Result<bool> {
    let has_key =
        |text: &[u8]| alfine_secrets::has_issued_key(text) || alfine_secrets::has_database_login(text);
    Ok(match &file.before {
        _ if !has_key(content) => false,
        Some(before) => !has_key(&objects.content(before)?),
        None => true,
    })
}

/// What the user is asked about: of this the agent was told, and nothing else fails.
pub(super) fn to_ask(told: bool, results: &[VerifierResult]) -> Vec<String> {
    let mut failed = results.iter().filter(|result| !result.passed);
    match (failed.next(), failed.next()) {
        (Some(only), None) if told && only.name == NAME => {
            only.findings.iter().filter_map(|finding| finding.code.clone()).collect()
        }
        _ => Vec::new(),
    }
}

fn remedy(unusual: &Unusual, was_there: bool) -> Finding {
    let path = unusual.path.as_str();
    let message = match (unusual.is_key(), was_there && !path.is_empty()) {
        (true, true) => {
            format!("new in a file of the repository: {unusual}; take the key out of the file again")
        }
        (true, false) => format!(
            "new, and rarely committed: {unusual}; keep it out of the repository: have git ignore it, or remove it"
        ),
        (false, _) => format!(
            "new, and rarely committed: {unusual}; have git ignore it if it is not part of the work, or remove it"
        ),
    };
    Finding { file: Some(path.to_owned()), code: Some(unusual.to_string()), ..Finding::error(message) }
}

fn remedy_in_history(commit: &str, key: &Unusual) -> Finding {
    let commit = commit.get(..10).unwrap_or(commit);
    let message = format!(
        "in the commit {commit} of this branch, though no longer in its files: {key}; whoever gets the branch gets it, so \
         make the branch's commits again without it"
    );
    Finding { code: Some(format!("{key} in the commit {commit}")), ..Finding::error(message) }
}
