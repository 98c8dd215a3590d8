package asyncapi_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/transport/memory"
)

func shopPage(more ...asyncapi.PageOption) *asyncapi.Page {
	for _, o := range shopOptions() {
		more = append(more, o)
	}
	return asyncapi.Handler(shop(), more...)
}

// ask answers a request without a network. header is a list of names and values.
func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPageServesItsThreeFiles(t *testing.T) {
	t.Parallel()
	p := shopPage()
	require.NoError(t, p.Err())
	doc, err := asyncapi.Generate(shop(), shopOptions()...)
	require.NoError(t, err)
	yaml, err := doc.YAML()
	require.NoError(t, err)
	json, err := doc.JSON()
	require.NoError(t, err)
	for path, want := range map[string]struct{ mediaType, part string }{
		"/":              {"text/html; charset=utf-8", "Place order"},
		"/asyncapi.yaml": {"application/vnd.aai.asyncapi+yaml;version=3.0.0", string(yaml)},
		"/asyncapi.json": {"application/vnd.aai.asyncapi+json;version=3.0.0", string(json)},
	} {
		w := ask(p, "GET", path)
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Equal(t, want.mediaType, w.Header().Get("Content-Type"))
		require.Contains(t, w.Body.String(), want.part)
		require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		require.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
		require.NotContains(t, w.Body.String(), "s3cr3t")

		head := ask(p, "HEAD", path)
		require.Equal(t, http.StatusOK, head.Code)
		require.Zero(t, head.Body.Len())
		require.Equal(t, w.Header().Get("Content-Length"), head.Header().Get("Content-Length"))

		tag := w.Header().Get("ETag")
		for _, sent := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			again := ask(p, "GET", path, "If-None-Match", sent)
			require.Equal(t, http.StatusNotModified, again.Code, sent)
			require.Zero(t, again.Body.Len())
			require.Equal(t, tag, again.Header().Get("ETag"))
		}
		require.Equal(t, http.StatusOK, ask(p, "GET", path, "If-None-Match", `"other"`).Code)

		post := ask(p, "POST", path)
		require.Equal(t, http.StatusMethodNotAllowed, post.Code)
		require.Equal(t, "GET, HEAD", post.Header().Get("Allow"))

		packed := ask(p, "GET", path, "Accept-Encoding", "br, gzip;q=0.8")
		require.Equal(t, "gzip", packed.Header().Get("Content-Encoding"))
		require.NotEqual(t, tag, packed.Header().Get("ETag"), "another representation has another tag")
		plain, err := gzip.NewReader(packed.Body)
		require.NoError(t, err)
		unpacked, err := io.ReadAll(plain)
		require.NoError(t, err)
		require.Equal(t, w.Body.String(), string(unpacked))
		require.Empty(t, ask(p, "GET", path, "Accept-Encoding", "gzip;q=0").Header().Get("Content-Encoding"))
	}
	for _, path := range []string{"/nothing", "/asyncapi.yml", "/try", "/asyncapi.json/x"} {
		require.Equal(t, http.StatusNotFound, ask(p, "GET", path).Code, path)
	}
	require.Equal(t, http.StatusNotFound, ask(p, "POST", "/try").Code, "sending is off by default")
}

func TestPageBelowPrefixes(t *testing.T) {
	t.Parallel()
	p := shopPage()
	mux := http.NewServeMux()
	mux.Handle("/docs/", p)
	mux.Handle("GET /more/{rest...}", p)
	mux.Handle("/cut/", http.StripPrefix("/cut", p))
	mux.Handle("/bare", http.StripPrefix("/bare", p))
	for path, code := range map[string]int{
		"/docs/": 200, "/docs/asyncapi.yaml": 200, "/docs/x": 404, "/docs/x/": 404, "/docs/x/asyncapi.yaml": 404,
		"/more/": 200, "/more/asyncapi.json": 200, "/more/x": 404,
		"/cut/": 200, "/cut/asyncapi.json": 200, "/cut/x": 404,
	} {
		require.Equal(t, code, ask(mux, "GET", path).Code, path)
	}
	for path, to := range map[string]string{"/bare": "./bare/", "/bare?a=b/c": "./bare/"} {
		w := ask(mux, "GET", path)
		require.Equal(t, http.StatusMovedPermanently, w.Code)
		require.Equal(t, to, w.Header().Get("Location"))
	}
	require.NotRegexp(t, `(href|src)="/`, ask(mux, "GET", "/docs/").Body.String(), "links hold below any prefix")
}

