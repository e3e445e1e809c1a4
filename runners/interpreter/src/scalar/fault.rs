use alloc::format;

use runner_core::Error;

/// Why an operation on values has no result. Becomes an `EXECUTION_ERROR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The result does not fit the type; the operation's name.
    Overflow(&'static str),
    /// `/` or `%` of integers by zero.
    DivisionByZero,
    /// `pow` of integers.
    NegativeExponent(i64),
    /// `from_ascii` of a code above 127.
    NotAscii(u8),
}

impl From<Fault> for Error {
    #[cold]
    fn from(fault: Fault) -> Self {
        Self::execution(match fault {
            Fault::Overflow(operation) => {
                format!("overflow: the result of {operation} does not fit its type")
            }
            Fault::DivisionByZero => "division by zero".into(),
            Fault::NegativeExponent(exponent) => {
                format!("pow of integers with the negative exponent {exponent}")
            }
            Fault::NotAscii(code) => format!("{code} is no ASCII code; they end at 127"),
        })
    }
}
