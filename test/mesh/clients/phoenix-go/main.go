// The module github.com/nshafer/phx, unmodified: joins a topic, pushes for ever, and says what it gets.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/url"
	"os"
	"time"

	"github.com/nshafer/phx"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("expected an origin and a topic")
	}
	endpoint, err := url.Parse(os.Args[1] + "/socket")
	if err != nil {
		log.Fatal(err)
	}
	socket := phx.NewSocket(endpoint)
	if err := socket.Connect(); err != nil {
		log.Fatal(err)
	}
	channel := socket.Channel(os.Args[2], nil)
	channel.On("news", func(payload any) { say("news", payload) })
	if _, err := channel.Join(); err != nil {
		log.Fatal(err)
	}
	for n := 0; ; n++ {
		time.Sleep(100 * time.Millisecond)
		// A push before the topic is joined would be refused, as the client's own documentation says.
		if !channel.IsJoined() {
			continue
		}
		push, err := channel.Push("say", map[string]int{"n": n})
		if err != nil {
			log.Print(err)
			continue
		}
		push.Receive("ok", func(response any) { say("reply", map[string]any{"status": "ok", "response": response}) })
		push.Receive("error", func(response any) { say("reply", map[string]any{"status": "error", "response": response}) })
	}
}

func say(event string, payload any) {
	text, err := json.Marshal(payload)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(event, string(text))
}
