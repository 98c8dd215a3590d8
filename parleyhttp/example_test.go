package parleyhttp_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyhttp"
	"github.com/parley-go/parley/transport/memory"
)

func Example() {
	app := parley.New(memory.New(), parley.Info("orders", "1.4.0"), parley.Logger(slog.New(slog.DiscardHandler)))
	app.Subscriber("orders.place", func(string) {})

	probes := http.NewServeMux()
	probes.Handle("GET /healthz", parleyhttp.Liveness(app))
	probes.Handle("GET /readyz", parleyhttp.Readiness(app))
	server := httptest.NewServer(probes)
	defer server.Close()

	show := func(path string) {
		answer, err := http.Get(server.URL + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer answer.Body.Close()
		fmt.Println(path, answer.StatusCode, app.Health().Status)
	}
	show("/healthz")
	show("/readyz")
	if err := app.Start(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	show("/readyz")
	if err := app.Stop(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	show("/healthz")
	// Output:
	// /healthz 200 not started
	// /readyz 503 not started
	// /readyz 200 up
	// /healthz 503 stopped
}
