//! The run that decides, on a bench, and the controls of the checks that passed it: on the tree that the loop started from,
//! there with the loop's material, and on the loop's work with the material of before.

mod browsing;
mod changes;
mod diagnosing;
mod on_demand;
mod own;
mod together;

pub(crate) use on_demand::{Told, answers, checks_of};
pub(crate) use together::failing_together;

use self::{
    changes::{Changed, Changes, Place},
    own::Own,
};
use super::{environments::Environment, judge::Judge, message::Decided, named::Named, owner::Runner};
use crate::{
    Error, Result,
    bench::{self, Benches, HeldBench},
    project::Project,
    surroundings,
    task_spec::TaskSpec,
};
use alfine_config::Control;
use alfine_core::{
    at_head::check_id,
    finding::Finding,
    machine::Color,
    material::{Material, NamesData, takes_a_name},
    news::News,
    plan::{Isolation, ProvenBy, program_of},
    printable::enumerated,
    proof::{Answer, ChangedMaterial, CheckProof, Control as MadeControl, ControlKind, Runs, Said, Standing},
    signature,
    unusual::holds_dependencies,
};
use alfine_files::{Layout, programs};
use alfine_git::{Bench, Repository};
use alfine_store::{AnswerKey, Store};
use alfine_verify::{
    Pages, VerifierExit, VerifierKind, VerifierResult, VerifierSpec, VerifyContext, test_report,
};
use globset::{Glob, GlobSet, GlobSetBuilder};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a check's processes have to end themselves before they are killed.
pub(super) const GRACE: Duration = Duration::from_secs(2);
/// How long a bench's setup may take.
const SETUP_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// What a bench's setup depends on besides its own text and the [`LOCKFILES`].
const SETUP_FILES: &[&str] = &[
    "package.json",
    "Cargo.lock",
    "go.sum",
    "requirements.txt",
    "pyproject.toml",
    "pubspec.lock",
    "Podfile.lock",
    "packages.lock.json",
    "gradle.lockfile",
    "flake.lock",
];
/// What says of dependencies that they have to be installed before checks can run.
const LOCKFILES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "uv.lock",
    "poetry.lock",
    "Pipfile.lock",
    "pdm.lock",
    "Gemfile.lock",
    "composer.lock",
    "mix.lock",
];
/// What package managers write beside the packages that they installed, and what says of them which they are.
const INSTALLED: &[&str] =
    &[".package-lock.json", ".modules.yaml", ".yarn-state.yml", "composer/installed.json"];

/// What decides on a claim, and where.
pub(super) struct Decider {
    pub(super) repository: Repository,
    layout: Layout,
    benches: Benches,
    /// The tree before the whole loop, and its commit.
    pub(super) base: (String, String),
    /// The claimed tree.
    pub(super) claimed: String,
    /// The plan whose checks they are.
    plan: String,
    /// What of a tree is not the work: the plan, and Alfine's own files.
    pub(super) own: Vec<PathBuf>,
    /// What the worktree of the loop got: a setup, copies, links.
    setup: Option<String>,
    copy: Vec<String>,
    link: Vec<String>,
    setup_env: Vec<(OsString, OsString)>,
    material: GlobSet,
    work: GlobSet,
    /// The material that the task is meant to change.
    may_change: MayChange,
    /// What is run before each run of a check.
    before: Option<String>,
    /// What all checks use, one at a time.
    uses: Vec<String>,
    proven_by: Option<ProvenBy>,
    /// Whether the agent says why it changed checks: then the user decides, and it is no rework.
    explained: bool,
    /// Whether no control is asked for any more: what the checks are worth was found out before.
    is_landing: bool,
    worktree: PathBuf,
    /// Whether nothing is installed in that worktree yet.
    is_bare: bool,
    /// Who is asked what no command decides.
    pub(super) judge: Option<Judge>,
    /// Where pictures are kept.
    evidence: Option<PathBuf>,
}

/// The material that a task is meant to change.
struct MayChange {
    globs: GlobSet,
    kinds: Vec<Material>,
}

impl MayChange {
    /// Takes the globs of a plan; `tests` and `snapshots` mean those of the repository. A folder means all that is in it.
    fn new(said: &[String]) -> Self {
        let mut kinds = Vec::new();
        let mut patterns = Vec::new();
        for said in said {
            match said.as_str() {
                "tests" => kinds.extend([Material::Test, Material::InSource]),
                "snapshots" => kinds.push(Material::Snapshot),
                path => {
                    let path = path.strip_prefix("./").unwrap_or(path);
                    patterns.push(path.to_owned());
                    patterns.push(format!("{}/**", path.trim_end_matches('/')));
                }
            }
        }
        Self { globs: globs(&patterns), kinds }
    }

    fn has(&self, path: &Path, is: Material) -> bool {
        self.kinds.contains(&is) || self.globs.is_match(path)
    }
}

/// Who is told what happens.
pub(super) struct Watcher<'w> {
    pub(super) observe: &'w mut dyn FnMut(&VerifierResult),
    pub(super) tell: &'w mut dyn FnMut(News),
}

