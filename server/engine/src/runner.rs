//! The runner: the small shell around `core::machine`. It owns one loop: performs its effects, feeds their results back,
//! and saves the new state with its news in one transaction before it performs anything.
//!
//! One thread owns the state; the others (the agent's output, the verifiers, the mailbox) only send to it. Knows no
//! terminal and no editor: whoever runs it gets [`alfine_core::news::Told`].

mod agent_run;
mod alongside;
mod base;
mod checkout;
mod checkpoints;
mod clocks;
mod controls;
mod environments;
mod failing;
mod judge;
mod judging;
mod landing;
mod learning;
mod live;
mod mailbox;
mod message;
mod named;
mod owner;
mod performing;
mod place;
mod preparing;
mod prompting;
mod proof;
mod reach;
mod running;
mod saving;
mod session;
mod spending;
mod unusual;
mod verifying;

pub(crate) use controls::{Told, answers, checks_of, failing_together};
pub(crate) use environments::masker;
pub use message::Interrupter;
pub(crate) use owner::Runner;
pub(crate) use session::{Around, Ended, Session};
