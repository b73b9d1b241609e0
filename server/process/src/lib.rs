//! Runs programs so that nothing they fork survives, and starts processes that survive everything.
//!
//! A guarded program runs below a tiny process of Alfine's own binary, the guard. The guard ends every descendant when
//! the program exits, when it is asked to, and when the process that wanted the program dies, however that dies.
//! Knows nothing of agents, verifiers, or why a program runs.

mod alive;
mod confinement;
mod detached;
mod error;
mod exit;
mod guard;
mod guarded;
mod hidden;
mod identity;
mod own_program;
mod sweep;
mod table;
mod wire;

pub use alive::is_alive;
pub use confinement::Confinement;
pub use detached::detach;
pub use error::ProcessError;
pub use exit::Exit;
pub use guarded::{Ender, GuardedChild, GuardedCommand, GuardedOutput};
pub use hidden::hidden_subcommand;
pub use identity::ProcessIdentity;
pub use own_program::own_program;
pub use sweep::{MARKER_VARIABLE, end_leftovers};