/// A bench that is ready for checks.
pub(super) struct Prepared {
    _held: HeldBench,
    /// The environment of the checks, with the number of the bench.
    env: Environment,
    bench: Bench,
    /// The tree that the loop started from, as checks see it.
    pub(super) base: String,
    /// The hash of what it is set up with.
    setup: String,
}

impl Decided {
    /// Nothing could be decided.
    pub(super) fn failed(error: &Error) -> Self {
        Self { results: vec![undecided(error)], ..Self::default() }
    }
}

impl Runner<'_> {
    /// What decides on a claim; `None` where no control is wanted, or nothing says what was there before.
    pub(super) fn decider(&self) -> Option<Decider> {
        let (Some(base), Some(now)) = (self.state.base(), &self.checkpoint) else { return None };
        if self.spec.proof.control == Control::Off || base.head.is_empty() {
            return None;
        }
        Some(Decider {
            evidence: Some(self.project.layout.transcripts(self.row.id.as_str())),
            explained: self.state.gate().gate.as_ref().is_some_and(|gate| gate.checks_changed.is_some()),
            ..Decider::new(
                self.project,
                &self.spec,
                (base.tree.clone(), base.head.clone()),
                now.tree.clone(),
                &self.row.task.plan,
                self.worktree(),
                self.environments.setup.clone(),
            )
        })
    }
}

/// The globs of a setting. A pattern that is none was refused with the settings.
pub(super) fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    patterns.iter().flat_map(|glob| Glob::new(glob)).for_each(|glob| {
        set.add(glob);
    });
    set.build().unwrap_or_default()
}

impl Decider {
    /// What decides on a tree, `claimed`, beside `base`, for a task in this worktree whose agent explains nothing.
    pub(super) fn new(
        project: &Project,
        spec: &TaskSpec,
        base: (String, String),
        claimed: String,
        plan: &str,
        worktree: PathBuf,
        setup_env: Vec<(OsString, OsString)>,
    ) -> Self {
        let repository = project.repository.clone();
        let in_worktree = spec.isolation == Isolation::Worktree;
        Self {
            benches: Benches { folder: bench::folder_of(project), most: spec.proof.benches },
            layout: project.layout.clone(),
            base,
            claimed,
            plan: plan.to_owned(),
            own: surroundings::own_files_of(plan),
            setup: spec.setup.clone().filter(|_| in_worktree),
            copy: spec.copy.clone(),
            link: spec.link.clone(),
            setup_env,
            material: globs(&spec.proof.material),
            work: globs(&spec.proof.work),
            may_change: MayChange::new(&spec.may_change),
            before: spec.proof.before.clone(),
            uses: spec.proof.uses.clone(),
            proven_by: spec.proven_by,
            explained: false,
            judge: None,
            evidence: None,
            is_landing: false,
            worktree,
            is_bare: false,
            repository,
        }
    }

    /// The same with somebody who judges.
    pub(super) fn with_judge(self, judge: Option<Judge>) -> Self {
        Self { judge, ..self }
    }

    /// The same for what the work makes of another branch: `onto` is its commit.
    pub(super) fn of_landing(self, onto: String, claimed: String) -> Self {
        Self { base: (onto.clone(), onto), claimed, is_landing: true, ..self }
    }

