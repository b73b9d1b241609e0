//! The worktree of a loop before its first iteration: what git ignores is brought in, and the setup is run.

use super::{message::Message, owner::Runner};
use crate::{Error, ErrorKind, Result, beside};
use alfine_core::{machine::Input, news::News, plan::Isolation, text::detailed};
use alfine_process::{Confinement, GuardedCommand, ProcessError};
use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    time::Duration,
};

/// How long a worktree's setup may take.
const SETUP_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// How often a setup is run again whose guard was killed: whoever killed it said nothing about the setup.
const GUARD_TRIES: u32 = 2;
/// The most manifests in which it is looked for what lies beside the repository.
const MOST_MANIFESTS: usize = 500;

/// How a worktree's setup ended.
enum Setup {
    /// It worked.
    Over,
    /// This process is to end.
    CutShort,
    /// The user wants the loop not to begin.
    Held,
    /// It did not work, and why.
    Failed(String),
    /// Its guard was killed, and that in words.
    GuardLost(String),
}

impl Runner<'_> {
    /// Copies or links the configured ignored files into a new worktree, and runs its setup. Returns whether that
    /// worked; otherwise the loop failed, or the user does not want it to begin.
    pub(super) fn prepare(&mut self) -> Result<bool> {
        if self.spec.isolation == Isolation::Worktree {
            let (from, to) = (self.project.repository.workdir().to_owned(), self.worktree());
            let brought = alfine_git::provision(&from, &to, &self.spec.copy, &self.spec.link)?;
            self.spec.brought = brought.paths();
            if !self.spec.brought.is_empty() {
                self.tell(&News::Provisioned { copied: brought.copied.len(), linked: brought.linked.len() });
            }
            if !brought.missing.is_empty() {
                tracing::debug!("not brought: {}", brought.missing.join(", "));
            }
            self.tell_of_what_lies_beside();
            if let Some(setup) = self.spec.setup.clone() {
                self.tell(&News::Setup { command: setup.clone() });
                match self.run_setup(&setup)? {
                    Setup::Over => {}
                    Setup::CutShort => return Ok(true),
                    Setup::Held => return Ok(false),
                    Setup::Failed(message) | Setup::GuardLost(message) => {
                        self.inputs.push_back(Input::Failed(message));
                        self.work_off()?;
                        return Ok(false);
                    }
                }
            }
        }
        // Saved only now: if this process dies in between, the whole preparation runs again.
        self.spec.prepared = true;
        self.save_spec()?;
        Ok(true)
    }

    /// Warns of what the manifests name beside the repository and the worktree has nothing for.
    fn tell_of_what_lies_beside(&mut self) {
        let (root, worktree) = (self.project.repository.workdir().to_owned(), self.worktree());
        // Parts of a repository have manifests of their own.
        let names: Vec<&str> = beside::manifests().collect();
        let below = self.project.repository.tracked_files_named(&names).unwrap_or_default();
        let below = below.iter().take(MOST_MANIFESTS);
        let below = below.filter_map(|path| Some(Path::new(path).parent()?.to_owned())).collect();
        for (path, manifest) in beside::named(&root, &self.spec.folder, &below) {
            // What is not there for the user either is not Alfine's matter.
            if root.join(&path).exists() && !worktree.join(&path).exists() {
                self.tell(&News::Beside { manifest, path: path.to_string_lossy().into_owned() });
            }
        }
    }

    fn run_setup(&mut self, setup: &str) -> Result<Setup> {
        for _ in 0..GUARD_TRIES {
            match self.run_setup_once(setup)? {
                Setup::GuardLost(message) => tracing::warn!("{message}"),
                ended => return Ok(ended),
            }
        }
        self.run_setup_once(setup)
    }

    fn run_setup_once(&mut self, setup: &str) -> Result<Setup> {
        let mut command = GuardedCommand::new(
            &self.program,
            "sh",
            self.worktree(),
            Confinement::None,
            self.row.id.marker("setup"),
        );
        command.args = vec!["-c".into(), setup.into()];
        command.env = self.environments.setup.clone();
        command.merge_stderr = true;
        let words = |why: String| format!("the worktree's setup `{setup}` {why}; fix it and continue");
        let failed = |why: String| Ok(Setup::Failed(words(why)));
        let lost = |error: ProcessError| Ok(Setup::GuardLost(words(format!("failed: {error}"))));
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error @ ProcessError::GuardLost(_)) => return lost(error),
            Err(error) => return failed(format!("did not start: {error}")),
        };
        let (ender, interrupted) = (child.ender(), child.ender());
        let (done, over) = std::sync::mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if over.recv_timeout(SETUP_TIMEOUT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                ender.end();
            }
        });
        let (output, outbox) = (child.take_stdout(), self.outbox.clone());
        let waiter = std::thread::spawn(move || {
            if let Some(output) = output {
                // An endless line is cut: these lines are only shown, and must not fill the memory.
                let mut lines = BufReader::new(output);
                let mut line = Vec::new();
                while (&mut lines).take(1 << 16).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                    let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                    let _ = outbox.send(Message::SetupSaid(text));
                    line.clear();
                }
            }
            let exit = child.wait();
            let _ = outbox.send(Message::SetupOver);
            exit
        });
        // What it said last, which tells the most.
        let mut last = String::new();
        let mut held = Ok(false);
        while let Ok(message) = self.inbox.recv() {
            match message {
                Message::SetupSaid(line) => {
                    if !line.trim().is_empty() {
                        last.clone_from(&line);
                    }
                    self.tell(&News::SetupOutput { line });
                }
                Message::SetupOver => break,
                Message::Interrupted => {
                    self.cut_short = true;
                    interrupted.end();
                }
                Message::Mail if matches!(held, Ok(false)) => {
                    held = self.held_before_start();
                    if !matches!(held, Ok(false)) {
                        interrupted.end();
                    }
                }
                // Commands for a loop that had begun before stay in the mailbox until it goes on. There are no other
                // helpers yet.
                _ => {}
            }
        }
        let exit = waiter.join().unwrap_or(Err(ProcessError::GuardLost(setup.to_owned())));
        drop(done);
        let _ = watchdog.join();
        match exit {
            _ if held? => Ok(Setup::Held),
            _ if self.cut_short => Ok(Setup::CutShort),
            Ok(exit) if exit.success() => Ok(Setup::Over),
            Ok(exit) => failed(detailed(&format!("failed ({exit})"), &last)),
            Err(error @ ProcessError::GuardLost(_)) => lost(error),
            Err(error) => failed(format!("failed: {error}")),
        }
    }

    /// Makes a worktree again that is gone.
    pub(super) fn restore_worktree(&mut self) -> Result<()> {
        let path = self.worktree();
        if path.is_dir() {
            return Ok(());
        }
        let (Some(branch), Some(checkpoint)) = (&self.row.branch, &self.checkpoint) else {
            return Err(Error::new(ErrorKind::Git, format!("the worktree {} is gone", path.display()))
                .hint("discard the task and start it again; its checkpoints are kept under refs/alfine"));
        };
        self.project.repository.restore_worktree(&path, branch, checkpoint)?;
        self.tell(&News::WorktreeRestored { worktree: path.display().to_string() });
        let brought = alfine_git::provision(
            self.project.repository.workdir(),
            &path,
            &self.spec.copy,
            &self.spec.link,
        )?;
        tracing::debug!("brought {} files", brought.copied.len());
        if let Some(setup) = self.spec.setup.clone()
            && let Setup::Failed(message) | Setup::GuardLost(message) = self.run_setup(&setup)?
        {
            return Err(Error::new(ErrorKind::Config, message));
        }
        Ok(())
    }
}
