use alloc::{format, vec::Vec};
use core::{fmt::Display, marker::PhantomData};

use postcard_schema::schema::NamedType;
use runner_core::{Code, Decoded, Encoded, Error, Result};
use serde::Serialize;

/// A closure that can be offered to programs, from [`Builder::function`](crate::Builder::function) or
/// [`Builder::try_function`](crate::Builder::try_function): `Fn(A, B, ...) -> R` with up to eight parameters.
///
/// It is implemented for all of them, and can't be implemented for anything else.
pub trait Function<Args, Kind>: sealed::Sealed<Args, Kind> + Send + Sync + 'static {
    /// Types of the parameters.
    #[doc(hidden)]
    const PARAMS: &'static [&'static NamedType];
    /// Type of the result.
    #[doc(hidden)]
    const RESULT: &'static NamedType;

    /// Takes the arguments from the input and appends the result to the output.
    #[doc(hidden)]
    fn call(&self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<()>;
}

/// A closure that returns an `R`.
#[derive(Debug)]
pub struct Infallible<R>(PhantomData<R>);

/// A closure that returns `Result<R, E>`, where `E` has a message.
#[derive(Debug)]
pub struct Fallible<R, E>(PhantomData<(R, E)>);

mod sealed {
    /// Keeps the trait to closures; the methods are no interface.
    pub trait Sealed<Args, Kind> {}
}

macro_rules! functions {
    ($($arg:ident)*) => {
        impl<F, R, $($arg,)*> sealed::Sealed<($($arg,)*), Infallible<R>> for F where F: Fn($($arg),*) -> R {}

        impl<F, R, $($arg,)*> Function<($($arg,)*), Infallible<R>> for F
        where
            F: Fn($($arg),*) -> R + Send + Sync + 'static,
            R: Encoded,
            $($arg: Decoded,)*
        {
            const PARAMS: &'static [&'static NamedType] = &[$($arg::SCHEMA,)*];
            const RESULT: &'static NamedType = R::SCHEMA;

            #[allow(unused_variables, reason = "a function without parameters takes nothing from the input")]
            fn call(&self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<()> {
                put(&self($(take::<$arg>(input)?),*), output)
            }
        }

        impl<F, R, E, $($arg,)*> sealed::Sealed<($($arg,)*), Fallible<R, E>> for F where F: Fn($($arg),*) -> Result<R, E> {}

        impl<F, R, E, $($arg,)*> Function<($($arg,)*), Fallible<R, E>> for F
        where
            F: Fn($($arg),*) -> Result<R, E> + Send + Sync + 'static,
            R: Encoded,
            E: Display,
            $($arg: Decoded,)*
        {
            const PARAMS: &'static [&'static NamedType] = &[$($arg::SCHEMA,)*];
            const RESULT: &'static NamedType = R::SCHEMA;

            #[allow(unused_variables, reason = "a function without parameters takes nothing from the input")]
            fn call(&self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<()> {
                match self($(take::<$arg>(input)?),*) {
                    Ok(result) => put(&result, output),
                    Err(error) => Err(Error::execution(format!("{error}"))),
                }
            }
        }
    };
}

functions!();
functions!(A);
functions!(A B);
functions!(A B C);
functions!(A B C D);
functions!(A B C D G);
functions!(A B C D G H);
functions!(A B C D G H I);
functions!(A B C D G H I J);

/// Fails only if a `Deserialize` says something else than its schema.
fn take<T: Decoded>(input: &mut &[u8]) -> Result<T> {
    let (value, rest) = postcard::take_from_bytes(input)
        .map_err(|error| Error::new(Code::Internal, format!("an argument can't be decoded: {error}")))?;
    *input = rest;
    Ok(value)
}

fn put(value: &impl Serialize, output: &mut Vec<u8>) -> Result<()> {
    *output = postcard::to_extend(value, core::mem::take(output))
        .map_err(|error| Error::new(Code::Internal, format!("the result can't be encoded: {error}")))?;
    Ok(())
}
