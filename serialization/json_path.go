package serialization

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

const (
	maxPath = 256
	maxKey  = 64
)

// pathAt returns the path of the value in whose first token byte offset lies.
// encoding/json reports only field names; indexes and keys come from the data.
func pathAt(data []byte, offset int64) string {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var w walk
	for {
		token, err := d.Token()
		if err != nil {
			return w.path()
		}
		w.enter(token)
		if d.InputOffset() >= offset {
			return w.path()
		}
		w.leave(token)
	}
}

// walk follows tokens and knows where in the document it is.
type walk struct{ levels []level }

// level is one open array or object.
type level struct {
	array bool
	index int
	key   string
	// named is true between a key and its value.
	named bool
}

// enter makes the path point at token.
func (w *walk) enter(token json.Token) {
	if len(w.levels) == 0 || token == json.Delim('}') || token == json.Delim(']') {
		return
	}
	top := &w.levels[len(w.levels)-1]
	if top.array {
		top.index++
		return
	}
	if !top.named {
		top.key, _ = token.(string)
	}
	top.named = !top.named
}

// leave opens or closes a level.
func (w *walk) leave(token json.Token) {
	switch token {
	case json.Delim('{'):
		w.levels = append(w.levels, level{})
	case json.Delim('['):
		w.levels = append(w.levels, level{array: true, index: -1})
	case json.Delim('}'), json.Delim(']'):
		w.levels = w.levels[:len(w.levels)-1]
	}
}

func (w *walk) path() string {
	path := ""
	for i := range w.levels {
		l := &w.levels[i]
		switch {
		case l.array && l.index >= 0:
			path += "[" + strconv.Itoa(l.index) + "]"
		case !l.array && l.key != "":
			path = join(path, l.key)
		}
		if len(path) > maxPath {
			break
		}
	}
	return capPath(path)
}

// join appends a key to a path. A key that is not a plain name is quoted and
// shortened: it was chosen by the sender.
func join(path, key string) string {
	if !plain(key) {
		if len(key) > maxKey {
			key = strings.ToValidUTF8(key[:maxKey], "") + "…"
		}
		return path + "[" + strconv.QuoteToASCII(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func plain(key string) bool {
	if key == "" || len(key) > maxKey {
		return false
	}
	for _, r := range []byte(key) {
		ok := r == '_' || r == '-' || r == '$' || r == '@' ||
			'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !ok {
			return false
		}
	}
	return true
}

func capPath(path string) string {
	const mark = "…"
	if len(path) <= maxPath {
		return path
	}
	return strings.ToValidUTF8(path[:maxPath-len(mark)], "") + mark
}
