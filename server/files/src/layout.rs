//! Where Alfine keeps things: one folder in the repository's common git folder, and the user's XDG folders.

use etcetera::BaseStrategy;
use std::path::{Path, PathBuf};

/// The paths of one repository's data. All of them are outside of any working tree, so neither `git clean` nor an
/// agent's `rm -rf .` reaches them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Makes the layout of the repository whose common git folder this is.
    pub fn of_common_dir(common_dir: &Path) -> Self {
        Self { root: common_dir.join("alfine") }
    }

    /// The folder of everything that Alfine keeps for a repository: `<common>/alfine`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of the database.
    pub fn database(&self) -> PathBuf {
        self.root.join("state.db")
    }

    /// The file whose lock a loop's runner holds as long as it lives.
    pub fn lock(&self, loop_id: &str) -> PathBuf {
        self.root.join("locks").join(loop_id)
    }

    /// The file whose lock is held by whoever begins the next task of a plan.
    pub fn chain_lock(&self) -> PathBuf {
        self.root.join("chain.lock")
    }

    /// The file whose lock is held by whoever lands work on a branch.
    pub fn landing_lock(&self, branch: &str) -> PathBuf {
        let name: String = branch.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.root.join("locks").join(format!("landing-{name}"))
    }

    /// The folder of the notes of who holds the lock of a ref.
    pub fn ref_lock_notes(&self) -> PathBuf {
        self.root.join("ref-locks")
    }

    /// The note of who holds the lock of this ref.
    pub fn ref_lock_note(&self, name: &str) -> PathBuf {
        let name: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.ref_lock_notes().join(name)
    }

    /// What the agent printed in one of its runs, masked, as it came.
    pub fn transcript(&self, loop_id: &str, run: u32) -> PathBuf {
        self.transcripts(loop_id).join(format!("{run:04}.jsonl"))
    }

    /// The folder of a loop's transcripts, prompts and what its agents printed as errors.
    pub fn transcripts(&self, loop_id: &str) -> PathBuf {
        self.root.join("transcripts").join(loop_id)
    }

    /// What a detached runner prints.
    pub fn runner_log(&self, loop_id: &str) -> PathBuf {
        self.root.join("logs").join(format!("{loop_id}.log"))
    }

    /// Which of git's filters may run.
    pub fn filters(&self) -> PathBuf {
        self.root.join("filters.json")
    }

    /// A digest of the settings by which git fetches.
    pub fn fetching(&self) -> PathBuf {
        self.root.join("fetching")
    }

    /// The git index that speeds up a loop's checkpoints. Only a cache.
    pub fn checkpoint_index(&self, loop_id: &str) -> PathBuf {
        self.root.join("index").join(loop_id)
    }
}

/// The environment names no home folder.
#[derive(Debug, thiserror::Error)]
#[error("no home folder: {0}")]
pub struct NoHome(#[from] etcetera::HomeDirError);

/// The folders in which Alfine keeps files of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserDirs {
    /// `$XDG_CONFIG_HOME/alfine`: the user's `config.toml`.
    pub config: PathBuf,
    /// `$XDG_DATA_HOME/alfine`: worktrees.
    pub data: PathBuf,
    /// `$XDG_STATE_HOME/alfine`: approvals of repositories' commands.
    pub state: PathBuf,
}

impl UserDirs {
    /// Reads the environment (`HOME`, `XDG_*`).
    pub fn from_env() -> Result<Self, NoHome> {
        let dirs = etcetera::choose_base_strategy()?;
        let data = dirs.data_dir().join("alfine");
        let state = dirs.state_dir().map_or_else(|| data.join("state"), |dir| dir.join("alfine"));
        Ok(Self { config: dirs.config_dir().join("alfine"), data, state })
    }
}
