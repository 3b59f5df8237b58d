//! plugin-name answers HTTP. Names, guards and routes' rules are in plugin.json.

use std::{env, error::Error, time::Duration};

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    select,
    signal::unix::{SignalKind, signal},
    time::sleep,
};

const STOP_TIME: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let host = env::var("HOST").unwrap_or("127.0.0.1".to_owned());
    let port: u16 = env::var("PORT").unwrap_or("8000".to_owned()).parse()?;
    let listener = TcpListener::bind((host.as_str(), port)).await?;
    eprintln!("listening on {}", listener.local_addr()?);
    serve(listener).await
}

fn routes() -> Router {
    Router::new()
        .route("/", get(greet))
        .route("/v1/me", get(me))
        .route("/healthz", get(health))
        .route("/openapi.json", get(describe))
}

/// A greeting, for everybody.
async fn greet() -> Json<Value> {
    Json(json!({ "hello": "plugin-name" }))
}

/// Who calls, as the gateway says: nobody else reaches this process.
async fn me(headers: HeaderMap) -> (StatusCode, Json<Value>) {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(user) = said("x-plugmesh-user") else {
        let problem = json!({ "detail": "log in first" });
        return (StatusCode::UNAUTHORIZED, Json(problem));
    };
    let roles = said("x-plugmesh-roles").unwrap_or_default().split(',');
    let roles: Vec<String> = roles.filter(|role| !role.is_empty()).map(decode).collect();
    let caller = json!({ "user": decode(user), "roles": roles });
    (StatusCode::OK, Json(caller))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Answers HTTP until a signal to stop, and then finishes the open requests.
async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error>> {
    let overdue = async {
        stop_signal().await;
        sleep(STOP_TIME).await;
    };
    select! {
        served = axum::serve(listener, routes()).with_graceful_shutdown(stop_signal()) => served?,
        () = overdue => {}
    }
    Ok(())
}

async fn stop_signal() {
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be caught");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be caught");
    select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The description of the API: write down there what you add here.
async fn describe() -> impl IntoResponse {
    let json = [(CONTENT_TYPE, "application/json")];
    (json, include_str!("../openapi.json"))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpStream,
    };

    use super::*;

    /// The answer to a request over HTTP, as text; headers are lines.
    async fn ask(path: &str, headers: &str) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, routes()).into_future());
        let request = format!("GET {path} HTTP/1.0\r\n{headers}\r\n");
        let asking = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        asking.await.unwrap()
    }

    #[tokio::test]
    async fn describes_its_api() {
        let answer = ask("/openapi.json", "").await;
        assert!(answer.contains("/v1/me"), "{answer}");
    }

    #[tokio::test]
    async fn is_well() {
        let answer = ask("/healthz", "").await;
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }

    #[tokio::test]
    async fn greets_everybody() {
        let answer = ask("/", "").await;
        assert!(answer.ends_with(r#"{"hello":"plugin-name"}"#), "{answer}");
    }

    #[tokio::test]
    async fn knows_who_calls() {
        let nobody = ask("/v1/me", "").await;
        assert!(nobody.starts_with("HTTP/1.0 401"), "{nobody}");
        let headers = "X-Plugmesh-User: j%C3%BCrgen\r\nX-Plugmesh-Roles: crew,pilot\r\n";
        let me = ask("/v1/me", headers).await;
        let expected = r#"{"roles":["crew","pilot"],"user":"jürgen"}"#;
        assert!(me.ends_with(expected), "{me}");
    }
}
