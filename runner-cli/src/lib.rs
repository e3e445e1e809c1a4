//! The runner executable
