package parleyhttp

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/parley-go/parley"
)

// Liveness answers 200 while the app can still come to do its work, and 503 once
// it has stopped, see [parley.Health.Live]. The body is {"status": "…"}.
//
// A lost or absent broker, an alarm and a refusal are no reason for 503: the app
// tries again for ever, a new process would fare no better, and restarting all
// instances during an outage makes it worse. What is wrong is told by
// [Readiness] and the log.
func Liveness(app *parley.App) http.Handler {
	return probe(func() (bool, any) {
		h := app.Health()
		return h.Live(), struct {
			Status parley.Status `json:"status"`
		}{h.Status}
	})
}

// Readiness answers 200 while every subscriber consumes and publishing is
// possible, see [parley.Health.Ready], else 503: before the start, while the
// broker is away or blocks publishers, and from the first moment of stopping.
// The body is the [parley.Health] as JSON.
func Readiness(app *parley.App) http.Handler {
	return probe(func() (bool, any) {
		h := app.Health()
		return h.Ready(), h
	})
}

// probe answers GET and HEAD with what look returns.
func probe(look func() (well bool, body any)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		well, v := look()
		body, err := json.Marshal(v)
		if err != nil {
			http.Error(w, "the state cannot be shown", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status(well))
		// A client that went away needs no answer.
		_, _ = w.Write(body)
	})
}

func status(well bool) int {
	if well {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}
