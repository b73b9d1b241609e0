//! One file for each method of the protocol, named after it. Each is a function of a [`Picture`](crate::picture::Picture);
//! none touches the database, git or the disk.

pub mod tasks;