    /// Runs the checks on the claimed tree, and if they hold, their controls. `None` if that was cancelled before it began.
    pub(super) fn decide(
        &self,
        specs: &[VerifierSpec],
        (green, yellow): (f64, f64),
        known: Vec<(AnswerKey, Said)>,
        context: &VerifyContext<'_>,
        watcher: &mut Watcher<'_>,
    ) -> Result<Option<Decided>> {
        let prepared = match self.prepare(context, watcher.tell)? {
            None => return Ok(None),
            Some(Ok(prepared)) => prepared,
            Some(Err(failed)) => {
                (watcher.observe)(&failed);
                return Ok(Some(Decided { results: vec![*failed], ..Decided::default() }));
            }
        };
        let base = &prepared.base;
        let claimed = self.repository.with_files_of(&self.claimed, &self.base.1, &self.own)?;
        let mut run = self.run_on(&prepared, context, Some(&claimed), known)?;
        let mut results = Vec::new();
        let mut failed_before = Vec::new();
        let is_asked = |spec: &&VerifierSpec| matches!(spec.kind, VerifierKind::Llm { .. });
        let questions: Vec<VerifierSpec> = specs.iter().filter(is_asked).cloned().collect();
        let specs: Vec<VerifierSpec> = specs.iter().filter(|spec| !is_asked(spec)).cloned().collect();
        let specs = self.with_changed_files(specs, base, &claimed)?;
        for spec in &specs {
            if context.cancel.is_cancelled() {
                break;
            }
            let result = match &spec.kind {
                VerifierKind::Command { .. } => {
                    let mut result = run.on(spec, &claimed)?;
                    if let Some(result) = result.as_mut() {
                        match result.answer() {
                            Answer::Empty => run.judge_empty(spec, result, base, watcher.tell)?,
                            Answer::Failed
                                if run.is_flaky(spec, result, [base, &claimed], watcher.tell)? => {}
                            Answer::Failed if run.judge_since(spec, result, base, watcher.tell)? => {
                                failed_before.push(spec.name.clone());
                            }
                            Answer::Passed | Answer::Failed | Answer::NotRun => {}
                        }
                    }
                    if let Some(result) = result.as_mut().filter(|result| !result.passed) {
                        self.explain(spec, result, context)?;
                    }
                    result
                }
                VerifierKind::Browser { pages } => run.browse(spec, pages, &claimed)?,
                VerifierKind::Diagnostics { .. } => run.diagnose(spec, [base, &claimed], watcher.tell)?,
                // It looks at what the agent has beside its work.
                VerifierKind::CleanTree { .. } | VerifierKind::Llm { .. } => {
                    alfine_verify::run(std::slice::from_ref(spec), context, &mut |_| {}).pop()
                }
            };
            if let Some(result) = result {
                (watcher.observe)(&result);
                results.push(result);
            }
        }
        let holds = alfine_verify::score(&results, green, yellow) != Color::Red;
        let mut controls = match holds && !self.is_landing && !context.cancel.is_cancelled() {
            true => Some(run.controls(&specs, &mut results, base, &claimed, watcher.tell)?),
            false => None,
        };
        // A judge is asked only where nothing that runs says no: it outvotes nothing, and costs something.
        let is_worth_it =
            |results: &[VerifierResult]| alfine_verify::score(results, green, yellow) != Color::Red;
        if let Some(controls) = controls.as_mut().filter(|_| !questions.is_empty() && is_worth_it(&results))
            && let Some(judged) = run.judge(&questions, &results, [base, &claimed], watcher.tell)?
        {
            for (result, proof) in judged {
                (watcher.observe)(&result);
                results.push(result);
                controls.extend(proof);
            }
        }
        Ok(Some(Decided { results, controls, said: run.answers, failed_before }))
    }

    /// Takes a bench and sets it up. The failed setup as a check, if it failed; `None` if that was cancelled.
    pub(super) fn prepare(
        &self,
        context: &VerifyContext<'_>,
        tell: &mut dyn FnMut(News),
    ) -> Result<Option<std::result::Result<Prepared, Box<VerifierResult>>>> {
        let mut waits = || tell(News::BenchAwaited {});
        let Some(held) = self.benches.take(context.marker, &mut waits, &|| context.cancel.is_cancelled())?
        else {
            return Ok(None);
        };
        let base = self.repository.with_files_of(&self.base.0, &self.base.1, &self.own)?;
        let installed = self.installed()?;
        let setup = self.setup_hash(&base, &installed)?;
        let (mut bench, is_set_up) = held.open(&self.repository, &self.base.1, &setup)?;
        if !is_set_up
            && let Some(failed) =
                self.set_up(&held, &mut bench, (&base, &setup, &installed), context, tell)?
        {
            return Ok(Some(Err(Box::new(failed))));
        }
        let env = with_number(context.env, &held);
        Ok(Some(Ok(Prepared { _held: held, env, bench, base, setup })))
    }

