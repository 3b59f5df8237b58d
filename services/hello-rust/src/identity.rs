//! Who asks, by the token that the gateway has signed for this plugin.

use std::{
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::{NAME, variable};

const KEYS_TIMEOUT: Duration = Duration::from_secs(3);
const KEYS_LIFETIME: Duration = Duration::from_secs(5 * 60);
const KEYS_COOLDOWN: Duration = Duration::from_secs(1);

/// The keys of the mesh: fetched with the first token, and again for one that names another key.
static KEYS: Mutex<Option<KnownKeys>> = Mutex::new(None);

struct KnownKeys {
    set: JwkSet,
    fetched_at: Instant,
}

static VALIDATION: LazyLock<Validation> = LazyLock::new(|| {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[NAME.as_str()]);
    validation.set_issuer(&["plugmesh"]);
    // What is not required is checked only where a token has it.
    validation.set_required_spec_claims(&["exp", "aud", "iss"]);
    validation.leeway = 0;
    validation
});

/// Who asks, as the gateway says.
#[derive(Deserialize, Serialize)]
struct Caller {
    sub: Option<String>,
    name: Option<String>,
    roles: Option<Vec<String>>,
}

enum Problem {
    NoKeys(String),
    BadToken(String),
}

impl From<jsonwebtoken::errors::Error> for Problem {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        Self::BadToken(error.to_string())
    }
}

pub async fn whoami(headers: HeaderMap) -> (StatusCode, Json<Value>) {
    let Some(token) = headers.get("x-plugmesh-identity") else {
        return (StatusCode::OK, Json(json!({ "sub": null })));
    };
    let token = token.as_bytes().to_vec();
    // Not async: the keys are fetched meanwhile.
    match spawn_blocking(move || verify(&token)).await {
        Ok(Ok(caller)) => (StatusCode::OK, Json(json!(caller))),
        Ok(Err(Problem::NoKeys(reason))) => refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "the keys of the mesh cannot be fetched",
            &reason,
        ),
        Ok(Err(Problem::BadToken(reason))) => refuse(
            StatusCode::UNAUTHORIZED,
            "the identity token does not count",
            &reason,
        ),
        Err(panic) => refuse(
            StatusCode::INTERNAL_SERVER_ERROR,
            "something went wrong",
            &panic.to_string(),
        ),
    }
}

/// Tells the client what is wrong, and the log why.
fn refuse(status: StatusCode, problem: &str, reason: &str) -> (StatusCode, Json<Value>) {
    eprintln!("whoami: {problem}: {reason}");
    (status, Json(json!({ "detail": problem })))
}

/// Checks a token's signature, and that it is the mesh's, for this plugin, and has not ended.
fn verify(token: &[u8]) -> Result<Caller, Problem> {
    let header = decode_header(token)?;
    let key = find_key(&header.kid.unwrap_or_default())?;
    let key = DecodingKey::from_jwk(&key)?;
    Ok(decode::<Caller>(token, &key, &VALIDATION)?.claims)
}

/// The key with this id. All wait for the one that fetches the keys.
fn find_key(id: &str) -> Result<Jwk, Problem> {
    let mut keys = KEYS.lock().unwrap_or_else(PoisonError::into_inner);
    let is_stale = |known: &KnownKeys| {
        let limit = if known.set.find(id).is_some() {
            KEYS_LIFETIME
        } else {
            KEYS_COOLDOWN
        };
        known.fetched_at.elapsed() > limit
    };
    if keys.as_ref().is_none_or(is_stale) {
        *keys = Some(fetch_keys().map_err(Problem::NoKeys)?);
    }
    let key = keys.as_ref().and_then(|known| known.set.find(id));
    key.cloned()
        .ok_or_else(|| Problem::BadToken(format!("no key '{id}'")))
}

/// By http: for a mesh behind https, give ureq its feature `rustls`.
fn fetch_keys() -> Result<KnownKeys, String> {
    let mesh = variable("PLUGMESH_URL", "http://127.0.0.1:2345");
    let text = ureq::get(format!("{mesh}/.well-known/jwks.json"))
        .config()
        .timeout_global(Some(KEYS_TIMEOUT))
        .build()
        .call()
        .and_then(|mut response| response.body_mut().read_to_string())
        .map_err(|error| error.to_string())?;
    let set = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let fetched_at = Instant::now();
    Ok(KnownKeys { set, fetched_at })
}
