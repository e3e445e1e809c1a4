//! What goes wrong around a program: each ends in the right error or the right answer, and nothing stays behind.

mod altered;
mod conflicts;
mod dropped;
mod growth;
mod limits;
mod network;
mod pool;
mod server;
