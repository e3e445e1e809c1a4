//! The forms that data may have outside.

use std::path::Path;

use clap::ValueEnum;

use crate::error::Failure;

/// A form of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lutra source
    Lt,
    /// JSON, UTF-8
    Json,
    /// Comma-separated, with a header
    Csv,
    /// Apache Parquet
    Parquet,
    /// The bytes that runners exchange
    Postcard,
    /// Columns for people; output only
    Table,
}

impl Format {
    /// What the flag says, else the extension of the file, else [`Format::Lt`] if it has none or there is no file.
    ///
    /// # Errors
    /// If the extension is of no format.
    pub(crate) fn choose(flag: Option<Self>, flag_name: &str, file: Option<&Path>) -> Result<Self, Failure> {
        let Some(extension) = file.and_then(Path::extension) else { return Ok(flag.unwrap_or(Self::Lt)) };
        match flag.or_else(|| Self::of_extension(&extension.to_string_lossy())) {
            Some(format) => Ok(format),
            None => Err(Failure::wrong(format!(
                "{}: no format has the extension `.{}`",
                file.unwrap_or(Path::new("")).display(),
                extension.display()
            ))
            .hint(format!("say which one it is with `{flag_name}`"))),
        }
    }

    /// The format of files with this extension.
    pub(crate) fn of_extension(extension: &str) -> Option<Self> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "lt" => Self::Lt,
            "json" => Self::Json,
            "csv" => Self::Csv,
            "parquet" => Self::Parquet,
            "postcard" | "bin" => Self::Postcard,
            _ => return None,
        })
    }

    /// Whether it is bytes that a terminal can't show.
    pub(crate) fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Postcard)
    }
}
