// plugin-name is middleware: the gateway asks it about every request to another plugin, before it passes it on.
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
	"syscall"
	"time"
)

// The description of the API: write down there what you add here.
//
//go:embed openapi.json
var openapi []byte

func main() {
	log.SetFlags(0)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, routes()); err != nil {
		log.Fatal(err)
	}
}

func routes() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("GET /check", check)
	routes.HandleFunc("GET /healthz", health)
	routes.HandleFunc("GET /openapi.json", describe)
	return routes
}

// check lets a request go on with 2xx and this header; any other answer is the client's.
func check(w http.ResponseWriter, r *http.Request) {
	if len(r.Header.Values("X-Refuse-Me")) > 0 {
		respond(w, http.StatusForbidden, map[string]string{"detail": "plugin-name does not let this pass"})
		return
	}
	w.Header().Set("X-Checked-By", "plugin-name")
	w.WriteHeader(http.StatusNoContent)
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
