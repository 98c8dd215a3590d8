package serialization

import (
	"encoding/json"
	"strconv"
	"strings"
)

const (
	maxPath = 256
	maxKey  = 64
)

// pathAt returns the path of the value in whose first token byte offset lies.
// encoding/json reports only field names; indexes and keys come from data,
// which is valid JSON. It is one pass over the bytes: whoever sends a large bad
// body must not make its refusal dearer than its decoding.
func pathAt(data []byte, offset int64) string {
	var w walk
	for at := 0; at < len(data); {
		end := tokenEnd(data, at)
		token := data[at:end]
		w.enter(token)
		if int64(end) >= offset {
			return w.path()
		}
		w.leave(token[0])
		at = end
	}
	return w.path()
}

// tokenEnd returns where the token that begins at at ends. White space and
// punctuation count as tokens of one byte.
func tokenEnd(data []byte, at int) int {
	end := at + 1
	switch c := data[at]; {
	case c == '"':
		for end < len(data) && data[end] != '"' {
			if data[end] == '\\' {
				end++
			}
			end++
		}
		return min(end+1, len(data))
	case scalar(c):
		for end < len(data) && scalar(data[end]) {
			end++
		}
	}
	return end
}

// scalar reports whether c can stand in a number, true, false or null.
func scalar(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'
}

// walk follows tokens and knows where in the document it is.
type walk struct{ levels []level }

// level is one open array or object.
type level struct {
	array bool
	// empty is true before an array's first element.
	empty bool
	index int
	// key is the last key as it is written, with its quotes.
	key []byte
	// named is true between a key and the comma behind its value.
	named bool
}

// enter makes the path point at token.
func (w *walk) enter(token []byte) {
	if len(w.levels) == 0 {
		return
	}
	top := &w.levels[len(w.levels)-1]
	switch c := token[0]; {
	case c == ' ', c == '\t', c == '\n', c == '\r', c == ':', c == ']', c == '}':
	case c == ',':
		top.named = false
		top.index++
	case top.array:
		top.empty = false
	case !top.named:
		top.key, top.named = token, true
	}
}

// leave opens or closes a level.
func (w *walk) leave(first byte) {
	switch first {
	case '{':
		w.levels = append(w.levels, level{})
	case '[':
		w.levels = append(w.levels, level{array: true, empty: true})
	case '}', ']':
		w.levels = w.levels[:len(w.levels)-1]
	}
}

func (w *walk) path() string {
	path := ""
	for i := range w.levels {
		l := &w.levels[i]
		switch {
		case l.array && !l.empty:
			path += "[" + strconv.Itoa(l.index) + "]"
		case !l.array && l.key != nil:
			path = join(path, unquote(l.key))
		}
		if len(path) > maxPath {
			break
		}
	}
	return capPath(path)
}

func unquote(key []byte) string {
	var s string
	if json.Unmarshal(key, &s) != nil {
		return string(key)
	}
	return s
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
