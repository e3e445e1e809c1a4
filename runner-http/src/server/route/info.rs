//! What the server and its runner are, and how they are.

use std::{collections::BTreeMap, sync::Arc};

use axum::{extract::State, http::HeaderMap, response::IntoResponse};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use runner_core::{Description, Run};
use serde::Serialize;

use super::{accepted, json};
use crate::{
    error::{shutting_down, unserialisable},
    media::{JSON, Media, POSTCARD},
    openapi,
    server::{
        metrics::{self, Gauges},
        reply::Reply,
        shared::Shared,
    },
};

/// A [`Description`] whose limits are an object.
#[derive(Serialize)]
struct Described {
    name: String,
    version: String,
    program_versions: Vec<u8>,
    limits: BTreeMap<String, u64>,
    streams: bool,
    cancels: bool,
    isolates: bool,
    keeps_state: bool,
}

pub(super) async fn interface<R: Run + 'static>(State(shared): State<Arc<Shared<R>>>) -> Reply {
    let _permit = shared.permit().await?;
    let interface = shared.runner.get_interface().await?;
    let media = HeaderValue::from_static("text/x-lutra; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, media)], interface).into_response())
}

pub(super) async fn describe<R: Run + 'static>(
    State(shared): State<Arc<Shared<R>>>,
    headers: HeaderMap,
) -> Reply {
    let media = accepted(&headers, None)?;
    let _permit = shared.permit().await?;
    let mut description = shared.runner.describe().await?;
    description.limits.extend(shared.options.described());
    match media {
        Media::Json => json(StatusCode::OK, &Described::from(description)),
        Media::Postcard => {
            let bytes = postcard::to_allocvec(&description).map_err(unserialisable)?;
            Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(POSTCARD))], bytes).into_response())
        }
    }
}

pub(super) async fn ready<R: Run + 'static>(State(shared): State<Arc<Shared<R>>>) -> Reply {
    if !shared.is_serving() {
        return Err(shutting_down().into());
    }
    shared.readiness.check(&*shared.runner).await?;
    Ok("ready\n".into_response())
}

pub(super) async fn metrics<R: Run>(State(shared): State<Arc<Shared<R>>>) -> Reply {
    let (prepared, on_disk) = (shared.cache.len() + shared.functions.len(), shared.options.spool.bytes());
    let gauges = Gauges {
        prepared_programs: prepared as u64,
        prepared_bytes: shared.cache.bytes(),
        waiting: shared.gate.waiting() as u64,
        on_disk,
        is_serving: shared.is_serving(),
    };
    let text = shared.metrics.render(&gauges);
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(metrics::TEXT))], text).into_response())
}

pub(super) async fn openapi<R: Run>(State(shared): State<Arc<Shared<R>>>) -> Reply {
    let document = match shared.openapi.get() {
        Some(document) => document.clone(),
        None => {
            let document = openapi::document(&shared.options);
            let json = Bytes::from(serde_json::to_vec(&document).map_err(unserialisable)?);
            shared.openapi.get_or_init(|| json).clone()
        }
    };
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(JSON))], document).into_response())
}

impl From<Description> for Described {
    fn from(description: Description) -> Self {
        let Description { name, version, program_versions, limits, streams, cancels, isolates, keeps_state } =
            description;
        let limits = limits.into_iter().collect();
        Self { name, version, program_versions, limits, streams, cancels, isolates, keeps_state }
    }
}
