//! The page on which functions are called, and programs written and run.

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, header};
use sha2::{Digest, Sha256};

use crate::{error::unserialisable, server::reply::Reply};

const PAGE: &str = include_str!("../../page.html");

/// The page is the same for everybody; what it shows comes from `/openapi.json`.
pub(super) async fn page() -> Reply {
    static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(policy);
    let policy = POLICY.clone().ok_or_else(|| unserialisable("the page has no policy"))?;
    let head = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        // Another version of the server has another page.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((head, Html(PAGE)).into_response())
}

/// What the page may do: run its own script, which makes no markup of text, and ask its own server.
fn policy() -> Option<HeaderValue> {
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'",
        hash("script")?,
        hash("style")?,
    );
    HeaderValue::try_from(policy).ok()
}

/// The SHA-256 of what is in the element of a name, as a policy has it.
fn hash(element: &str) -> Option<String> {
    let (_, rest) = PAGE.split_once(&format!("<{element}>"))?;
    let (text, _) = rest.split_once(&format!("</{element}>"))?;
    Some(STANDARD.encode(Sha256::digest(text)))
}