    /// Begins to run checks on a bench. `known` is what they answered before.
    pub(super) fn run_on<'a>(
        &'a self,
        prepared: &'a Prepared,
        context: &VerifyContext<'a>,
        claimed: Option<&'a str>,
        known: Vec<(AnswerKey, Said)>,
    ) -> Result<Run<'a>> {
        Ok(Run {
            decider: self,
            context: VerifyContext { root: prepared.bench.path(), claimed, env: &prepared.env, ..*context },
            store: Store::read_only(&self.layout)?,
            bench: &prepared.bench,
            setup: &prepared.setup,
            answers: known,
            program_hash: BTreeMap::new(),
            without_own: BTreeMap::new(),
        })
    }

    /// Whether checks need dependencies that only the agent may install: a lockfile is there, and neither a setup nor what
    /// it would install.
    pub(super) fn lacks_dependencies(&self) -> Result<bool> {
        if self.setup.is_some() || !self.installed()?.is_empty() {
            return Ok(false);
        }
        self.has_lockfile()
    }

    fn has_lockfile(&self) -> Result<bool> {
        Ok(!self.repository.files_named(&self.base.0, LOCKFILES)?.is_empty())
    }

    /// The dependencies that the agent installed in its worktree, where no setup is named that would bring them to a bench.
    /// They are taken as they are: without them no check could run.
    fn installed(&self) -> Result<Vec<PathBuf>> {
        if self.setup.is_some() || self.is_bare {
            return Ok(Vec::new());
        }
        let mut found = self.repository.ignored_files(&self.worktree)?;
        found.retain(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            let place = self.worktree.join(path);
            name.is_some_and(holds_dependencies) && place.is_dir() && !place.is_symlink()
        });
        Ok(found)
    }

    /// The hash of all that a bench is set up with.
    fn setup_hash(&self, base: &str, installed: &[PathBuf]) -> Result<String> {
        let mut hash = blake3::Hasher::new();
        for text in self.setup.iter().chain(&self.copy).chain(&self.link) {
            hash.update(text.as_bytes()).update(b"\0");
        }
        for path in installed {
            let folder = self.worktree.join(path);
            hash.update(path.as_os_str().as_encoded_bytes());
            let told = INSTALLED.iter().find_map(|name| std::fs::read(folder.join(name)).ok());
            if let Some(told) = told {
                hash.update(&told);
                continue;
            }
            // What is installed or taken away changes its folder.
            let changed = folder.metadata().map(|found| (found.mtime(), found.mtime_nsec()));
            hash.update(format!("{changed:?}").as_bytes());
            hash.update(self.worktree.as_os_str().as_encoded_bytes());
        }
        if self.setup.is_some() {
            for (path, id) in self.repository.files_named(base, &[LOCKFILES, SETUP_FILES].concat())? {
                hash.update(path.as_os_str().as_encoded_bytes()).update(b"\0").update(id.as_bytes());
            }
        }
        Ok(hash.finalize().to_hex().to_string())
    }

    /// Sets the bench up. The failed setup as a check, if it failed.
    fn set_up(
        &self,
        held: &HeldBench,
        bench: &mut Bench,
        (base, hash, installed): (&str, &str, &[PathBuf]),
        context: &VerifyContext<'_>,
        tell: &mut dyn FnMut(News),
    ) -> Result<Option<VerifierResult>> {
        held.note_setup("", &[])?;
        bench.kept.clear();
        bench.show(base, &self.base.1)?;
        let brought = alfine_git::provision(self.repository.workdir(), bench.path(), &self.copy, &self.link)?;
        let installed: Vec<String> = installed
            .iter()
            .filter_map(|path| path.to_str().map(|path| path.trim_end_matches('/').to_owned()))
            .collect();
        for path in &installed {
            // Those of another loop, or of an earlier moment.
            let _ = std::fs::remove_dir_all(bench.path().join(path));
        }
        alfine_git::provision(&self.worktree, bench.path(), &installed, &[])?;
        tracing::debug!("brought {} files to the bench", brought.copied.len());
        if let Some(setup) = &self.setup {
            tell(News::BenchSetup { command: setup.clone() });
            let spec = VerifierSpec { timeout: SETUP_TIMEOUT, ..VerifierSpec::command(setup.clone()) };
            let env = with_number(&self.setup_env, held);
            let context = VerifyContext { root: bench.path(), env: &env, ..*context };
            let ran = alfine_verify::run(std::slice::from_ref(&spec), &context, &mut |_| {}).pop();
            if let Some(mut ran) = ran.filter(|ran| !ran.passed) {
                if ran.exit != VerifierExit::Interrupted {
                    let reason =
                        format!("the setup `{setup}` fails on a tree of Alfine's own ({})", ran.exit);
                    ran.exit = VerifierExit::Unable { reason };
                }
                return Ok(Some(ran));
            }
        }
        bench.kept = bench.untracked()?;
        held.note_setup(hash, &bench.kept)?;
        Ok(None)
    }

    /// Says of a check that fails on the bench and passes in the agent's worktree what only the worktree has.
    fn explain(
        &self,
        spec: &VerifierSpec,
        result: &mut VerifierResult,
        context: &VerifyContext<'_>,
    ) -> Result<()> {
        if matches!(result.exit, VerifierExit::Interrupted | VerifierExit::Unable { .. }) {
            return Ok(());
        }
        let ignored = self.repository.ignored_files(&self.worktree)?;
        if ignored.is_empty() {
            return Ok(());
        }
        let there = alfine_verify::run(std::slice::from_ref(spec), context, &mut |_| {}).pop();
        if !there.is_some_and(|there| there.passed) {
            return Ok(());
        }
        let named = enumerated(ignored.iter().map(|path| format!("`{}`", path.display())));
        let words = format!(
            "it passes only in the agent's own tree: git ignores {named}, so that is in no commit and would not land"
        );
        result
            .findings
            .insert(0, Finding { code: Some("check-ignored".to_owned()), ..Finding::error(words) });
        Ok(())
    }
}

/// One decision under way.
pub(super) struct Run<'a> {
    pub(super) decider: &'a Decider,
    /// On the bench.
    pub(super) context: VerifyContext<'a>,
    store: Option<alfine_store::Reader>,
    pub(super) bench: &'a Bench,
    /// The hash of what the bench is set up with.
    setup: &'a str,
    pub(super) answers: Vec<(AnswerKey, Said)>,
    /// Of programs, which file each is.
    program_hash: BTreeMap<String, String>,
    /// Of trees, each without Alfine's own files.
    without_own: BTreeMap<String, String>,
}

