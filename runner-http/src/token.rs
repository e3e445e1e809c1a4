use std::fmt;

/// A bearer token. It is compared in constant time and never printed.
///
/// ```
/// let token = runner_http::Token::new("swordfish");
/// assert_eq!(format!("{token:?}"), "Token(..)");
/// ```
#[derive(Clone)]
pub struct Token(Vec<u8>);

impl Token {
    /// A token of these bytes. White space around them, as a file's last newline, does not belong to it.
    #[must_use]
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self(secret.as_ref().trim_ascii().to_vec())
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}
