// plugin-name works in the background, live on the topic "plugin-name", and answers pushes.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// The description of the API: write down there what you add here.
//
//go:embed openapi.json
var openapi []byte

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	options, err := redis.ParseURL(cmp.Or(os.Getenv("REDIS_URL"), "redis://127.0.0.1:6379"))
	if err != nil {
		log.Fatalf("REDIS_URL: %v", err)
	}
	counter := &counter{bus: redis.NewClient(options)}
	go counter.work(ctx)
	go counter.answerPushes(ctx)
	if err := serve(ctx, routes(counter)); err != nil {
		log.Fatal(err)
	}
}

func routes(counter *counter) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, http.StatusOK, counter.report())
	})
	routes.HandleFunc("GET /healthz", health)
	routes.HandleFunc("GET /openapi.json", describe)
	return routes
}

// counter counts seconds.
type counter struct {
	bus     *redis.Client
	seconds atomic.Int64
}

func (c *counter) report() map[string]int64 {
	return map[string]int64{"seconds": c.seconds.Load()}
}

// work is what this plugin is for: it counts, and tells whoever has joined the topic.
func (c *counter) work(ctx context.Context) {
	for range time.Tick(time.Second) {
		c.seconds.Add(1)
		c.publish(ctx, "tick")
	}
}

// answerPushes answers the push ping with pong. The payload comes from any browser: trust nothing in it.
// The client connects and subscribes again by itself when Redis was away.
func (c *counter) answerPushes(ctx context.Context) {
	for range c.bus.Subscribe(ctx, "from:plugin-name:ping").Channel() {
		c.publish(ctx, "pong")
	}
}

func (c *counter) publish(ctx context.Context, event string) {
	text, err := json.Marshal(c.report())
	if err == nil {
		err = c.bus.Publish(ctx, "to:plugin-name:"+event, text).Err()
	}
	if err != nil && ctx.Err() == nil {
		log.Printf("publish: %v", err)
	}
}

// serve answers HTTP until ctx is done, and then finishes the open requests.
func serve(ctx context.Context, routes http.Handler) error {
	address := net.JoinHostPort(cmp.Or(os.Getenv("HOST"), "127.0.0.1"), cmp.Or(os.Getenv("PORT"), "8000"))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	log.Printf("listening on %s", listener.Addr())
	server := http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.Background(), 4*time.Second)
	defer cancel()
	if err := server.Shutdown(deadline); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close()
}

func health(w http.ResponseWriter, _ *http.Request) {
	respond(w, http.StatusOK, map[string]string{"status": "ok"})
}

func describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openapi)
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// An error here means that the client has gone.
	_ = json.NewEncoder(w).Encode(body)
}
