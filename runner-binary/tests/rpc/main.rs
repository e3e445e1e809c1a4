//! The protocol from outside: clients and servers over every stream, and peers that mean no good.

mod cancel;
mod hostile;
mod limits;
mod support;
mod transports;
mod verbs;
