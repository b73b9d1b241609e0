//! What a guarded program can reach of the machine.

/// The bounds that are put around a guarded program and everything it forks.
///
/// Whoever starts a program has to choose one, so that no kind of program can be forgotten once there is a sandbox:
/// each variant to come names what is allowed (folders to read and write, hosts, a home), and the guard applies it
/// before it runs the program. There is no default on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confinement {
    /// No bounds: the program can do whatever the user can do.
    None,
}