impl Run<'_> {
    /// Runs a check on a tree; `None` if that was cancelled.
    pub(super) fn on(&mut self, spec: &VerifierSpec, tree: &str) -> Result<Option<VerifierResult>> {
        let uses = self.decider.uses.iter().chain(&spec.uses);
        let Some(_used) = self.decider.benches.use_alone(uses, &|| self.context.cancel.is_cancelled())?
        else {
            return Ok(None);
        };
        self.bench.show(tree, &self.decider.base.1)?;
        if let Some(failed) = self.made_ready(spec) {
            return Ok(Some(failed));
        }
        let result = alfine_verify::run(std::slice::from_ref(spec), &self.context, &mut |_| {}).pop();
        if let Some(result) = &result
            && result.exit != VerifierExit::Interrupted
            && let Some(key) = self.key(spec, tree)?
        {
            self.answers.push((key, said(result)));
        }
        Ok(result)
    }

    /// Runs what is to be run before each run of a check; the check as one that was not run if that fails.
    fn made_ready(&self, spec: &VerifierSpec) -> Option<VerifierResult> {
        let before = self.decider.before.as_ref()?;
        let ready = VerifierSpec { timeout: SETUP_TIMEOUT, ..VerifierSpec::command(before.clone()) };
        let ran = alfine_verify::run(std::slice::from_ref(&ready), &self.context, &mut |_| {}).pop()?;
        if ran.passed {
            return None;
        }
        let exit = match ran.exit {
            VerifierExit::Interrupted => VerifierExit::Interrupted,
            exit => VerifierExit::Unable { reason: format!("`proof.before` fails: `{before}`: {exit}") },
        };
        Some(VerifierResult {
            name: spec.name.clone(),
            criterion: spec.criterion,
            weight: spec.weight,
            required: spec.required,
            exit,
            ..ran
        })
    }

    /// What a check answered on a tree when it was asked before.
    pub(super) fn known(&mut self, spec: &VerifierSpec, tree: &str) -> Result<Option<Said>> {
        if let Some(key) = self.key(spec, tree)? {
            if let Some((_, said)) = self.answers.iter().find(|(known, _)| *known == key) {
                return Ok(Some(said.clone()));
            }
            let kept = self.store.as_ref().map(|store| store.check_answer(&key.key)).transpose()?.flatten();
            if let Some(said) = kept {
                // It was of use, so it is kept longer.
                self.answers.push((key, said.clone()));
                return Ok(Some(said));
            }
        }
        Ok(None)
    }

    /// What a check answered before the work.
    pub(super) fn on_base(
        &mut self,
        spec: &VerifierSpec,
        base: &str,
        tell: &mut dyn FnMut(News),
    ) -> Result<Option<Said>> {
        self.ask(ControlKind::Base, spec, base, tell)
    }

    /// That answer, as a control that was made. The base is known by the tree that the loop began with, Alfine's own files and
    /// all.
    fn made_on_base(&self, before: Option<&Said>) -> Vec<MadeControl> {
        let run = before.map(|said| said.on(&self.decider.base.0));
        run.map(|run| MadeControl { control: ControlKind::Base, run }).into_iter().collect()
    }

    /// Keeps an answer in the place of what the check said before on this tree.
    pub(super) fn remember(&mut self, spec: &VerifierSpec, tree: &str, said: Said) -> Result<()> {
        if let Some(key) = self.key(spec, tree)? {
            self.answers.retain(|(known, _)| *known != key);
            self.answers.push((key, said));
        }
        Ok(())
    }

    fn ask(
        &mut self,
        control: ControlKind,
        spec: &VerifierSpec,
        tree: &str,
        tell: &mut dyn FnMut(News),
    ) -> Result<Option<Said>> {
        if let Some(known) = self.known(spec, tree)? {
            return Ok(Some(known));
        }
        tell(News::Control { control, check: spec.name.clone() });
        Ok(self.on(spec, tree)?.as_ref().map(said))
    }

    /// The hash of all that an answer depends on, as far as it is known.
    pub(super) fn key(&mut self, spec: &VerifierSpec, tree: &str) -> Result<Option<AnswerKey>> {
        let (what, command) = match (&spec.kind, &self.decider.judge) {
            (VerifierKind::Command { command }, _) => (command.clone(), command.as_str()),
            (VerifierKind::Llm { question }, Some(judge)) => {
                (format!("{} {:?} {question}", judge.key(), judge.about), "")
            }
            (VerifierKind::Diagnostics { server, files, .. }, _) => {
                (format!("{server} {files:?}"), server.as_str())
            }
            (VerifierKind::Browser { pages }, _) => {
                (format!("{:?}", Pages { pictures: None, ..pages.clone() }), pages.serve.as_str())
            }
            (VerifierKind::Llm { .. }, None) | (VerifierKind::CleanTree { .. }, _) => return Ok(None),
        };
        let decider = self.decider;
        let tree = match self.without_own.get(tree) {
            Some(known) => known.clone(),
            None => {
                let without = decider.repository.without_files(tree, &decider.own)?;
                self.without_own.insert(tree.to_owned(), without.clone());
                without
            }
        };
        let program = self.program(command);
        let mut hash = blake3::Hasher::new();
        let before = decider.before.as_deref().unwrap_or_default();
        for part in [what.as_str(), &spec.folder, &tree, self.setup, before, &program] {
            hash.update(part.as_bytes()).update(b"\0");
        }
        for (name, value) in self.context.env.iter().filter(|(name, _)| name == "CI" || name == "PATH") {
            hash.update(name.as_encoded_bytes()).update(b"=").update(value.as_encoded_bytes()).update(b"\0");
        }
        Ok(Some(AnswerKey {
            key: hash.finalize().to_hex().to_string(),
            plan: decider.plan.clone(),
            tree,
            what: check_id(&what, &spec.folder),
        }))
    }

    /// Which file a command's program is: another version is another file.
    fn program(&mut self, command: &str) -> String {
        let Some(name) = program_of(command) else { return String::new() };
        if let Some(known) = self.program_hash.get(name) {
            return known.clone();
        }
        let found = self.find_program(name).and_then(|path| {
            let found = path.canonicalize().ok()?.metadata().ok()?;
            Some(format!("{} {} {}", path.display(), found.size(), found.mtime()))
        });
        let found = found.unwrap_or_default();
        self.program_hash.insert(name.to_owned(), found.clone());
        found
    }

    /// Where the machine has a program of this name.
    fn find_program(&self, name: &str) -> Option<PathBuf> {
        let (_, path) = self.context.env.iter().find(|(name, _)| name == "PATH")?;
        programs::find(name, path, self.context.root)
    }

    /// A criterion that ran no test is not met. Any other check that ran none says nothing where it ran none before the loop
    /// either, and has failed where it ran some.
    fn judge_empty(
        &mut self,
        spec: &VerifierSpec,
        result: &mut VerifierResult,
        base: &str,
        tell: &mut dyn FnMut(News),
    ) -> Result<()> {
        if spec.criterion.is_none()
            && self.on_base(spec, base, tell)?.is_some_and(|said| said.answer == Answer::Empty)
        {
            (result.passed, result.required, result.weight) = (true, false, 0.0);
            result.findings.clear();
            return Ok(());
        }
        let words = format!("`{}` ran no test", spec.name);
        result.passed = false;
        result.exit = VerifierExit::Unproven { reason: words.clone() };
        result.findings = vec![Finding { code: Some("check-empty".to_owned()), ..Finding::error(words) }];
        Ok(())
    }

    /// Makes the controls of the checks that passed, and says what each answer is worth. A check that says less than it did,
    /// or passes without the work, has failed.
    fn controls(
        &mut self,
        specs: &[VerifierSpec],
        results: &mut [VerifierResult],
        base: &str,
        claimed: &str,
        tell: &mut dyn FnMut(News),
    ) -> Result<Vec<CheckProof>> {
        let decider = self.decider;
        let changes = Changes::read(
            &decider.repository,
            &decider.own,
            [&decider.material, &decider.work],
            [base, claimed],
        )?;
        let objects = &changes.objects;
        let before_all = decider.before.as_ref().map(|before| Own::read(&changes, before, "")).transpose()?;
        let before_all = before_all.unwrap_or_default();
        let mut proofs = Vec::new();
        for (spec, result) in specs.iter().zip(results) {
            if !result.passed || result.answer() == Answer::Empty {
                continue;
            }
            let command = match &spec.kind {
                VerifierKind::Command { command } => command,
                VerifierKind::Diagnostics { .. } => {
                    proofs.extend(self.control_of_diagnostics(spec, result, base, &changes, tell)?);
                    continue;
                }
                VerifierKind::Browser { .. } => {
                    proofs.extend(self.control_of_pages(spec, result, base, tell)?);
                    continue;
                }
                VerifierKind::CleanTree { .. } | VerifierKind::Llm { .. } => continue,
            };
            let before = match self.on_base(spec, base, tell)? {
                Some(before) if result.answer() == Answer::Passed => {
                    self.confirmed(spec, base, before, result)?
                }
                other => other,
            };
            let mut made = self.made_on_base(before.as_ref());
            let mut ask = |control, run: &mut Self, tree: &str| -> Result<Option<Said>> {
                let said = run.ask(control, spec, tree, tell)?;
                made.extend(said.as_ref().map(|said| MadeControl { control, run: said.on(tree) }));
                Ok(said)
            };
            let mut runs = Runs {
                is_relative: result.answer() == Answer::Failed,
                checks_are_work: self.decider.proven_by == Some(ProvenBy::Checks),
                ..Runs::new(said(result), before)
            };
            let mut own = Own::read(&changes, command, &spec.folder)?;
            own.extend(&before_all);
            let named = Named::read(
                (&decider.repository, objects),
                command,
                &spec.folder,
                &own.scripts,
                [base, claimed],
            )?;
            let is_of = |changed: &Changed| {
                let takes_a_name = || {
                    let path = changed.path.strip_prefix(&spec.folder).ok()?;
                    let takes = !changed.was_there
                        && (takes_a_name(&path.to_string_lossy(), command, &|module| {
                            changes.is_imported_by_tests(module).unwrap_or(false)
                        }) || named
                            .is_taken_by(&changed.path, |program| self.find_program(program).is_some()));
                    takes.then_some(Material::Configuration)
                };
                let document = named.runs_examples_of(&changed.path).then_some(Material::Test);
                changed.is.or(own.of(&changed.path)).or(document).or_else(takes_a_name)
            };
            let (material, is): (Vec<&Changed>, Vec<Material>) =
                changes.all.iter().filter_map(|changed| Some((changed, is_of(changed)?))).unzip();
            // By what only lets a tool find less the work proves nothing, and nothing of the work is missing.
            let is_swapped = |changed: &&Changed| changed.is != Some(Material::Suppression);
            let alone: Vec<&Changed> = material.iter().copied().filter(is_swapped).collect();
            if !alone.is_empty() && !runs.checks_are_work {
                let tree = changes.material_alone(&alone)?;
                runs.material_alone = ask(ControlKind::MaterialAlone, self, &tree)?;
            }
            let (kept, is): (Vec<&Changed>, Vec<Material>) = material
                .iter()
                .copied()
                .zip(is)
                .filter(|(changed, is)| !self.decider.may_change.has(&changed.path, *is))
                .unzip();
            let reaches = kept.iter().zip(&is).any(|(changed, is)| changed.reaches(*is));
            runs.may_lose_tests = kept.len() < material.len();
            let added_tests =
                kept.iter().zip(&is).filter(|(changed, is)| !changed.was_there && **is == Material::Test);
            let asks_for_new = named.asks_for_new(added_tests.map(|(changed, _)| &*changed.path));
            // What a test needs that may change, or what is asked for and new, is not left out.
            let stays = |changed: &Changed, is: Material| {
                !changed.was_there && (asks_for_new || runs.may_lose_tests && !changed.reaches(is))
            };
            let swapped: Vec<&Changed> = kept
                .iter()
                .zip(&is)
                .filter(|(changed, is)| !stays(changed, **is))
                .map(|(changed, _)| *changed)
                .collect();
            let added = added_code(&kept, &is);
            let may_hide = !reaches && !asks_for_new && !runs.checks_are_work && !runs.may_lose_tests;
            if reaches && asks_for_new && named.asks_for_old && !swapped.is_empty() {
                let tree = Named::with_new_targets(
                    (&decider.repository, objects),
                    swapped.iter().map(|changed| &*changed.path),
                    claimed,
                    changes.work_alone(&swapped)?.tree,
                )?;
                runs.work_alone = ask(ControlKind::WorkAlone, self, &tree)?;
            } else if may_hide && !added.is_empty() && runs_suite(command, runs.base.as_ref()) {
                let tree = changes.work_alone(&added)?.tree;
                runs.without_added = ask(ControlKind::WorkAlone, self, &tree)?;
                if runs.base.as_ref().is_some_and(|base| runs.hidden(base).is_some()) {
                    // Not what fails by chance.
                    runs.without_added = self.on(spec, &tree)?.as_ref().map(said);
                }
            } else if reaches && !asks_for_new {
                let work = changes.work_alone(&swapped)?;
                runs.is_partial = !work.is_whole && runs_tests(command, runs.base.as_ref());
                runs.work_alone = ask(ControlKind::WorkAlone, self, &work.tree)?;
                if runs.standing() == Standing::Incomparable
                    && let Some(work) = changes.work_alone_as_moved(&swapped)?
                    && work.is_whole
                    && let Some(said) = ask(ControlKind::WorkAlone, self, &work.tree)?
                    && said.answer == Answer::Passed
                {
                    (runs.work_alone, runs.is_partial) = (Some(said), false);
                }
            }
            let is_green =
                |said: &Option<Said>| said.as_ref().is_some_and(|said| said.answer == Answer::Passed);
            if runs.work_alone.is_none() && is_green(&runs.material_alone) {
                // The work may turn it green all the same.
                let work = changes.work_alone(&material)?;
                runs.work_alone = ask(ControlKind::WorkAlone, self, &work.tree)?
                    .filter(|said| said.answer == Answer::Passed);
            }
            if self.context.cancel.is_cancelled() {
                break;
            }
            let proof = CheckProof {
                check: spec.name.clone(),
                standing: runs.standing(),
                work: Some(runs.work.on(&self.decider.claimed)),
                controls: made,
                material: changed_files(&material),
                opinion: None,
                pictures: Vec::new(),
            };
            if proof.is_refused() {
                let did_it: Vec<&Changed> = match &proof.standing {
                    Standing::Weak => material,
                    Standing::Silenced { tests } => changes.naming(tests)?,
                    // What was only added weakens nothing, unless others read it.
                    Standing::Weakened { .. }
                    | Standing::Red
                    | Standing::Proven
                    | Standing::Guard
                    | Standing::Unproven
                    | Standing::Incomparable
                    | Standing::Undecided
                    | Standing::Credulous => {
                        let kept = kept.into_iter().zip(is);
                        let kept = kept.filter(|(changed, is)| changed.reaches(*is));
                        let kept: Vec<&Changed> = kept.map(|(changed, _)| changed).collect();
                        if kept.is_empty() { added } else { kept }
                    }
                };
                fail(result, &proof, changes.places(&did_it)?, self.decider.explained);
            }
            proofs.push(proof);
        }
        Ok(proofs)
    }
}

