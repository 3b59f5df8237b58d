//! A plugin in Rust: it answers HTTP, publishes how its own process is, and answers pushes.
//!
//! It knows nothing of plugmesh: a port from the environment, names of channels on Redis, and who asks by an ordinary JWT.

mod identity;

use std::{
    env,
    error::Error,
    fs, process,
    sync::LazyLock,
    time::{Duration, Instant},
};

use axum::{Json, Router, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use futures_util::StreamExt;
use redis::{AsyncCommands, Client, Msg, RedisResult, aio::MultiplexedConnection};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    select,
    signal::unix::{SignalKind, signal},
    time::{interval, sleep},
};

const STOP_TIME: Duration = Duration::from_secs(4);
const LONGEST_NONCE: usize = 255;

static NAME: LazyLock<String> = LazyLock::new(|| variable("PLUGMESH_PLUGIN", "hello-rust"));
static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

fn main() -> Result<(), Box<dyn Error>> {
    LazyLock::force(&STARTED);
    let runtime = Runtime::new()?;
    let result = runtime.block_on(run());
    // Does not wait for a look-up of Redis' name that nobody answers.
    runtime.shutdown_background();
    result
}

async fn run() -> Result<(), Box<dyn Error>> {
    let redis = Client::open(variable("REDIS_URL", "redis://127.0.0.1:6379"))?;
    let host = variable("HOST", "127.0.0.1");
    let port: u16 = env::var("PORT").map_err(|_| "PORT is not set")?.parse()?;
    let listener = TcpListener::bind((host.as_str(), port)).await?;
    eprintln!("listening on {}", listener.local_addr()?);

    tokio::spawn(async move {
        loop {
            if let Err(error) = talk(&redis).await {
                eprintln!("redis: {error}");
            }
            sleep(Duration::from_secs(1)).await;
        }
    });
    serve(listener).await
}

fn variable(name: &str, default: &str) -> String {
    env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// Answers HTTP until a signal to stop, and then finishes the open requests.
async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error>> {
    let routes = Router::new()
        .route(
            "/",
            get(async || Json(json!({ "hello": "mesh", "language": "rust" }))),
        )
        .route("/healthz", get(async || Json(json!({ "status": "ok" }))))
        .route("/whoami", get(identity::whoami))
        .route("/openapi.json", get(describe));
    let overdue = async {
        stop_signal().await;
        sleep(STOP_TIME).await;
    };
    select! {
        served = axum::serve(listener, routes).with_graceful_shutdown(stop_signal()) => served?,
        () = overdue => {}
    }
    Ok(())
}

/// The description of the API, as it is in the repository.
async fn describe() -> impl IntoResponse {
    let json = [(CONTENT_TYPE, "application/json")];
    (json, include_str!("../openapi.json"))
}

async fn stop_signal() {
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be caught");
    let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT can be caught");
    select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Publishes and answers until Redis goes away.
async fn talk(redis: &Client) -> RedisResult<()> {
    let mut connection = redis.get_multiplexed_async_connection().await?;
    let mut subscription = redis.get_async_pubsub().await?;
    subscription.psubscribe(format!("from:{}:*", *NAME)).await?;
    let mut pushes = subscription.on_message();
    let mut second = interval(Duration::from_secs(1));
    loop {
        select! {
            _ = second.tick() => publish(&mut connection, "process", &process_report()).await?,
            push = pushes.next() => match push {
                Some(push) => answer(&mut connection, &push).await?,
                None => return Ok(()),
            },
        }
    }
}

async fn publish(
    connection: &mut MultiplexedConnection,
    event: &str,
    payload: &Value,
) -> RedisResult<()> {
    connection
        .publish(format!("to:{}:{event}", *NAME), payload.to_string())
        .await
}

fn process_report() -> Value {
    json!({
        "language": "rust",
        "version": env!("RUSTC_VERSION"),
        "pid": process::id(),
        "uptimeSeconds": STARTED.elapsed().as_millis() as f64 / 1000.0,
        "memoryBytes": status("VmRSS:").map(|kibibytes| kibibytes * 1024),
        "threads": status("Threads:"),
    })
}

/// A number of this process's status; none where there is no /proc.
fn status(field: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Answers `from:<topic>:<event>` on `to:<topic>:<event>_result`, with the nonce of the push.
async fn answer(connection: &mut MultiplexedConnection, push: &Msg) -> RedisResult<()> {
    // The last colon splits: the topic may have colons, the event has none.
    let Some((topic, event)) = push.get_channel_name().rsplit_once(':') else {
        return Ok(());
    };
    if topic != format!("from:{}", *NAME) || matches!(event, "phx_join" | "phx_leave") {
        return Ok(());
    }
    let Some(nonce) = nonce_of(push.get_payload_bytes()) else {
        return Ok(());
    };
    let payload = json!({ "nonce": nonce, "language": "rust" });
    publish(connection, &format!("{event}_result"), &payload).await
}

/// The nonce of a push, which comes from any browser: a number, or text of a length worth repeating.
fn nonce_of(payload: &[u8]) -> Option<Value> {
    let push: Value = serde_json::from_slice(payload).ok()?;
    let nonce = push.get("nonce")?;
    let short = match nonce {
        Value::Number(_) => true,
        Value::String(text) => text.chars().count() <= LONGEST_NONCE,
        _ => false,
    };
    short.then(|| nonce.clone())
}
