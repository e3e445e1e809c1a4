//! The limits of a server, by the names that errors give them.

use clap::Args as ClapArgs;
use serde::Deserialize;

use super::quantity::{Size, Time};

/// Declares limits once, for flags and for files.
macro_rules! limits {
    ($($(#[$doc:meta])+ $name:ident: $type:ty = $flag:literal,)+) => {
        /// Limits that were set. Others are as the servers have them by default.
        #[derive(Debug, Clone, Default, PartialEq, Eq, ClapArgs, Deserialize)]
        #[command(next_help_heading = "Limits")]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct Limits {
            $($(#[$doc])+ #[arg(long = $flag, value_name = "N", hide_short_help = true)] pub(crate) $name: Option<$type>,)+
        }

        impl Limits {
            /// These, and others where nothing is said.
            pub(crate) fn or(self, others: Self) -> Self {
                Self { $($name: self.$name.or(others.$name),)+ }
            }
        }
    };
}

limits! {
    /// Bytes of values that one execute may hold; only the interpreter keeps this [default: no limit]
    memory_bytes: Size = "limit-memory-bytes",
    /// Steps that one execute may take; only the interpreter keeps this [default: no limit]
    steps: u64 = "limit-steps",
    /// Connections at a time [default: 4096]
    connections: usize = "limit-connections",
    /// Requests in flight on a connection [default: 1024]
    requests: u32 = "limit-requests",
    /// Requests of a connection that run at a time [default: 1024]
    executing_per_connection: usize = "limit-executing-per-connection",
    /// Requests that run at a time [default: 2048]
    executing: usize = "limit-executing",
    /// Requests that wait because so many run; others are refused [default: 16384]
    waiting: usize = "limit-waiting",
    /// Prepared programs that a connection holds [default: 256]
    programs: u32 = "limit-programs",
    /// Prepared programs over all connections [default: 1024]
    prepared_programs: usize = "limit-prepared-programs",
    /// Bytes of prepared programs over all connections [default: 256MiB]
    prepared_bytes: Size = "limit-prepared-bytes",
    /// Bytes of prepared programs of one client [default: 64MiB]
    client_prepared_bytes: Size = "limit-client-prepared-bytes",
    /// Bytes of a program [default: 4MiB]
    program_bytes: Size = "limit-program-bytes",
    /// Bytes of Lutra source, over HTTP [default: 256KiB]
    source_bytes: Size = "limit-source-bytes",
    /// Bytes of an input [default: 64MiB]
    input_bytes: Size = "limit-input-bytes",
    /// Bytes of an output [default: 1GiB]
    output_bytes: Size = "limit-output-bytes",
    /// Bytes of inputs that have arrived and do not run yet [default: 1GiB]
    buffered_input_bytes: Size = "limit-buffered-input-bytes",
    /// Bytes of outputs that a connection has not sent, above which it starts nothing more [default: 64MiB]
    connection_output_bytes: Size = "limit-connection-output-bytes",
    /// Bytes of outputs that are not sent, in memory or on disk; a request whose output does not fit fails [default: 2GiB]
    buffered_output_bytes: Size = "limit-buffered-output-bytes",
    /// Bytes of a frame of the binary protocol [default: 256KiB]
    frame_bytes: Size = "limit-frame-bytes",
    /// Bytes of the head of an HTTP request [default: 64KiB]
    head_bytes: Size = "limit-head-bytes",
    /// Time for one request [default: 30s]
    request_time: Time = "limit-request-time",
    /// Time for a handshake [default: 10s]
    handshake_time: Time = "limit-handshake-time",
    /// Time for a frame to arrive, or for the body of an HTTP request to go on [default: 30s]
    frame_time: Time = "limit-frame-time",
    /// Time for the head of an HTTP request to arrive [default: 30s]
    head_time: Time = "limit-head-time",
    /// Time for which a client may take nothing of what is written to it [default: 30s]
    write_time: Time = "limit-write-time",
    /// Time for which a connection of the binary protocol may be silent [default: 10m]
    idle_time: Time = "limit-idle-time",
}

impl Limits {
    /// As the server of the binary protocol takes them.
    pub(crate) fn binary(&self) -> runner_binary::ServerLimits {
        let default = runner_binary::ServerLimits::default();
        runner_binary::ServerLimits {
            connections: self.connections.unwrap_or(default.connections),
            requests: self.requests.unwrap_or(default.requests),
            executing_per_connection: self
                .executing_per_connection
                .unwrap_or(default.executing_per_connection),
            executing: self.executing.unwrap_or(default.executing),
            waiting: self.waiting.unwrap_or(default.waiting),
            programs: self.programs.unwrap_or(default.programs),
            prepared_programs: self.prepared_programs.unwrap_or(default.prepared_programs),
            prepared_bytes: self.prepared_bytes.map_or(default.prepared_bytes, |size| size.0),
            client_prepared_bytes: self
                .client_prepared_bytes
                .map_or(default.client_prepared_bytes, |size| size.0),
            program_bytes: self.program_bytes.map_or(default.program_bytes, |size| size.0),
            input_bytes: self.input_bytes.map_or(default.input_bytes, |size| size.0),
            output_bytes: self.output_bytes.map_or(default.output_bytes, |size| size.0),
            buffered_input_bytes: self
                .buffered_input_bytes
                .map_or(default.buffered_input_bytes, |size| size.0),
            connection_output_bytes: self
                .connection_output_bytes
                .map_or(default.connection_output_bytes, |size| size.0),
            buffered_output_bytes: self
                .buffered_output_bytes
                .map_or(default.buffered_output_bytes, |size| size.0),
            frame_bytes: self
                .frame_bytes
                .map_or(default.frame_bytes, |size| u32::try_from(size.0).unwrap_or(u32::MAX)),
            request_time: self.request_time.map_or(default.request_time, |time| time.0),
            handshake_time: self.handshake_time.map_or(default.handshake_time, |time| time.0),
            frame_time: self.frame_time.map_or(default.frame_time, |time| time.0),
            write_time: self.write_time.map_or(default.write_time, |time| time.0),
            idle_time: self.idle_time.map_or(default.idle_time, |time| time.0),
        }
    }

    /// As the HTTP server takes them.
    #[cfg(feature = "http")]
    pub(crate) fn http(&self) -> runner_http::ServerLimits {
        let default = runner_http::ServerLimits::default();
        let size = |size: Option<Size>, default: u64| size.map_or(default, |size| size.0);
        runner_http::ServerLimits {
            connections: self.connections.unwrap_or(default.connections),
            executing: self.executing.unwrap_or(default.executing),
            waiting: self.waiting.unwrap_or(default.waiting),
            prepared_programs: self.prepared_programs.unwrap_or(default.prepared_programs),
            prepared_bytes: size(self.prepared_bytes, default.prepared_bytes),
            client_prepared_bytes: size(self.client_prepared_bytes, default.client_prepared_bytes),
            program_bytes: size(self.program_bytes, default.program_bytes),
            source_bytes: size(self.source_bytes, default.source_bytes),
            input_bytes: size(self.input_bytes, default.input_bytes),
            output_bytes: size(self.output_bytes, default.output_bytes),
            buffered_input_bytes: size(self.buffered_input_bytes, default.buffered_input_bytes),
            buffered_output_bytes: size(self.buffered_output_bytes, default.buffered_output_bytes),
            head_bytes: self
                .head_bytes
                .map_or(default.head_bytes, |size| usize::try_from(size.0).unwrap_or(usize::MAX)),
            request_time: self.request_time.map_or(default.request_time, |time| time.0),
            head_time: self.head_time.map_or(default.head_time, |time| time.0),
            read_time: self.frame_time.map_or(default.read_time, |time| time.0),
            write_time: self.write_time.map_or(default.write_time, |time| time.0),
            handshake_time: self.handshake_time.map_or(default.handshake_time, |time| time.0),
        }
    }
}
