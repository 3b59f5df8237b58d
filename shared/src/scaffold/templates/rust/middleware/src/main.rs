//! plugin-name is middleware: the gateway asks it about every request to another plugin, before it passes it on.

use std::{env, error::Error, time::Duration};

use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
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
        .route("/check", get(check))
        .route("/healthz", get(health))
        .route("/openapi.json", get(describe))
}

/// Lets a request go on with 2xx and this header; any other answer is the client's.
async fn check(headers: HeaderMap) -> impl IntoResponse {
    if headers.contains_key("x-refuse-me") {
        let problem = json!({ "detail": "plugin-name does not let this pass" });
        return (StatusCode::FORBIDDEN, Json(problem)).into_response();
    }
    (StatusCode::NO_CONTENT, [("X-Checked-By", "plugin-name")]).into_response()
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
        assert!(answer.contains("/check"), "{answer}");
    }

    #[tokio::test]
    async fn is_well() {
        let answer = ask("/healthz", "").await;
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }

    #[tokio::test]
    async fn lets_requests_pass_with_a_header() {
        let answer = ask("/check", "X-Forwarded-Uri: /api/ships/\r\n").await;
        assert!(answer.starts_with("HTTP/1.0 204"), "{answer}");
        assert!(answer.contains("x-checked-by: plugin-name"), "{answer}");
    }

    #[tokio::test]
    async fn refuses_what_asks_for_it() {
        let answer = ask("/check", "X-Refuse-Me: 1\r\n").await;
        assert!(answer.starts_with("HTTP/1.0 403"), "{answer}");
    }
}
