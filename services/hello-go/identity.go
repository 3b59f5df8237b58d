package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	keysTimeout  = 3 * time.Second
	keysLifetime = 5 * time.Minute
	keysCooldown = time.Second
)

var (
	errNoKeys   = errors.New("the keys of the mesh cannot be fetched")
	errBadToken = errors.New("the identity token does not count")
)

// caller is who asks, as the gateway says.
type caller struct {
	Sub   *string  `json:"sub"`
	Name  *string  `json:"name"`
	Roles []string `json:"roles"`
}

// whoami answers who asks, by the token that the gateway has signed for this plugin.
func whoami(keys *meshKeys) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		tokens := r.Header.Values("X-Plugmesh-Identity")
		if len(tokens) == 0 {
			respond(w, map[string]any{"sub": nil})
			return
		}
		claims, err := keys.verify(tokens[0])
		switch {
		case errors.Is(err, errNoKeys):
			refuse(w, http.StatusServiceUnavailable, errNoKeys, err)
		case err != nil:
			refuse(w, http.StatusUnauthorized, errBadToken, err)
		default:
			respond(w, claims)
		}
	}
}

// meshKeys has the public keys of the mesh: fetched with the first token, and again for one that names another key.
type meshKeys struct {
	url       string
	client    http.Client
	mutex     sync.Mutex
	keys      jose.JSONWebKeySet
	fetchedAt time.Time
}

func newMeshKeys() *meshKeys {
	mesh := cmp.Or(os.Getenv("PLUGMESH_URL"), "http://127.0.0.1:2345")
	return &meshKeys{url: mesh + "/.well-known/jwks.json", client: http.Client{Timeout: keysTimeout}}
}

// verify checks a token's signature, and that it is the mesh's, for this plugin, and has not ended.
func (k *meshKeys) verify(text string) (*caller, error) {
	token, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, err
	}
	key, err := k.find(token.Headers[0].KeyID)
	if err != nil {
		return nil, err
	}
	var claims jwt.Claims
	var who caller
	if err := token.Claims(key, &claims, &who); err != nil {
		return nil, err
	}
	if claims.Expiry == nil {
		return nil, errBadToken
	}
	expected := jwt.Expected{Issuer: "plugmesh", AnyAudience: jwt.Audience{name}, Time: time.Now()}
	return &who, claims.ValidateWithLeeway(expected, 0)
}

// find returns the key with this id. All wait for the one that fetches the keys.
func (k *meshKeys) find(id string) (jose.JSONWebKey, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	age := time.Since(k.fetchedAt)
	found := k.keys.Key(id)
	if age > keysLifetime || (len(found) == 0 && age > keysCooldown) {
		if err := k.fetch(); err != nil {
			return jose.JSONWebKey{}, fmt.Errorf("%w: %w", errNoKeys, err)
		}
		found = k.keys.Key(id)
	}
	if len(found) == 0 {
		return jose.JSONWebKey{}, errBadToken
	}
	return found[0], nil
}

func (k *meshKeys) fetch() error {
	response, err := k.client.Get(k.url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	var keys jose.JSONWebKeySet
	if err := json.NewDecoder(response.Body).Decode(&keys); err != nil {
		return err
	}
	k.keys, k.fetchedAt = keys, time.Now()
	return nil
}

// refuse tells the client what is wrong, and the log why.
func refuse(w http.ResponseWriter, status int, problem, reason error) {
	log.Printf("whoami: %v", reason)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"detail": problem.Error()})
}
