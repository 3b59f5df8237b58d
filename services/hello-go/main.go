// A plugin in Go: it answers HTTP, publishes how its own process is, and answers pushes.
//
// It knows nothing of plugmesh: a port from the environment, names of channels on Redis, and who asks by an ordinary JWT.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
)

const (
	stopTime     = 4 * time.Second
	longestNonce = 255
)

var (
	name    = cmp.Or(os.Getenv("PLUGMESH_PLUGIN"), "hello-go")
	started = time.Now()
)

func main() {
	log.SetFlags(0)
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	options, err := redis.ParseURL(cmp.Or(os.Getenv("REDIS_URL"), "redis://127.0.0.1:6379"))
	if err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	bus := redis.NewClient(options)
	go publishProcess(ctx, bus)
	go answerPushes(ctx, bus)
	return serve(ctx)
}

// The description of the API, as it is in the repository.
//
//go:embed openapi.json
var openapi []byte

// serve answers HTTP until ctx is done, and then finishes the open requests.
func serve(ctx context.Context) error {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, map[string]string{"hello": "mesh", "language": "go"})
	})
	routes.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		respond(w, map[string]string{"status": "ok"})
	})
	routes.HandleFunc("GET /whoami", whoami(newMeshKeys()))
	routes.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(openapi)
	})
	server := http.Server{Handler: routes, ReadHeaderTimeout: 10 * time.Second}

	port := os.Getenv("PORT")
	if port == "" {
		return errors.New("PORT is not set")
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(cmp.Or(os.Getenv("HOST"), "127.0.0.1"), port))
	if err != nil {
		return err
	}
	log.Printf("listening on %s", listener.Addr())

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	deadline, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := server.Shutdown(deadline); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close()
}

func respond(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	// An error here means that the client has gone.
	_ = json.NewEncoder(w).Encode(body)
}

// processReport is what this process says about itself once a second.
type processReport struct {
	Language      string  `json:"language"`
	Version       string  `json:"version"`
	PID           int     `json:"pid"`
	UptimeSeconds float64 `json:"uptimeSeconds"`
	MemoryBytes   *int64  `json:"memoryBytes"`
	Goroutines    int     `json:"goroutines"`
}

func publishProcess(ctx context.Context, bus *redis.Client) {
	for range time.Tick(time.Second) {
		publish(ctx, bus, "process", processReport{
			Language:      "go",
			Version:       strings.TrimPrefix(runtime.Version(), "go"),
			PID:           os.Getpid(),
			UptimeSeconds: time.Since(started).Round(100 * time.Millisecond).Seconds(),
			MemoryBytes:   memoryBytes(),
			Goroutines:    runtime.NumGoroutine(),
		})
	}
}

var residentSize = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB`)

// memoryBytes is the resident memory; nil where there is no /proc.
func memoryBytes() *int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil
	}
	found := residentSize.FindSubmatch(status)
	if found == nil {
		return nil
	}
	kibibytes, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		return nil
	}
	bytes := kibibytes * 1024
	return &bytes
}

// answerPushes answers from:<topic>:<event> on to:<topic>:<event>_result, with the nonce of the push.
// The client connects and subscribes again by itself when Redis was away.
func answerPushes(ctx context.Context, bus *redis.Client) {
	for message := range bus.PSubscribe(ctx, "from:"+name+":*").Channel() {
		event, found := strings.CutPrefix(message.Channel, "from:"+name+":")
		// An event has no colon: this is the push of another topic, below ours.
		if !found || strings.Contains(event, ":") || event == "phx_join" || event == "phx_leave" {
			continue
		}
		if nonce, ok := nonceOf(message.Payload); ok {
			publish(ctx, bus, event+"_result", map[string]any{"nonce": nonce, "language": "go"})
		}
	}
}

// nonceOf reads the nonce of a push, which comes from any browser: a number, or text of a length worth repeating.
func nonceOf(payload string) (nonce any, ok bool) {
	var push struct{ Nonce any }
	if json.Unmarshal([]byte(payload), &push) != nil {
		return nil, false
	}
	switch nonce := push.Nonce.(type) {
	case float64:
		return nonce, true
	case string:
		return nonce, utf8.RuneCountInString(nonce) <= longestNonce
	}
	return nil, false
}

func publish(ctx context.Context, bus *redis.Client, event string, payload any) {
	text, err := json.Marshal(payload)
	if err == nil {
		err = bus.Publish(ctx, "to:"+name+":"+event, text).Err()
	}
	if err != nil && ctx.Err() == nil {
		log.Printf("publish: %v", err)
	}
}
