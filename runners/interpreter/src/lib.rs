//! The columnar interpreter: the reference runner, embedded
