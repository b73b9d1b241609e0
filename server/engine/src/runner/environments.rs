//! What the processes of a loop get of this process's environment, and what hides the rest of it in logs.

use crate::{
    Result,
    task_spec::{AgentSpec, TaskSpec},
};
use alfine_agents::Adapter;
use alfine_files::programs;
use alfine_secrets::Masker;
use std::{
    ffi::{OsStr, OsString},
    sync::Arc,
};

/// A whole environment: names and values.
pub(super) type Environment = Vec<(OsString, OsString)>;

/// What the processes of a loop get of this process's environment.
pub(super) struct Environments {
    /// The agent's: with its own keys, and what its settings add.
    pub(super) agent: Environment,
    /// That of a worktree's setup: nothing that looks like a secret.
    pub(super) setup: Environment,
    /// That of verifiers: the setup's, and word that nobody watches.
    pub(super) checks: Environment,
}

/// The environments of the loop's processes, and what hides the rest of this one in logs.
pub(super) fn environments(adapter: &dyn Adapter, spec: &TaskSpec) -> Result<(Environments, Arc<Masker>)> {
    let all = whole();
    let masker = masker(&spec.mask)?;
    let setup = alfine_secrets::clean_environment(all.iter().cloned(), &[], &spec.pass_env);
    let agent = of_agent(adapter, &spec.agent, &spec.pass_env, all);
    let mut checks = setup.clone();
    // Package managers refuse to change a lockfile under it, so the setup goes without.
    if spec.ci && !checks.iter().any(|(name, _)| name == "CI") {
        checks.push(("CI".into(), "true".into()));
    }
    Ok((Environments { agent, setup, checks }, masker))
}

/// What hides the secrets of this process in what is written down; `more` are expressions for others.
pub(crate) fn masker(more: &[String]) -> Result<Arc<Masker>> {
    Ok(Arc::new(Masker::new(whole().into_iter(), more)?))
}

/// The environment of an agent that is asked something and only reads.
pub(super) fn of_reader(adapter: &dyn Adapter, agent: &AgentSpec, pass_env: &[String]) -> Environment {
    of_agent(adapter, agent, pass_env, whole())
}

fn whole() -> Environment {
    let mut all: Environment = std::env::vars_os().collect();
    // A program of the user's is found also if Alfine was started from an editor with a short `PATH`, and so is what such
    // a program starts itself.
    let path = programs::with_usual_folders(std::env::var_os("PATH").as_deref());
    all.retain(|(name, _)| name != "PATH");
    all.push(("PATH".into(), path));
    all
}

/// What an agent gets of all: nothing that looks like a secret but its own, and what its settings add.
fn of_agent(adapter: &dyn Adapter, agent: &AgentSpec, pass_env: &[String], all: Environment) -> Environment {
    let mut own: Vec<&str> = adapter.own_env().to_vec();
    for (when, names) in adapter.own_env_when() {
        if all.iter().any(|(name, _)| name.to_str() == Some(when)) {
            own.extend_from_slice(names);
        }
    }
    let mut passed = alfine_secrets::clean_environment(all.into_iter(), &own, pass_env);
    for (name, value) in &agent.env {
        passed.retain(|(known, _)| known.to_str() != Some(name));
        passed.push((name.into(), programs::at_home(OsStr::new(value))));
    }
    passed
}
