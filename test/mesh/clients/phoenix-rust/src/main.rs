//! The crate `phyllo`, unmodified: joins a topic, pushes for ever, and says what it gets.

use std::{env, error::Error, time::Duration};

use backoff::ExponentialBackoff;
use phyllo::{
    channel::ChannelBuilder,
    message::{Event, Payload},
    socket::SocketBuilder,
};
use serde_json::{Value, json};
use tokio::time::sleep;
use url::Url;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let origin = arguments.next().ok_or("the first argument is an origin")?;
    let topic = arguments.next().ok_or("the second argument is a topic")?;
    let endpoint = Url::parse(&format!("{origin}/socket/websocket"))?;
    let mut socket = SocketBuilder::new(endpoint)
        .reconnect(quickly())
        .build::<String>()
        .await;
    let builder = ChannelBuilder::new(topic)
        .timeout(Duration::from_secs(5))
        .rejoin(quickly());
    let (mut channel, mut events) = socket.channel::<String, Value, Value>(builder).await?;

    tokio::spawn(async move {
        while let Ok(message) = events.recv().await {
            if let (Event::Event(event), Some(Payload::Custom(payload))) =
                (message.event, message.payload)
            {
                println!("{event} {payload}");
            }
        }
    });
    for n in 0.. {
        let push = Payload::Custom(json!({ "n": n }));
        match channel.send(Event::Event("say".to_owned()), push).await {
            Ok(message) => println!("reply {}", json!(message.payload)),
            Err(error) => eprintln!("{error}"),
        }
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

/// Tries again soon, and for ever.
fn quickly() -> ExponentialBackoff {
    ExponentialBackoff {
        max_interval: Duration::from_secs(1),
        max_elapsed_time: None,
        ..ExponentialBackoff::default()
    }
}
