//! Which files of a repository can be plans, by their paths: those that a format knows, at any depth that git does not
//! ignore, and those that `plans = [...]` adds, wherever they are. Never walks without an end.

use alfine_core::plan::{self, PlanFormat};
use alfine_git::Ignored;
use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders that hold what tools made, however they are called above.
const NEVER_INTO: [&str; 5] = [".git", "node_modules", "target", ".venv", "__pycache__"];
/// How deep a glob looks below its literal beginning, and what has the path of a plan below the root.
const DEEPEST: usize = 12;
/// How many entries of folders all globs together look at, and the search of the whole tree. A large monorepo has as many
/// files.
const MOST_ENTRIES: usize = 200_000;

/// Lists the files below a repository's root that can be plans, from there, `/` separated, in order.
pub fn plan_files(root: &Path, globs: &[String]) -> Vec<String> {
    let mut found = in_usual_places(root, globs);
    let mut left = MOST_ENTRIES;
    search(root, &mut left, &mut found);
    if left == 0 {
        tracing::warn!(
            "there are more than {MOST_ENTRIES} files; some plans deep below the root were not found"
        );
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Adds what has the path of a plan, at any depth that git does not ignore and no other repository begins. One walk, which
/// looks at each entry once.
fn search(root: &Path, left: &mut usize, found: &mut Vec<String>) {
    let Ok(ignored) = Ignored::of(root) else { return };
    let mut folders = vec![(PathBuf::new(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries: Vec<(String, bool)> = names(&root.join(&folder)).take(*left).collect();
        *left -= entries.len();
        if depth > 0 && entries.iter().any(|(name, _)| name == ".git") {
            continue;
        }
        for (name, is_folder) in entries {
            let path = folder.join(&name);
            if is_folder {
                let is_left_out = depth == DEEPEST || NEVER_INTO.contains(&name.as_str());
                if !is_left_out && !ignored.holds(&path) {
                    folders.push((path, depth + 1));
                }
            } else if let Some(name) = path.to_str().filter(|name| plan::is_plan_path(name))
                && !ignored.holds(&path)
            {
                found.push(name.to_owned());
            }
        }
    }
}

/// Lists those of them that are beside the root, in the folders of tools, and where globs say. A short look, which is had
/// again and again.
pub fn in_usual_places(root: &Path, globs: &[String]) -> Vec<String> {
    let mut found: Vec<String> = names(root)
        .filter(|(name, is_folder)| !is_folder && plan::is_plan_path(name))
        .map(|(name, _)| name)
        .collect();
    let mut left = MOST_ENTRIES;
    let usual: Vec<&str> = usual();
    for glob in usual.into_iter().chain(globs.iter().map(String::as_str)) {
        let glob = glob.trim_start_matches("./");
        // The settings were checked, so an invalid glob never gets here.
        let Ok(matcher) = GlobBuilder::new(glob).literal_separator(true).build() else { continue };
        let matcher = matcher.compile_matcher();
        // A path that is there goes before its reading as a pattern.
        if !matcher.is_match(glob) && root.join(glob).is_file() {
            found.push(glob.to_owned());
        }
        walk(root, &literal_folder(glob), &matcher, &mut left, &mut found);
    }
    if left == 0 {
        tracing::warn!(
            "plans = [...] names more than {MOST_ENTRIES} files to look at; some plans were not found"
        );
    }
    found
}

/// Files that look like plans and are none by their names and the settings, from the root: what was meant, where no plan
/// is found. A short look, and the nearest to the root first.
pub(crate) fn likely_plans(root: &Path) -> Vec<String> {
    const MOST: usize = 5;
    const MOST_LOOKED_AT: usize = 20_000;
    const DEEPEST: usize = 4;
    /// Hidden folders in which tools keep plans.
    const OF_TOOLS: [&str; 7] =
        [".claude", ".cursor", ".kiro", ".ralph", ".specify", ".taskmaster", ".plans"];
    let mut left = MOST_LOOKED_AT;
    let mut found = Vec::new();
    let mut level = vec![PathBuf::new()];
    for _ in 0..=DEEPEST {
        let mut below = Vec::new();
        for folder in level {
            let mut entries: Vec<(String, bool)> = names(&root.join(&folder)).take(left).collect();
            left -= entries.len();
            entries.sort();
            for (name, is_folder) in entries {
                let path = folder.join(&name);
                let is_hidden = name.starts_with('.') && !OF_TOOLS.contains(&name.as_str());
                if is_folder {
                    if !is_hidden && !NEVER_INTO.contains(&name.as_str()) {
                        below.push(path);
                    }
                } else if let Some(path) = path.to_str().filter(|path| plan::is_likely_plan(path)) {
                    found.push(path.to_owned());
                }
            }
        }
        level = below;
    }
    found.truncate(MOST);
    found
}

/// The globs of plans that need no setting, from the formats.
fn usual() -> Vec<&'static str> {
    plan::formats().flat_map(PlanFormat::folders).copied().collect()
}

/// The folders, from the root, that hold plans without a setting, at any depth.
pub fn usual_folders() -> Vec<PathBuf> {
    usual().into_iter().map(literal_folder).collect()
}

/// The folders, from the root, that everything the globs match is in.
pub fn plan_folders(globs: &[String]) -> Vec<PathBuf> {
    globs.iter().map(|glob| literal_folder(glob.trim_start_matches("./"))).collect()
}

/// Builds the globs that say whether a name is a plan's. Invalid globs are left out.
pub fn plan_globs(globs: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    let globs = globs.iter().map(|glob| glob.trim_start_matches("./"));
    for glob in globs.flat_map(|glob| [glob.to_owned(), globset::escape(glob)]) {
        if let Ok(glob) = GlobBuilder::new(&glob).literal_separator(true).build() {
            set.add(glob);
        }
    }
    set.build().unwrap_or_else(|error| {
        tracing::warn!("plans = [...] is left out: {error}");
        GlobSet::empty()
    })
}

/// A plan's name, of its path from the root; `None` if that is none, or not UTF-8.
pub fn name_of(inside: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = inside.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/")).filter(|name| !name.is_empty())
}

/// The folder that everything a glob matches is in.
fn literal_folder(glob: &str) -> PathBuf {
    let special = |part: &&str| part.contains(['*', '?', '[', '{', '\\']);
    let folder = glob.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.split('/').take_while(|part| !special(part)).collect()
}

fn walk(root: &Path, from: &Path, glob: &GlobMatcher, left: &mut usize, found: &mut Vec<String>) {
    let mut folders = vec![(from.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        for (name, is_folder) in names(&root.join(&folder)) {
            let Some(rest) = left.checked_sub(1) else { return };
            *left = rest;
            let path = folder.join(&name);
            if is_folder {
                if depth < DEEPEST && !NEVER_INTO.contains(&name.as_str()) {
                    folders.push((path, depth + 1));
                }
            } else if glob.is_match(&path) {
                found.extend(path.to_str().map(str::to_owned));
            }
        }
    }
}

/// The names in a folder, and whether each is a folder. A link to a folder does not count as a folder: it could lead
/// out of the repository, or in circles.
fn names(folder: &Path) -> impl Iterator<Item = (String, bool)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?.is_dir())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    fn found(files: &[&str], globs: &[&str]) -> Vec<String> {
        let globs: Vec<String> = globs.iter().map(|&glob| glob.to_owned()).collect();
        plan_files(tree(files).path(), &globs)
    }

    #[test]
    fn usual_names_and_the_plans_folder_need_no_setting() {
        let files =
            ["PLAN.md", "a.plan.md", "README.md", "docs/PLAN.md", ".alfine/plans/a/b.md", ".alfine/x.md"];
        assert_eq!(in_usual_places_of(&files), [".alfine/plans/a/b.md", "PLAN.md", "a.plan.md"]);
        let of_tools = [
            ".kiro/specs/a/tasks.md",
            ".ralph/fix_plan.md",
            ".taskmaster/tasks/tasks.json",
            "backlog/tasks/task-1 - A.md",
            "docs/superpowers/plans/a.md",
            "openspec/changes/a/tasks.md",
            "prd.json",
            "scripts/ralph/prd.json",
            "specs/001-a/tasks.md",
        ];
        let others =
            ["openspec/changes/archive/a/tasks.md", "package.json", ".vscode/tasks.json", "specs/a/spec.md"];
        assert_eq!(in_usual_places_of(&[&of_tools[..], &others].concat()), of_tools);
    }

    fn in_usual_places_of(files: &[&str]) -> Vec<String> {
        let mut found = in_usual_places(tree(files).path(), &[]);
        found.sort();
        found
    }

    #[test]
    fn plans_are_found_at_any_depth_that_git_does_not_ignore() {
        let plans = [
            "PLAN.md",
            "docs/work/TODO.md",
            "packages/api/.kiro/specs/x/tasks.md",
            "packages/api/prd.json",
            "packages/web/.taskmaster/tasks/tasks.json",
            "packages/web/docs/stories/1.2.md",
        ];
        let others = [
            "node_modules/x/PLAN.md",
            "packages/api/node_modules/x/PLAN.md",
            "build/PLAN.md",
            "packages/api/out/PLAN.md",
            "packages/api/draft.plan.md",
            "vendor/other/.git",
            "vendor/other/PLAN.md",
            "vendor/other/deep/PLAN.md",
            "packages/api/README.md",
            "packages/api/tasks.json",
        ];
        let root = tree(&[&plans[..], &others].concat());
        git2::Repository::init(root.path()).unwrap();
        fs::write(root.path().join(".gitignore"), "build/\n/packages/*/out\ndraft.*\n").unwrap();
        assert_eq!(plan_files(root.path(), &[]), plans);
        // What a setting names is found wherever it is.
        let named = plan_files(root.path(), &["build/*.md".to_owned()]);
        assert_eq!(named, [&["PLAN.md", "build/PLAN.md"], &plans[1..]].concat());
    }

    #[test]
    fn the_search_looks_at_each_entry_once() {
        let root = tempfile::tempdir().unwrap();
        git2::Repository::init(root.path()).unwrap();
        for folder in 0..100 {
            let folder = root.path().join(format!("a/b{folder}"));
            fs::create_dir_all(&folder).unwrap();
            for file in 0..20 {
                fs::write(folder.join(format!("{file}.md")), "").unwrap();
            }
        }
        let (mut left, mut found) = (MOST_ENTRIES, Vec::new());
        search(root.path(), &mut left, &mut found);
        // `.git`, `a`, its folders and their files.
        assert_eq!((MOST_ENTRIES - left, found.len()), (2 + 100 + 2000, 0));
        let mut few = 10;
        search(root.path(), &mut few, &mut found);
        assert_eq!(few, 0);
    }

    #[test]
    fn what_looks_like_a_plan_is_found_where_people_put_it() {
        let files = [
            "prd.json",
            "IMPLEMENTATION_PLAN.md",
            "docs/plans/x.md",
            "packages/a/PLAN.md",
            ".kiro/specs/a/tasks.md",
            "README.md",
            "package.json",
            "node_modules/x/PLAN.md",
            "src/planner.md",
        ];
        let root = tree(&files);
        let mut likely = likely_plans(root.path());
        likely.sort();
        let mut expected = files[..5].to_vec();
        expected.sort_unstable();
        assert_eq!(likely, expected);
    }

    #[test]
    fn a_glob_adds_what_it_matches_and_nothing_deeper() {
        let files = ["docs/work/a.md", "docs/work/old/b.md", "docs/c.md"];
        assert_eq!(found(&files, &["docs/work/*.md"]), ["docs/work/a.md"]);
        assert_eq!(found(&files, &["./docs/work/**/*.md"]), ["docs/work/a.md", "docs/work/old/b.md"]);
        assert_eq!(found(&files, &["docs/c.md"]), ["docs/c.md"]);
        assert_eq!(found(&files, &["nowhere/*.md", "["]), [""; 0]);
    }

    #[test]
    fn what_is_searched_is_what_is_matched_and_watched() {
        let globs = ["./docs/plans/*.md", "a.md", "**/b.md", "x/{c,d}.md", "["].map(str::to_owned);
        assert_eq!(plan_folders(&globs), ["docs/plans", "", "", "x", ""].map(PathBuf::from));
        let set = plan_globs(&globs);
        let matched = ["docs/plans/a.md", "docs/plans/old/a.md", "a.md", "deep/er/b.md", "x/d.md", "y.md"]
            .map(|name| set.is_match(name));
        assert_eq!(matched, [true, false, true, true, true, false]);
    }

    #[test]
    fn no_glob_looks_into_what_tools_made_or_follows_a_link() {
        let files = ["node_modules/x/a.md", "packages/target/a.md", ".git/a.md", "packages/a.md"];
        assert_eq!(found(&files, &["**/a.md"]), ["packages/a.md"]);

        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(root.path(), root.path().join("circle")).unwrap();
        fs::write(root.path().join("a.md"), "").unwrap();
        assert_eq!(plan_files(root.path(), &["**/a.md".to_owned()]), ["a.md"]);
    }

    #[test]
    fn a_folder_without_an_end_is_left() {
        let root = tempfile::tempdir().unwrap();
        let deep = "d/".repeat(DEEPEST + 2);
        fs::create_dir_all(root.path().join(&deep)).unwrap();
        fs::write(root.path().join(&deep).join("a.md"), "").unwrap();
        assert_eq!(plan_files(root.path(), &["**/a.md".to_owned()]), [""; 0]);
    }
}
