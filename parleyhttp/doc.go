// Package parleyhttp answers the probes of an orchestrator or a load balancer.
//
//	mux := http.NewServeMux()
//	mux.Handle("/healthz", parleyhttp.Liveness(app))
//	mux.Handle("/readyz", parleyhttp.Readiness(app))
//	go http.ListenAndServe("localhost:8081", mux)
//
// The server is the user's: it should listen before [parley.App.Start] or
// [parley.App.Run], which may wait for an absent broker, and on an address that
// only the prober reaches, because the answers name queues and the broker's
// addresses. Both answers are made from [parley.App.Health] without any I/O.
//
// It is a package of its own so that a service without probes does not link
// net/http.
package parleyhttp
