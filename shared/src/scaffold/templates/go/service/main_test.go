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
	server := httptest.NewServer(routes(&counter{}))
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
	if _, ok := document["paths"].(map[string]any)["/"]; !ok {
		t.Errorf("/ is not in %v", document)
	}
}

func TestIsWell(t *testing.T) {
	if response, _ := ask(t, "/healthz"); response.StatusCode != http.StatusOK {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestSaysHowFarItIs(t *testing.T) {
	if _, body := ask(t, "/"); body["seconds"] != 0.0 {
		t.Errorf("answered %v", body)
	}
}
