package asyncapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"

	"github.com/parley-go/parley"
)

// refusal is why a use does not come to pass, as a visitor is told.
type refusal struct {
	status  int
	Code    parley.Code       `json:"code"`
	Message string            `json:"message"`
	Details []json.RawMessage `json:"details,omitempty"`
	Fields  []fault           `json:"fields,omitempty"`
}

// fault is what is wrong at one field; At is a JSON pointer that begins with
// /body, /headers or /parameters.
type fault struct {
	At   string `json:"at"`
	Text string `json:"text"`
}

func (r *refusal) Error() string { return string(r.Code) + ": " + r.Message }

func refuse(status int, code parley.Code, message string) *refusal {
	return &refusal{status: status, Code: code, Message: message}
}

// admit checks all that can be checked of an HTTP request before its body is
// read.
func (t *trying) admit(r *http.Request) *refusal {
	if err := t.origin.Check(r); err != nil {
		return refuse(http.StatusForbidden, parley.CodePermissionDenied, "only the page itself may send")
	}
	if t.loopback && !onLoopback(r) {
		return refuse(http.StatusForbidden, parley.CodePermissionDenied, "sending works on a loopback address only")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, parley.CodeInvalidArgument, "wanted application/json")
	}
	if r.Header.Get("Content-Encoding") != "" {
		return refuse(http.StatusUnsupportedMediaType, parley.CodeInvalidArgument, "wanted a body that is not compressed")
	}
	return nil
}

// onLoopback reports whether a request came by a loopback address, without a
// proxy, and under the name of one: a name that somebody else's server resolves
// to 127.0.0.1 is none.
func onLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok || !loopbackAddress(local.String()) || !loopbackAddress(r.RemoteAddr) {
		return false
	}
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || strings.HasPrefix(name, "X-Forwarded-") || name == "X-Real-Ip" {
			return false
		}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	return strings.EqualFold(host, "localhost") || loopbackIP(host)
}

func loopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && loopbackIP(host)
}

func loopbackIP(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// wish is what the form sends.
type wish struct {
	Operation  string                     `json:"operation"`
	Kind       UseKind                    `json:"kind"`
	Parameters map[string]string          `json:"parameters"`
	Headers    map[string]json.RawMessage `json:"headers"`
	Body       json.RawMessage            `json:"body"`
}

func (t *trying) read(w http.ResponseWriter, r *http.Request) (*wish, *refusal) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(t.body)))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, refuse(http.StatusRequestEntityTooLarge, parley.CodeResourceExhausted, "the message is too large to be sent from here")
	}
	var in wish
	if err == nil {
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.DisallowUnknownFields()
		err = d.Decode(&in)
	}
	switch {
	case err != nil:
		return nil, refuse(http.StatusBadRequest, parley.CodeInvalidArgument, "wanted an object with operation, kind, parameters, headers and body")
	case in.Kind != UseCheck && in.Kind != UseRequest && in.Kind != UseSend:
		return nil, refuse(http.StatusBadRequest, parley.CodeInvalidArgument, "kind: wanted check, request or send")
	}
	return &in, nil
}

// allow asks the user's function.
func (t *trying) allow(u Use) *refusal {
	err := t.authorize(u)
	if err == nil {
		return nil
	}
	told, ok := errors.AsType[*parley.Error](err)
	if !ok {
		return refuse(http.StatusForbidden, parley.CodePermissionDenied, "refused")
	}
	status := http.StatusForbidden
	if told.Code() == parley.CodeUnauthenticated {
		status = http.StatusUnauthorized
	}
	return refuse(status, told.Code(), told.Message())
}