/// The environment of what runs on a bench: which one it is, for services that each needs for itself. Which control it runs
/// for is not told: a check that knew would answer accordingly.
fn with_number(env: &[(OsString, OsString)], held: &HeldBench) -> Environment {
    let number = [("ALFINE_BENCH".into(), held.number().to_owned())];
    env.iter().cloned().chain(number).collect()
}

/// The code that the loop added to the tests: what it could put in the way of others.
fn added_code<'c>(material: &[&'c Changed], is: &[Material]) -> Vec<&'c Changed> {
    let is_it = |(changed, is): &(&&Changed, &Material)| {
        !changed.was_there
            && matches!(is, Material::Test | Material::Script)
            && changed.is_whole()
            && NamesData::is_code(&changed.path.to_string_lossy())
    };
    material.iter().zip(is).filter(is_it).map(|(changed, _)| *changed).collect()
}

/// Whether a check runs tests: it said before which or how many, or its command starts a runner.
fn runs_suite(command: &str, base: Option<&Said>) -> bool {
    base.is_some_and(|said| !said.tests.is_empty() || said.ran.is_some())
        || test_report::runner_of(command).is_some()
}

/// The files of some material, each once.
fn changed_files(material: &[&Changed]) -> Vec<ChangedMaterial> {
    let mut files: Vec<ChangedMaterial> = Vec::new();
    for changed in material {
        let path = changed.path.to_string_lossy();
        match files.iter_mut().find(|file| file.path == path) {
            Some(file) => file.was_there |= changed.was_there,
            None => files.push(ChangedMaterial { path: path.into_owned(), was_there: changed.was_there }),
        }
    }
    files
}

