//! plugin-name works in the background, live on the topic `plugin-name`, and answers pushes.

use std::{
    env,
    error::Error,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use axum::{Json, Router, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use futures_util::StreamExt;
use redis::{AsyncCommands, Client, RedisResult, aio::MultiplexedConnection};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    select,
    signal::unix::{SignalKind, signal},
    time::{interval, sleep},
};

const STOP_TIME: Duration = Duration::from_secs(4);

static SECONDS: AtomicU64 = AtomicU64::new(0);

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let result = runtime.block_on(run());
    // Does not wait for a look-up of Redis' name that nobody answers.
    runtime.shutdown_background();
    result
}

async fn run() -> Result<(), Box<dyn Error>> {
    let host = env::var("HOST").unwrap_or("127.0.0.1".to_owned());
    let port: u16 = env::var("PORT").unwrap_or("8000".to_owned()).parse()?;
    let listener = TcpListener::bind((host.as_str(), port)).await?;
    eprintln!("listening on {}", listener.local_addr()?);

    let url = env::var("REDIS_URL").unwrap_or("redis://127.0.0.1:6379".to_owned());
    let redis = Client::open(url)?;
    tokio::spawn(async move {
        loop {
            if let Err(error) = work(&redis).await {
                eprintln!("redis: {error}");
            }
            sleep(Duration::from_secs(1)).await;
        }
    });
    serve(listener).await
}

fn routes() -> Router {
    Router::new()
        .route("/", get(async || Json(report())))
        .route("/healthz", get(health))
        .route("/openapi.json", get(describe))
}

/// How many seconds it has counted.
fn report() -> Value {
    json!({ "seconds": SECONDS.load(Ordering::Relaxed) })
}

/// What this plugin is for, until Redis goes away: it counts, tells whoever has joined the topic, and answers the push
/// `ping` with `pong`. The payload comes from any browser: trust nothing in it.
async fn work(redis: &Client) -> RedisResult<()> {
    let mut connection = redis.get_multiplexed_async_connection().await?;
    let mut subscription = redis.get_async_pubsub().await?;
    subscription.subscribe("from:plugin-name:ping").await?;
    let mut pushes = subscription.on_message();
    let mut second = interval(Duration::from_secs(1));
    loop {
        select! {
            _ = second.tick() => {
                SECONDS.fetch_add(1, Ordering::Relaxed);
                publish(&mut connection, "tick").await?;
            }
            push = pushes.next() => match push {
                Some(_) => publish(&mut connection, "pong").await?,
                None => return Ok(()),
            },
        }
    }
}

async fn publish(connection: &mut MultiplexedConnection, event: &str) -> RedisResult<()> {
    let channel = format!("to:plugin-name:{event}");
    connection.publish(channel, report().to_string()).await
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
        assert!(answer.contains(r#""/""#), "{answer}");
    }

    #[tokio::test]
    async fn is_well() {
        let answer = ask("/healthz", "").await;
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }

    #[tokio::test]
    async fn says_how_far_it_is() {
        let answer = ask("/", "").await;
        assert!(answer.ends_with(r#"{"seconds":0}"#), "{answer}");
    }
}
