//! An execute whose answer is wanted as a whole.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use runner_core::{Error, Result};

use super::{
    Client,
    link::{Call, Caller},
    prepared::{Bound, Prepared},
};
use crate::message::Request;

/// The future of an execute: as little as can be for a program that the server has, because it is made, moved and polled
/// for each of them.
pub(super) struct Execute<'c, 'p>(State<'c, 'p>);

enum State<'c, 'p> {
    /// Nothing was done yet.
    New { client: &'c Client, prepared: &'p Prepared, input: Bytes },
    /// The request was sent, for an answer of at most so many bytes.
    Asked(Call<'p>, u64),
    /// The program has to be prepared first, or no id is free.
    Later(Pin<Box<dyn Future<Output = Result<Bytes>> + Send + 'p>>),
    /// The answer was given.
    Over,
}

impl<'c, 'p> Execute<'c, 'p> {
    pub(super) fn new(client: &'c Client, prepared: &'p Prepared, input: Bytes) -> Self {
        Self(State::New { client, prepared, input })
    }
}

impl Future for Execute<'_, '_> {
    type Output = Result<Bytes>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Bytes>> {
        if let State::New { client, prepared, input } = &mut self.0 {
            let next = begin(client, prepared, core::mem::take(input), cx);
            self.0 = match next {
                Ok(next) => next,
                Err(error) => {
                    self.0 = State::Over;
                    return Poll::Ready(Err(error));
                }
            };
        }
        let answer = match &mut self.0 {
            State::Asked(call, most) => call.poll_whole(*most, cx),
            State::Later(future) => future.as_mut().poll(cx),
            State::New { .. } | State::Over => Poll::Ready(Err(over())),
        };
        if answer.is_ready() {
            self.0 = State::Over;
        }
        answer
    }
}

/// Sends the request if that can be done at once.
fn begin<'p>(
    client: &Client,
    prepared: &'p Prepared,
    input: Bytes,
    cx: &mut Context<'_>,
) -> Result<State<'static, 'p>> {
    let Some(Bound::First(bound)) = prepared.bound_now(client)? else {
        let client = client.clone();
        return Ok(State::Later(Box::pin(async move {
            let bound = prepared.bound(&client).await?;
            bound.check_input(&input)?;
            let (program, credit) = (bound.number, client.credit());
            bound.link.ask(|id, more| Request::Execute { id, program, credit, more }, input, credit).await
        })));
    };
    bound.check_input(&input)?;
    let (program, credit) = (bound.number, client.credit());
    let request = move |id, more| Request::Execute { id, program, credit, more };
    // In one step with the request the caller leaves its waker.
    match bound.link.begin(request, input, credit, 0, Caller::Passing(Some(cx.waker())))? {
        Ok(call) => Ok(State::Asked(call, credit.saturating_sub(1))),
        Err((request, input)) => Ok(State::Later(Box::pin(bound.link.ask(request, input, credit)))),
    }
}

fn over() -> Error {
    Error::new(runner_core::Code::Internal, "an execute was polled after its answer")
}