/// Whether a check can run tests that stand in the source: it said before which it ran, or its command says so.
fn runs_tests(command: &str, base: Option<&Said>) -> bool {
    base.is_some_and(|said| !said.tests.is_empty()) || command.contains("test")
}

/// Lets a check fail that proves less than it says, at the places that did it; where that is explained, only says so there.
fn fail(result: &mut VerifierResult, proof: &CheckProof, places: Vec<Place>, is_explained: bool) {
    let code = match proof.standing {
        Standing::Weakened { .. } | Standing::Silenced { .. } => "check-weakened",
        Standing::Weak
        | Standing::Red
        | Standing::Proven
        | Standing::Guard
        | Standing::Unproven
        | Standing::Incomparable
        | Standing::Undecided
        | Standing::Credulous => "check-proves-nothing",
    };
    let words = proof.to_string();
    let remedy = match is_explained {
        true => "the agent says why; look at the change",
        false => "take that change back, or let the work be what makes the check pass",
    };
    let without_names = matches!(&proof.standing, Standing::Weakened { tests } if tests.is_empty());
    let finding = |place: Place| Finding {
        file: Some(place.path),
        line: Some(place.line),
        code: Some(code.to_owned()),
        ..Finding::error(match place.note {
            Some(note) if without_names => format!("{note} `{}` fails; {remedy}", proof.check),
            Some(_) | None => format!("{words}; {remedy}"),
        })
    };
    result.findings = places.into_iter().map(finding).collect();
    if is_explained {
        return;
    }
    result.passed = false;
    result.exit = VerifierExit::Unproven { reason: words };
}

