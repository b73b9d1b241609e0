//! Coding agents: how each CLI is called, and how what it prints becomes the one model of `alfine_core::agent`.
//!
//! One file per CLI. Adapters are pure: they start no process and read no clock, so they never know the runner, git
//! or the store. What the CLI prints is input from outside: nothing of it can fail, panic, or grow memory.

mod adapter;
mod claude;
mod command;
mod exit;
mod failure_words;
mod invocation;
mod known;
mod lenient;
mod lines;
pub mod rehearsal;
mod reset_time;
mod shown;

pub use adapter::{Adapter, Decoder, Login, Permissions, PriorSession, Request};
pub use exit::Exit;
pub use invocation::{Invocation, InvocationError};
pub use known::{KNOWN, UnknownAgent, adapter};
pub use lines::{LINE_LIMIT, Line, Lines};
