//! Every message of both sides.

use bytes::{Bytes, BytesMut};
use runner_binary::{Limits, Request, Response, Token, take_frame};
use runner_core::{Code, Detail, Error, Place};

/// What is a message is the same message when it was written and read again.
pub fn check(bytes: &[u8]) {
    let frame = Bytes::copy_from_slice(bytes);
    if let Ok((request, body)) = Request::decode(frame.clone()) {
        let mut out = BytesMut::new();
        request.encode(&body, &mut out).unwrap();
        let again = take_frame(&mut out, u32::MAX).unwrap().unwrap();
        assert_eq!(Request::decode(again).unwrap(), (request, body));
    }
    if let Ok((response, body)) = Response::decode(frame) {
        let mut out = BytesMut::new();
        response.encode(&body, &mut out).unwrap();
        let again = take_frame(&mut out, u32::MAX).unwrap().unwrap();
        assert_eq!(Response::decode(again).unwrap(), (response, body));
    }
}

pub fn seeds() -> Vec<Vec<u8>> {
    let error = Error::execution("no")
        .with_detail(Detail::Place(Place { source: "a.lt".into(), line: 1, column: 2 }))
        .with_detail(Detail::SqlState("22012".into()))
        .with_detail(Detail::Limit { name: "n".into(), value: 1 << 40 });
    let limits = Limits {
        frame_bytes: 512,
        requests: 1024,
        programs: 2,
        program_bytes: 1 << 20,
        input_bytes: 4,
        output_bytes: u64::MAX,
        request_time_ms: 6,
        idle_time_ms: 7,
    };
    let requests: [(Request, &[u8]); 13] = [
        (Request::Hello { frame_bytes: 65_536, token: Some(Token::new("t")), name: "n".into() }, b""),
        (Request::Prepare { id: 1, program: 2, more: true }, b"LPRG"),
        (Request::Execute { id: 300, program: 0, credit: 1 << 40, more: false }, b"\x01"),
        (Request::Body { id: 1, more: false }, b"xy"),
        (Request::Release { program: 2 }, b""),
        (Request::Interface { id: 3, credit: 128 }, b""),
        (Request::Describe { id: 3, credit: 128 }, b""),
        (Request::Ready { id: 4 }, b""),
        (Request::Cancel { id: 4 }, b""),
        (Request::Credit { id: 4, bytes: 5 }, b""),
        (Request::Ping { nonce: 6 }, b""),
        (Request::Goodbye { error: None }, b""),
        (Request::Goodbye { error: Some(error.clone()) }, b""),
    ];
    let responses: [(Response, &[u8]); 5] = [
        (Response::Welcome { limits, name: "r".into() }, b""),
        (Response::Output { id: 1, more: true }, b"out"),
        (Response::Failed { id: 1, error }, b""),
        (Response::Pong { nonce: 6 }, b""),
        (Response::Goodbye { error: Some(Error::new(Code::Unauthenticated, "")) }, b""),
    ];
    let mut seeds = Vec::new();
    for (message, body) in &requests {
        let mut out = BytesMut::new();
        message.encode(body, &mut out).unwrap();
        seeds.push(out[4..].to_vec());
    }
    for (message, body) in &responses {
        let mut out = BytesMut::new();
        message.encode(body, &mut out).unwrap();
        seeds.push(out[4..].to_vec());
    }
    seeds
}