/// How many tests a check executed, where its output says so.
pub(super) fn ran(result: &VerifierResult) -> Option<u64> {
    Some(result.tests.as_ref()?.executed())
}

/// A check's answer with its tests, and with what it found where it names none.
pub(super) fn said(result: &VerifierResult) -> Said {
    let cases = result.tests.iter().flat_map(|tests| &tests.cases);
    let tests = cases.map(|case| (case.name.clone(), case.outcome));
    let names_all = result.tests.as_ref().is_some_and(|tests| tests.is_complete);
    let exit = match result.exit {
        VerifierExit::Code { code } => Some(code),
        _ => None,
    };
    let millis = u64::try_from(result.duration.as_millis()).ok();
    let placed =
        result.findings.iter().filter(|finding| result.answer() == Answer::Failed && finding.file.is_some());
    let mut findings = BTreeMap::new();
    for finding in placed {
        *findings.entry(signature::without_line(finding)).or_insert(0) += 1;
    }
    Said {
        answer: result.answer(),
        tests: tests.collect(),
        names_all,
        ran: ran(result),
        exit,
        millis,
        findings,
        is_confirmed: false,
    }
}

/// The failed check that says why nothing could be decided.
fn undecided(error: &Error) -> VerifierResult {
    let reason = format!("Alfine's own tree for checks could not be used: {}", error.message);
    VerifierResult {
        output: reason.clone(),
        findings: vec![Finding::error(reason.clone())],
        ..VerifierResult::refused(&VerifierSpec::command("the checks run on a tree of their own"), reason)
    }
}
