//! Where a token is kept: never on the command line, which other users of the machine can read.

use std::{env, fs, path::Path};

use runner_binary::{TOKEN_BYTES, Token};

use crate::error::Failure;

/// The variable that is looked at if nothing is said.
const VARIABLE: &str = "RUNNER_TOKEN";

/// What was said about a token.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Secret<'a> {
    pub(crate) file: Option<&'a Path>,
    pub(crate) variable: Option<&'a str>,
    /// Whether nothing said means none, instead of `RUNNER_TOKEN`.
    pub(crate) must_be_said: bool,
}

impl Secret<'_> {
    /// The token from the file, else from the variable that is named, else from `RUNNER_TOKEN`, if that is set.
    ///
    /// # Errors
    /// If what is named is not there, empty, or too long.
    pub(crate) fn token(self) -> Result<Option<Token>, Failure> {
        Ok(self.text()?.map(Token::new))
    }

    /// The same in text, which must not be printed.
    ///
    /// # Errors
    /// As [`Secret::token`].
    pub(crate) fn text(self) -> Result<Option<String>, Failure> {
        let (origin, text) = match (self.file, self.variable) {
            (Some(file), _) => {
                let text = fs::read_to_string(file).map_err(|error| Failure::file(file.display(), &error))?;
                (file.display().to_string(), text)
            }
            (None, Some(variable)) => match env::var(variable) {
                Ok(text) => (format!("${variable}"), text),
                Err(_) => return Err(Failure::wrong(format!("the variable {variable} holds no token"))),
            },
            (None, None) if self.must_be_said => return Ok(None),
            (None, None) => match env::var(VARIABLE) {
                Ok(text) => (format!("${VARIABLE}"), text),
                Err(_) => return Ok(None),
            },
        };
        match text.trim() {
            "" => Err(Failure::wrong(format!("{origin}: the token is empty"))),
            token if token.len() > TOKEN_BYTES => {
                Err(Failure::wrong(format!("{origin}: a token has at most {TOKEN_BYTES} bytes")))
            }
            token => Ok(Some(token.to_owned())),
        }
    }
}
