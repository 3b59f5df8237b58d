package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// ask calls a path of the plugin over HTTP; headers are pairs.
func ask(t *testing.T, path string, headers ...string) (*http.Response, map[string]any) {
	t.Helper()
	server := httptest.NewServer(routes())
	defer server.Close()
	request, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(headers); at += 2 {
		request.Header.Set(headers[at], headers[at+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body map[string]any
	if response.StatusCode != http.StatusNoContent {
		if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
	}
	return response, body
}

func TestDescribesItsAPI(t *testing.T) {
	_, document := ask(t, "/openapi.json")
	if _, ok := document["paths"].(map[string]any)["/v1/me"]; !ok {
		t.Errorf("/v1/me is not in %v", document)
	}
}

func TestIsWell(t *testing.T) {
	if response, _ := ask(t, "/healthz"); response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestGreetsEverybody(t *testing.T) {
	if _, body := ask(t, "/"); body["hello"] != "plugin-name" {
		t.Errorf("answered %v", body)
	}
}

func TestKnowsWhoCalls(t *testing.T) {
	if response, _ := ask(t, "/v1/me"); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d for nobody", response.StatusCode)
	}
	_, me := ask(t, "/v1/me", "X-Plugmesh-User", "j%C3%BCrgen", "X-Plugmesh-Roles", "crew,pilot")
	if text, _ := json.Marshal(me); string(text) != `{"roles":["crew","pilot"],"user":"jürgen"}` {
		t.Errorf("answered %s", text)
	}
}
