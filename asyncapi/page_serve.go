package asyncapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/parley-go/parley/asyncapi/internal/ui"
)

// ServeHTTP answers for the page, its documents and, where that is on, the form
// that sends.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	name, ok := resource(r)
	switch {
	case !ok:
		http.NotFound(w, r)
	case name == "try" && p.settings.try != nil:
		p.serveTry(w, r)
	default:
		p.serveFile(w, r, name)
	}
}

// secure sets what every answer has.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", ui.Policy())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// resource is what a request asks for below the place where the page is
// mounted: "" for the page itself, "." for the place without its final slash.
//
// A prefix that was not stripped is known from the pattern of [http.ServeMux];
// where another router leaves it in place, the last segment decides.
func resource(r *http.Request) (name string, ok bool) {
	path := r.URL.Path
	if _, pattern, found := strings.Cut(r.Pattern, "/"); found {
		prefix, _, _ := strings.Cut("/"+pattern, "{")
		if rest, stripped := strings.CutPrefix(path, prefix); stripped && strings.HasSuffix(prefix, "/") && prefix != "/" {
			return rest, !strings.Contains(rest, "/")
		}
	}
	last := path[strings.LastIndexByte(path, '/')+1:]
	if path == "" {
		return ".", true
	}
	return last, true
}

func (p *Page) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	if name != "" && name != "." && name != "asyncapi.yaml" && name != "asyncapi.json" {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if name == "." {
		redirectToSlash(w, r)
		return
	}
	s, err := p.current()
	if err != nil {
		http.Error(w, "the service cannot be described: see the error of the handler", http.StatusInternalServerError)
		return
	}
	switch name {
	case "asyncapi.yaml":
		s.yaml.serve(w, r)
	case "asyncapi.json":
		s.json.serve(w, r)
	default:
		s.page.serve(w, r)
	}
}

// redirectToSlash adds the slash without which the links of the page would
// lead elsewhere. The address is relative, since proxies in front may know the
// page under another prefix.
func redirectToSlash(w http.ResponseWriter, r *http.Request) {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	last := path[strings.LastIndexByte(path, '/')+1:]
	w.Header().Set("Location", "./"+last+"/")
	w.WriteHeader(http.StatusMovedPermanently)
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Cache-Control", "no-cache")
	h.Add("Vary", "Accept-Encoding")
	body, tag := f.body, f.tag
	if acceptsGzip(r) {
		body, tag = f.gzip, strings.TrimSuffix(f.tag, `"`)+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", tag)
	if matches(r.Header.Values("If-None-Match"), f.tag, tag) {
		h.Del("Content-Encoding")
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that went away needs no answer
	}
}

func acceptsGzip(r *http.Request) bool {
	for _, value := range r.Header.Values("Accept-Encoding") {
		for one := range strings.SplitSeq(value, ",") {
			name, quality, _ := strings.Cut(one, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				q := strings.ReplaceAll(quality, " ", "")
				return q != "q=0" && !strings.HasPrefix(q, "q=0.000")
			}
		}
	}
	return false
}

// matches compares weakly, as If-None-Match asks (RFC 9110, 13.1.2).
func matches(values []string, tags ...string) bool {
	for _, value := range values {
		for one := range strings.SplitSeq(value, ",") {
			one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
			for _, tag := range tags {
				if one == "*" || one == tag {
					return true
				}
			}
		}
	}
	return false
}