// The policy names what stands in the page, and nothing else gets in.
func TestPagePolicy(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*asyncapi.Page{"reads": shopPage(), "tries": shopPage(asyncapi.TryItOnLoopback())} {
		w := ask(p, "GET", "/")
		policy := w.Header().Get("Content-Security-Policy")
		html := w.Body.String()
		for kind, want := range map[string]int{"script": map[string]int{"reads": 1, "tries": 2}[name], "style": 1} {
			found := regexp.MustCompile(`(?s)<`+kind+`>(.*?)</`+kind+`>`).FindAllStringSubmatch(html, -1)
			require.Len(t, found, want)
			for _, text := range found {
				sum := sha256.Sum256([]byte(text[1]))
				require.Contains(t, policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", kind)
			}
		}
		for _, part := range []string{
			"default-src 'none'", "img-src data:", "connect-src 'self'", "base-uri 'none'",
			"form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
		} {
			require.Contains(t, policy, part)
		}
		require.NotContains(t, policy, "unsafe")
		require.NotRegexp(t, `(?i)<[^>]+\s(style|on[a-z]+)=`, html)
		require.NotRegexp(t, `(src|srcset)=|@import|url\(`, html, "nothing is loaded")
	}
}

func TestPageIsSmall(t *testing.T) {
	t.Parallel()
	p := asyncapi.Handler(forty())
	require.NoError(t, p.Err())
	total := 0
	for _, path := range []string{"/", "/asyncapi.json", "/asyncapi.yaml"} {
		total += ask(p, "GET", path, "Accept-Encoding", "gzip").Body.Len()
	}
	t.Logf("forty operations: %d bytes compressed", total)
	require.Less(t, total, 150<<10)
}

const hostile = `"><img src=x onerror=alert(1)><script>alert(1)</script>`

type Hostile struct {
	Field string `json:"<img onerror>" validate:"required" example:"<script>alert(1)</script>" description:"<img src=x onerror=alert(1)>"`
}

// Texts of the service stay texts, wherever they stand.
func TestPageEscapesAllTexts(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Info(hostile, hostile))
	app.Subscriber("q"+hostile, func(Hostile) (Hostile, error) { return Hostile{}, nil },
		parley.Describe(hostile, "[x](javascript:alert(1)) "+hostile), parley.Errors(parley.Code(hostile)))
	p := asyncapi.Handler(app, asyncapi.About(asyncapi.Info{
		Description: hostile + "\n\n- " + hostile + "\n\n```\n" + hostile + "\n```",
		Contact:     &asyncapi.Contact{Name: hostile, URL: "javascript:alert(1)"},
		License:     &asyncapi.License{Name: hostile, URL: "https://example.com/\"" + hostile},
	}))
	require.NoError(t, p.Err())
	html := ask(p, "GET", "/").Body.String()
	require.NotContains(t, html, "<img")
	require.NotContains(t, html, "<script>alert")
	require.NotRegexp(t, `href="\s*javascript:`, html)
	require.Contains(t, html, "&lt;img")
}

func TestPageSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Info("shop", "1"))
	app.Subscriber("", func(string) {})
	p := asyncapi.Handler(app)
	require.ErrorContains(t, p.Err(), "wanted an address")
	w := ask(p, "GET", "/")
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.NotContains(t, w.Body.String(), ".go:", "what is wrong is told to the service, not to its visitors")
}

// What is declared later is shown.
func TestPageFollowsDeclarations(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Info("shop", "1"))
	p := asyncapi.Handler(app)
	first := ask(p, "GET", "/")
	require.Contains(t, first.Body.String(), "declares nothing yet")
	app.Subscriber("later", func(string) {})
	second := ask(p, "GET", "/", "If-None-Match", first.Header().Get("ETag"))
	require.Equal(t, http.StatusOK, second.Code)
	require.Contains(t, second.Body.String(), "later")
}
