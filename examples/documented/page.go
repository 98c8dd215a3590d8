package main

import (
	"net/http"
	"time"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
)

// Pages are what the service shows of itself over HTTP.
func Pages(app *parley.App, url string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/docs/", asyncapi.Handler(app,
		asyncapi.Broker("production", url),
		asyncapi.Docs(Docs),
		asyncapi.TryItOnLoopback(),
	))
	return mux
}

// servePage listens until that fails. On an address that is not a loopback one
// the page can be read, and sends nothing.
func servePage(app *parley.App, url, address string) error {
	server := &http.Server{Addr: address, Handler: Pages(app, url), ReadHeaderTimeout: 5 * time.Second}
	return server.ListenAndServe()
}
