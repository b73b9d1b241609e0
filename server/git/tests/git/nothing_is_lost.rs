//! Whatever state the user's tree is in: checkpoints, refused and accepted merges and rewinds lose nothing of it.

use crate::fixture::{Fixture, everything, make_executable, spec, write};
use alfine_git::{GitError, MergeSpec, RewindSpec};
use proptest::prelude::*;
use std::{collections::BTreeMap, fs, path::Path};

/// Files, folders and swaps of both, a few names so that they meet.
const NAMES: [&str; 8] = ["a", "b", "d/a", "d/b", "d/e/c", "n", "n/x", "log.ignored"];

#[derive(Debug, Clone)]
enum Act {
    Write(usize, u8),
    Remove(usize),
    Executable(usize),
    Stage(usize),
    StageAll,
}

fn act() -> impl Strategy<Value = Act> {
    let name = 0..NAMES.len();
    prop_oneof![
        4 => (name.clone(), 0..4u8).prop_map(|(name, content)| Act::Write(name, content)),
        2 => name.clone().prop_map(Act::Remove),
        1 => name.clone().prop_map(Act::Executable),
        2 => name.prop_map(Act::Stage),
        1 => Just(Act::StageAll),
    ]
}

fn perform(root: &Path, act: &Act) {
    let git = |args: &[&str]| {
        let _ = crate::fixture::git_command(root).args(args).output().unwrap();
    };
    match act {
        Act::Write(name, content) => {
            let path = root.join(NAMES[*name]);
            for above in
                Path::new(NAMES[*name]).ancestors().skip(1).filter(|above| !above.as_os_str().is_empty())
            {
                if root.join(above).is_file() {
                    fs::remove_file(root.join(above)).unwrap();
                }
            }
            if path.is_dir() {
                fs::remove_dir_all(&path).unwrap();
            }
            write(&path, &format!("{content}\n").repeat(3));
        }
        Act::Remove(name) => {
            let _ = fs::remove_file(root.join(NAMES[*name]));
        }
        Act::Executable(name) => {
            if root.join(NAMES[*name]).is_file() {
                make_executable(&root.join(NAMES[*name]));
            }
        }
        Act::Stage(name) => git(&["add", "--", NAMES[*name]]),
        Act::StageAll => git(&["add", "-A"]),
    }
}

fn git_state(fixture: &Fixture) -> (String, String) {
    (fixture.git(&["ls-files", "-s"]), fixture.git(&["for-each-ref", "refs/heads"]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn nothing_the_user_had_is_lost(
        base in prop::collection::vec(act(), 0..6),
        task in prop::collection::vec(act(), 1..6),
        ours in prop::collection::vec(act(), 0..4),
        user in prop::collection::vec(act(), 0..8),
    ) {
        let fixture = Fixture::empty();
        fixture.write(".gitignore", "*.ignored\n");
        base.iter().for_each(|act| perform(&fixture.root, act));
        fixture.commit("Base");
        fixture.git(&["checkout", "-q", "-b", "task"]);
        task.iter().for_each(|act| perform(&fixture.root, act));
        fixture.commit("feat: [T] Task");
        fixture.git(&["checkout", "-q", "-f", "main"]);
        fixture.git(&["clean", "-qfdx"]);
        ours.iter().for_each(|act| perform(&fixture.root, act));
        fixture.commit("Ours");
        user.iter().for_each(|act| perform(&fixture.root, act));

        // A checkpoint changes nothing and holds everything that is not ignored.
        let files = everything(&fixture.root);
        let state = git_state(&fixture);
        let taken = fixture.checkpoint(1);
        prop_assert_eq!(&everything(&fixture.root), &files);
        prop_assert_eq!(git_state(&fixture), state.clone());
        let tracked = fixture.git(&["ls-files"]);
        let mut expected: Vec<String> = files
            .keys()
            .map(|name| String::from_utf8(name.clone()).unwrap())
            .filter(|name| !name.ends_with(".ignored") || tracked.lines().any(|line| line == name))
            .collect();
        expected.sort();
        prop_assert_eq!(fixture.files_of(&taken.commit), expected);

        // A merge lands beside what is uncommitted, or touches nothing.
        let merged = fixture.repo().merge(&MergeSpec {
            branch: "task".to_owned(),
            target_branch: "main".to_owned(),
            task_id: "T".to_owned(),
            message: "feat: [T] Task".to_owned(),
            proven: None,
        }, None, &|_| false);
        let after = everything(&fixture.root);
        match merged {
            Ok(_) => {
                let landed = changed_paths(&fixture, &taken.head.clone().unwrap());
                let untouched = |files: &BTreeMap<Vec<u8>, (u32, Vec<u8>)>| -> BTreeMap<_, _> {
                    files.iter().filter(|(path, _)| !landed.contains(*path)).map(|(p, f)| (p.clone(), f.clone())).collect()
                };
                prop_assert_eq!(untouched(&after), untouched(&files));
                // What landed is committed, and the user's own changes are exactly those that were there.
                let status = fixture.git(&["status", "--porcelain", "--untracked-files=all"]);
                for path in &landed {
                    let path = String::from_utf8(path.clone()).unwrap();
                    let open = status.lines().find(|line| line.get(3..) == Some(&path));
                    prop_assert_eq!(open, None);
                }
            }
            Err(GitError::Conflicts { .. } | GitError::InTheWay { .. }) => {
                prop_assert_eq!(&after, &files);
                prop_assert_eq!(git_state(&fixture), state);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }

        // And back to where it was, file for file.
        let present = fixture.checkpoint(2);
        let surroundings = fixture.surroundings();
        let back = RewindSpec { to: &taken, present: &present, surroundings: &surroundings };
        fixture.repo().rewind(&fixture.root, &back).unwrap();
        prop_assert_eq!(&everything(&fixture.root), &files);
        prop_assert_eq!(Some(fixture.head()), taken.head.clone());
        let again = fixture.repo().checkpoint(&fixture.root, &spec(3, &surroundings)).unwrap();
        prop_assert_eq!(again.tree, taken.tree);
    }
}

/// The paths that a merge changed.
fn changed_paths(fixture: &Fixture, before: &str) -> Vec<Vec<u8>> {
    let listed = fixture.git(&["diff", "--name-only", "--no-renames", before, "HEAD"]);
    listed.lines().map(|line| line.as_bytes().to_vec()).collect()
}
